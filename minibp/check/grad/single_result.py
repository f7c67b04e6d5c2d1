"""The result that is off, of so many that sums of them with random signs were compared: by halves of such a sum."""

from __future__ import annotations

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.claim import Claim
from minibp.check.grad.claimed_slopes import ClaimedSlopes
from minibp.check.grad.column import DIFFERENCES, WRONG, Cell
from minibp.check.grad.engine import Engine
from minibp.check.grad.judge import Judge
from minibp.check.grad.projected import Projected


def single_result(engine: Engine, claim: Claim, cell: Cell) -> Cell | None:
    """The comparison of one result along the same direction; None where what is off shows in no half of a sum.

    Halves of the sum that is off are compared, and halves of the half that is off most. Each takes two rows of the
    claim and, where no other oracle follows f, some sixty calls of f. They end with the budget of calls.
    """
    assert engine.seen.combinations is not None
    weights, results = engine.seen.combinations[cell.i], np.arange(len(engine.function))
    begun, found = engine.function.calls, None
    while len(results) > 1 and engine.function.calls - begun < engine.calls:
        halves = np.array_split(results, 2)
        sums = np.zeros((len(halves), len(weights)))
        for row, half in zip(sums, halves, strict=True):
            row[half] = weights[half]
        found = _worst(engine, claim, sums, cell)
        if found is None:
            return None
        results = halves[found.i]
    if found is None or len(results) > 1:
        return None
    i, by = int(results[0]), float(weights[results[0]])
    return found._replace(i=i, got=found.got / by, expected=found.expected / by, tolerance=found.tolerance / abs(by))


def _worst(engine: Engine, claim: Claim, sums: Array, cell: Cell) -> Cell | None:
    """Of such sums of the results the one that is off most along the direction, if any is."""
    seen = Projected(engine.function, sums)
    claimed, oracles = ClaimedSlopes(claim, seen), engine.oracles.through(seen)
    judge = Judge(seen, claimed, oracles, differences=engine.judge.differences, calls=engine.calls)
    k = np.flatnonzero(cell.v)
    base = float(engine.arguments.scale[k[0]]) if len(k) == 1 else 1.0
    column = claimed.column(cell.v, base)
    judge.judge(column, differences=cell.oracle == DIFFERENCES)
    return max(column.cells((WRONG,)), key=lambda one: one.excess, default=None)
