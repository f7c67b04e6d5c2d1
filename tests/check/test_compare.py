import numpy as np
import pytest

from minibp import Network, Problem, batched
from minibp.check.compare import compare, compare_slopes
from minibp.check.layout import EQUATIONS, layout, row_of_bound, row_of_pass, rows_of_estimate
from minibp.check.oracles import complex_step
from minibp.check.oracles.jax_autodiff import oracle as jax_oracle
from minibp.check.problem_stack import stack_of_one
from minibp.check.rounding.whole_pass import arithmetic_of, bound, bounds
from minibp.check.statistics import Statistics
from minibp.network import Gradient

RNG = np.random.default_rng(0)
PROBLEM = Problem(
    Network.random([3, 4, 2], "tanh", "sigmoid", rng=0), "cross_entropy", RNG.random((5, 3)), RNG.random((5, 2)), 0.5
)
HELD = batched.backprop(PROBLEM.network, PROBLEM.cost, PROBLEM.x, PROBLEM.y, PROBLEM.l2)
LIMITS = row_of_bound(bound(PROBLEM, arithmetic_of("float64")))


def test_the_row_runs_in_the_order_in_which_the_equations_depend_on_each_other():
    places = [(segment.equation, segment.layer, segment.tensor) for segment in layout(PROBLEM)]
    assert places == [
        ("(13)", 2, "z"),
        ("(14)", 2, "a"),
        ("(13)", 3, "z"),
        ("(14)", 3, "a"),
        ("(27)", None, "cost"),
        ("(26)", 3, "delta"),
        ("(22)", 2, "delta"),
        ("(23)", 3, "nabla_b"),
        ("(23)", 2, "nabla_b"),
        ("(27)", 3, "nabla_w"),
        ("(27)", 2, "nabla_w"),
    ]
    assert layout(PROBLEM)[-1].stop == len(LIMITS) == len(row_of_pass(HELD))
    plain = Problem(PROBLEM.network, "quadratic", PROBLEM.x, PROBLEM.y)
    assert {segment.equation for segment in layout(plain)} == {
        "(13)",
        "(14)",
        "(9)(25)",
        "(17)",
        "(22)",
        "(23)",
        "(24)",
    }
    assert {segment.equation for segment in (*layout(plain), *layout(PROBLEM))} <= set(EQUATIONS)


@pytest.mark.parametrize("oracle", [jax_oracle, complex_step], ids=["jax_oracle", "complex_step"])
def test_every_single_entry_that_is_off_is_found_and_placed(oracle):
    expected, radius = rows_of_estimate(oracle.estimate(PROBLEM))
    right = row_of_pass(HELD)
    assert compare(layout(PROBLEM), right, LIMITS, expected, radius, Statistics()) is None
    for at in range(len(right)):
        wrong = right.copy()
        wrong[at] += 3 * (LIMITS[at] + radius[at])
        mismatch = compare(layout(PROBLEM), wrong, LIMITS, expected, radius, Statistics())
        assert mismatch.segment.start <= at < mismatch.segment.stop
        assert (
            np.ravel_multi_index(mismatch.entry, mismatch.segment.shape) == at - mismatch.segment.start
            if mismatch.entry
            else True
        )
        assert (mismatch.got, mismatch.expected) == (wrong[at], expected[at])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_never_right(bad):
    wrong = row_of_pass(HELD)
    wrong[7] = bad
    stats = Statistics()
    assert compare(layout(PROBLEM), wrong, LIMITS, row_of_pass(HELD), 0 * LIMITS, stats).segment.tensor == "z"
    assert stats.worst["(13)"] == np.inf


def test_what_an_oracle_does_not_tell_is_neither_right_nor_counted():
    wrong, radius, stats = row_of_pass(HELD), np.zeros(len(LIMITS)), Statistics()
    wrong[0], radius[0] = 99.0, np.inf
    assert compare(layout(PROBLEM), wrong, LIMITS, row_of_pass(HELD), radius, stats) is None
    assert stats.entries["(13)"] == 5 * 4 + 5 * 2 - 1


def test_an_exact_zero_must_be_met_exactly():
    zero, stats = np.zeros(len(LIMITS)), Statistics()
    assert compare(layout(PROBLEM), zero, zero, zero, zero, stats) is None
    off = zero.copy()
    off[3] = 5e-324
    assert compare(layout(PROBLEM), off, zero, zero, zero, stats).entry == (0, 3)


def test_slopes_are_held_too():
    (estimate,) = jax_oracle.estimate_each([stack_of_one(PROBLEM)])
    limits, stats = bounds(stack_of_one(PROBLEM), arithmetic_of("float64")), Statistics()
    assert compare_slopes([HELD.gradient], limits, estimate, stats) is None
    assert stats.entries["(1)"] == 1
    assert stats.worst["(1)"] < 1
    changed = [w.copy() for w in HELD.gradient.nabla_w]
    changed[0][0, 0] += 1e-9
    wrong = HELD._replace(gradient=Gradient(tuple(changed), HELD.gradient.nabla_b))
    mismatch = compare_slopes([wrong.gradient], limits, estimate, stats)
    assert (mismatch.segment.equation, mismatch.entry) == ("(1)", ())
    assert stats.worst["(1)"] > 1


def test_tallies_add_up():
    one, other = Statistics(), Statistics()
    one.add("(13)", 0.25, 10)
    other.add("(13)", 0.5, 5)
    other.add("(22)", 0.1, 1)
    one.add_relative_tolerances(np.array([1.0, 1.0, 0.0]), np.array([1e-12, 1e-13, 1e-15]))
    other.add_relative_tolerances(np.array([1.0, 1.0]), np.array([1e-12, np.inf]))
    one.merge(other)
    assert one.worst == {"(13)": 0.5, "(22)": 0.1}
    assert one.entries == {"(13)": 15, "(22)": 1}
    assert one.median_relative_tolerance() == 1e-12
    assert Statistics().median_relative_tolerance() == np.inf
