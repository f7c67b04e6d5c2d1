import numpy as np
import pytest
from grad_programs import seen_at, unit
from hypothesis import given
from hypothesis import strategies as st

from minibp.check.grad.differences import GROWTH, settled, slopes, two_sided
from minibp.check.grad.levels import Levels
from minibp.check.rounding.noise import SAFETY

SMOOTH = {
    "sin": (np.sin, np.cos),
    "exp": (np.exp, np.exp),
    "cube": (lambda x: x**3, lambda x: 3 * x**2),
    "a bell": (lambda x: 1 / (1 + x**2), lambda x: -2 * x / (1 + x**2) ** 2),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "square root": (lambda x: np.sqrt(x**2 + 1), lambda x: x / np.sqrt(x**2 + 1)),
}


def along(f, x, k=0, reach=1.0, **given):
    with np.errstate(all="ignore"):
        seen = seen_at(f, x, **given)
        base = float(seen.arguments.scale[k])
        return slopes(seen, unit(k, len(seen.arguments)), base, max(reach, float(seen.arguments.scale.max())))


@given(st.sampled_from(sorted(SMOOTH)), st.floats(0.2, 2), st.integers(-900, 900), st.integers(0, 99))
def test_the_slope_is_within_its_radius_at_every_scale(name, x, power, seed):
    """f(x / s) for s from 1e-270 to 1e270: the size of x is no clue but to itself."""
    f, prime = SMOOTH[name]
    s = 2.0**power
    found = along(lambda x: f(x / s), s * x, seed=seed)
    exact = prime(np.longdouble(x)) / s
    assert abs(found.value[0] - exact) <= found.radius[0] <= 1e-6 * abs(exact)
    assert not found.kink[0]
    assert not found.jumps[0]
    for side, radius in ((found.left, found.left_radius), (found.right, found.right_radius)):
        assert abs(side[0] - exact) <= radius[0]


@given(st.sampled_from(sorted(SMOOTH)), st.floats(0.3, 2), st.integers(0, 12))
def test_an_offset_costs_digits_and_no_truth(name, x, digits):
    f, prime = SMOOTH[name]
    found = along(lambda x: 10.0**digits + f(x), x)
    assert abs(found.value[0] - prime(np.longdouble(x))) <= found.radius[0]


@given(st.integers(1, 40))
def test_the_finest_scale_that_is_resolved_has_the_word(power):
    """|x − a| a distance of 2^-power away from its kink: beyond that the slope is another."""
    found = along(lambda x: np.abs(x - 1), 1 + 2.0**-power)
    # The finer of two steps that both stay on this side is at least 1/64 of the way to the kink, as steps grow
    # eightfold, and f is known to within the unit roundoff of what it varies by over the size of x, four times that.
    assert abs(found.value[0] - 1) <= found.radius[0] <= 1.25 * SAFETY * 2.0**-53 * GROWTH**2 * 2.0**power


@given(st.integers(0, 200).filter(lambda digits: digits not in {15, 16}))
def test_an_exact_zero_is_no_scale(digits):
    """But that of numbers about 1, which may have cancelled: what is left of them is as wide as they are rounded."""
    width = 10.0**-digits
    found = along(lambda x: np.clip(x, -width, width), 0.0)
    assert abs(found.value[0] - 1) <= found.radius[0] <= 1e-6


@pytest.mark.parametrize("x", [0.0, 1.0, 1e6, -3e-200], ids=str)
def test_at_a_kink_each_side_has_its_slope(x):
    found = along(lambda t: 2 * np.maximum(t - x, 0) - np.minimum(t - x, 0), x)
    assert found.kink[0]
    assert abs(found.left[0] + 1) <= found.left_radius[0] <= 1e-4
    assert abs(found.right[0] - 2) <= found.right_radius[0] <= 1e-4


def test_values_that_do_not_move_say_what_the_spacing_says():
    """1 + 1e-30 x: its slope is far below what a change of the value could show."""
    found = along(lambda x: 1 + 1e-30 * x, 1.0)
    assert found.value[0] == 0
    assert 1e-30 <= found.radius[0] <= 1e-13
    assert found.still[0]


def test_a_result_of_exactly_0_may_be_what_is_left_of_numbers_as_large_as_the_others():
    """The unit roundoff of 1e6, four times that, over the largest step, which is between 1/64 and 1/8."""
    beside = along(lambda x: np.array([1e6 * x, 0 * x]), 1.0)
    assert beside.still.tolist() == [False, True]
    assert SAFETY * 2.0**-53 * 1e6 * 8 <= beside.radius[1] <= SAFETY * 2.0**-53 * 1e6 * 64
    alone = along(lambda x: 0 * x, 1.0)  # it may be left of numbers about 1
    assert SAFETY * 2.0**-53 * 8 <= alone.radius[0] <= SAFETY * 2.0**-53 * 64
    assert along(lambda x: x**4, 0.0).radius[0] <= 1e-200  # such numbers would hide where it moves first
    assert along(lambda x: np.array([1e6 * x, 2 * x - 2]), 1.0).radius[1] <= 1e-9  # it moves


def test_where_noise_is_that_of_the_point_alone_differences_tell_nothing():
    with np.errstate(all="ignore"):
        seen = seen_at(lambda x: np.array([np.sin(x), np.cos(x)]), 0.7)
        seen.singular = np.array([False, True])
        found = slopes(seen, np.ones(1), 0.7, 1.0)
    for radius in (found.radius, found.left_radius, found.right_radius):
        assert np.isinf(radius).tolist() == [False, True]


def test_a_small_entry_beside_large_ones_is_looked_at_on_their_scale():
    x = np.array([1.0, 2.0, 1e-14])
    found = along(lambda x: np.array([np.sin(x).sum()]), x, 2)
    assert abs(found.value[0] - 1) <= found.radius[0] <= 1e-6


def test_steps_of_f_are_seen():
    stairs = along(lambda x: np.round(x, 3), 0.7)
    assert stairs.flat[0]
    assert stairs.value[0] == 0
    assert not along(np.sin, 0.7).flat[0]


def test_a_jump_at_the_point_is_seen():
    assert along(lambda x: np.where(x > 1, 1.0, 0.0) + x, 1.0).jumps[0]
    assert not along(lambda x: np.where(x > 1.1, 1.0, 0.0) + x, 1.0).jumps[0]


def test_a_domain_on_one_side_has_the_slope_of_this_side():
    found = along(lambda x: np.where(x >= 1, x * np.sqrt(np.abs(x)), np.nan), 1.0)
    assert np.isinf(found.left_radius[0])
    value, radius = two_sided(found)
    assert abs(value[0] - 1.5) <= radius[0] <= 1e-6


@pytest.mark.parametrize("x", [5e-324, 1.2e-314, 1e-300, 1e308], ids=str)
def test_extreme_arguments_have_slopes(x):
    found = along(lambda t: 2 * (t / 4), x)
    assert abs(found.value[0] - 0.5) <= found.radius[0] <= 0.01


def test_results_are_told_one_by_one():
    """A function whose results are resolved on scales that are far apart."""
    found = along(lambda x: np.array([np.sin(1e6 * x), 1e3 + x, np.abs(x - 0.5), 7.0 + 0 * x]), 0.5)
    exact = [1e6 * np.cos(np.longdouble(5e5)), 1, np.nan, 0]
    for k in (0, 1, 3):
        assert abs(found.value[k] - exact[k]) <= found.radius[k]
    assert found.radius[0] <= 1e-3 * abs(exact[0])
    assert found.kink.tolist() == [False, False, True, False]


def test_where_f_has_no_value_nearby_nothing_is_told():
    found = along(lambda x: np.where(x == 1, 3.0, np.nan), 1.0)
    assert np.isinf([found.radius[0], found.left_radius[0], found.right_radius[0]]).all()
    levels = Levels(seen_at(np.sin, 1.0), np.ones(1), 1.0)
    assert np.isinf(settled(levels).radius[0])


def test_the_accuracy_that_is_stated_is_the_noise():
    exact = along(np.sin, 0.7, accuracy=1e-6)
    assert abs(exact.value[0] - np.cos(0.7)) <= exact.radius[0]
    assert 1e-6 < exact.radius[0] < 1e-3
    rounded = along(lambda x: np.round(np.sin(x), 5), 0.7, accuracy=1e-5)
    assert abs(rounded.value[0] - np.cos(0.7)) <= rounded.radius[0] < 1e-2
