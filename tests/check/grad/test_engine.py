import time

import numpy as np
import pytest
from grad_programs import bumped, cells, engine_of, half_squares, places, ran, same, unit
from hypothesis import given, settings
from hypothesis import strategies as st

from minibp.check.grad.column import DIFFERENCES, KINK, RIGHT, WRONG
from minibp.check.grad.engine import COTANGENTS, FEW, GUARDED, ROWS

X = np.array([0.7, -1.3, 2.1])
BOTH, ALONE = ("complex_step", DIFFERENCES), (DIFFERENCES,)
SETS = pytest.mark.parametrize("oracles", [BOTH, ALONE], ids="+".join)
MANY = np.random.default_rng(7).standard_normal(300)


def told(engine):
    """All that a report is made of."""
    return [(*cell._replace(v=tuple(cell.v)),) for cell in cells(engine)], engine.notes, engine.function.calls


# -- few entries


@SETS
@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
@settings(max_examples=4)
def test_every_entry_is_checked_where_there_are_few(oracles, n, seed):
    x = np.random.default_rng(seed).uniform(0.2, 1.2, n)
    k = seed % n
    right = ran(half_squares, same, x, oracles=oracles, seed=seed)
    assert places(right, RIGHT) == [(i, 0) for i in range(n)]
    assert right.notes == []
    wrong = ran(half_squares, bumped(same, k), x, oracles=oracles, seed=seed)
    assert places(wrong, WRONG) == [(k, 0)]
    assert len(wrong.columns) == n


@pytest.mark.parametrize("kind", ["vjp", "jvp", "jacobian"])
def test_the_result_that_is_off_is_told(kind):
    claims = {
        "vjp": lambda x, c: c @ bumped(lambda x: np.diag(np.cos(x)), (2, 1))(x),
        "jvp": lambda x, v: bumped(lambda x: np.diag(np.cos(x)), (2, 1))(x) @ v,
        "jacobian": bumped(lambda x: np.diag(np.cos(x)), (2, 1)),
    }
    engine = ran(np.sin, claims[kind], X, kind)
    assert places(engine, WRONG) == [(1, 2)]
    assert len(cells(engine, RIGHT)) == 8


def test_integers_are_no_entries_to_move():
    engine = ran(lambda x: (x["w"] * x["k"]).sum(), lambda x: {"w": np.full(3, 4.0), "k": None}, {"w": X, "k": 4})
    assert places(engine, RIGHT) == [(i, 0) for i in range(3)]


@SETS
def test_the_same_seed_gives_the_same_comparisons(oracles):
    def found(claim, x, seed=5):
        return told(ran(half_squares, claim, x, oracles=oracles, seed=seed, calls=200))

    for claim, x in ((bumped(same, 1), X), (bumped(same, 40), MANY[:60])):
        assert found(claim, x) == found(claim, x)
    assert found(same, MANY[:60]) != found(same, MANY[:60], seed=6)


def test_a_function_that_sleeps_at_its_first_call_gets_the_same_comparisons():
    calls = []

    def slow_at_first(x):
        calls.append(1)
        if len(calls) == 1:
            time.sleep(0.05)
        return half_squares(x)

    for x in (X, MANY[:60]):
        calls.clear()
        slow, fast = (told(ran(f, bumped(same, 1), x, calls=200)) for f in (slow_at_first, half_squares))
        assert slow == fast


# -- guards


def test_beyond_a_few_entries_differences_guard_a_sample():
    n = FEW + 6
    engine = ran(half_squares, same, MANY[:n])
    guarded = [column for column in engine.columns if DIFFERENCES in column.told]
    assert len(engine.columns) == n
    assert len(guarded) == GUARDED
    assert all(column.sides is None for column in guarded)  # two steps did: at all scales directions were looked along
    few = ran(half_squares, same, MANY[: FEW // 6])
    assert all(column.sides is not None for column in few.columns)


def test_without_differences_nothing_guards():
    engine = ran(half_squares, same, MANY[:40], oracles=("complex_step",))
    assert all(column.sides is None for column in engine.columns)
    assert len(cells(engine, RIGHT)) == 40


def test_differences_take_two_steps_where_these_do():
    """Without another oracle most entries of many take two steps, at the pace that directions of random signs tell."""
    few, more = (ran(half_squares, same, MANY[:n], oracles=ALONE) for n in (60, 180))
    assert more.function.calls - few.function.calls <= 5 * 120  # four each, but for a few that take all steps
    assert len(cells(more, RIGHT)) == 180
    wrong = ran(half_squares, bumped(same, 77), MANY[:120], oracles=ALONE)
    assert places(wrong, WRONG) == [(77, 0)]


def test_an_exact_0_has_no_pace():
    x = np.where(np.arange(40) % 2, MANY[:40], 0.0)
    assert len(cells(ran(half_squares, same, x, oracles=ALONE), RIGHT)) == 40


def test_where_no_step_tells_anything_there_is_no_pace():
    engine = ran(lambda x: np.where((x == MANY[:40]).all(), 1.0, np.nan), same, MANY[:40], oracles=ALONE)
    assert not cells(engine, RIGHT)
    assert not cells(engine, WRONG)


def test_entries_at_kinks_are_held_between_both_sides():
    x = np.where(np.isin(np.arange(40), [3, 17]), 0.0, MANY[:40])
    right = ran(lambda x: np.where(x.real > 0, x, 0).sum(), lambda x: (x > 0) * 1.0 + 0.5 * (x == 0), x)
    assert right.kinks_seen
    assert places(right, KINK) == [(3, 0), (17, 0)]
    wrong = ran(lambda x: np.where(x.real > 0, x, 0).sum(), lambda x: (x > 0) * 1.0 + 1.5 * (x == 0), x)
    assert places(wrong, WRONG) == [(3, 0), (17, 0)]


def test_a_claim_at_kinks_has_to_be_between_the_gradients_nearby():
    """Of max(x, y) at a tie the parts have to add up to 1: each alone is between 0 and 1."""
    x = np.zeros(2)
    right = ran(lambda x: x.max(), lambda x: np.array([0.3, 0.7]), x, oracles=ALONE)
    assert not cells(right, WRONG)
    assert places(right, KINK) == [(0, 0), (1, 0)]
    for parts in ([1.0, 1.0], [0.0, 0.0]):
        wrong = ran(lambda x: x.max(), lambda x: np.array(parts), x, oracles=ALONE)  # noqa: B023
        (off,) = cells(wrong, WRONG)
        assert not off.is_entry
        assert off.oracle == DIFFERENCES
        assert abs(off.got - off.expected) > off.tolerance


def test_at_a_tie_a_claim_of_one_entry_beyond_both_sides_is_wrong():
    for parts in ([1.2, -0.2], [3.0, 0.0]):
        engine = ran(lambda x: x.max(), np.array(parts), np.full(2, 0.7), oracles=ALONE)
        assert cells(engine, WRONG)


# -- many results


def test_of_many_results_sums_are_checked():
    m = ROWS + 1
    scales = np.arange(1, m + 1)
    right = ran(lambda x: scales * x, lambda x, c: np.array([scales @ c]), np.array([0.3]), "vjp")
    assert len(cells(right, RIGHT)) == len(cells(right)) == COTANGENTS
    assert right.notes == [f"of {m:,} results {COTANGENTS} sums with random signs were checked"]
    for off in (0, m - 1):
        claim = lambda x, c: np.array([scales @ c + 1e-3 * c[off]])  # noqa: B023, E731
        assert len(cells(ran(lambda x: scales * x, claim, np.array([0.3]), "vjp"), WRONG)) == COTANGENTS


def test_columns_have_every_result_however_many():
    m = ROWS + 1
    engine = ran(lambda x: np.arange(m) * x, lambda x, v: np.arange(m) * v, np.array([0.3]), "jvp")
    assert len(cells(engine, RIGHT)) == m
    assert engine.notes == []


def test_an_entry_is_a_step_of_its_own_size():
    engine = engine_of(half_squares, same, np.array([3.0, -1e-7, 0.0]))
    bases = engine.arguments.scale
    assert bases.tolist()[:2] == [3.0, 1e-7]
    assert engine.movable.tolist() == [0, 1, 2]
    assert engine.claimed.column(unit(1, 3), bases[1]).got.tolist() == [-1e-7]
