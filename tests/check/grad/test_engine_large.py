import numpy as np
import pytest
from grad_programs import bumped, cells, engine_of, half_squares, places, ran, same

from minibp.check.grad import engine as module
from minibp.check.grad.column import DIFFERENCES, KINK, RIGHT, WRONG
from minibp.check.grad.engine import CALLS, CALLS_AN_ENTRY, DIRECTIONS, SAMPLE

BOTH, ALONE = ("complex_step", DIFFERENCES), (DIFFERENCES,)
SETS = pytest.mark.parametrize("oracles", [BOTH, ALONE], ids="+".join)
MANY = np.random.default_rng(7).standard_normal(100_000)
LARGE = MANY[:400]


def plus_part(x):
    return np.maximum(x, 0).sum()


@pytest.mark.parametrize("calls", [100, 1999, 2000])
def test_the_budget_of_calls_decides_whether_every_entry_is_checked(calls):
    engine = ran(half_squares, same, LARGE, calls=calls)
    assert engine.every == (len(LARGE) * CALLS_AN_ENTRY <= calls)
    if engine.every:
        assert len(engine.columns) == len(LARGE)
    else:
        assert len(engine.columns) == DIRECTIONS + SAMPLE
        assert engine.notes == [f"of 400 entries the slopes along {DIRECTIONS} directions of random signs were checked"]
        assert engine.function.calls < 1000


@SETS
def test_many_entries_take_few_calls(oracles):
    engine = ran(half_squares, same, MANY, oracles=oracles)
    assert len(cells(engine, RIGHT)) == DIRECTIONS + SAMPLE
    assert engine.function.calls < 1000


@pytest.mark.parametrize(
    ("n", "k", "oracles"),
    [
        pytest.param(50_000, 34_321, BOTH, id="50000 entries by the complex step"),
        pytest.param(10_000, 7777, ALONE, id="10000 entries by differences"),
        pytest.param(1100, 0, BOTH, id="the first"),
        pytest.param(1100, 1099, ALONE, id="the last"),
    ],
)
def test_of_many_entries_the_one_that_is_off_is_found(n, k, oracles):
    engine = ran(half_squares, bumped(same, k), MANY[:n], oracles=oracles)
    assert places(engine, WRONG) == [(k, 0)]
    (off,) = cells(engine, WRONG)  # and directions that only repeat it are not told
    assert off.error == pytest.approx(1e-3, rel=1e-3)
    assert engine.function.calls < 2 * CALLS


@pytest.mark.parametrize("kind", ["vjp", "jvp"])
def test_of_many_entries_and_results_the_pair_that_is_off_is_found(kind):
    claim = bumped(np.cos, 123)
    engine = ran(np.sin, lambda x, more: more * claim(x), LARGE, kind, calls=1000)
    assert {place for place, _ in places(engine, WRONG)} == {123}
    assert kind == "vjp" or places(engine, WRONG) == [(123, 123)]


def test_kinks_in_large_arrays_are_checked_one_by_one():
    x, at = MANY[:3000].copy(), [5, 2777]
    x[at] = 0
    right = ran(plus_part, lambda x: (x > 0) * 1.0, x, oracles=ALONE)
    assert not cells(right, WRONG)
    assert places(right, KINK) == [(k, 0) for k in at]
    assert "2 entries at kinks were checked one by one" in right.notes
    assert not right.moved[at].any()
    outside = ran(plus_part, bumped(lambda x: (x > 0) * 1.0, 2777, 1.5), x, oracles=ALONE)
    assert places(outside, WRONG) == [(2777, 0)]


def test_beside_kinks_what_is_off_is_found():
    x, at = MANY[:1500].copy(), [5, 777]
    x[at] = 0
    engine = ran(plus_part, bumped(lambda x: (x > 0) * 1.0, 1234, 1e-2), x, oracles=ALONE)
    assert places(engine, WRONG) == [(1234, 0)]
    assert places(engine, KINK) == [(k, 0) for k in at]


def test_what_no_half_shows_is_told_along_its_direction(monkeypatch):
    engine = engine_of(half_squares, bumped(same, 777), MANY[:2000])
    judge = engine.judge.judge

    def dull(column, **given):
        judge(column, **given)
        if np.count_nonzero(column.v) < wide:
            column.outcome[:] = RIGHT

    monkeypatch.setattr(engine.judge, "judge", dull)
    for wide, notes in ((2000, ["among entries 0 to 1,999"]), (500, ["among entries 500 to 999"])):
        engine.columns, engine.said = [], []
        with np.errstate(all="ignore"):
            engine.run()
        assert sum(note in said for note in notes for said in engine.notes) == 1
        assert all(np.count_nonzero(cell.v) >= wide for cell in cells(engine, WRONG))
        assert cells(engine, WRONG)


def test_the_search_for_kinks_keeps_to_the_budget():
    x = MANY[:2000].copy()
    x[:1000] = 0
    engine = ran(plus_part, lambda x: (x > 0) * 1.0, x, oracles=ALONE, calls=600)
    assert not cells(engine, WRONG)
    assert engine.function.calls < 8000


def test_of_many_entries_jax_tells_each(monkeypatch):
    jnp = pytest.importorskip("jax.numpy", reason="JAX is not installed")
    oracles = ("jax", DIFFERENCES)

    def f(x):
        return jnp.sin(x).sum() if hasattr(x, "at") else np.sin(x).sum()

    right = ran(f, np.cos, LARGE, oracles=oracles, calls=1000)
    assert right.notes[0] == "JAX autodiff told every entry"
    assert not cells(right, WRONG)
    wrong = ran(f, bumped(np.cos, [3, 70, 399], 1e-12), LARGE, oracles=oracles, calls=1000)
    assert places(wrong, WRONG) == [(3, 0), (70, 0), (399, 0)]
    assert wrong.notes[0] == "JAX autodiff told every entry, 3 of them differ"
    assert all(cell.is_entry for cell in cells(wrong, WRONG))
    monkeypatch.setattr(module, "SUSPECTS", 5)
    all_off = ran(f, lambda x: 1.5 * np.cos(x), LARGE, oracles=oracles, calls=1000)
    assert len(places(all_off, WRONG)) <= 5 + SAMPLE
    assert all_off.notes[0] == "JAX autodiff told every entry, 400 of them differ"
