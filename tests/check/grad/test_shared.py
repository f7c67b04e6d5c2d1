from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from minibp.check.grad import shared
from minibp.check.grad.points import report_of
from minibp.check.grad.question import question_of
from minibp.cli import cli


def f(w):
    if w[0] < -2:
        raise ValueError("outside of the domain")
    return float((w**3).sum())


def right(w):
    return 3 * w**2


def wrong(w):
    return 3 * w**2 + (w > 2)


def figures(report):
    return {name: value for name, value in report.to_dict().items() if name not in ("seconds", "environment")}


@pytest.mark.parametrize("claim", [right, wrong])
def test_the_report_is_the_same_whoever_checks(claim):
    points = arrays(float, 2, elements=st.floats(-3, 3))
    question, told = question_of("grad", f, claim), []
    with ThreadPoolExecutor(2) as pool:
        report = report_of(question, points, None, 12, 3, False, lambda *done: told.append(done), pool)
    assert figures(report) == figures(report_of(question, points, None, 12, 3, False))
    assert told[0] == (0, 12)
    assert told == sorted(told)
    assert (report.verdict == "wrong") == (claim is wrong)


def test_few_points_are_checked_here():
    question = question_of("grad", f, right)
    answers = list(shared.asked_at(question, [np.ones(2), -3 * np.ones(2)], 1, ThreadPoolExecutor(1)))
    assert answers[0].verdict == "correct"
    assert "outside of the domain" in answers[1]


def test_a_block_is_named_by_its_points():
    assert str(shared.Block(b"", b"", 5)) == "the points from number 6 on"


def test_the_command_takes_workers_or_a_cluster():
    options = {name for one in cli.commands["check-grad"].params for name in one.opts}
    assert {"--workers", "--executor"} <= options
