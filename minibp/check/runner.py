"""Running a check from end to end: draw problems, ask the oracles, compare, report."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from minibp import batched, data, per_example
from minibp.arrays import FLOAT_DTYPES, checked_count
from minibp.check import complex_step, finite_difference, jax_oracle
from minibp.check.campaign import draw, smallest
from minibp.check.compare import (
    Tally,
    compare,
    compare_slopes,
    gradient_layout,
    layout,
    misshapen,
    row_of_bound,
    row_of_gradient,
    row_of_pass,
    rows_of_estimate,
)
from minibp.check.estimate import Estimate
from minibp.check.report import Finding, Report
from minibp.check.rounding import arithmetic_of, bound
from minibp.check.wording import ORACLE_NAMES
from minibp.network import Backprop, Gradient, Network
from minibp.problem import Problem
from minibp.strategies import pairings, problems
from minibp.workspace import Workspace

EXAMPLES = 2016
"""Networks that `verify` draws unless told otherwise: 24 for each output, cost and dtype, with and without L2."""
PART = 50
"""Networks that are drawn before the first of them is checked."""
DIGITS, MNIST_DIGITS = 10, 4
"""Pictures in each problem on real data: every one of MNIST's 23,860 parameters is moved for each."""

Progress = Callable[[int, int], None]


def _fast_form(problem: Problem) -> Gradient:
    """What a workspace answers, which is a gradient alone."""
    return Workspace(problem.network, problem.cost, problem.m, problem.l2).gradient(problem.x, problem.y)


FORMS: dict[str, Callable[[Problem], Backprop | Gradient]] = {
    "per_example": lambda of: per_example.backprop(of.network, of.cost, of.x, of.y, of.l2),
    "batched": lambda of: batched.backprop(of.network, of.cost, of.x, of.y, of.l2),
    "workspace": _fast_form,
}
"""The package's own forms of backpropagation."""


def verify(
    *,
    examples: int = EXAMPLES,
    seed: int | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Report:
    """Hold the package's own forms against all oracles: on `examples` drawn networks, and on pictures of digits.

    Every output activation with every cost that fits it, both dtypes, with and without L2, all hidden activations.
    The same seed gives the same networks and the same figures; None takes a new one, which the report names.
    `progress` is called with the number of networks done and the number there will be. `executor`, a process pool
    say, does the work where one is given.

    >>> verify(examples=20, seed=1).verdict
    'correct'
    """
    started = time.perf_counter()
    count = checked_count("examples", examples)
    chosen = secrets.randbits(32) if seed is None else checked_count("seed", seed, least=0)
    tasks, notes = _tasks(count, chosen)
    run = Run()
    total = count + sum(len(task.problems) for task in tasks)
    with closing(_all_done(tasks, executor)) as parts:
        for task, part in zip(tasks, parts, strict=True):
            run.merge(part)
            if progress is not None:
                progress(run.networks, total)
            if run.failed is not None:
                run.shrink(task)
                break
    silent = () if run.failed else run.silent()
    notes += silent
    return Report(
        verdict="wrong" if run.failed else "undecided" if silent else "correct",
        findings=tuple(run.findings),
        counterexample=run.failed,
        seed=chosen,
        seconds=time.perf_counter() - started,
        networks=run.networks,
        entries=run.entries,
        skipped=dict(run.skipped),
        tallies=run.tallies,
        covered=dict(sorted(run.covered.items())),
        notes=notes,
        again=f"minibp verify --examples {count} --seed {chosen}",
    )


class Task(NamedTuple):
    """A part of a campaign: given problems, and some to be drawn from one stratum of all there are."""

    problems: tuple[Problem, ...]
    stratum: dict[str, Any]
    draws: int
    seed: int


def _tasks(count: int, seed: int) -> tuple[list[Task], tuple[str, ...]]:
    """All that `verify` checks, and what has to be said of what it cannot.

    The pictures come last, since the first failure is the one that is shown and a small network shows it best.
    """
    strata = [
        {"output_activation": output.name, "cost": cost.name, "dtype": dtype, "l2": l2}
        for output, cost in pairings()
        for dtype in FLOAT_DTYPES
        for l2 in (0.0, 0.1)
    ]
    parts = []
    for i, stratum in enumerate(strata):
        share = count // len(strata) + (i < count % len(strata))
        parts += [(stratum, min(PART, share - at)) for at in range(0, share, PART)]
    seeds = np.random.SeedSequence(seed).generate_state(len(parts)).tolist()
    tasks = [Task((), stratum, draws, own) for (stratum, draws), own in zip(parts, seeds, strict=True)]
    pictures, notes = _pictures(seed)
    return [*tasks, *(Task((picture,), {}, 0, seed) for picture in pictures)], notes


def _all_done(tasks: list[Task], executor: Executor | None) -> Generator[Run]:
    """The tasks done in order; closing it cancels what an executor has not begun."""
    yield from (executor.map if executor else map)(_done, tasks)


def _done(task: Task) -> Run:
    """What is seen in one part of a campaign; it ends with the first problem that fails."""
    run = Run()
    run.check([*task.problems, *draw(problems(**task.stratum), task.draws, task.seed)])
    return run


def _pictures(seed: int) -> tuple[list[Problem], tuple[str, ...]]:
    """Problems on real pictures, 64-30-10 and, where MNIST is at hand, 784-30-10."""
    rng = np.random.default_rng(seed)
    found = []
    for activation, output, cost in (
        ("sigmoid", "sigmoid", "quadratic"),
        ("sigmoid", "sigmoid", "cross_entropy"),
        ("relu", "softmax", "categorical_cross_entropy"),
    ):
        for dtype in FLOAT_DTYPES:
            network = Network.random([64, 30, 10], activation, output, dtype, rng)
            found.append(_picture_problem(network, cost, data.digits(), DIGITS, rng))
    try:
        images = data.mnist("test")
    except FileNotFoundError as error:
        return found, (f"784-30-10 was left out: {error}",)
    for dtype in FLOAT_DTYPES:
        network = Network.random([784, 30, 10], dtype=dtype, rng=rng)
        found.append(_picture_problem(network, "cross_entropy", images, MNIST_DIGITS, rng))
    return found, ()


def _picture_problem(network: Network, cost: str, images: data.Images, count: int, rng: np.random.Generator) -> Problem:
    rows = rng.choice(len(images.x), count, replace=False)
    return Problem(network, cost, images.x[rows], images.y[rows], l2=0.0 if cost == "quadratic" else 5.0)


@dataclass
class Run:
    """What has been seen so far of the package's forms."""

    networks: int = 0
    entries: int = 0
    tallies: dict[str, dict[str, Tally]] = field(default_factory=lambda: {form: {} for form in FORMS})
    skipped: Counter[str] = field(default_factory=Counter)
    covered: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    failed: Problem | None = None

    def merge(self, other: Run) -> None:
        """Add what another run has seen."""
        self.networks += other.networks
        self.entries += other.entries
        for form, tallies in other.tallies.items():
            for oracle, tally in tallies.items():
                self.tallies[form].setdefault(oracle, Tally()).merge(tally)
        self.skipped.update(other.skipped)
        self.covered.update(other.covered)
        self.findings += other.findings
        self.failed = self.failed or other.failed

    def shrink(self, task: Task) -> None:
        """Replace the failure by the simplest in its stratum, if there is one, and the findings by those there.

        Simpler is also what fails without L2: only a fault of L2 itself is left at (27).
        """
        freed = {**task.stratum, "l2": st.sampled_from([0.0, task.stratum["l2"]])} if task.stratum else {}
        found = smallest(problems(**freed), lambda problem: _checked(problem).failed is not None, task.seed)
        if found is not None:
            self.failed, self.findings = found, _checked(found).findings

    def silent(self) -> tuple[str, ...]:
        """What no entry was told of, where there were entries to tell of: by form, oracle and equation."""
        return tuple(
            f"{ORACLE_NAMES[oracle]} told nothing of equation {equation} in {form}"
            for form, tallies in self.tallies.items()
            for oracle, tally in tallies.items()
            for equation, entries in tally.entries.items()
            if not entries
        )

    def check(self, part: Sequence[Problem]) -> None:
        """Hold all forms against all oracles on these problems, up to the first that fails."""
        exact = [problem.astype("float64") for problem in part]
        for problem, same, autodiff in zip(part, exact, jax_oracle.estimates(exact), strict=True):
            estimates = {
                "jax": autodiff,
                "complex_step": complex_step.estimate(same),
                "finite_difference": finite_difference.estimate(same),
            }
            self._check_one(problem, same, estimates)
            if self.findings:
                self.failed = problem
                return

    def _check_one(self, problem: Problem, same: Problem, estimates: dict[str, Estimate]) -> None:
        rounding = bound(same, arithmetic_of(problem.dtype))
        limits = row_of_bound(rounding)
        rows = {oracle: rows_of_estimate(estimate) for oracle, estimate in estimates.items()}
        self.networks += 1
        self.entries += len(limits)
        self.covered.update(_traits(problem))
        beyond = int((~np.isfinite(limits)).sum())
        if beyond:
            self.skipped[f"values near the end of {problem.dtype}'s range"] += beyond
        for estimate in estimates.values():
            self.skipped.update(estimate.skipped)
        for form, run in FORMS.items():
            held = run(problem)
            fault = misshapen(problem, held)
            if fault is not None:
                segment, message = fault
                place = segment.equation, segment.layer, segment.tensor
                self.findings.append(Finding(*place, subject=form, message=message))
                continue
            if isinstance(held, Backprop):
                segments, got, gradient = layout(problem), row_of_pass(held), held.gradient
            else:
                segments, got, gradient = gradient_layout(problem), row_of_gradient(held), held
            part = slice(len(limits) - len(got), None)  # a gradient is the end of a pass
            misses = {}
            for oracle, (expected, radius) in rows.items():
                tally = self.tallies[form].setdefault(oracle, Tally())
                if problem.dtype == "float64":
                    tally.add_sharpness(expected[part], limits[part] + radius[part])
                miss = compare(segments, got, limits[part], expected[part], radius[part], tally)
                miss = miss or compare_slopes(gradient, rounding, estimates[oracle], tally)
                if miss is not None:
                    misses[oracle] = miss
            if misses:
                oracle = min(misses, key=lambda name: misses[name].segment.start)
                self.findings.append(Finding.of_miss(misses[oracle], form, oracle))


def _checked(problem: Problem) -> Run:
    run = Run()
    run.check([problem])
    return run


def _traits(problem: Problem) -> Iterator[str]:
    """What a problem covers."""
    network = problem.network
    yield from {f"hidden {activation.name}" for activation in network.activations[:-1]}
    yield f"{problem.cost.name} on {network.activations[-1].name}"
    yield problem.dtype
    yield "with L2" if problem.l2.alpha else "without L2"
