"""Bounds of the user's own functions, held to numbers of many digits."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibp.check.rounding.arithmetic import Ball, arithmetic_of
from minibp.check.rounding.own_functions import error_through, local_error, noise_of, slope_error, units_of

FLOAT64 = arithmetic_of("float64")


def one_less_tail(t):
    """1 / (1 + e^-t) - 1: what is left of a probability near 1."""
    return 1 / (1 + np.exp(-t)) - 1


def log_of_one_and(t):
    return np.log(1 + np.exp(-t))


def with_scatter(t):
    """The same, in steps that no ErrorArray follows."""
    return np.array([one_less_tail(float(one)) for one in np.ravel(t)]).reshape(np.shape(t))


EXACT = {
    one_less_tail: lambda t: 1 / (1 + mp.exp(-mp.mpf(t))) - 1,
    log_of_one_and: lambda t: mp.log(1 + mp.exp(-mp.mpf(t))),
}


@pytest.mark.parametrize("function", EXACT, ids=["1 less a tail", "log of 1 and"])
@given(st.floats(0.1, 45))
def test_a_followed_bound_holds_and_is_of_the_size_of_what_cancels(function, t):
    at = np.array([t])
    with mp.workdps(40):
        off = abs(float(mp.mpf(float(function(at)[0])) - EXACT[function](t)))
    bound = local_error(function, at)[0]
    assert off <= bound
    assert bound <= 100 * 2.0**-53


@given(st.lists(st.floats(1, 30), min_size=1, max_size=4))
def test_an_estimate_covers_what_is_lost(ts):
    at = np.array(ts)
    assert error_through(with_scatter, Ball(at, 0 * at), FLOAT64) is None
    with mp.workdps(40):
        off = [
            abs(float(mp.mpf(float(v)) - EXACT[one_less_tail](t))) for v, t in zip(with_scatter(at), ts, strict=True)
        ]
    assert (np.array(off) <= noise_of(with_scatter, at)).all()
    assert (noise_of(with_scatter, at) <= 1e-12).all()


def log_cosh(t):
    return (np.abs(t) + np.log1p(np.exp(-2 * np.abs(t))) - np.log(2)).sum(-1)


def log_of_logits(t):
    return np.log(np.exp(t).sum(-1)) - t[..., 0]


def slopes(function, at):
    """By the rule of the chain, as an oracle has them."""
    if function is log_cosh:
        e = np.exp(-2 * np.abs(at))
        return np.sign(at) * (1 - 2 * e / (1 + e))
    share = np.exp(at) / np.exp(at).sum(-1, keepdims=True)
    return share - np.eye(at.shape[-1])[0]


@given(st.lists(st.floats(-12, 12), min_size=1, max_size=4))
def test_slopes_through_code_are_as_good_as_is_said(ts):
    at = np.array([ts])
    with mp.workdps(40):
        exps = [mp.exp(mp.mpf(t)) for t in ts]
        others = [-mp.fsum(exps[1:]) / mp.fsum(exps), *(one / mp.fsum(exps) for one in exps[1:])]
        exact = {log_cosh: [[float(mp.tanh(t)) for t in ts]], log_of_logits: [list(map(float, others))]}
    for function, expected in exact.items():
        bound = slope_error(function, at, FLOAT64)
        assert bound.shape == at.shape
        assert (np.abs(slopes(function, at) - np.array(expected)) <= bound + 5e-324).all()
        assert (bound <= 1e-13).all()


def test_of_slopes_through_code_that_is_not_followed_nothing_is_said():
    assert slope_error(with_scatter, np.ones((2, 3)), FLOAT64).tolist() == [[0.0] * 3] * 2
    assert slope_error(np.sqrt, np.ones((2, 3)), FLOAT64).tolist() == [[0.0] * 3] * 2  # no sum over outputs


def test_an_error_of_the_argument_goes_through_with_its_slope():
    at = Ball(np.array([2.0]), np.array([1e-6]))
    error = error_through(lambda t: 3 * t, at, FLOAT64)
    assert 3e-6 <= error[0] <= 3.01e-6


def test_a_coarser_arithmetic_rounds_more():
    at = Ball(np.array([20.0]), np.array([0.0]))
    fine, coarse = (error_through(one_less_tail, at, arithmetic_of(dtype)) for dtype in ("float64", "float32"))
    assert coarse[0] / fine[0] == pytest.approx(2.0**29, rel=1e-6)
    assert units_of(arithmetic_of("float64", 16.0)) == 2


def test_estimates_are_the_same_each_time_and_nothing_is_changed():
    at = np.array([0.0, 1.0, -3.0])
    kept = at.copy()
    assert np.array_equal(noise_of(with_scatter, at), noise_of(with_scatter, at))
    assert np.array_equal(at, kept)
