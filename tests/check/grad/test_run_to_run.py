import numpy as np
import pytest
from grad_kinds import is_right, is_wrong, report, said
from hypothesis import given, settings
from hypothesis import strategies as st

from minibp.check.grad.run_to_run import CALLS, granted, run_to_run

X = np.random.default_rng(3).standard_normal(400)
UNIT = 2.0**-53


class InAnyOrder:
    """Sums whose terms come in another order at each call, as threads add them."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def sum(self, terms):
        total = 0.0
        for term in self.rng.permutation(terms):
            total += term
        return total


@pytest.mark.parametrize("seed", range(3))
def test_sums_in_another_order_are_granted_and_said(seed):
    order, x = InAnyOrder(seed), X[:30]
    found = is_right(lambda x: order.sum(np.exp(x)), np.exp, x)
    assert "f differs from call to call in the last digits" in said(found)
    weights = np.random.default_rng(0).standard_normal((30, 3))

    def backward(x, c):
        return np.array([order.sum(row * c) for row in weights])

    also = is_right(lambda x: x @ weights, backward, x, check="vjp")
    assert "backward differs from call to call in the last digits, as sums" in said(also)
    is_wrong(lambda x: order.sum(np.exp(x)), lambda x: 1.001 * np.exp(x), x)
    is_right(lambda x: x @ weights, lambda x, v: np.array([order.sum(v * w) for w in weights.T]), x, check="jvp")


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(3, 12))
def test_sums_that_are_mostly_the_same_are_granted_as_well(seed, terms):
    """Of few terms: the first calls often give the same, and show nothing."""
    order = InAnyOrder(seed)
    is_right(lambda x: order.sum(np.exp(x)), np.exp, X[:terms], seed=seed)


@pytest.mark.parametrize("by", [1e-2, 1e-9, 1e-11])
def test_what_is_more_than_that_is_state(by):
    calls = iter(range(10**9))
    found = report(lambda x: np.exp(x).sum() * (1 + by * (next(calls) % 2)), np.exp, X[:5])
    assert found.verdict == "undecided"
    assert "expected the same number" in said(found)


def test_what_differs_is_measured_over_some_calls():
    rng = np.random.default_rng(0)

    def call():
        return 1 + UNIT * rng.integers(-9, 10, 2).astype(float)

    apart = run_to_run(np.ones(2), call(), call, UNIT)
    assert (apart > 0).all()
    assert (apart <= 10 * UNIT).all()
    asked = []
    assert run_to_run(np.ones(1), np.ones(1), lambda: asked.append(0) or np.ones(1), UNIT).tolist() == [0.0]
    assert len(asked) == CALLS


@pytest.mark.parametrize(
    "again",
    [np.array([1.0, 2 + 1e-9]), np.ones(3), np.array([1.0, np.nan]), np.array([1.0, np.inf])],
    ids=["more than rounding", "another shape", "no number", "infinite"],
)
def test_more_is_not_granted(again):
    assert run_to_run(np.array([1.0, 2.0]), again, lambda: again, UNIT) is None


def test_the_largest_result_is_what_sums_are_of():
    assert granted(np.array([1e-9, -4.0, np.nan]), UNIT) == pytest.approx(4096 * UNIT)
    assert granted(np.array([np.nan]), UNIT) == 0
