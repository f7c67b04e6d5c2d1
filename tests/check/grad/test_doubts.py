import numpy as np
import pytest
from grad_programs import doubted, unit

from minibp.check.grad.column import DIFFERENCES, KINK, OUTCOMES, STEPS, WRONG

BOTH = ("complex_step", DIFFERENCES)


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
