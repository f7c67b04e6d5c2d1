import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minibp import Activation, Cost, Network, Problem, feedforward
from minibp.activations import activation_of
from minibp.check.oracles import complex_step
from minibp.check.oracles.estimate import oracle_arithmetic
from minibp.check.oracles.perturbation import forward, responses
from minibp.check.oracles.truncation import is_derived, truncation
from minibp.check.problem_stack import stack_of_one
from minibp.check.rounding.whole_pass import bounds
from minibp.costs import COSTS
from minibp.drawing import fits, pairings
from minibp.strategies import problems

PAIRINGS = [pytest.param(output, cost, id=f"{cost.name}-{output.name}") for output, cost in pairings()]


def held(problem, i, s):
    """The bound, the error of central differences over ±s and the rounding in that, for each neuron of layer i + 2."""
    stack = stack_of_one(problem)
    base, rounding = forward(stack, np.float64), bounds(stack, oracle_arithmetic())
    j = np.arange(stack.sizes[i + 1])
    step = np.full((1, len(j), 1), s)
    bound, crossed = truncation(stack, base, rounding, i, j, step)
    moves = np.array([1.0, -1.0])[:, None, None] * step[:, None] * np.ones((1, 1, 1, stack.m))
    costs, _ = responses(stack, base, i, j, moves)
    exact = complex_step.estimate(problem)
    error = np.abs((costs[:, 0] - costs[:, 1]) / (2 * s) - exact.delta[i].T)
    # Each cost is off by about the bound of an unperturbed one; that is doubled, for the values at the ends.
    room = 4 * rounding.costs[:, None] / s + exact.delta_radius[i].T + 8e-16 * np.abs(costs).max(1) / s
    return bound[0], error[0], room[0], crossed[0]


@settings(deadline=None, max_examples=60)
@given(problems(dtype="float64"), st.sampled_from([1e-4, 1e-2, 0.1]), st.data())
def test_no_central_difference_is_further_off(problem, s, data):
    """Steps are ten to ten thousand times those of the oracle, so that truncation is not lost in rounding."""
    i = data.draw(st.integers(0, len(problem.network.weights) - 1))
    with np.errstate(all="ignore"):
        bound, error, room, crossed = held(problem, i, s)
        known = ~crossed & np.isfinite(bound) & np.isfinite(error) & np.isfinite(room)
        assert np.all(error[known] <= bound[known] * (1 + 1e-9) + room[known])


@pytest.mark.parametrize(("output", "cost"), PAIRINGS)
def test_it_is_within_a_small_factor_of_the_error_where_terms_do_not_cancel(output, cost):
    """A bound twice as large, or half of it, would be seen: in the output layer, on one neuron or two."""
    rng = np.random.default_rng(0)
    width = 1 if fits(output, cost, 1) and output.elementwise else 2
    most = 0.0
    for _ in range(20):
        network = Network([rng.standard_normal((width, 1))], [rng.standard_normal(width)], output)
        x = rng.standard_normal((1, 1))
        y = np.eye(width)[:1]
        if cost.name == "quadratic":
            y = rng.standard_normal((1, width))
        elif cost.name == "huber":  # beside the jump of its second derivative
            y = feedforward(network, x) - y
        bound, error, room, crossed = held(Problem(network, cost, x, y), 0, 1e-2)
        resolved = ~crossed & (error > 10 * room)
        assert np.all(error[resolved] <= bound[resolved] + room[resolved])
        most = max(most, (error[resolved] / bound[resolved]).max(initial=0.0))
    if (output.name, cost.name) in {(one, "quadratic") for one in ("identity", "relu", "leaky_relu")}:
        assert most == 0  # a parabola: differences leave out nothing
    else:
        assert most > 0.5


def test_many_neurons_within_a_step_of_jumps_of_second_derivatives():
    """Two hidden layers of elu and Huber's cost, where all of z and of the residuals lie beside their jumps at once."""
    rng = np.random.default_rng(1)
    worst = 0.0
    for trial in range(300):
        n, s = 6, 1e-3
        near = s * rng.choice([0.0, 1e-9, 0.1, 0.5, 0.9], (3, n)) * rng.choice([-1, 1], (3, n))
        first, second, last = (rng.standard_normal((n, n)) * rng.choice([0.01, 1.0]) for _ in range(3))
        # x is 0, so that z is b, and a nearly so; the last bias puts the residuals beside ±1.
        network = Network([first, second, last], [near[0], near[1], near[2]], ["elu", "elu", "identity"])
        y = np.where(rng.integers(2, size=(1, n)), 1.0, -1.0)
        problem = Problem(network, "huber", np.zeros((1, n)), y)
        i = trial % 3
        bound, error, room, crossed = held(problem, i, s)
        assert not crossed.any()
        assert np.all(error <= bound * (1 + 1e-9) + room)
        resolved = error > 100 * room
        worst = max(worst, (error[resolved] / bound[resolved]).max(initial=0.0))
    assert worst > 0.5


def test_a_single_jump_is_worth_its_height_times_a_quarter_of_the_step():
    network = Network([[[1.0]]], [[0.0]], "elu")
    bound, error, _, _ = held(Problem(network, "quadratic", [[0.0]], [[1.0]]), 0, 1e-3)
    assert error[0, 0] == pytest.approx(1e-3 / 4, rel=1e-2)
    assert bound[0, 0] == pytest.approx(1e-3 / 4, rel=1e-2)


def test_a_kink_that_is_reached_between_the_ends_is_seen():
    # silu has its minimum at z² here: z³ is below 0 between the ends alone.
    bottom = -1.2784645427610738
    dip = activation_of("silu").value(np.array(bottom))
    network = Network([[[1.0]], [[1.0]], [[1.0]]], [[bottom], [-dip - 1e-8], [0.0]], ["silu", "relu", "identity"])
    _, _, _, crossed = held(Problem(network, "quadratic", [[0.0]], [[1.0]]), 0, 1e-3)
    assert crossed.all()  # z³ is −1e-8 at t = 0, and about 4e-8 at both ends
    away = Network(network.weights, [network.biases[0], [-dip - 1e-3], [0.0]], network.activations)
    _, _, _, crossed = held(Problem(away, "quadratic", [[0.0]], [[1.0]]), 0, 1e-3)
    assert not crossed.any()


def test_a_kink_that_nothing_can_leave_is_no_crossing():
    network = Network([[[0.0]], [[0.0]], [[1.0]]], [[0.0], [0.0], [0.0]], ["tanh", "relu", "identity"])
    _, _, _, crossed = held(Problem(network, "quadratic", [[0.0]], [[1.0]]), 0, 1e-3)
    assert not crossed.any()


class Cube(Activation):
    name = "tanh"

    def value(self, z):
        return z**3

    def prime(self, z):
        return 3 * z**2


class Quartic(Cost):
    name = "quadratic"

    def value(self, a, y):
        return ((a - y) ** 4).sum(-1) / 4

    def gradient(self, a, y):
        return (a - y) ** 3


@pytest.mark.parametrize(
    ("activations", "cost"),
    [
        pytest.param([Cube(), "identity"], "quadratic", id="own hidden activation"),
        pytest.param(["tanh", Cube()], "quadratic", id="own output activation"),
        pytest.param(["tanh", "identity"], Quartic(), id="own cost"),
    ],
)
def test_of_functions_of_the_users_nothing_is_derived(activations, cost):
    network = Network([[[1.0]], [[1.0]]], [[0.0], [0.0]], activations)
    assert not is_derived(stack_of_one(Problem(network, cost, [[0.5]], [[1.0]])))


def test_all_functions_of_the_package_are_known():
    for output, cost in pairings():
        network = Network([[[1.0]], [[1.0], [2.0]]], [[0.0], [0.0, 0.0]], ["elu", output])
        assert is_derived(stack_of_one(Problem(network, cost, [[0.5]], [[1.0, 0.0]])))
    assert {cost.name for _, cost in pairings()} == set(COSTS)
