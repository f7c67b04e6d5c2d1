"""Results as text: ratios with their spread, how cost grows, and where minibp loses."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from minibp.bench.cases import BATCH, DEPTH, DEPTHS_BATCH, DEPTHS_WIDTH, ROWS, TABLE, WIDTH, WIDTHS_BATCH
from minibp.bench.contenders import ALL_ORACLES, BATCHED, CHECKERS, PEERS, PER_EXAMPLE, PRODUCTS, WORKSPACE
from minibp.bench.losses import losses, told
from minibp.bench.summary import groups

TITLES = {
    BATCH: "784-30-10, batch size",
    WIDTH: f"784-width-10, {WIDTHS_BATCH} examples, width",
    DEPTH: f"hidden layers of {DEPTHS_WIDTH}, {DEPTHS_BATCH} examples, number",
}
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (0.0, "ns"))
QUIET = 0.2
"""Cores that may be busy with something else."""
MORE_CORES = 1.2
"""Times the threads: what a process may keep busy beside its blocks of calls, and still be said to use so many."""
BYTES = ((1 << 20, "MiB"), (1 << 10, "KiB"), (0, "B"))


def text(results: dict[str, Any]) -> str:
    """All tables of what `suite.run` returned."""
    parts = [[heading(results)], *_table(results), *_memory(results), *_sweeps(results), *_checkers(results)]
    parts += [*_threads(results), _losses(results)]
    return "\n\n".join("\n".join(part) for part in parts)


def heading(results: dict[str, Any]) -> str:
    """What it was measured on, and what is absent."""
    machine = results["machine"]
    blas = machine["blas"]
    said = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}",
        f"{machine['python']}, NumPy {machine['versions']['numpy']}, {blas['name']} {blas['version']}",
        f"seed {results['seed']}, {results['seconds']:.0f} s",
    ]
    if (machine["others"] or 0) > QUIET:
        others = f"{machine['others']:.1f} cores were busy with something else meanwhile"
        said.append(f"{others}: these are not the figures of a quiet machine")
    if results["absent"]:
        absent = (f"{name} ({module})" for name, module in results["absent"].items())
        said.append(f"not installed, left out: {', '.join(absent)}")
    return "\n".join(said)


def seconds(value: float) -> str:
    """A time with three digits and its unit.

    >>> seconds(0.0123456)
    '12.3 ms'
    """
    return _scaled(value, UNITS)


def ratio(found: dict[str, float] | None) -> str:
    """A median ratio ± half of the distance between its quartiles.

    >>> ratio({"low": 1.0, "median": 1.25, "high": 1.5})
    '1.25 ±0.25'
    """
    if found is None:
        return "–"
    middle, off = found["median"], (found["high"] - found["low"]) / 2
    digits = 4 if middle < 0.1 else 2 if middle < 10 else 1 if middle < 100 else 0
    return f"{middle:.{digits}f} ±{off:.{digits}f}"


def _scaled(value: float, units: Sequence[tuple[float, str]]) -> str:
    scale, unit = next(pair for pair in units if value >= pair[0])
    scaled = value / (scale or (1e-9 if unit == "ns" else 1))
    digits = 0 if unit == "B" else max(0, 2 - max(0, math.floor(math.log10(scaled)))) if scaled else 0
    return f"{scaled:.{digits}f} {unit}"


def _cell(outcome: dict[str, Any] | None) -> str:
    """A ratio, or why there is none."""
    if outcome is None:
        return "–"
    if "seconds" not in outcome:
        return "WRONG" if "wrong" in outcome else "failed"
    return ratio(outcome["ratio"])


def _time(outcome: dict[str, Any] | None) -> str:
    return seconds(outcome["median"]) if outcome is not None and "median" in outcome else _cell(outcome)


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of columns, the first to the left and the others to the right.

    >>> grid(["n", "t"], [["1", "10 s"]])
    ['n     t', '1  10 s']
    """
    columns = list(zip(head, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (head, *rows)
    ]


def _count(threads: int) -> str:
    return f"{threads} BLAS thread{'s' if threads > 1 else ''}"


def _case(case: dict[str, Any]) -> str:
    return f"{'-'.join(map(str, case['sizes']))}, {case['batch']}"


def _table(results: dict[str, Any]) -> Iterator[list[str]]:
    """The fixed table: own forms with the targets, then the peers."""
    targets = {(row.sizes, row.batch): row.targets for row in ROWS}
    for dtype, threads, members in groups(results["cases"], TABLE):
        rows = []
        for case in members:
            seen = case["contenders"].get
            target = targets.get((tuple(case["sizes"]), case["batch"]), {}).get(dtype)
            aim = f"{target:.2f}" if target is not None and threads == 1 else "–"
            own = [_cell(seen(one.name)) for one in (BATCHED, PER_EXAMPLE)]
            rows.append([_case(case), _time(seen(PRODUCTS.name)), _cell(seen(WORKSPACE.name)), aim, *own])
        title = f"Time of one gradient in units of its matrix products alone, {dtype}, {_count(threads)}"
        yield [title, *grid(["sizes, batch", "products", "workspace", "target", "batched", "per-example"], rows)]
        peers = [peer.name for peer in PEERS if any(peer.name in case["contenders"] for case in members)]
        if peers:
            names = [WORKSPACE.name, *peers]
            lines = [[_case(case), *(_cell(case["contenders"].get(name)) for name in names)] for case in members]
            yield [
                f"The same beside other libraries, {dtype}, {_count(threads)}",
                *grid(["sizes, batch", *names], lines),
            ]


def _memory(results: dict[str, Any]) -> Iterator[list[str]]:
    """What forms keep, and the peak of one call."""
    names = [one.name for one in (PER_EXAMPLE, BATCHED, WORKSPACE)]
    for dtype, _, members in groups(results["cases"], TABLE):
        rows = []
        for case in members:
            found = [case["contenders"].get(name, {}).get("memory") for name in names]
            if any(found):
                rows.append([_case(case), *("–" if one is None else _bytes(one) for one in found)])
        if rows:
            title = f"Memory: kept between calls + peak of one call beside it, {dtype}"
            yield [title, *grid(["sizes, batch", *names], rows)]


def _bytes(memory: dict[str, int]) -> str:
    return " + ".join(_scaled(max(0, memory[key]), BYTES) for key in ("kept", "peak"))


def _sweeps(results: dict[str, Any]) -> Iterator[list[str]]:
    """Times as n grows, with exponents; and for batches where batching pays."""
    names = [one.name for one in (PER_EXAMPLE, BATCHED, WORKSPACE, PRODUCTS)]
    exponents = {(one["sweep"], one["dtype"], one["threads"], one["contender"]): one for one in results["exponents"]}
    for kind, title in TITLES.items():
        for dtype, threads, members in groups(results["cases"], kind):
            rows = [[str(case["n"]), *(_time(case["contenders"].get(name)) for name in names)] for case in members]
            fits = [exponents.get((kind, dtype, threads, name)) for name in names]
            if any(fits):
                first = next(one for one in fits if one)
                powers = [f"n^{one['exponent']:.2f}" if one else "–" for one in fits]
                rows.append([f"{first['first']:g} to {first['last']:g}", *powers])
            lines = [f"{title}, {dtype}, {_count(threads)}", *grid(["n", *names], rows)]
            if kind == BATCH:
                lines += [
                    paying(one) for one in results["pays_from"] if (one["dtype"], one["threads"]) == (dtype, threads)
                ]
            yield lines


def paying(found: dict[str, Any]) -> str:
    """From where on batching pays, in words.

    >>> paying({"batch": 4, "least": 1})
    'Batching pays from 4 examples on, of the batch sizes measured.'
    """
    if found["batch"] is None:
        return "Batching did not pay at the largest batch measured."
    if found["batch"] == found["least"]:
        return f"Batching paid at every batch size measured, from {found['least']} on."
    return f"Batching pays from {found['batch']} examples on, of the batch sizes measured."


def _checkers(results: dict[str, Any]) -> Iterator[list[str]]:
    """One full check of one network."""
    members = [case for case in results["cases"] if case["kind"] == "checkers"]
    names = [one.name for one in CHECKERS if any(one.name in case["contenders"] for case in members)]
    if members:
        rows = []
        for name in names:
            seen = [case["contenders"].get(name) for case in members]
            rows.append([name, *(cell for one in seen for cell in (_time(one), _cell(one)))])
        head = ["", *(cell for case in members for cell in (_case(case), "ratio"))]
        yield [
            f"One check of one network's gradient, float64, 1 BLAS thread; ratio to {ALL_ORACLES.name}",
            *grid(head, rows),
        ]


def _threads(results: dict[str, Any]) -> Iterator[list[str]]:
    """Who had more threads than were asked for, as far as threadpoolctl sees them; or kept more cores busy."""
    lines = []
    for threads, processes in results["threads"].items():
        for name, pools in processes.items():
            most = max((pool["num_threads"] for pool in pools or []), default=0)
            if most > int(threads):
                lines.append(f"- {name}: a pool of {most} threads, where {threads} were asked for")
    busy: dict[tuple[str, int], float] = {}
    for case in results["cases"]:
        for name, outcome in case["contenders"].items():
            key = name, case["threads"]
            busy[key] = max(busy.get(key, 0.0), outcome.get("cores", 0.0))
    for (name, threads), cores in busy.items():
        if cores > threads * MORE_CORES:
            lines.append(f"- {name}: up to {cores:.1f} cores busy, where {threads} were asked for")
    if lines:
        yield ["More threads than asked for", *lines]


def _losses(results: dict[str, Any]) -> list[str]:
    found = told(losses(results))
    if not found:
        return ["minibp loses nowhere in these tables"]
    return ["Where minibp loses: median ratios with their quartiles", *found]
