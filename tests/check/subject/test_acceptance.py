import pytest
from subjects import backprop

from minibp import InputError, Network, adapters, check_backprop
from minibp.check.subject.acceptance import expect_subject


def module_of(package):
    """A class that looks like a module of another library, and one that a user derives from it."""
    base = type("Module", (), {"named_parameters": lambda self: [], "__call__": lambda self, x: x})
    base.__module__ = package
    return type("Mlp", (base,), {})


class Own:
    def __call__(self, weights, biases, x, y):
        return backprop(weights, biases, x, y)


@pytest.mark.parametrize("instance", [True, False])
@pytest.mark.parametrize(
    ("package", "adapter"),
    [
        ("torch.nn.modules.module", "minibp.adapters.torch_module(module, loss)"),
        ("equinox._module", "minibp.adapters.jax_loss(loss)"),
        ("flax.linen.module", "minibp.adapters.jax_loss(loss)"),
        ("haiku._src.module", "minibp.adapters.jax_loss(loss)"),
    ],
)
def test_a_module_is_pointed_to_its_adapter(package, adapter, instance):
    module = module_of(package)
    with pytest.raises(InputError) as caught:
        check_backprop(module() if instance else module)
    shown = "an instance of Mlp" if instance else "the class Mlp"
    assert str(caught.value).startswith(f"subject is {shown}, a ")
    assert adapter in str(caught.value)


def test_a_package_of_another_name_is_no_torch():
    with pytest.raises(InputError, match=r"subject: got Mlp\(x\), expected Mlp\(weights, biases, x, y\)"):
        check_backprop(module_of("torchlike.nn")())


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        pytest.param(Network.random([2, 1], rng=0), "subject is an instance of Network, expected a", id="network"),
        pytest.param(Network, "subject is the class Network, expected a function", id="class Network"),
        pytest.param(
            Own,
            r"the class Own, expected a function .*: minibp.adapters.model\(Own, step\) makes",
            id="class",
        ),
        pytest.param(dict, "subject is the class dict, expected a function", id="builtin class"),
        pytest.param(3, r"subject is 3, expected a function of \(weights, biases, x, y\)", id="number"),
        pytest.param(None, "subject is None, expected a function", id="None"),
        pytest.param(
            lambda v, x, y: None,
            r"got <lambda>\(v, x, y\), expected <lambda>\(weights, .*; minibp.adapters.flat\(f, sizes\) makes",
            id="three",
        ),
        pytest.param(lambda net, x, y: None, r"got <lambda>\(net, x, y\).*model\(make, step\)", id="a network"),
        pytest.param(lambda params, x, y: None, r"got <lambda>\(params.*model\(make, step\)", id="its parameters"),
        pytest.param(lambda x, y: None, r"<lambda>\(weights, .*; minibp.adapters.model\(make, step\) makes", id="two"),
    ],
)
def test_what_is_no_subject_is_refused_before_any_network_is_tried(subject, message):
    with pytest.raises(InputError, match=message):
        check_backprop(subject)


def test_what_can_be_called_passes():
    for subject in (backprop, Own(), Own().__call__, adapters.per_example(backprop), lambda *given: None, max):
        expect_subject(subject)


@pytest.mark.parametrize("adapter", [adapters.per_example, adapters.columns, adapters.flat])
def test_adapters_refuse_functions_of_other_arguments(adapter):
    with pytest.raises(InputError, match=r"f: got <lambda>\(net\), expected <lambda>\("):
        adapter(lambda net: None)


def test_one_vector_comes_with_the_sizes_where_they_are_not_fixed():
    f = lambda theta, x, y: theta  # noqa: E731
    adapters.flat(f, sizes=(2, 1))
    with pytest.raises(InputError, match=r"expected <lambda>\(theta, x, y, sizes\)"):
        adapters.flat(f)
