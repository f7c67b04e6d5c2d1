"""The mutation test of the check: every fault of the catalogue in a backprop, and its findings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from minibp.activations import HIDDEN
from minibp.blocks import in_order
from minibp.check.compare import compare
from minibp.check.diagnosis.findings import diagnose
from minibp.check.diagnosis.stability import excess
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.fault import Fault
from minibp.check.faults.injection import FaultInstance, FaultyBackprop
from minibp.check.layout import gradient_layout, row_of_gradient
from minibp.check.oracles import complex_step
from minibp.check.oracles.estimate import Estimate
from minibp.check.report.finding import Finding
from minibp.check.rounding.arithmetic import arithmetic_of_anyone
from minibp.check.rounding.whole_pass import bound
from minibp.check.statistics import Statistics
from minibp.check.subject.calling import call
from minibp.check.subject.claim import Claim
from minibp.check.subject.specification import Setting
from minibp.costs import fuses
from minibp.drawing import pairings
from minibp.network import Gradient
from minibp.problem import Problem

LAYERED = ("z", "a", "recursion", "bias", "weight", "shares_b", "shares_w", "l2_weights", "l2_biases")
ONE_LAYER = 3
"""The layer of a fault that is in one layer: the middle hidden layer of five."""
L2 = 0.7


@dataclass
class Row:
    """The counts of one fault: the networks that it was in, and those where the check caught, placed and named it."""

    tried: int = 0
    equivalent: int = 0
    """Equivalent mutants: cells in which the fault changes nothing by more than rounding."""
    changed: int = 0
    caught: int = 0
    placed: int = 0
    named: int = 0
    listed: int = 0
    """Not named first, but among the indistinguishable ones."""
    indistinguishable: set[str] = field(default_factory=set, repr=False)
    """Faults named instead, which are indistinguishable from it there."""

    def add(self, other: Row) -> None:
        """Add the counts of another row of the same fault."""
        for name in ("tried", "equivalent", "changed", "caught", "placed", "named", "listed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.indistinguishable |= other.indistinguishable

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        names = {"equivalent": "same_as_right", "indistinguishable": "twins"}
        values = {**self.__dict__, "indistinguishable": sorted(self.indistinguishable)}
        return {names.get(name, name): value for name, value in values.items()}


Matrix = dict[str, Row]


def all_settings() -> list[tuple[str, str, str]]:
    """Every output with every cost that fits it, each with two of the hidden activations, of which none is left out."""
    hidden = list(HIDDEN)
    return [
        (hidden[(i + shift) % len(hidden)], output.name, cost.name)
        for i, (output, cost) in enumerate(pairings())
        for shift in (0, 3)
    ]


def kill_matrix(
    *,
    seed: int = 0,
    settings: Sequence[tuple[str, str, str]] | None = None,
    only: Sequence[str] | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Matrix:
    """Every fault, or those of `only`, in all layers and in one, in each setting: hidden activation, output, cost.

    >>> kill_matrix(settings=[("tanh", "sigmoid", "quadratic")], only=["hidden_derivative_missing"])
    {'hidden_derivative_missing': Row(tried=2, equivalent=0, changed=2, caught=2, placed=2, named=2, listed=0)}
    """
    chosen = list(only or CATALOGUE)
    places = list(settings or all_settings())
    matrix: Matrix = {name: Row() for name in chosen}
    cells = partial(_cells, seed=seed, only=chosen)
    for done, part in enumerate(in_order(cells, places, executor), start=1):
        for name, row in part.items():
            matrix[name].add(row)
        if progress is not None:
            progress(done, len(places))
    return matrix


def _cells(setting: tuple[str, str, str], seed: int, only: Sequence[str]) -> Matrix:
    """These faults with one choice of activations and cost."""
    activation, output, cost = setting
    problems = Setting.checked(activation, output, cost, L2, Claim(), "float64", None).bases(seed)
    estimates = [complex_step.estimate(problem) for problem in problems]
    found: Matrix = {}
    for name in only:
        fault = CATALOGUE[name]
        found[name] = Row()
        for layers in [None, (ONE_LAYER,)] if fault.step in LAYERED else [None]:
            subject = FaultyBackprop([FaultInstance(fault, layers, 0, fault.typical)], activation, output, cost, L2)
            _judge(found[name], fault, layers, subject, problems, estimates)
    return found


def _judge(
    row: Row,
    fault: Fault,
    layers: tuple[int, ...] | None,
    subject: FaultyBackprop,
    problems: list[Problem],
    estimates: list[Estimate],
) -> None:
    def gradient_of(problem: Problem) -> Gradient | None:
        return call(subject, problem).gradient

    row.tried += 1
    returned = [
        (problem, held, estimate)
        for problem, held, estimate in zip(problems, map(gradient_of, problems), estimates, strict=True)
        if held is not None
    ]
    if not any((excess(problem, held)[2] > 1).any() for problem, held, _ in returned):
        row.equivalent += 1
        return
    row.changed += 1
    row.caught += any(_is_caught(*one) for one in returned)
    findings = diagnose(gradient_of, problems, arithmetic_of_anyone("float64"), subject.__name__)
    if len(findings) == 1:
        add_finding(row, fault, layers, findings[0], problems[0])


def _is_caught(problem: Problem, held: Gradient, estimate: Estimate) -> bool:
    limits = row_of_gradient(bound(problem, arithmetic_of_anyone(problem.dtype)).gradient)
    expected, radius = row_of_gradient(estimate.gradient), row_of_gradient(estimate.radius)
    return compare(gradient_layout(problem), row_of_gradient(held), limits, expected, radius, Statistics()) is not None


def add_finding(row: Row, fault: Fault, layers: tuple[int, ...] | None, found: Finding, problem: Problem) -> None:
    """Count a fault whose check has one finding: named first or listed, and placed where it is."""
    fused = fuses(problem.cost, problem.network.activations[-1])
    equation = fault.equation or ("(26)" if fused else "(17)")
    right_layers = layers is None or found.layers == layers
    if fault.id == found.fault:
        row.named += 1
        row.placed += found.equation == equation and right_layers
    elif fault.id in found.also:
        row.listed += 1
        row.placed += right_layers
        row.indistinguishable.add(str(found.fault))


def table(matrix: Matrix) -> str:
    """The matrix as text."""
    width = max(map(len, matrix))
    lines = [f"{'fault':<{width}}{'cells':>7}{'changed':>9}{'caught':>8}{'placed':>8}{'named':>7}{'listed':>8}"]
    for name, row in matrix.items():
        others = f"  as {', '.join(sorted(row.indistinguishable))}" if row.indistinguishable else ""
        numbers = f"{row.tried:>7}{row.changed:>9}{row.caught:>8}{row.placed:>8}{row.named:>7}{row.listed:>8}"
        lines.append(f"{name:<{width}}{numbers}{others}")
    return "\n".join([*lines, "", summary(matrix)])


def summary(matrix: Matrix) -> str:
    """One line of shares."""
    total = Row()
    for row in matrix.values():
        total.add(row)
    shares = " ".join(
        f"{name} {getattr(total, name) / max(total.changed, 1):.1%}," for name in ("caught", "placed", "named")
    )
    return (
        f"of {total.changed} faults that change anything: {shares} another that gives the same numbers named first "
        f"{total.listed / max(total.changed, 1):.1%}; {total.equivalent} change nothing where they are put"
    )


def is_complete(matrix: Matrix) -> bool:
    """True where every fault that changes anything was caught."""
    return all(row.changed == row.caught for row in matrix.values())
