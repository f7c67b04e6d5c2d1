"""Finite differences at every scale: slopes of a function along a direction, and how far each may be off.

Steps grow from a few units in the last place upwards. The finest scale that is resolved has the word: what differences
at larger steps say counts only while it agrees with all finer ones within their rounding, since a function may bend, or
have a kink, at a distance that nothing but the function itself tells. Values that do not move say only that the slope
is at most the spacing of the values over the step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.levels import FADED, Levels, Table
from minibp.check.grad.own_noise import SMALLEST
from minibp.check.grad.projected import Projected
from minibp.check.grad.terms_about_1 import SHOWING, hidden_by_1
from minibp.check.rounding.noise import SAFETY

GROWTH = 8.0
"""Each step is so many times the one before."""
FINEST, COARSEST = 2.0**-46, 2.0**-3
"""Steps relative to the size of what is moved: from where few digits are left to where f may no longer be meant."""
FINER = 64.0
"""Where even the finest step is resolved, as at 0 and of functions without rounding, steps shrink by powers of it."""
SMALLEST_STEP, LARGEST_FACTOR = 1e-322, 1e150
CLOSELY = 0.1
"""Steps beyond the size of what is moved tell a slope to this part of it, or nothing."""
LASTS = 64.0
"""Over so many units terms about 1 have moved."""
FINE = 5
"""So many of the finest steps show whether values jump at the point."""
SEEN = 2.0**-10
"""How steep a function is shows over steps of this part of the size of what is moved, not between those of rounding."""
WELL = 1e-7
"""Beyond the size of what is moved steps grow only until slopes are told as well as this."""


class Slopes(NamedTuple):
    """Slopes (m,) along one direction, each with its radius: of both sides together, and of either side."""

    value: Array
    radius: Array
    left: Array
    left_radius: Array
    right: Array
    right_radius: Array
    step: Array
    """The step that tells the slope best."""
    size: Array
    """The steepest that the function is surely seen to be over the largest steps."""
    jumps: Array
    """True where the values jump at the point itself."""
    flat: Array
    """True where the values do not move over a step over which they would if the slope were that of larger steps."""
    still: Array
    """True where the values are the same at all steps."""
    plateau: Array
    """The largest step over which values do not move at all, NaN where they move at the finest."""
    moves: Array
    """The step after it, NaN where there is none."""
    first: Array
    """By how much values move at the finest step at which they do, inf where they do at none."""
    low: Array
    """The least of what the quotients of steps that are resolved at all say of the slope, each with its radius."""
    high: Array
    """The largest."""

    @property
    def kink(self) -> Array:
        """True where the slopes on both sides differ by more than they may be off."""
        apart = np.abs(self.right - self.left) > self.left_radius + self.right_radius
        return np.asarray(apart & np.isfinite(self.left_radius) & np.isfinite(self.right_radius))

    @property
    def uneven(self) -> Array:
        """True where one side is known to have another slope than both together: at a kink, or its other side is."""
        found = np.zeros(len(self.value), bool)
        for own, radius in ((self.left, self.left_radius), (self.right, self.right_radius)):
            found |= np.isfinite(radius) & (np.abs(self.value - own) > self.radius + radius)
        return found


def slopes(function: Projected, v: Array, base: float, reach: float) -> Slopes:
    """The slopes along v.

    `base` is the size of a step of v at which it moves its entries by their own size, and `reach` the largest step
    that is meant for where nothing at all is seen to move at the size of the entries.
    """
    levels = Levels(function, v, base)
    unit = float(function.unit.max())
    growth = GROWTH if unit < 2.0**-30 else GROWTH / 2
    growth = growth if function.accuracy == 0 else 2.0
    # No whole number of periods, nor of the spacing of anything.
    first = base * min(max(FINEST, FINEST * unit / 2.0**-53), COARSEST / growth**4) * function.rng.uniform(1, 2)
    h = max(first, SMALLEST_STEP)
    while h <= (COARSEST if function.accuracy == 0 else 2 * COARSEST) * base:
        levels.add(h, len(levels.steps))
        h *= growth
        if len(levels.steps) > 4 and _faded(levels):
            break
    shrink, finer = FINER, max(first, SMALLEST_STEP)
    while levels.steps and finer / shrink > SMALLEST_STEP and _finest_resolved(levels):
        finer /= shrink
        before = len(levels.steps)
        levels.add(finer, 0)
        if len(levels.steps) == before:
            break
        shrink *= shrink
    if len(levels.steps) > 1 and levels.steps[1][1] > FINER * FINER * levels.steps[0][1]:
        for _ in range(2):  # a slope takes two steps of about a size
            finer *= growth
            levels.add(finer, 1 + (levels.steps[1][1] < finer))
    own = len(levels.steps)
    _add_larger(levels, h, growth, COARSEST * reach)
    found = settled(levels)
    if len(levels.steps) > own:
        found = _closely_told(found, settled(levels.first(own)), max(base, 1.0))
    return _with_hidden(levels, _scattered(levels, found))


def _with_hidden(levels: Levels, found: Slopes) -> Slopes:
    """With the radii of slopes by steps so fine that terms about 1 do not move at least as large as these may be.

    A slope is that of f itself where f never moves by as much as such terms are rounded, or where it lasts until f has
    moved by more.
    """
    function, value = levels.function, found.value
    may_be = (function.at == 0) & ~(found.step >= min(SHOWING))
    may_be &= (levels.base < min(SHOWING)) | (value != 0)
    for i in np.flatnonzero(may_be).tolist():
        rows, unit = levels.rows, float(function.unit[i])
        shows = any(max(abs(row.before[i]), abs(row.after[i])) >= unit / 2 for row in rows)
        beyond = [row.central[i] for row in rows if abs(value[i]) * row.h >= LASTS * unit]
        lasts = bool(beyond) and abs(beyond[0] - value[i]) <= 0.5 * abs(value[i])
        may_be[i] = levels.base < min(SHOWING) if not shows else not lasts
    if not may_be.any():
        return found
    hidden = hidden_by_1(function, levels.v, found.first, value)
    return found._replace(radius=np.fmax(found.radius, np.where(may_be, hidden, 0.0)))


def _add_larger(levels: Levels, h: float, growth: float, most: float) -> None:
    """Steps from h up to `most`, as long as they are needed, without those over which nothing moves."""
    own = len(levels.steps)
    if not own:  # of an argument so small that no number is that much smaller
        levels.add(h, 0)
        h *= growth
    while h <= most and not (told := _told(levels)).all():
        h = _first_move(levels, h, most, ~told)
        levels.add(h, len(levels.steps))
        h *= growth
    if h < most * growth and len(levels.steps) > own and not _told(levels).all():
        levels.add(most, len(levels.steps))


def _closely_told(found: Slopes, near: Slopes, longest: float) -> Slopes:
    """What all steps say where they tell a slope, or two of a kink, closely; else what those of its own size say.

    Beyond the size of what is moved a function may be another, of which noise leaves no trace. So may it for steps over
    the `longest` where it stands still: slopes fall off.
    """
    both, apart = found.left_radius + found.right_radius, np.abs(found.right - found.left)
    size = CLOSELY * np.fmax(np.abs(found.left), np.abs(found.right))
    with np.errstate(invalid="ignore"):
        slope = (found.radius <= CLOSELY * np.abs(found.value)) & (apart <= both + CLOSELY * np.abs(found.value))
        slope &= (found.value != 0) | (found.step <= longest)
        kink = (found.left_radius <= size) & (found.right_radius <= size) & (apart > both)
    parts = ("value", "radius", "left", "left_radius", "right", "right_radius")
    return found._replace(**{name: np.where(slope | kink, getattr(found, name), getattr(near, name)) for name in parts})


def _scattered(levels: Levels, found: Slopes) -> Slopes:
    """With the radii of both sides at a kink at least as large as their slopes scatter at steps nearby."""
    if not found.kink.any():
        return found
    radii = []
    for one, slope, side in zip(levels.agreed()[1:], (found.left, found.right), ("left", "right"), strict=True):
        step = one.step[found.kink]
        near = Levels(levels.function, levels.v, levels.base)
        for by in (0.4, 0.7, 1.6) if np.isfinite(step).any() else ():
            near.add(float(np.nanmedian(step)) * by * levels.function.rng.uniform(0.9, 1.1), len(near.steps))
        apart = np.abs(getattr(near.table(), side) - slope) if near.steps else np.zeros((1, len(slope)))
        radii.append(2 * np.nan_to_num(apart.max(0)) * found.kink)
    return found._replace(
        left_radius=np.maximum(found.left_radius, radii[0]), right_radius=np.maximum(found.right_radius, radii[1])
    )


def _first_move(levels: Levels, h: float, most: float, which: Array) -> float:
    """A step, not below h, before which none of these results is seen to move by more than its rounding."""
    function = levels.function

    def moved(step: float) -> bool:
        apart = np.abs(levels.value(step)[1] - function.at)
        return bool((apart > 2 * function.noise)[which].any())

    if h > most or (levels.steps and (np.abs(levels.rows[-1].after - function.at) > 2 * function.noise)[which].any()):
        return h
    factor = GROWTH
    while h * factor <= most and not moved(h * factor):
        h *= factor
        factor = min(factor * factor, LARGEST_FACTOR)
    while factor > GROWTH**2:
        factor **= 0.5
        if h * factor <= most and not moved(h * factor):
            h *= factor
    return h


def central(levels: Levels) -> tuple[Array, Array]:
    """The slopes of both sides together that some levels tell, and their radii."""
    at, both = levels.function.at, levels.agreed()[0]
    still = np.logical_and.reduce([(row.before == at) & (row.after == at) for row in levels.rows])
    over = np.where(still, levels.rows[-1].h, np.nan)
    return both.value, np.maximum(both.radius, _least(levels.function, over, np.inf))


def settled(levels: Levels) -> Slopes:
    """What the levels say."""
    m = len(levels.function)
    if not levels.steps:
        nan, inf, no = np.full(m, np.nan), np.full(m, np.inf), np.zeros(m, bool)
        return Slopes(nan, inf, nan, inf, nan, inf, nan, np.zeros(m), no, no, no, nan, nan, inf, nan, nan)
    table = levels.table()
    both, left, right = levels.agreed()
    function, at = levels.function, levels.function.at
    still = ((table.before == at) & (table.after == at)).all(0)
    plateau, moves = _plateau(table, function)
    first, over = _first_change(table, function), np.where(still, table.h[-1], plateau)
    radius, left_radius, right_radius = (
        np.maximum(one.radius, _least(function, np.where(still | (one.step <= plateau), over, np.nan), first))
        for one in (both, left, right)
    )
    far = table.h >= max(table.h[-1] / GROWTH**2, SEEN * levels.base)
    steep = np.fmax(np.abs(table.left) - table.left_noise, np.abs(table.right) - table.right_noise)[far]
    size = np.nan_to_num(np.fmax.reduce(steep, axis=0, initial=0.0)).clip(0)
    return Slopes(
        both.value,
        radius,
        left.value,
        left_radius,
        right.value,
        right_radius,
        both.step,
        size,
        _jumps(table, function),
        _flat(table, function),
        still,
        plateau,
        moves,
        first,
        *_range(table, both.step),
    )


def _first_change(table: Table, function: Projected) -> Array:
    """By how much results move at the finest step at which they do, inf where they do at none."""
    change = np.fmax(np.abs(table.before - function.at), np.abs(table.after - function.at))
    return np.asarray(np.where(change > 0, change, np.inf).min(0))


def _least(function: Projected, over: Array, first: Array | float) -> Array:
    """How far slopes may be off at least, of results that do not move `over` such steps (m,), or are known at no step.

    A result of exactly 0 that does not move may be what is left of numbers as large as the other results; where all are
    0, of numbers about 1, unless its `first` change (m,) is finer than these are rounded.
    """
    at, of_one = function.at, np.where(first >= function.unit / 2, 1.0, 0.0)
    rounding = function.unit * (float(np.abs(at).max()) or of_one)
    least = np.where((at == 0) & (over > 0), SAFETY * rounding / np.where(over > 0, over, 1.0), 0)
    return np.where(function.singular, np.inf, least)


def _plateau(table: Table, function: Projected) -> tuple[Array, Array]:
    """The last step of those over which values do not move, and the first of the others."""
    same = np.logical_and.accumulate((table.before == function.at) & (table.after == function.at), axis=0)
    count = same.sum(0)
    last = np.where(count > 0, table.h[np.maximum(count - 1, 0)], np.nan)
    first = np.where((count > 0) & (count < len(table.h)), table.h[np.minimum(count, len(table.h) - 1)], np.nan)
    return last, first


def _range(table: Table, step: Array) -> tuple[Array, Array]:
    """The least and the largest quotient, with their radii, of steps no finer than those that tell the slope best."""
    used = (table.h[:, None] >= step / GROWTH**2) | ~np.isfinite(step)
    apart = np.abs(np.diff(table.central, axis=0, prepend=table.central[:1]))
    wide = SAFETY * table.central_noise + apart
    with np.errstate(invalid="ignore"):
        low = np.fmin.reduce(np.where(used, table.central - wide, np.nan), axis=0)
        high = np.fmax.reduce(np.where(used, table.central + wide, np.nan), axis=0)
    return low, high


def _faded(levels: Levels) -> bool:
    """True where larger steps can tell nothing more."""
    return all(bool((one.last_change > FADED * one.radius).all()) for one in levels.agreed())


def _finest_resolved(levels: Levels) -> bool:
    """True where the finest step still tells a slope of anything, so that finer ones might tell another."""
    table = levels.table()
    size = np.fmax(np.abs(table.left[0]), np.abs(table.right[0]))
    noise = np.fmin(table.left_noise[0], table.right_noise[0])
    return bool((noise < 0.1 * size).any())


def _told(levels: Levels) -> Array:
    """True where larger steps are not needed: a slope is told well, or the radii have begun to grow."""
    told = np.zeros(len(levels.function), bool)
    for one in levels.agreed() if levels.steps else ():
        told |= (one.radius <= WELL * np.abs(one.value)) | (one.last_change > GROWTH * one.radius)
    return told


def two_sided(sides: Slopes) -> tuple[Array, Array]:
    """The slope and its radius; where f has values on one side alone, those of this side."""
    value, radius = sides.value, sides.radius
    for own, own_radius, other in (
        (sides.left, sides.left_radius, sides.right_radius),
        (sides.right, sides.right_radius, sides.left_radius),
    ):
        alone = ~np.isfinite(sides.radius) & np.isfinite(own_radius) & ~np.isfinite(other)
        value, radius = np.where(alone, own, value), np.where(alone, own_radius, radius)
    return value, radius


def _jumps(table: Table, function: Projected) -> Array:
    """True where the values on one side do not come to the value at the point as the step shrinks.

    They stay away by about the same, and by far more than the values on the other side do.
    """
    m, few = len(function), min(FINE, len(table.h))
    if few < FINE:
        return np.zeros(m, bool)
    moved = [np.abs(side[:few] - function.at) for side in (table.before, table.after)]
    found = np.zeros(m, bool)
    for own, other in (moved, moved[::-1]):
        steady = np.ptp(own, axis=0) <= own.min(0) / FINE
        still = np.ptp(other, axis=0) <= other.min(0) / FINE
        away = still | (own.min(0) > 2 * FINE * other.max(0))
        found |= steady & away & (own.min(0) > 4 * function.noise + SMALLEST)
    return found


def _flat(table: Table, function: Projected) -> Array:
    """True where values do not change at all over a step over which the slope of larger ones would show."""
    same = (table.before == function.at) & (table.after == function.at)
    spacing = np.maximum(2 * function.unit * np.abs(function.at), SMALLEST)
    steep = np.fmax(np.abs(table.left) - table.left_noise, np.abs(table.right) - table.right_noise)
    beyond = np.fmax.accumulate(steep[::-1], axis=0)[::-1]
    return np.asarray((same & (beyond * table.h[:, None] > 4 * spacing)).any(0))
