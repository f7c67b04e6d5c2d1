"""Right and wrong derivatives of many functions: what the check of any function calls them.

    python benchmarks/any_function.py [--checks N] [--mutations N] [--family NAME] [--peers] [--seed S] [--workers W]

The functions are those of `zoo`, the points are drawn as plain strategies of Hypothesis draw them. Right derivatives
are checked `--checks` times in all, mutated ones `--mutations` times. Ends with exit status 1, having printed the
function, the seed and the point, where a right derivative is called wrong or unstable, where a check raises, and where
a mutated derivative is called correct though the engine resolves the mistake.

Of mutated ones "unresolved" are those called correct where no oracle tells the slope so closely, or at a kink, or that
are rounded to fewer digits and have kept half of them, as `zoo.mutations.ROUNDED` has it; "equal" are mistakes that
make no difference at the point, and are not checked. With --peers the same cases are given to the checkers of other
packages that are installed. On a terminal a bar shows how far it is.

With --checks 100000 --mutations 18000 every function is checked at some two hundred points and with every mistake that
applies to it; that takes two cores more than an hour.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from zoo import FAMILIES, ZOO
from zoo.checking import Answer, Case, answer_of, mutated_case, right_case, seed_of
from zoo.mutations import MUTATIONS, OWN
from zoo.peers import Said, compared, said_of

from minibp.console import bar
from minibp.tables import grid
from minibp.workers import cores, pool

PART = 25
"""Cases that a process is given at once."""
SHOWN = 10
"""Functions of which an alarm of each kind is printed; all alarms are counted."""
REASONS = 8
"""Reasons of undecided answers that are printed."""
SLOWEST = 3
"""The checks that took longest are printed, so many."""
RIGHT, MUTATED = 0, 1


class Task(NamedTuple):
    """A case to draw and check: which entry, and in which turn it is asked."""

    what: int
    entry: int
    turn: int
    seed: int


class Done(NamedTuple):
    """What came of a task; no answer where there was no point."""

    task: Task
    answer: Answer | None
    same: tuple[str, ...]
    said: Said
    """What other packages' checkers said, where they were asked."""


def tasks_of(what: int, count: int, seed: int, family: str | None = None) -> list[Task]:
    """So many tasks, which take the entries in turns, in an order of the seed's."""
    entries = [i for i, entry in enumerate(ZOO) if family in {None, entry.family}]
    order = seed_of(seed, what).permutation(entries).tolist()
    return [Task(what, order[k % len(order)], k // len(order), seed) for k in range(count)]


def case_of(task: Task) -> tuple[Case | None, list[str]]:
    """The case of a task, None where there was no point; and the mistakes that make no difference at it."""
    entry = ZOO[task.entry]
    rng = seed_of(task.seed, task.what, task.entry, task.turn)
    if task.what == RIGHT:
        return right_case(entry, rng), []
    return mutated_case(entry, rng, 7 * task.entry + task.turn)  # so that entries begin at different mistakes


def done(task: Task, *, peers: bool = False) -> Done:
    """Draw and check."""
    case, same = case_of(task)
    if case is None:
        return Done(task, None, tuple(same), {})
    return Done(task, answer_of(case), tuple(same), said_of(case) if peers else {})


def part_done(tasks: Sequence[Task], *, peers: bool = False) -> list[Done]:
    """One process's work."""
    return [done(task, peers=peers) for task in tasks]


def all_done(tasks: Sequence[Task], workers: int, *, peers: bool = False) -> list[Done]:
    """The work of all, in order, by processes that have a thread each."""
    parts = [tasks[at : at + PART] for at in range(0, len(tasks), PART)]
    found: list[Done] = []
    with bar("cases") as progress, pool(workers) as executor:
        run = executor.map if executor else map
        progress(0, len(tasks))
        for part in run(partial(part_done, peers=peers), parts):
            found += part
            progress(len(found), len(tasks))
    return found


# -- what is printed

VERDICTS = ("correct", "undecided", "wrong", "unstable", "exception")
FATES = ("caught", "undecided", "unresolved", "missed", "exception")


def by_family(right: Sequence[Done]) -> list[str]:
    """A line for each family, and one for all."""
    rows = []
    for family in (*FAMILIES, "all"):
        of = [one for one in right if family in {"all", ZOO[one.task.entry].family}]
        answers = [one.answer for one in of if one.answer]
        if not of:
            continue
        counts = Counter(answer.verdict for answer in answers)
        functions = len({one.task.entry for one in of})
        times = [answer.seconds for answer in answers] or [0.0]
        none = len(of) - len(answers)
        numbers = [functions, len(answers), *(counts[verdict] for verdict in VERDICTS), none]
        shown = f"{1e3 * np.median(times):.0f}", f"{max(times):.1f}", f"{sum(times):.0f}"
        rows.append([family, *map(str, numbers), *shown])
    head = ["right derivatives", "functions", "checks", *VERDICTS, "no point", "median ms", "most s", "s"]
    return grid(head, rows)


def fate(answer: Answer) -> str:
    """What came of a mutated derivative."""
    return "caught" if answer.verdict in {"wrong", "unstable"} else answer.verdict


def by_mutation(mutated: Sequence[Done]) -> list[str]:
    """A line for each mistake, and one for all."""
    answers = [one.answer for one in mutated if one.answer]
    same = Counter(_kind(name) for one in mutated for name in one.same)
    counts = Counter((_kind(answer.mutation), fate(answer)) for answer in answers)
    rows = []
    for name in (*MUTATIONS, OWN):
        of = [counts[name, one] for one in FATES]
        rows.append([name, str(sum(of)), *map(str, of), str(same[name])])
    total = Counter(map(fate, answers))
    rows.append(["all", str(len(answers)), *(str(total[one]) for one in FATES), str(sum(same.values()))])
    return grid(["mutated derivatives", "checks", *FATES, "equal"], rows)


def _kind(name: str) -> str:
    return OWN if name.startswith(OWN) else name


def reasons(answers: Sequence[Answer]) -> list[str]:
    """The reasons of what is undecided, the most frequent first, with the shares of right and of mutated ones."""
    checks = Counter(bool(answer.mutation) for answer in answers)
    undecided = [answer for answer in answers if answer.verdict == "undecided"]
    found = Counter((answer.reason.split(";")[0], bool(answer.mutation)) for answer in undecided)
    total: Counter[str] = Counter()
    for (reason, _), n in found.items():
        total[reason] += n
    rows = [
        [reason, *(part for mutated in (False, True) for part in _share(found[reason, mutated], checks[mutated]))]
        for reason, _ in total.most_common(REASONS)
    ]
    all_ = [sum(bool(answer.mutation) == mutated for answer in undecided) for mutated in (False, True)]
    rows.append(["all", *_share(all_[0], checks[False]), *_share(all_[1], checks[True])])
    return grid(["undecided, since", "right", "", "mutated", ""], rows)


def _share(n: int, of: int) -> tuple[str, str]:
    return str(n), f"{100 * n / of:.2f} %" if of else ""


def slowest(answers: Sequence[Answer]) -> list[str]:
    """The checks that took longest."""
    found = sorted(answers, key=lambda answer: -answer.seconds)[:SLOWEST]
    return grid(
        ["slowest", "s", "seed", "point"],
        [[one.name, f"{one.seconds:.1f}", str(one.seed), one.point[:60]] for one in found],
    )


def alarms(answers: Sequence[Answer]) -> list[Answer]:
    """What ought not to be."""
    bad = {"exception", "missed"}
    return [one for one in answers if one.verdict in bad or (not one.mutation and one.verdict in {"wrong", "unstable"})]


def shown(answer: Answer) -> str:
    """An alarm, with what is needed to see it again."""
    what = f", mutated ({answer.mutation})" if answer.mutation else ""
    where = f"{answer.family}: {answer.name}{what}: {answer.verdict}, seed={answer.seed}, {answer.style} point"
    return f"\n{where}\n  {answer.reason}\n  {answer.point}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check and print; 1 where there was an alarm."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checks", type=int, default=3000, help="checks of right derivatives in all")
    parser.add_argument("--mutations", type=int, default=3000, help="checks of mutated derivatives in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peers", action="store_true", help="give the same cases to other packages' checkers")
    parser.add_argument("--workers", type=int, default=cores())
    parser.add_argument("--family", choices=FAMILIES)
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    right = tasks_of(RIGHT, options.checks, options.seed, options.family)
    mutated = tasks_of(MUTATED, options.mutations, options.seed, options.family)
    found = all_done([*right, *mutated], options.workers, peers=options.peers)
    of_right, of_mutated = found[: len(right)], found[len(right) :]
    answers = [one.answer for one in found if one.answer]
    print(f"{len(ZOO)} functions in {len(FAMILIES)} families\n")
    tables = [by_family(of_right)] if right else []
    tables += [by_mutation(of_mutated)] if mutated else []
    print("\n\n".join("\n".join(lines) for lines in [*tables, reasons(answers), slowest(answers)]))
    bad = alarms(answers)
    for verdict in ("wrong", "unstable", "exception", "missed"):
        first = {one.name: one for one in reversed(bad) if one.verdict == verdict}  # one of each function
        for name in [*dict.fromkeys(one.name for one in bad if one.name in first)][:SHOWN]:
            print(shown(first[name]))
    seconds = time.perf_counter() - start
    counted = ", ".join(f"{n} {verdict}" for verdict, n in Counter(one.verdict for one in bad).items())
    print(f"\n{len(bad)} alarms{f' ({counted})' if counted else ''} in {len(answers)} checks; {seconds:.0f} s")
    if options.peers:
        print("\n" + "\n".join(compared([(one.answer, one.said) for one in found if one.answer])))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
