"""Results of exactly 0 that are left of terms about 1, and the slopes that these hide."""

from __future__ import annotations

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.projected import Projected
from minibp.check.rounding.noise import SAFETY

SHOWING = (2.0**-26, 2.0**-18, 2.0**-10)
"""Steps from √u of 1, over which terms of about 1 move by more than they are rounded by."""


def hidden_by_1(function: Projected, v: Array, first: Array, value: Array | float = 0.0) -> Array:
    """How far from a `value` the slopes of results of exactly 0 may be, since terms about 1 have cancelled; else 0.

    What they `first` move by is finer than such terms are rounded, of others that have underflowed, or that still move
    where these do not. The slopes of both together show over steps from √u of 1.
    """
    may_be = (function.at == 0) & (first < function.unit / 2)
    if not may_be.any():
        return np.zeros(len(function))
    told = np.full(len(function), np.inf)
    for h in SHOWING:
        moved = [(function(function.rounded(function.arguments.flat + by * v)) - function.at) / by for by in (h, -h)]
        apart = np.fmax(*(np.abs(slope - np.nan_to_num(value)) for slope in moved))
        told = np.fmin(told, apart + SAFETY * function.unit / h)
    return np.where(may_be, told, 0.0)
