import dataclasses
from itertools import cycle

import numpy as np
import pytest
from derivatives import of_torch as zoo_torch
from derivatives.of_torch import MISTAKES, mistaken, place_of_mistake, wrong

import minibp
from minibp import InputError
from minibp.adapters import torch_function
from minibp.adapters.torch_functions import traced_forward

NAMES = [
    "tanh", "gelu", "silu", "relu", "softplus", "logsigmoid", "pow", "atan2", "lerp", "addcmul", "where", "clamp",
    "sum", "var", "logsumexp", "max", "cumprod", "sort", "index_select", "cat", "matmul", "bilinear", "einsum", "solve",
    "cholesky", "slogdet", "cross_entropy", "mse_loss", "huber_loss", "kl_div", "Linear", "Linear without bias",
    "BatchNorm1d in training", "BatchNorm1d in use", "LayerNorm", "Conv2d", "MaxPool2d", "Embedding", "LSTM",
    "MultiheadAttention",
]  # fmt: skip
X = np.random.default_rng(1).standard_normal((2, 3))


@pytest.fixture(scope="module")
def zoo(torch):
    return zoo_torch.entries(torch)


def checked(layer, point, **given):
    return minibp.check_vjp(*layer, point, seed=1, raise_on_mismatch=False, **given)


def of(torch, fn, arrays):
    """The layer and the point of an entry."""
    layer = torch_function(fn)
    return layer, (layer.parameters, *arrays) if isinstance(fn, torch.nn.Module) else tuple(arrays)


@pytest.mark.parametrize("name", NAMES)
def test_what_torch_computes_is_correct(torch, zoo, name):
    layer, point = of(torch, *zoo[name])
    report = checked(layer, point)
    assert report.verdict == "correct", report


def test_the_names_are_those_of_the_zoo(zoo):
    assert list(zoo) == NAMES
    assert len(NAMES) == 40


@pytest.mark.parametrize(("name", "mistake"), list(zip(NAMES, cycle(MISTAKES), strict=False)))
def test_a_mistake_is_wrong_and_placed_at_its_argument(torch, zoo, name, mistake):
    fn, arrays = zoo[name]
    is_module, which = isinstance(fn, torch.nn.Module), place_of_mistake(torch, fn, arrays)
    layer, point = of(torch, mistaken(torch, fn, arrays, which, mistake), arrays)
    report = checked(layer, point)
    assert report.verdict == "wrong", report
    place = f"{'inputs' if is_module else 'args'}[{which}]"
    place = f"parameters['layer.{which}']" if isinstance(which, str) else place
    assert all(f"/∂{place}" in one.tensor for one in report.findings), report
    assert not any(finding.fault == "cotangent_ignored" for finding in report.findings)


# -- functions of the user's own


def rule(torch, forward, backward, name="Rule"):
    """An autograd.Function."""
    return type(
        name, (torch.autograd.Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    )


def saved(ctx, x, *rest):
    ctx.save_for_backward(x)
    return x.exp()


def finding_of(layer, point, **given):
    report = checked(layer, point, **given)
    assert report.verdict == "wrong", report
    return report.findings[0], str(report)


def test_a_backward_pass_that_drops_grad_output(torch):
    one = rule(torch, saved, lambda ctx, g: ctx.saved_tensors[0].exp())
    finding, _ = finding_of(torch_function(one.apply), X)
    assert finding.fault == "cotangent_ignored"


def test_a_backward_pass_for_contiguous_cotangents_alone(torch):
    def backward(ctx, g):
        memory = (
            torch.as_strided(g, (g.numel(),), (1,)).reshape(g.shape) if g.numel() > 1 and 0 not in g.stride() else g
        )
        return memory * ctx.saved_tensors[0].exp()

    _, text = finding_of(torch_function(rule(torch, saved, backward).apply), X)
    assert "the same cotangent where that is not contiguous" in text


def test_a_backward_pass_for_cotangents_of_one_memory_format(torch):
    def backward(ctx, g):
        plain = g.is_contiguous()
        return (g if plain else g.permute(0, 2, 3, 1).reshape(g.shape)) * ctx.saved_tensors[0].exp()

    image = np.random.default_rng(0).standard_normal((1, 2, 2, 3))
    _, text = finding_of(torch_function(rule(torch, saved, backward).apply), image)
    assert "the same cotangent where that is" in text


def test_a_saved_result_that_is_changed(torch):
    def forward(ctx, x):
        ctx.y = x.tanh()
        return ctx.y.mul_(2)

    one = rule(torch, forward, lambda ctx, g: 2 * g * (1 - ctx.y**2), "Doubled")
    _, text = finding_of(torch_function(one.apply), X)
    assert "Doubled keeps y, which was changed in place after it was computed" in text


def test_a_saved_argument_that_is_changed(torch):
    def forward(ctx, x):
        ctx.x = x
        return x.mul_(2).exp()

    one = rule(torch, forward, lambda ctx, g: 2 * g * ctx.x.exp())
    report = checked(torch_function(one.apply), X)
    assert report.verdict != "correct"
    assert "changed its argument in place" in str(report)


def test_right_in_double_precision_and_wrong_in_single(torch):
    def backward(ctx, g):
        x = ctx.saved_tensors[0]
        return g * x.exp() * (1 if x.dtype is torch.float64 else 1.01)

    layer = torch_function(rule(torch, saved, backward).apply)
    assert checked(layer, X).verdict == "correct"
    _, text = finding_of(layer, X.astype(np.float32))
    assert "in float64 it is right" in text


def test_arguments_that_are_no_tensors(torch):
    def forward(ctx, x, scale, kind, mask):
        ctx.save_for_backward(x)
        ctx.scale = scale
        return scale * x.exp() if kind == "exp" and mask.all() else x

    one = rule(torch, forward, lambda ctx, g: (g * ctx.scale * ctx.saved_tensors[0].exp(), None, None, None))
    layer = torch_function(one.apply)
    assert list(layer.f.__signature__.parameters) == ["x", "scale", "kind", "mask"]
    point = X, 2.0, "exp", np.array([True])
    assert checked(layer, point, wrt="x")
    report = checked(layer, point)
    assert report.verdict == "wrong"  # a number that f depends on, whose gradient is said to be none
    assert all("scale" in finding.tensor for finding in report.findings)


def test_results_without_a_gradient_are_left_out(torch):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        rounded = x.round()
        ctx.mark_non_differentiable(rounded)
        return x.exp(), rounded

    one = rule(torch, forward, lambda ctx, g, _: g * ctx.saved_tensors[0].exp())
    report = checked(torch_function(one.apply), X)
    assert report.verdict == "correct"
    assert "1 result has no gradient in PyTorch, and is not checked" in report.notes
    finding, _ = finding_of(torch_function(lambda x: x.detach().exp()), X)
    assert finding.fault == "zero"


def test_gradients_of_gradients(torch):
    def penalty(x):
        (slope,) = torch.autograd.grad(x.tanh().sum(), x, create_graph=True)
        return (slope**2).sum()

    layer = torch_function(penalty)
    assert minibp.check_grad(layer.f, layer.grad, X, seed=1)


def test_structures_come_back_as_they_went_in(torch):
    @dataclasses.dataclass
    class Layer:
        w: object
        b: object

    layer = torch_function(lambda layer, x: {"out": (x @ layer.w + layer.b,), "n": 3, "rows": torch.arange(2)})
    w, b = X.T.copy(), np.ones(2)
    out = layer.f(Layer(w, b), X)
    assert out["n"] == 3
    assert out["rows"].tolist() == [0, 1]
    np.testing.assert_allclose(out["out"][0], X @ w + b, rtol=1e-14)
    assert checked(layer, (Layer(w, b), X))


def test_forward_mode(torch):
    layer = torch_function(torch.nn.Linear(3, 2).double())
    assert minibp.check_jvp(layer.f, layer.jvp, (layer.parameters, X), seed=1)
    sizes = torch_function(lambda x: (x.exp(), x.argmax(), 2))
    assert minibp.check_jvp(sizes.f, sizes.jvp, X, seed=1)
    labels = torch_function(lambda x, i: x[i])
    assert minibp.check_jvp(labels.f, labels.jvp, (X, np.array([0, 1, 1])), seed=1)
    with pytest.raises(InputError, match="the tangents are structured in another way"):
        layer.jvp((layer.parameters, X), (X,))


def test_in_forward_mode_tensors_may_come_without_a_graph(torch):
    seen = []

    def f(x):
        seen.append(x.requires_grad)
        return x.sin()

    for made in (torch_function(f), traced_forward(f, torch.device("cpu"))):
        np.testing.assert_allclose(made.jvp(X, X), X * np.cos(X))
    assert seen == [True, False]


def test_gradients_of_zeros_without_memory(torch):
    l1 = torch_function(
        lambda x, c: torch.autograd.grad(torch.nn.functional.l1_loss(x, 0 * x), x, c, create_graph=True)
    )
    of_x, of_c = l1.vjp(X, np.float64(1), (X,))
    np.testing.assert_array_equal(of_x, np.zeros_like(X))
    assert of_c.shape == ()


def test_a_module_is_as_it_was(torch):
    module = torch.nn.BatchNorm1d(3).double()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    layer = torch_function(module)
    generator, threads = torch.random.get_rng_state(), torch.get_num_threads()
    assert checked(layer, (layer.parameters, np.vstack([X, 2 * X + 1])))
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), generator)
    assert torch.get_num_threads() == threads
    assert all(parameter.grad is None for parameter in module.parameters())


def test_random_masks(torch):
    dropout = torch.nn.Dropout(0.5)
    random = checked(torch_function(dropout), ({}, X))
    assert random.verdict == "undecided"
    assert "expected the same number" in str(random)
    held = checked(torch_function(dropout, seed=3), ({}, X))
    assert held.verdict == "correct"
    assert "PyTorch's generator is seeded with 3 at every call" in held.notes


def test_views_of_arrays_that_torch_has_not(torch):
    layer = torch_function(torch.exp)
    np.testing.assert_allclose(layer.f(X[:, ::-1]), np.exp(X[:, ::-1]), rtol=1e-14)
    assert layer.vjp(X, np.broadcast_to(1.0, X.shape)).shape == X.shape
    assert layer.grad(np.array(0.0)) == 1.0


def test_results_that_numpy_has_not(torch):
    layer = torch_function(lambda x: x.bfloat16().tanh())
    assert checked(layer, X).verdict != "wrong"  # f is too coarse for differences
    sparse = torch_function(lambda x: x.to_sparse())
    np.testing.assert_array_equal(sparse.f(X), X)
    assert torch_function(lambda z: z.conj()).f(np.array([1 + 2j])) == np.array([1 - 2j])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda torch: torch_function(3), "fn is a int, expected a function on tensors"),
        (lambda torch: torch_function(torch.tanh, device="nowhere"), "device is 'nowhere', which PyTorch has not here"),
        (lambda torch: torch_function(torch.tanh, seed=-1), "seed is -1"),
        (lambda torch: torch_function(torch.nn.Linear(3, 2)).f(X), "expected its parameters first, a dict by name"),
        (lambda torch: torch_function(torch.tanh).vjp(X, (X, X)), "the cotangent has 2 parts, expected 1"),
        (
            lambda torch: minibp.check_vjp(*torch_function(lambda x: x @ x), X, seed=1),
            r"f raised RuntimeError: mat1 and mat2 shapes cannot be multiplied",
        ),
    ],
    ids=["no function", "a device", "a seed", "no parameters", "a cotangent", "shapes"],
)
def test_what_cannot_be_used_is_one_clear_error(torch, call, message):
    with pytest.raises(InputError, match=message):
        call(torch)


@pytest.mark.parametrize("arithmetic", ["bfloat16", "float16"])
def test_derivatives_in_half_precision(torch, arithmetic):
    """Of a module whose function is known in double precision."""
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    layer = torch_function(module, arithmetic=arithmetic)
    assert checked(layer, (layer.parameters, X), arithmetic=arithmetic)
    one = torch_function(lambda x: wrong(torch, lambda g: 1.1 * g)(x.tanh()), arithmetic=arithmetic)
    assert checked(one, X, arithmetic=arithmetic).verdict == "wrong"
    assert minibp.check_jvp(layer.f, layer.jvp, (layer.parameters, X), seed=1, arithmetic=arithmetic)
    undeclared = checked(layer, (layer.parameters, X.astype(np.float32)))
    assert undeclared.verdict == "wrong"
    assert "arithmetic=" in str(undeclared)
