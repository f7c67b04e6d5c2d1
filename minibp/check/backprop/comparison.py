"""The comparison of a subject with the oracles, problem by problem: evidence, mismatches and breaches of contract."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, cast

from minibp.check.compare import Mismatch, compare, outvote_differences
from minibp.check.layout import gradient_layout, row_of_gradient
from minibp.check.oracles import complex_step, finite_difference
from minibp.check.oracles.estimate import Estimate, OracleUnavailable
from minibp.check.oracles.jax_autodiff import oracle as jax_oracle
from minibp.check.oracles.truncation import is_derived
from minibp.check.problem_stack import stack_of_one
from minibp.check.report.evidence import Evidence
from minibp.check.report.finding import Finding
from minibp.check.rounding.whole_pass import bound
from minibp.check.subject.calling import CallResult, Subject, call, name_of, repeats
from minibp.check.subject.specification import Setting
from minibp.network import Gradient
from minibp.problem import Problem

ORACLES: dict[str, Callable[[Problem], Estimate]] = {
    "jax": jax_oracle.estimate,
    "complex_step": complex_step.estimate,
    "finite_difference": finite_difference.estimate,
}
FIRST = 3
"""Problems that are called twice, and that JAX compiles a program for where none fits: half a second each."""
NO_BIASES = "biases=False: ∂C/∂b is not compared"


@dataclass
class Comparison:
    """What was seen of one subject so far."""

    subject: Subject
    setting: Setting
    seed: int
    evidence: Evidence = field(default_factory=Evidence)
    absent: dict[str, str] = field(default_factory=dict)
    contract_findings: dict[str, Finding] = field(default_factory=dict)
    mismatches: list[tuple[Problem, Mismatch, str]] = field(default_factory=list)
    without_gradient: list[Problem] = field(default_factory=list)
    """Problems for which the subject returned no gradient."""
    overflowed: list[Problem] = field(default_factory=list)
    """Those of them at which a function of Python's raised since its result is no number."""
    remarks: dict[str, None] = field(default_factory=dict)
    """Notes on what the subject returned."""
    shown: tuple[float, Problem, Gradient] | None = None
    """The largest error / tolerance, and the problem and gradient of which it is."""
    outvoted: int = 0
    """Entries on which finite differences alone disagree, where their error is only estimated."""

    def __post_init__(self) -> None:
        self.evidence.statistics[name_of(self.subject)] = {}  # it is named where nothing is compared too
        # `rate` is η of a subject whose gradient is read from parameters before and after a step.
        self.fp = self.setting.claim.arithmetic(self.setting.dtype, getattr(self.subject, "rate", None))
        self.remarks.update(dict.fromkeys(getattr(self.subject, "notes", ())))

    def result(self, problem: Problem) -> CallResult:
        """The result of one call of the subject."""
        return call(self.subject, problem, self.setting.claim)

    def call(self, problem: Problem) -> Gradient | None:
        """The subject's gradient; None where it returned none."""
        return self.result(problem).gradient

    def look(
        self, problems: Sequence[Problem], progress: Callable[[int, int], None] | None = None, before: int = 0
    ) -> None:
        """Hold the subject against all oracles on these problems, so many `before` which others were seen."""
        if progress is not None:
            progress(0, len(problems))
        for problem in problems[: max(FIRST - before, 0)]:
            again = repeats(self.subject, problem, self.setting.claim)
            self.contract_findings.update({finding.message: finding for finding in again.findings})
            self.remarks.update(dict.fromkeys(again.notes))
        exact = [problem.astype("float64") for problem in problems]
        small = [problem for problem in exact if jax_oracle.fits_padding(stack_of_one(problem))]
        autodiff = dict(zip(map(id, small), jax_oracle.estimate_each([*map(stack_of_one, small)]), strict=True))
        for i, (problem, same) in enumerate(zip(problems, exact, strict=True)):
            if progress is not None:
                progress(i, len(problems))
            self.evidence.networks += 1
            result = self.result(problem)
            self.remarks.update(dict.fromkeys(result.notes))
            if result.has_overflowed:
                self.overflowed.append(problem)
            for finding in result.findings:
                self.contract_findings.setdefault(kind_of(finding), finding)
            if result.gradient is None:
                self.without_gradient.append(problem)
                continue
            estimates = {}
            if id(same) in autodiff:
                estimates["jax"] = autodiff[id(same)].only()
            elif before + i < FIRST:
                self._estimate(estimates, "jax", same)
            self._estimate(estimates, "complex_step", same)
            self._estimate(estimates, "finite_difference", same)
            self._compare(problem, same, result.gradient, estimates)

    def without_code(self) -> Comparison:
        """What was seen alone, which any process can read."""
        seen = copy(self)
        seen.subject = seen.setting = cast("Any", None)
        return seen

    def merge(self, other: Comparison) -> None:
        """Add what was seen on the problems that come next."""
        self.evidence.add(other.evidence)
        for oracle, why in other.absent.items():
            self.absent.setdefault(oracle, why)
        for kind, finding in other.contract_findings.items():
            self.contract_findings.setdefault(kind, finding)
        self.remarks.update(other.remarks)
        self.mismatches += other.mismatches
        self.without_gradient += other.without_gradient
        self.overflowed += other.overflowed
        self.outvoted += other.outvoted
        if other.shown is not None and (self.shown is None or other.shown[0] > self.shown[0]):
            self.shown = other.shown

    def _estimate(self, estimates: dict[str, Estimate], oracle: str, problem: Problem) -> None:
        if oracle in self.absent:
            return
        try:
            estimates[oracle] = ORACLES[oracle](problem)
        except OracleUnavailable as error:
            self.absent[oracle] = str(error)

    def _compare(self, problem: Problem, same: Problem, gradient: Gradient, estimates: dict[str, Estimate]) -> None:
        segments = gradient_layout(problem)
        got = row_of_gradient(gradient)
        limits = row_of_gradient(bound(same, self.fp).gradient)
        self.evidence.entries += len(got)
        rows = {name: (row_of_gradient(one.gradient), row_of_gradient(one.radius)) for name, one in estimates.items()}
        if not is_derived(stack_of_one(same)):
            self.outvoted += outvote_differences(rows, got, limits)
        self.evidence.add_agreement(segments, rows)
        found, largest = [], 0.0
        for oracle, estimate in estimates.items():
            stats = self.evidence.stats_of(name_of(self.subject), oracle)
            expected, radius = rows[oracle]
            if problem.dtype == "float64":
                stats.add_relative_tolerances(expected, limits + radius)
            self.evidence.skipped.update(estimate.skipped)
            if not self.fp.has_biases:
                self.evidence.skipped[NO_BIASES] += sum(b.size for b in problem.network.biases)
            mismatch = compare(segments, got, limits, expected, radius, stats)
            largest = max(largest, *stats.worst.values())  # of all networks so far: it grows where this one's is larger
            if mismatch is not None:
                found.append((problem, mismatch, oracle))
        if self.shown is None or largest > self.shown[0]:
            self.shown = largest, problem, gradient
        self.mismatches += found[:1]


def kind_of(finding: Finding) -> str:
    """The kind of a finding, of which one is shown: its message without numbers and an exception's words."""
    return re.sub(r"\d+", "", finding.message.split(":")[0])
