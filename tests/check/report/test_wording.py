import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibp import Finding, Network, Problem, Report
from minibp.check.layout import EQUATIONS
from minibp.check.report.wording import HEAD, MEDIAN, of_finding, of_report, text
from minibp.check.statistics import Statistics

PROBLEM = Problem(Network([[[1.0]]], [[0.0]]), "quadratic", [[1.0]], [[0.0]])
ORACLES = ["jax", "complex_step", "finite_difference"]


def report(worst=0.125, oracles=ORACLES, message="", notes=()):
    stats = Statistics()
    for equation in EQUATIONS:
        stats.add(equation, worst, 40)
    stats.add_relative_tolerances(np.ones(3), 1e-13 * np.ones(3))
    finding = Finding(
        "(22)", 3, "nabla_b", "hidden_derivative_missing", "mine", (2,), 0.34426836971794805, 0.082096884720438051,
        2.89e-16, "equation", message, (4, 3, 2), ("recursion_transposed", "input_for_activation"),
    )  # fmt: skip
    return Report(
        "wrong", (finding,), PROBLEM, 7, 1.0, 12, 40, {"a kink, where both slopes are told apart": 3},
        {"batched": dict.fromkeys(oracles, stats)}, notes=notes, again="minibp check mine.py:backprop --seed 7",
    )  # fmt: skip


def free(report):
    """What is one line at any width: the verdict, and what is copied."""
    return {report.verdict_line(), f"  {PROBLEM!r}", f"reproduce with: {report.again}"}


@given(
    st.integers(60, 140),
    st.sampled_from([0.0, 0.125, 999.9994, 1e300, np.inf]),
    st.lists(st.sampled_from(ORACLES), min_size=1, unique=True),
    st.lists(st.text("abc δ^l ⊙", max_size=200), max_size=3).map(tuple),
)
def test_every_line_fits_from_60_columns_up(width, worst, oracles, notes):
    # A word longer than a line stands whole: paths are copied.
    notes = tuple(" ".join(word[:40] for word in note.split()) for note in notes)
    found = report(worst, oracles, notes=notes)
    lines = found.to_text(width).splitlines()
    assert not [line for line in lines if len(line) > width and line not in free(found)]
    assert lines[-1] == found.verdict_line()


@given(st.integers(20, 200), st.sampled_from([0.125, 1e300]))
def test_narrow_lines_say_what_wide_ones_say(width, worst):
    found = report(worst)

    def words(of_width):
        return found.to_text(of_width).partition("\n\n")[2].split()

    assert words(width) == words(1000)


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_every_equation_and_every_number_is_in_the_table_at_any_width(width):
    table = report().to_text(width).partition("\n\n")[0]
    assert HEAD in table
    assert MEDIAN in table
    assert all(formula in table for formula in EQUATIONS.values())
    for equation in EQUATIONS:
        (line,) = [line for line in table.splitlines() if line.startswith(f"{equation} ")]
        assert line.count("0.125") == 3
    assert table.count("1e-13") == 3


@pytest.mark.parametrize(
    ("width", "names", "below"),
    [
        (100, ["JAX autodiff", "complex step", "finite differences"], False),
        (80, ["JAX", "complex step", "differences"], False),
        (60, ["JAX", "complex step", "differences"], True),
    ],
    ids=["pipe", "terminal", "narrow"],
)
def test_a_narrow_table_has_short_names_and_then_formulas_below(width, names, below):
    lines = report().to_text(width).splitlines()
    head = lines[1] if below else lines[0]
    assert re.split(r"\s{2,}", head)[1:] == names
    assert ("    ∂C/∂b^l = δ^l" in lines) == below


def test_what_is_wrapped_is_indented_further():
    lines = report().to_text(60).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("  nabla_b[2]"))
    assert lines[start + 1].startswith("    ")


def test_the_width_is_that_of_the_terminal_and_100_without_one(monkeypatch):
    found = report()
    for columns in (60, 100, 140):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert str(found) == found.to_text(columns) == text(of_report(found)) == text(of_report(found, columns))
    monkeypatch.delenv("COLUMNS")
    monkeypatch.setattr("os.get_terminal_size", lambda *_: (_ for _ in ()).throw(OSError("no terminal")))
    assert str(found) == found.to_text(100)


def test_kinds_stay_with_their_lines():
    found = report()
    kinds = [kind for kind, _ in of_report(found, 60)]
    assert {"place", "fault", "remedy", "verdict"} <= set(kinds)
    assert kinds.count("place") > [kind for kind, _ in of_finding(found.findings[0])].count("place")
    assert kinds.count("verdict") == 1
