import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibp.check.grad.formats import FORMATS, as_format, bits_of

NORMAL = st.floats(1e-4, 6e4) | st.floats(-6e4, -1e-4)


@pytest.mark.parametrize(("name", "unit"), FORMATS)
@given(x=NORMAL)
def test_the_nearest_number_of_a_format_is_within_its_roundoff(name, unit, x):
    there = as_format(np.array([x]), name)[0]
    # bfloat16 is cut off, not rounded: that recognizes what it holds exactly as well.
    assert abs(there - x) <= (2 if name == "bfloat16" else 1) * unit * abs(x) * (1 + 1e-6)
    assert as_format(np.array([there]), name)[0] == there


@pytest.mark.parametrize(("name", "unit"), FORMATS)
@given(x=NORMAL)
def test_numbers_of_a_format_use_no_more_bits_than_it_has(name, unit, x):
    assert bits_of(as_format(np.array([x]), name))[0] <= -np.log2(unit)


@pytest.mark.parametrize(("x", "bits"), [(0.0, 0), (1.0, 1), (1.5, 2), (-0.75, 2), (1 + 2.0**-52, 53), (1 / 3, 53)])
def test_bits_are_counted_to_the_last_that_is_set(x, bits):
    assert bits_of(np.array([x]))[0] == bits
