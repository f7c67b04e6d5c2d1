"""Wrong derivatives as people write them: whether each is caught, and whether its symptom is named.

    python benchmarks/symptom_matrix.py [--seeds N] [--symptom NAME] [--workers W] [--json FILE]

Every symptom of the catalogue has wrong derivatives of two functions or more, which are in `zoo.written_layers` and
`zoo.written_losses`. Each is given to the check that takes it, at `--seeds` random points. It is caught where the
verdict is "wrong", and named where a finding has the symptom. The right derivatives are checked at the same points:
any verdict but "correct" is a false alarm. Ends with 1 where a wrong derivative is not caught, or a right one is not
correct.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from zoo.checking import CHECKS, in_time, quietly
from zoo.written import Written
from zoo.written_layers import LAYERS
from zoo.written_losses import LOSSES

from minibp.check.report.symptoms import SYMPTOMS
from minibp.console import bar
from minibp.tables import grid
from minibp.workers import cores, pool

WRITTEN = [*LAYERS, *LOSSES]
SEEDS = 4


class Row(NamedTuple):
    """A derivative, and what was said of it at each point."""

    function: str
    symptom: str
    """That of a wrong derivative; "" of a right one."""
    words: str
    verdicts: tuple[str, ...]
    named: int
    """At so many points a finding has the symptom."""

    @property
    def checks(self) -> int:
        """The number of points."""
        return len(self.verdicts)

    @property
    def caught(self) -> int:
        """At so many points it was called wrong."""
        return self.verdicts.count("wrong")

    @property
    def alarms(self) -> int:
        """At so many points it was called anything but correct."""
        return self.checks - self.verdicts.count("correct")

    @property
    def is_fine(self) -> bool:
        """A wrong derivative is caught, a right one is correct, at all points."""
        return self.caught == self.checks if self.symptom else not self.alarms


def said_of(written: Written, claim: Callable[..., Any], seed: int) -> tuple[str, set[str | None]]:
    """The verdict on a derivative at one point, and the names in its findings."""
    point = written.point(np.random.default_rng(seed))
    try:
        with in_time(), quietly():
            report = CHECKS[written.check](written.f, claim, point, seed=seed, raise_on_mismatch=False)
    except Exception as error:  # noqa: BLE001 - whatever a check raises is no verdict
        return f"{type(error).__name__}: {error}", set()
    return report.verdict, {finding.fault for finding in report.findings}


def rows_of(number: int, seeds: int, symptom: str | None = None) -> list[Row]:
    """The right derivative of a function and the wrong ones, or those alone that have a symptom."""
    written = WRITTEN[number]
    claims = [("", "", written.claim), *(one for one in written.mistakes if symptom in {None, one.symptom})]
    rows = []
    for name, words, claim in claims:
        said = [said_of(written, claim, seed) for seed in range(seeds)]
        verdicts = tuple(verdict for verdict, _ in said)
        rows.append(Row(written.name, name, words, verdicts, sum(name in names for _, names in said)))
    return rows


def measured(seeds: int, symptom: str | None, workers: int) -> list[Row]:
    """The rows of all functions, wrong ones in the order of the catalogue, right ones behind them."""
    numbers = [i for i, one in enumerate(WRITTEN) if symptom in {None, *(mistake.symptom for mistake in one.mistakes)}]
    found: list[Row] = []
    with bar("functions") as progress, pool(workers) as executor:
        run = executor.map if executor else map
        for done, part in enumerate(run(partial(rows_of, seeds=seeds, symptom=symptom), numbers), 1):
            found += part
            progress(done, len(numbers))
    order = [*SYMPTOMS, ""]
    return sorted(found, key=lambda row: order.index(row.symptom))


def table(rows: Sequence[Row]) -> list[str]:
    """A line for each wrong derivative, and one for all right ones."""
    lines = [
        [row.symptom, f"{row.function}: {row.words}", str(row.checks), str(row.caught), str(row.named)]
        for row in rows
        if row.symptom
    ]
    right = [row for row in rows if not row.symptom]
    checks, alarms = sum(row.checks for row in right), sum(row.alarms for row in right)
    lines.append(["none", f"the right ones of {len(right)} functions: false alarms", str(checks), str(alarms), ""])
    width = max(len(words) for _, words, *_ in lines)
    head = ["symptom", "wrong derivative".ljust(width), "checks", "caught", "named"]
    return grid(head, [[name, words.ljust(width), *numbers] for name, words, *numbers in lines])


def shown(row: Row) -> str:
    """A verdict that is not as it has to be."""
    what = f"not caught: {row.function}: {row.words}" if row.symptom else f"false alarm: {row.function}"
    return f"{what}: " + ", ".join(f"{n} {verdict}" for verdict, n in Counter(row.verdicts).items())


def plain(row: Row) -> dict[str, Any]:
    """For JSON."""
    counts = {"checks": row.checks, "verdicts": dict(Counter(row.verdicts))}
    return {"function": row.function, "symptom": row.symptom, "words": row.words, **counts, "named": row.named}


def main(arguments: Sequence[str] | None = None) -> int:
    """Check and print; write JSON where asked; 1 where a verdict is not as it has to be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS, help="random points of each derivative (%(default)s)")
    parser.add_argument("--symptom", choices=SYMPTOMS, help="one of them alone")
    parser.add_argument("--workers", type=int, default=cores())
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    rows = measured(options.seeds, options.symptom, options.workers)
    print("\n".join(table(rows)))
    bad = [row for row in rows if not row.is_fine]
    if bad:
        print("\n" + "\n".join(map(shown, bad)))
    if options.json:
        data = json.dumps([plain(row) for row in rows], indent=2, ensure_ascii=False)
        options.json.write_text(data + "\n", encoding="utf-8")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
