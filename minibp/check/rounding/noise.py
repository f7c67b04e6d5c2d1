"""How values of a function scatter about a smooth curve: its rounding, as it shows between points close together.

A cubic through points that are spaced at random takes away what is smooth between them. Points at equal distances
would be in time with rounding that is nearly periodic, as that of 1 − cos x is, and show none of it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minibp.arrays import Array

SAFETY = 4.0
"""An error may be so many times the noise that is seen: of normal errors this is more than ten deviations."""
ULPS = 64.0
"""The length of a line of points on the finest scale, in units of the roundoff of x."""
WIDE = 2.0**-34
"""The length of a longer line, in units of the size of x: there the rounding of a function shows that is flat."""
PAIRS = 2
"""Pairs of lines from x, in opposite directions: a kink on one side is crossed by one of each pair."""
BENDS = 16.0
"""At a quarter of the distance what bends scatters by a 256th; by less than a 16th, wherever the points are but
for one of some eighty sets of them."""
POINTS, PLACES, DEGREE = 8, 24, 3
"""Points along each, at so many places, and the degree of what is smooth between them."""


def scatter(
    values: Callable[[Array], Array],
    x: Array,
    size: Array,
    distance: float,
    rng: np.random.Generator,
    degree: int = DEGREE,
) -> Array | None:
    """How far values (m,) of a function lie from a polynomial, along lines from x; None where nothing can be moved.

    `size` (n,) is how large each entry is, 0 for those that stay, and `distance` the length of a line in units of it.
    """
    if not size.any():
        return None
    with np.errstate(all="ignore"):
        spacing = 8 * np.spacing(np.maximum(np.abs(x) / 2, 5e-324))  # so that points are where they are meant to be
    found = []
    for _ in range(PAIRS):
        way = distance / PLACES * rng.choice([-1.0, 1.0], len(x)) * size * rng.uniform(1, 2, len(x))
        way = np.round(way / spacing) * spacing
        # The point itself is left out: what is another there than beside it is no noise.
        t = 1.0 + np.sort(rng.choice(PLACES, POINTS, replace=False))
        lines = (np.array([values(x + place * side * way) for place in t]) for side in (1, -1))
        found.append(np.fmin(*(np.abs(_residual(t, line, degree)).max(0) for line in lines)))
    return np.asarray(np.nan_to_num(np.fmax.reduce(found, axis=0)))


def is_bent(seen: Callable[[float], Array | None], distance: float, noise: Array) -> Array:
    """True where noise (m,) that is seen along lines of a length is how the function bends there.

    What is left of a smooth function falls as the fourth power of the distance; rounding does not, but to exactly 0.
    `seen` gives what is seen along other lengths: at a quarter it is less by far, and again.
    """
    quarter, sixteenth = seen(distance / 4), seen(distance / 16)
    if quarter is None or sixteenth is None:
        return np.zeros(len(noise), bool)
    return np.asarray((quarter > 0) & (BENDS * quarter < noise) & (BENDS * sixteenth < quarter))


def _residual(t: Array, line: Array, degree: int) -> Array:
    """What a polynomial leaves of values at t; a part (POINTS − degree − 1) / POINTS of the noise's square is left."""
    basis = np.linalg.qr(np.vander(t / PLACES - 0.5, degree + 1))[0]
    line = line - line[0]  # what does not vary has no noise at all
    left = line - basis @ (basis.T @ line)
    return np.asarray(left * np.sqrt(POINTS / (POINTS - degree - 1)))
