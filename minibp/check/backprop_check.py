"""The check of anyone's backprop against the oracles: a mistake is placed and named."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from minibp.arrays import checked_count
from minibp.check.compare import Mismatch, compare, outvote_differences
from minibp.check.diagnosis.conventions import in_convention
from minibp.check.diagnosis.depth import with_depth
from minibp.check.diagnosis.findings import diagnose
from minibp.check.diagnosis.stability import fails, fails_below_the_output, is_rounding, reason
from minibp.check.generation import draw, smallest
from minibp.check.layout import gradient_layout, row_of_gradient
from minibp.check.oracles import complex_step, finite_difference
from minibp.check.oracles.estimate import Estimate, OracleUnavailable
from minibp.check.oracles.jax_autodiff import compilation_cache
from minibp.check.oracles.jax_autodiff import oracle as jax_oracle
from minibp.check.oracles.truncation import is_derived
from minibp.check.problem_stack import stack_of_one
from minibp.check.report.evidence import Evidence
from minibp.check.report.finding import Finding
from minibp.check.report.report import GradientMismatch, Report
from minibp.check.report.wording import ORACLE_NAMES
from minibp.check.rounding.arithmetic import arithmetic_of_anyone
from minibp.check.rounding.whole_pass import bound
from minibp.check.subject.acceptance import expect_subject
from minibp.check.subject.calling import Subject, call, is_of_state, name_of, repeats
from minibp.check.subject.specification import Setting
from minibp.costs import fuses
from minibp.network import Gradient
from minibp.problem import Problem
from minibp.text import counted

ORACLES: dict[str, Callable[[Problem], Estimate]] = {
    "jax": jax_oracle.estimate,
    "complex_step": complex_step.estimate,
    "finite_difference": finite_difference.estimate,
}
SLOW_SECONDS = 2.0
"""The time to load JAX's program from the cache, at most: one that takes longer was compiled, and a note says so."""
FIRST = 3
"""Problems that are called twice, and that JAX compiles a program for where none fits: half a second each."""
SHRINK_CALLS = 400
"""Most calls of the subject in the search for the smallest failing problem."""


def check_backprop(
    subject: Subject,
    *,
    activation: Any = "sigmoid",
    output_activation: Any = None,
    cost: Any = "quadratic",
    l2: float = 0.0,
    reduction: str = "mean",
    dtype: Any = "float64",
    examples: int = 100,
    seed: int | None = None,
    raise_on_mismatch: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Check a backprop against JAX, complex step and finite differences; a mistake is located and named.

    Parameters
    ----------
    subject : callable
        subject(weights, biases, x, y) returns (nabla_w, nabla_b). It gets lists of arrays, W^l of shape (n_l, n_{l-1})
        and b^l of shape (n_l,), and rows of examples, x (m, n_1) and y (m, n_L), all of `dtype`; it returns the
        gradient in the same shapes: also as (nabla_b, nabla_w), after the cost, which is not compared, or as a dict,
        told apart by shapes and by the numbers in keys. `minibp.adapters` makes a subject of code of another shape.
    activation : str, Activation or sequence of them, optional
        σ of all layers, by name ("tanh", "leaky_relu(0.2)") or as an object; the output's too unless
        `output_activation` is another (unlike in `strategies.problems`, where it is that of the hidden layers); or a
        sequence of one a layer, which fixes their number. Default "sigmoid".
    output_activation : str or Activation, optional
        σ of the output layer. Default None: `activation` stands.
    cost : str or Cost, optional
        Name of a cost, or an object with `value(a, y)` and `gradient(a, y)`. Default "quadratic".
    l2 : float, optional
        α of equation (27), at least 0. Default 0.
    reduction : {"mean", "sum"}, optional
        The gradient is that of the mean cost over the examples, or of the sum. Default "mean".
    dtype : {"float64", "float32"}, optional
        Dtype of what the subject gets. Default "float64".
    examples : int, optional
        Number of networks that are drawn, at least 1. Default 100.
    seed : int, optional
        The same seed gives the same networks. Default None: a new one, which the report names.
    raise_on_mismatch : bool, optional
        Raise an error for any verdict but "correct". Default True.
    progress : callable, optional
        Called with the number of networks done and the number there will be.

    Returns
    -------
    Report
        Its verdict is "correct", "wrong", "unstable" (correct but for rounding errors that it magnifies) or "undecided"
        (no oracle could bound its own error on any entry).

    Raises
    ------
    GradientMismatch
        Where the verdict is not "correct"; it carries the report.
    InputError
        Where the arguments do not fit together.

    Notes
    -----
    Every entry g is held to each oracle's ĝ by |g − ĝ| ≤ bound + radius: the rounding error of an honest computation,
    and the oracle's own error. A finding names the equation, of (17) to (27), that the subject's own values do not
    satisfy.

    Examples
    --------
    >>> import minibp
    >>> def mine(weights, biases, x, y):
    ...     network = minibp.Network(weights, biases, "tanh")
    ...     return minibp.batched.backprop(network, "quadratic", x, y).gradient
    >>> minibp.check_backprop(mine, activation="tanh", examples=20, seed=1).verdict
    'correct'
    """
    __tracebackhide__ = True  # of a test's failure pytest shows the test and the report
    started = time.perf_counter()
    expect_subject(subject)
    setting = Setting.checked(activation, output_activation, cost, l2, reduction, dtype, subject)
    count = checked_count("examples", examples)
    chosen = secrets.randbits(32) if seed is None else checked_count("seed", seed, least=0)
    check = _Check(subject, setting, chosen)
    with np.errstate(all="ignore"):  # what overflows is known by its radius or its bound
        drawn = draw(setting.strategy(), count, chosen)
        check.look([*setting.bases(chosen), *setting.saturated(chosen), *drawn], progress)
        report = replace(check.report(), seconds=time.perf_counter() - started)
    if raise_on_mismatch and report.verdict != "correct":
        raise GradientMismatch(report)
    return report


@dataclass
class _Check:
    """The check of one subject: its evidence, mismatches and findings on the calling contract."""

    subject: Subject
    setting: Setting
    seed: int
    evidence: Evidence = field(default_factory=Evidence)
    absent: dict[str, str] = field(default_factory=dict)
    contract_findings: dict[str, Finding] = field(default_factory=dict)
    mismatches: list[tuple[Problem, Mismatch, str]] = field(default_factory=list)
    without_gradient: list[Problem] = field(default_factory=list)
    """Problems for which the subject returned no gradient."""
    outvoted: int = 0
    """Entries on which finite differences alone disagree, where their error is only estimated."""

    def __post_init__(self) -> None:
        self.evidence.statistics[name_of(self.subject)] = {}  # it is named where nothing is compared too
        self.rate: float | None = getattr(self.subject, "rate", None)
        """η of a subject whose gradient is read from parameters before and after a step."""

    def call(self, problem: Problem) -> Gradient | None:
        """The subject's gradient; None where it returned none."""
        return call(self.subject, problem, self.setting.reduction).gradient

    def look(self, problems: Sequence[Problem], progress: Callable[[int, int], None] | None = None) -> None:
        """Hold the subject against all oracles on these problems."""
        if progress is not None:
            progress(0, len(problems))
        for problem in problems[:FIRST]:
            for finding in repeats(self.subject, problem):
                self.contract_findings.setdefault(finding.message, finding)
        exact = [problem.astype("float64") for problem in problems]
        small = [problem for problem in exact if jax_oracle.fits_padding(stack_of_one(problem))]
        autodiff = dict(zip(map(id, small), jax_oracle.estimate_each([*map(stack_of_one, small)]), strict=True))
        for i, (problem, same) in enumerate(zip(problems, exact, strict=True)):
            if progress is not None:
                progress(i, len(problems))
            self.evidence.networks += 1
            result = call(self.subject, problem, self.setting.reduction)
            for finding in result.findings:
                self.contract_findings.setdefault(_kind(finding), finding)
            if result.gradient is None:
                self.without_gradient.append(problem)
                continue
            estimates = {}
            if id(same) in autodiff:
                estimates["jax"] = autodiff[id(same)].only()
            elif i < FIRST:
                self._estimate(estimates, "jax", same)
            self._estimate(estimates, "complex_step", same)
            self._estimate(estimates, "finite_difference", same)
            self._compare(problem, same, result.gradient, estimates)

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
        limits = row_of_gradient(bound(same, arithmetic_of_anyone(problem.dtype, self.rate)).gradient)
        self.evidence.entries += len(got)
        rows = {name: (row_of_gradient(one.gradient), row_of_gradient(one.radius)) for name, one in estimates.items()}
        if not is_derived(stack_of_one(same)):
            self.outvoted += outvote_differences(rows, got, limits)
        found = []
        for oracle, estimate in estimates.items():
            stats = self.evidence.stats_of(name_of(self.subject), oracle)
            expected, radius = rows[oracle]
            if problem.dtype == "float64":
                stats.add_relative_tolerances(expected, limits + radius)
            self.evidence.skipped.update(estimate.skipped)
            mismatch = compare(segments, got, limits, expected, radius, stats)
            if mismatch is not None:
                found.append((problem, mismatch, oracle))
        self.mismatches += found[:1]

    def report(self) -> Report:
        """The verdict, its findings and the evidence."""
        failing = [problem for problem, *_ in self.mismatches]
        verdict, notes = "correct", [f"{ORACLE_NAMES[name]} was not asked: {why}" for name, why in self.absent.items()]
        if jax_oracle.prepared() > SLOW_SECONDS:
            notes.append(f"JAX compiled its program for {jax_oracle.prepared():.1f} s, which it does once")
        notes += filter(None, [compilation_cache.advice()])
        if self.outvoted:
            entries = counted(self.outvoted, "gradient entry", "gradient entries")
            notes.append(
                f"finite differences alone disagreed on {entries}: of your own functions their error is estimated, "
                "not derived, and a high-accuracy oracle agrees there"
            )
        example = self._smallest_without_gradient() if self.without_gradient else None
        findings = list(self.contract_findings.values())
        if self.without_gradient:
            findings = with_depth(findings, self.subject, self.setting, self.seed)
        if failing:
            rounding = not findings and all(is_rounding(problem, self.call, self.rate) for problem in failing)
            verdict = "unstable" if rounding else "wrong"
            example = self._smallest(lambda problem: fails(problem, self.call, self.rate), SHRINK_CALLS) or failing[0]
            if rounding:
                findings += self._unstable(example)
            else:
                found = self._wrong(failing, example)
                example = self._showing(found[0], example)
                findings += found
            findings = [finding for finding in findings if is_of_state(finding)] or findings  # the rest comes of it
        elif not self.evidence.has_compared():
            verdict = "undecided"
            if not self.without_gradient:
                notes.append("no oracle could bound its own error on any entry")
        if findings and verdict in ("correct", "undecided"):
            verdict = "wrong"
        return self.evidence.report(
            verdict,
            seed=self.seed,
            findings=findings,
            counterexample=example,
            notes=notes,
            again=f"seed={self.seed}",
        )

    def _smallest(self, holds: Callable[[Problem], bool], calls: int) -> Problem | None:
        """The simplest problem for which this holds, of those found with a limited number of calls."""
        seen: dict[str, bool] = {}

        def once(problem: Problem) -> bool:
            key = repr(problem)
            if key not in seen:  # a problem that is replayed has the same result
                seen[key] = len(seen) < calls and holds(problem)
            return seen[key]

        found = smallest(self.setting.strategy(), once, self.seed)
        return found if found is not None and holds(found) else None

    def _smallest_without_gradient(self) -> Problem:
        """The smallest problem that the subject returns nothing usable for; the findings then speak of it."""
        example = self._smallest(lambda problem: self.call(problem) is None, SHRINK_CALLS)
        example = example or self.without_gradient[0]
        for finding in call(self.subject, example, self.setting.reduction).findings:
            if _kind(finding) in self.contract_findings:
                self.contract_findings[_kind(finding)] = finding
        return example

    def _showing(self, first: Finding, example: Problem) -> Problem:
        """The example; or one with hidden layers, where these are wrong first and it failed for another reason."""
        if first.equation != "(22)" or len(example.network.weights) > 1:
            return example
        found = self._smallest(lambda problem: fails_below_the_output(problem, self.call, self.rate), SHRINK_CALLS)
        return found or example

    def _wrong(self, failing: list[Problem], example: Problem) -> list[Finding]:
        """The findings on well-conditioned networks; where there are none, on those that failed."""
        name, fp = name_of(self.subject), arithmetic_of_anyone(self.setting.dtype, self.rate)
        depth = len(example.network.weights)
        for problems in (self.setting.bases(self.seed), self.setting.bases(self.seed, depth), [example], failing[:1]):
            found = diagnose(self.call, problems, fp, name)
            if found:
                return [self._in_words(finding) for finding in in_convention(found, problems, self.setting.reduction)]
        _, mismatch, oracle = self.mismatches[0]
        return [Finding.of_mismatch(mismatch, name, oracle)]

    def _in_words(self, finding: Finding) -> Finding:
        """The finding, in words for a mean where a sum was specified: divided by m it is a mean taken twice."""
        if self.setting.reduction == "sum" and finding.fault == "mean_twice":
            return replace(finding, message='the examples are averaged, and reduction="sum" says that they are summed')
        return finding

    def _unstable(self, example: Problem) -> list[Finding]:
        """The place and the cause of the lost digits, in the smallest problem that shows them to the oracles."""
        again = _Check(self.subject, self.setting, self.seed)
        again.look([example])
        problem, mismatch, oracle = (again.mismatches or self.mismatches)[0]
        held = self.call(problem)
        assert held is not None
        layer = mismatch.segment.layer or 0
        fault, message = reason(problem, layer, held)
        equation = "(22)"
        if layer == len(problem.network.weights) + 1:
            equation = "(26)" if fuses(problem.cost, problem.network.activations[-1]) else "(17)"
        finding = Finding.of_mismatch(mismatch, name_of(self.subject), oracle)
        return [replace(finding, equation=equation, fault=fault, message=message)]


def _kind(finding: Finding) -> str:
    """The kind of a finding, of which one is shown: its message without numbers and an exception's words."""
    return re.sub(r"\d+", "", finding.message.split(":")[0])
