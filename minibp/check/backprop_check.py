"""Anyone's backprop, held against the oracles; what is wrong is placed and named."""

from __future__ import annotations

import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from minibp.arrays import Array, checked_count
from minibp.check import compilation, complex_step, finite_difference, jax_oracle
from minibp.check.acceptance import expect_subject
from minibp.check.arithmetic import arithmetic_of_anyone
from minibp.check.campaign import draw, smallest
from minibp.check.compare import Miss, Tally, compare, gradient_layout, row_of_gradient
from minibp.check.conventions import in_convention
from minibp.check.depth import with_depth
from minibp.check.diagnose import diagnose
from minibp.check.estimate import Estimate, OracleUnavailable
from minibp.check.report import Finding, GradientMismatch, Report
from minibp.check.rounding import bound
from minibp.check.setting import Setting
from minibp.check.stability import fails, fails_below_the_output, is_rounding, reason
from minibp.check.stack import single
from minibp.check.subject import Subject, ask, name_of, repeats
from minibp.check.truncation import is_derived
from minibp.check.wording import ORACLE_NAMES
from minibp.costs import fuses
from minibp.network import Gradient
from minibp.problem import Problem
from minibp.words import counted

ORACLES: dict[str, Callable[[Problem], Estimate]] = {
    "jax": jax_oracle.estimate,
    "complex_step": complex_step.estimate,
    "finite_difference": finite_difference.estimate,
}
SLOW_SECONDS = 2.0
"""To make JAX's program ready: what takes longer was compiled, and is told."""
FIRST = 3
"""Problems that the subject is asked for twice, and JAX where it has to compile for each shape: half a second."""
SHRINK_CALLS = 400
"""Problems that are tried for the smallest one that fails."""


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
    """Hold `subject(weights, biases, x, y) -> (nabla_w, nabla_b)` against JAX, complex step and finite differences.

    The subject gets lists of arrays, W^l of shape (n_l, n_{l-1}) and b^l of shape (n_l,), and rows of examples, x (m,
    n_1) and y (m, n_L), all of `dtype`; it returns the gradient of the mean cost (of the sum with reduction="sum") in
    the same shapes. `activation` is one for all layers, the output too unless `output_activation` is another (unlike in
    `strategies.problems`, where it is that of the hidden layers), or a sequence of one a layer, which fixes their
    number. The verdict is "correct", "wrong", "unstable" (right but for rounding that it magnifies) or "undecided".

    `progress` is called with the number of networks done and the number there will be.

    Raises `GradientMismatch`, which carries the report, where the verdict is not "correct", unless told not to; and
    `InputError` for arguments that do not fit together.

    >>> import minibp
    >>> def mine(weights, biases, x, y):
    ...     network = minibp.Network(weights, biases, "tanh")
    ...     return minibp.batched.backprop(network, "quadratic", x, y).gradient
    >>> check_backprop(mine, activation="tanh", examples=20, seed=1).verdict
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
    """What has been seen of one subject."""

    subject: Subject
    setting: Setting
    seed: int
    networks: int = 0
    entries: int = 0
    tallies: dict[str, Tally] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    absent: dict[str, str] = field(default_factory=dict)
    manners: dict[str, Finding] = field(default_factory=dict)
    misses: list[tuple[Problem, Miss, str]] = field(default_factory=list)
    silent: list[Problem] = field(default_factory=list)
    """Problems that the subject has no numbers for."""
    outvoted: int = 0
    """Entries on which finite differences alone disagree, where their error is only estimated."""

    def ask(self, problem: Problem) -> Gradient | None:
        """The subject's answer, if it has one."""
        return ask(self.subject, problem, self.setting.reduction).gradient

    def look(self, problems: Sequence[Problem], progress: Callable[[int, int], None] | None = None) -> None:
        """Hold the subject against all oracles on these problems."""
        if progress is not None:
            progress(0, len(problems))
        for problem in problems[:FIRST]:
            for finding in repeats(self.subject, problem):
                self.manners.setdefault(finding.message, finding)
        exact = [problem.astype("float64") for problem in problems]
        small = [problem for problem in exact if jax_oracle.fits(problem)]
        told = dict(zip(map(id, small), jax_oracle.estimates(small), strict=True))
        for i, (problem, same) in enumerate(zip(problems, exact, strict=True)):
            if progress is not None:
                progress(i, len(problems))
            self.networks += 1
            answer = ask(self.subject, problem, self.setting.reduction)
            for finding in answer.findings:
                self.manners.setdefault(_kind(finding), finding)
            if answer.gradient is None:
                self.silent.append(problem)
                continue
            estimates = {}
            if id(same) in told:
                estimates["jax"] = told[id(same)]
            elif i < FIRST:
                self._estimate(estimates, "jax", same)
            self._estimate(estimates, "complex_step", same)
            self._estimate(estimates, "finite_difference", same)
            self._compare(problem, same, answer.gradient, estimates)

    def _estimate(self, estimates: dict[str, Estimate], oracle: str, problem: Problem) -> None:
        if oracle in self.absent:
            return
        try:
            estimates[oracle] = ORACLES[oracle](problem)
        except OracleUnavailable as error:
            self.absent[oracle] = str(error)

    def _compare(self, problem: Problem, same: Problem, answer: Gradient, estimates: dict[str, Estimate]) -> None:
        segments = gradient_layout(problem)
        got = row_of_gradient(answer)
        limits = row_of_gradient(bound(same, arithmetic_of_anyone(problem.dtype)).gradient)
        self.entries += len(got)
        rows = {name: (row_of_gradient(one.gradient), row_of_gradient(one.radius)) for name, one in estimates.items()}
        if not is_derived(single(same)):
            self.outvoted += _outvote(rows, got, limits)
        found = []
        for oracle, estimate in estimates.items():
            tally = self.tallies.setdefault(oracle, Tally())
            expected, radius = rows[oracle]
            if problem.dtype == "float64":
                tally.add_sharpness(expected, limits + radius)
            self.skipped.update(estimate.skipped)
            miss = compare(segments, got, limits, expected, radius, tally)
            if miss is not None:
                found.append((problem, miss, oracle))
        self.misses += found[:1]

    def report(self) -> Report:
        """The verdict and what it rests on."""
        failing = [problem for problem, *_ in self.misses]
        verdict, notes = "correct", [f"{ORACLE_NAMES[name]} was not asked: {why}" for name, why in self.absent.items()]
        if jax_oracle.prepared() > SLOW_SECONDS:
            notes.append(f"JAX compiled its program for {jax_oracle.prepared():.1f} s, which it does once")
        notes += filter(None, [compilation.advice()])
        if self.outvoted:
            entries = counted(self.outvoted, "gradient entry", "gradient entries")
            notes.append(
                f"finite differences alone disagreed on {entries}: of your own functions their error is estimated, "
                "not derived, and a high-accuracy oracle agrees there"
            )
        findings = list(self.manners.values())
        if self.silent:
            findings = with_depth(findings, self.subject, self.setting, self.seed)
        example = self.silent[0] if self.silent else None
        if failing:
            rounding = not findings and all(is_rounding(problem, self.ask) for problem in failing)
            verdict = "unstable" if rounding else "wrong"
            example = self._smallest(lambda problem: fails(problem, self.ask), SHRINK_CALLS) or failing[0]
            if rounding:
                findings += self._unstable(example)
            else:
                found = self._wrong(failing, example)
                example = self._showing(found[0], example)
                findings += found
        elif not self._told():
            verdict = "undecided"
            notes.append("no entry was told of by any oracle with a finite radius")
        if findings and verdict in ("correct", "undecided"):
            verdict = "wrong"
        return Report(
            verdict=verdict,
            findings=tuple(findings),
            counterexample=example,
            seed=self.seed,
            seconds=0.0,
            networks=self.networks,
            entries=self.entries,
            skipped=dict(self.skipped),
            tallies={name_of(self.subject): self.tallies},
            notes=tuple(notes),
            again=f"seed={self.seed}",
        )

    def _told(self) -> bool:
        return any(any(tally.entries.values()) for tally in self.tallies.values())

    def _smallest(self, holds: Callable[[Problem], bool], calls: int) -> Problem | None:
        """The simplest problem for which this holds, of those found with a limited number of calls."""
        seen: dict[str, bool] = {}

        def once(problem: Problem) -> bool:
            key = repr(problem)
            if key not in seen:  # what has been answered once is answered the same when it is replayed
                seen[key] = len(seen) < calls and holds(problem)
            return seen[key]

        found = smallest(self.setting.strategy(), once, self.seed)
        return found if found is not None and holds(found) else None

    def _showing(self, first: Finding, example: Problem) -> Problem:
        """Where hidden layers are wrong first, an example that has some; it may have failed for another reason."""
        if first.equation != "(22)" or len(example.network.weights) > 1:
            return example
        return self._smallest(lambda problem: fails_below_the_output(problem, self.ask), SHRINK_CALLS) or example

    def _wrong(self, failing: list[Problem], example: Problem) -> list[Finding]:
        """What is wrong on well-conditioned networks; where nothing is seen there, on those that failed."""
        name, to = name_of(self.subject), arithmetic_of_anyone(self.setting.dtype)
        depth = len(example.network.weights)
        for problems in (self.setting.bases(self.seed), self.setting.bases(self.seed, depth), [example], failing[:1]):
            found = diagnose(self.ask, problems, to, name)
            if found:
                return [self._in_words(finding) for finding in in_convention(found, problems, self.setting.reduction)]
        _, miss, oracle = self.misses[0]
        return [Finding.of_miss(miss, name, oracle)]

    def _in_words(self, finding: Finding) -> Finding:
        """A mean where a sum was announced was divided by m here, and looks like a mean taken twice."""
        if self.setting.reduction == "sum" and finding.fault == "mean_twice":
            return replace(finding, message='the examples are averaged, and reduction="sum" says that they are summed')
        return finding

    def _unstable(self, example: Problem) -> list[Finding]:
        """Where the digits are lost, and why: in the smallest problem that shows it to the oracles."""
        again = _Check(self.subject, self.setting, self.seed)
        again.look([example])
        problem, miss, oracle = (again.misses or self.misses)[0]
        held = self.ask(problem)
        assert held is not None
        layer = miss.segment.layer or 0
        fault, message = reason(problem, layer, held)
        equation = "(22)"
        if layer == len(problem.network.weights) + 1:
            equation = "(26)" if fuses(problem.cost, problem.network.activations[-1]) else "(17)"
        finding = Finding.of_miss(miss, name_of(self.subject), oracle)
        return [replace(finding, equation=equation, fault=fault, message=message)]


def _outvote(rows: dict[str, tuple[Array, Array]], got: Array, limits: Array) -> int:
    """Take from the differences, whose error is an estimate, the entries where they alone disagree; how many."""
    agreed, off = np.zeros(got.shape, bool), np.zeros(got.shape, bool)
    for oracle, (expected, radius) in rows.items():
        within = np.isfinite(limits + radius) & (np.abs(got - expected) <= limits + radius)
        if oracle == "finite_difference":
            off = np.isfinite(limits + radius) & ~within
        else:
            agreed |= within
    if (agreed & off).any():
        expected, radius = rows["finite_difference"]
        rows["finite_difference"] = expected, np.where(agreed & off, np.inf, radius)
    return int((agreed & off).sum())


def _kind(finding: Finding) -> str:
    """Findings of one kind are shown once: by what is said, without its numbers and what an exception said."""
    return re.sub(r"\d+", "", finding.message.split(":")[0])
