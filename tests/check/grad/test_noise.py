import math

import numpy as np
import pytest

from minibp.check.grad.noise import LAST, SAFETY, TAIL, Nearby, dot, grant, restricted

U = np.finfo(np.float64).eps / 2
X = np.array([0.7, -1.3, 2.1])


def nearby(seed=0):
    return Nearby(X, np.abs(X), U, np.random.default_rng(seed))


def test_points_lie_to_one_side_and_a_few_ulps_apart():
    for line in nearby().near:
        steps = np.diff([X, *line], axis=0)
        assert (np.sign(steps) == np.sign(steps[0])).all()
        # A step is at most 6 u |x|, and rounding a point adds u |x| at each end.
        assert (np.abs(steps) <= 8 * 2 * U * np.abs(X)).all()
        assert (steps != 0).all()


def test_a_function_that_rounds_to_a_grid_is_as_noisy_as_the_grid():
    grid = 1e-6
    found = nearby().noise(lambda x: np.round(np.sin(x) / grid) * grid)
    assert (found >= grid / 2).any()
    # Third differences of errors of half a grid are at most 8 halves of it; a quarter of that is seen.
    assert (found <= SAFETY * grid * (1 + 1e-6)).all()


def test_a_smooth_function_is_not_noisy():
    found = nearby().noise(np.exp)
    # Between the near points it changes by 3 steps of 6 u |x|, times its slope e^x; e^x is rounded by a few u more.
    assert (found <= SAFETY * (18 * np.abs(X) + 8) * 2 * U * np.exp(X)).all()


def test_what_has_no_value_has_no_say():
    """Values that are missing on one of the lines leave what is seen on the others."""
    points = nearby()
    (first, *_), *_ = points.near
    found = points.noise(lambda x: np.where(x == first, np.nan, np.round(x, 6)))
    assert np.isfinite(found).all()
    assert (found > 0).any()


@pytest.mark.parametrize("k", [1, 2])
def test_a_grant_is_noise_and_last_digits(k):
    v = np.array([1.0, -1.0, 0.0])[: k + 1] * ([1, 0] if k == 1 else [1, 1, 1])
    value, noise = np.array([3.0, 4.0, 100.0])[: k + 1], np.array([0.5, 0.25, 9.0])[: k + 1]
    each = (noise + LAST * U * np.abs(value))[v != 0]
    factor = 1.0 if k == 1 else TAIL
    assert grant(v, value, noise, U) == pytest.approx(factor * math.hypot(*each), rel=1e-12)


def test_a_grant_of_huge_entries_does_not_overflow():
    v = np.ones(2)
    assert math.isfinite(grant(v, np.full(2, 1e300), np.zeros(2), U))


def test_a_product_with_a_direction_is_rounded_once():
    assert dot(np.array([1e16, 1.0, -1e16]), np.ones(3)) == 1.0
    assert dot(np.array([np.inf, 2.0]), np.array([0.0, 1.0])) == 2.0
    assert math.isnan(dot(np.array([np.inf, 2.0]), np.ones(2)))


def test_a_direction_is_restricted_to_some_entries():
    v = np.array([1.0, -1.0, 1.0])
    assert restricted(v, np.array([1])).tolist() == [0.0, -1.0, 0.0]
    assert v.tolist() == [1.0, -1.0, 1.0]
