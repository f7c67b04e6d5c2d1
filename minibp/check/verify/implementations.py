"""The package's own implementations of backpropagation, compared with all oracles, and the evidence of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minibp import batched, component, per_example
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
from minibp.check.problem_stack import Stack, stack_of_one
from minibp.check.report.evidence import Evidence
from minibp.check.report.finding import Finding
from minibp.check.report.network_errors import network_errors
from minibp.check.report.report import Report
from minibp.check.report.tensor_errors import TensorErrors
from minibp.check.report.wording import ORACLE_NAMES
from minibp.check.rounding.whole_pass import arithmetic_of, bounds
from minibp.check.statistics import Statistics
from minibp.check.tolerance import error_ratio
from minibp.network import Backprop, Gradient
from minibp.problem import Problem
from minibp.strategies import problems
from minibp.workspace.workspace import Workspace


def _workspace(of: Problem) -> Gradient:
    """The gradient by a workspace."""
    return Workspace(of.network, of.cost, of.m, of.l2).gradient(of.x, of.y)


IMPLEMENTATIONS: dict[str, Callable[[Problem], Backprop | Gradient]] = {
    "component": lambda of: component.backprop(of.network, of.cost, of.x, of.y, of.l2),
    "per_example": lambda of: per_example.backprop(of.network, of.cost, of.x, of.y, of.l2),
    "batched": lambda of: batched.backprop(of.network, of.cost, of.x, of.y, of.l2),
    "workspace": _workspace,
}
"""The package's own implementations of backpropagation."""
COMPARED_WITH = ("jax", "complex_step", "finite_difference")


@dataclass
class Run(Evidence):
    """The evidence so far on the package's implementations."""

    statistics: dict[str, dict[str, Statistics]] = field(default_factory=lambda: {name: {} for name in IMPLEMENTATIONS})
    findings: list[Finding] = field(default_factory=list)
    failed: Problem | None = None
    """The first problem that failed, which the report shows."""
    shown: tuple[float, str, Problem] | None = None
    """The largest error / tolerance, and the implementation and the problem of which it is."""

    def merge(self, other: Run) -> None:
        """Add the evidence of another run."""
        self.add(other)
        if other.shown is not None and (self.shown is None or other.shown[0] > self.shown[0]):
            self.shown = other.shown
        if self.failed is None:
            self.findings, self.failed = self.findings + other.findings, other.failed

    def concluded(self, seed: int, seconds: float, notes: Sequence[str], again: str) -> Report:
        """The report of the whole run."""
        unresolved = () if self.failed else self.unresolved()
        return self.report(
            "wrong" if self.failed else "undecided" if unresolved else "correct",
            seed=seed,
            findings=self.findings,
            counterexample=self.failed,
            notes=(*notes, *unresolved, *filter(None, [compilation_cache.advice()])),
            again=again,
            seconds=seconds,
            errors=self._errors(),
        )

    def _errors(self) -> tuple[TensorErrors, ...]:
        """The errors in the failing problem, or else in that of the largest error / tolerance."""
        if self.shown is None:
            return ()
        _, name, problem = self.shown
        if self.failed is not None:
            name, problem = self.findings[0].subject, self.failed
        with np.errstate(all="ignore"):
            result = IMPLEMENTATIONS[name](problem)
        gradient = result.gradient if isinstance(result, Backprop) else result
        return () if misshapen(problem, result) else network_errors(problem, gradient, arithmetic_of(problem.dtype))

    def shrink(self, stratum: dict[str, Any], seed: int) -> None:
        """Replace the failure by the simplest in its stratum, if there is one, and the findings by those there.

        Simpler is also what fails without L2: only a fault of L2 itself is left at (27).
        """
        freed = {**stratum, "l2": st.sampled_from([0.0, stratum["l2"]])} if stratum else {}
        found = smallest(problems(**freed), lambda problem: _checked(problem).failed is not None, seed)
        if found is not None:
            self.failed, self.findings = found, _checked(found).findings

    def alarms(self) -> str:
        """The number of networks that each oracle disagreed on, by implementation."""
        counts = {
            oracle: {
                name: statistics[oracle].alarms for name, statistics in self.statistics.items() if oracle in statistics
            }
            for oracle in COMPARED_WITH
        }
        words = [
            f"{ORACLE_NAMES[oracle]} {max(by_name.values(), default=0):,}"
            + "".join(f" ({name} {count:,})" for name, count in by_name.items() if count)
            for oracle, by_name in counts.items()
        ]
        return f"alarms, in networks: {', '.join(words)}"

    def unresolved(self) -> tuple[str, ...]:
        """The equations of which an oracle resolved no entry, by implementation and oracle."""
        return tuple(
            f"{ORACLE_NAMES[oracle]} resolved no entry of equation {equation} in {name}"
            for name, statistics in self.statistics.items()
            for oracle, stats in statistics.items()
            for equation, entries in stats.entries.items()
            if not entries
        )

    def check(self, part: Sequence[Problem]) -> None:
        """Compare all implementations with all oracles on these problems, up to the first that fails."""
        stacks = [stack_of_one(problem.astype("float64")) for problem in part]
        for problem, stack, autodiff in zip(part, stacks, jax_oracle.estimate_each(stacks), strict=True):
            self.hold([problem], stack, autodiff)
            if self.failed is not None:
                return

    def hold(self, part: Sequence[Problem], stack: Stack, autodiff: Estimate) -> None:
        """Compare all implementations with all oracles on the problems of one stack, and keep the first that fails."""
        estimates = {
            "jax": autodiff,
            "complex_step": complex_step.estimates(stack),
            "finite_difference": finite_difference.estimates(stack),
        }
        self._count(part, stack, estimates)
        self.add_agreement(layout(part[0]), {name: rows_of_estimate(one) for name, one in estimates.items()})
        found = [one for name in IMPLEMENTATIONS for one in self._found(name, part, stack, estimates)]
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
        self, name: str, part: Sequence[Problem], stack: Stack, estimates: dict[str, Estimate]
    ) -> list[tuple[int, Finding]]:
        """The first mismatch of one implementation, if there is one: the place in the stack, and the finding."""
        with np.errstate(all="ignore"):  # what overflows is compared as it is
            results = [IMPLEMENTATIONS[name](problem) for problem in part]
        for at, (problem, result) in enumerate(zip(part, results, strict=True)):
            fault = misshapen(problem, result)
            if fault is not None:
                segment, message = fault
                return [(at, Finding(segment.equation, segment.layer, segment.tensor, subject=name, message=message))]
        segments, rows, gradients = _laid_out(part[0], results)
        dtype = part[0].dtype
        rounding = bounds(stack, arithmetic_of(dtype))
        tail = slice(-rows.shape[1], None)  # a gradient is the end of a pass
        limits = row_of_bound(rounding)[:, tail]
        mismatches: dict[str, Mismatch] = {}
        for oracle, estimate in estimates.items():
            expected, radius = (row[:, tail] for row in rows_of_estimate(estimate))
            stats = self.stats_of(name, oracle)
            if dtype == "float64":
                stats.add_relative_tolerances(expected, limits + radius)
            mismatch = compare(segments, rows, limits, expected, radius, stats)
            worst = max(stats.worst[one.equation] for one in segments)
            self._show(name, part, worst, partial(error_ratio, rows, expected, limits, radius))
            mismatch = mismatch or compare_slopes(gradients, rounding, estimate, stats)
            if mismatch is not None:
                mismatches[oracle] = mismatch
        if not mismatches:
            return []
        oracle = min(mismatches, key=lambda one: (mismatches[one].problem, mismatches[one].segment.start))
        return [(mismatches[oracle].problem, Finding.of_mismatch(mismatches[oracle], name, oracle))]

    def _show(self, name: str, part: Sequence[Problem], worst: float, ratios: Callable[[], Array]) -> None:
        """Keep the problem of the largest error / tolerance; the ratios are computed where it is larger than before."""
        if self.shown is None or worst > self.shown[0]:
            self.shown = worst, name, part[int(np.argmax(ratios().max(1)))]


def _laid_out(problem: Problem, results: Sequence[Backprop | Gradient]) -> tuple[list[Segment], Array, list[Gradient]]:
    """The segments of an implementation's results, their rows of numbers, and the gradients among them."""
    passes = [result for result in results if isinstance(result, Backprop)]
    if passes:
        return layout(problem), np.stack(list(map(row_of_pass, passes))), [one.gradient for one in passes]
    gradients = [result for result in results if isinstance(result, Gradient)]
    return gradient_layout(problem), np.stack(list(map(row_of_gradient, gradients))), gradients


def _checked(problem: Problem) -> Run:
    run = Run()
    run.check([problem])
    return run


def _traits(problem: Problem) -> Iterator[str]:
    """The activations, cost and dtype that a problem covers."""
    network = problem.network
    yield from {f"hidden {activation.name}" for activation in network.activations[:-1]}
    yield f"{problem.cost.name} on {network.activations[-1].name}"
    yield problem.dtype
