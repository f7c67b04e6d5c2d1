"""The plan of measurements: which cases with which contenders, in how many rounds, and about how long that takes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from minibp.bench import cases
from minibp.bench.cases import Case, TableRow
from minibp.bench.contenders import CHECKERS, OWN_FORMS, PEERS, PER_EXAMPLE, Contender, installed
from minibp.bench.rounds import LONG_ROUNDS, LONG_SECONDS, Effort, steps
from minibp.bench.selection import Selection
from minibp.workers import cores

CHECKED = (((5, 4, 3), 4), ((64, 30, 10), 10), ((784, 30, 10), 10))
"""Sizes and batch of the networks that checkers are timed on."""
CHECKED_DTYPE = "float64"
FLOPS = {"float64": 3e10, "float32": 6e10}
"""Of matrix products on one core of a common processor, each second."""
CALL, LAYER_OF_EXAMPLE, PARAMETER_OF_EXAMPLE, PARAMETER_OF_CHECK = 1e-4, 3.5e-5, 1.5e-9, 5e-5
"""Seconds on the same: what a call takes beside its products; a layer, and a parameter, of one example in the loop; and
a parameter of a network that is checked."""
BLOCKS_OF_PREPARING = 3.0
"""Blocks that making a contender ready takes: comparing, warming up, and counting the calls of a block."""
PROCESS_SECONDS = 0.5
"""For a worker process to start, with its libraries."""


class BenchTask(NamedTuple):
    """Cases that share their contenders and their number of threads."""

    cases: tuple[Case, ...]
    contenders: tuple[Contender, ...]
    effort: Effort


class BenchPlan(NamedTuple):
    """All tasks, and the contenders that were asked for and are not installed, with what each lacks."""

    tasks: tuple[BenchTask, ...]
    absent: dict[str, str]

    def steps(self) -> int:
        """The number of steps to count."""
        return sum(len(task.cases) * steps(len(task.contenders), task.effort) for task in self.tasks)

    def seconds(self) -> float:
        """About how long it takes: within a factor of two on a quiet machine whose processor is a common one."""
        processes = {(task.cases[0].threads, one.process) for task in self.tasks for one in task.contenders}
        turns = (
            _turn_seconds(case, contender, task.effort)
            for task in self.tasks
            for case in task.cases
            for contender in task.contenders
        )
        return PROCESS_SECONDS * len(processes) + sum(turns)


def planned(
    *, peers: bool, quick: bool, selection: Selection | None = None, threads: Iterable[int] | None = None
) -> BenchPlan:
    """The plan of `minibp bench`: one thread and all cores, or as many as `threads` says.

    Where rows are chosen, these alone: neither sweeps nor checkers, which have networks of their own.
    """
    rows, dtypes = selection or Selection()
    counts = sorted({1, cores()} if threads is None else {*threads})
    libraries, absent = installed(PEERS if peers else ())
    with_checkers = peers and not rows and CHECKED_DTYPE in dtypes
    checkers, unchecked = installed(CHECKERS if with_checkers else ())
    if rows:
        grids = _chosen(rows, dtypes, counts, quick=quick)
    else:
        grids = _quick(counts, dtypes) if quick else _full(counts, dtypes)
    tasks = []
    for kind, group in itertools.groupby(grids, lambda grid: grid[0] == cases.TABLE):
        for _, found in group:
            alone = quick and found[0].threads > 1
            contenders = (*OWN_FORMS, *libraries) if kind and not alone else OWN_FORMS
            tasks.append(
                BenchTask(tuple(found), contenders, Effort((5 if kind else 3) if quick else 15 if kind else 7))
            )
    checked = [Case("checkers", 0, *one, CHECKED_DTYPE, 1) for one in (CHECKED[:1] if quick else CHECKED)]
    if checkers:
        tasks.append(BenchTask(tuple(checked), tuple(checkers), Effort(3 if quick else 7)))
    return BenchPlan(tuple(tasks), absent | unchecked)


def _chosen(
    rows: Iterable[TableRow], dtypes: tuple[str, ...], counts: list[int], *, quick: bool
) -> Iterator[tuple[str, list[Case]]]:
    for threads in counts:
        yield cases.TABLE, cases.of_table(rows, dtypes[:1] if quick and threads > 1 else dtypes, threads)


def _full(counts: list[int], dtypes: tuple[str, ...]) -> Iterator[tuple[str, list[Case]]]:
    for threads in counts:
        yield cases.TABLE, cases.of_table(cases.TABLE_ROWS, dtypes, threads)
        yield cases.BATCH_SWEEP, cases.of_sweep(cases.BATCH_SWEEP, [4**k for k in range(7)], dtypes, threads)
        yield cases.WIDTH_SWEEP, cases.of_sweep(cases.WIDTH_SWEEP, [8, 32, 128, 512, 2048], dtypes, threads)
        yield cases.DEPTH_SWEEP, cases.of_sweep(cases.DEPTH_SWEEP, [1, 2, 4, 6, 8], dtypes, threads)


def _quick(counts: list[int], dtypes: tuple[str, ...]) -> Iterator[tuple[str, list[Case]]]:
    for threads in counts:
        if threads == 1:
            table = [(cases.TABLE_ROWS[:3], dtypes[:1]), (cases.TABLE_ROWS[2:3], dtypes[1:])]
            yield cases.TABLE, [case for rows, some in table for case in cases.of_table(rows, some, threads)]
            yield cases.BATCH_SWEEP, cases.of_sweep(cases.BATCH_SWEEP, [1, 16, 256], dtypes[:1], threads)
            yield cases.WIDTH_SWEEP, cases.of_sweep(cases.WIDTH_SWEEP, [8, 64, 512], dtypes[:1], threads)
            yield cases.DEPTH_SWEEP, cases.of_sweep(cases.DEPTH_SWEEP, [1, 2, 4], dtypes[:1], threads)
        else:
            yield cases.TABLE, cases.of_table(cases.TABLE_ROWS[2:4], dtypes[:1], threads)


def _turn_seconds(case: Case, contender: Contender, effort: Effort) -> float:
    """About how long one contender takes in one case."""
    block = max(effort.block_seconds, _call_seconds(case, contender))
    rounds = effort.rounds if block < LONG_SECONDS else min(effort.rounds, LONG_ROUNDS)
    return (BLOCKS_OF_PREPARING + 1.1 * rounds) * block


def _call_seconds(case: Case, contender: Contender) -> float:
    """About how long one call takes."""
    parameters = sum((below + 1) * above for below, above in itertools.pairwise(case.sizes))
    if case.kind == "checkers":
        return PARAMETER_OF_CHECK * parameters
    if contender == PER_EXAMPLE:
        return case.batch * (LAYER_OF_EXAMPLE * (len(case.sizes) - 1) + PARAMETER_OF_EXAMPLE * parameters)
    return CALL + 6 * case.batch * parameters / FLOPS[case.dtype]
