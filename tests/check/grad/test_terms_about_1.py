"""How steep results of exactly 0 may be of terms about 1 that have cancelled."""

import numpy as np
import pytest
from grad_programs import seen_at

from minibp.check.grad.terms_about_1 import SHOWING, hidden_by_1
from minibp.check.rounding.noise import SAFETY

V = np.ones(1)
FINE = np.full(1, 5e-324)
"""What a result first moves by that has underflowed."""


def hidden(f, x, first=FINE, value=0.0):
    return float(hidden_by_1(seen_at(f, np.array([x])), V, first, value)[0])


def test_what_terms_hide_is_bounded_by_the_steps_that_show_it():
    """1 − cos x is x² / 2 over these, of which the finest has the least slope, and the coarsest the least rounding."""
    slopes = [h / 2 + SAFETY * 2.0**-53 / h for h in SHOWING]
    assert hidden(lambda x: x**3 + (1 - np.cos(x)), 1e-170) == pytest.approx(min(slopes), rel=0.01)


@pytest.mark.parametrize("slope", [1.0, -2.5, 1e-3])
def test_of_a_slope_that_is_the_same_over_all_of_them_rounding_alone_is_hidden(slope):
    rounding = SAFETY * 2.0**-53 / SHOWING[-1]
    assert hidden(lambda x: slope * x, 0.0, value=slope) == pytest.approx(rounding, rel=0.01)
    assert hidden(lambda x: slope * x, 0.0) >= abs(slope)


def test_results_that_move_by_what_1_is_rounded_by_hide_nothing_more():
    assert hidden(lambda x: 1 - np.cos(x), 0.0, first=np.full(1, 2.0**-53)) == 0
    assert hidden(lambda x: 1 + x, 0.0) == 0  # it is not 0
