import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibp import InputError
from minibp.descent.slopes import ANGLES, slopes_at, slopes_data, slopes_table
from minibp.descent.surfaces import SURFACES, Surface, surface_of

POINTS = st.tuples(st.floats(-2, 2), st.floats(-2, 2)).map(np.array)


@given(st.sampled_from(sorted(SURFACES)), POINTS)
def test_no_direction_is_steeper_than_the_steepest_and_what_is_measured_is_near(name, w):
    surface = surface_of(name)
    if not surface.gradient(w).any():
        return
    found = slopes_at(surface, w)
    assert len(found.slopes) == ANGLES + 1
    assert list(found.slopes) == sorted(found.slopes, key=lambda one: one.degrees)
    (down,) = (one for one in found.slopes if one.steepest)
    assert down.derivative == pytest.approx(-found.length, rel=1e-12)
    # h² times a third derivative, of at most 2,400 on these, and the rounding of f, at most 3,700, over h.
    limit = 2400 * (1.3e-5) ** 2 / 6 + 4 * 3700 * 2.0**-52 / 6e-6
    for one in found.slopes:
        assert one.derivative >= down.derivative - 1e-12 * found.length
        assert np.linalg.norm(one.v) == pytest.approx(1, rel=1e-12)
        assert abs(one.measured - one.derivative) <= limit


def test_without_a_gradient_differences_stand_in():
    bowl = surface_of("bowl")
    w = np.array([3.0, 4.0])
    plain, given_ = slopes_at(bowl._replace(gradient=None), w), slopes_at(bowl, w)
    assert np.allclose(plain.gradient, given_.gradient, rtol=1e-9)


def test_where_f_has_no_value_nothing_is_measured_and_that_is_shown():
    def root(w):
        if w[0] < 0:
            raise ValueError("out of its domain")
        return float(np.sqrt(w[0]) + w[1])

    surface = Surface("root", "root", root, lambda w: np.array([1.0, 1.0]))
    found = slopes_at(surface, np.array([0.0, 1.0]))
    measured = [one.measured for one in found.slopes]
    assert np.isnan(measured).any()
    assert "–" in slopes_table(found)
    assert None in [one["measured"] for one in slopes_data(found)["slopes"]]


@pytest.mark.parametrize(
    ("w", "message"),
    [
        pytest.param([1.0, 2.0, 3.0], "bowl has 3 variables, expected 2", id="three variables"),
        pytest.param([0.0, 0.0], "at a stationary point no direction is the steepest", id="the minimum"),
        pytest.param([1e200, 0.0], "f returned inf at the start", id="overflow"),
    ],
)
def test_points_without_directions_are_refused(w, message):
    with pytest.raises(InputError, match=message), np.errstate(over="ignore"):
        slopes_at(surface_of("bowl"), np.array(w))
