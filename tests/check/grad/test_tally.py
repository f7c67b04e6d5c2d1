import numpy as np
import pytest
from grad_programs import unit

from minibp.check.grad.column import DIFFERENCES, RIGHT, WRONG, Column, Direction
from minibp.check.grad.tally import Tally


def column(got, ratio=None):
    made = Column(Direction.of(unit(0, 3)), 1.0, np.array(got, float), np.zeros(len(got)))
    made.outcome[:] = RIGHT
    if ratio is not None:
        made.told["jax"] = np.array(ratio), np.array(got, float), np.full(len(got), 1e-13)
    return made


def test_what_agrees_is_counted_by_oracle():
    tally = Tally(2.0**-53)
    tally.count(column([1.0, 2.0, 3.0], [0.25, np.nan, 0.5]), {"jax"})
    stats = tally.statistics["jax"]
    assert (stats.worst["(1)"], stats.entries["(1)"]) == (0.5, 2)


def test_oracles_that_were_left_out_are_not_counted():
    tally = Tally(2.0**-53)
    tally.count(column([1.0], [0.25]), {DIFFERENCES})
    assert not tally.statistics


def test_what_is_off_counts_by_the_oracle_that_tells_it():
    tally, one = Tally(2.0**-53), column([1.0, 2.0], [0.1, 0.2])
    one.outcome[1], one.oracle[1], one.expected[1], one.tolerance[1] = WRONG, DIFFERENCES, 1.0, 0.125
    tally.count(one, {"jax"})
    assert tally.statistics["jax"].entries["(1)"] == 1
    assert tally.statistics[DIFFERENCES].worst["(1)"] == 8.0


def test_a_column_counts_once():
    tally, one = Tally(2.0**-53), column([1.0], [0.25])
    one.counted = True
    tally.count(one, {"jax"})
    assert not tally.statistics


@pytest.mark.parametrize(("roundoff", "counted"), [(2.0**-53, True), (2.0**-24, False)])
def test_slopes_that_agree_at_once(roundoff, counted):
    tally = Tally(roundoff)
    value = np.array([[1.0, 0.0], [2.0, -3.0]])
    tally.count_agreed("complex_step", value + 1e-14 * (value == 1), value, np.full((2, 2), 4e-14))
    stats = tally.statistics["complex_step"]
    assert stats.worst["(1)"] == pytest.approx(0.25, rel=0.01)
    assert stats.entries["(1)"] == 4
    assert bool(stats.relative_tolerances.any()) == counted
    tally.count_agreed("jax", np.zeros((2, 0)), np.zeros((2, 0)), np.zeros((2, 0)))
    assert "jax" not in tally.statistics


def test_oracles_are_held_against_each_other_in_units_of_both_radii():
    tally = Tally(2.0**-53)
    found = Column(Direction(2, np.array([0]), np.ones(1)), 1.0, np.array([1.0, 1.0]), np.zeros(2))
    found.values = {
        "jax": (np.array([1.0, 1.0]), np.array([0.25, 0.25])),
        "complex_step": (np.array([1.5, 1.0]), np.array([0.75, 0.25])),
        "finite_difference": (np.array([1.0, 9.0]), np.array([0.25, np.inf])),
    }
    tally.count(found, ("jax",))
    assert {pair: (stats.worst["(1)"], stats.entries["(1)"]) for pair, stats in tally.agreement.items()} == {
        ("jax", "complex_step"): (0.5, 2),
        ("jax", "finite_difference"): (0.0, 1),
        ("complex_step", "finite_difference"): (0.5, 1),
    }
