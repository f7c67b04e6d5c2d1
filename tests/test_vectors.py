import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from minibp.vectors import norm, unit

VECTORS = arrays(np.float64, st.integers(1, 8), elements=st.floats(-1e307, 1e307))


@given(VECTORS)
def test_a_norm_is_that_of_exact_numbers(v):
    # hypot is right to within a rounding; here every entry is divided, squared and summed, and the root multiplied.
    assert norm(v) == pytest.approx(math.hypot(*v), rel=(len(v) + 6) * 2.0**-53, abs=5e-324 * (len(v) + 6))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_overflows_or_vanishes_on_the_way(dtype):
    large, small = np.finfo(dtype).max / 4, np.finfo(dtype).tiny
    for scale in (large, small):
        v = np.array([3.0, -4.0], dtype) * dtype(scale / 4)
        assert norm(v) == pytest.approx(5 * (float(scale) / 4), rel=1e-6)
        assert np.allclose(unit(v), [0.6, -0.8], rtol=1e-6)
        assert unit(v).dtype == dtype


def test_what_is_not_finite_stays_so():
    assert norm(np.zeros(2)) == 0
    assert norm(np.array([1.0, np.inf])) == np.inf
    assert math.isnan(norm(np.array([1.0, np.nan])))
    assert norm(np.full(4, 1.5e308)) == np.inf
