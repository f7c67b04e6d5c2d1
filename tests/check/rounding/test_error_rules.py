import mpmath
import numpy as np
import pytest
from grad_kinds import normal
from hypothesis import given
from hypothesis import strategies as st

from minibp.check.rounding.error_array import ErrorArray
from minibp.check.rounding.error_rules import MONOTONE, RULES, Unfollowed, bilinear, compared, gamma, propagated, unit

EXACT = {
    np.exp: mpmath.exp,
    np.log: mpmath.log,
    np.tanh: mpmath.tanh,
    np.sqrt: mpmath.sqrt,
    np.sin: mpmath.sin,
    np.log1p: mpmath.log1p,
    np.arctan: mpmath.atan,
}


@pytest.mark.parametrize("ufunc", EXACT, ids=lambda ufunc: ufunc.__name__)
@given(x=st.floats(0.01, 30), part=st.floats(0, 1e-3), at=st.floats(-1, 1))
def test_a_number_within_its_error_is_taken_no_further_than_the_bound(ufunc, x, part, at):
    one = ErrorArray(np.array([x]), part * x)
    result = ufunc(one.value)
    error, local = propagated(ufunc, [one], result)
    with mpmath.workdps(60):
        exact = EXACT[ufunc](mpmath.mpf(x) + mpmath.mpf(at) * mpmath.mpf(one.error[0]))
        off = abs(exact - mpmath.mpf(result[0]))
    assert off <= (error + local * unit(result) * np.abs(result) + 5e-324)[0]


def test_sums_of_products_are_bound_by_their_number():
    """Of n numbers of one sign the error of a sum is at most n u times the sum: nearly reached in bad orders."""
    n = 4096
    a, b = ErrorArray(np.full(n, 1 / 3)), ErrorArray(np.full(n, 0.1))
    bound = bilinear(np.dot, a, b, n)
    assert bound == pytest.approx(gamma(n, a.value) * n / 30, rel=1e-12)
    exact = n * mpmath.mpf(1 / 3) * mpmath.mpf(0.1)
    assert abs(float(mpmath.mpf(float(np.dot(a.value, b.value))) - exact)) <= bound


def test_so_many_operations_that_no_digit_is_left_have_no_bound():
    assert gamma(2**25, np.ones(1, np.float32)) == np.inf
    assert gamma(2**25, np.ones(1)) < 1e-8


def test_comparisons_within_the_errors_are_refused():
    a, b = ErrorArray(np.array([1.0]), 1e-3), ErrorArray(np.array([1.0005]))
    with pytest.raises(Unfollowed):
        compared(a.value < b.value, a, b)
    far = ErrorArray(np.array([1.1]))
    assert compared(a.value < far.value, a, far).all()


def test_what_has_no_rule_is_refused():
    one = ErrorArray(np.ones(2))
    with pytest.raises(Unfollowed, match="heaviside"):
        propagated(np.heaviside, [one, one], one.value)
    assert set(RULES) >= MONOTONE
    with pytest.raises(Unfollowed, match="power"):
        propagated(np.power, [one, ErrorArray(np.ones(2), 1e-9)], one.value)


@pytest.mark.parametrize("seed", range(3))
def test_quotients_by_what_may_be_0_have_no_bound(seed):
    by = ErrorArray(normal(seed, 4), 10.0)
    with np.errstate(divide="ignore"):
        error, _ = propagated(np.divide, [ErrorArray(np.ones(4)), by], 1 / by.value)
    assert np.isinf(error).all()
