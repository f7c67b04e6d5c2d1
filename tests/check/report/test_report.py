import doctest
import json
import pickle

import numpy as np
import pytest

from minibp import GradientMismatch, Network, Problem
from minibp.check.compare import Mismatch
from minibp.check.layout import Segment
from minibp.check.report.finding import Finding
from minibp.check.report.report import Report
from minibp.check.statistics import Statistics

FINDING = Finding.of_mismatch(
    Mismatch(Segment("(22)", 3, "delta", (4, 2), 0, 8), (1, 0), 2.0, 1.0, 1e-10), "batched", "jax"
)
PROBLEM = Problem(Network([[[1.0]]], [[0.0]]), "quadratic", [[1.0]], [[0.0]])


def report(verdict="correct", **changed):
    stats = Statistics()
    stats.add("(13)", 0.125, 40)
    stats.add_relative_tolerances(np.ones(3), 1e-13 * np.ones(3))
    given = {
        "verdict": verdict,
        "findings": (),
        "counterexample": None,
        "seed": 7,
        "seconds": 1.23456,
        "networks": 12,
        "entries": 40,
        "skipped": {"a kink": 3},
        "statistics": {"batched": {"jax": stats, "complex_step": stats}},
        "again": "minibp verify --seed 7",
        **changed,
    }
    return Report(**given)


def test_a_correct_report_reads_at_a_glance():
    text = str(report())
    assert "(13)      z^l = W^l a^{l-1} + b^l" in text
    assert "0.125" in text
    assert "12 networks, 40 entries, 1.2 s, seed 7" in text
    assert "skipped: 3 entries, a kink" in text
    assert text.endswith(
        "correct: every resolved entry agrees with JAX autodiff and complex step within rounding error"
    )
    assert report(skipped={}).verdict_line().startswith("correct: every entry agrees")
    assert "reproduce with" not in text


def test_a_finding_says_where_and_by_how_much():
    text = str(FINDING)
    assert "batched: equation (22), layer 3: δ^l = ((W^{l+1})ᵀ δ^{l+1}) ⊙ σ'(z^l)" in text
    assert "delta[1][0] = 2; JAX autodiff gives 1" in text
    assert "the error, 1, is 1e+10 × the tolerance, 1e-10" in text
    assert FINDING.error == 1.0
    exact = Finding.of_mismatch(Mismatch(Segment("(27)", None, "cost", (), 0, 1), (), 2.0, 1.0, 0.0), "batched", "jax")
    assert "cost = 2" in str(exact)
    assert "inf × the tolerance" in str(exact)
    assert (
        str(Finding(None, None, None, subject="f", message="raised ValueError"))
        == "f: calling contract: raised ValueError"
    )
    assert Finding(None, None, None).error is None


def test_a_wrong_report_names_the_place_the_network_and_the_command():
    wrong = report("wrong", findings=(FINDING,), counterexample=PROBLEM)
    text = str(wrong)
    assert "smallest failing network found:\n  Problem(Network([np.array([[1.0]])]" in text
    assert "reproduce with: minibp verify --seed 7" in text
    assert text.endswith("wrong: batched disagrees with the oracles at equation (22), layer 3")
    assert report("undecided", notes=("too wide",)).verdict_line() == "undecided: too wide"
    assert report("undecided").verdict_line() == "undecided: no oracle could bound its own error"


def test_a_large_network_is_left_to_json():
    large = Problem(Network.random([64, 30, 10], rng=0), "quadratic", np.ones((1, 64)), np.ones((1, 10)))
    wrong = report("wrong", findings=(FINDING,), counterexample=large)
    assert len(str(wrong)) < 4000
    assert "characters; whole in JSON)" in str(wrong)
    assert wrong.to_dict()["counterexample"] == repr(large)


def test_it_is_plain_data():
    wrong = report("wrong", findings=(FINDING,), counterexample=PROBLEM).to_dict()
    again = json.loads(json.dumps(wrong, allow_nan=False))
    assert {"verdict", "seed", "seconds", "networks", "entries", "skipped", "oracles", "findings"} <= set(again)
    assert again["findings"][0]["equation"] == "(22)"
    assert again["findings"][0]["entry"] == [1, 0]
    assert again["oracles"]["jax"]["batched"]["equations"]["(13)"] == {"worst": 0.125, "entries": 40}
    assert again["counterexample"] == repr(PROBLEM)
    odd = Finding("(22)", 2, "delta", got=float("nan"), expected=float("inf"), tolerance=1.0).to_dict()
    assert (odd["got"], odd["expected"]) == ("nan", "inf")


def test_a_mismatch_is_an_assertion_error_with_the_report():
    wrong = report("wrong", findings=(FINDING,))
    with pytest.raises(AssertionError, match=r"equation \(22\), layer 3") as caught:
        raise GradientMismatch(wrong)
    assert caught.value.report is wrong
    assert str(caught.value).splitlines()[0] == wrong.verdict_line()
    assert sorted(str(caught.value).split()) == sorted(str(wrong).split())


def test_a_mismatch_comes_back_from_another_process_as_it_was():
    mismatch = GradientMismatch(report("wrong", findings=(FINDING,)))
    again = pickle.loads(pickle.dumps(mismatch))
    assert str(again) == str(mismatch)
    assert again.report.to_dict() == mismatch.report.to_dict()


def test_the_exception_is_named_as_users_import_it_and_its_example_runs():
    """Its module is not that of its file, so that doctests of the file pass it by."""
    assert f"{GradientMismatch.__module__}.{GradientMismatch.__qualname__}" == "minibp.GradientMismatch"
    (example,) = doctest.DocTestFinder(recurse=False).find(GradientMismatch, module=False)
    assert doctest.DocTestRunner().run(example) == (0, 3)
