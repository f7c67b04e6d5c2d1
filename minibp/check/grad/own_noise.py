"""How far the values of a function may be off, and where what looks like noise is the function itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.arguments import Arguments
from minibp.check.rounding.noise import SAFETY, ULPS, WIDE, is_bent, scatter

SMALLEST = 5e-324
"""The spacing of subnormal numbers."""
LOUD = 64.0
"""Noise of so many times the rounding of the value may be more than rounding, and one part in so many of all that f
varies by may be f itself."""
CANCELLED = 2.0**-26
"""A value that is so small beside what f varies by is a difference of large terms."""
BESIDE = tuple(2.0**-power for power in range(32, 18, -2))
"""The distances of points where such noise is looked for once more, in units of the size of x."""


class Values(NamedTuple):
    """The values (m,) of f near a point: `at` there, and by `value` at others."""

    value: Callable[[Array], Array]
    arguments: Arguments
    at: Array
    rng: np.random.Generator


def own_noise(values: Values, unit: Array, varied: Array) -> tuple[Array, Array]:
    """How far each value (m,) may be off, and where what is seen is no noise but f itself.

    `unit` (m,) is the roundoff of what each is computed in, and `varied` (m,) how much it varies over the size of x.
    Between points a few ulps apart everything is smooth but rounding (Moré and Wild, Estimating computational noise,
    SIAM J. Sci. Comput. 33, 2011). Where a function is flat its rounding is the same at such points, and shows on a
    larger scale.
    """
    fine, found = _seen(values, values.arguments.flat, unit)
    rounding = unit * np.abs(values.at) + SMALLEST
    # What one result is computed from may be as large as the others.
    loud = found > LOUD * (rounding + unit * np.maximum(varied, np.abs(values.at).max(initial=0.0)))
    singular = loud
    if loud.any():
        bent = loud & is_bent(partial(_along, values), WIDE, found)
        found = np.where(bent, fine, found)
        singular = loud & ~bent & _is_singular(values, fine, found, unit)
    # Terms as large as what f varies by have cancelled, and the rounding of exactly nothing does not show.
    cancelled = np.abs(values.at) <= CANCELLED * varied
    found = np.where(cancelled, np.fmax(found, unit * varied), found)
    return np.asarray(SAFETY * (found + rounding)), np.asarray(singular)


def _seen(values: Values, x: Array, unit: Array) -> tuple[Array, Array]:
    """How far values near a point are from a smooth curve: between neighbouring numbers, and at either scale."""
    coarsest = float(unit.max())
    distances = (ULPS * coarsest, WIDE) if coarsest < 2.0**-30 else (ULPS * coarsest,)
    found = [_along(values, distance, x) for distance in distances]
    none = np.zeros(len(values.at))
    told = [none if one is None else np.asarray(one) for one in found]
    return told[0], np.asarray(np.fmax.reduce(told))


def _along(values: Values, distance: float, x: Array | None = None) -> Array | None:
    """What is seen along lines of a length from a point, the values' own if none is given."""
    return scatter(values.value, values.arguments.flat if x is None else x, _size(values), distance, values.rng)


def _size(values: Values) -> Array:
    """How large each entry is that can be moved: an exact 0 is no size."""
    return np.where(values.arguments.movable, np.abs(values.arguments.flat), 0)


def _is_singular(values: Values, fine: Array, noise: Array, unit: Array) -> Array:
    """True where noise is that of the point alone, as beside the end of a domain, or all that f varies by.

    Such noise is the function itself, of which the numbers next to x, or all those of this size, are too far apart. So
    is what is smooth between neighbouring numbers, by the noise there, `fine`, and scatters further out by about as
    much as f varies at all.
    """
    x, size = values.arguments.flat, _size(values)
    nearby, apart = np.zeros(len(values.at)), np.zeros(len(values.at))
    for way in (-1.0, 1.0):
        apart = np.fmax(apart, np.abs(values.value(x + way * 0.1 * size) - values.at))
        for far in BESIDE:  # the rounding of large terms shows at some of these places
            point = x + way * far * size
            apart = np.fmax(apart, np.abs(values.value(point) - values.at))
            nearby = np.fmax(nearby, _seen(values, point, unit)[1])
    oscillates = (LOUD * fine < noise) & (LOUD * noise > apart)
    return np.asarray((nearby * LOUD < noise) | (4 * noise > apart) | oscillates)
