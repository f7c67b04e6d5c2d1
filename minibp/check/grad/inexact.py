"""Functions that are inexact by their own account: that jump, by steps of rounding or of an iteration that stops."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.function import Function
from minibp.check.grad.projected import Projected

POINTS = 33
"""Points on a line, between which a jump is looked for."""
WIDTHS = tuple(2.0**-power for power in (1, 2, 3, 4, 5, 7, 11, 20, 30, 40))
"""Half the lengths of the lines, in units of the size of what is moved."""
STEEP = 30.0
"""A fourth difference that is so many times the usual one hides a jump, or a kink."""
ZOOMS = 3
"""Closer looks at where a jump may be, each an eighth as wide, before it is closed in on."""
HALVINGS = 60
ALIASED = 0.1
"""Where f varies from one number to the next by so large a part of all, values nearby tell nothing."""
APART = 64.0
"""Points are at least so many spacings of the numbers apart, or are not where they are meant to be."""


class Jump(NamedTuple):
    """A place where values change by `height` from one number to the next, a distance away."""

    height: float
    distance: float


def jump_near(function: Projected, v: Array, base: float, i: int) -> Jump | None:
    """The largest jump of result i that is found along v, if any."""
    x = function.arguments.flat

    def value(t: float) -> float:
        return float(function(function.rounded(x + t * v))[i])

    best: Jump | None = None
    for width in WIDTHS:
        half = width * base * float(function.rng.uniform(0.7, 1))
        found = _jump_between(value, (-half, half), float(function.noise[i]), spacing_along(x, v), ZOOMS)
        if found is not None and (best is None or found.height > best.height):
            best = found
    return best


def jump_at_end_of_plateau(function: Projected, v: Array, plateau: float, moves: float, i: int) -> Jump | None:
    """The jump that ends a stretch of values that do not move at all; None where they begin to move steadily."""
    x = function.arguments.flat

    def value(t: float) -> float:
        return float(function(function.rounded(x + t * v))[i])

    for side in (1, -1):
        near, far = side * plateau, side * moves
        if value(near) == function.at[i] and value(far) != function.at[i]:
            return _closed_in(value, near, far, float(function.noise[i]), spacing_along(x, v))
    return None


def first_moves(function: Projected, v: Array, plateau: float, moves: float, i: int) -> tuple[float, float]:
    """How far away, to within a factor of 2, result i first moves, and by how much, between these two steps."""
    x, best = function.arguments.flat, (moves, 0.0)
    for side in (1, -1):
        near, far = plateau, moves
        by = abs(float(function(x + side * far * v)[i]) - float(function.at[i]))
        while by > 0 and far > 2 * near:
            middle = near**0.5 * far**0.5
            moved = abs(float(function(x + side * middle * v)[i]) - float(function.at[i]))
            near, far, by = (middle, far, by) if moved == 0 else (near, middle, moved)
        best = (far, by) if by > best[1] else best
    return best


def spacing_along(x: Array, v: Array) -> float:
    """How far points along v are apart, at least, in units of v."""
    moves = v != 0
    return float(np.max(2 * np.spacing(np.abs(x[moves]) / 2) / np.abs(v[moves])))


def is_aliased(seen: Function | Projected, slope: Array, v: Array) -> Array:
    """True where results of such slopes (m,) along v vary between neighbouring numbers as far as they do at all."""
    return vary_between_numbers(np.abs(slope) * spacing_along(seen.arguments.flat, v), seen.span, seen.rounding)


def vary_between_numbers(moves: Array | float, span: Array | float, rounding: Array | float) -> Array:
    """True where results that move by so much from one number to the next do so as far as they do at all."""
    return np.asarray((moves > np.maximum(ALIASED * span, rounding)) & (span > 0))


def _jump_between(
    value: Callable[[float], float], ends: tuple[float, float], noise: float, spacing: float, zooms: int
) -> Jump | None:
    """A jump between two points, if one stands out of the differences there; closer looks leave less of what bends."""
    t = np.linspace(*ends, POINTS)
    values = np.array([value(one) for one in t])
    if not np.isfinite(values).all():
        return None
    fourth = np.abs(np.diff(values, 4))
    usual, at = float(np.median(fourth)), int(np.argmax(fourth))
    # Differences of what is smooth at this spacing fall from order to order.
    rough = usual > 0.5 * float(np.median(np.abs(np.diff(values, 2))))
    stands_out = fourth[at] > 64 * noise and (rough or fourth[at] > STEEP * usual)
    if not (stands_out or _is_staircase(values, noise)):
        return None
    if zooms and 4 * (t[1] - t[0]) > APART * POINTS * spacing:
        return _jump_between(value, (float(t[at]), float(t[at + 4])), noise, spacing, zooms - 1)
    moves = np.diff(values)[at : at + 4]
    k = at + int(np.argmax(np.abs(moves - np.median(moves))))
    slope = float(np.median(moves)) / float(t[k + 1] - t[k])
    noise += abs(slope) * spacing
    return _closed_in(lambda one: value(one) - slope * one, float(t[k]), float(t[k + 1]), noise, spacing)


def _is_staircase(values: Array, noise: float) -> bool:
    """True of values that stay as they are between most points, and move by more than rounding between others."""
    moves = np.abs(np.diff(values))
    return bool((moves == 0).any() and (moves > 8 * noise).any())


def _closed_in(value: Callable[[float], float], a: float, b: float, noise: float, spacing: float) -> Jump | None:
    """Halve the interval towards where the values change most; a jump is left over, a slope or a kink is not."""
    at_a, at_b = value(a), value(b)
    first = abs(at_b - at_a)
    for _ in range(HALVINGS):
        middle = a + (b - a) / 2
        if middle in {a, b} or b - a < spacing:
            break
        at_middle = value(middle)
        if not np.isfinite(at_middle):
            return None
        if abs(at_middle - at_a) >= abs(at_b - at_middle):
            b, at_b = middle, at_middle
        else:
            a, at_a = middle, at_middle
        if abs(at_b - at_a) <= 1e-3 * first or abs(at_b - at_a) <= 8 * noise:
            return None
    height = abs(at_b - at_a)
    return Jump(height, max(abs(a), abs(b))) if height > 8 * noise else None


SLOPES, DEGREE, SPAN = 15, 7, 2.0**-4
"""Slopes that a polynomial of a degree is laid through, over this part of the size of what is moved."""
SMOOTH = 2.0**14
"""Nor over more than so many steps: the best step is about u^(1/3) of the length on which a function varies."""


def roughness(function: Projected, v: Array, base: float, step: float, i: int) -> float:
    """How far slopes of result i nearby are from those of a smooth function.

    Solvers that choose their own steps give values that are smooth to the eye and slopes that are not: those of the
    error, which changes its course wherever the solver does.
    """
    x = function.arguments.flat
    places = np.cos(np.pi * (np.arange(SLOPES) + function.rng.uniform(0.2, 0.8)) / SLOPES)
    reach = min(SPAN * base, SMOOTH * step)

    def slope(at: float) -> float:
        after, before = (function.rounded(x + (at + by) * v) for by in (step, -step))
        width = float(((after - before) * v).sum() / (v * v).sum())
        return float((function(after) - function(before))[i] / width) if width else np.nan

    found = np.array([slope(reach * float(place)) for place in places])
    largest = float(np.abs(found).max())
    if not (np.isfinite(found).all() and largest):
        return 0.0
    found = found / largest
    fitted = np.polynomial.Chebyshev.fit(places, found, DEGREE)(places)
    return largest * float(np.sqrt(((found - fitted) ** 2).sum() / (SLOPES - DEGREE - 1)))
