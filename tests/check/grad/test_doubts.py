import numpy as np
import pytest
from grad_programs import engine_of, unit

from minibp.check.grad.column import DIFFERENCES, DOUBTFUL, KINK, OUTCOMES, SMALL, STEPS, WRONG
from minibp.check.grad.question import quietly

ALONE, BOTH = (DIFFERENCES,), ("complex_step", DIFFERENCES)


def doubted(f, claim, x, *, k=0, oracles=ALONE, expected=None):
    """The outcome of entry k of a claim that is taken for wrong."""
    with quietly(oracles):
        engine = engine_of(f, claim, x, "grad", oracles)
        column = engine.claimed.column(unit(k, len(engine.arguments)), float(engine.arguments.scale[k]))
        engine.judge.judge(column, differences=True)
        if expected is not None:
            column.expected[0] = expected
        return OUTCOMES[engine.judge.doubts.confirmed(column, 0)]


def test_what_nothing_explains_is_wrong():
    assert doubted(lambda x: np.sin(x).sum(), lambda x: 1.5 * np.cos(x), np.array([0.7, 1.3])) == OUTCOMES[WRONG]


@pytest.mark.parametrize(("claimed", "outcome"), [(1.0, KINK), (0.0, KINK), (0.4, KINK), (1.2, WRONG), (-0.3, WRONG)])
def test_at_ties_a_claim_is_held_between_the_slopes_nearby(claimed, outcome):
    """The largest of three equal numbers: along one entry 0 on one side, and 1 on the other."""
    found = doubted(np.max, lambda x: claimed * unit(0, 3), np.full(3, 2.0), expected=0.5)
    assert found == OUTCOMES[outcome]


def median_of(share):
    """A gradient of the median of equal numbers: a share of it to one entry."""
    return lambda x: share * unit(0, len(x))


@pytest.mark.parametrize(("share", "outcome"), [(0.5, KINK), (0.0, KINK), (0.8, WRONG), (-0.2, WRONG)])
def test_ties_of_several_hide_a_kink_that_no_single_entry_shows(share, outcome):
    """Of five equal numbers, the mean of the middle three: moved alone, no entry changes it by more than a third."""

    def trimmed(x):
        return np.sort(x)[1:-1].mean()

    assert doubted(trimmed, median_of(share / 1.5), np.zeros(5), expected=2.0) == OUTCOMES[outcome]


@pytest.mark.parametrize("factor", [1 + 1e-4, 1.5, 0.0])
def test_equal_entries_of_a_smooth_function_hide_nothing(factor):
    found = doubted(lambda x: np.exp(x).sum(), lambda x: factor * np.exp(x), np.array([1.0, 1, 2]))
    assert found == OUTCOMES[WRONG]


@pytest.mark.parametrize("size", [1e-8, 1e-16])
def test_what_varies_on_a_finer_scale_than_ties_are_broken_on_is_no_kink(size):
    found = doubted(lambda x: np.sin(x / size).sum(), np.zeros_like, np.zeros(2), expected=1 / size)
    assert found != OUTCOMES[KINK]


def test_the_slope_across_steps_is_no_mistake():
    found = doubted(lambda x: (np.round(np.sin(x), 6)).sum(), np.cos, np.array([0.3, 0.7]))
    assert found == OUTCOMES[STEPS]


def test_a_slope_that_f_does_not_show_may_have_cancelled():
    """1 + e^-80 (x + x²): the slope is far below the rounding of 1."""
    x = np.array([0.7])

    def f(x):
        return 1 + (np.exp(-80) * (x + x**2)).sum()

    slope = np.exp(-80.0) * 2.4
    assert doubted(f, np.zeros_like, x, expected=slope) == OUTCOMES[DOUBTFUL]  # of a slope no other is larger than
    assert doubted(f, lambda x: 2 * slope * np.ones_like(x), x, expected=slope) not in {
        OUTCOMES[SMALL],
        OUTCOMES[DOUBTFUL],
    }
    beside = np.array([0.7, 0.4])
    found = doubted(lambda x: f(x[:1]) + np.sin(x[1]), lambda x: np.array([0, np.cos(x[1])]), beside, expected=slope)
    assert found == OUTCOMES[SMALL]


def test_a_slope_of_the_size_of_f_is_not_hidden_by_larger_entries():
    """A mean of 9e17 beside -1.8e184: a claim of 0 for a quarter."""
    x = np.array([9e17, -1.8e184, 1e16, 1.5])
    assert (
        doubted(np.mean, lambda x: np.array([0, 0.25, 0.25, 0.25]), x, oracles=BOTH, expected=0.25) == OUTCOMES[WRONG]
    )


@pytest.mark.parametrize(("claimed", "outcome"), [(-1.0, KINK), (0.0, KINK), (1.0, KINK), (1.5, WRONG), (-2.0, WRONG)])
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_a_kink_that_larger_terms_hide_shows_in_the_complex_step(zero, claimed, outcome):
    """|x| at 0 beside 10^20, whose rounding is larger than what any difference shows."""
    x = np.array([zero, 1e10])

    def f(x):
        return np.abs(x).sum() + 0.5 * x @ x

    def claim(x):
        return np.array([claimed, x[1] + 1])

    assert doubted(f, claim, x, oracles=BOTH, expected=None if claimed != 1 else -1.0) == OUTCOMES[outcome]


@pytest.mark.parametrize(("steps", "outcome"), [(1, DOUBTFUL), (-3, DOUBTFUL), (6, WRONG)])
@pytest.mark.parametrize("depth", [30.0, 33.0, 35.5])
def test_what_is_left_of_1_is_known_to_steps_of_its_rounding(depth, steps, outcome):
    """1 − p for p = 1 − e^−depth: few of its digits are left."""

    def f(x):
        return np.log1p(np.exp(-x)).sum()

    def claim(x):
        p = 1 / (1 + np.exp(-x))
        return p - 1 + steps * 2.0**-53

    x = np.array([depth])
    found = doubted(f, lambda _: claim(x), x, oracles=BOTH, expected=float(-np.exp(-depth)))
    assert found == OUTCOMES[outcome]


@pytest.mark.parametrize("wrong", [2.0**-50 * 1.1, -3.3e-16, 2.0**-20])
def test_a_number_with_all_its_digits_is_not_what_is_left_of_1(wrong):
    def f(x):
        return np.log1p(np.exp(-x)).sum()

    expected = float(-np.exp(-35.5))
    found = doubted(f, lambda x: wrong + 0 * x, np.array([35.5]), oracles=BOTH, expected=expected)
    assert found == OUTCOMES[WRONG]
