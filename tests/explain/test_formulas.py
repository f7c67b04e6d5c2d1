import numpy as np
import pytest
from printed import HIDDEN, computed

from minibp.activations import activation_of
from minibp.costs import COSTS
from minibp.explain.formulas import cost_of_outputs, prime_of, slope_of_cost, value_of
from minibp.explain.notation import shown


def lies_in(value, formula, fallback):
    """True where a value is what its formula gives; where there is nothing to compute, the value is `fallback`."""
    if not formula.numbers:
        return value == pytest.approx(fallback)
    interval = computed(formula.numbers)
    return interval.low - 1e-12 <= value <= interval.high + 1e-12 and interval.high - interval.low < 1e-3


@pytest.mark.parametrize("z", [-2.5, -0.25, 0.0, 0.75, 3.5])
@pytest.mark.parametrize("name", HIDDEN)
def test_each_activation_is_written_out_as_it_is_computed(name, z):
    activation = activation_of(name)
    a, prime = float(activation.value(np.array([z]))[0]), float(activation.prime(np.array([z]))[0])
    assert lies_in(a, value_of(activation, [z], 0), z)
    assert lies_in(prime, prime_of(activation, z, a), {"leaky_relu(0.2)": 0.2, "leaky_relu": 0.01}.get(name, 0.0)) or (
        not prime_of(activation, z, a).numbers and prime == 1
    )


def test_the_sigmoid_is_equation_8():
    sigmoid = activation_of("sigmoid")
    assert value_of(sigmoid, [-0.5], 0)[:2] == ("1/(1 + e^−z)", "1/(1 + e^0.50000)")
    assert prime_of(sigmoid, 0.0, 0.5) == ("a (1 − a)", "0.50000·(1 − 0.50000)", "(8)")
    assert prime_of(activation_of("tanh"), -0.5, -0.46212) == ("1 − a²", "1 − (−0.46212)²", "")


def test_softmax_takes_all_z():
    softmax, z = activation_of("softmax"), [0.5, -1.0, 2.0]
    for j, a in enumerate(softmax.value(np.array(z))):
        assert lies_in(a, value_of(softmax, z, j), None)


@pytest.mark.parametrize("name", COSTS)
def test_each_cost_and_its_slope_are_written_out(name):
    cost, a, y = COSTS[name], np.array([0.25, 0.75]), np.array([1.0, 0.0])
    assert lies_in(cost.value(a, y), cost_of_outputs(cost, a.tolist(), y.tolist(), 3), None)
    if name != "categorical_cross_entropy":  # whose δ^L is (26)
        for one, target, slope in zip(a, y, cost.gradient(a, y), strict=True):
            assert lies_in(slope, slope_of_cost(cost, one, target), None)


@pytest.mark.parametrize("r", [-2.5, -0.5, 0.5, 2.5])
def test_huber_has_its_cases(r):
    huber, a, y = COSTS["huber"], np.array([r + 0.5]), np.array([0.5])
    assert lies_in(huber.value(a, y), cost_of_outputs(huber, a.tolist(), y.tolist(), 2), None)
    assert lies_in(r, slope_of_cost(huber, a[0], 0.5), r) == (abs(r) < 1 or shown(r) == shown(a[0] - 0.5))


def test_costs_have_the_numbers_of_their_equations():
    numbers = {name: cost_of_outputs(cost, [0.5, 0.5], [1.0, 0.0], 2).equation for name, cost in COSTS.items()}
    assert numbers == {"quadratic": "(9)", "cross_entropy": "(25)", "categorical_cross_entropy": "", "huber": ""}


def test_a_target_of_0_leaves_nothing_of_its_logarithm():
    formula = cost_of_outputs(COSTS["cross_entropy"], [0.25], [1.0], 2)
    assert formula.numbers == "−(1·ln(0.25000) + 0·ln(1 − 0.25000))"
