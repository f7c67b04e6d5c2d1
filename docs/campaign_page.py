"""Write docs/million.md from docs/million.json, the report of a campaign.

    minibp verify --networks 1000000 --seed 1 --workers 2 --json docs/million.json      # the campaign, half an hour
    python docs/campaign_page.py

A test writes the page again and compares.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from minibp.check.report.environment import SPELLED
from minibp.check.report.wording import ORACLE_NAMES

FOLDER = Path(__file__).parent
CAMPAIGN, PAGE = FOLDER / "million.json", FOLDER / "million.md"
EDGES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.316, 0.562, 1.0)
"""The upper edges of the rows of the distribution."""

HEAD = """\
# A million networks

{verdict}: {networks:,} networks, drawn by Hypothesis, on which the four forms of backprop were compared with three
oracles, in {entries:,} entries. {alarms}.

```sh
{command}
```

It took {minutes:.1f} minutes: {rate}, on {platform}, {date}.
{versions}.
The same command draws the same networks and gives the same figures, by any number of workers and on
[a cluster](campaigns.md#on-a-dask-cluster).

This page is written by `python docs/campaign_page.py` from the report that `--json` has kept, `docs/million.json`.
"""
MAX = """\
## Max error / tolerance

Of any entry, in any form, by the number of the equation: above 1 an entry would be called wrong. The tolerance is the
[bound](how_it_decides.md) that is derived from rounding, and what the oracle itself may be off by. It is nearly reached
where rounding may take all of a value, as of a saturated neuron whose weighted input is known to no digit: the bound is
then the value itself, and a result of 0 is off by as much. An equation that an oracle does not tell has "–".
"""
DISTRIBUTION = """\
## Distribution of error / tolerance

The share of entries by their error in units of the tolerance; exact entries are in the first row.
"""
COVERED = """\
## What was covered

Networks, by dtype, hidden activations, and cost and output. One with two hidden activations counts with both.
"""
SKIPPED = """\
## What was skipped

Entries that were not compared with an oracle, and why.
"""


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def largest(report: dict[str, Any]) -> str:
    """The max error / tolerance by equation and oracle, of the form where it is largest."""
    oracles = report["oracles"]
    found: dict[str, dict[str, float]] = {}
    for oracle, forms in oracles.items():
        for statistics in forms.values():
            for equation, one in statistics["equations"].items():
                by_oracle = found.setdefault(equation, {})
                by_oracle[oracle] = max(by_oracle.get(oracle, 0.0), one["worst"])
    rows = [
        [equation, *(f"{by_oracle[oracle]:.3f}" if oracle in by_oracle else "–" for oracle in oracles)]
        for equation, by_oracle in found.items()
    ]
    return table(["equation", *(ORACLE_NAMES[oracle] for oracle in oracles)], rows)


def distribution(report: dict[str, Any]) -> str:
    """The share of entries by error / tolerance, a row each up to an edge, by oracle."""
    columns = []
    for forms in report["oracles"].values():
        counts: Counter[float] = Counter()
        for statistics in forms.values():
            for edge, count in statistics["error_over_tolerance"].items():
                counts[next((mine for mine in EDGES if float(edge) <= mine * 1.001), float("inf"))] += count
        columns.append(counts)
    rows = []
    for before, edge in zip((0.0, *EDGES), (*EDGES, float("inf")), strict=True):
        name = "above 1" if edge == float("inf") else f"{before:g} to {edge:g}" if before else f"up to {edge:g}"
        rows.append([name, *(_percent(counts[edge] / counts.total()) for counts in columns)])
    rows.append(["entries, in all forms", *(f"{counts.total():,}" for counts in columns)])
    return table(["error / tolerance", *(ORACLE_NAMES[oracle] for oracle in report["oracles"])], rows)


def _percent(share: float) -> str:
    return f"{share:.2%}" if share >= 1e-4 else f"{100 * share:.1g}%" if share else "0"


def page(report: dict[str, Any]) -> str:
    """The page."""
    environment, notes = report["environment"], report["notes"]
    rate, alarms = (next(note for note in notes if part in note) for part in ("networks a second", "alarms"))
    head = HEAD.format(
        verdict=report["verdict"].capitalize(),
        networks=report["networks"],
        entries=report["entries"],
        alarms=alarms[0].upper() + alarms[1:],
        command=f"{report['again']} --workers 2 --json million.json",
        minutes=report["seconds"] / 60,
        rate=rate,
        platform=environment["platform"],
        versions=", ".join(f"{SPELLED[name]} {version}" for name, version in environment["versions"].items()),
        date=environment["date"][:10],
    )
    covered = table(["", "networks"], [[name, f"{count:,}"] for name, count in report["covered"].items()])
    skipped = table(["reason", "entries"], [[reason, f"{count:,}"] for reason, count in report["skipped"].items()])
    parts = (
        head,
        MAX, largest(report),
        DISTRIBUTION, distribution(report),
        COVERED, covered,
        SKIPPED, skipped,
    )  # fmt: skip
    return "\n".join(parts)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(json.loads(CAMPAIGN.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
