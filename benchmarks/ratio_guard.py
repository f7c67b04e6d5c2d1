"""The workspace's time in units of its GEMM-only baseline, held to 1.3 times the targets of the fixed table.

    python benchmarks/ratio_guard.py [--factor F] [--rounds N] [--rows N] [--json FILE]

The workspace and the products take turns in one process with one BLAS thread; what is compared is the median of the
rounds' ratios, so that a slow machine slows both. A row over its limit is measured once more, with twice the rounds:
the second figure counts, since what makes the workspace slower does so twice. The exit status is 1 where a row is over
its limit or has no figures.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from minibp.bench.cases import DTYPES, TABLE_ROWS, Case, of_table
from minibp.bench.contenders import PRODUCTS, WORKSPACE
from minibp.bench.process import ANSWER_TIMEOUT
from minibp.bench.ratios import Spread
from minibp.bench.rounds import Effort, Processes, measure
from minibp.bench.summary import with_ratios

FACTOR = 1.3
ROUNDS = 15


class Row(NamedTuple):
    """One network in one dtype: what was measured, and what is allowed."""

    label: str
    target: float
    limit: float
    ratio: Spread | None
    """None where there are no figures."""
    reason: str = ""
    """Why there are none."""

    @property
    def over(self) -> bool:
        """Whether it fails."""
        return self.ratio is None or self.ratio.median > self.limit


def row_of(case: Case, target: float, factor: float, outcomes: dict[str, dict[str, object]]) -> Row:
    """The row of what `measure` returns."""
    found = with_ratios(outcomes)[WORKSPACE.name]
    ratio = found.get("ratio")
    reasons = [str(one[why]) for one in outcomes.values() for why in ("failed", "wrong") if why in one]
    return Row(case.label, target, factor * target, Spread(**ratio) if ratio else None, "; ".join(reasons))


def measured(rows: int, factor: float, rounds: int) -> list[Row]:
    """The first `rows` rows of the table, in both dtypes."""
    found = []
    with Processes(1, ANSWER_TIMEOUT) as processes:
        for dtype in DTYPES:
            for row, case in zip(TABLE_ROWS[:rows], of_table(TABLE_ROWS[:rows], [dtype], 1), strict=True):
                for effort in (Effort(rounds), Effort(2 * rounds)):
                    outcomes = measure(case, (PRODUCTS, WORKSPACE), processes, seed=0, effort=effort)
                    one = row_of(case, row.targets[dtype], factor, outcomes)
                    if not one.over:
                        break
                found.append(one)
    return found


def table(rows: Sequence[Row]) -> str:
    """Ratio, quartiles, target and limit of each."""
    lines = [f"{'sizes, batch, dtype':<36}{'ratio':>8}{'quartiles':>16}{'target':>8}{'limit':>8}"]
    for row in rows:
        if row.ratio is None:
            lines.append(f"{row.label:<36}  no figures: {row.reason}")
            continue
        quartiles = f"{row.ratio.low:.2f} to {row.ratio.high:.2f}"
        end = "  over the limit" if row.over else ""
        lines.append(f"{row.label:<36}{row.ratio.median:>8.2f}{quartiles:>16}{row.target:>8.2f}{row.limit:>8.2f}{end}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--factor", type=float, default=FACTOR, help="of the target that is allowed (%(default)s)")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--rows", type=int, default=len(TABLE_ROWS), help="of the table, from its first (%(default)s)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    rows = measured(options.rows, options.factor, options.rounds)
    print(table(rows))
    if options.json:
        found = [{**row._asdict(), "ratio": row.ratio and row.ratio._asdict(), "over": row.over} for row in rows]
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 1 if any(row.over for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
