"""What calls with the same arguments differ by: sums in another order, as of threads and atomic additions, or more."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minibp.arrays import Array

CALLS = 6
"""Further calls, by which what is different from call to call is measured."""
GRANTED = 1024.0
"""So many units in the last place of the largest result are taken for sums in another order: of a thousand terms of
its size. More terms, or larger ones that cancel, may differ by more, and are said to be random."""


def run_to_run(first: Array, again: Array, call: Callable[[], Array], unit: float) -> Array | None:
    """How far results lie apart that are not all the same; None where it is more than the order of sums may make it."""
    limit = granted(first, unit)
    found = np.zeros(len(first))
    for more in range(CALLS + 1):
        other = call() if more else again
        if other.shape != first.shape or not np.array_equal(np.isnan(first), np.isnan(other)):
            return None
        found = np.fmax(found, np.abs(np.where(other == first, 0, other - first)))
        if not (np.nan_to_num(found) <= limit).all():
            return None
    return np.nan_to_num(found)


def granted(first: Array, unit: float) -> float:
    """How far apart results may be."""
    return GRANTED * unit * float(np.abs(first[np.isfinite(first)]).max(initial=0.0))
