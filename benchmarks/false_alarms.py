"""Right backprops on many problems: how often the check calls one of them wrong, or unstable.

    python benchmarks/false_alarms.py [--problems N] [--seed S] [--workers W]

Every problem is given to six of the backprops of `right_backprops.py`, which take turns, and each answer is held
against the oracles as `check_backprop` does it. Half of the problems are drawn by the package's strategies, the others
are hard in one way each (`hard_problems.py`); half are in float32. Then right code in other conventions, with costs and
activations of its own (`right_conventions.py`), is given to `check_backprop`, kind after kind, on about as many
problems. Ends with exit status 1, having printed the problem, where right code misses any oracle's answer, or where one
that loses its digits is called wrong and not unstable.

The last columns are the largest error against each oracle, in units of its tolerance. It is 1 at a kink where the
oracle has the other slope: the tolerance is then the jump.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import NamedTuple

import numpy as np
from hard_problems import CONDITIONS
from right_backprops import FRAGILE, RIGHT
from right_conventions import CONVENTIONS, KINDS, OWN_ACTIVATIONS, OWN_COSTS, UNDERFLOWING, checks

from minibp import Gradient, Problem
from minibp.arrays import FLOAT_DTYPES
from minibp.check.backprop.comparison import ORACLES
from minibp.check.compare import compare
from minibp.check.diagnosis.stability import is_rounding
from minibp.check.layout import gradient_layout, row_of_gradient
from minibp.check.oracles.estimate import Estimate, OracleUnavailable
from minibp.check.oracles.jax_autodiff import oracle as jax_oracle
from minibp.check.problem_stack import stack_of_one
from minibp.check.rounding.arithmetic import arithmetic_of_anyone
from minibp.check.rounding.whole_pass import bound
from minibp.check.statistics import Statistics
from minibp.check.subject.calling import call

PART = 100
"""Problems that are drawn before the first of them is checked."""
TURNS = 6
"""Backprops that each problem is given to."""
SHOWN = 3
"""Alarms that are printed of each kind; all are counted."""
ROUND = 2000
"""Problems for which each kind of convention has its turn, once, at two dozen problems: in float64 or float32."""
JAX_EVERY = 40
"""One in so many kinds has JAX asked of functions of its own, for which it has to compile."""


class Alarm(NamedTuple):
    """An answer that is further from an oracle than rounding explains, and what the check calls it."""

    subject: str
    condition: str
    verdict: str
    what: str
    problem: str


@dataclass
class Row:
    """What was seen of one subject in one dtype."""

    problems: int = 0
    entries: int = 0
    worst: dict[str, float] = field(default_factory=dict)
    """The largest error in units of its tolerance, by oracle."""
    alarms: list[Alarm] = field(default_factory=list)

    def merge(self, other: Row) -> None:
        """Add what another row has seen."""
        self.problems += other.problems
        self.entries += other.entries
        for oracle, worst in other.worst.items():
            self.worst[oracle] = max(worst, self.worst.get(oracle, 0.0))
        self.alarms += other.alarms

    def count(self, verdict: str) -> int:
        """How many alarms are called so."""
        return sum(alarm.verdict == verdict for alarm in self.alarms)


SUBJECTS = {**RIGHT, **FRAGILE}
Rows = dict[tuple[str, str], Row]
"""By subject and dtype."""


class Part(NamedTuple):
    """What a process is given."""

    condition: str
    dtype: str
    count: int
    seed: int


def hold(problems: Sequence[Problem], condition: str, turn: int = 0, turns: int = TURNS) -> Rows:
    """Ask the oracles for each problem once, and hold `turns` subjects against them, beginning with number `turn`."""
    queue = islice(cycle(SUBJECTS), turn % len(SUBJECTS), None)
    rows: Rows = {}
    exact = [problem.astype("float64") for problem in problems]
    small = [problem for problem in exact if jax_oracle.fits_padding(stack_of_one(problem))]
    told = dict(zip(map(id, small), jax_oracle.estimate_each([*map(stack_of_one, small)]), strict=True))
    for problem, same in zip(problems, exact, strict=True):
        estimates = {"jax": told[id(same)].only()} if id(same) in told else {}
        estimates |= {name: one for name in ("complex_step", "finite_difference") for one in _asked(name, same)}
        held = {name: (row_of_gradient(one.gradient), row_of_gradient(one.radius)) for name, one in estimates.items()}
        limits = row_of_gradient(bound(same, arithmetic_of_anyone(problem.dtype)).gradient)
        for name in islice(queue, turns):
            row = rows.setdefault((name, problem.dtype), Row())
            _hold_one(problem, name, condition, (limits, held), row)
    return rows


def _asked(name: str, problem: Problem) -> Iterator[Estimate]:
    try:
        with np.errstate(all="ignore"):
            yield ORACLES[name](problem)
    except OracleUnavailable:
        return


def _hold_one(
    problem: Problem,
    name: str,
    condition: str,
    told: tuple[np.ndarray, dict[str, tuple[np.ndarray, np.ndarray]]],
    row: Row,
) -> None:
    """One answer against every oracle; a miss is judged as `check_backprop` judges it."""
    make = SUBJECTS[name]

    def call_it(other: Problem) -> Gradient | None:
        return call(make(other), other).gradient

    result = call(make(problem), problem)
    row.problems += 1
    said = [finding.message for finding in result.findings]
    if result.gradient is not None:
        limits, held = told
        got, segments = row_of_gradient(result.gradient), gradient_layout(problem)
        row.entries += len(got)
        for oracle, (expected, radius) in held.items():
            stats = Statistics()
            mismatch = compare(segments, got, limits, expected, radius, stats)
            row.worst[oracle] = max(row.worst.get(oracle, 0.0), *stats.worst.values())
            if mismatch is not None:
                place = f"{mismatch.segment.tensor} of layer {mismatch.segment.layer}, entry {mismatch.entry}"
                said.append(
                    f"{place}: {mismatch.got!r}, {oracle} {mismatch.expected!r}, tolerance {mismatch.tolerance:.3g}"
                )
    if said:
        rounding = result.gradient is not None and not result.findings and is_rounding(problem, call_it)
        verdict = "unstable" if rounding else "wrong"
        row.alarms.append(Alarm(name, condition, verdict, "; ".join(said), repr(problem)))


def done(part: Part) -> tuple[Part, Rows]:
    """One process's work."""
    return part, hold(CONDITIONS[part.condition](part.dtype, part.count, part.seed), part.condition, part.seed)


class Turn(NamedTuple):
    """The turn of a kind of convention: what a process is given."""

    name: str
    dtype: str
    seed: int
    jax: bool


def turns_of(count: int, seed: int) -> list[Turn]:
    """The turns of all kinds, once for each `ROUND` problems."""
    rounds = max(1, round(count / ROUND))
    seeds = iter(np.random.SeedSequence([seed, 1]).generate_state(rounds * len(KINDS)).tolist())
    return [
        Turn(name, FLOAT_DTYPES[(i + turn + seed) % 2], next(seeds), (i + turn + seed) % JAX_EVERY == 0)
        for turn in range(rounds)
        for i, name in enumerate(KINDS)
    ]


def taken(turn: Turn) -> Rows:
    """One turn: the reports of `check_backprop`, counted."""
    row = Row()
    for condition, report in checks(turn.name, turn.dtype, turn.seed, jax=turn.jax):
        row.problems += report.networks
        row.entries += report.entries
        for by_oracle in report.statistics.values():
            for oracle, stats in by_oracle.items():
                row.worst[oracle] = max([row.worst.get(oracle, 0.0), *stats.worst.values()])
        if report.verdict not in {"correct", "undecided"}:
            said = "; ".join(
                f"{one.equation} {one.tensor} {one.layer}: {one.got!r}, {one.oracle} {one.expected!r}, "
                f"tolerance {one.tolerance}; {one.message}"
                for one in report.findings
            )
            row.alarms.append(Alarm(turn.name, condition, report.verdict, said, f"{turn}: {report.counterexample!r}"))
    return {(turn.name, turn.dtype): row}


def parts_of(count: int, seed: int) -> list[Part]:
    """Half of the problems drawn, the rest spread over the conditions; each half float32, half float64."""
    kinds = [(condition, dtype) for condition in CONDITIONS for dtype in FLOAT_DTYPES]
    found = []
    for condition, dtype in kinds:
        share = count / 4 if condition == "drawn" else count / 4 / (len(CONDITIONS) - 1)
        whole = max(1, round(share))
        found += [(condition, dtype, min(PART, whole - at)) for at in range(0, whole, PART)]
    seeds = np.random.SeedSequence(seed).generate_state(len(found)).tolist()
    return [Part(*one, own) for one, own in zip(found, seeds, strict=True)]


def main() -> int:
    """Check and print; 1 where there was a false alarm."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    start = time.perf_counter()
    parts = parts_of(options.problems, options.seed)
    rows: Rows = {}
    by_condition = dict.fromkeys(CONDITIONS, 0)
    with ProcessPoolExecutor(options.workers, multiprocessing.get_context("spawn")) as executor:
        for part, found in executor.map(done, parts):
            by_condition[part.condition] += part.count
            for key, row in found.items():
                rows.setdefault(key, Row()).merge(row)
        for found in executor.map(taken, turns_of(options.problems, options.seed)):
            for key, row in found.items():
                rows.setdefault(key, Row()).merge(row)
    seconds = time.perf_counter() - start
    total = sum(row.problems for (name, _), row in rows.items() if name in KINDS) + sum(by_condition.values())
    print(
        f"{sum(by_condition.values())} problems: "
        + ", ".join(f"{name} {number}" for name, number in by_condition.items())
    )
    print_rows(rows, RIGHT, "right")
    print_rows(rows, FRAGILE, "right until it loses its digits")
    print_rows(rows, CONVENTIONS, "right, by another convention")
    print_rows(rows, OWN_COSTS, "right, with a cost of its own")
    print_rows(rows, OWN_ACTIVATIONS, "right, with its own activation")
    false = false_alarms(rows)
    for alarm in false[:SHOWN]:
        print(f"\n{alarm.subject}, {alarm.condition}: {alarm.verdict}\n  {alarm.what}\n  {alarm.problem}")
    print(f"\n{len(false)} false alarms; {seconds:.0f} s, {total / seconds:.0f} problems a second")
    return 1 if false else 0


def false_alarms(rows: Rows) -> list[Alarm]:
    """Any alarm at a right backprop, and those at a fragile one that call it wrong."""
    alarms = [alarm for row in rows.values() for alarm in row.alarms]
    fragile = {*FRAGILE, *UNDERFLOWING}
    return [alarm for alarm in alarms if alarm.verdict == "wrong" or alarm.subject not in fragile]


def print_rows(rows: Rows, names: Iterable[str], title: str) -> None:
    """A line for each subject and dtype that had its turn."""
    heads = "".join(f"{oracle:>19}" for oracle in ORACLES)
    print(f"\n{title:<32}{'dtype':<9}{'problems':>9}{'entries':>11}{'wrong':>7}{'unstable':>10}{heads}")
    for name in names:
        for dtype in FLOAT_DTYPES:
            row = rows.get((name, dtype), Row())
            if not row.problems:
                continue
            counts = f"{row.count('wrong'):>7}{row.count('unstable'):>10}"
            worst = "".join(
                f"{row.worst[oracle]:>19.3g}" if oracle in row.worst else f"{'-':>19}" for oracle in ORACLES
            )
            print(f"{name:<32}{dtype:<9}{row.problems:>9}{row.entries:>11}{counts}{worst}")


if __name__ == "__main__":
    sys.exit(main())
