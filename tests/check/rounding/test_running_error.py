from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibp.check.rounding.arithmetic import arithmetic_of
from minibp.check.rounding.running_error import RunningError, explains

TO = arithmetic_of("float32")
NUMBERS = st.integers(-(2**20), 2**20).map(lambda n: n / 1024)
EXPRESSIONS = {
    "sum": lambda p, q, r: p + q - r,
    "difference from a constant": lambda p, q, r: 1 - p * q,
    "product": lambda p, q, r: p * q * r,
    "quotient": lambda p, q, r: p / (q * q + 1) - r,
    "reciprocal": lambda p, q, r: 2 / (q * q + 1) + -r,
}


@given(st.sampled_from(sorted(EXPRESSIONS)), NUMBERS, NUMBERS, NUMBERS)
def test_float32_stays_within_the_error_of_what_is_exact(name, p, q, r):
    expression = EXPRESSIONS[name]
    running = expression(*(RunningError.exact(np.array([one]), TO) for one in (p, q, r)))
    computed = expression(*(np.array([one], np.float32) for one in (p, q, r)))
    exact = expression(*map(Fraction, (p, q, r)))
    assert explains(running, computed.astype(np.float64))
    assert abs(Fraction(float(computed[0])) - exact) <= Fraction(float(running.error[0] + TO.u * abs(exact)))


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 5))
def test_products_and_sums_of_arrays(seed, m, n):
    rng = np.random.default_rng(seed)
    p, q = rng.standard_normal((m, n)).astype(np.float32), rng.standard_normal((n, m)).astype(np.float32)
    running = RunningError.exact(p, TO)
    assert explains(running @ q, (p @ q).astype(np.float64))
    assert explains(q @ running, (q @ p).astype(np.float64))
    assert explains(running.T.sum(axis=0)[0], p.T.sum(axis=0, dtype=np.float64)[0])
    assert running.T.shape == (n, m)
    assert explains(np.ones(m) @ running, p.sum(axis=0).astype(np.float64))
    assert explains(running.sum(), np.asarray(p.sum(), np.float64))


def test_a_number_beyond_its_error_is_not_explained():
    third = RunningError.exact(np.array([1.0]), TO) / np.array([3.0])
    assert explains(third, np.array([1 / 3]))
    assert not explains(third, np.array([1 / 3 + 1e-5]))
    assert not explains(third, np.array([np.nan]))


def test_a_divisor_that_may_be_zero_tells_nothing():
    one = RunningError.exact(np.array([1.0]), TO)
    assert np.isinf((one / np.array([0.0])).error[0])
    assert np.isinf((one / RunningError(np.array([1e-9]), np.array([1e-8]), TO)).error[0])


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [(1.0, np.inf, True), (np.inf, np.inf, True), (np.nan, np.inf, False), (1.0, np.nan, False), (np.inf, 1.0, False)],
    ids=["unbounded", "infinite and unbounded", "NaN", "NaN for an error", "infinite"],
)
def test_a_prediction_that_is_not_a_number_explains_nothing(value, error, expected):
    assert explains(RunningError(np.array([value]), np.array([error]), TO), np.array([2.0])) is expected
