"""Functions of two variables to descend on: each one's value and gradient side by side, and where its minima are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array, InputError


class Surface(NamedTuple):
    """A function to descend on. `value` takes w (n,) to a number, `gradient` to (n,); here n = 2, and w = (x, y)."""

    name: str
    formula: str
    value: Callable[[Array], Any]
    gradient: Callable[[Array], Any] | None
    """None where only the value is known."""
    minima: tuple[tuple[float, float], ...] = ()
    start: tuple[float, ...] = ()
    etas: tuple[float, ...] = (1e-3, 1e-2, 1e-1)
    """For the surfaces below: too small for the number of steps, good, and too large."""
    steps: int = 1000
    window: tuple[float, float, float, float] | None = None
    """The bounds of a plot: x from and to, y from and to; None is the region that the paths go through."""


def _bowl(w: Array) -> Array:
    x, y = w
    return x**2 + y**2


def _bowl_gradient(w: Array) -> Array:
    return 2 * w


def _stretched(w: Array) -> Array:
    x, y = w
    return x**2 + 10 * y**2


def _stretched_gradient(w: Array) -> Array:
    x, y = w
    return np.stack([2 * x, 20 * y])


def _rosenbrock(w: Array) -> Array:
    x, y = w
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def _rosenbrock_gradient(w: Array) -> Array:
    x, y = w
    return np.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)])


def _himmelblau(w: Array) -> Array:
    x, y = w
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def _himmelblau_gradient(w: Array) -> Array:
    x, y = w
    first, second = x**2 + y - 11, x + y**2 - 7
    return np.stack([4 * x * first + 2 * second, 2 * first + 4 * y * second])


def _valleys(w: Array) -> Array:
    x, y = w
    return (x**2 - 1) ** 2 + 0.3 * x + y**2


def _valleys_gradient(w: Array) -> Array:
    x, y = w
    return np.stack([4 * x * (x**2 - 1) + 0.3, 2 * y])


SURFACES = {
    surface.name: surface
    for surface in (
        Surface(
            "bowl", "x² + y²", _bowl, _bowl_gradient, ((0.0, 0.0),),
            (-1.5, 1.0), (0.01, 0.2, 1.02), 60, (-2.5, 2.5, -2.0, 2.0),
        ),
        Surface(
            "stretched", "x² + 10 y²", _stretched, _stretched_gradient, ((0.0, 0.0),),
            (-2.0, 1.0), (0.005, 0.08, 0.102), 120, (-2.5, 2.5, -2.0, 2.0),
        ),
        Surface(
            "rosenbrock", "(1 − x)² + 100 (y − x²)²", _rosenbrock, _rosenbrock_gradient, ((1.0, 1.0),),
            (-1.2, 1.0), (1e-4, 1.8e-3, 5e-3), 20_000, (-2.0, 2.0, -1.0, 3.0),
        ),
        Surface(
            "himmelblau", "(x² + y − 11)² + (x + y² − 7)²", _himmelblau, _himmelblau_gradient,
            ((3.0, 2.0), (-2.805118086952745, 3.131312518250573), (-3.779310253377747, -3.283185991286170),
             (3.584428340330492, -1.848126526964404)),
            (0.0, 0.0), (0.0005, 0.01, 0.025), 200, (-5.0, 5.0, -5.0, 5.0),
        ),
        Surface(
            "valleys", "(x² − 1)² + 0.3 x + y²", _valleys, _valleys_gradient,
            ((-1.0355787140888542, 0.0), (0.9601495555191059, 0.0)),
            (0.3, 1.2), (0.002, 0.1, 0.35), 200, (-1.8, 1.8, -1.2, 1.6),
        ),
    )
}  # fmt: skip
"""The article's bowl; one whose sides are of unequal steepness; Rosenbrock's valley (1960); Himmelblau's function
(1972), which has four minima, all 0; and two valleys of which one is higher, where a descent may end all the same."""


def surface_of(name: str) -> Surface:
    """The surface of a name; another is an `InputError`.

    >>> surface_of("bowl").value(np.array([3.0, 4.0]))
    np.float64(25.0)
    """
    if name not in SURFACES:
        raise InputError(f"unknown function {name!r}, expected one of {', '.join(SURFACES)}, or module:function")
    return SURFACES[name]
