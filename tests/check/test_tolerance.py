import numpy as np
import pytest

from minibp.check.tolerance import error_ratio, within

STEP = 2.0**-52


@pytest.mark.parametrize(
    ("got", "bound", "radius", "expected"),
    [
        (1.0, 0.0, 0.0, True),
        (1 + STEP, STEP, 0.0, True),
        (1 + STEP, 0.0, STEP, True),
        (1 + 2 * STEP, STEP, STEP, True),
        (1 + 3 * STEP, STEP, STEP, False),
        (1 - 3 * STEP, STEP, STEP, False),
        (1 + STEP, 0.0, 0.0, False),
    ],
    ids=["equal", "at the bound", "at the radius", "at their sum", "beyond", "below", "exact"],
)
def test_an_entry_is_within_bound_and_radius_and_no_further(got, bound, radius, expected):
    assert within(got, 1.0, bound, radius).item() is expected
    assert (error_ratio(got, 1.0, bound, radius) <= 1).item() is expected


@pytest.mark.parametrize(
    ("got", "expected", "bound", "result", "ratio"),
    [
        (np.nan, 1.0, 1e9, False, np.inf),
        (1.0, np.nan, 1e9, False, np.inf),
        (np.inf, np.inf, 1e9, False, np.inf),
        (np.inf, 1.0, 1e9, False, np.inf),
        (np.nan, 1.0, np.inf, True, 0.0),
        (5.0, 1.0, np.inf, True, 0.0),
        (5.0, 1.0, np.nan, True, 0.0),
    ],
    ids=["NaN", "NaN expected", "both infinite", "infinite", "NaN unresolved", "unresolved", "NaN for a bound"],
)
def test_what_is_not_finite_is_off_unless_it_is_unresolved(got, expected, bound, result, ratio):
    assert within(got, expected, bound).item() is result
    assert error_ratio(got, expected, bound).item() == ratio


def test_float32_is_compared_in_float64():
    got = np.array([1.0], np.float32)
    assert not within(got, np.array([1 + 2.0**-30]), 2.0**-31).any()
    assert error_ratio(got, np.array([1 + 2.0**-30]), 2.0**-31).item() == 2


def test_shapes_broadcast():
    assert within(np.ones((3, 1)), np.array([1.0, 2.0]), 0.5).tolist() == [[True, False]] * 3
    assert error_ratio(np.ones((3, 1)), np.array([1.0, 2.0]), 0.5).tolist() == [[0, 2]] * 3
