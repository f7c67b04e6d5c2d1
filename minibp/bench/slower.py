"""The cases where minibp is slower: than a peer, its own simpler form, its targets, or another library's checker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from minibp.bench.cases import TABLE, TABLE_ROWS
from minibp.bench.contenders import ALL_ORACLES, BATCHED, CHECKERS, PEERS, PER_EXAMPLE, WORKSPACE
from minibp.bench.ratios import Spread, ratio

OTHERS = [one.name for one in CHECKERS if not one.name.startswith("minibp")]
TARGETS = {(row.sizes, row.batch, dtype): target for row in TABLE_ROWS for dtype, target in row.targets.items()}


class SlowerCase(NamedTuple):
    """One case in which minibp is slower, or in which a contender has no figures."""

    what: str
    """Who is faster than whom, with so many threads."""
    where: str
    """Sizes, batch, dtype."""
    how: str
    """The ratio with its quartiles, or the reason."""


def slower_cases(results: dict[str, Any]) -> list[SlowerCase]:
    """Every case; a ratio below 1 whose upper quartile is not is called a draw."""
    return [slower for case in results["cases"] for slower in _of(case)]


def slower_lines(found: Iterable[SlowerCase]) -> list[str]:
    """Lines: each comparison in which minibp is slower, and its cases below it.

    >>> slower_lines([SlowerCase("JAX / workspace", "2-3-1, 4", "0.90")])
    ['JAX / workspace', '  2-3-1, 4: 0.90']
    """
    kinds: dict[str, list[str]] = {}
    for slower in found:
        kinds.setdefault(slower.what, []).append(f"  {slower.where}: {slower.how}")
    return [line for what, cases in kinds.items() for line in (what, *cases)]


def _of(case: dict[str, Any]) -> Iterator[SlowerCase]:
    where = f"{'-'.join(map(str, case['sizes']))}, {case['batch']}, {case['dtype']}"
    threads = f"{case['threads']} thread{'s' if case['threads'] > 1 else ''}"
    for name, outcome in case["contenders"].items():
        reason = outcome.get("wrong", outcome.get("failed"))
        if reason is not None:
            yield SlowerCase(f"{name} has no figures, {threads}", where, reason)
    rivals = [(peer.name, form.name) for form in (WORKSPACE, BATCHED) for peer in PEERS]
    rivals += [(BATCHED.name, WORKSPACE.name), (PER_EXAMPLE.name, BATCHED.name)]
    for name, than in (*rivals, *((name, ALL_ORACLES.name) for name in OTHERS)):
        rounds = [case["contenders"].get(one, {}).get("seconds") for one in (name, than)]
        found = None if None in rounds else ratio(*rounds)
        if found is not None and found.median < 1:
            draw = ", a draw" if found.high >= 1 else ""
            yield SlowerCase(f"{name} / {than}, {threads}", where, f"{_with_quartiles(found)}{draw}")
    target = TARGETS.get((tuple(case["sizes"]), case["batch"], case["dtype"]))
    mine = case["contenders"].get(WORKSPACE.name, {}).get("ratio")
    if case["kind"] == TABLE and case["threads"] == 1 and mine and target is not None and mine["median"] > target:
        draw = ", a draw" if mine["low"] <= target else ""
        what = f"{WORKSPACE.name} / products over its target, {threads}"
        yield SlowerCase(what, where, f"{_with_quartiles(Spread(**mine))} over {target:.2f}{draw}")


def _with_quartiles(found: Spread) -> str:
    digits = 2 if found.median >= 0.1 else 4
    return f"{found.median:.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}]"
