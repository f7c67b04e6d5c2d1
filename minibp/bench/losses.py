"""Where minibp loses: to a peer, to its own simpler form, to its targets, and to other people's checkers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minibp.bench.cases import ROWS, TABLE
from minibp.bench.contenders import ALL_ORACLES, BATCHED, CHECKERS, PEERS, PER_EXAMPLE, WORKSPACE
from minibp.bench.ratios import Spread, ratio

OTHERS = [one.name for one in CHECKERS if not one.name.startswith("minibp")]


def losses(results: dict[str, Any]) -> list[str]:
    """One sentence for each, ratios with their quartiles; failures are losses too."""
    return [line for case in results["cases"] for line in _of(case)]


def _of(case: dict[str, Any]) -> Iterator[str]:
    where = f"{'-'.join(map(str, case['sizes']))}, {case['batch']} examples, {case['dtype']}"
    where += f", {case['threads']} thread{'s' if case['threads'] > 1 else ''}"
    for name, outcome in case["contenders"].items():
        reason = outcome.get("wrong", outcome.get("failed"))
        if reason is not None:
            yield f"{where}: {name} has no figures: {reason}"
    rivals = [*(peer.name for peer in PEERS), BATCHED.name] if case["kind"] == TABLE else [BATCHED.name]
    for name in rivals:
        yield from _faster(case, name, WORKSPACE.name, f"{where}: {name} takes", "of the workspace's time")
    yield from _faster(case, PER_EXAMPLE.name, BATCHED.name, f"{where}: the loop takes", "of the batched form's time")
    for name in OTHERS:
        yield from _faster(case, name, ALL_ORACLES.name, f"{where}: {name} takes", "of all three oracles' time")
    target = next(
        (r.targets.get(case["dtype"]) for r in ROWS if r.sizes == tuple(case["sizes"]) and r.batch == case["batch"]),
        None,
    )
    found = case["contenders"].get(WORKSPACE.name, {}).get("ratio")
    if case["kind"] == TABLE and case["threads"] == 1 and found and target is not None and found["median"] > target:
        yield f"{where}: the workspace takes {_shown(Spread(**found))} of the products, its target is {target:.2f}"


def _faster(case: dict[str, Any], name: str, than: str, says: str, of: str) -> Iterator[str]:
    """A sentence if `name` takes less than `than`, by the median of per-round ratios."""
    rounds = [case["contenders"].get(one, {}).get("seconds") for one in (name, than)]
    found = None if None in rounds else ratio(*rounds)
    if found is not None and found.median < 1:
        yield f"{says} {_shown(found)} {of}"


def _shown(found: Spread) -> str:
    return f"{found.median:.2f} (quartiles {found.low:.2f} and {found.high:.2f})"
