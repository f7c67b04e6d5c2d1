import dataclasses
from typing import Any, NamedTuple

import numpy as np
import pytest
from grad_kinds import is_right, is_wrong, report, said
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minibp import GradientMismatch, InputError, check_grad
from minibp.check.grad.points import pasted

ENTRIES = hnp.arrays(float, 3, elements=st.floats(0.5, 2))
ENTRY = hnp.arrays(float, 1, elements=st.floats(0.5, 2))


class Pair(NamedTuple):
    w: Any
    b: Any


@dataclasses.dataclass
class Layer:
    w: Any
    b: Any


# -- points that hide terms


def penalised(p):
    return np.sin(p["w"]).sum() + 0.5 * (p["b"] ** 2).sum()


def without_penalty(p):
    return {"w": np.cos(p["w"]), "b": 0 * p["b"]}


def with_penalty(p):
    return {"w": np.cos(p["w"]), "b": p["b"].copy()}


ZEROS = {"w": np.array([0.3, 0.7]), "b": np.zeros(2)}


def test_what_vanishes_at_the_point_is_found_beside_it():
    found = is_wrong(penalised, without_penalty, ZEROS)
    assert found.findings[0].tensor == "grad['b']"
    note = (
        "x['b'] is all 0: at the point itself all agrees, since terms vanish there; at a point beside it they are off"
    )
    assert found.notes[0] == note
    point = eval(found.point, {"np": np})
    assert point["w"].tolist() == ZEROS["w"].tolist()
    assert (point["b"] != 0).all()
    assert report(penalised, without_penalty, point).verdict == "wrong"


def test_what_is_right_beside_it_too_is_said_to_have_been_seen():
    found = is_right(penalised, with_penalty, ZEROS)
    assert found.notes[0] == "x['b'] is all 0, which hides terms: a second point beside it was checked too"
    assert found.point == ""


def test_equal_entries_hide_terms_as_well():
    def f(x):
        return x.sum() + ((x - x.mean()) ** 2).sum()

    found = is_wrong(f, np.ones_like, np.full(3, 2.0))
    assert found.notes[0].startswith("x is all the same: at the point itself all agrees")
    is_right(f, lambda x: 1 + 2 * (x - x.mean()), np.full(3, 2.0))


@pytest.mark.parametrize(
    "x",
    [0.0, np.float32(0), np.zeros(1), np.zeros((), np.float32), [0.0], [0.0, 0.0]],
    ids=["number", "float32", "array", "without dimensions", "list", "list of two"],
)
def test_0_hides_terms_however_it_is_given(x):
    found = is_wrong(lambda x: np.sum(np.asarray(x) ** 2), lambda x: 3 * np.asarray(x), x)
    assert found.notes[0].startswith("x is all 0: at the point itself all agrees")
    is_right(lambda x: np.sum(np.asarray(x) ** 2), lambda x: 2 * np.asarray(x), x)


def test_what_is_passed_on_is_held():
    """A rate of 0 is no point of a derivative by x."""

    def f(x, rate):
        return (x**2).sum() * (1 if rate == 0 else 1 / (1 - rate))

    is_right(f, lambda x, rate: (2 * x, None), (np.array([1.0, 2.0]), 0.0), wrt=("x",))


def test_complex_zeros_hide_terms_as_well():
    def f(z):
        return (z * z.conj()).real.sum()

    found = is_wrong(f, lambda z: 3 * z, np.zeros(2, complex))
    assert found.notes[0].startswith("x is all 0: at the point itself all agrees")
    assert np.iscomplex(eval(found.point, {"np": np})).all()
    is_right(f, lambda z: 2 * z, np.zeros(2, complex))


def test_numbers_that_were_computed_beforehand_are_of_the_one_point():
    found = is_right(penalised, with_penalty(ZEROS), ZEROS)
    assert found.notes[0] == "x['b'] is all 0: terms that vanish there were not seen"


def test_where_the_second_point_is_of_no_use_the_first_one_counts():
    def f(x):
        if x.any():
            raise ValueError("only at 0")
        return 0.0

    def only_there(x):
        if np.abs(x).max() > 1e-3:
            raise ValueError("only near 0")
        return np.cos(x)

    found = is_right(lambda x: np.sin(x).sum(), only_there, np.zeros(2))
    assert found.notes[0] == "x is all 0: terms that vanish there were not seen"


def test_where_the_second_point_is_undecided_the_notes_say_so():
    def f(x):
        return x.sum() if np.abs(x).max() < 1e-3 else float(1e9 + 1e3 * np.sin(1e15 * x).sum())

    found = is_right(f, np.ones_like, np.zeros(2))
    assert found.notes[0].endswith("a second point beside it was checked too, which is undecided")


@pytest.mark.parametrize(
    "x",
    [
        pytest.param(np.array([0.3, 0.0]), id="not all 0"),
        pytest.param(0.3, id="a number"),
        pytest.param(np.ones(1), id="one entry"),
        pytest.param(np.array([1.0, -1.0]), id="two signs"),
    ],
)
def test_other_points_are_not_moved(x):
    assert not any("hides terms" in note for note in is_right(lambda x: np.sin(x).sum(), np.cos, x).notes)


def test_integers_and_what_is_passed_on_are_not_moved():
    at = np.array([0.3, 0.7]), np.zeros(2, int)
    assert "hides" not in said(
        is_right(lambda x, k: np.sin(x[k]).sum(), lambda x, k: (2 * np.cos(x) * [1, 0], None), at)
    )


# -- points of a strategy


def test_points_of_a_strategy_are_drawn_and_counted():
    found = is_right(lambda x: (x**3).sum(), lambda x: 3 * x**2, ENTRIES, examples=5)
    assert found.notes[0] == "5 points were checked: 5 correct"
    assert found.entries == 15
    assert found.statistics["<lambda>"]["finite_difference"].entries["(1)"] >= 15
    by_keyword = check_grad(lambda x: (x**3).sum(), lambda x: 3 * x**2, points=ENTRIES, examples=5, seed=1)
    assert by_keyword.notes == found.notes


def test_by_default_fifty_points_are_drawn():
    assert "50 points were checked" in said(is_right(lambda x: 2 * x, lambda x: 2.0, st.floats(1, 2)))


def off_above(limit):
    return lambda x: 3 * x**2 + (x > limit)


def test_of_points_that_fail_the_smallest_is_printed_as_code():
    found = is_wrong(lambda x: (x**3).sum(), off_above(1.0), ENTRY)
    assert "of 50 failed" in found.notes[0]
    point = eval(found.point, {"np": np})
    assert (point == np.round(point)).all()  # whole numbers are the simplest that the strategy has
    assert point.max() == 2
    again = report(lambda x: (x**3).sum(), off_above(1.0), point)
    assert again.verdict == "wrong"
    with pytest.raises(GradientMismatch, match=r"array\(\["):
        check_grad(lambda x: (x**3).sum(), off_above(1.0), ENTRY, seed=1)


def test_points_where_f_is_of_no_use_are_counted_and_no_more():
    def f(x):
        if x < 1:
            raise ValueError("below")
        return np.log(x)

    found = is_right(f, lambda x: 1 / x, st.floats(0.5, 2), examples=20)
    used = int(found.notes[0].split()[0])
    assert 0 < used < 20
    assert f"at {20 - used} of 20 points f could not be used" in found.notes
    with pytest.raises(
        InputError, match="f could be used at none of .* points; at the last one: f raised ValueError: be"
    ):
        report(f, lambda x: 1 / x, st.floats(0.5, 0.75), examples=5)


def test_a_failure_that_shrinks_to_points_of_no_use_is_still_one():
    def f(x):
        if x < 1.2:
            raise ValueError("below")
        return x**3

    assert eval(is_wrong(f, off_above(1.0), st.floats(1, 2)).point) >= 1.2


def lost(x):
    return float(1e9 + 1e3 * np.sin(1e15 * x))


def test_where_most_points_are_undecided_so_is_the_verdict():
    found = report(lambda x: lost(x) if x > 1.1 else 2 * x, lambda x: 2.0, st.floats(1, 2), examples=20)
    assert found.verdict == "undecided"
    assert found.notes[0].startswith("the slope is lost in the rounding of f")
    assert "undecided" in found.notes[1]


def test_where_a_few_points_are_undecided_the_notes_say_why():
    found = report(lambda x: lost(x) if x > 1.9 else 2 * x, lambda x: 2.0, st.floats(1, 2), examples=20)
    assert found.verdict == "correct"
    assert " undecided" in found.notes[0]
    assert any(note.startswith("the slope is lost in the rounding of f") for note in found.notes)


def test_the_same_seed_draws_the_same_points():
    def plain(seed):
        found = report(lambda x: x**3, off_above(1.5), st.floats(0.5, 2), seed=seed, examples=5)
        return {**found.to_dict(), "seconds": 0, "environment": 0}

    assert plain(3) == plain(3)


@pytest.mark.parametrize(
    ("given_points", "message"),
    [
        ({"points": 3}, "points is a int, expected a strategy of Hypothesis"),
        pytest.param({"points": st.floats(1, 2), "x": 1.0}, "x and points are both given, expected one", id="both"),
        pytest.param(
            {"x": 1.0, "examples": 3}, "examples is given without points, expected a strategy", id="no points"
        ),
        pytest.param({"x": st.floats(1, 2), "examples": 0}, "examples is 0, expected at least 1", id="no examples"),
        ({}, "x is None, expected a point, or points=, a strategy of Hypothesis"),
    ],
    ids=str,
)
def test_sources_of_points_that_cannot_be_used_are_refused(given_points, message):
    with pytest.raises(InputError, match=message):
        check_grad(lambda x: x, lambda x: 1.0, **given_points)


# -- points as code

FLOATS = st.floats(allow_nan=False, width=32)
LEAVES = (
    hnp.arrays(
        st.sampled_from(["float32", "float64", "int64"]), hnp.array_shapes(max_side=2), elements=st.integers(-9, 9)
    )
    | FLOATS.filter(np.isfinite)
    | st.integers()
    | st.sampled_from(["relu", None, True])
)
NESTED = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text("wb'", max_size=2), inner, max_size=2)
        | st.builds(Pair, inner, inner)
        | st.builds(Layer, inner, inner)
    ),
    max_leaves=5,
)


@given(NESTED)
def test_a_point_as_code_gives_it_again(point):
    again = eval(pasted(point), {"np": np, "Pair": Pair, "Layer": Layer})
    assert type(again) is type(point)
    assert repr(again) == repr(point)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param(np.float32(0.5), "0.5", id="NumPy's number"),
        pytest.param([[1.0, 2.0]], "[[1.0, 2.0]]", id="list of numbers"),
        pytest.param((1.0,), "(1.0,)", id="tuple of one"),
        pytest.param(np.array(2.0), "np.array(2.0)", id="no dimension"),
        pytest.param(Pair(np.ones(1), ()), "Pair(w=np.array([1.0]), b=())", id="named tuple"),
    ],
)
def test_points_are_written_plainly(value, code):
    assert pasted(value) == code


def test_numbers_that_are_not_finite_are_written_so_that_they_can_be_read():
    point = np.array([np.inf, 1.0])
    assert eval(pasted(point), {"np": np}).tolist() == point.tolist()
    assert eval(pasted((np.inf, 1.0)), {"np": np}) == (np.inf, 1.0)
