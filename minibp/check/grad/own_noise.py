"""How far the values of a function may be off, and where what looks like noise is the function itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.arguments import Arguments
from minibp.check.rounding.noise import SAFETY, ULPS, WIDE, scatter

SMALLEST = 5e-324
"""The spacing of subnormal numbers."""
LOUD = 64.0
"""Noise of so many times the rounding of the value may be more than rounding."""
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
    found = _seen(values, values.arguments.flat, unit)
    rounding = unit * np.abs(values.at) + SMALLEST
    loud = found > LOUD * (rounding + unit * varied)
    singular = loud & _is_singular(values, found, unit) if loud.any() else loud
    # Terms as large as what f varies by have cancelled, and the rounding of exactly nothing does not show.
    cancelled = np.abs(values.at) <= CANCELLED * varied
    found = np.where(cancelled, np.fmax(found, unit * varied), found)
    return np.asarray(SAFETY * (found + rounding)), np.asarray(singular)


def _seen(values: Values, x: Array, unit: Array) -> Array:
    """How far values near a point are from a smooth curve, at either scale."""
    coarsest = float(unit.max())
    distances = (ULPS * coarsest, WIDE) if coarsest < 2.0**-30 else (ULPS * coarsest,)
    found = [scatter(values.value, x, _size(values), distance, values.rng) for distance in distances]
    told = [one for one in found if one is not None]
    return np.asarray(np.fmax.reduce(told)) if told else np.zeros(len(values.at))


def _size(values: Values) -> Array:
    """How large each entry is that can be moved: an exact 0 is no size."""
    return np.where(values.arguments.movable, np.abs(values.arguments.flat), 0)


def _is_singular(values: Values, noise: Array, unit: Array) -> Array:
    """True where noise is that of the point alone, as beside the end of a domain, or all that f varies by.

    Such noise is the function itself, of which the numbers next to x, or all those of this size, are too far apart.
    """
    x, size = values.arguments.flat, _size(values)
    nearby, apart = np.zeros(len(values.at)), np.zeros(len(values.at))
    for way in (-1.0, 1.0):
        apart = np.fmax(apart, np.abs(values.value(x + way * 0.1 * size) - values.at))
        for far in BESIDE:  # the rounding of large terms shows at some of these places
            point = x + way * far * size
            apart = np.fmax(apart, np.abs(values.value(point) - values.at))
            nearby = np.fmax(nearby, _seen(values, point, unit))
    return np.asarray((nearby * LOUD < noise) | (4 * noise > apart))
