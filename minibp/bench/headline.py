"""The headline: how many times as fast as the per-example loop the batched form and the workspace are."""

from __future__ import annotations

from typing import Any

from minibp.bench.cases import TABLE
from minibp.bench.contenders import BATCHED, PER_EXAMPLE, WORKSPACE
from minibp.bench.ratios import ratio
from minibp.bench.units import with_spread
from minibp.tables import PIPE_WIDTH
from minibp.text import counted

HEADLINE_FORMS = (BATCHED.name, WORKSPACE.name)

Speedup = dict[str, Any]


def speedups(cases: list[dict[str, Any]]) -> list[Speedup]:
    """For each row of the table: the loop's time over that of each form, quartiles of the rounds' ratios.

    None stands for a form that has no figures.
    """
    found = []
    for case in cases:
        if case["kind"] != TABLE:
            continue
        loop = case["contenders"].get(PER_EXAMPLE.name, {}).get("seconds")
        row: Speedup = {key: case[key] for key in ("sizes", "batch", "dtype", "threads")}
        for name in HEADLINE_FORMS:
            form = case["contenders"].get(name, {}).get("seconds")
            ratios = None if loop is None or form is None else ratio(loop, form)
            row[name] = None if ratios is None else ratios._asdict()
        found.append(row)
    return found


def headline(rows: list[Speedup], columns: int = PIPE_WIDTH) -> list[str]:
    r"""Three lines: the least and the greatest speedup of each form, of the first dtype and number of threads.

    Where they are, in brackets, is left out of a line that would be longer than `columns`. There are none without rows.

    >>> half = {"low": 1.5, "median": 2.0, "high": 2.5}
    >>> row = {"sizes": [2, 1], "batch": 4, "dtype": "float64", "threads": 1, "batched": half, "workspace": None}
    >>> print("\n".join(headline([row])))
    On this machine, times as fast as the per-example loop (float64, 1 BLAS thread):
    batched    2.00 ±0.50 (2-1, 4)
    workspace  no figures
    """
    if not rows:
        return []
    dtype, threads = rows[0]["dtype"], rows[0]["threads"]
    members = [row for row in rows if (row["dtype"], row["threads"]) == (dtype, threads)]
    title = "On this machine, times as fast as the per-example loop"
    lines = [_longest([f"{title} ({dtype}, {counted(threads, 'BLAS thread')}):", f"{title}:"], columns)]
    for name in HEADLINE_FORMS:
        with_figures = sorted((row for row in members if row[name]), key=lambda row: row[name]["median"])
        ends = with_figures[:1] + with_figures[1:][-1:]
        label = name.ljust(max(map(len, HEADLINE_FORMS)))
        placed = " to ".join(f"{with_spread(row[name])} ({case_label(row)})" for row in ends)
        plain = " to ".join(with_spread(row[name]) for row in ends)
        lines.append(_longest([f"{label}  {said or 'no figures'}" for said in (placed, plain)], columns))
    return lines


def case_label(case: dict[str, Any]) -> str:
    """Sizes and batch in short.

    >>> case_label({"sizes": [2, 3, 1], "batch": 4})
    '2-3-1, 4'
    """
    return f"{'-'.join(map(str, case['sizes']))}, {case['batch']}"


def _longest(lines: list[str], columns: int) -> str:
    """The first of lines from long to short that fits, or the last."""
    return next((line for line in lines if len(line) <= columns), lines[-1])
