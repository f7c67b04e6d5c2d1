"""Two faults at once: how often both are named, of all pairs of catalogue faults that lie in different equations.

    python benchmarks/fault_pairs.py [--pairs N] [--seed S] [--workers W] [--missed] [--json FILE]

A pair counts where it is another function than either fault alone, and than the right gradient: by more than rounding,
in at least one of the networks that the diagnosis asks for. `--pairs` draws so many of each setting, `--missed` prints
those that were not both named.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minibp.check.diagnosis.findings import diagnose
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import FaultyBackprop
from minibp.check.layout import row_of_gradient
from minibp.check.rounding.arithmetic import arithmetic_of_anyone
from minibp.check.rounding.whole_pass import bound
from minibp.check.subject.calling import call
from minibp.check.subject.claim import Claim
from minibp.check.subject.specification import Setting
from minibp.check.verify.kill_matrix import L2
from minibp.network import Gradient
from minibp.problem import Problem

SETTINGS = [
    ("sigmoid", "sigmoid", "quadratic"),
    ("tanh", "softmax", "quadratic"),
    ("leaky_relu", "sigmoid", "cross_entropy"),
    ("silu", "softmax", "categorical_cross_entropy"),
    ("elu", "identity", "huber"),
]
"""Hidden activation, output activation, cost."""


class Outcome(NamedTuple):
    """What became of one pair."""

    pair: tuple[str, str]
    counts: bool
    first: bool
    """Both are named first, each in a finding of its own."""
    listed: bool
    """Both are named first or among those that give the same numbers."""
    named: tuple[str, ...]


def answers(faults: Sequence[str], setting: tuple[str, str, str], problems: Sequence[Problem]) -> list[Gradient]:
    """What a backprop with these faults says of each problem."""
    subject = FaultyBackprop(faults, *setting, L2)
    found = [call(subject, problem).gradient for problem in problems]
    return [one for one in found if one is not None]


def differ(some: Sequence[Gradient], others: Sequence[Gradient], spreads: Sequence[np.ndarray]) -> bool:
    """Whether any entry differs by more than the rounding of both."""
    return any(
        bool((np.abs(row_of_gradient(one) - row_of_gradient(other)) > 2 * spread).any())
        for one, other, spread in zip(some, others, spreads, strict=True)
    )


def judge(work: tuple[tuple[str, str, str], list[tuple[str, str]], int]) -> list[Outcome]:
    """These pairs in one setting."""
    setting, pairs, seed = work
    arithmetic = arithmetic_of_anyone("float64")
    problems = Setting.checked(*setting, L2, Claim(), "float64", None).bases(seed)
    spreads = [row_of_gradient(bound(problem, arithmetic).gradient) for problem in problems]
    alone: dict[tuple[str, ...], list[Gradient]] = {(): answers([], setting, problems)}
    outcomes = []
    for pair in pairs:
        both = answers(pair, setting, problems)
        for single in pair:
            if (single,) not in alone:
                alone[single,] = answers([single], setting, problems)
        simpler = [alone[()], *(alone[single,] for single in pair)]
        counts = all(differ(both, other, spreads) for other in simpler)
        findings = []
        if counts:
            subject = FaultyBackprop(pair, *setting, L2)
            findings = diagnose(
                lambda problem, subject=subject: call(subject, problem).gradient, problems, arithmetic, subject.__name__
            )
        first = {finding.fault for finding in findings}
        listed = first | {name for finding in findings for name in finding.also}
        named = tuple(str(finding.fault) for finding in findings)
        outcomes.append(Outcome(pair, counts, set(pair) <= first, set(pair) <= listed, named))
    return outcomes


def main() -> None:
    """Measure and print; write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, help="so many of each setting, drawn at random; by default all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--missed", action="store_true", help="print the pairs that were not both named")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    every = [pair for pair in combinations(CATALOGUE, 2) if CATALOGUE[pair[0]].equation != CATALOGUE[pair[1]].equation]
    rng = np.random.default_rng(options.seed)
    work = []
    for setting in SETTINGS:
        order = rng.permutation(len(every))[: options.pairs]
        chosen = [every[i] for i in order]
        work += [(setting, chosen[i : i + 50], options.seed) for i in range(0, len(chosen), 50)]
    with ProcessPoolExecutor(options.workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        parts = list(pool.map(judge, work))
    print(f"{'hidden, output, cost':<44}{'pairs':>7}{'count':>7}{'both first':>12}{'both listed':>13}")
    results: dict[str, list[Outcome]] = {", ".join(setting): [] for setting in SETTINGS}
    for (setting, *_), part in zip(work, parts, strict=True):
        results[", ".join(setting)] += part
    for name, outcomes in [*results.items(), ("all", list(chain.from_iterable(results.values())))]:
        there = [one for one in outcomes if one.counts]
        shares = [sum(getattr(one, key) for one in there) / max(len(there), 1) for key in ("first", "listed")]
        print(f"{name:<44}{len(outcomes):>7}{len(there):>7}{shares[0]:>12.1%}{shares[1]:>13.1%}")
    if options.missed:
        for name, outcomes in results.items():
            for one in outcomes:
                if one.counts and not one.listed:
                    print(f"{name}: {' and '.join(one.pair)}: named {', '.join(one.named) or 'nothing'}")
    if options.json:
        data = {name: [one._asdict() for one in outcomes] for name, outcomes in results.items()}
        options.json.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
