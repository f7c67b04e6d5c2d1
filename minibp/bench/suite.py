"""The whole measurement: which cases with which contenders, and the results as plain data."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from minibp.bench import cases
from minibp.bench.cases import Case
from minibp.bench.contenders import BATCHED, CHECKERS, OWN, PEERS, PER_EXAMPLE, WORKSPACE, Contender, installed
from minibp.bench.machine import Others, cores, machine
from minibp.bench.rounds import Effort, Processes, measure, steps
from minibp.bench.summary import growth, paying, with_ratios

FORMAT = "minibp bench 1"
DTYPES = ("float64", "float32")
CHECKED = (((5, 4, 3), 4), ((64, 30, 10), 10), ((784, 30, 10), 10))
"""Sizes and batch of the networks that checkers are timed on."""

Progress = Callable[[int, int], None]


class Task(NamedTuple):
    """Cases that share their contenders and their number of threads."""

    cases: tuple[Case, ...]
    contenders: tuple[Contender, ...]
    effort: Effort


class Plan(NamedTuple):
    """All tasks, and the contenders that were asked for and are not installed, with what each lacks."""

    tasks: tuple[Task, ...]
    absent: dict[str, str]

    def steps(self) -> int:
        """How many steps there are to count."""
        return sum(len(task.cases) * steps(len(task.contenders), task.effort) for task in self.tasks)


def planned(*, peers: bool, quick: bool, threads: Iterable[int] | None = None) -> Plan:
    """What `minibp bench` measures: one thread and all cores, or as many as `threads` says."""
    counts = sorted({1, cores()} if threads is None else {*threads})
    libraries, absent = installed(PEERS if peers else ())
    checkers, unchecked = installed(CHECKERS if peers else ())
    grids = _quick(counts) if quick else _full(counts)
    tasks = []
    for kind, group in itertools.groupby(grids, lambda grid: grid[0] == cases.TABLE):
        for _, found in group:
            alone = quick and found[0].threads > 1
            contenders = (*OWN, *libraries) if kind and not alone else OWN
            tasks.append(Task(tuple(found), contenders, Effort((5 if kind else 3) if quick else 15 if kind else 7)))
    checked = [Case("checkers", 0, *one, "float64", 1) for one in (CHECKED[:1] if quick else CHECKED)]
    if checkers:
        tasks.append(Task(tuple(checked), tuple(checkers), Effort(3 if quick else 7)))
    return Plan(tuple(tasks), absent | unchecked)


def _full(counts: list[int]) -> Iterator[tuple[str, list[Case]]]:
    for threads in counts:
        yield cases.TABLE, cases.of_table(cases.ROWS, DTYPES, threads)
        yield cases.BATCH, cases.of_sweep(cases.BATCH, [4**k for k in range(7)], DTYPES, threads)
        yield cases.WIDTH, cases.of_sweep(cases.WIDTH, [8, 32, 128, 512, 2048], DTYPES, threads)
        yield cases.DEPTH, cases.of_sweep(cases.DEPTH, [1, 2, 4, 6, 8], DTYPES, threads)


def _quick(counts: list[int]) -> Iterator[tuple[str, list[Case]]]:
    for threads in counts:
        if threads == 1:
            table = [(cases.ROWS[:3], DTYPES[:1]), (cases.ROWS[2:3], DTYPES[1:])]
            yield cases.TABLE, [case for rows, dtypes in table for case in cases.of_table(rows, dtypes, threads)]
            yield cases.BATCH, cases.of_sweep(cases.BATCH, [1, 16, 256], DTYPES[:1], threads)
            yield cases.WIDTH, cases.of_sweep(cases.WIDTH, [8, 64, 512], DTYPES[:1], threads)
            yield cases.DEPTH, cases.of_sweep(cases.DEPTH, [1, 2, 4], DTYPES[:1], threads)
        else:
            yield cases.TABLE, cases.of_table(cases.ROWS[2:4], DTYPES[:1], threads)


def run(plan: Plan, *, seed: int = 0, progress: Progress | None = None) -> dict[str, Any]:
    """Measure all of a plan: everything that tables and plots are made from, as JSON has it.

    Contenders that differ from the batched form, or fail, have "wrong" or "failed" in place of figures.
    """
    described, others = machine(), Others()
    start, total, done = time.perf_counter(), plan.steps(), 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    measured: list[dict[str, Any]] = []
    pools: dict[int, dict[str, Any]] = {}
    for threads in sorted({case.threads for task in plan.tasks for case in task.cases}):
        chosen = [task for task in plan.tasks if task.cases[0].threads == threads]
        with Processes(threads, max(task.effort.timeout for task in chosen)) as processes:
            for task in chosen:
                for case in task.cases:
                    memory_of = (PER_EXAMPLE, BATCHED, WORKSPACE) if threads == 1 and case.kind == cases.TABLE else ()
                    outcomes = measure(
                        case,
                        task.contenders,
                        processes,
                        seed=seed,
                        effort=task.effort,
                        memory_of=memory_of,
                        step=step,
                    )
                    measured.append({**case._asdict(), "sizes": list(case.sizes), "contenders": with_ratios(outcomes)})
            pools[threads] = processes.pools()
    return {
        "format": FORMAT,
        "machine": {**described, "others": others.cores()},
        "threads": {str(threads): found for threads, found in pools.items()},
        "seed": seed,
        "seconds": time.perf_counter() - start,
        "absent": plan.absent,
        "cases": measured,
        "exponents": growth(measured),
        "pays_from": paying(measured),
    }


def differing(results: dict[str, Any]) -> list[str]:
    """What must not pass silently: contenders whose result is another, and forms of the package that failed."""
    own = {contender.name for contender in OWN}
    found = []
    for case in results["cases"]:
        label = Case(case["kind"], case["n"], tuple(case["sizes"]), case["batch"], case["dtype"], case["threads"]).label
        for name, outcome in case["contenders"].items():
            if "wrong" in outcome:
                found.append(f"{name}, {label}: {outcome['wrong']}")
            elif "failed" in outcome and name in own:
                found.append(f"{name}, {label}: {outcome['failed']}")
    return found
