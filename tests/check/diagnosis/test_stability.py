import numpy as np
import pytest
from small_problems import asking, drawn_problem, spread_of, still
from subjects import backprop

from minibp import Gradient, Network, Problem
from minibp.check.diagnosis.stability import fails, is_rounding, scaled


def by_chance(low, high, w=0.75):
    """∂C/∂b is one number where the weight is w or more, another where it is less."""

    def subject(weights, biases, x, y):
        return [np.zeros((1, 1))], [np.array([high if weights[0][0, 0] >= w else low])]

    return asking(subject)


# Scaling


def largest_z(problem):
    found, a = [], problem.x
    for w, b, activation in zip(*(getattr(problem.network, name) for name in NETWORK), strict=True):
        found.append(float(np.abs(a @ w.T + b).max()))
        a = activation.value(a @ w.T + b)
    return found


NETWORK = ("weights", "biases", "activations")


def layers_of_any_size():
    """z^2 is about −20, z^3 2, z^4 0.1, in the first of two examples; biases are not 0."""
    weights = [[[-10.0], [3.0]], [[2.0, 0.5]], [[0.1]]]
    network = Network(weights, [[-1.0, 0.5], [-0.25], [0.02]], "identity")
    return Problem(network, "quadratic", [[2.0], [0.5]], [[1.0], [2.0]])


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"most": 4.0}, lambda z: min(z, 4.0)),
        ({"least": 1.0}, lambda z: max(z, 1.0)),
        ({"least": 1.0, "most": 4.0}, lambda z: min(max(z, 1.0), 4.0)),
        ({}, lambda z: z),
    ],
    ids=["most", "least", "both", "neither"],
)
def test_layers_are_scaled_until_their_largest_z_is_within_limits(limits, expected):
    problem = layers_of_any_size()
    found = scaled(problem, **limits)
    for layer, largest in enumerate(largest_z(found)):
        # What the layer had, given the scaled layers below it.
        mixed = [
            [*getattr(found.network, name)[:layer], *getattr(problem.network, name)[layer:]]
            for name in ("weights", "biases")
        ]
        before = largest_z(Problem(Network(*mixed, "identity"), "quadratic", problem.x, problem.y))[layer]
        assert largest == pytest.approx(expected(before), rel=1e-14)
    np.testing.assert_array_equal(found.x, problem.x)


@pytest.mark.parametrize("z", [0.0, 1e-320], ids=["all 0", "factor overflows"])
def test_a_layer_that_cannot_be_scaled_stays_as_it_is(z):
    problem = Problem(Network([[[2.0]]], [[z]], "identity"), "quadratic", [[0.0]], [[1.0]])
    assert repr(scaled(problem, least=1, most=4)) == repr(problem)


def test_scaling_keeps_the_dtype():
    assert scaled(drawn_problem(dtype="float32"), most=0.25).dtype == "float32"


# Rounding told from a wrong formula


def wrong_where(wrong, error=lambda delta, weights: delta * 1e-3):
    """δ of one identity layer, with an error where `wrong` holds of its largest |z|."""

    def subject(weights, biases, x, y):
        z = x @ weights[0].T + biases[0]
        delta = z - y
        if wrong(np.abs(z).max()):
            delta = delta + error(delta, weights)
        return [delta.T @ x / len(x)], [delta.mean(0)]

    return asking(subject)


def chance(delta, weights):
    """Anything between 1e-6 and 2e-6, by the last bits of a weight."""
    return np.full(delta.shape, 1e-6 * (1 + float(weights[0][0, 0]) * 2**40 % 1))


def linear(w):
    return Problem(Network([[[w]]], [[0.0]], "identity"), "quadratic", [[1.0]], [[0.5]])


@pytest.mark.parametrize(
    ("w", "beyond", "rounding"), [(100.0, 6.0, True), (100.0, 3.0, False), (5.0, 4.5, True), (5.0, 0.0, False)]
)
def test_what_is_right_where_no_neuron_is_saturated_is_rounding(w, beyond, rounding):
    assert is_rounding(linear(w), wrong_where(lambda z: z > beyond)) is rounding


def test_errors_by_chance_are_rounding_wherever_they_are_seen():
    assert is_rounding(linear(1.5), wrong_where(lambda z: True, chance))
    # Where it is saturated there is chance, and where it is not, a wrong formula.
    assert is_rounding(linear(100.0), wrong_where(lambda z: True, lambda d, w: chance(d, w) if d.max() > 10 else d))
    assert not is_rounding(linear(100.0), wrong_where(lambda z: True, lambda d, w: d))


def test_errors_by_chance_are_seen_with_a_small_layer_as_it_is():
    def subject(weights, biases, x, y):
        small = x @ weights[0].T
        delta = small @ weights[1].T - y
        calm = np.abs(small).max() < 0.75 and np.abs(delta + y).max() < 10
        delta = delta + (chance(delta, weights) if calm else 1e-3)
        back = delta @ weights[1]
        return [back.T @ x, delta.T @ small], [back[0], delta[0]]

    network = Network([[[0.5]], [[100.0]]], [[0.0], [0.0]], "identity")
    assert is_rounding(Problem(network, "quadratic", [[1.0]], [[0.5]]), asking(subject))


def through_a_large_number(weights, biases, x, y):
    delta = (1e6 + (x @ weights[0].T + biases[0])) - 1e6 - y
    return [delta.T @ x / len(x)], [delta.mean(0)]


def test_what_is_rounded_away_near_0_is_seen_by_chance_at_1():
    problem = Problem(Network([[[1e-12]]], [[0.0]], "identity"), "quadratic", [[1.0]], [[0.0]])
    assert fails(problem, asking(through_a_large_number))
    assert is_rounding(problem, asking(through_a_large_number))
    assert not is_rounding(problem, wrong_where(lambda z: True))


@pytest.mark.parametrize(
    ("errors", "noise"),
    [
        ((20.0, 18.98), True),  # changes by 0.051 of itself
        ((-20.0, -18.98), True),
        ((20.0, 19.0), False),  # by 0.05
        ((20.0, 19.02), False),  # by 0.049
        ((-20.0, -19.02), False),
        ((1.0, -1.0), True),
    ],
    ids=str,
)
def test_chance_changes_more_than_a_twentieth_of_an_error(errors, noise):
    assert is_rounding(still(), by_chance(*errors)) is noise


@pytest.mark.parametrize(("jump", "noise"), [(1.75, False), (2, False), (2.25, True)])
def test_chance_changes_an_error_by_more_than_rounding_may(jump, noise):
    spread = float(spread_of(still())[0])
    assert is_rounding(still(), by_chance(4 * spread, (4 + jump) * spread)) is noise


def test_the_worst_entry_decides():
    def subject(weights, biases, x, y, swap):
        random = 1.0 if weights[0][0, 0] >= 0.75 else 0.5
        wrong, noise = (100.0, random) if swap else (0.0, random)
        return [np.zeros((2, 1))], [np.array([noise, wrong])]

    assert is_rounding(still(outputs=2), asking(lambda *given: subject(*given, False)))
    assert not is_rounding(still(outputs=2), asking(lambda *given: subject(*given, True)))


def test_noise_of_two_values_is_seen_as_often_as_six_neighbours_show_both():
    # All seven errors are the same in 1 of 64 cases. Of 96, more than 6 have it in 1 of 1000 draws of the weights; with
    # three neighbours it is 1 of 8, 12 of 96.
    rng = np.random.default_rng(3)

    def subject(weights, biases, x, y):
        return [np.zeros((1, 1))], [np.array([1.0 + int(weights[0][0, 0] * 2**45) % 2])]

    assert sum(not is_rounding(still(w), asking(subject)) for w in 0.5 + 0.5 * rng.random(96)) <= 6


def recorded(problem, subject):
    asked = []

    def record(problem):
        asked.append(problem)
        return asking(subject)(problem)

    return asked, is_rounding(problem, record)


def test_a_wrong_formula_costs_22_calls():
    asked, rounding = recorded(linear(3.0), lambda *given: [[2 * one for one in kind] for kind in backprop(*given)])
    assert not rounding
    assert len(asked) <= 1 + 3 * (1 + 6)  # one look, then three problems with their neighbours


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_neighbours_differ_in_inputs_and_parameters_by_a_root_of_the_roundoff(dtype):
    problem = drawn_problem(sizes=(60, 60), m=2, dtype=dtype)
    asked, _ = recorded(problem, lambda *given: [[2 * one for one in kind] for kind in backprop(*given)])
    assert all(one.dtype == dtype for one in asked)
    root = np.sqrt(np.finfo(dtype).eps)
    for moved in asked[2:8]:
        np.testing.assert_array_equal(moved.y, problem.y)
        for name in ("x", "w", "b"):
            before, after = (
                {"x": one.x, "w": one.network.weights[0], "b": one.network.biases[0]}[name] for one in (problem, moved)
            )
            moves = (after.astype(np.float64) / before - 1) / root
            # Rounding adds a part √eps; of 60 even draws the largest is below a half in 1 case of 30 million.
            assert np.abs(moves).max() <= 1 + 2 * root
            assert moves.min() < -0.5 < 0.5 < moves.max()


def test_without_an_answer_nothing_is_rounding():
    assert not is_rounding(still(), lambda _: None)
    answers = iter([1.0, 1.0, 2.0, None])

    def sometimes(problem):
        value = next(answers, None)
        return None if value is None else Gradient((np.zeros((1, 1)),), (np.array([value]),))

    assert not is_rounding(still(), sometimes)


@pytest.mark.parametrize("values", [(np.inf, np.inf), (np.inf, -np.inf), (np.nan, 1.0)], ids=str)
def test_what_is_not_finite_is_not_chance(values):
    assert not is_rounding(still(), by_chance(*values))
