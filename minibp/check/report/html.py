"""The report as one page of HTML, in a single file: what the template is given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minibp.arrays import Array
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.layout import EQUATIONS
from minibp.check.report import wording
from minibp.check.report.symptoms import SYMPTOMS
from minibp.check.statistics import RATIO_EDGES
from minibp.pages.heat import LEVELS, error_map, level_of, levels_of, value_map
from minibp.pages.network import Drawing, Mark, drawn
from minibp.pages.rendering import rendered

if TYPE_CHECKING:
    from minibp.check.report.finding import Finding
    from minibp.check.report.report import Report
    from minibp.check.report.tensor_errors import TensorErrors
    from minibp.problem import Problem

SMALL = 10
"""Rows and columns up to which an array is shown as numbers; a larger one is a map."""
WORST = 8
"""Of a map, the entries that are listed."""
TENSORS = 12
"""Tensors that are shown of one gradient, those with the largest error / tolerance."""
LONGEST = 200_000
"""Characters of a network that are put in whole, to be copied; a larger one is in JSON alone."""
ADVICE = {
    "correct": "Nothing is to be mended.",
    "wrong": "Mend what the first finding names, and run the check again: what follows from it goes with it.",
    "unstable": "The formula is right, and loses digits: compute it in the way that is named below.",
    "undecided": "Nothing was found wrong, and not enough could be compared: see the reasons below.",
}


def page(report: Report, title: str = "minibp") -> str:
    """The verdict and what to do, the findings, drawings of the errors, the tables, and how to reproduce it all.

    Parameters
    ----------
    report : Report
        Of any check.
    title : str, optional
        What was checked, for the title of the page. Default "minibp".

    Returns
    -------
    str
        One page of HTML that needs no other file.

    Raises
    ------
    InputError
        Where the library that makes pages is not installed.
    """
    errors = sorted(report.errors, key=lambda one: -_worst(one))[:TENSORS]
    tensors = [_tensor(one) for one in report.errors if one in errors]  # in the order of the report
    return rendered(
        "report.html",
        title=title,
        verdict=report.verdict,
        verdict_line=wording.verdict_line(report).partition(": ")[2],
        advice=_advice(report),
        findings=[_finding(one) for one in report.findings],
        drawing=_drawing(report.errors),
        levels=LEVELS,
        tensors=tensors,
        has_maps=any(one["maps"] for one in tensors),
        tensors_left_out=len(report.errors) - len(tensors),
        whose=_whose(report),
        counterexample=None if report.counterexample is None else _counterexample(report.counterexample),
        point=report.point,
        again=report.again,
        table=_equation_table(report),
        histogram=_histogram(report),
        agreement=_agreement(report),
        sizes=wording.sizes(report),
        skipped=sorted(report.skipped.items(), key=lambda item: -item[1]),
        notes=report.notes,
        covered=list(report.covered.items()),
        environment=str(report.environment),
    )


def _advice(report: Report) -> list[str]:
    """What to do, the most particular first."""
    for finding in report.findings:
        remedy = _named(finding)["remedy"]
        if remedy:
            return [remedy, ADVICE[report.verdict]]
    return [ADVICE[report.verdict]]


def _named(finding: Finding) -> dict[str, str]:
    """The name of a mistake, what it is, and how to mend it; "" where it has none."""
    fault = CATALOGUE.get(finding.fault or "")
    if fault is not None:
        constant = "" if finding.constant is None else f" (c = {finding.constant:.6g})"
        return {"id": fault.id, "summary": f"{fault.summary}{constant}", "remedy": fault.remedy}
    looks = "; ".join(finding.looks)
    if finding.fault in SYMPTOMS:
        return {"id": finding.fault, "summary": looks, "remedy": SYMPTOMS[finding.fault].remedy}
    return {"id": finding.fault or "", "summary": looks, "remedy": ""}


def _finding(finding: Finding) -> dict[str, Any]:
    """One finding: its place, the formula beside the user's value, its name, and the numbers."""
    return {
        "heading": f"{finding.subject}: {wording.place(finding)}",
        "formula": wording.formula(finding),
        "named": _named(finding),
        "also": finding.also,
        "values": wording.values(finding),
    }


def _worst(tensor: TensorErrors) -> float:
    """The largest error / tolerance, −1 where nothing was compared."""
    ratio = tensor.ratio
    return float(np.nanmax(ratio)) if np.isfinite(tensor.tolerance).any() else -1.0


def _whose(report: Report) -> str:
    """The gradient whose errors are drawn."""
    if report.counterexample is not None:
        return "the smallest failing network found"
    return f"of {report.networks:,} networks, the one whose error / tolerance is the largest" if report.networks else ""


# -- drawings


def _drawing(errors: Sequence[TensorErrors]) -> Drawing | None:
    """The network, a neuron by the error of its bias and a line by that of its weight; None for other functions."""
    weights = {one.layer: one.ratio for one in errors if one.name == "nabla_w" and one.layer is not None}
    biases = {one.layer: one.ratio for one in errors if one.name == "nabla_b" and one.layer is not None}
    if not weights:
        return None
    sizes = [weights[2].shape[1], *(weights[layer].shape[0] for layer in sorted(weights))]

    def neuron(layer: int, j: int) -> Mark:
        if layer == 1:
            return Mark("", f"input {j}")
        return Mark(
            level_of(biases[layer][j - 1]), f"∂C/∂b of neuron {j}, layer {layer}: {_told(biases[layer][j - 1])}"
        )

    def weight(layer: int, j: int, k: int) -> Mark:
        ratio = weights[layer][j - 1, k - 1]
        return Mark(level_of(ratio), f"∂C/∂w from {k} to {j}, layer {layer}: {_told(ratio)}")

    def rank(layer: int, j: int) -> float:
        rows = [weights[layer][j - 1], biases[layer][j - 1]] if layer > 1 else [weights[2][:, j - 1]]
        return max(float(np.nan_to_num(row, nan=-1.0).max()) for row in rows)

    return drawn(sizes, neuron, weight, label=lambda layer, j: str(j), rank=rank)


def _told(ratio: float) -> str:
    return "not compared" if math.isnan(ratio) else f"error / tolerance {ratio:.3g}"


def _tensor(tensor: TensorErrors) -> dict[str, Any]:
    """One tensor: its numbers where they are few, else its maps and its worst entries."""
    matrix = tensor.as_matrix()
    ratio = matrix.ratio
    title = tensor.name + ("" if tensor.layer is None else f" of layer {tensor.layer}")
    shape = " × ".join(map(str, tensor.got.shape)) or "one number"
    told = int(np.isfinite(ratio).sum()) + int(np.isinf(ratio).sum())
    said = (
        f"{tensor.off:,} of {ratio.size:,} {'is' if tensor.off == 1 else 'are'} off"
        if tensor.off
        else f"{told:,} of {ratio.size:,} compared, none off"
    )
    made: dict[str, Any] = {
        "title": title, "said": f"{shape}: {said}", "off": tensor.off, "numbers": None, "maps": [], "worst": []
    }  # fmt: skip
    if max(ratio.shape) <= SMALL:
        made["numbers"] = [
            [_cell(*one) for one in zip(*row, strict=True)]
            for row in zip(matrix.got, matrix.expected, ratio, levels_of(ratio), strict=True)
        ]
        return made
    finite = np.abs(np.concatenate([matrix.got.ravel(), matrix.expected.ravel()]))
    largest = float(finite[np.isfinite(finite)].max(initial=0.0))
    made["maps"] = [
        ("got", value_map(matrix.got, largest, ratio)),
        ("expected", value_map(matrix.expected, largest, ratio)),
        ("error / tolerance", error_map(ratio)),
    ]
    made["worst"] = _worst_entries(tensor)
    return made


def _cell(got: float, expected: float, ratio: float, level: str) -> dict[str, str]:
    """One number of a small array."""
    title = f"got {got:.17g}, expected {expected:.17g}, {_told(ratio)}"
    return {"got": f"{got:.4g}", "expected": f"{expected:.4g}" if ratio > 1 else "", "level": level, "title": title}


def _worst_entries(tensor: TensorErrors) -> list[list[str]]:
    """The entries with the largest error / tolerance."""
    ratio = np.nan_to_num(tensor.ratio, nan=-1.0).ravel()
    rows = []
    for at in np.argsort(-ratio, kind="stable")[:WORST].tolist():
        if ratio[at] >= 0:
            index = ", ".join(str(int(i)) for i in np.unravel_index(at, tensor.got.shape))
            values = [f"{float(array.flat[at]):.6g}" for array in (tensor.got, tensor.expected)]
            rows.append([f"[{index}]", *values, f"{ratio[at]:.3g}"])
    return rows


# -- the failing network, in numbers


def _counterexample(problem: Problem) -> dict[str, Any]:
    """The network's arrays where they can be read, and Python that makes it again."""
    network = problem.network
    arrays: list[tuple[str, Array]] = [("x, one example a row", problem.x), ("y, one target a row", problem.y)]
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True), start=2):
        arrays += [(f"W of layer {layer}, {network.activations[layer - 2].name}", w), (f"b of layer {layer}", b)]
    code = repr(problem)
    return {
        "arrays": [
            {"name": name, "rows": [[f"{float(v):.6g}" for v in row] for row in np.atleast_2d(array)]}
            for name, array in arrays
            if max(array.shape) <= SMALL
        ],
        "left_out": [f"{name}: {array.shape}" for name, array in arrays if max(array.shape) > SMALL],
        "cost": problem.cost.name + (f", L2 with α = {problem.l2.alpha:g}" if problem.l2.alpha else ""),
        "code": code if len(code) <= LONGEST else f"{code[:LONGEST]} … ({len(code):,} characters; whole in JSON)",
    }


# -- tables


def _equation_table(report: Report) -> dict[str, Any] | None:
    """Equations down, oracles across."""
    cells = wording.cells(report)
    if not cells:
        return None
    return {
        "oracles": [wording.ORACLE_NAMES.get(name, name) for name in report.oracles()],
        "rows": [(key, EQUATIONS[key], columns) for key, columns in cells.items()],
        "median": (wording.MEDIAN, wording.median_tolerance(report)),
    }


def _agreement(report: Report) -> list[tuple[str, str, str]]:
    """How far each two oracles are apart: the pair, the largest in units of their radii, and of how many entries."""
    return [
        (
            " and ".join(wording.ORACLE_NAMES.get(name, name) for name in pair),
            f"{max(stats.worst.values()):.3f}",
            f"{sum(stats.entries.values()):,}",
        )
        for pair, stats in report.agreement.items()
        if stats.entries
    ]


def _histogram(report: Report) -> dict[str, Any] | None:
    """The number of comparisons by error / tolerance, on logarithmic scales both ways."""
    counts = np.sum([stats.error_ratios for by in report.statistics.values() for stats in by.values()], axis=0)
    if not np.any(counts):
        return None
    width, height, left, top = 640.0, 170.0, 58.0, 10.0
    step, most = (width - left - 10) / len(counts), float(np.log10(1 + counts.max()))
    bars = []
    for at, count in enumerate(counts.tolist()):
        if count:
            tall = round(height * math.log10(1 + count) / most, 1)
            edge = RATIO_EDGES[at]
            bars.append(
                {
                    "x": round(left + at * step, 1), "y": round(top + height - tall, 1), "width": round(step - 1.5, 1),
                    "height": tall, "look": "off2" if edge > 1.0001 else "level4",
                    "title": f"{count:,} at most {edge:.3g}" + (", exact ones too" if at == 0 else ""),
                }
            )  # fmt: skip
    at_one = int(np.searchsorted(RATIO_EDGES, 0.999))
    decades = [(round(left + (at + 1) * step, 1), f"{edge:.0e}") for at, edge in enumerate(RATIO_EDGES) if at % 8 == 0]
    powers = range(int(most) + 1)
    over = int(counts[at_one + 1 :].sum())
    return {
        "width": width, "height": height, "left": left, "top": top, "bars": bars, "decades": decades,
        "one": round(left + (at_one + 1) * step, 1),
        "counts": [(round(top + height * (1 - math.log10(1 + 10**p) / most), 1), f"{10**p:,}") for p in powers],
        "said": f"{int(counts.sum()):,} comparisons, {over:,} of them beyond the tolerance",
    }  # fmt: skip
