"""Results as text: the headline, ratios with their spread, how cost grows, and where minibp is slower."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minibp.bench.cases import (
    BATCH_SWEEP,
    DEPTH_SWEEP,
    DEPTHS_BATCH,
    DEPTHS_WIDTH,
    TABLE,
    TABLE_ROWS,
    WIDTH_SWEEP,
    WIDTHS_BATCH,
)
from minibp.bench.contenders import ALL_ORACLES, BATCHED, CHECKERS, PEERS, PER_EXAMPLE, PRODUCTS, WORKSPACE
from minibp.bench.headline import HEADLINE_FORMS, case_label, headline, speedups
from minibp.bench.slower import slower_cases, slower_lines
from minibp.bench.summary import groups
from minibp.bench.units import seconds, size, with_spread
from minibp.tables import PIPE_WIDTH, fitted, wrapped
from minibp.text import counted

Lines = list[str]

TITLES = {
    BATCH_SWEEP: "784-30-10, batch size",
    WIDTH_SWEEP: f"784-width-10, {WIDTHS_BATCH} examples, width",
    DEPTH_SWEEP: f"hidden layers of {DEPTHS_WIDTH}, {DEPTHS_BATCH} examples, number",
}
VARIED = {BATCH_SWEEP: "examples in a batch", WIDTH_SWEEP: "neurons of the hidden layer", DEPTH_SWEEP: "hidden layers"}
"""The meaning of n in each sweep."""
QUIET = 0.2
"""Cores that may be busy with something else."""
MORE_CORES = 1.2
"""Times the threads: what a process may keep busy beside its blocks of calls, and still be said to use so many."""


GLOSSARY = (
    (PER_EXAMPLE.name, "one gradient by a loop over the examples"),
    (BATCHED.name, "all examples at once"),
    (WORKSPACE.name, "reused buffers"),
    (PRODUCTS.name, "the GEMM-only baseline: the matrix products and nothing else"),
    ("target", "the ratio that the workspace is held to"),
    ("±", "half the interquartile range"),
)
"""The words of the tables, for a reader who has nothing else at hand."""


class Title(str):
    """A line above a table, which a terminal shows in bold."""

    __slots__ = ()


def results_text(results: dict[str, Any], columns: int = PIPE_WIDTH) -> str:
    """The headline and all tables of what `suite.run` returned, in lines of at most so many columns."""
    return "\n".join(results_lines(results, columns))


def results_lines(results: dict[str, Any], columns: int = PIPE_WIDTH) -> Lines:
    """The same line by line; a `Title` is above a table."""
    rows = speedups(results["cases"])
    parts = [
        _prose(headline(rows, columns), columns),
        _prose(heading(results).splitlines(), columns),
        *_speedups(rows, columns),
    ]
    for tables in (_fixed_table, _memory, _sweeps, _checkers):
        parts += tables(results, columns)
    parts += [_glossary(parts, columns)]
    parts += [_under_title(part, columns) for part in (*_threads(results), _slower_cases(results))]
    return [line for part in parts if part for line in ("", *part)][1:]


def _glossary(parts: list[Lines], columns: int) -> Lines:
    """What the words mean that the tables have."""
    said = "\n".join(line for part in parts for line in part)
    used = [(word, meaning) for word, meaning in GLOSSARY if word in said]
    wide = max((len(word) for word, _ in used), default=0)
    return [line for word, text in used for line in wrapped(f"{word:{wide}}  {text}", columns, " " * (wide + 2))]


def _under_title(part: Lines, columns: int) -> Lines:
    """Prose of which the first line is a title."""
    title, *rest = part
    return [*map(Title, wrapped(title, columns)), *_prose(rest, columns)]


def _prose(lines: Lines, columns: int) -> Lines:
    return [short for line in lines for short in wrapped(line, columns, "    ")]


def _titled(title: str, head: Lines, rows: list[Lines], note: str, columns: int, *, labels: int = 1) -> Lines:
    """A table with its title above it, and below it what its columns are, where the glossary does not say it."""
    below = wrapped(note, columns) if note else []
    return [*map(Title, wrapped(title, columns)), *fitted(head, rows, columns, labels=labels), *below]


def heading(results: dict[str, Any]) -> str:
    """The machine measured on, and the contenders that are absent."""
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


def _cell(outcome: dict[str, Any] | None) -> str:
    """A ratio, or why there is none."""
    if outcome is None:
        return "–"
    if "seconds" not in outcome:
        return "WRONG" if "wrong" in outcome else "failed"
    return with_spread(outcome["ratio"])


def _time(outcome: dict[str, Any] | None) -> str:
    return seconds(outcome["median"]) if outcome is not None and "median" in outcome else _cell(outcome)


def _speedups(rows: list[dict[str, Any]], columns: int) -> Iterator[Lines]:
    """The loop over each form, where the headline has not said all."""
    if len(rows) > 1:
        lines = [
            [case_label(row), row["dtype"], str(row["threads"]), *(with_spread(row[f]) for f in HEADLINE_FORMS)]
            for row in rows
        ]
        note = "the loop's time / that of the form; threads are those of BLAS"
        title = "Times as fast as the per-example loop"
        yield _titled(title, ["sizes, batch", "dtype", "threads", *HEADLINE_FORMS], lines, note, columns, labels=3)


def _fixed_table(results: dict[str, Any], columns: int) -> Iterator[Lines]:
    """The table of own forms with the targets, then the peers."""
    targets = {(row.sizes, row.batch): row.targets for row in TABLE_ROWS}
    for dtype, threads, members in groups(results["cases"], TABLE):
        rows = []
        for case in members:
            seen = case["contenders"].get
            target = targets.get((tuple(case["sizes"]), case["batch"]), {}).get(dtype)
            aim = f"{target:.2f}" if target is not None and threads == 1 else "–"
            own = [_cell(seen(one.name)) for one in (BATCHED, PER_EXAMPLE)]
            rows.append([case_label(case), _time(seen(PRODUCTS.name)), _cell(seen(WORKSPACE.name)), aim, *own])
        measured = f"{dtype}, {counted(threads, 'BLAS thread')}"
        title = f"Time of one gradient in units of its GEMM-only baseline, {measured}"
        head = ["sizes, batch", "products", "workspace", "target", "batched", "per-example"]
        if all(row[3] == "–" for row in rows):
            head, rows = [*head[:3], *head[4:]], [[*row[:3], *row[4:]] for row in rows]
        yield _titled(title, head, rows, "", columns)
        peers = [peer.name for peer in PEERS if any(peer.name in case["contenders"] for case in members)]
        if peers:
            names = [WORKSPACE.name, *peers]
            lines = [[case_label(case), *(_cell(case["contenders"].get(name)) for name in names)] for case in members]
            note = "time of the same gradient / products; workspace is minibp's"
            yield _titled(
                f"The same beside other libraries, {measured}", ["sizes, batch", *names], lines, note, columns
            )


def _memory(results: dict[str, Any], columns: int) -> Iterator[Lines]:
    """The memory that forms keep, and the peak of one call."""
    names = [one.name for one in (PER_EXAMPLE, BATCHED, WORKSPACE)]
    for dtype, _, members in groups(results["cases"], TABLE):
        rows = []
        for case in members:
            found = [case["contenders"].get(name, {}).get("memory") for name in names]
            if any(found):
                rows.append([case_label(case), *("–" if one is None else kept_and_peak(one) for one in found)])
        if rows:
            title = f"Memory: kept between calls + peak of one call beside it, {dtype}"
            yield _titled(title, ["sizes, batch", *names], rows, "", columns)


def kept_and_peak(memory: dict[str, int]) -> str:
    """The bytes kept between calls, and the most that one call has beside these."""
    return " + ".join(size(max(0, memory[key])) for key in ("kept", "peak"))


def _sweeps(results: dict[str, Any], columns: int) -> Iterator[Lines]:
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
            note = f"n: {VARIED[kind]}; median time of one gradient"
            if any(fits):
                note += "; last row: the power of n that it grows with, between these n"
            lines = _titled(f"{title}, {dtype}, {counted(threads, 'BLAS thread')}", ["n", *names], rows, note, columns)
            if kind == BATCH_SWEEP:
                pays = [one for one in results["pays_from"] if (one["dtype"], one["threads"]) == (dtype, threads)]
                lines += _prose([break_even_sentence(one) for one in pays], columns)
            yield lines


def break_even_sentence(found: dict[str, Any]) -> str:
    """From where on batching pays, in words.

    >>> break_even_sentence({"batch": 4, "least": 1})
    'Batching pays from 4 examples on, of the batch sizes measured.'
    """
    if found["batch"] is None:
        return "Batching did not pay at the largest batch measured."
    if found["batch"] == found["least"]:
        return f"Batching paid at every batch size measured, from {found['least']} on."
    return f"Batching pays from {found['batch']} examples on, of the batch sizes measured."


def _checkers(results: dict[str, Any], columns: int) -> Iterator[Lines]:
    """One full check of one network."""
    members = [case for case in results["cases"] if case["kind"] == "checkers"]
    names = [one.name for one in CHECKERS if any(one.name in case["contenders"] for case in members)]
    if members:
        rows = []
        for name in names:
            seen = [case["contenders"].get(name) for case in members]
            rows.append([name, *(cell for one in seen for cell in (_time(one), _cell(one)))])
        head = ["", *(cell for case in members for cell in (case_label(case), "ratio"))]
        title = f"One check of one network's gradient, float64, 1 BLAS thread; ratio to {ALL_ORACLES.name}"
        note = f"Under sizes and batch: median time of a check; ratio: that time / {ALL_ORACLES.name}"
        yield _titled(title, head, rows, note, columns)


def _threads(results: dict[str, Any]) -> Iterator[Lines]:
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


def _slower_cases(results: dict[str, Any]) -> Lines:
    found = slower_lines(slower_cases(results))
    if not found:
        return ["minibp is slower nowhere in these tables"]
    return ["Where minibp is slower: median ratios with their quartiles", *found]
