import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibp.check.grad.column import (
    DISPUTED,
    DOUBTFUL,
    FLAT,
    JUMP,
    KINK,
    OUTCOMES,
    RIGHT,
    SETTLED,
    SILENT,
    SMALL,
    STEPS,
    UNRESOLVED,
    UNSTABLE,
    WRONG,
    Cell,
    Column,
    Direction,
)

V = np.array([0.0, 1.0, 0.0])
GOT = np.array([1.0, np.nan, 3.0])


def column(got=GOT, v=V):
    return Column(Direction.of(v), 1.0, np.asarray(got), np.full(len(got), 1e-12))


def cell(got=1.0, expected=1.0, tolerance=0.5, v=V, outcome=RIGHT):
    return Cell(outcome, 0, v, got, expected, tolerance, "jax")


def test_outcomes_have_their_names():
    numbers = (RIGHT, WRONG, UNSTABLE, KINK, UNRESOLVED, JUMP, STEPS, SMALL, SILENT, DISPUTED, DOUBTFUL, FLAT)
    assert [OUTCOMES[number] for number in numbers] == [
        "right", "wrong", "unstable", "kink", "unresolved", "jump", "steps", "small", "silent",
        "disputed", "doubtful", "flat",
    ]  # fmt: skip
    assert len(numbers) == len(OUTCOMES)


def test_at_first_nothing_is_told_but_what_is_not_finite():
    """Of NaN the breach of the contract is told, and no slope is looked for."""
    found = column()
    assert found.outcome.tolist() == [UNRESOLVED, RIGHT, UNRESOLVED]
    assert found.open.tolist() == [True, False, True]
    assert not found.is_settled
    assert np.isinf(found.tolerance).all()
    assert found.oracle == ["", "", ""]
    assert column([np.nan]).is_settled


def test_what_is_allowed_is_at_first_what_is_quiet_and_its_own():
    found = column()
    found.allowed += 1
    assert found.quiet.tolist() == [1e-12] * 3


@given(st.lists(st.sampled_from(range(len(OUTCOMES))), min_size=1, max_size=6))
def test_a_column_is_settled_where_no_outcome_needs_a_look(outcomes):
    found = column(np.ones(len(outcomes)))
    found.outcome = np.array(outcomes)
    assert found.open.tolist() == [outcome not in SETTLED for outcome in outcomes]
    assert found.is_settled == set(outcomes).issubset({RIGHT, KINK, JUMP, DISPUTED})
    for outcome in range(len(OUTCOMES)):
        assert found.has(outcome) == (outcome in outcomes)


@pytest.mark.parametrize(
    ("v", "expected"),
    [
        pytest.param([0.0, 1.0, 0.0], True, id="unit"),
        pytest.param([0.0, -2.0, 0.0], True, id="scaled"),
        pytest.param([1.0, 0.0, 1.0], False, id="two"),
        pytest.param([0.0, 0.0], False, id="none"),
    ],
)
def test_an_entry_is_a_direction_that_moves_one(v, expected):
    assert column(v=np.array(v)).is_entry == expected
    assert cell(v=np.array(v)).is_entry == expected


def test_an_oracles_word_is_taken_where_it_counts_and_taken_back():
    found = column([1.0, 2.0, 3.0])
    found.values["jax"] = np.array([1.0, 2.5, 3.0]), np.zeros(3)
    found.note(np.array([True, True, False]), "jax", np.array([1.0, 2.5, 9.0]), np.array([0.1, 0.2, 0.3]))
    assert np.array_equal(found.expected, [1.0, 2.5, np.nan], equal_nan=True)
    assert found.tolerance.tolist() == [0.1, 0.2, np.inf]
    assert found.oracle == ["jax", "jax", ""]
    found.note(np.array([False, True, True]), "complex_step", np.array([9.0, 2.0, 3.0]), np.array([9.0, 0.01, 0.02]))
    found.outcome = np.array([RIGHT, WRONG, RIGHT])
    found.forget("jax")
    assert found.outcome.tolist() == [UNRESOLVED, WRONG, RIGHT]
    assert found.tolerance.tolist() == [np.inf, 0.01, 0.02]
    assert "jax" not in found.values
    found.forget("finite_difference")  # which said nothing
    assert found.outcome.tolist() == [UNRESOLVED, WRONG, RIGHT]


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=5))
def test_cells_are_the_comparisons_in_order(got):
    found = column(got)
    found.note(np.ones(len(got), bool), "jax", np.zeros(len(got)), np.ones(len(got)))
    cells = found.cells()
    assert [one.i for one in cells] == list(range(len(got)))
    assert [one.got for one in cells] == got
    assert [one.error for one in cells] == [abs(one) for one in got]
    assert [one.excess for one in cells] == [abs(one) for one in got]
    assert {one.oracle for one in cells} == {"jax"}
    assert all(type(one.outcome) is int for one in cells)


@given(st.lists(st.sampled_from(range(len(OUTCOMES))), min_size=1, max_size=6), st.sets(st.sampled_from(range(10))))
def test_cells_are_those_of_the_outcomes_that_are_asked_for(outcomes, wanted):
    found = column(np.arange(len(outcomes)))
    found.outcome = np.array(outcomes)
    cells = found.cells(tuple(wanted))
    assert [(one.i, one.got) for one in cells] == [(i, i) for i, outcome in enumerate(outcomes) if outcome in wanted]
    assert {one.outcome for one in cells} == wanted.intersection(outcomes)
    assert [one.outcome for one in found.cells()] == outcomes


@pytest.mark.parametrize(
    ("got", "tolerance", "excess"), [(3.0, 0.5, 4.0), (0.0, 0.5, 2.0), (1.0, 0.0, 0.0), (1.5, 0.0, np.inf), (1.0, 1, 0)]
)
def test_the_excess_is_the_error_in_tolerances(got, tolerance, excess):
    with np.errstate(all="raise"):
        one = cell(got, 1.0, tolerance)
        assert (one.error, one.excess) == (abs(got - 1), pytest.approx(excess, nan_ok=True))


# -- directions


@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_a_direction_is_kept_whatever_it_is_kept_as(seed, n):
    rng = np.random.default_rng(seed)
    sizes = 10.0 ** rng.integers(-300, 300, n)
    for v in (rng.choice([-1.0, 0.0, 1.0], n) * sizes, rng.standard_normal(n) * rng.choice([0.0, 1.0], n)):
        found = Direction.of(v, sizes)
        assert found.v.tolist() == v.tolist()
        assert found.moves.tolist() == np.flatnonzero(v).tolist()
        assert found.weights.tolist() == v[v != 0].tolist()
        assert found.is_entry == (np.count_nonzero(v) == 1)


def test_of_random_signs_one_byte_an_entry_is_kept():
    n = 100_000
    sizes = np.random.default_rng(0).uniform(1, 2, n)
    v = np.where(np.arange(n) % 2, sizes, -sizes)
    tracemalloc.start()
    try:
        found = Direction.of(v, sizes)
        assert tracemalloc.get_traced_memory()[0] < 1.1 * n
        assert found.v.tolist() == v.tolist()
    finally:
        tracemalloc.stop()
