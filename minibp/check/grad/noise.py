"""How noisy an unknown function is near a point: what is granted as rounding where no bound can be derived.

Between points a few ulps apart an exact function hardly differs, so that what differs is rounding, or what any
computation on rounded numbers has to allow for: Monte Carlo arithmetic with perturbed inputs (Parker, Pierce and
Eggert, Computing in Science & Engineering 2, 2000). Where a function is flat its rounding is the same at such points.
That, and the noise of iterations that stop early and of single precision inside, shows on a larger scale in difference
tables, which leave nothing of what is smooth (Hamming; Moré and Wild, Estimating computational noise, SIAM J. Sci.
Comput. 33, 2011).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minibp.arrays import Array

LAST = 256.0
"""What is granted of a number's last digits, in units of u: rounding that shows in no noise, since it is the same at
all points, of a chain of some hundred operations, or of an iteration that has just converged."""
SAFETY = 4.0
"""An error may be so many times the noise that is seen: of normal errors this is more than ten deviations."""
TAIL = 7.0
"""Errors along random signs exceed so many times the root of their squares once in 10^10 (Hoeffding's inequality)."""
NEAR = (4, 3)
"""Lines from x, and points along each that are a few ulps apart."""
WIDE = (3, 5)
"""Lines on a larger scale, and points along each: a kink that is crossed by one of three lines does not count."""
ALL_SCALES, TWO_SCALES = (44, 36, 28, 22, 20), (36, 20)
"""Distances between their points, as powers of ½ of the size of x; the cube of the largest is below rounding."""


class Nearby:
    """Points near x. All lie to one side along each line, so that a kink at x itself is left at once.

    Steps are no round numbers, since rounding that is in time with them would not show.

    `scale` and `unit` (n,) are the size and the unit roundoff of every entry.
    """

    def __init__(self, x: Array, scale: Array, unit: Array | float, rng: np.random.Generator) -> None:
        self.x = x
        ulps = [rng.choice([-3, -2, -1, 1, 2, 3], len(x)) * 2 * unit * scale for _ in range(NEAR[0])]
        self.near = [[x + t * step for t in range(1, NEAR[1] + 1)] for step in ulps]
        self.ways = [rng.choice([-1.0, 1.0], len(x)) * scale * rng.uniform(1, 2, len(x)) for _ in range(WIDE[0])]

    def noise(self, function: Callable[[Array], Any], scales: Sequence[int] = ALL_SCALES) -> Array:
        """How noisy each entry of what `function` returns is; NaN has no say.

        A kink that one of the lines crosses is no noise of a gradient's; the value of f hardly changes by it.
        """
        rows = np.array([list(map(function, line)) for line in self.near], np.float64)
        found: Array = np.nan_to_num(np.nanmax(np.nanmax(rows, 1) - np.nanmin(rows, 1), 0))
        for power in scales:
            lines = [[function(self.x + t * 2.0**-power * way) for t in range(1, WIDE[1] + 1)] for way in self.ways]
            # An error e in every value shows as at most 8 e in third differences, and usually as 4 to 5 e.
            third = np.abs(np.diff(np.array(lines, np.float64), 3, axis=1)).max(1) / 4
            found = np.fmax(found, np.nanmedian(third, 0) if third.ndim > 1 else np.nanmax(third))
        return SAFETY * found


def grant(v: Array, value: Array, noise: Array, unit: Array | float) -> float:
    """How far value · v may be off, v being signs: noise, and the last digits of each entry."""
    each = noise + LAST * unit * np.abs(value) + float(np.finfo(np.float64).tiny)
    moves = v != 0
    largest = float(each[moves].max())
    return (TAIL if moves.sum() > 1 else 1.0) * largest * float(np.sqrt(((each[moves] / largest) ** 2).sum()))


def dot(row: Array, v: Array) -> float:
    """row · v, rounded once."""
    moves = np.flatnonzero(v)
    products = row[moves] * v[moves]
    return math.fsum(products.tolist()) if np.isfinite(products).all() else math.nan


def restricted(v: Array, moves: Array) -> Array:
    """v with 0 everywhere but at the indices `moves`."""
    found = np.zeros_like(v)
    found[moves] = v[moves]
    return found
