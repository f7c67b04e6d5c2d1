from functools import partial

import false_alarms as false_alarms_module
import numpy as np
import pytest
from case_ids import written_out
from false_alarms import SUBJECTS, Alarm, Row, Turn, false_alarms, hold, parts_of, taken, turns_of
from hard_problems import CONDITIONS
from right_backprops import FRAGILE, RIGHT
from right_conventions import KINDS, Code, checks

from minibp import Network, Problem
from minibp.arrays import FLOAT_DTYPES


@pytest.mark.parametrize("condition", CONDITIONS)
def test_no_right_backprop_is_objected_to(condition):
    for dtype in FLOAT_DTYPES:
        rows = hold(CONDITIONS[condition](dtype, 17, seed=1), condition)
        assert {name for name, _ in rows} == {*RIGHT, *FRAGILE}
        assert not false_alarms(rows)


def test_what_is_off_by_a_billionth_is_an_alarm(monkeypatch):
    def off(problem):
        def subject(*arrays):
            nabla_w, nabla_b = RIGHT["einsum"](problem)(*arrays)
            return nabla_w, [*nabla_b[:-1], nabla_b[-1] * (1 + 1e-9)]

        return subject

    monkeypatch.setitem(SUBJECTS, "off", off)
    problems = CONDITIONS["vanishing"]("float64", 2, 1)
    rows = hold(problems, "vanishing", turn=len(SUBJECTS) - 1, turns=1)
    first = false_alarms(rows)[0]
    assert (first.subject, first.verdict) == ("off", "wrong")
    assert first.what.startswith("nabla_b of layer 9, entry (")
    assert first.problem == repr(problems[0])


def test_digits_that_are_lost_are_no_false_alarm():
    for name in ("∇_a C by division", "poisson"):
        alarms = [Alarm(name, "", verdict, "", "") for verdict in ("unstable", "wrong")]
        assert false_alarms({(name, "float64"): Row(alarms=alarms)}) == alarms[1:]
    found = hold(CONDITIONS["saturated"]("float64", 60, 1), "saturated")
    assert any(row.count("unstable") for (name, _), row in found.items() if name in FRAGILE)
    assert not any(row.count("wrong") for row in found.values())


def test_every_condition_has_its_share_in_both_dtypes():
    parts = parts_of(2400, 0)
    assert {(part.condition, part.dtype) for part in parts} == {
        (one, dtype) for one in CONDITIONS for dtype in FLOAT_DTYPES
    }
    assert sum(part.count for part in parts) == 2400
    assert sum(part.count for part in parts if part.condition == "drawn") == 1200
    assert parts_of(2400, 0) == parts
    assert parts_of(2400, 1) != parts


@pytest.mark.parametrize(
    ("cost", "z"),
    [
        ("categorical_cross_entropy", [0, -1000]),
        ("quadratic", [0, -1000]),
        ("cross_entropy", [0, -1000, -1000]),
    ],
    ids=written_out,
)
def test_a_softmax_may_be_anything_where_rounding_is_larger_than_what_its_inputs_differ_by(cost, z):
    # In float32 2e10 − 1000 is 2e10, so that neurons are equal of which but one should be above 0.
    weights, biases = np.full((len(z), 1), 2e10, np.float32), np.array(z, np.float32)
    problem = Problem(Network([weights], [biases], "softmax"), cost, [[1.0]], np.eye(len(z))[:1])
    assert not false_alarms(hold([problem], "rounded away", turns=len(RIGHT)))


@pytest.mark.parametrize("name", KINDS)
def test_no_right_code_of_another_convention_is_objected_to(name):
    dtype = FLOAT_DTYPES[list(KINDS).index(name) % 2]
    for _, report in checks(name, dtype, 1, drawn=1, given=0, jax=False):
        assert report.verdict == "correct", str(report)


@pytest.mark.parametrize("name", ["steps, η = 10", "labels", "sums of a multiple", "no biases", "hinge", "own_gelu"])
def test_the_hard_problems_are_given_to_each_kind(name):
    found = list(checks(name, "float64", 2, drawn=1, given=1, jax=False))
    assert [condition for condition, _ in found] == list(CONDITIONS)
    assert {report.verdict for _, report in found} <= {"correct", "undecided"}


def test_a_millionth_is_an_alarm_in_another_convention(monkeypatch):
    right = Code.gradient

    def off(*arguments):
        nabla_w, nabla_b = right(*arguments)
        return [*nabla_w[:-1], nabla_w[-1] * (1 + 1e-6)], nabla_b

    monkeypatch.setattr(Code, "gradient", off)
    monkeypatch.setattr(false_alarms_module, "checks", partial(checks, drawn=2, given=0))
    rows = taken(Turn("labels", "float64", 1, jax=False))
    (row,) = rows.values()
    assert row.problems >= 9
    (alarm,) = false_alarms(rows)
    assert (alarm.subject, alarm.condition, alarm.verdict) == ("labels", "drawn", "wrong")
    assert "nabla_w" in alarm.what
    assert "Turn(name='labels', dtype='float64', seed=1, jax=False): Problem(" in alarm.problem


def test_every_kind_has_its_turn_in_each_round_and_both_dtypes():
    turns = turns_of(4000, 0)
    assert {(turn.name, turn.dtype) for turn in turns} == {(name, dtype) for name in KINDS for dtype in FLOAT_DTYPES}
    assert len(turns) == 2 * len(KINDS)
    assert turns_of(200, 0) == [*turns_of(100, 0)]
    assert 0 < sum(turn.jax for turn in turns) < len(turns) / 20
    assert turns_of(4000, 1) != turns
