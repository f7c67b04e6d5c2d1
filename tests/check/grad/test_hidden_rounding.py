"""What hides rounding: terms that cancel, what is left of 1."""

import numpy as np
import pytest
from grad_programs import doubted

from minibp.check.grad.column import DIFFERENCES, DOUBTFUL, OUTCOMES, SMALL, WRONG

BOTH = ("complex_step", DIFFERENCES)


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
