"""Contours of a function of two variables, with no more points than can be seen, so that a figure stays small."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minibp.arrays import Array
from minibp.descent.surfaces import Surface

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CONTOURS = 16
GRID = 241
"""Points along each side, where f is evaluated for its contours."""
DRAWN = 1e100
"""Larger numbers are left out: squares of theirs, which an axis needs, would overflow."""
UNSEEN = 1 / 1000
"""Of the window: a point that is no farther from a straight line is left out."""

Window = tuple[float, float, float, float]
"""x from and to, y from and to."""


def draw_contours(axes: Axes, value: Callable[[Array], Any], window: Window) -> None:
    """Lines of equal f within the window, which becomes that of the axes; none where f has no or one value."""
    x0, x1, y0, y1 = window
    x, y = np.linspace(x0, x1, GRID), np.linspace(y0, y1, GRID)
    heights = np.array([[_height(value, (a, b)) for a in x] for b in y])
    low, high = np.nanmin(heights), np.nanmax(heights)
    if high > low:  # closer together where f is low, as a valley's floor needs it
        from matplotlib.collections import LineCollection

        levels = np.unique(low + (high - low) * np.geomspace(1e-4, 1, CONTOURS))
        drawn = axes.contour(x, y, heights, levels=levels)
        lines = [
            thinned(line, UNSEEN * (x1 - x0), UNSEEN * (y1 - y0))
            for level in drawn.allsegs
            for line in level
            if len(line)
        ]
        drawn.remove()
        axes.add_collection(LineCollection(lines, colors="#b0b0b0", linewidths=0.6))
    axes.set(xlim=(x0, x1), ylim=(y0, y1))


def draw_minima(axes: Axes, surface: Surface) -> None:
    """A cross at each minimum that is known."""
    if surface.minima:
        axes.plot(*np.transpose(surface.minima), "+", color="black", markersize=9, zorder=5)


def thinned(line: Array, x_unit: float, y_unit: float) -> Array:
    """The points (n, 2) of a line without those that lie within a unit of the straight line between their neighbours.

    The first and the last stay (Douglas and Peucker, 1973).

    >>> thinned(np.array([[0.0, 0.0], [1.0, 0.1], [2.0, 0.0], [2.0, 2.0]]), 0.2, 0.2).tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0]]
    """
    points = line / (x_unit, y_unit)
    keep = np.zeros(len(points), bool)
    keep[[0, -1]] = True
    parts = [(0, len(points) - 1)]
    while parts:
        first, last = parts.pop()
        if last - first < 2:
            continue
        inner, along = points[first + 1 : last] - points[first], points[last] - points[first]
        length = along @ along  # 0 of a closed line, which begins where it ends
        part = np.clip(inner @ along / length, 0, 1) if length else np.zeros(len(inner))
        off = np.hypot(*(inner - part[:, None] * along).T)
        far = int(off.argmax())
        if off[far] > 1:
            middle = first + 1 + far
            keep[middle] = True
            parts += [(first, middle), (middle, last)]
    return line[keep]


def _spans(line: Array, x_unit: float, y_unit: float) -> bool:
    """Whether a line is more than a dot, that is ten units wide or high."""
    return len(line) > 1 and bool((np.ptp(line, axis=0) > (10 * x_unit, 10 * y_unit)).any())


def _height(value: Callable[[Array], Any], point: tuple[float, float]) -> float:
    """f where it has a finite value, else NaN."""
    try:
        with np.errstate(all="ignore"):
            found = float(value(np.array(point)))
    except Exception:  # noqa: BLE001 (outside of its domain, whatever it says to that)
        return math.nan
    return found if abs(found) <= DRAWN else math.nan
