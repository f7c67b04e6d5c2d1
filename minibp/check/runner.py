"""Running a check from end to end: draw problems, ask the oracles, compare, report."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from minibp import batched, data, per_example
from minibp.arrays import FLOAT_DTYPES, checked_count
from minibp.check import complex_step, finite_difference, jax_oracle
from minibp.check.campaign import draw, smallest
from minibp.check.compare import (
    Miss,
    Tally,
    compare,
    compare_slopes,
    layout,
    row_of_bound,
    row_of_pass,
    rows_of_estimate,
)
from minibp.check.estimate import Estimate
from minibp.check.report import Finding, Report
from minibp.check.rounding import arithmetic_of, bound
from minibp.network import Network
from minibp.problem import Problem
from minibp.strategies import pairings, problems

EXAMPLES = 2016
"""Networks that `verify` draws unless told otherwise: 24 for each output, cost and dtype, with and without L2."""
FORMS = {"per_example": per_example, "batched": batched}
CHUNK = 96
PICTURES = 10
"""Pictures in each problem on real data."""

Progress = Callable[[int, int], None]


def verify(*, examples: int = EXAMPLES, seed: int | None = None, progress: Progress | None = None) -> Report:
    """Hold the package's own forms against all oracles: on `examples` drawn networks, then on pictures of digits.

    Every output activation with every cost that fits it, both dtypes, with and without L2, all hidden activations.
    The same seed gives the same networks and the same figures; None takes a new one, which the report names.
    `progress` is called with the number of networks done and the number there will be.

    >>> verify(examples=20, seed=1).verdict
    'correct'
    """
    started = time.perf_counter()
    count = checked_count("examples", examples)
    chosen = secrets.randbits(32) if seed is None else checked_count("seed", seed, least=0)
    pictures, notes = _pictures(chosen)
    run = _Run()
    total = count + len(pictures)
    for stratum, drawn in _strata(count, chosen):
        for start in range(0, len(drawn), CHUNK):
            part = drawn[start : start + CHUNK]
            failed = run.check(part)
            if failed is not None:
                found = smallest(problems(**stratum), lambda problem: _Run().check([problem]) is not None, chosen)
                return run.report(found or failed, chosen, started, notes, count)
            if progress is not None:
                progress(run.networks, total)
    for picture in pictures:
        if run.check([picture]) is not None:
            return run.report(picture, chosen, started, notes, count)
        if progress is not None:
            progress(run.networks, total)
    return run.report(None, chosen, started, notes, count)


def _strata(count: int, seed: int) -> Iterator[tuple[dict[str, object], list[Problem]]]:
    """What is fixed in each part of a campaign, and the problems drawn for it: `count` in all."""
    strata = [
        {"output_activation": output, "cost": cost, "dtype": dtype, "l2": l2}
        for output, cost in pairings()
        for dtype in FLOAT_DTYPES
        for l2 in (0.0, 0.1)
    ]
    seeds = np.random.SeedSequence(seed).generate_state(len(strata))
    for i, (stratum, own) in enumerate(zip(strata, seeds.tolist(), strict=True)):
        share = count // len(strata) + (i < count % len(strata))
        yield stratum, draw(problems(**stratum), share, own)


def _pictures(seed: int) -> tuple[list[Problem], tuple[str, ...]]:
    """Problems on real pictures, 64-30-10 and, where MNIST is at hand, 784-30-10; and what has to be said of them."""
    rng = np.random.default_rng(seed)
    found = []
    for activation, output, cost in (
        ("sigmoid", "sigmoid", "quadratic"),
        ("sigmoid", "sigmoid", "cross_entropy"),
        ("relu", "softmax", "categorical_cross_entropy"),
    ):
        for dtype in FLOAT_DTYPES:
            network = Network.random([64, 30, 10], activation, output, dtype, rng)
            found.append(_picture_problem(network, cost, data.digits(), rng))
    try:
        images = data.mnist("test")
    except FileNotFoundError as error:
        return found, (f"784-30-10 was left out: {error}",)
    for cost in ("quadratic", "cross_entropy"):
        network = Network.random([784, 30, 10], rng=rng)
        found.append(_picture_problem(network, cost, images, rng))
    return found, ()


def _picture_problem(network: Network, cost: str, images: data.Images, rng: np.random.Generator) -> Problem:
    rows = rng.choice(len(images.x), PICTURES, replace=False)
    return Problem(network, cost, images.x[rows], images.y[rows], l2=5.0 if cost != "quadratic" else 0.0)


@dataclass
class _Run:
    """What has been seen so far."""

    networks: int = 0
    entries: int = 0
    tallies: dict[str, dict[str, Tally]] = field(default_factory=lambda: {form: {} for form in FORMS})
    skipped: Counter[str] = field(default_factory=Counter)
    covered: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def check(self, part: Sequence[Problem]) -> Problem | None:
        """Hold both forms against all oracles on these problems; the first that fails, if one does."""
        exact = [problem.astype("float64") for problem in part]
        autodiff = jax_oracle.estimates(exact)
        for problem, same, by_jax in zip(part, exact, autodiff, strict=True):
            estimates = {
                "jax": by_jax,
                "complex_step": complex_step.estimate(same),
                "finite_difference": finite_difference.estimate(same),
            }
            self._check_one(problem, same, estimates)
            if self.findings:
                return problem
        return None

    def _check_one(self, problem: Problem, same: Problem, estimates: dict[str, Estimate]) -> None:
        segments = layout(problem)
        rounding = bound(same, arithmetic_of(problem.dtype))
        limits = row_of_bound(rounding)
        rows = {oracle: rows_of_estimate(estimate) for oracle, estimate in estimates.items()}
        self.networks += 1
        self.entries += len(limits)
        self.covered.update(_traits(problem))
        for estimate in estimates.values():
            self.skipped.update(estimate.skipped)
        for form, module in FORMS.items():
            held = module.backprop(problem.network, problem.cost, problem.x, problem.y, problem.l2)
            got = row_of_pass(held)
            misses: dict[str, Miss] = {}
            for oracle, (expected, radius) in rows.items():
                tally = self.tallies[form].setdefault(oracle, Tally())
                if problem.dtype == "float64":
                    tally.add_sharpness(expected, limits + radius)
                miss = compare(segments, got, limits, expected, radius, tally)
                miss = miss or compare_slopes(held, rounding, estimates[oracle], tally)
                if miss is not None:
                    misses[oracle] = miss
            if misses:
                oracle = min(misses, key=lambda name: misses[name].segment.start)
                self.findings.append(Finding.of_miss(misses[oracle], form, oracle))

    def report(
        self, failed: Problem | None, seed: int, started: float, notes: tuple[str, ...], examples: int
    ) -> Report:
        """The report, whose findings are those on the problem that failed."""
        findings = self.findings
        if failed is not None:
            again = _Run()
            again.check([failed])
            findings = again.findings or findings
        return Report(
            verdict="wrong" if findings else "correct",
            findings=tuple(findings),
            counterexample=failed,
            seed=seed,
            seconds=time.perf_counter() - started,
            networks=self.networks,
            entries=self.entries,
            skipped=dict(self.skipped),
            tallies=self.tallies,
            covered=dict(sorted(self.covered.items())),
            notes=notes,
            again=f"minibp verify --examples {examples} --seed {seed}",
        )


def _traits(problem: Problem) -> set[str]:
    """What a problem covers."""
    network = problem.network
    hidden = {f"hidden {activation.name}" for activation in network.activations[:-1]}
    pair = f"{problem.cost.name} on {network.activations[-1].name}"
    return hidden | {pair, problem.dtype, "with L2" if problem.l2.alpha else "without L2"}
