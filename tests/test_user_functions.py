import numpy as np
import pytest
from users import Cube, Quartic

from minibp import Activation, Cost, InputError, Network, Training, Workspace, batched, component, per_example
from minibp.activations import ACTIVATIONS, FURTHER, activation_of
from minibp.costs import COSTS
from minibp.user_functions import checked_activation, checked_cost, with_checked_functions

X, Y = np.full((5, 3), 0.5), np.full((5, 2), 0.25)
FORMS = {
    "batched": batched.backprop,
    "per_example": per_example.backprop,
    "component": component.backprop,
    "workspace": lambda *given: Workspace(*given[:2], 5).gradient(*given[2:]),
    "training": lambda network, cost, x, y: Training(network, x, y, cost=cost, batch_size=2, eta=0.1).run(1),
}
WRONG = {
    "scalar": (lambda right: np.float64(1.0), r"returned shape \(\), expected \("),
    "row more": (lambda right: np.concatenate([right, right]), r"returned shape \(\d+.*\), expected \("),
    "transposed": (lambda right: right[..., None], r"returned shape \(.*1\), expected \("),
    "list": (lambda right: right.tolist(), r"returned a list, expected an array of shape \("),
    "None": (lambda right: None, r"returned a NoneType, expected an array of shape \("),
    "complex": (lambda right: right + 0j, "returned dtype complex128, expected real numbers such as float64"),
    "object": (lambda right: right.astype(object), "returned dtype object, expected real numbers such as float64"),
    "text": (lambda right: right.astype(str), "returned dtype <U32, expected real numbers such as float64"),
}


class Own(Cube):
    """A cube of which one function returns something else."""

    def __init__(self, method, wrong):
        self.method, self.wrong = method, wrong

    def value(self, z):
        return self.wrong(super().value(z)) if self.method == "value" else super().value(z)

    def prime(self, z):
        return self.wrong(super().prime(z)) if self.method == "prime" else super().prime(z)


class OwnCost(Quartic):
    """A quartic cost whose gradient is something else."""

    def __init__(self, wrong):
        self.wrong = wrong

    def gradient(self, a, y):
        return self.wrong(super().gradient(a, y))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("layer", ["hidden", "output"])
@pytest.mark.parametrize("method", ["value", "prime"])
def test_an_activation_that_returns_something_else_is_named_in_one_sentence(form, wrong, layer, method):
    change, message = WRONG[wrong]
    own = Own(method, change)
    activations = (own, "sigmoid") if layer == "hidden" else ("sigmoid", own)
    network = Network.random([3, 4, 2], *activations, rng=0)
    with pytest.raises(InputError, match=rf"^{method}\(z\) of activation cube {message}") as caught:
        FORMS[form](network, "quadratic", X, Y)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "form",
    [batched.feedforward, per_example.feedforward, component.feedforward],
    ids=["batched", "per_example", "component"],
)
@pytest.mark.parametrize("wrong", WRONG)
def test_feedforward_looks_at_values_too(form, wrong):
    change, message = WRONG[wrong]
    with pytest.raises(InputError, match=rf"^value\(z\) of activation cube {message}"):
        form(Network.random([3, 2], Own("value", change), rng=0), X)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_cost_that_returns_something_else_is_named_in_one_sentence(form, wrong):
    change, message = WRONG[wrong]
    network = Network.random([3, 4, 2], rng=0)
    with pytest.raises(InputError, match=rf"^gradient\(a, y\) of cost quartic {message}"):
        FORMS[form](network, OwnCost(change), X, Y)


def test_a_cost_of_all_examples_together_is_refused():
    class Mean(Quartic):
        def value(self, a, y):
            return ((a - y) ** 4).mean()

    network = Network.random([3, 4, 2], rng=0)
    with pytest.raises(InputError, match=r"value\(a, y\) of cost quartic returned shape \(\), expected \(5,\)"):
        batched.backprop(network, Mean(), X, Y)


def test_the_packages_functions_are_left_as_they_are():
    assert all(checked_activation(one) is one for one in (*ACTIVATIONS.values(), *FURTHER.values()))
    assert checked_activation(activation_of("elu(0.1)")) is activation_of("elu(0.1)")
    assert all(checked_cost(one) is one for one in COSTS.values())
    network = Network.random([3, 2], "tanh", "softmax", rng=0)
    assert with_checked_functions(network) is network


def test_a_user_function_may_be_any_object_and_asks_for_the_activation_that_was_given():
    class Theirs:
        value = staticmethod(np.tanh)

        @staticmethod
        def prime(z):
            return 1 - np.tanh(z) ** 2

    seen = []

    class Asks(Cost):
        def value(self, a, y):
            return [0.0, 1.0, 2.0, 3.0, 4.0] if a.ndim > 2 else ((a - y) ** 2).sum(-1) / 2

        def delta(self, z, a, y, activation):
            seen.append(activation)
            return activation.backward(z, a - y)

    network = Network.random([3, 2], Theirs(), rng=0)
    found = batched.backprop(network, Asks(), X, Y)
    expected = batched.backprop(Network(network.weights, network.biases, activation_of("tanh")), "quadratic", X, Y)
    # tanh' in two ways, which differ by some roundings of 1.
    np.testing.assert_allclose(found.gradient.nabla_w[0], expected.gradient.nabla_w[0], rtol=1e-13)
    assert seen == [network.activations[0]]


def test_integers_and_truth_values_are_real_numbers():
    class Step(Activation):
        name = "step"

        def value(self, z):
            return z > 0

        def prime(self, z):
            return np.zeros(z.shape, int)

    network = Network.random([3, 2, 2], Step(), "identity", rng=0)
    assert not batched.backprop(network, "quadratic", X, Y).gradient.nabla_w[0].any()
