"""The figure of slopes: arrows from a point on the contours of f, and beside them the slope against the angle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minibp.descent.contours import Window, draw_contours, draw_minima
from minibp.descent.figure import shown_point
from minibp.descent.slopes import Slopes
from minibp.descent.surfaces import Surface
from minibp.plots import LINES, PAGE_WIDTH, drawable, looks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ARROW = 0.16
"""Length of an arrow, of the window's width."""


def slopes_figure(surface: Surface, found: Sequence[Slopes]) -> Figure:
    """Arrows and slopes of each point, at the width of a page; the steepest descent stands out."""
    with looks():
        from matplotlib.figure import Figure as New

        page = New(figsize=(PAGE_WIDTH, 3.1), layout="constrained")
        panels: Any = page.subplots(1, 2)
        window = surface.window or _around(found)
        draw_contours(panels[0], surface.value, window)
        draw_minima(panels[0], surface)
        for number, one in enumerate(found):
            _arrows(panels[0], one, ARROW * (window[1] - window[0]), number)
            _curve(panels[1], one, number)
        panels[0].set_aspect("equal")
        panels[0].set(xlabel="x", ylabel="y")
        panels[0].set_title(drawable(f"f = {surface.formula}"), parse_math=False)
        panels[1].axhline(0, color="#b0b0b0", linewidth=0.6, zorder=0)
        panels[1].set(xlabel="angle of v", ylabel="slope ∇f · v", title="slope along v, ‖v‖ = 1", xlim=(0, 360))
        panels[1].set_xticks(range(0, 361, 60), [f"{angle}°" for angle in range(0, 361, 60)])
        page.legend(*panels[1].get_legend_handles_labels(), loc="outside upper center", ncols=2)
        return page


def _around(found: Sequence[Slopes]) -> Window:
    points = np.array([one.w for one in found])
    low, high = points.min(axis=0), points.max(axis=0)
    room = max(float((high - low).max()), 0.5 * float(np.abs(points).max()), 1e-3)
    return float(low[0] - room), float(high[0] + room), float(low[1] - room), float(high[1] + room)


def _arrows(axes: Axes, found: Slopes, length: float, number: int) -> None:
    grey, look = "#606060", LINES[number + 1]
    for one in found.slopes:
        style: dict[str, Any] = {"color": look.colour if one.steepest else grey, "shrinkA": 0, "shrinkB": 0}
        style |= {"arrowstyle": "-|>", "linewidth": 2.0 if one.steepest else 0.8, "mutation_scale": 9}
        end = found.w + length * (1.3 if one.steepest else 1.0) * one.v
        axes.annotate("", xy=tuple(end), xytext=tuple(found.w), arrowprops=style)
    axes.plot(*found.w, "o", color="black", markersize=5, markerfacecolor="white", zorder=4)


def _curve(axes: Axes, found: Slopes, number: int) -> None:
    look = LINES[number + 1]
    turns = np.linspace(0, 2 * np.pi, 91)
    curve = found.gradient @ np.stack([np.cos(turns), np.sin(turns)])
    at = f" at {shown_point(found.w)}"
    axes.plot(np.degrees(turns), curve, color=look.colour, linestyle=look.dashes, linewidth=1.0)
    around = [one for one in found.slopes if not one.steepest]
    axes.plot(
        [one.degrees for one in around], [one.derivative for one in around], look.marker, color="#606060",
        label=f"∇f · v{at} (1)",
    )  # fmt: skip
    (down,) = (one for one in found.slopes if one.steepest)
    axes.plot(
        down.degrees, down.derivative, "*", color=look.colour, markersize=11, label=f"steepest{at}: −‖∇f‖ (2)",
    )  # fmt: skip
