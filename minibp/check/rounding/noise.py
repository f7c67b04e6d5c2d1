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
LEAST, MOST_PARTS = 16.0, 2.0**20
"""Points lie off their places by parts of the way to the next, which are at least so many spacings long, and of which
there are no more than so many."""
POINTS, PLACES, DEGREE = 8, 24, 3
"""Points along each, at so many places, and the degree of what is smooth between them."""
BETWEEN = np.arange(POINTS) * (5**0.5 - 1) / 2 % 1
"""Where points lie between two places, no two at whole parts of the way from each other."""


def scatter(
    values: Callable[[Array], Array],
    x: Array,
    size: Array,
    distance: float,
    rng: np.random.Generator,
    degree: int = DEGREE,
    *,
    between: bool = False,
) -> Array | None:
    """How far values (m,) of a function lie from a polynomial, along lines from x; None where nothing can be moved.

    `size` (n,) is how large each entry is, 0 for those that stay, and `distance` the length of a line in units of it.
    With `between` points lie between the places as well, for what computes in float64: of rounding that is periodic
    whole places show no more than one step, wherever they are about whole periods apart.
    """
    if not size.any():
        return None
    with np.errstate(all="ignore"):
        spacing = 8 * np.spacing(np.maximum(np.abs(x) / 2, 5e-324))  # so that points are where they are meant to be
    found = []
    for _ in range(PAIRS):
        way = distance / PLACES * rng.choice([-1.0, 1.0], len(x)) * size * rng.uniform(1, 2, len(x))
        parts = _parts(way / spacing) if between else 1.0
        way = np.round(way / (parts * spacing)) * (parts * spacing)
        # The point itself is left out: what is another there than beside it is no noise.
        t = 1.0 + np.sort(rng.choice(PLACES, POINTS, replace=False))
        t += np.floor(BETWEEN * parts) / parts
        lines = (np.array([values(x + place * side * way) for place in t]) for side in (1, -1))
        found.append(np.fmin(*(np.abs(_residual(t, line, degree)).max(0) for line in lines)))
    return np.asarray(np.nan_to_num(np.fmax.reduce(found, axis=0)))


def _parts(counts: Array) -> float:
    """Into how many parts the way from one place to the next can be cut, so many spacings of the numbers long."""
    moved = np.abs(counts[np.isfinite(counts) & (counts != 0)])
    return float(2.0 ** np.floor(np.log2(np.clip(moved.min(initial=np.inf) / LEAST, 1, MOST_PARTS))))


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
