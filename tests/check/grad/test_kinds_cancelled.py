"""Sums that hardly change: slope and claim are both the rounding of 0."""

import math

import numpy as np
import pytest
from case_ids import written_out
from grad_kinds import is_right, is_wrong, normal, report, said
from hypothesis import given, settings
from hypothesis import strategies as st

WEIGHTS = {"sum": 1.0, "0.99 of the sum": 0.99, "minus the sum": -1.0, "7 times the sum": 7.0}


def normalised(x):
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    return centred / spread, spread


def pulled_back(x, up, term=True):
    n, spread = normalised(x)
    return (up - up.mean(-1, keepdims=True) - term * n * (up * n).mean(-1, keepdims=True)) / spread


@pytest.mark.parametrize(
    ("weight", "shape", "seed"),
    [(weight, *(((3, 8), 0), ((1, 5), 2))[k % 2]) for k, weight in enumerate(WEIGHTS)],
    ids=written_out,
)
def test_the_sum_of_normalised_rows_shows_no_backward_pass(weight, shape, seed):
    up, x = np.full(shape, WEIGHTS[weight]), normal(seed, *shape)

    def f(v):
        return (normalised(v)[0] * up).sum()

    for claim in (lambda v: pulled_back(v, up), lambda v: pulled_back(v, up, term=False), np.zeros_like):
        found = report(f, claim, x, seed=seed)
        assert found.verdict in {"undecided", "correct"}, str(found)
        assert "weight its terms" in said(found)
    is_wrong(f, lambda v: pulled_back(v, up) + 1e-3, x)


@pytest.mark.parametrize(("shape", "seed"), [((3, 8), 0), ((1, 5), 1)], ids=written_out)
def test_weighted_outputs_of_a_norm_show_it(shape, seed):
    up, x = normal(seed + 50, *shape), normal(seed, *shape)

    def f(v):
        return (normalised(v)[0] * up).sum()

    is_right(f, lambda v: pulled_back(v, up), x)
    is_wrong(f, lambda v: pulled_back(v, up, term=False), x)
    is_right(lambda v: normalised(v)[0], pulled_back, x, check="vjp")
    is_wrong(lambda v: normalised(v)[0], lambda v, c: pulled_back(v, c, term=False), x, check="vjp")


@pytest.mark.parametrize(("n", "seed"), [(4, 0), (8, 1)])
def test_a_norm_whose_statistics_are_held_is_named(n, seed):
    x = normal(seed, 3, n)

    def held(v, c):
        return c / normalised(v)[1]

    is_wrong(lambda v: normalised(v)[0], held, x, "statistics_held_constant", check="vjp")

    def variance_held(v, c):
        return pulled_back(v, c, term=False)

    is_wrong(lambda v: normalised(v)[0], variance_held, x, "statistics_held_constant", check="vjp")


@settings(max_examples=6)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_sums_of_probabilities_are_no_false_alarm(seed, n):
    def f(x):
        e = np.exp(x - x.real.max())
        return (e / e.sum()).sum()

    found = report(f, np.zeros_like, normal(seed, n), seed=seed % 1000)
    assert found.verdict in {"correct", "undecided"}, str(found)
    is_wrong(f, lambda x: np.full(n, 0.01), normal(seed, n))


UNITS = {
    "tanh": (np.tanh, lambda x: np.cosh(x) ** -2.0, (11, 19)),
    "logistic": (lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2, (20, 36)),
    "1 - exp(-x)": (lambda x: 1 - np.exp(-x), lambda x: np.exp(-x), (20, 36)),
}
"""Saturating functions, their slopes, and arguments at which these are far below the rounding of 1."""
SUMS = {
    "of opposite signs": lambda n: np.where(np.arange(n) % 2, -1.0, 1.0),
    "mean of opposite signs": lambda n: np.where(np.arange(n) % 2, -1.0, 1.0) / n,
    "one less the mean of the rest": lambda n: np.r_[1.0, np.full(n - 1, -1 / (n - 1))],
}


@settings(max_examples=25)
@given(
    st.sampled_from(list(UNITS)), st.sampled_from(list(SUMS)), st.integers(2, 5), st.booleans(), st.integers(0, 10**6)
)
def test_saturated_terms_that_cancel_hide_slopes_that_are_not_0(unit, by, n, complex_too, seed):
    """tanh 17 - tanh 13 moves by whole steps of the rounding of 1, far larger than that of its value."""
    rng = np.random.default_rng(seed)
    function, slope, (least, most) = UNITS[unit]
    weights, x = SUMS[by](n), rng.uniform(least, most, n)

    def f(x):
        return (weights * function(x if complex_too else np.asarray(x, float))).sum()

    def claim(x):
        return weights * slope(x)

    assert report(f, claim, x).verdict in {"correct", "undecided"}
    for factor in (0, 2, -1):
        assert report(f, lambda x, factor=factor: factor * claim(x), x).verdict in {"wrong", "undecided"}, factor


@pytest.mark.parametrize("complex_too", [True, False], ids=["with the complex step", "by differences alone"])
def test_where_the_complex_step_tells_them_a_claim_of_0_is_wrong(complex_too):
    def f(x):
        return np.tanh(x if complex_too else np.asarray(x, float)).sum()

    x = np.array([17.0, -13.0])
    assert report(f, np.zeros_like, x).verdict == ("wrong" if complex_too else "undecided")


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.maximum(x - 1.5, 0).sum() * 1e-20,
        lambda x: np.clip(x, 2, 3).sum(),
        lambda x: np.floor(x).sum(),
        lambda x: 1.6e-19 * sum(map(math.floor, 7 * x)),
        lambda x: np.maximum(x - 1.5, 0).sum() - 1,
    ],
    ids=["relu times 1e-20", "clip", "floor", "charges", "relu minus 1"],
)
def test_a_function_that_stands_still_has_slopes_of_0(f):
    is_right(f, np.zeros_like, np.array([1.2345, 1.46]))
