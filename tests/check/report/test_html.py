import re
from html.parser import HTMLParser

import numpy as np
import pytest

import minibp
from minibp import Finding, Network, Problem, Report
from minibp.check.report.html import page
from minibp.check.report.tensor_errors import TensorErrors
from minibp.check.statistics import Statistics

STATISTICS = Statistics()
STATISTICS.add("(23)", 2.5, 3)
PROBLEM = Problem(Network([[[1.0]]], [[0.0]]), "quadratic", [[1.0]], [[0.0]])


class Reader(HTMLParser):
    """What a page says, the rows of its tables, and whether every element that it opens is closed."""

    EMPTY = ("meta", "br")
    HIDDEN = ("style", "script")

    def __init__(self):
        super().__init__()
        self.open, self.said, self.rows, self.tags = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in self.HIDDEN:
            self.said.append(data)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def read(report):
    reader = Reader()
    reader.feed(page(report))
    reader.close()
    assert not reader.open
    return (
        re.sub(r"\s+", " ", "".join(reader.said)),
        [[cell.strip() for cell in row] for row in reader.rows],
        reader.tags,
    )


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
    said, rows, _ = read(report("wrong", named, unnamed, other))
    for text in (
        "f: equation (22), layers 3, 2",
        "δl = ((Wl+1)ᵀ δl+1) ⊙ σ'(zl)",  # raised, as markup
        "the factor σ'(zl) is missing",
        "Multiply (Wl+1)ᵀ δl+1 by σ'(zl).",
        "c = 0.25",
        "input_for_activation",
        "all of those are 2 times what they should be",
        "output_error_by_division",
        repr(PROBLEM),
        "minibp check x:f --seed 7",
        "2 networks, 3 entries, 1.0 s, seed 7",
        "1 entry: a kink",
        "a note",
    ):
        assert text in said
    assert ["nabla_b[1] of layer 3", "2"] in rows
    assert ["JAX autodiff", "1"] in rows
    assert ["error", "1, 1e+10 × the tolerance, 1e-10"] in rows
    assert ["(23)", "∂C/∂bl = δl", "2.500"] in rows
    assert said.index("Multiply") < said.index("f: equation (22)")  # what to do stands on top


def test_a_report_of_nothing_is_short():
    said, rows, tags = read(report("undecided", counterexample=None, statistics={}, again="", notes=()))
    assert "undecided no oracle could bound its own error" in said
    assert not rows
    assert "Smallest" not in said
    assert not [tag for tag, _ in tags if tag == "svg"]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a & b", '"quoted"', "</style><b>", "{{ 7 * 7 }}"])
def test_what_the_user_wrote_is_text_and_never_markup(text):
    finding = Finding(None, None, None, subject=text, message=f"raised {text}", looks=(text,))
    changed = {"again": text, "notes": (text,), "point": text, "skipped": {text: 1}, "covered": {text: 1}}
    errors = (TensorErrors(f"∂out/∂{text}", None, *(np.zeros((12, 2)) for _ in range(3))),)
    hostile = report("wrong", finding, **changed, errors=errors)
    said, _, tags = read(hostile)
    assert said.count(text) >= 9
    plain = [tag for tag, _ in read(report("wrong", finding, errors=errors))[2]]
    assert {tag for tag, _ in tags} <= {*plain, "li", "details", "summary", "ul"}
    assert page(hostile, text).count("<script>") == 1


def a_wrong_backprop(weights, biases, x, y):
    nabla_w, nabla_b = minibp.batched.backprop(Network(weights, biases), "quadratic", x, y).gradient
    return [np.array(w) for w in nabla_w], [-b for b in nabla_b]


def test_a_real_report_becomes_a_page():
    found = minibp.check_backprop(a_wrong_backprop, activation=["sigmoid"], examples=5, seed=1, raise_on_mismatch=False)
    said, rows, tags = read(found)
    assert found.verdict_line().removeprefix("wrong: ") in said
    at = [row[0] for row in rows].index("equation")
    assert [row[0] for row in rows[at : at + 4]] == ["equation", "(23)", "(24)", ""]
    titles = [attributes["aria-label"] for tag, attributes in tags if tag == "svg"]
    assert titles[0].startswith("The network")
    assert "nabla_b of layer 2" in said
    off = [attributes for tag, attributes in tags if tag == "td" and "off" in (attributes.get("class") or "").split()]
    assert len(off) == sum(one.off for one in found.errors) > 0


def test_a_network_is_coloured_by_its_errors():
    found = minibp.check_backprop(a_wrong_backprop, activation=["sigmoid"], examples=5, seed=1, raise_on_mismatch=False)
    _, _, tags = read(found)
    looks = [attributes["class"].split() for tag, attributes in tags if tag == "g"]
    wrong = [look for look in looks if look[-1] in ("off1", "off2", "off3")]
    assert {look[0] for look in wrong} == {"neuron"}  # of ∂C/∂b alone
    assert len([look for look in looks if look[0] == "weight"]) == sum(
        one.got.size for one in found.errors if one.name == "nabla_w"
    )


def test_the_largest_entries_of_a_large_array_are_listed():
    got = np.zeros((3, 40))
    got[1, 7] = 2.0
    errors = (TensorErrors("∂out/∂w", None, got, np.zeros((3, 40)), np.full((3, 40), 0.5)),)
    said, rows, tags = read(report("wrong", errors=errors, counterexample=None))
    assert "3 × 40: 1 of 120 is off" in said
    assert rows[rows.index(["entry", "got", "expected", "error / tolerance"]) + 1] == ["[1, 7]", "2", "0", "4"]
    assert [attributes["aria-label"].split(",")[1].split(":")[0] for tag, attributes in tags if tag == "svg"][:3] == [
        " got", " expected", " error / tolerance",
    ]  # fmt: skip


def test_what_was_not_compared_is_said_to_be():
    untold = np.array([[0.1, np.inf, np.nan]])
    errors = (TensorErrors("grad", None, np.zeros((1, 3)), np.zeros((1, 3)), untold),)
    said, _, tags = read(report("correct", errors=errors, counterexample=None))
    assert "1 of 3 compared, none off" in said
    assert [attributes.get("class") for tag, attributes in tags if tag == "td"][:3] == ["level0", "none", "none"]


def test_the_histogram_has_a_bar_for_each_count_and_says_what_is_beyond():
    stats = Statistics()
    stats.add("(23)", 2.0, 4)
    stats.add_error_ratios(np.array([0.0, 0.3, 0.9, 2.0]))
    said, _, tags = read(report("wrong", statistics={"f": {"jax": stats}}))
    assert "4 comparisons, 1 of them beyond the tolerance" in said
    bars = [attributes["class"] for tag, attributes in tags if tag == "rect"]
    assert bars == ["level4", "level4", "level4", "off2"]


def test_a_page_stays_small_whatever_the_check():
    rng = np.random.default_rng(0)
    errors = tuple(
        TensorErrors(f"∂out/∂w{i}", None, *(rng.normal(size=(128, 1000)) for _ in range(2)), rng.random((128, 1000)))
        for i in range(30)
    )
    large = report("wrong", errors=errors, counterexample=None, notes=["a note of some length"] * 200)
    assert len(page(large).encode()) < 1_000_000
    said, _, _ = read(large)
    assert "18 more tensors, with smaller errors, are not drawn" in said
