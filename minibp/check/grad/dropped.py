"""What decompositions drop: entries that are lost beside others of their array, and with them slopes of the result."""

from __future__ import annotations

import numpy as np

from minibp.check.grad.column import DIFFERENCES, Column
from minibp.check.grad.differences import COARSEST, two_sided
from minibp.check.grad.projected import Projected
from minibp.check.grad.resolution import RESOLVED
from minibp.check.grad.steps import slopes_over

LOST = 256.0
"""What is so few units u of the largest entry, or result, is lost beside it in the rounding of a decomposition."""
FINEST = 2.0**-26
"""The shortest step, in units of the largest entry, over which a result moves by far more than rounding."""


def is_dropped(seen: Projected, column: Column, i: int) -> bool:
    """True of a claim on result i that differences alone contradict, beneath what is lost beside an array.

    Singular values drop entries that are lost beside the largest, and what is computed by them moves by another slope
    then, as smoothly. Over steps of the size of the array the claim has to hold, to within the rounding of the largest
    result; and be told there, or what it is off by is lost beside that.
    """
    if column.oracle[i] != DIFFERENCES or not column.is_entry:
        return False
    k, unit = int(column.moves[0]), float(seen.unit[i])
    entries = np.abs(seen.arguments.flat[seen.arguments.structure.beside(k)])
    size = float(entries[np.isfinite(entries)].max())
    if not ((entries > 0) & (entries <= LOST * unit * size)).any():
        return False
    largest = float(np.abs(seen.at).max())
    rounding = LOST * unit * largest
    found = slopes_over(seen, column, FINEST * size, COARSEST * size, rounding)
    value, radius = (float(one[i]) for one in two_sided(found))
    allowed, got = float(column.allowed[i]), float(column.got[i])
    left, right = (found.left[i], found.left_radius[i]), (found.right[i], found.right_radius[i])
    low, high = (min(left, right), max(left, right)) if found.kink[i] else ((value, radius), (value, radius))
    if found.jumps[i] or not low[0] - low[1] - allowed <= got <= high[0] + high[1] + allowed:
        return False
    told = column.base <= LOST * unit * size and not found.kink[i] and radius <= RESOLVED * abs(value)
    # Further away, where it moves by more than its own size, f may be another, whatever it is here.
    told = told and abs(value) * float(found.step[i]) <= largest
    return told or abs(got - float(column.expected[i])) <= rounding / column.base
