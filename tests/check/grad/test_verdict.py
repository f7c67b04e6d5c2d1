import math

import numpy as np
import pytest

from minibp.check.grad.slopes import Sides
from minibp.check.grad.verdict import STEADY, TOLD, Seen, contradicted, judge

V = np.ones(1)
U = 2.0**-53
SMOOTH = Sides(1.0, 1e-6, 1.0, 1e-6, 1.0)
KINK = Sides(-1.0, 1e-6, 1.0, 1e-6, 1.0)
UNTOLD = Sides(math.nan, math.inf, math.nan, math.inf, 0.0)


def outcome(got, sides=SMOOTH, sharp=None, allowed=1e-9, quiet=None, largest=1.0):
    seen = Seen(V, got, allowed, allowed if quiet is None else quiet, sides, sharp or {})
    return judge(seen, largest, U)[0]


@pytest.mark.parametrize(("got", "expected"), [(1.0, "right"), (1 + 0.9e-6, "right"), (1 + 1.1e-6, "wrong")])
def test_a_slope_is_right_within_the_radius_and_what_it_is_allowed(got, expected):
    assert outcome(got).outcome == expected


def test_the_sharpest_oracle_that_objects_is_the_one_that_is_named():
    sharp = {"complex_step": (1.0, 1e-12), "jax": (1.0, 1e-10)}
    found = outcome(1 + 1e-4, sharp=sharp)
    assert (found.outcome, found.oracle, found.expected) == ("wrong", "complex_step", 1.0)
    assert found.error == pytest.approx(1e-4)
    assert found.excess == pytest.approx(1e-4 / (1e-12 + 1e-9))
    assert outcome(1.0, sharp=sharp).oracle == "complex_step"


def test_every_oracle_that_tells_anything_has_a_say():
    seen = Seen(V, 1.0, 0.0, 0.0, SMOOTH, {"jax": (1.0, 1e-12), "complex_step": (math.nan, math.inf)})
    assert {one.oracle for one in judge(seen, 1.0, U)[1]} == {"jax", "finite_difference"}


@pytest.mark.parametrize(("got", "expected"), [(-1.0, "kink"), (0.0, "kink"), (1.0, "kink"), (1.1, "wrong")])
def test_at_a_kink_all_between_the_two_slopes_is_accepted(got, expected):
    found = outcome(got, sides=KINK)
    assert (found.outcome, found.oracle) == (expected, "finite_difference")


def test_where_no_oracle_tells_anything_nothing_is_told():
    found = outcome(1.0, sides=UNTOLD)
    assert (found.outcome, found.tolerance) == ("untold", math.inf)


def test_a_tolerance_of_a_large_part_of_the_slope_tells_nothing():
    within = Sides(1.0, 0.9 * TOLD, 1.0, 0.9 * TOLD, 1.0)
    beyond = Sides(1.0, 1.1 * TOLD, 1.0, 1.1 * TOLD, 1.0)
    assert outcome(1.0, sides=within, allowed=0.0).outcome == "right"
    assert outcome(1.0, sides=beyond, allowed=0.0).outcome == "untold"
    assert outcome(0.0, sides=beyond._replace(left=0.0, right=0.0), allowed=0.0).outcome == "right"


def test_a_gradient_far_noisier_than_an_oracle_and_off_by_half_its_digits_is_unstable():
    sharp = {"jax": (1.0, 1e-12)}
    noise = 10 * STEADY * 1e-9
    assert outcome(1 + 1e-6, sharp=sharp, allowed=1e-9 + noise, quiet=1e-9).outcome == "unstable"
    assert outcome(1 + 1e-9, sharp=sharp, allowed=1e-9 + noise, quiet=1e-9).outcome == "right"
    assert outcome(1 + 1e-6, allowed=1e-9 + noise, quiet=1e-9).outcome == "right"  # no sharper oracle says so


def test_differences_contradict_what_lies_beyond_both_radii_unless_there_is_a_kink():
    assert contradicted(SMOOTH, 1 + 1e-3, 1e-6)
    assert not contradicted(SMOOTH, 1 + 1e-3, 1e-2)
    assert not contradicted(KINK, 5.0, 1e-6)
    assert not contradicted(UNTOLD, 5.0, 1e-6)
    assert contradicted(SMOOTH, math.nan, 1e-6)
