"""The precision that a function computes in inside, as its values at points nearby tell it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.formats import FORMATS, as_format, bits_of
from minibp.check.grad.own_noise import Values

TRIALS = 8
"""Points nearby, from whose values the precision of f is recognized."""
LEFT = 2.0**-29
"""Values that are so small beside x, or 1, are what is left of larger terms where they use few bits, and of no format:
the last bit of 1 is 2^-53 in float64, and what is below 24 of these looks like float32."""
GRIDS = ((np.float16, 2.0**-11), (np.float32, 2.0**-24))
"""Formats that a function may round its arguments to, and their unit roundoffs."""
CELLS, AT_BORDERS, TRIES = 12, 3, 3
"""Cells of a format, within which f has to be the same where it rounds its argument; those of them at whose borders it
has to move, unless its values are of the format; and moves that are tried of each."""


class Precision(NamedTuple):
    """What the values near a point tell: for each entry of the result (m,), but for `grid`."""

    unit: Array
    """The unit roundoff of what each entry is computed in."""
    grid: Any
    """The coarser format that f rounds its arguments to, if any."""
    size: Array
    """How much each entry varies over the size of x, as values nearby have it."""
    span: Array
    """How far each entry is from its value at any of them."""


def precision(values: Values, unit: Array) -> Precision:
    """Find out whether f computes in a coarser format inside; `unit` (m,) is that of what it returns.

    Values that a coarser format holds exactly, at several points where they differ, are of that format; a function
    that is the same when its argument is rounded to a format first does so itself.
    """
    x, movable, scale = values.arguments.flat, values.arguments.movable, values.arguments.scale
    size, span = np.zeros(len(values.at)), np.zeros(len(values.at))
    for part in (1e-3, 0.1, 0.0):
        width = np.where(movable, part * scale if part else 1e-2, 0)
        nearby = np.array([values.value(_beside(values, width)) for _ in range(TRIALS)])
        varies = np.isfinite(nearby).all(0) & (np.ptp(nearby, axis=0) > 0)
        moved = np.abs(nearby - values.at).max(0)
        span = np.fmax(span, moved)
        if part and x[movable].any():  # an exact 0 is no size
            size = np.where((size == 0) & varies, moved / part, size)
        if varies.all():
            break
    left = LEFT * max(1.0, float(scale.max()))
    for name, coarser in FORMATS:
        held = varies & (as_format(nearby, name) == nearby).all(0) & (np.abs(nearby).max(0) > left)
        held &= (bits_of(nearby).max(0) >= -np.log2(coarser) - 1) & (nearby != np.round(nearby)).any(0)
        unit = np.where(held, np.maximum(unit, coarser), unit)
    width = np.where(movable, 0.1 * scale, 0)
    for grid, coarser in GRIDS if varies.any() else ():
        if _rounds_to(grid, bool((unit[varies] >= coarser).all()), values, width, varies):
            return Precision(np.where(varies, np.maximum(unit, coarser), unit), grid, size, span)
    return Precision(unit, None, size, span)


def _beside(values: Values, width: Array) -> Array:
    """A point whose entries are up to so far from those of x."""
    return np.asarray(values.arguments.flat + width * values.rng.uniform(-1, 1, len(width)))


def _rounds_to(grid: Any, is_of_it: bool, values: Values, width: Array, varies: Array) -> bool:
    """True where f rounds its argument to a format: it is the same within its cells, and moves at their borders.

    Values that are rounded themselves often do not move within a cell either, but they seldom do at its border; where
    they are of the format, `is_of_it`, they need not.
    """
    at_borders = 0
    for _ in range(CELLS):
        moves = _moves_at_border(grid, values, _beside(values, width), varies)
        if moves is None:
            return False
        at_borders += moves
    return at_borders >= AT_BORDERS or is_of_it


def _moves_at_border(grid: Any, values: Values, point: Array, varies: Array) -> bool | None:
    """Whether f moves at the border of a format's cell; None where it is not the same within, or still beyond."""
    with np.errstate(over="ignore"):
        middle = point.astype(grid)
        value = values.value(middle.astype(np.float64))
        if not np.array_equal(values.value(point), value):
            return None
        # Away from 0 cells are as wide as the spacing; towards it, below a power of 2, half of that.
        cell = np.copysign(np.spacing(np.abs(middle)), middle).astype(np.float64)
        signs = values.rng.choice([-0.2, 0.45], len(point))
        for part in (signs, 0.25 - signs, 0.495):
            if not np.array_equal(values.value(middle + part * cell), value):
                return None

        def moves(by: Array) -> bool:
            """True where f has another value when some entries are moved: moves of all may cancel in a sum."""
            chosen = values.rng.integers(0, 2, len(cell))
            chosen[values.rng.integers(len(cell))] = 1
            return bool((values.value(middle + chosen * by) != value)[varies].any())

        if any(moves(0.505 * cell) for _ in range(TRIES)):
            return True
        return False if any(moves(values.rng.integers(2, 10, len(cell)) * cell) for _ in range(TRIES)) else None
