"""Kinks: ties of a maximum, a relu at 0, kinks that are near."""

import numpy as np
import pytest
from case_ids import written_out
from grad_kinds import is_right, is_undecided, is_wrong, report, said
from hypothesis import example, given, settings
from hypothesis import strategies as st

SEEDS = st.integers(0, 2**32 - 1)


def one_hot(n, k):
    return np.eye(n)[k]


@pytest.mark.parametrize(
    ("ties", "level", "others"),
    [(2, 2.0, [1.0]), (4, -1e-3, [-4.0, -2.0]), (2, 1e6, [0.0, 5.0])],
    ids=written_out,
)
def test_at_a_tie_of_a_maximum_weights_that_sum_to_1_are_right(ties, level, others):
    x = np.array(others + [level] * ties)
    tied = (x == level) * 1.0
    weights = np.random.default_rng(ties).dirichlet(np.ones(ties))
    is_right(np.max, lambda x: tied / ties, x)
    is_right(np.max, lambda x: one_hot(len(x), len(x) - 1), x)
    is_right(np.max, lambda x: np.r_[np.zeros(len(others)), weights], x)
    is_wrong(np.max, lambda x: tied, x)
    is_wrong(np.max, lambda x: 0 * x, x)
    is_wrong(np.max, lambda x: 1 - tied, x)
    is_wrong(np.max, lambda x: 2 * one_hot(len(x), len(x) - 1), x)


@pytest.mark.parametrize("n", [1, 4])
def test_a_relu_at_0_has_any_slope_between_0_and_1(n):
    def f(x):
        return np.maximum(x, 0).sum()

    x = np.zeros(n)
    for slope in (0.0, 0.5, 1.0):
        found = report(f, lambda x, slope=slope: np.where(x == 0, slope, x > 0), x)
        assert found.verdict == "correct", str(found)
        assert "at kinks" in said(found), str(found)
    for slope in (-0.5, 1.5, 3.0):
        is_wrong(f, lambda x, slope=slope: np.where(x == 0, slope, x > 0), x)


KINKED = {
    "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
    "leaky": (lambda x: np.where(x > 0, x, 0.1 * x), lambda x: np.where(x > 0, 1, 0.1)),
    "magnitude": (np.abs, np.sign),
    "hinge": (lambda x: np.maximum(1 - x, 0), lambda x: -1.0 * (x < 1)),
    "clip": (lambda x: np.clip(x, -1, 1), lambda x: 1.0 * (np.abs(x) < 1)),
    "huber": (lambda x: np.where(np.abs(x) < 1, x**2 / 2, np.abs(x) - 0.5), lambda x: np.clip(x, -1, 1)),
}


@settings(max_examples=6)
@given(SEEDS, st.sampled_from(sorted(KINKED)), st.integers(1, 6))
def test_points_beside_kinks_and_on_them_are_no_false_alarm(seed, name, n):
    rng = np.random.default_rng(seed)
    g, slope = KINKED[name]
    at = rng.choice([-1.0, 0.0, 1.0], n) + rng.choice([0.0, 1e-9, -1e-6, 1e-3, 0.3], n)
    found = report(lambda x: g(x).sum(), slope, at)
    assert found.verdict == "correct", str(found)
    is_wrong(lambda x: g(x).sum(), lambda x: slope(x) + 1.2, at)


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("power", [2, 3, 4])
def test_at_the_bottom_of_a_power_any_other_slope_is_wrong(n, power):
    """f underflows beside it, and is exactly 0 there; that hides no slope."""
    for claimed in (1.2, -1e-6, 1e-100):
        found = report(
            lambda x: np.abs(x**power).sum(),
            lambda x, by=claimed: by + 0 * x,
            np.zeros(n),
            oracles=("finite_difference",),
        )
        assert found.verdict == "wrong", str(found)
    right = lambda x: power * np.abs(x) ** (power - 1) * np.sign(x)  # noqa: E731
    is_right(lambda x: np.abs(x**power).sum(), right, np.zeros(n), oracles=("finite_difference",))


@pytest.mark.parametrize(("beside", "side"), [(1e-3, -1), (1e-6, 1), (1e-9, -1), (1e-12, 1)])
def test_a_kink_that_is_near_does_not_hide_the_slope(beside, side):
    x = 1 + side * beside
    is_right(lambda x: abs(x - 1), lambda x: np.sign(x - 1), x)
    is_wrong(lambda x: abs(x - 1), lambda x: -np.sign(x - 1), x)


def rows_by_order(weights):
    def back(x):
        found = np.zeros(len(x))
        found[np.argsort(x, kind="stable")] = weights
        return found

    return back


BETWEEN = {
    "order": (lambda x: np.sort(x) @ np.array([1.0, -0.7, 0.4]), rows_by_order([1.0, -0.7, 0.4]), [-1.0, 0.1, 1.5]),
    "a dip": (lambda x: (np.abs(x + 1) - 3 * np.abs(x - 1)).sum(), lambda x: np.full(len(x), 4.0), [0.2]),
    "clip": (lambda x: (x - 3 * np.clip(x, -1, 1)).sum(), lambda x: np.full(len(x), -2.0), [0.3, -0.2]),
}
"""Functions with kinks on both sides of a point, between which they are steeper, or go another way, than beyond."""


@pytest.mark.parametrize("more", [0.0, 0.5])
def test_an_oracle_that_loses_a_part_does_not_decide_where_rounding_hides_all_that_is_near(more):
    """The complex step sees nothing of what takes the real part of a number alone, and is steady all the same."""

    def f(x):
        t = x[0].item().real
        return abs(t + 1) - 3 * abs(t - 1) + more * x[0] + 2 * x[1]

    for seed in range(4):
        found = report(f, lambda x: np.array([4 + more, 2.0]), np.array([0.2, 1e15]), seed=seed)
        assert found.verdict in {"correct", "undecided"}, str(found)


@pytest.mark.parametrize("name", BETWEEN)
@pytest.mark.parametrize("large", [1e14, 1e15, 1e16])
def test_kinks_on_both_sides_that_larger_terms_hide_are_none_of_the_point(name, large):
    """By differences, which tell nothing within such terms, the point is at a kink, between whose slopes much lies."""
    f, slope, x = BETWEEN[name]
    x = np.array([*x, large])

    def with_a_large_term(x):
        return f(x[:-1]) + 2 * x[-1]

    def right(x):
        return np.r_[slope(x[:-1]), 2.0]

    found = report(with_a_large_term, right, x)
    assert found.verdict in {"correct", "undecided"}, str(found)
    for wrong in (np.abs, lambda g: np.r_[0 * g[:-1], g[-1]], lambda g: np.r_[g[:-1] / 2, g[-1]]):
        found = report(with_a_large_term, lambda x, wrong=wrong: wrong(right(x)), x)
        same = (wrong(right(x)) == right(x)).all()
        assert found.verdict in ({"correct", "undecided"} if same else {"wrong"}), str(found)


def test_jax_alone_tells_as_well_that_kinks_lie_further_out():
    jnp = pytest.importorskip("jax.numpy", reason="JAX is not installed")
    weights = np.array([1.0, -0.7, 0.4])
    x = np.array([-1.0, 0.1, 1.5, 1e15])

    def f(x):
        return jnp.sort(x[:-1]) @ weights + 2 * x[-1]

    def right(x):
        return np.r_[rows_by_order(weights)(x[:-1]), 2.0]

    alone = {"oracles": ("jax", "finite_difference")}
    assert report(f, right, x, **alone).verdict in {"correct", "undecided"}
    is_wrong(f, lambda x: np.abs(right(x)), x, **alone)


LOST = st.tuples(st.sampled_from([-1.0, 1.0]), st.floats(-250, -25)).map(lambda one: one[0] * 10.0 ** one[1])
"""Numbers that are lost beside 1."""


def ramp(t):
    return np.maximum(t, 0)


@settings(max_examples=8)
@given(LOST, LOST, SEEDS, st.sampled_from([None, ("finite_difference",)]))
@example(-4.2e-44, 8.4e-232, 1, ("finite_difference",))
@example(3.9e-220, -6.9e-81, 2, None)
def test_kinks_that_part_by_what_is_lost_beside_an_entry_have_slopes_between_them(a, b, seed, oracles):
    """From 0 up by a slope of 1, and from there down: of a bump between two kinks no step of x[0] sees anything."""

    def f(x):
        return ramp(x[0] - 1 + x[1]) - 2 * ramp(x[0] - 1 + x[2])

    def gradient(off=0.0):
        return lambda x: np.array([up - 2 * down + off, up, -2 * down])

    x, (up, down) = np.array([1.0, a, b]), (float(a > 0), float(b > 0))
    asked = {"oracles": oracles} if oracles else {}
    is_right(f, gradient(), x, seed=seed, **asked)
    for off in (1.1 - (up - 2 * down), -2.1 - (up - 2 * down)):  # the slopes are −2, −1, 0 and 1
        is_wrong(f, gradient(off), x, seed=seed, **asked)


def projected(x):
    """The nearest point whose entries are not negative, and sum to 1."""
    falling = np.sort(x)[::-1]
    sums = np.cumsum(falling) - 1
    k = int((falling * np.arange(1, x.size + 1) > sums).sum())
    return np.maximum(x - sums[k - 1] / k, 0)


def projected_back(share=1.0):
    def vjp(x, c):
        on = projected(x) > 0
        return on * (c - share * c[on].mean())

    return vjp


@settings(max_examples=10)
@given(st.lists(LOST | st.floats(-2, -0.1), min_size=1, max_size=5), st.integers(0, 5), SEEDS)
@example([-5.3739884069653765e-134, -1.0453821025527834, 2.2250738585072014e-308], 2, 707695624)
def test_entries_that_are_on_the_border_of_a_simplex_within_rounding(others, at, seed):
    x = np.insert(others, min(at, len(others)), 1.0)
    found = report(projected, projected_back(), x, check="vjp", seed=seed)
    # Of two entries half the slopes may be lost beside 1, and the others at kinks.
    assert found.verdict == "correct" or (len(others) == 1 and found.verdict == "undecided"), str(found)
    if (np.array(others) > -0.1).any():
        is_wrong(projected, projected_back(-1.0), x, check="vjp", seed=seed)


@pytest.mark.parametrize("a", [1e-100, 1e-30, -1e-30])
def test_a_slope_between_kinks_that_are_closer_than_numbers_is_disputed(a):
    """The complex step knows the slope between two constants; between numbers there it does not show."""

    def f(x):
        return ramp(x[0] - 1 + a) - 2 * ramp(x[0] - 1 - a) + x[1]

    slope = 1.0 if a > 0 else -2.0
    x = np.array([1.0, 0.5])
    is_undecided(f, lambda x: np.array([slope, 1.0]), x, "finite differences contradict the claim")
    is_wrong(f, lambda x: np.array([1.2 * slope, 1.0]), x)
    is_wrong(f, lambda x: np.array([slope, 1.0]), x, oracles=("finite_difference",))


@pytest.mark.parametrize("large", [0.0, 1e6, 1e9])
@pytest.mark.parametrize("zero", [0.0, 1e-100])
def test_an_entry_of_0_beside_a_kink_excuses_nothing_that_slopes_nearby_do_not_show(zero, large):
    def f(x):
        return abs(x[1] - 1) + large + x[0]

    x = np.array([zero, 1.0])
    for slope in (-1.0, 0.5, 1.0):
        is_right(f, lambda x, slope=slope: np.array([1.0, slope]), x)
    for slope in (-1.5, 1.5):
        is_wrong(f, lambda x, slope=slope: np.array([1.0, slope]), x)


def range_grad(x, by=1.0):
    return one_hot(len(x), x.argmax()) - by * one_hot(len(x), x.argmin())


def variation_grad(x, by=1.0):
    signs = np.sign(np.diff(x))
    return by * np.append(0, signs) - np.append(signs, 0)


ADD_UP = {"range": (np.ptp, range_grad), "variation": (lambda x: np.abs(np.diff(x)).sum(), variation_grad)}
"""Functions whose kinks along several entries together have slopes that nearly cancel."""


@settings(max_examples=12)
@example("range", -0.8871672269602281, 0.035, 2, 1032489644)
@given(
    st.sampled_from(sorted(ADD_UP)),
    st.floats(0.01, 1000) | st.floats(-1000, -0.01),
    st.floats(-7, -0.3).map(lambda power: 10**power),
    st.integers(2, 3),
    SEEDS,
)
def test_ties_along_which_slopes_nearly_cancel_are_no_false_alarm(name, a, apart, times, seed):
    """Of steps that lead to the nearest numbers only, the difference has lost digits."""
    f, grad = ADD_UP[name]
    x = np.repeat([a, a * (1 - apart)], times)
    np.random.default_rng(seed).shuffle(x)
    is_right(f, grad, x, seed=seed)
    is_wrong(f, lambda x: grad(x, 1.01), x, seed=seed)
