import numpy as np
import pytest
from grad_programs import seen_at, unit
from hypothesis import given
from hypothesis import strategies as st

from minibp.check.grad.levels import FADED, Agreement, Levels
from minibp.check.rounding.noise import SAFETY

U = 2.0**-53
X = np.array([1.5, -0.25])


@pytest.fixture(autouse=True)
def _quiet():
    """As within a check: what has no value is NaN."""
    with np.errstate(all="ignore"):
        yield


def levels_of(f, x=X, v=None, steps=(), **given):
    """Levels of f along its first entry, or along v, with these steps."""
    seen = seen_at(f, x, **given)
    levels = Levels(seen, unit(0, len(seen.arguments)) if v is None else v, 1.0)
    for h in steps:
        levels.add(h, len(levels.steps))
    return levels


def squares(x):
    return x * x


def agreed(order, quotients, noises, steps):
    found = Agreement(1, order)
    for quotient, noise, h in zip(quotients, noises, steps, strict=True):
        found.add(np.array([quotient]), np.array([noise]), h)
    return found


def parts(one):
    """All that an agreement says, so that what is not told yet is equal too."""
    return [np.nan_to_num(part, nan=-1).tolist() for part in (one.value, one.radius, one.step, one.last_change)]


# -- values


@given(st.floats(1e-300, 1e3), st.floats(-1e3, 1e3))
def test_a_step_is_what_the_entry_is_moved_by(h, x):
    """Numbers are where they are: x + h is rounded, and may be x."""
    levels = levels_of(squares, np.array([x, 2.0]))
    step, value = levels.value(h)
    if x + h == x:
        assert np.isnan(step)
        assert np.isnan(value).all()
    else:
        assert step == (x + h) - x
        assert value == pytest.approx([(x + h) ** 2, 4.0], rel=1e-15)  # powers differ in the last digit


def test_along_several_entries_a_step_is_lost_where_an_entry_does_not_move_as_meant():
    """Half of a unit in the last place of 1 is no step of it, however well 1e-20 beside it moves."""
    for h, lost in ((1e-15, True), (1e-17, True), (1e-10, False)):
        levels = levels_of(squares, np.array([1.0, 1e-20]), np.array([1.0, 1.0]))
        step, value = levels.value(h)
        assert np.isnan(step) == np.isnan(value).all() == lost
        assert lost or step == pytest.approx(h, rel=0.05)


def test_a_step_along_a_direction_is_in_units_of_the_direction():
    levels = levels_of(squares, v=np.array([2.0, -4.0]))
    step, value = levels.value(2.0**-10)
    assert step == 2.0**-10
    assert value.tolist() == ((X + 2.0**-10 * np.array([2.0, -4.0])) ** 2).tolist()


# -- levels


def test_a_level_has_the_quotients_of_both_sides():
    h = 2.0**-10
    table = levels_of(squares, steps=[h]).table()
    assert table.h.tolist() == [h]
    assert table.after[0].tolist() == [(1.5 + h) ** 2, 0.0625]
    assert table.before[0].tolist() == [(1.5 - h) ** 2, 0.0625]
    assert (table.central[0].tolist(), table.left[0].tolist(), table.right[0].tolist()) == (
        [3, 0],
        [3 - h, 0],
        [3 + h, 0],
    )


def test_quotients_are_as_noisy_as_the_values_that_they_are_made_of():
    """The noise of f at the point, and the rounding of what a value nearby is larger by."""
    h = 2.0**-4
    for accuracy in (0.0, 1e-3):
        levels = levels_of(lambda x: np.exp(8 * x), np.array([0.0]), steps=[h], accuracy=accuracy)
        own = 0.0 if accuracy else SAFETY * U
        noise = float(levels.function.noise[0])
        noise_after = noise + own * (np.exp(8 * h) - 1)  # before it f is smaller
        table = levels.table()
        assert noise == accuracy or not accuracy
        assert table.left_noise[0] == pytest.approx([2 * noise / h])
        assert table.right_noise[0] == pytest.approx([(noise + noise_after) / h])
        assert table.central_noise[0] == pytest.approx([(noise + noise_after) / (2 * h)])


def test_steps_that_move_nothing_are_no_levels():
    levels = levels_of(squares, steps=[1e-18, 2.0**-10])
    assert levels.steps == [(2.0**-10, 2.0**-10)]
    assert len(levels.rows) == 1


def test_where_f_ends_one_side_alone_has_values():
    levels = levels_of(lambda x: np.where(x >= 0, x, np.nan), np.array([0.0]), steps=[2.0**-10, 2.0**-7, 2.0**-4])
    both, left, right = levels.agreed()
    assert np.isinf([both.radius[0], left.radius[0]]).all()
    assert np.isnan([both.value[0], left.value[0]]).all()
    assert right.value[0] == 1
    assert right.radius[0] <= 1e-13


@given(st.permutations(range(6)))
def test_levels_agree_on_the_same_in_whatever_order_they_were_added(order):
    """Each is inserted at its place, from the finest to the coarsest; what they agree on is kept in between."""
    steps = [1e-9 * 8.0**k for k in range(6)]
    straight = levels_of(np.sin, steps=steps)
    mixed, there = levels_of(np.sin), []
    for k in order:
        mixed.add(steps[k], sum(other < k for other in there))
        there.append(k)
        mixed.agreed()
    assert mixed.steps == straight.steps == sorted(straight.steps)
    assert [parts(one) for one in mixed.agreed()] == [parts(one) for one in straight.agreed()]
    assert np.array_equal(mixed.table().central, straight.table().central)


@given(st.integers(1, 6))
def test_the_first_levels_are_those_alone(count):
    steps = [1e-6 * 8.0**k for k in range(6)]
    whole = levels_of(np.sin, steps=steps)
    whole.agreed()
    first, own = whole.first(count), levels_of(np.sin, steps=steps[:count])
    assert first.steps == own.steps
    assert [parts(one) for one in first.agreed()] == [parts(one) for one in own.agreed()]


# -- agreement


@given(st.sampled_from([1, 2]), st.floats(-10, 10), st.floats(-10, 10))
def test_the_error_of_the_known_order_is_taken_off(order, slope, bend):
    """s + c h and s + c h² leave nothing but rounding, which quotients here have none of."""
    steps = [2.0**-k for k in (12, 9, 6)]
    found = agreed(order, [slope + bend * h**order for h in steps], [0.0] * 3, steps)
    assert abs(found.value[0] - slope) <= 4 * U * (abs(slope) + abs(bend)) + 8 * 5e-324
    # A quarter of how much the finest two are apart at order 2, half at order 1, both within c (8h)^order.
    assert found.radius[0] <= abs(bend) * (8 * steps[0]) ** order + 4 * U * (abs(slope) + abs(bend)) + 8 * 5e-324
    assert found.step[0] == steps[0] or abs(bend) <= U * abs(slope) / steps[0] ** order


@given(st.sampled_from([1, 2]), st.floats(-10, 10), st.floats(1e-14, 1e-6), st.integers(0, 2**32 - 1))
def test_the_slope_is_within_the_radius_whatever_the_noise_does(order, slope, noise, seed):
    """Quotients of e^(3t) s with values off by up to `noise`, each way: the larger the step the less it matters."""
    rng = np.random.default_rng(seed)
    steps = 1e-10 * 8.0 ** np.arange(10)
    bends = (np.sinh(3 * steps) / (3 * steps), np.expm1(3 * steps) / (3 * steps))[order == 1]
    quotients = slope * bends + noise / steps * rng.uniform(-1, 1, 10)
    found = agreed(order, quotients, noise / steps, steps)
    assert abs(found.value[0] - slope) <= found.radius[0]
    assert found.radius[0] <= 1.25 * noise / steps[0] + 3 * abs(slope) * (8 * steps[0])


def test_one_level_tells_nothing():
    found = agreed(2, [3.0], [0.0], [0.1])
    assert (np.isnan(found.value[0]), found.radius[0]) == (True, np.inf)


def test_what_contradicts_finer_levels_does_not_count():
    """As beyond a kink: there quotients may agree among each other as closely as they like."""
    steps = 1e-6 * 8.0 ** np.arange(6)
    found = agreed(2, [1, 1, 1, 5, 5, 5], 1e-9 / steps, steps)
    assert abs(found.value[0] - 1) <= found.radius[0] <= 1.25e-9 / steps[1] * (1 + 1e-12)
    assert not found.alive[0]
    assert found.step[0] == steps[1]
    unresolved = agreed(2, [1, 1, 1, 5, 5, 5], [1e2] * 3 + [1e-9] * 3, steps)
    assert unresolved.value[0] == 5  # within the noise of the finer ones


def test_quotients_without_a_value_are_passed_over():
    """A level where this result has no value is no break between those around it for another result."""
    found = Agreement(2, 2)
    for quotient, h in (([3.0, 1.0], 1e-6), ([np.nan, 1.0], 8e-6), ([3.0, np.inf], 64e-6), ([3.0, 1.0], 512e-6)):
        found.add(np.array(quotient), np.full(2, 1e-12), h)
    assert found.value[1] == 1
    assert found.radius[1] <= 2e-12
    alone = agreed(2, [np.nan] * 3, [0.0] * 3, [1e-6, 8e-6, 64e-6])
    assert np.isinf(alone.radius[0])


def test_how_much_the_last_two_differ_says_whether_larger_steps_can_tell_more():
    steps = 1e-3 * 8.0 ** np.arange(4)
    quotients = 1 + 0.5 * steps**2
    found = agreed(2, quotients, [1e-15] * 4, steps)
    assert found.last_change[0] == pytest.approx(abs(quotients[3] - quotients[2]) / 4)
    assert found.last_change[0] > FADED * found.radius[0]
    assert not found.alive[0]


@pytest.mark.parametrize("growth", [1.01, 1.1, 1.5, 8.0])
@pytest.mark.parametrize("order", [1, 2])
def test_steps_of_about_a_size_tell_no_more_than_others(growth, order):
    """Of a jump the quotients fall as 1 / h, and hardly differ between such steps: all that is taken off is unsure."""
    found = agreed(order, [2, 2 / growth], [1e-12, 1e-12], [1.0, growth]).row(())
    assert found.radius[0] >= abs(found.value[0] - 2) > 0
    assert found.radius[0] > 0.4
