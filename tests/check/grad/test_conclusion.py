from collections import Counter

import numpy as np
import pytest
from grad_programs import engine_of

from minibp.check.grad.column import OUTCOMES, RIGHT
from minibp.check.grad.conclusion import REASONS, SUMMED, WHY, outcomes, remarks, unresolved, verdict_of
from minibp.check.grad.question import quietly

X = np.array([0.7, -1.3, 2.1])


def engine_at(f=lambda x: np.sin(x).sum(), claim=np.cos, x=X, **more):
    with quietly(()):
        engine = engine_of(f, claim, x, "grad", ("complex_step", "finite_difference"), **more)
        engine.run()
    return engine


@pytest.fixture(scope="module")
def engine():
    return engine_at()


def concluded(engine, **counts):
    return verdict_of(Counter(counts), engine.function, engine)


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ({"right": 3}, "correct"),
        ({"right": 2, "unresolved": 1}, "correct"),
        ({"right": 3, "small": 1, "unresolved": 1}, "correct"),
        ({"right": 2, "small": 1}, "correct"),
        ({"right": 1, "small": 1, "unresolved": 1}, "undecided"),
        ({"right": 1, "small": 3}, "undecided"),
        ({"right": 1, "unresolved": 2}, "undecided"),
        ({"right": 1, "steps": 1}, "undecided"),
        ({"silent": 2, "jump": 1}, "correct"),
        ({"right": 99, "doubtful": 1}, "undecided"),
        ({"right": 99, "disputed": 1}, "undecided"),
        ({}, "undecided"),
    ],
    ids=str,
)
def test_most_entries_have_to_be_told_and_none_may_be_in_doubt(engine, counts, verdict):
    assert concluded(engine, **counts)[0] == verdict


@pytest.mark.parametrize("outcome", WHY)
def test_what_is_undecided_says_why(engine, outcome):
    assert concluded(engine, **{outcome: 3}) == ("undecided", WHY[outcome])


def test_kinks_alone_are_said_to_be_such(engine):
    assert concluded(engine, kink=2)[1].startswith("all that is claimed is at kinks of f")
    assert concluded(engine, kink=2, right=1) == ("correct", "")


def test_slopes_of_0_alone_beside_what_is_lost_do_not_do():
    engine = engine_at(lambda x: 0 * x.sum(), np.zeros_like)
    assert concluded(engine, right=2, unresolved=1)[0] == "undecided"
    assert concluded(engine, right=3)[0] == "correct"


def test_half_precision_is_named(engine):
    f = engine_at(lambda x: np.sin(x.astype(np.float16)).sum(), np.cos)
    assert f.function.coarse
    assert concluded(f, unresolved=3)[1].startswith("f computes in half precision")
    assert any("f computes in float16, too coarse" in note for note in remarks("g", f.function, f.claimed.claim, f))


def test_outcomes_are_counted(engine):
    assert outcomes(engine) == {OUTCOMES[RIGHT]: 3}


def test_all_entries_are_counted_by_reason_and_slopes_along_directions_noted(engine):
    assert unresolved(Counter(right=1, kink=2), engine) == ({REASONS["kink"]: 2}, [])
    many = engine_at(x=np.linspace(0.1, 2, 400), calls=100)
    assert not many.every
    skipped, said = unresolved(Counter(right=3, steps=1), many)
    assert skipped == {SUMMED: many.summed}
    assert said == [f"1 of 4 slopes are {REASONS['steps']}"]


@pytest.mark.parametrize(("n", "said"), [(3, "all 3 entries were checked"), (1, "the one entry was checked")])
def test_how_many_entries_were_checked_is_said(n, said):
    engine = engine_at(x=X[:n])
    assert remarks("g", engine.function, engine.claimed.claim, engine)[0] == said


def test_how_many_are_off_is_said():
    engine = engine_at(claim=lambda x: np.cos(x) * [1, 1, 2])
    assert remarks("g", engine.function, engine.claimed.claim, engine)[0] == "all 3 entries were checked, 1 is off"


@pytest.mark.parametrize(
    ("claim", "said"),
    [(np.cos, "is derived"), (lambda x: np.array([np.cos(one) for one in x.tolist()]), "between points nearby")],
    ids=["followed", "not followed"],
)
def test_where_the_tolerance_comes_from_is_said(claim, said):
    engine = engine_at(claim=claim)
    assert said in remarks("g", engine.function, engine.claimed.claim, engine)[-1]
