import numpy as np
import pytest
from grad_programs import seen_at
from hypothesis import given
from hypothesis import strategies as st

from minibp.check.grad.inexact import first_moves, jump_near, roughness


def jump(f, x, seed=3):
    with np.errstate(all="ignore"):
        return jump_near(seen_at(f, x, seed), np.ones(1), abs(x), 0)


@given(st.floats(-8, -1), st.floats(-3, -1.1), st.integers(0, 99))
def test_a_jump_is_found_with_its_height(height, distance, seed):
    height, edge = 10.0**height, 0.7 * (1 + 10.0**distance)
    found = jump(lambda x: np.sin(x) + height * (x > edge), 0.7, seed)
    assert found is not None
    assert found.height == pytest.approx(height, rel=1e-3, abs=1e-13)


@pytest.mark.parametrize(
    "f",
    [np.sin, np.abs, lambda x: np.maximum(x - 0.72, 0), lambda x: np.abs(x - 0.7) ** 1.5, lambda x: 1e6 + np.exp(x)],
    ids=["sin", "abs", "a kink nearby", "a cusp", "an offset"],
)
def test_what_is_continuous_has_no_jump(f):
    for seed in range(5):
        assert jump(f, 0.7, seed) is None


@pytest.mark.parametrize("decimals", [2, 4, 6, 9])
def test_the_height_of_a_staircase_is_its_step(decimals):
    assert jump(lambda x: np.round(np.sin(x), decimals), 0.7).height == pytest.approx(10.0**-decimals, rel=1e-3)


def test_the_teeth_of_cancellation_are_jumps():
    """(1 − cos x)/x² at 1e-4 is smooth between the last digits of cos x, and jumps with them."""
    assert jump(lambda x: (1 - np.cos(x)) / x**2, 1e-4).height == pytest.approx(1.1e-16 / 1e-8, rel=2)


def test_slopes_that_wander_are_rough_and_those_of_smooth_functions_are_not():
    def wandering(x):
        return np.sin(x) + 1e-7 * np.abs(np.sin(40 * x)) * x

    with np.errstate(all="ignore"):
        rough = roughness(seen_at(wandering, 0.7), np.ones(1), 0.7, 1e-5, 0)
        smooth = roughness(seen_at(np.sin, 0.7), np.ones(1), 0.7, 1e-5, 0)
        nowhere = roughness(seen_at(lambda x: np.where(x == 0.7, 1.0, np.nan), 0.7), np.ones(1), 0.7, 1e-5, 0)
    assert rough > 1e-7
    assert smooth < 1e-9
    assert nowhere == 0


@pytest.mark.parametrize("size", [1e-310, 1e-200, 1.0, 1e200])
@pytest.mark.parametrize("x", [1e-300, 0.7, 1e300])
def test_smooth_functions_of_any_size_have_a_roughness(size, x):
    with np.errstate(all="ignore"):
        found = roughness(seen_at(lambda t: size * np.sin(t / x), x), np.ones(1), x, 1e-5 * x, 0)
    assert found <= 1e-6 * size / x


@pytest.mark.parametrize("power", [2, 3])
@pytest.mark.parametrize("side", [1, -1])
def test_where_a_power_first_moves_is_where_it_no_longer_underflows(power, side):
    """Also where it moves on one side alone."""
    seen = seen_at(lambda x: np.maximum(side * x[0], 0) ** power, np.zeros(1))
    distance, by = first_moves(seen, np.ones(1), 1e-300, 1e-5, 0)
    assert distance**power > 0
    assert (distance / 2) ** power < 1e-322
    assert by == pytest.approx(distance**power, abs=5e-324)
    assert first_moves(seen, np.ones(1), 1e-310, 1e-300, 0) == (1e-300, 0.0)
