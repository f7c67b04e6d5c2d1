from functools import cache

import numpy as np
import pytest

from minibp import check_vjp
from minibp.check.grad.formats import as_format
from minibp.check.report.symptoms import SYMPTOMS
from minibp.check.report.wording import of_finding

RNG = np.random.default_rng(20261127)
X, SQUARE = RNG.standard_normal((4, 3)), RNG.standard_normal((3, 3))
POINT = np.array([0.5, -1.25, 2.0, 0.75, -0.3])
FACTORS = np.array([1.5, -0.5, 2.5, 3.5, -1.2])
IDS = np.array([1, 0, 1, 3, 1])
PENALTY = 0.35


def times_constants(x):
    return FACTORS * x


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def in_tf32(a, b, c):
    """A product's gradients by tensor cores, which round both factors to 10 bits."""
    a, b, c = (as_format(array, "tf32").astype(np.float32) for array in (a, b, c))
    return c @ b.T, a.T @ c


def slope_of_sigmoid(x):
    s = sigmoid(x)
    return s * (1 - s)


def softmax(x):
    e = np.exp(x)
    return e / e.sum()


def softmax_vjp(x, c):
    p = softmax(x)
    return p * (c - (c * p).sum())


def first_triangle(a):
    return (np.triu(a) * SQUARE).sum()


def layer_norm(x):
    apart = x - x.mean(1, keepdims=True)
    return apart / np.sqrt((apart**2).mean(1, keepdims=True))


def held_constant(x, c):
    return c / x.std(1, keepdims=True)


def overwritten(table, c):
    found = np.zeros_like(table)
    found[IDS] = c
    return found


def row_left_out(x, c):
    found = c * np.cos(x)
    found[2] = 0
    return found


class Remembers:
    """A layer that keeps what its forward pass was called with last, and differentiates there."""

    def __call__(self, x):
        self.last = np.array(x.real)
        return np.sin(x)

    def vjp(self, x, c):
        return c * np.cos(self.last)


REMEMBERS = Remembers()
SYMMETRIC = np.add.outer(POINT, POINT) + np.diag(POINT)
SUBJECTS = {
    "cotangent_ignored": (np.sin, lambda x, c: np.cos(x) + 0 * c, POINT),
    "cotangent_summed": (np.sin, lambda x, c: np.cos(x) * c.sum(), POINT),
    "zero": (np.sin, lambda x, c: 0 * c, POINT),
    "sign_flipped": (np.cos, lambda x, c: np.sin(x) * c, POINT),
    "mean_for_sum": (np.sin, lambda x, c: np.cos(x) * c / len(x), X),
    "not_averaged": (lambda x: np.sin(x).mean(0), lambda x, c: np.cos(x) * c, X),
    "scaled": (np.square, lambda x, c: x * c * 2 * 0.37, POINT),
    "shifted": (lambda x: np.exp(x).sum(), lambda x, c: c * (np.exp(x) + 0.25), POINT),
    "decay_added": (lambda x: np.exp(x).sum(), lambda x, c: c * (np.exp(x) + PENALTY * x), POINT),
    "penalty_missing": (
        lambda x: np.exp(x).sum() + PENALTY / 2 * (x**2).sum(),
        lambda x, c: c * np.exp(x),
        POINT,
    ),
    "transposed": (lambda w: X @ w, lambda w, c: c.T @ X, SQUARE),
    "arguments_swapped": (
        lambda a, b: np.sin(a) * b,
        lambda a, b, c: (c * np.sin(a), c * b * np.cos(a)),
        (POINT, FACTORS),
    ),
    "broadcast_not_summed": (lambda b: X + b, lambda b, c: c[0], np.array([0.5, -1.0, 2.0])),
    "repeated_index_overwritten": (lambda table: table[IDS], overwritten, RNG.standard_normal((4, 2))),
    "diagonal_only": (softmax, lambda x, c: softmax(x) * (1 - softmax(x)) * c, POINT),
    "statistics_held_constant": (layer_norm, held_constant, RNG.standard_normal((3, 4))),
    "times_x": (lambda x: np.log(x) * FACTORS, lambda x, c: c * FACTORS, np.abs(POINT)),
    "divided_by_x": (lambda x: np.exp(x) * x, lambda x, c: c * np.exp(x) * (1 + x) / x, POINT),
    "one_triangle": (lambda x: SYMMETRIC @ x, lambda x, c: c @ np.triu(SYMMETRIC), POINT),
    "symmetrised": (
        first_triangle,
        lambda a, c: c * (np.triu(SQUARE) + np.triu(SQUARE).T) / 2,
        RNG.standard_normal((3, 3)),
    ),
    "at_output": (sigmoid, lambda x, c: c * slope_of_sigmoid(sigmoid(x)), POINT),
    "coarser_arithmetic": (
        np.matmul,
        in_tf32,
        (RNG.standard_normal((2, 3)).astype(np.float32), RNG.standard_normal((3, 2)).astype(np.float32)),
    ),
    "at_input": (sigmoid, lambda x, c: c * x * (1 - x), POINT),
    "stale_state": (REMEMBERS, REMEMBERS.vjp, POINT),
    "rows_only": (np.sin, row_left_out, X),
}
"""f, a wrong vector-Jacobian product, and the point: one subject that has each symptom."""
VARIANTS = {
    "tanh at its output": ("at_output", np.tanh, lambda x, c: c * (1 - np.tanh(np.tanh(x)) ** 2), POINT),
    "tanh at its input": ("at_input", np.tanh, lambda x, c: c * (1 - x**2), POINT),
    "softmax without its sum": ("diagonal_only", softmax, lambda x, c: c * softmax(x), POINT),
    "softmax of three without its sum": ("diagonal_only", softmax, lambda x, c: c * softmax(x), POINT[:3]),
    "softmax with a wrong sign": (None, softmax, lambda x, c: softmax(x) * (c + (c * softmax(x)).sum()), POINT),
    "softmax with one entry off": (
        "rows_only",
        softmax,
        lambda x, c: softmax_vjp(x, c) + 1e-3 * c[2] * np.eye(5)[1],
        POINT,
    ),
    "norm without its gradient": (
        "statistics_held_constant",
        lambda x: x / np.sqrt((x**2).sum()),
        lambda x, c: c / np.sqrt((x**2).sum()),
        POINT,
    ),
    "second result left out": (
        None,
        lambda x: (np.sin(x), np.exp(x)),
        lambda x, c: c[0] * np.cos(x),
        POINT,
    ),
    "mean that is divided twice": (
        "mean_for_sum",
        lambda x: np.square(x).mean(),
        lambda x, c: 2 * c * x / len(x) ** 2,
        POINT,
    ),
}
"""The name that a relative of these gets, None where it has none; f, a wrong vector-Jacobian product, the point."""
RIGHT = {
    "sin": (np.sin, lambda x, c: c * np.cos(x), POINT),
    "constants": (times_constants, lambda x, c: FACTORS * c, POINT),
    "identity": (lambda x: 1 * x, lambda x, c: 1 * c, POINT),
    "softmax": (softmax, softmax_vjp, POINT),
    "offset": (lambda b: X + b, lambda b, c: c.sum(0), np.array([0.5, -1.0, 2.0])),
    "table": (
        lambda table: table[IDS],
        lambda table, c: np.array([c[i == IDS].sum(0) for i in range(len(table))]),
        RNG.standard_normal((4, 2)),
    ),
    "zero": (lambda x: 0 * x, lambda x, c: 0 * c, POINT),
}


def report_of(f, vjp, args, seed=1):
    return check_vjp(f, vjp, args, seed=seed, raise_on_mismatch=False)


@cache
def report_on(symptom):
    """The report of the subject of a symptom."""
    return report_of(*SUBJECTS[symptom])


def test_every_symptom_has_a_subject():
    assert set(SUBJECTS) == set(SYMPTOMS)


@pytest.mark.parametrize("symptom", SUBJECTS)
def test_is_caught_and_named_and_gets_no_other_name(symptom):
    report = report_on(symptom)

    assert report.verdict == "wrong"
    assert report.findings[0].fault == symptom
    assert {finding.fault for finding in report.findings} == {symptom}


@pytest.mark.parametrize("symptom", SUBJECTS)
def test_says_what_it_looks_like_and_how_it_is_mended(symptom):
    report = report_on(symptom)
    lines = of_finding(report.findings[0])

    assert SYMPTOMS[symptom].remedy in [line.text.strip() for line in lines if line.kind == "remedy"]
    begin = SYMPTOMS[symptom].summary.partition("{")[0]
    assert next(line.text.strip() for line in lines if line.kind == "fault").startswith(f"{symptom}: {begin}")
    assert "{" not in str(report)


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_has_its_formula_and_says_how_it_shows(symptom):
    entry = SYMPTOMS[symptom]

    assert entry.tex
    assert "$" not in entry.tex
    assert entry.shows.endswith(".")


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_get_the_name_that_is_right(variant):
    symptom, *subject = VARIANTS[variant]
    report = report_of(*subject)

    assert report.verdict == "wrong"
    assert {finding.fault for finding in report.findings} <= {symptom, "rows_only"}
    assert symptom in {finding.fault for finding in report.findings}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_gets_no_name(name):
    report = report_of(*RIGHT[name])

    assert (report.verdict, report.findings) == ("correct", ())


def test_constants_are_told():
    assert report_on("scaled").findings[0].constant == pytest.approx(0.37, rel=1e-9)
    assert report_on("shifted").findings[0].constant == pytest.approx(0.25, rel=1e-9)
    assert report_on("decay_added").findings[0].constant == pytest.approx(PENALTY, rel=1e-9)
    assert report_on("penalty_missing").findings[0].constant == pytest.approx(PENALTY, rel=1e-9)
    assert report_on("mean_for_sum").findings[0].constant == pytest.approx(1 / 4, rel=1e-9)
    assert report_on("not_averaged").findings[0].constant == pytest.approx(4, rel=1e-9)
