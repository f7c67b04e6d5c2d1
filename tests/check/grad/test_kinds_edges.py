"""Edges and jumps of f, values on one side alone, and answers that cancel."""

import math

import numpy as np
import pytest
from grad_kinds import is_not_passed, is_right, is_undecided, is_wrong, report, said


@pytest.mark.parametrize("edge", [1.0, 3.0, 1e-3])
def test_values_on_one_side_alone_decide(edge):
    def f(x):
        return x * math.sqrt(x) if x >= edge else math.nan

    is_right(f, lambda x: 1.5 * np.sqrt(x), edge)
    is_wrong(f, lambda x: 1.4 * np.sqrt(x), edge)
    is_right(f, lambda x: 1.5 * np.sqrt(x), edge * (1 + 1e-9))


JUMPS = {
    "a step": (lambda x: (x > 0) * 1.0, 0.0),
    "floor": (np.floor, 3.0),
    "round": (np.round, 0.5),
    "sign": (np.sign, 0.0),
    "a sawtooth": (lambda x: np.mod(x, 1), 2.0),
}


@pytest.mark.parametrize("name", JUMPS)
@pytest.mark.parametrize("claimed", [0.0, 1.0, -2.0])
def test_where_f_jumps_it_has_no_slope(name, claimed):
    f, x = JUMPS[name]
    found = is_not_passed(f, lambda x: claimed + 0 * x, x)
    assert "kink" not in said(found)
    if found.verdict == "undecided":
        assert "jump" in said(found)


@pytest.mark.parametrize("name", JUMPS)
def test_beside_a_jump_it_has_one(name):
    f, x = JUMPS[name]
    slope = 1.0 if name == "a sawtooth" else 0.0
    for at in (x + 0.2, x + 0.01, x - 0.3):
        is_right(f, lambda x: slope + 0 * x, at)
        is_not_passed(f, lambda x: slope + 0.5 + 0 * x, at)  # as of steps of rounding, it may be undecided


def small_slope(x):
    return (1 - np.cos(x)) / x**2


@pytest.mark.parametrize(("x", "factor"), [(1e-4, -1.0), (3e-5, 0.0), (1e-5, 10.0)])
def test_a_cancelled_answer_says_so(x, factor):
    found = is_undecided(small_slope, lambda x: -factor * x / 12, x, "note: ")
    assert "lost in the rounding of f" in said(found) or "has steps near the point" in said(found)
    found = report(small_slope, lambda x: -x / 12, x)
    assert found.verdict in {"correct", "undecided"}, str(found)


@pytest.mark.parametrize(("x", "seed"), [(0.5, 0), (0.1, 1), (0.05, 0), (0.01, 1)])
def test_with_less_of_it_the_same_slope_is_resolved(x, seed):
    def slope(x):
        return np.sin(x) / x**2 - 2 * (1 - np.cos(x)) / x**3

    is_right(small_slope, slope, x, seed=seed)
    is_wrong(small_slope, lambda x: 10 * slope(x), x, seed=seed)
    is_wrong(small_slope, lambda x: -slope(x), x, seed=seed)
