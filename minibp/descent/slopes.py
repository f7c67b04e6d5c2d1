"""The slopes of a function of two variables at a point, in directions all around: equations (1) and (2) as numbers."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array, InputError
from minibp.descent.directions import directional_derivative, steepest_descent_direction
from minibp.descent.path import central_differences
from minibp.descent.surfaces import Surface
from minibp.vectors import norm

ANGLES = 12
"""Directions, the first one along x: every 30°."""


class Slope(NamedTuple):
    """The slope in one direction."""

    degrees: float
    """The angle from the first axis to the second."""
    v: Array
    derivative: float
    """∇f · v, (1)."""
    measured: float
    """(f(w + h v) − f(w − h v))/2h, which needs no gradient; NaN where f has no value there."""
    steepest: bool = False


class Slopes(NamedTuple):
    """The slopes at one point, by their angles; one of them is that of steepest descent, (2)."""

    w: Array
    cost: float
    gradient: Array
    slopes: tuple[Slope, ...]

    @property
    def length(self) -> float:
        """‖∇f‖, which is how steep the steepest is."""
        return float(norm(self.gradient))


def slopes_at(surface: Surface, w: Array) -> Slopes:
    """The slopes at w (2,) in `ANGLES` directions, and in that of steepest descent.

    >>> from minibp.descent.surfaces import surface_of
    >>> found = slopes_at(surface_of("bowl"), np.array([-1.5, 1.0]))
    >>> [round(one.derivative, 3) for one in found.slopes][:4]
    [-3.0, -1.598, 0.232, 2.0]
    >>> [(round(one.degrees, 1), round(one.derivative, 3)) for one in found.slopes if one.steepest]
    [(326.3, -3.606)]
    """
    if w.shape != (2,):
        raise InputError(f"{surface.name} has {w.size} variables, expected 2: of others, directions have no angle")
    w = w.astype(np.float64)
    cost = float(surface.value(w))
    if not math.isfinite(cost):
        raise InputError(f"f returned {cost} at the start, expected a finite number")
    slope_at = surface.gradient or central_differences(surface.value)
    gradient = np.asarray(slope_at(w), dtype=np.float64)
    down = steepest_descent_direction(gradient)
    turns = 2 * math.pi * np.arange(ANGLES) / ANGLES
    found = [_slope(surface, w, gradient, np.array([math.cos(turn), math.sin(turn)])) for turn in turns]
    found.append(_slope(surface, w, gradient, down)._replace(steepest=True))
    return Slopes(w, cost, gradient, tuple(sorted(found, key=lambda one: one.degrees)))


def _slope(surface: Surface, w: Array, gradient: Array, v: Array) -> Slope:
    v = np.where(np.abs(v) < 1e-15, 0.0, v)  # cos 90° is not 0 in floating point
    degrees = math.degrees(math.atan2(v[1], v[0])) % 360
    return Slope(degrees, v, directional_derivative(gradient, v), _measured(surface, w, v))


def _measured(surface: Surface, w: Array, v: Array) -> float:
    h = float(np.finfo(np.float64).eps ** (1 / 3) * max(1.0, np.abs(w).max()))
    try:
        with np.errstate(all="ignore"):
            above, below = float(surface.value(w + h * v)), float(surface.value(w - h * v))
    except (ArithmeticError, ValueError):  # outside of its domain
        return math.nan
    return (above - below) / (2 * h)


def slopes_table(found: Slopes) -> str:
    """A line for each direction, below one on the point.

    >>> from minibp.descent.surfaces import surface_of
    >>> print(slopes_table(slopes_at(surface_of("bowl"), np.array([3.0, 4.0]))).splitlines()[0])
    at (3, 4): f is 25, ∇f is (6, 8), ‖∇f‖ is 10
    """
    w, gradient = (f"({_number(x)}, {_number(y)})" for x, y in (found.w, found.gradient))
    lines = [f"at {w}: f is {_number(found.cost)}, ∇f is {gradient}, ‖∇f‖ is {_number(found.length)}"]
    lines.append(f"  {'angle':>6}  {'direction v':<18} {'∇f · v (1)':>10}  {'measured':>8}")
    for one in found.slopes:
        direction = f"({_number(one.v[0])}, {_number(one.v[1])})"
        measured = _number(one.measured) if math.isfinite(one.measured) else "–"
        mark = "  steepest, −∇f/‖∇f‖ (2)" if one.steepest else ""
        angle = f"{one.degrees:.1f}".removesuffix(".0") + "°"
        lines.append(f"  {angle:>6}  {direction:<18} {_number(one.derivative):>10}  {measured:>8}{mark}")
    return "\n".join(lines)


def slopes_data(found: Slopes) -> dict[str, Any]:
    """The same as JSON has it: what is not finite is null."""
    return {
        "point": found.w.tolist(),
        "cost": found.cost,
        "gradient": found.gradient.tolist(),
        "slopes": [
            {
                "degrees": one.degrees,
                "v": one.v.tolist(),
                "derivative": one.derivative,
                "measured": one.measured if math.isfinite(one.measured) else None,
                "steepest": one.steepest,
            }
            for one in found.slopes
        ],
    }


def _number(value: float) -> str:
    return f"{value + 0.0:.4g}".replace("-", "−")
