import numpy as np
import pytest
from grad_programs import engine_of, judged, outcome, sines, told_another_slope, unit
from hypothesis import given, settings
from hypothesis import strategies as st

from minibp.check.grad.column import DIFFERENCES, KINK, OUTCOMES, RIGHT, STEPS, UNRESOLVED, WRONG
from minibp.check.grad.judge import CONFIRMED
from minibp.check.grad.question import quietly

X = np.array([0.7, -1.3, 2.1])
STEP, BOTH, ALONE = ("complex_step",), ("complex_step", DIFFERENCES), (DIFFERENCES,)
SETS = pytest.mark.parametrize("oracles", [STEP, BOTH, ALONE], ids="+".join)


def cancelled(x):
    """e^x that has lost ten of its digits."""
    return np.exp(x) * 1e10 - np.exp(x) * (1e10 - 1)


def staircase(x):
    return np.round(np.sin(x), 3)


def one_branch(x):
    """|x| by a choice that complex numbers follow: at 0 they know the slope −1 alone."""
    return np.where(x.real > 0, x, -x).sum()


@SETS
@given(st.integers(0, 2**32 - 1), st.integers(-60, 60), st.booleans())
@settings(max_examples=15)
def test_right_slopes_are_right_and_wrong_ones_wrong(oracles, seed, power, differences):
    s = 2.0**power
    x = s * np.random.default_rng(seed).uniform(0.2, 1.2, 3)
    given = {"oracles": oracles, "differences": differences, "seed": seed}
    for factor, expected in ((1.0, "right"), (1.001, "wrong"), (-1.0, "wrong")):
        found = judged(lambda x: np.sin(x / s).sum(), lambda x: factor * np.cos(x / s) / s, x, **given)[1]  # noqa: B023
        assert OUTCOMES[found.outcome[0]] == expected
        assert found.oracle[0] in oracles
        assert abs(found.expected[0] - np.cos(x[0] / s) / s) <= found.tolerance[0]


@given(st.integers(3, 11))
def test_the_sharpest_oracle_has_the_word(digits):
    """An error that differences cannot see is not right for that."""
    off = 1 + 10.0**-digits
    for differences in (False, True):
        found = judged(sines, lambda x: off * np.cos(x), X, differences=differences)[1]
        assert (found.outcome[0], found.oracle[0]) == (WRONG, "complex_step")


@pytest.mark.parametrize("differences", [False, True])
def test_a_gradient_that_magnifies_rounding_is_unstable(differences):
    for k in range(3):
        assert outcome(lambda x: np.exp(x).sum(), cancelled, X, k=k, differences=differences) == "unstable"
    assert outcome(lambda x: np.exp(x).sum(), cancelled, X, oracles=ALONE) == "right"  # as far as these can tell
    assert outcome(lambda x: np.exp(x).sum(), lambda x: 1.01 * cancelled(x), X, differences=differences) == "wrong"


@pytest.mark.parametrize("claim", [-1.0, 0.0, 0.3, 1.0])
def test_between_the_slopes_on_both_sides_a_kink_is_no_error(claim):
    for oracles, differences in ((ALONE, False), (BOTH, True)):
        assert outcome(one_branch, np.array([claim]), np.zeros(1), oracles=oracles, differences=differences) == "kink"


@pytest.mark.parametrize(("claim", "nearest"), [(-1.5, -1), (1.5, 1), (1e6, 1)])
def test_beyond_the_slopes_on_both_sides_a_claim_is_wrong(claim, nearest):
    for oracles, differences in ((ALONE, False), (BOTH, True)):
        found = judged(one_branch, np.array([claim]), np.zeros(1), oracles=oracles, differences=differences)[1]
        assert found.outcome.tolist() == [WRONG]
        assert abs(found.expected[0] - nearest) <= found.tolerance[0] <= 1e-4


def test_along_several_entries_kinks_may_add_up_to_anything():
    found = judged(lambda x: np.abs(x).sum() + x.sum(), np.array([9.0, 9.0]), np.zeros(2), v=np.ones(2), oracles=ALONE)
    assert found[1].outcome.tolist() == [KINK]


@pytest.mark.parametrize("claim", [1.0, 5.0])
def test_where_f_jumps_nothing_is_told(claim):
    def f(x):
        return np.where(x.real > 1, 1.0, 0.0) + x

    for oracles, differences in ((ALONE, False), (BOTH, True), (ALONE, True)):
        assert outcome(f, np.array(claim), np.array(1.0), oracles=oracles, differences=differences) == "jump"


def test_of_what_is_not_finite_no_kink_and_no_jump_is_said():
    for f in (np.abs, np.sign):
        assert outcome(f, np.array(np.nan), np.array(0.0), oracles=ALONE, differences=True) == "right"


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        pytest.param(np.cos, STEPS, id="across"),
        pytest.param(lambda x: 0 * x, RIGHT, id="on a step"),
        pytest.param(lambda x: 2 * np.cos(x), WRONG, id="twice"),
        pytest.param(lambda x: -np.cos(x), WRONG, id="minus"),
    ],
)
def test_across_steps_a_claim_may_be_right(claim, expected):
    judge, column = judged(staircase, claim, np.array(0.7), oracles=ALONE)
    assert column.outcome.tolist() == [expected]
    assert (judge.steps.proposed is None) == (expected == RIGHT)


def test_on_a_step_0_is_wrong_where_an_oracle_tells_another_slope():
    """Of complex numbers nothing is rounded here; the steps of 1e-8 do not make another function of it."""

    def rounded(x):
        return np.sin(x) if np.iscomplexobj(x) else np.round(np.sin(x), 8)

    x, zero = np.array(0.7), np.zeros_like
    assert outcome(rounded, zero, x) == outcome(rounded, zero, x, differences=True) == "wrong"
    assert outcome(rounded, np.cos, x, differences=True) == "right"


def test_a_constant_function_has_the_slope_0():
    judge, column = judged(lambda x: 0 * x.sum() + 3, lambda x: 0 * x, X, oracles=ALONE)
    assert column.outcome.tolist() == [RIGHT]
    assert judge.resolution.largest == 0
    assert outcome(lambda x: 0 * x.sum() + 3, lambda x: 0 * x + 1e-3, X, oracles=ALONE) == "wrong"


def test_a_claim_of_0_learns_from_differences_how_steep_f_is():
    judge, column = judged(sines, np.zeros(3), X, oracles=ALONE)
    assert column.outcome.tolist() == [WRONG]
    assert judge.resolution.largest == pytest.approx(np.cos(0.7), rel=0.5)


def test_a_slope_that_is_lost_in_rounding_is_not_told():
    for claim in (np.cos(X), 1.5 * np.cos(X)):
        assert outcome(lambda x: 1e16 + np.sin(x).sum(), claim, X, oracles=ALONE) == "unresolved"
    assert outcome(lambda x: float(x.sum()), np.ones(3), X, oracles=STEP) == "unresolved"  # no oracle at all


@pytest.mark.parametrize(
    ("factor", "expected"), [(2, RIGHT), (0, WRONG), (-1, WRONG)], ids=["right", "zero", "another"]
)
def test_an_oracle_that_differences_contradict_is_left_out(factor, expected):
    judge, column = judged(told_another_slope, lambda x: factor * x, X, differences=True)
    assert judge.oracles.open == {}
    assert judge.oracles.notes == ["complex step was left out: finite differences contradict it"]
    assert column.outcome.tolist() == [expected]
    assert column.oracle == [DIFFERENCES]
    judge.count(column)
    assert list(judge.statistics) == [DIFFERENCES]


def test_where_an_oracle_is_0_a_claim_of_0_does_not_back_it():
    """So it is of every f that the complex step cannot follow, and of every gradient that was forgotten."""
    judge, column = judged(lambda x: (np.asarray(x).real ** 2 + 0 * x).sum(), np.zeros_like, X, differences=True)
    assert column.outcome.tolist() == [WRONG]
    assert judge.oracles.open == {}


def test_an_oracle_is_kept_where_steps_of_f_explain_the_difference(monkeypatch):
    found = []
    engine = engine_of(told_another_slope, lambda x: 0 * x, X)
    monkeypatch.setattr(engine.judge.steps, "found_near", lambda *at: found.append(at) or True)
    with quietly(BOTH):
        engine.judge.judge(engine.claimed.column(unit(0, 3), 0.7), differences=True)
    assert list(engine.oracles.open) == ["complex_step"]
    assert found


def test_an_oracle_at_a_kink_is_not_contradicted():
    judge, _ = judged(one_branch, np.array([0.0]), np.zeros(1), differences=True)
    assert list(judge.oracles.open) == ["complex_step"]


def test_once_enough_is_wrong_one_oracle_does():
    wrong = (np.sin, lambda x, c: c * 1.5 * np.cos(x))
    full, quick = (judged(*wrong, X, kind="vjp", confirmed=many) for many in (0, CONFIRMED))
    assert full[1].outcome.tolist() == quick[1].outcome.tolist() == [WRONG, RIGHT, RIGHT]
    assert full[1].sides is not None
    assert quick[1].sides is None
    assert full[0].confirmed == 1
    assert quick[1].oracle[0] == "complex_step"


def test_what_is_off_by_little_is_looked_into_all_the_same():
    """A wrong slope counts as one more only where it is off by several tolerances."""
    _, column = judged(lambda x: np.exp(x).sum(), cancelled, X, confirmed=CONFIRMED, oracles=ALONE)
    assert column.outcome.tolist() == [RIGHT]
    assert column.sides is not None


def glanced(f, claim, x, pace=2.0**-14, oracles=ALONE):
    engine = engine_of(f, claim, x, oracles=oracles)
    column = engine.claimed.column(unit(0, len(engine.arguments)), float(engine.arguments.scale[0]))
    with quietly(oracles):
        engine.judge.glance(column, pace)
    return engine.judge, column


def test_at_a_glance_what_is_right_is_right():
    judge, column = glanced(sines, np.cos, X)
    assert column.outcome.tolist() == [RIGHT]
    assert DIFFERENCES not in column.values
    value, radius = column.glance
    assert abs(value[0] - np.cos(0.7)) <= radius[0] <= 1e-6
    judge.count(column)
    assert judge.statistics[DIFFERENCES].entries["(1)"] == 1


def test_what_a_glance_finds_wrong_is_judged_with_the_others():
    judge, column = glanced(sines, lambda x: 1.5 * np.cos(x), X)
    assert column.outcome.tolist() == [UNRESOLVED]
    judge.confirmed = CONFIRMED
    judge.judge(column)
    assert column.outcome.tolist() == [WRONG]
    assert column.sides is None
    assert column.expected[0] == pytest.approx(np.cos(0.7), rel=1e-6)


def test_a_glance_that_tells_nothing_is_no_glance():
    assert glanced(sines, np.cos, np.array([5e-324]))[1].glance is None  # steps vanish
    _, column = glanced(lambda x: np.abs(x - 0.7 - 1e-6).sum(), lambda x: np.sign(x - 0.7), np.array([0.7]))
    assert column.outcome.tolist() == [UNRESOLVED]  # a kink between both steps


def test_steps_that_are_found_late_put_what_was_wrong_in_another_light():
    judge, column = judged(lambda x: staircase(x).sum(), np.cos, X, oracles=ALONE)
    assert column.outcome.tolist() == [STEPS]
    column.outcome[:] = WRONG
    judge.judge_again(column)
    assert column.outcome.tolist() == [STEPS]
    judge.steps.jumps.clear()
    column.outcome[:] = WRONG
    judge.judge_again(column)
    assert column.outcome.tolist() == [WRONG]


def test_errors_are_counted_in_tolerances():
    judge, column = judged(np.sin, lambda x, c: c * np.array([1.5, 1, 1]) * np.cos(x), X, kind="vjp")
    assert judge.statistics == {}  # until all columns are judged
    judge.count(column)
    cells = column.cells()
    counts = judge.statistics["complex_step"]
    assert counts.entries["(1)"] == 3
    assert counts.worst["(1)"] == pytest.approx(cells[0].excess)
    assert cells[0].excess > 1e6


def test_what_an_oracle_said_before_it_was_left_out_does_not_count():
    judge, column = judged(sines, np.cos, X, differences=True)
    judge.oracles.leave_out("complex_step", "for any reason")
    judge.count(column)
    assert list(judge.statistics) == [DIFFERENCES]


def test_of_single_precision_no_tolerances_are_counted():
    judge, column = judged(sines, lambda x: np.cos(x).astype(np.float32), X)
    assert column.outcome.tolist() == [RIGHT]
    assert column.tolerance[0] > 1e-6
    judge.count(column)
    assert judge.statistics["complex_step"].entries["(1)"] == 1
    assert not judge.statistics["complex_step"].relative_tolerances.any()


@pytest.mark.parametrize(("factor", "expected"), [(1.0, "right"), (1.3, "wrong")])
def test_with_a_stated_accuracy_less_is_asked(factor, expected):
    found = outcome(
        lambda x: np.round(np.sin(x), 5), lambda x: factor * np.cos(x), np.array(0.7), oracles=ALONE, accuracy=1e-5
    )
    assert found == expected


@pytest.mark.parametrize("known", [True, False], ids=["known", "not known"])
def test_differences_that_scatter_are_noisier_than_was_measured(known):
    """Noise of f that was not seen shows at steps close to the best one; no right claim is wrong for it."""
    engine = engine_of(lambda x: np.sin(x).sum() + 1e-9 * np.sin(1e13 * x).sum(), np.cos, X, oracles=ALONE)
    if not known:
        engine.seen.noise = engine.seen.noise / 30
    column = engine.claimed.column(unit(0, 3), 0.7)
    with quietly(ALONE):
        engine.judge.judge(column)
    assert not column.has(WRONG)
    assert abs(column.values[DIFFERENCES][0][0] - np.cos(0.7)) <= column.values[DIFFERENCES][1][0]


def guarded(f, grad, x, pace, k=0):
    """An engine whose judge has guarded an entry, and the column."""
    engine = engine_of(f, grad, x, oracles=BOTH)
    with quietly(BOTH):
        column = engine.claimed.column(unit(k, len(x)), float(abs(x[k])))
        before = engine.function.calls
        engine.judge.guard(column, pace)
    return column, engine.function.calls - before


def test_a_guard_takes_a_few_calls_where_all_agree():
    column, calls = guarded(sines, np.cos, X, 1e-5)
    assert (OUTCOMES[column.outcome[0]], column.sides) == ("right", None)
    assert calls <= 6
    assert set(column.told) >= {"complex_step", DIFFERENCES}
    without, more = guarded(sines, np.cos, X, None)
    assert OUTCOMES[without.outcome[0]] == "right"
    assert without.sides is not None
    assert more > 3 * calls


@pytest.mark.parametrize("tiny", [5e-324, -5e-324, 2.2250738585072014e-308])
def test_a_guard_of_a_number_that_no_step_moves_asks_for_larger_steps(tiny):
    column, _ = guarded(sines, np.cos, np.array([tiny, 0.7, 1.3]), 1e-5)
    assert OUTCOMES[column.outcome[0]] == "right"
    assert column.sides is not None


def real_alone(x):
    """Sines of which complex numbers see half of the slope."""
    return (0.5 * np.sin(x) + 0.5 * np.sin(np.real(x))).sum()


@pytest.mark.parametrize("pace", [1e-5, 1e-3, None])
def test_a_guard_asks_differences_at_all_scales_where_two_steps_do_not_agree(pace):
    fooled, _ = guarded(real_alone, lambda x: 0.5 * np.cos(x), X, pace)
    assert OUTCOMES[fooled.outcome[0]] == "wrong"
    assert fooled.sides is not None
    right, _ = guarded(real_alone, np.cos, X, pace)
    assert OUTCOMES[right.outcome[0]] == "right"


def test_a_guard_sees_structure_that_is_finer_than_its_steps():
    def bumpy(x):
        return (x + 1e-9 * np.clip((x - X) / 1e-9, -1, 1)).sum()

    found, _ = guarded(bumpy, lambda x: np.full(3, 1.0), X, 1e-5)  # the slope is 2, and 1 beyond a billionth
    assert OUTCOMES[found.outcome[0]] != "right"
