"""The core where something changes: at 0, at kinks, at the ends of what is allowed, in arrays that are not square."""

import numpy as np
import pytest

from minibp import InputError, Network, Problem, batched, component, per_example
from minibp.activations import HIDDEN, activation_of
from minibp.check.rounding import whole_pass
from minibp.check.rounding.whole_pass import arithmetic_of
from minibp.check.tolerance import within
from minibp.costs import COSTS, cost_of, fuses, needs_only_z
from minibp.drawing import pairings

SMOOTH_AT_0 = sorted({*HIDDEN} - {"relu", "leaky_relu"})


@pytest.mark.parametrize("name", SMOOTH_AT_0)
def test_a_complex_step_from_0_has_the_slope_there(name):
    """From either sign of zero: which branch is taken there must not turn the step around."""
    h = 1e-104
    for zero in (0.0, -0.0):
        z = np.array([complex(zero, h)])
        assert HIDDEN[name].value(z).imag[0] / h == pytest.approx(HIDDEN[name].prime(np.array([zero]))[0], rel=1e-15)


def test_needing_z_alone_is_a_matter_of_cost_and_output():
    """The logarithm is taken of what z gives, for a cross-entropy on the output it is meant for; else of a."""
    found = {(output.name, cost.name) for output, cost in pairings() if needs_only_z(cost, output)}
    bernoulli = {("sigmoid", "cross_entropy"), ("softmax", "cross_entropy")}
    assert found == {*bernoulli, ("softmax", "categorical_cross_entropy")}
    fused = {(output.name, cost.name) for output, cost in pairings() if fuses(cost, output)}
    assert fused == {("sigmoid", "cross_entropy"), ("softmax", "categorical_cross_entropy")}


@pytest.mark.parametrize(("output", "cost"), pairings(), ids=str)
def test_a_stack_of_batches_gives_what_each_batch_does(output, cost):
    """Two batches of three examples with four outputs: sums are over the last axis, whatever comes before it."""
    rng = np.random.default_rng(3)
    z, y = rng.standard_normal((2, 3, 4)), rng.random((2, 3, 4))
    y /= y.sum(-1, keepdims=True)
    a = output.value(z)
    for function in (cost.value_at, cost.delta):
        whole = function(z, a, y, output)
        assert np.array_equal(whole, [function(z[i], a[i], y[i], output) for i in range(2)])


@pytest.mark.parametrize("size", [1.0, 100.0])
@pytest.mark.parametrize(
    ("output", "cost"), [("sigmoid", "cross_entropy"), ("softmax", "quadratic"), ("elu", "huber")], ids=str
)
def test_one_example_at_a_time_is_the_batch_on_layers_of_one_width_and_different_activations(output, cost, size):
    """Every tensor within twice what rounding explains; layers are of one width, so that none passes for another.

    With an output bias of 100, a sigmoid is 1 in float64, and the cost is finite only as a function of z.
    """
    rng = np.random.default_rng(5)
    weights, biases = 3 * rng.standard_normal((3, 3, 3)), rng.standard_normal((3, 3))
    biases[-1] = size
    network = Network(weights, biases, ["tanh", "silu", output])
    problem = Problem(network, cost, rng.standard_normal((2, 3)), rng.random((2, 3)), l2=0.5)
    limits = whole_pass.bound(problem, arithmetic_of("float64"))
    one, other = (form.backprop(network, cost, problem.x, problem.y, 0.5) for form in (per_example, batched))
    assert np.isfinite(limits.cost)
    assert within(one.cost, other.cost, limits.cost, limits.cost)
    for kind in ("z", "a", "delta"):
        for left, right, limit in zip(getattr(one, kind), getattr(other, kind), getattr(limits, kind), strict=True):
            assert within(left, right, limit, limit).all()
    for left, right, limit in zip(
        sum(one.gradient, ()), sum(other.gradient, ()), sum(limits.gradient, ()), strict=True
    ):
        assert within(left, right, limit, limit).all()
    for form, found in ((per_example, one), (batched, other)):
        assert np.array_equal(form.feedforward(network, problem.x), found.a[-1])


@pytest.mark.parametrize("form", [component, per_example, batched], ids=lambda form: form.__name__)
def test_there_is_no_l2_unless_it_is_asked_for(form):
    network = Network([[[2.0]]], [[1.0]], "identity")
    found = form.backprop(network, "quadratic", [[3.0]], [[7.0]])
    assert (found.cost, *sum(found.gradient, ())) == (0, 0, 0)


@pytest.mark.parametrize("name", COSTS)
def test_targets_that_fit_are_let_through(name):
    cost_of(name).check_targets(np.array([[0.25, 0.75], [1.0, 0.0], [0.0, 1.0]]))


@pytest.mark.parametrize("entry", [-0.1, 1.1])
def test_one_target_out_of_range_is_refused_by_cross_entropy(entry):
    y = np.array([[0.0, 1.0, 0.5], [0.5, entry, 0.25]])
    with pytest.raises(InputError, match=f"y has values from {y.min()} to {y.max()}"):
        cost_of("cross_entropy").check_targets(y)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param([-0.25, 0.75, 0.5], "row 1 of y sums to 1 with least value -0.25", id="negative"),
        pytest.param([0.25, 0.25, 0.25], "row 1 of y sums to 0.75 with least value 0.25", id="too little"),
        pytest.param([0.5, 0.5, 0.5], "row 1 of y sums to 1.5 with least value 0.5", id="too much"),
    ],
)
def test_the_row_that_is_no_distribution_is_named(row, said):
    """Two rows of three, so that an example is not taken for an output."""
    with pytest.raises(InputError, match=said):
        cost_of("categorical_cross_entropy").check_targets(np.array([[0.0, 0.5, 0.5], row]))


def test_a_sum_within_float32_rounding_is_a_distribution():
    """Of n quotients each is off by at most eps/2 of itself, and the sum of n by less than n eps."""
    n, eps = 3, float(np.finfo(np.float32).eps)
    third = np.full(n, 1 / n)
    cost = cost_of("categorical_cross_entropy")
    cost.check_targets(np.array([third * (1 + 0.9 * n * eps), third * (1 - 0.9 * n * eps)]))
    for factor in (1 + 1.1 * n * eps, 1 - 1.1 * n * eps):
        with pytest.raises(InputError, match="row 1 of y sums to"):
            cost.check_targets(np.array([third, third * factor]))


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_huber_is_quadratic_up_to_1_and_straight_beyond(side):
    cost, y = cost_of("huber"), np.array([2.0])
    for size, value, slope in [(0.5, 0.125, 0.5), (1.0, 0.5, 1.0), (3.0, 2.5, 1.0)]:
        a = y + side * size
        assert cost.value(a, y) == value
        assert cost.gradient(a, y) == [side * slope]


@pytest.mark.parametrize(("name", "slope"), [("relu", 0.0), ("leaky_relu", 1.0), ("elu", 1.0)])
def test_the_derivative_at_0_is_as_stated(name, slope):
    assert activation_of(name).prime(np.array([0.0])) == [slope]
    assert activation_of(name).value(np.array([0.0])) == [0.0]
