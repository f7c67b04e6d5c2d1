from html.parser import HTMLParser

import numpy as np
import pytest

import minibp
from minibp import Finding, Network, Problem, Report
from minibp.check.report.html import page
from minibp.check.statistics import Statistics

STATISTICS = Statistics()
STATISTICS.add("(23)", 2.5, 3)
PROBLEM = Problem(Network([[[1.0]]], [[0.0]]), "quadratic", [[1.0]], [[0.0]])


class Reader(HTMLParser):
    """What a page says, and whether every element that it opens is closed."""

    EMPTY = ("meta", "!doctype")

    def __init__(self):
        super().__init__()
        self.open, self.said, self.rows = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.EMPTY:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said.append(data)
        if self.open[-1:] in (["td"], ["th"]):
            self.rows[-1].append(data)


def read(report):
    reader = Reader()
    reader.feed(page(report))
    reader.close()
    assert not reader.open
    return " ".join(reader.said), reader.rows


def report(verdict, *findings, **changed):
    given = {
        "counterexample": PROBLEM,
        "seed": 7,
        "seconds": 1.0,
        "networks": 2,
        "entries": 3,
        "skipped": {"a kink": 1},
        "statistics": {"f": {"jax": STATISTICS}},
        "notes": ("a note",),
        "again": "minibp check x:f --seed 7",
        **changed,
    }
    return Report(verdict, findings, **given)


def test_it_says_all_that_the_report_says():
    named = Finding(
        "(22)", 3, "nabla_b", "hidden_derivative_missing", "f", (1,), 2.0, 1.0, 1e-10, "jax",
        layers=(3, 2), also=("input_for_activation",), constant=0.25,
    )  # fmt: skip
    unnamed = Finding("(24)", 2, "nabla_w", None, "f", looks=("all of those are 2 times what they should be",))
    other = Finding("(26)", 2, "nabla_b", "output_error_by_division", "f", message="digits are lost")
    said, rows = read(report("wrong", named, unnamed, other))
    for text in (
        "f: equation (22), layers 3, 2",
        "δ^l = ((W^{l+1})ᵀ δ^{l+1}) ⊙ σ'(z^l)",
        "the factor σ'(z^l) is missing",
        "c = 0.25",
        "input_for_activation",
        "nabla_b[1] of layer 3 = 2; JAX autodiff gives 1",
        "all of those are 2 times what they should be",
        "output_error_by_division",
        repr(PROBLEM),
        "minibp check x:f --seed 7",
        "2 networks, 3 entries, 1.0 s, seed 7",
        "skipped: 1 entry, a kink",
        "note: a note",
    ):
        assert text in said
    assert rows[1] == ["(23)", "∂C/∂b^l = δ^l", "2.500"]


def test_a_report_of_nothing_is_short():
    said, rows = read(report("undecided", counterexample=None, statistics={}, again="", notes=()))
    assert "undecided: no oracle could bound its own error" in said
    assert not rows
    assert "smallest" not in said


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a & b", '"quoted"'])
def test_what_the_user_wrote_is_text_and_never_markup(text):
    finding = Finding(None, None, None, subject=text, message=f"raised {text}")
    said, _ = read(report("wrong", finding, again=text))
    assert said.count(text) >= 3
    assert "<script" not in page(report("wrong", finding))


def test_a_real_report_becomes_a_page():
    def wrong(weights, biases, x, y):
        nabla_w, nabla_b = minibp.batched.backprop(Network(weights, biases), "quadratic", x, y).gradient
        return [np.array(w) for w in nabla_w], [-b for b in nabla_b]

    found = minibp.check_backprop(wrong, activation=["sigmoid"], examples=5, seed=1, raise_on_mismatch=False)
    said, rows = read(found)
    assert found.verdict_line() in said
    assert [row[0] for row in rows] == ["equation", "(23)", "(24)", "median relative tolerance, float64"]
