"""The smallest relative error in a right derivative of a smooth function that its check objects to.

    python benchmarks/any_function_sensitivity.py [--draws N] [--family NAME] [--seed S]

The functions are those of `zoo` whose families are smooth, at points of usual size. A factor 1 + ε is put on all
entries of the right derivative, or on one that is drawn among those that are not 0; ε goes down in steps of √10 from
0.1, by halving: what is objected to at some ε is taken to be so at every larger one. The table has the ε that is
objected to on 90 % of the draws, once with every oracle, once with finite differences alone. Functions that the complex
step follows stand apart from others, of which differences alone tell. "not correct" are draws whose right derivative is
not called correct: of them nothing is caught.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from zoo import ZOO
from zoo.checking import checked, quietly, seed_of
from zoo.entry import Array, Entry
from zoo.mutations import Subject
from zoo.points import draw, jacobian

from minibp.console import bar
from minibp.tables import grid

SMOOTH = ("elementwise", "reductions", "norms", "linear algebra", "layers", "losses", "likelihoods")
EPSILONS = [10.0 ** (-k / 2) for k in range(2, 33)]
"""From 0.1 down to 1e-16."""
ENOUGH = 0.9
"""The share of draws that has to be objected to."""
FINE, DIFFERENCES = "complex_step", "finite_difference"
EVERY, ALONE = "every", "alone"
ORACLES = {EVERY: ("jax", FINE, DIFFERENCES), ALONE: (DIFFERENCES,)}
"""Every oracle, and differences alone."""
ALL, ONE = "all entries", "one entry"
GOALS = {EVERY: 1e-11, ALONE: 1e-6}
NEVER = math.inf
CAUGHT = {"wrong", "unstable"}

Column = tuple[str, str]
"""Which oracles were asked, and where the derivative is off."""
COLUMNS = [(oracles, where) for oracles in ORACLES for where in (ALL, ONE)]


class Drawn(NamedTuple):
    """One function at one point: the smallest ε that is caught, by column."""

    entry: Entry
    is_followed: bool
    """True where the complex step tells the slopes."""
    is_correct: bool
    """True where the right derivative is called so, by all oracles and by differences alone."""
    least: dict[Column, float]


def entries(family: str | None = None) -> list[Entry]:
    """The smooth functions that are as good as float64 is."""
    return [one for one in ZOO if one.family in SMOOTH and one.accuracy is None and family in {None, one.family}]


def least(objects: Callable[[float], bool]) -> float:
    """The smallest ε that is objected to, `NEVER` where none is."""
    caught, missed = -1, len(EPSILONS)
    while missed - caught > 1:
        middle = (caught + missed) // 2
        caught, missed = (middle, missed) if objects(EPSILONS[middle]) else (caught, middle)
    return EPSILONS[caught] if caught >= 0 else NEVER


def faulty(subject: Subject, k: int | None, epsilon: float) -> Callable[..., Any]:
    """The derivative with a factor on entry k, or on all."""

    def change(g: Array) -> Array:
        found = np.array(g)
        at: Any = slice(None) if k is None else min(k, g.size - 1)
        found[at] *= 1 + epsilon
        return found

    return subject.changed(change)


def measured(entry: Entry, rng: np.random.Generator) -> Drawn | None:
    """One draw; None where there is no point with a slope."""
    drawn = draw(entry, rng, ["normal"])
    if drawn is None:
        return None
    point, seed = drawn[1], int(rng.integers(2**31))
    with quietly():
        subject = Subject(entry, point, jacobian(entry, entry.claim, point))
    rows = np.abs(subject.jacobian)
    candidates = np.flatnonzero(rows.max(1 if subject.by_results else 0))
    if not len(candidates):
        return None
    places = {ALL: None, ONE: int(rng.choice(candidates))}
    found: dict[Column, float] = {}
    followed, correct = False, True
    for name, oracles in ORACLES.items():
        report = checked(entry, entry.claim, point, seed, oracles)
        correct &= report.verdict == "correct"
        followed |= any(FINE in by_oracle for by_oracle in report.statistics.values())
        for where, k in places.items():

            def objects(epsilon: float, k: int | None = k, oracles: tuple[str, ...] = oracles) -> bool:
                return checked(entry, faulty(subject, k, epsilon), point, seed, oracles).verdict in CAUGHT

            found[name, where] = least(objects) if report.verdict == "correct" else NEVER
    return Drawn(entry, followed, correct, found)


def quantile(draws: Sequence[Drawn], column: Column) -> float:
    """The ε that is caught on enough draws."""
    values = sorted(one.least[column] for one in draws)
    return values[math.ceil(ENOUGH * len(values)) - 1] if values else NEVER


def table(draws: Sequence[Drawn]) -> list[str]:
    """A line for each family, of functions that the complex step follows and of others."""
    groups: dict[str, list[Drawn]] = defaultdict(list)
    for followed in (True, False):
        suffix = "" if followed else ", not followed"
        for family in SMOOTH:
            groups[family + suffix] += [
                one for one in draws if (one.entry.family, one.is_followed) == (family, followed)
            ]
        groups["all" + suffix] += [one for one in draws if one.is_followed == followed]
    rows = [
        [name, str(len({one.entry.name for one in of})), str(len(of)), str(sum(not one.is_correct for one in of))]
        + [_shown(quantile(of, column)) for column in COLUMNS]
        for name, of in groups.items()
        if of
    ]
    head = [*map(", ".join, COLUMNS)]
    return grid([f"caught on {ENOUGH:.0%}", "functions", "draws", "not correct", *head], rows)


def worst(draws: Sequence[Drawn], count: int = 6) -> list[str]:
    """The functions that the complex step follows and of which least is caught."""
    column: Column = (EVERY, ALL)
    of = sorted((one for one in draws if one.is_followed), key=lambda one: -one.least[column])[:count]
    return grid(["least sensitive", *map(", ".join, COLUMNS)], [
        [one.entry.name, *(_shown(one.least[each]) for each in COLUMNS)] for one in of
    ])  # fmt: skip


def _shown(epsilon: float) -> str:
    return "never" if epsilon == NEVER else f"{epsilon:.1e}"


def reached(draws: Sequence[Drawn]) -> list[str]:
    """Each goal, and whether it is reached: with every oracle of what the complex step follows, with one of all."""
    lines = []
    for oracles, goal in GOALS.items():
        of = [one for one in draws if one.is_followed or oracles == ALONE]
        found = max(quantile(of, (oracles, where)) for where in (ALL, ONE))
        lines.append(
            f"{oracles}: {_shown(found)}, goal {goal:.0e}: {'reached' if found <= 1.01 * goal else 'not reached'}"
        )
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where nothing at all is caught of most functions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=120, help="draws in all; functions take turns")
    parser.add_argument("--family", choices=SMOOTH)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    of = entries(options.family)
    order = seed_of(options.seed).permutation(len(of)).tolist()
    draws: list[Drawn] = []
    with bar("draws") as progress:
        for number in range(options.draws):
            progress(number, options.draws)
            i = order[number % len(of)]
            one = measured(of[i], seed_of(options.seed, i, number // len(of)))
            draws += [one] if one else []
    print("\n\n".join("\n".join(lines) for lines in (table(draws), worst(draws), reached(draws))))
    return int(quantile(draws, (EVERY, ALL)) == NEVER)


if __name__ == "__main__":
    sys.exit(main())
