"""The figure of descents: the paths on the contours of f, and beside it the cost over the steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.descent.contours import DRAWN, Window, draw_contours, draw_minima
from minibp.descent.path import STALLED, STEP_LIMIT, Path
from minibp.descent.surfaces import Surface
from minibp.plots import LINES, PAGE_WIDTH, drawable, looks
from minibp.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = 15
"""At most so many on a path: more would be one thick line."""


class DescentRun(NamedTuple):
    """One descent with one η."""

    eta: float
    path: Path


def figure(surface: Surface, runs: Sequence[DescentRun]) -> Figure:
    """The contours and paths where f has two variables, and the costs; at the width of a page."""
    with looks():
        from matplotlib.figure import Figure as New

        plane = runs[0].path.end.shape == (2,)
        page = New(figsize=(PAGE_WIDTH, 3.4), layout="constrained")
        panels: Any = page.subplots(1, 2 if plane else 1, squeeze=False)
        if plane:
            _paths(panels[0, 0], surface, runs)
        _costs(panels[0, -1], runs)
        handles, labels = panels[0, -1].get_legend_handles_labels()
        page.legend(handles, labels, loc="outside upper center", ncols=1 if len(runs) < 4 else 2)
        return page


def _paths(axes: Axes, surface: Surface, runs: Sequence[DescentRun]) -> None:
    draw_contours(axes, surface.value, surface.window or window_of([run.path for run in runs]))
    largest = max(run.eta for run in runs)
    for number, run in enumerate(runs):  # long steps go to and fro, and lie below
        axes.plot(*_drawable(run.path.points).T, **_look(number, run), zorder=3 - run.eta / largest)
    starts = np.unique([run.path.points[0] for run in runs], axis=0)
    axes.plot(*starts.T, "o", color="black", markersize=5, markerfacecolor="white", zorder=4)
    draw_minima(axes, surface)
    if surface.window is not None:
        axes.set_aspect("equal")  # so that −∇f is seen to be at right angles to the contours
    axes.set(xlabel="x", ylabel="y")
    axes.set_title(drawable(f"f = {surface.formula}"), parse_math=False)


def _costs(axes: Axes, runs: Sequence[DescentRun]) -> None:
    several = len({run.path.points[0].tobytes() for run in runs}) > 1
    for number, run in enumerate(runs):
        shown = _drawable(run.path.costs)
        axes.plot(np.arange(len(shown)), shown, **_look(number, run), label=_run_label(run, several=several))
    axes.set(xlabel="steps", ylabel="cost f", title="cost over the steps")
    if all((run.path.costs[np.isfinite(run.path.costs)] > 0).all() for run in runs):
        axes.set_yscale("log")
    if max(run.path.taken for run in runs) > 10 * max(1, min(run.path.taken for run in runs)):
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xlim(left=0)


def _look(number: int, run: DescentRun) -> dict[str, Any]:
    look = LINES[(number + 1) % len(LINES)]
    return {
        "color": look.colour,
        "linestyle": look.dashes,
        "marker": look.marker,
        "markevery": max(1, -(-len(run.path.points) // MARKERS)),
        "markersize": 3,
        "linewidth": 1.0,
    }


def _run_label(run: DescentRun, *, several: bool) -> str:
    path = run.path
    origin = f" from {shown_point(path.points[0])}" if several else ""
    how = {STEP_LIMIT: "not there", STALLED: "stalled"}.get(path.outcome, path.outcome)
    return f"η = {run.eta:g}{origin}: {how} after {counted(path.taken, 'step')}"


def shown_point(w: Array) -> str:
    """A point in short.

    >>> shown_point(np.array([1.5, -0.25]))
    '(1.5, −0.25)'
    """
    numbers = [f"{value:.4g}" for value in w.ravel()[:6]]
    return f"({', '.join(numbers)}{', …' if w.size > 6 else ''})".replace("-", "−")


def window_of(paths: Sequence[Path]) -> Window:
    """Around the points of all paths, but of one whose cost rose only those of at most the cost of its start."""
    seen = np.concatenate([_drawable(path.points[path.costs <= path.costs[0]]) for path in paths])
    low, high = np.nanmin(seen, axis=0), np.nanmax(seen, axis=0)
    room = 0.15 * max(float((high - low).max()), 1e-3 * max(1.0, float(np.nanmax(np.abs(seen)))))
    x0, y0 = low - room
    x1, y1 = high + room
    return float(x0), float(x1), float(y0), float(y1)


def _drawable(values: Array) -> Array:
    """NaN in place of what is beyond any axis."""
    return np.where(np.abs(values) <= DRAWN, values, np.nan)
