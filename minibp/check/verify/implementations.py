"""The package's own forms of backpropagation, held against all oracles, and what is seen of them on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minibp import batched, per_example
from minibp.arrays import Array
from minibp.check.compare import Mismatch, compare, compare_slopes
from minibp.check.generation import smallest
from minibp.check.layout import (
    Segment,
    gradient_layout,
    layout,
    misshapen,
    row_of_bound,
    row_of_gradient,
    row_of_pass,
    rows_of_estimate,
)
from minibp.check.oracles import complex_step, finite_difference
from minibp.check.oracles.estimate import Estimate
from minibp.check.oracles.jax_autodiff import compilation_cache
from minibp.check.oracles.jax_autodiff import oracle as jax_oracle
from minibp.check.problem_stack import Stack, single
from minibp.check.report.evidence import Evidence
from minibp.check.report.finding import Finding
from minibp.check.report.report import Report
from minibp.check.report.wording import ORACLE_NAMES
from minibp.check.rounding.whole_pass import arithmetic_of, bounds
from minibp.check.statistics import Statistics
from minibp.network import Backprop, Gradient
from minibp.problem import Problem
from minibp.strategies import problems
from minibp.workspace.workspace import Workspace


def _fast_form(of: Problem) -> Gradient:
    """What a workspace answers, which is a gradient alone."""
    return Workspace(of.network, of.cost, of.m, of.l2).gradient(of.x, of.y)


FORMS: dict[str, Callable[[Problem], Backprop | Gradient]] = {
    "per_example": lambda of: per_example.backprop(of.network, of.cost, of.x, of.y, of.l2),
    "batched": lambda of: batched.backprop(of.network, of.cost, of.x, of.y, of.l2),
    "workspace": _fast_form,
}
"""The package's own forms of backpropagation."""
ORACLES = ("jax", "complex_step", "finite_difference")


@dataclass
class Run(Evidence):
    """What has been seen so far of the package's forms."""

    statistics: dict[str, dict[str, Statistics]] = field(default_factory=lambda: {form: {} for form in FORMS})
    findings: list[Finding] = field(default_factory=list)
    failed: Problem | None = None
    """The first problem that failed, which is the one that is shown."""

    def merge(self, other: Run) -> None:
        """Add what another run has seen."""
        self.add(other)
        if self.failed is None:
            self.findings, self.failed = self.findings + other.findings, other.failed

    def concluded(self, seed: int, seconds: float, notes: Sequence[str], again: str) -> Report:
        """The verdict of the whole run, and what it rests on."""
        silent = () if self.failed else self.silent()
        return self.report(
            "wrong" if self.failed else "undecided" if silent else "correct",
            seed=seed,
            findings=self.findings,
            counterexample=self.failed,
            notes=(*notes, *silent, *filter(None, [compilation_cache.advice()])),
            again=again,
            seconds=seconds,
        )

    def shrink(self, stratum: dict[str, Any], seed: int) -> None:
        """Replace the failure by the simplest in its stratum, if there is one, and the findings by those there.

        Simpler is also what fails without L2: only a fault of L2 itself is left at (27).
        """
        freed = {**stratum, "l2": st.sampled_from([0.0, stratum["l2"]])} if stratum else {}
        found = smallest(problems(**freed), lambda problem: _checked(problem).failed is not None, seed)
        if found is not None:
            self.failed, self.findings = found, _checked(found).findings

    def alarms(self) -> str:
        """How many networks each oracle disagreed on, with which form."""
        counts = {
            oracle: {
                form: statistics[oracle].alarms for form, statistics in self.statistics.items() if oracle in statistics
            }
            for oracle in ORACLES
        }
        said = [
            f"{ORACLE_NAMES[oracle]} {max(by_form.values(), default=0):,}"
            + "".join(f" ({form} {count:,})" for form, count in by_form.items() if count)
            for oracle, by_form in counts.items()
        ]
        return f"alarms, in networks: {', '.join(said)}"

    def silent(self) -> tuple[str, ...]:
        """What no entry was told of, where there were entries to tell of: by form, oracle and equation."""
        return tuple(
            f"{ORACLE_NAMES[oracle]} told nothing of equation {equation} in {form}"
            for form, statistics in self.statistics.items()
            for oracle, stats in statistics.items()
            for equation, entries in stats.entries.items()
            if not entries
        )

    def check(self, part: Sequence[Problem]) -> None:
        """Hold all forms against all oracles on these problems, up to the first that fails."""
        stacks = [single(problem.astype("float64")) for problem in part]
        for problem, stack, autodiff in zip(part, stacks, jax_oracle.estimate_each(stacks), strict=True):
            self.hold([problem], stack, autodiff)
            if self.failed is not None:
                return

    def hold(self, part: Sequence[Problem], stack: Stack, autodiff: Estimate) -> None:
        """Hold all forms against all oracles on problems that make one stack, and keep the first that ever fails."""
        estimates = {
            "jax": autodiff,
            "complex_step": complex_step.estimates(stack),
            "finite_difference": finite_difference.estimates(stack),
        }
        self._count(part, stack, estimates)
        found = [one for form in FORMS for one in self._found(form, part, stack, estimates)]
        if found and self.failed is None:
            first = min(at for at, _ in found)
            self.failed = part[first]
            self.findings += [finding for at, finding in found if at == first]

    def _count(self, part: Sequence[Problem], stack: Stack, estimates: dict[str, Estimate]) -> None:
        self.networks += len(part)
        for trait in _traits(part[0]):
            self.covered[trait] += len(part)
        for alpha in stack.alpha:
            self.covered["with L2" if alpha else "without L2"] += 1
        for estimate in estimates.values():
            self.skipped.update(estimate.skipped)
        limits = row_of_bound(bounds(stack, arithmetic_of(part[0].dtype)))
        self.entries += limits.size
        beyond = int((~np.isfinite(limits)).sum())
        if beyond:
            self.skipped[f"values near the end of {part[0].dtype}'s range"] += beyond

    def _found(
        self, form: str, part: Sequence[Problem], stack: Stack, estimates: dict[str, Estimate]
    ) -> list[tuple[int, Finding]]:
        """What is wrong with one form, if anything is: the place in the stack, and what is found there."""
        with np.errstate(all="ignore"):  # what overflows is compared as it is
            answers = [FORMS[form](problem) for problem in part]
        for at, (problem, answer) in enumerate(zip(part, answers, strict=True)):
            fault = misshapen(problem, answer)
            if fault is not None:
                segment, message = fault
                return [(at, Finding(segment.equation, segment.layer, segment.tensor, subject=form, message=message))]
        segments, rows, gradients = _laid_out(part[0], answers)
        dtype = part[0].dtype
        rounding = bounds(stack, arithmetic_of(dtype))
        tail = slice(-rows.shape[1], None)  # a gradient is the end of a pass
        limits = row_of_bound(rounding)[:, tail]
        mismatches: dict[str, Mismatch] = {}
        for oracle, estimate in estimates.items():
            expected, radius = (row[:, tail] for row in rows_of_estimate(estimate))
            stats = self.stats_of(form, oracle)
            if dtype == "float64":
                stats.add_sharpness(expected, limits + radius)
            mismatch = compare(segments, rows, limits, expected, radius, stats)
            mismatch = mismatch or compare_slopes(gradients, rounding, estimate, stats)
            if mismatch is not None:
                mismatches[oracle] = mismatch
        if not mismatches:
            return []
        oracle = min(mismatches, key=lambda name: (mismatches[name].problem, mismatches[name].segment.start))
        return [(mismatches[oracle].problem, Finding.of_mismatch(mismatches[oracle], form, oracle))]


def _laid_out(problem: Problem, answers: Sequence[Backprop | Gradient]) -> tuple[list[Segment], Array, list[Gradient]]:
    """The segments of a form's answers, their rows of numbers, and the gradients among them."""
    passes = [answer for answer in answers if isinstance(answer, Backprop)]
    if passes:
        return layout(problem), np.stack(list(map(row_of_pass, passes))), [one.gradient for one in passes]
    gradients = [answer for answer in answers if isinstance(answer, Gradient)]
    return gradient_layout(problem), np.stack(list(map(row_of_gradient, gradients))), gradients


def _checked(problem: Problem) -> Run:
    run = Run()
    run.check([problem])
    return run


def _traits(problem: Problem) -> Iterator[str]:
    """What a problem covers, but for L2."""
    network = problem.network
    yield from {f"hidden {activation.name}" for activation in network.activations[:-1]}
    yield f"{problem.cost.name} on {network.activations[-1].name}"
    yield problem.dtype
