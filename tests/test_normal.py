import mpmath
import numpy as np
import pytest

from minibp import normal
from minibp.check.rounding.arithmetic import LIBRARY_ERROR

LEFT = {np.float64: -37.5, np.float32: -13.0}
"""As far as numbers are normal."""
EDGES = np.sqrt(2) * np.array([0.46875, 4.0])


def points(dtype):
    """All ranges of the rational functions, and both sides of their ends."""
    rng = np.random.default_rng(1)
    parts = [rng.uniform(low, high, 400) for low, high in ((LEFT[dtype], 9), (-6, 6), (-0.7, 0.7), (-1e-6, 1e-6))]
    beside = [sign * edge * (1 + off) for sign in (-1, 1) for edge in EDGES for off in (-1e-6, 0, 1e-6)]
    return np.concatenate([*parts, beside, [0.0]]).astype(dtype)


def exact(function, z):
    with mpmath.workdps(40):
        return np.array([float(function(mpmath.mpf(float(t)))) for t in z])


@pytest.mark.parametrize("dtype", LEFT, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize(
    ("ours", "theirs"), [(normal.distribution, mpmath.ncdf), (normal.density, mpmath.npdf)], ids=["Φ", "φ"]
)
def test_they_are_library_functions_to_the_error_that_is_granted_to_these(dtype, ours, theirs):
    z, u = points(dtype), np.finfo(dtype).eps / 2
    got, want = ours(z), exact(theirs, z)
    assert got.dtype == dtype
    assert np.all(np.abs(got - want) <= LIBRARY_ERROR * u * want)
    assert np.any(got != want.astype(dtype))  # of so many one is not rounded correctly: they are compared


def test_the_formula_with_erf_loses_its_digits_on_the_left_so_that_the_test_above_can_fail():
    z = np.array([-8.0])
    naive = 0.5 * (1 + float(mpmath.erf(z[0] / np.sqrt(2))))
    assert abs(naive / normal.distribution(z)[0] - 1) > 1e-8


def test_nothing_overflows_however_far_out():
    z = np.array([-1e300, -1e4, -60.0, 60.0, 1e4, 1e300])
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        assert normal.distribution(z).tolist() == [0, 0, 0, 1, 1, 1]
        assert normal.density(z).tolist() == [0] * 6


def test_both_sides_add_up_to_1():
    z = points(np.float64)
    assert np.allclose(normal.distribution(z) + normal.distribution(-z), 1, rtol=0, atol=1e-15)
