"""Claims across steps of f: rounded values, iterations that stop, solvers that choose their own steps."""

import math
import signal

import numpy as np
import pytest
from grad_programs import seen_at

from minibp.check.grad.column import Column, Direction
from minibp.check.grad.differences import slopes, two_sided
from minibp.check.grad.inexact import Jump
from minibp.check.grad.steps import LITTLE, SEARCHES, Steps


def looked_at(f, x, got, *, seed=3, sides=True):
    """Steps of f at x, and the column of a claim along its first entry, told by differences."""
    seen = seen_at(f, x, seed)
    v = np.asarray(np.arange(len(seen.arguments)) == 0, float)
    base = float(seen.arguments.scale[0])
    got = np.full(len(seen), got, float)
    column = Column(Direction.of(v), base, got, 16 * 2.0**-53 * np.abs(got))
    found = slopes(seen, v, base, 1.0)
    column.expected, column.tolerance = two_sided(found)
    column.sides = found if sides else None
    return Steps(seen), column


@pytest.fixture(autouse=True)
def _quiet():
    with np.errstate(all="ignore"):
        yield


def stairs(decimals):
    return lambda x: np.round(np.sin(x), decimals)


@pytest.mark.parametrize("decimals", [2, 4, 6])
def test_a_staircase_has_jumps_and_is_good_for_its_height(decimals):
    steps, column = looked_at(stairs(decimals), 0.7, math.cos(0.7))
    assert steps.notes == []
    assert steps.found_near(column, 0)
    assert steps.proposed == pytest.approx(10.0**-decimals, rel=1e-3)
    (note,) = steps.notes
    assert f"accuracy={10.0**-decimals:.1g} checks" in note


@pytest.mark.parametrize("decimals", [4, 6, 8])
def test_a_claim_that_is_right_across_the_steps_is_told_from_one_that_is_not(decimals):
    right = math.cos(0.7)
    for factor, crossed in ((1, True), (1.5, False), (-1, False), (0, False)):
        steps, column = looked_at(stairs(decimals), 0.7, factor * right)
        assert steps.found_near(column, 0)
        assert steps.are_crossed(column, 0) == crossed
        assert not steps.seen.noise[0] > 1e-14  # as it was before


@pytest.mark.parametrize(("off", "crossed"), [(LITTLE / 2, True), (2 * LITTLE, False)], ids=["little", "more"])
def test_where_the_slope_at_the_point_is_that_across_a_claim_off_by_little_may_be_right(off, crossed):
    """As where the complex step tells the slope of sin before it is rounded, and no differences were asked for."""
    slope = math.cos(0.7)
    steps, column = looked_at(stairs(3), 0.7, slope * (1 + off), sides=False)
    assert steps.found_near(column, 0)
    column.expected[0] = slope
    assert steps.are_crossed(column, 0) == crossed
    column.expected[0] = 0
    assert steps.are_crossed(column, 0)


@pytest.mark.parametrize(("off", "crossed"), [(1e-6, True), (1e-5, False)], ids=["little", "more"])
def test_a_single_jump_explains_what_its_height_does(off, crossed):
    """The slope over steps of 0.17 at most, whose ends are uncertain by two or three times 1e-7 each: ± 6e-6."""
    steps, column = looked_at(lambda x: x * x + 1e-7 * (x > 0.7001), 0.7, 1.4 * (1 + off))
    assert steps.found_near(column, 0)
    assert steps.proposed == pytest.approx(1e-7, rel=1e-6)
    assert steps.are_crossed(column, 0) == crossed


@pytest.mark.parametrize("f", [np.sin, np.exp, np.abs, lambda x: 1e6 + x**3], ids=["sin", "exp", "abs", "offset"])
def test_functions_without_steps_have_none_and_are_not_searched_for_ever(f):
    steps, column = looked_at(f, 0.7, 1.0)
    for _ in range(SEARCHES):
        assert not steps.found_near(column, 0)
    before = steps.seen.function.calls
    assert not steps.found_near(column, 0)
    assert steps.seen.function.calls == before
    assert steps.notes == []


def test_a_jump_that_is_found_is_remembered():
    steps, column = looked_at(stairs(3), 0.7, 1.0)
    assert steps.found_near(column, 0)
    before, jump = steps.seen.function.calls, steps.jump_of(0)
    assert jump.height == pytest.approx(1e-3, rel=1e-6)
    assert steps.found_near(column, 0)
    assert (steps.seen.function.calls, steps.jump_of(0)) == (before, jump)


def test_each_result_has_steps_of_its_own():
    x = 0.7
    steps, column = looked_at(lambda x: np.array([np.sin(x), np.round(np.sin(x), 3), np.round(np.sin(x), 5)]), x, 1.0)
    assert [steps.found_near(column, i) for i in range(3)] == [False, True, True]
    assert steps.jump_of(0) is None
    heights = [steps.jump_of(i).height for i in (1, 2)]
    assert heights == pytest.approx([1e-3, 1e-5], rel=1e-6)
    assert steps.proposed == heights[0]


def test_once_no_more_are_looked_for_a_result_may_have_steps_as_high_as_anothers():
    """The largest of them, as a part of each result."""
    steps, column = looked_at(lambda x: np.array([x, 2.0 * x, 0.0 * x, -100 * x]), 1.0, 1.0)
    steps.jumps = {0: Jump(1e-3, 0.1), 1: Jump(4e-4, 0.2)}
    for _ in range(SEARCHES - 1):
        assert steps.jump_of(3) is None
        assert not steps.found_near(column, 3)
    assert steps.found_near(column, 3)
    assert steps.jump_of(3) == (pytest.approx(0.1), 0.1)
    assert steps.jump_of(1) == (4e-4, 0.2)


def test_of_a_result_of_0_a_jump_is_no_part():
    steps, column = looked_at(lambda x: np.array([0.0 * x, x]), 1.0, 1.0)
    steps.jumps, steps.searches = {0: Jump(1e-3, 0.1)}, SEARCHES
    assert steps.jump_of(0) == (1e-3, 0.1)
    assert steps.jump_of(1) is None
    assert not steps.found_near(column, 1)


def test_a_jump_by_another_entry_is_found_along_random_signs():
    x = np.array([0.7, 1.3])
    steps, column = looked_at(lambda x: np.sin(x[0]) + np.round(x[1], 3), x, math.cos(0.7))
    assert steps.found_near(column, 0)
    assert steps.proposed == pytest.approx(1e-3, rel=1e-2)


def test_entries_that_cannot_be_moved_stay():
    steps, column = looked_at(lambda x: np.sin(x[0]) * np.isinf(x[1]), np.array([0.7, -np.inf]), math.cos(0.7))
    assert not steps.found_near(column, 0)


def wandering(x):
    """sin with an error of 1e-7, which changes its course forty times as fast."""
    return np.sin(x) + 1e-7 * np.abs(np.sin(40 * x)) * x


def test_slopes_that_wander_explain_a_claim_that_is_off_by_as_much():
    steps, column = looked_at(wandering, 0.7, math.cos(0.7))
    assert abs(column.got[0] - column.expected[0]) > 1e-7
    assert steps.explain(column, 0)
    assert 1e-8 < steps.proposed < 1e-5
    assert "accuracy=" in steps.notes[0]


@pytest.mark.parametrize("off", [2 * LITTLE, 3e-4], ids=["of much", "of more than they wander by"])
def test_slopes_that_wander_explain_no_more_than_that(off):
    steps, column = looked_at(wandering, 0.7, math.cos(0.7) * (1 + off))
    assert not steps.explain(column, 0)
    assert steps.proposed is None


def test_a_claim_that_is_off_by_much_is_not_explained_however_rough_f_is():
    steps, column = looked_at(lambda x: np.sin(x) + 1e-5 * np.abs(np.sin(4e4 * x)) * x, 0.7, 0.0)
    for off, explained in ((LITTLE / 2, True), (2 * LITTLE, False)):
        column.got[0] = column.expected[0] * (1 + off)
        assert steps.explain(column, 0) == explained


def test_slopes_that_are_no_rougher_than_they_are_uncertain_explain_nothing():
    steps, column = looked_at(np.sin, 0.7, 0.0)
    column.got[0] = column.expected[0]
    assert not steps.explain(column, 0)


def test_smooth_functions_and_missing_differences_explain_nothing():
    steps, column = looked_at(np.sin, 0.7, math.cos(0.7) * (1 + 1e-6))
    assert not steps.explain(column, 0)
    steps, column = looked_at(wandering, 0.7, math.cos(0.7), sides=False)
    assert not steps.explain(column, 0)
    steps, column = looked_at(lambda x: np.where(x == 0.7, 1.0, np.nan), 0.7, 1.0)
    column.expected[0] = 1.0
    assert not np.isfinite(column.sides.step[0])
    assert not steps.explain(column, 0)


def test_what_was_proposed_first_stays():
    steps, column = looked_at(wandering, 0.7, math.cos(0.7))
    steps.proposed = 0.25
    assert steps.explain(column, 0)
    assert steps.proposed == 0.25


def test_across_steps_a_slope_is_told_as_well_as_its_best_step_tells_it():
    """At 5e-57 e^x to ten decimals moves at 1e-10 first; longer steps tell the slope."""
    found = [looked_at(lambda x: np.round(np.exp(x), 10), 5.448588656047885e-57, -1.0, seed=seed) for seed in range(12)]
    told = [(steps, column) for steps, column in found if column.sides.step[0] > 1e-8 and steps.found_near(column, 0)]
    assert told
    for steps, column in told:
        column.expected[:], column.allowed[:] = 1.0, 0.0
        assert not steps.are_crossed(column, 0)
        column.got[:] = 1.0
        assert steps.are_crossed(column, 0)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="without alarms a loop without end could not be ended")
@pytest.mark.parametrize("x", [5e-324, -1e-320, 1e-310])
def test_steps_along_the_smallest_numbers_come_to_an_end(x):
    """A part of such a number is 0, and no multiple of 0 is a larger step."""

    def give_up(*_):
        raise TimeoutError("no end within 20 s")

    steps, column = looked_at(lambda x: np.round(np.sin(x), 3), [x, 0.7], 1.0)
    steps.jumps[0] = Jump(1e-3, 1e-3)
    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, 20)
    try:
        assert not steps.are_crossed(column, 0) or column.sides.flat[0]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
