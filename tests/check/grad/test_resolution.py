import numpy as np
import pytest
from grad_programs import seen_at, unit

from minibp.check.grad.column import Column, Direction
from minibp.check.grad.resolution import LOST, RESOLVED, STEADY, ZERO, Resolution

U = 2.0**-53


def column(got, allowed=0.0):
    found = Column(Direction.of(unit(0, 1)), 1.0, np.array([got]), np.zeros(1))
    found.allowed[:] = allowed
    return found


def resolution(largest=1.0, at=1.0):
    return Resolution(seen_at(lambda x: at * x, np.ones(1)), largest, U)


@pytest.mark.parametrize(
    ("got", "value", "tolerance", "allowed", "expected"),
    [
        pytest.param(1.0, 1.0, 0.9 * RESOLVED, 0.0, True, id="small beside the slope"),
        pytest.param(1.0, 1.0, 1.1 * RESOLVED, 0.0, False, id="large beside it"),
        pytest.param(0.0, 0.0, 1e-300, 0.0, True, id="exactly 0"),
        pytest.param(0.0, 0.0, 0.9 * ZERO, 0.0, True, id="0 beside the largest"),
        pytest.param(0.0, 0.0, 1.1 * ZERO, 0.0, False, id="0 that is told badly"),
        pytest.param(1e-9, 0.0, 0.9 * ZERO, 1.1e-9 / LOST, True, id="0 as far as its rounding goes"),
        pytest.param(1e-9, 0.0, 0.9 * ZERO, 0.9e-9 / LOST, False, id="not 0 by its rounding"),
        pytest.param(1.0, 1.0, np.inf, 0.0, False, id="nothing is told"),
    ],
)
def test_a_tolerance_is_small_beside_what_it_is_for(got, value, tolerance, allowed, expected):
    told = resolution().is_resolved(column(got, allowed), np.array([value]), np.array([tolerance]))
    assert told.tolist() == [expected]


@pytest.mark.parametrize(
    ("error", "radius", "expected"),
    [
        pytest.param(1e-4, 1e-13, True, id="half of the digits"),
        pytest.param(1e-9, 1e-13, False, id="fewer"),
        pytest.param(1e-4, 2e-3 / STEADY, False, id="the oracle is no better"),
    ],
)
def test_digits_are_lost_where_an_oracle_keeps_them(error, radius, expected):
    found = column(1.0, 1e-3)
    found.values["jax"] = np.array([1.0 + error]), np.array([radius])
    assert resolution().is_lost(found, "jax", np.array([error])).tolist() == [expected]
    found.values["finite_difference"] = found.values["jax"]
    assert not resolution().is_lost(found, "finite_difference", np.array([error])).any()


def test_rounding_of_the_size_of_f_or_of_the_largest_slope_is_not_lost():
    found = column(1e-9, 1e-6)
    found.values["jax"] = np.array([2e-9]), np.array([1e-22])
    for largest, at in ((1e6, 1.0), (1.0, 1e6)):
        assert not resolution(largest, at).is_lost(found, "jax", np.array([1e-9])).any()
    assert resolution(1e-6, 1e-6).is_lost(found, "jax", np.array([1e-9])).all()
