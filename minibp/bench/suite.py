"""The whole measurement: the results of a plan as plain data."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from minibp.bench import cases
from minibp.bench.cases import Case
from minibp.bench.contenders import BATCHED, OWN_FORMS, PER_EXAMPLE, WORKSPACE
from minibp.bench.headline import headline, speedups
from minibp.bench.machine import Others, machine
from minibp.bench.plan import BenchPlan
from minibp.bench.rounds import Processes, measure
from minibp.bench.summary import break_even, growth, with_ratios

FORMAT = "minibp bench 1"

Progress = Callable[[int, int], None]


def run(plan: BenchPlan, *, seed: int = 0, progress: Progress | None = None) -> dict[str, Any]:
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
    rows = speedups(measured)
    return {
        "format": FORMAT,
        "headline": {"lines": headline(rows), "rows": rows},
        "machine": {**described, "others": others.busy_cores()},
        "threads": {str(threads): found for threads, found in pools.items()},
        "seed": seed,
        "seconds": time.perf_counter() - start,
        "absent": plan.absent,
        "cases": measured,
        "exponents": growth(measured),
        "pays_from": break_even(measured),
    }


def differing(results: dict[str, Any]) -> list[str]:
    """The failures of a run: contenders whose result is another, and forms of the package that failed."""
    own = {contender.name for contender in OWN_FORMS}
    found = []
    for case in results["cases"]:
        label = Case(case["kind"], case["n"], tuple(case["sizes"]), case["batch"], case["dtype"], case["threads"]).label
        for name, outcome in case["contenders"].items():
            if "wrong" in outcome:
                found.append(f"{name}, {label}: {outcome['wrong']}")
            elif "failed" in outcome and name in own:
                found.append(f"{name}, {label}: {outcome['failed']}")
    return found
