"""`minibp descend`: a surface or a function, where to start and how far to step; a table, JSON and a figure."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from functools import wraps
from inspect import unwrap
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from minibp import stopping
from minibp.arrays import Array, InputError
from minibp.console import Exit, allow_any_text, check_writable, json_alone, usable, write_json
from minibp.descent.figure import DescentRun, figure, shown_point
from minibp.descent.path import gradient_descent
from minibp.descent.slopes import Slopes, slopes_at, slopes_data, slopes_table
from minibp.descent.slopes_figure import slopes_figure
from minibp.descent.surfaces import SURFACES, Surface, surface_of
from minibp.import_string import loaded, own_arguments
from minibp.options import json_option, plot_option

if TYPE_CHECKING:
    from minibp.check.report.report import Report


@click.command()
@click.option(
    "--function",
    "name",
    default="bowl",
    show_default=True,
    metavar="NAME",
    help=f"{', '.join(SURFACES)}; or module:function, file.py:function.",
)
@click.option(
    "--gradient",
    metavar="TARGET",
    help="module:function or file.py:function of its gradient; by default central differences.",
)
@click.option(
    "--start",
    "starts",
    multiple=True,
    metavar="X,Y,…",
    help="Where to start; again for more starts.  [default: the surface's]",
)
@click.option(
    "--eta",
    "etas",
    multiple=True,
    type=float,
    help="The learning rate η; again for more.  [default: the surface's three]",
)
@click.option("--steps", type=click.IntRange(min=1), help="At most so many steps.  [default: the surface's]")
@click.option("--tolerance", type=float, default=1e-6, show_default=True, help="Converged where ‖∇f‖ is at most this.")
@click.option("--directions", is_flag=True, help="No descent: the slope at the start in directions all around.")
@json_option("paths")
@plot_option()
def descend(
    name: str,
    gradient: str | None,
    starts: tuple[str, ...],
    etas: tuple[float, ...],
    steps: int | None,
    tolerance: float,
    directions: bool,
    json_file: str | None,
    plot_file: str | None,
) -> None:
    """Descend on a function along −∇f: by default with an η that is too small, one that is good, and one too large.

    A function of your own takes an array and returns a number. It needs --start; by default it gets η 0.001, 0.01 and
    0.1, and 1000 steps. A gradient that is given is checked at the start first: where it is not that of the function,
    the exit status is 1.

    With --directions, of two variables: ∇f · v for twelve directions v, and for that of steepest descent, −∇f/‖∇f‖.
    """
    check_writable({"--json": json_file, "--plot": plot_file})
    with usable(), json_alone(json_file), own_arguments(name):
        if plot_file is not None:
            from minibp.plots import check_plot_file

            check_plot_file(plot_file)
        surface = _surface(name, gradient)
        points = _starts(surface, starts)
        wrong = None if gradient is None else _wrong_gradient(surface, points)
        chosen = etas or surface.etas, steps or surface.steps
        if directions and (etas or steps):
            raise InputError("--directions makes no steps: --eta and --steps go without it")
        runs = [] if directions or wrong is not None else _runs(surface, points, *chosen, tolerance)
        slopes = _slopes(surface, points) if directions and wrong is None else []
        if json_file != "-":
            allow_any_text()
            click.echo(_text(surface, runs, slopes) if wrong is None else str(wrong))
        more = {"directions": [slopes_data(one) for one in slopes]} if directions else {}
        write_json(_as_data(surface, runs, wrong) | more, json_file)
        if plot_file is not None and wrong is None:
            from minibp.plots import save

            with redirect_stdout(io.StringIO()):  # for the contours it is called tens of thousands of times
                page = slopes_figure(surface, slopes) if directions else figure(surface, runs)
            save(page, plot_file)
        raise Exit(0 if wrong is None else 1)


def _runs(
    surface: Surface, points: Sequence[Array], etas: Sequence[float], steps: int, tolerance: float
) -> list[DescentRun]:
    """From each point with each η."""
    return [
        DescentRun(eta, gradient_descent(surface.value, surface.gradient, w, eta=eta, steps=steps, tolerance=tolerance))
        for w in points
        for eta in etas
    ]


def _slopes(surface: Surface, points: Sequence[Array]) -> list[Slopes]:
    """At each point; where f has no value there, an `InputError`."""
    try:
        return [slopes_at(surface, w) for w in points]
    except (ArithmeticError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"f raised {type(error).__name__} at the start: {error}") from error


def _text(surface: Surface, runs: Sequence[DescentRun], slopes: Sequence[Slopes]) -> str:
    """All descents, or all slopes."""
    if not slopes:
        return _runs_table(surface, runs)
    return "\n".join([_function_line(surface), *(slopes_table(one) for one in slopes)])


def _function_line(surface: Surface) -> str:
    how = "" if surface.gradient is not None else ", its gradient by central differences"
    return f"f = {surface.formula}{how}"


def _surface(name: str, gradient: str | None) -> Surface:
    """A named surface, or the user's function with the gradient that was given."""
    if ":" in name:
        return Surface(name, name, _guarded(name), None if gradient is None else _guarded(gradient))
    if gradient is not None:
        raise InputError(f"{name} has its own gradient: --gradient goes with a function of your own")
    return surface_of(name)


def _guarded(target: str) -> Callable[[Array], Any]:
    """A function of the user's; what it raises is an `InputError`, but for what says that w is not in its domain."""
    function = loaded(target)

    @wraps(function)
    def guarded(w: Array) -> Any:
        try:
            with stopping.unwinding():
                return function(w)
        except (ArithmeticError, ValueError):
            raise
        except Exception as error:
            raise InputError(f"{target} raised {type(error).__name__} at {w.tolist()}: {error}") from error

    return guarded


def _starts(surface: Surface, texts: Sequence[str]) -> list[Array]:
    """The points to start from, all of as many numbers as the function takes."""
    points = [_point(text) for text in texts] or [np.array(surface.start)]
    expected = len(surface.start or points[0])
    if not expected:
        raise InputError(f"--start X,Y,… is needed: it also says how many variables {surface.name} has")
    for text, point in zip(texts, points, strict=False):
        if len(point) != expected:
            raise InputError(f"--start {text} has {len(point)} numbers, expected {expected}")
    return points


def _point(text: str) -> Array:
    try:
        return np.array([float(number) for number in text.split(",")])
    except ValueError:
        raise InputError(f"--start is {text!r}, expected numbers with commas between them") from None


def _wrong_gradient(surface: Surface, points: Sequence[Array]) -> Report | None:
    """The first report on a given gradient, held to the oracles where descents start, that finds it wrong."""
    from minibp.check.grad.public import check_grad

    assert surface.gradient is not None
    for w in points:
        report = check_grad(unwrap(surface.value), unwrap(surface.gradient), w, seed=0, raise_on_mismatch=False)
        if report.verdict in ("wrong", "unstable"):
            return replace(report, again="")  # the same command does
        if report.verdict == "undecided":
            click.echo(f"minibp: at {shown_point(w)} nothing could tell whether the gradient is that of f", err=True)
    return None


def _runs_table(surface: Surface, runs: Sequence[DescentRun]) -> str:
    """One line a descent, and where it came to."""
    lines = [_function_line(surface)]
    start: Array | None = None
    for eta, path in runs:
        if start is None or not np.array_equal(start, path.points[0]):
            start = path.points[0]
            lines.append(f"from {shown_point(start)}, where f is {path.costs[0]:.6g}")
        lines.append(f"  η = {eta:g}: {path.message}")
        lines.append(f"    f is {path.costs[-1]:.6g} at {shown_point(path.end)}")
    return "\n".join(lines)


def _as_data(surface: Surface, runs: Sequence[DescentRun], wrong: Report | None) -> dict[str, Any]:
    """Everything, as JSON has it: numbers that are not finite are null."""
    return {
        "function": surface.name,
        "gradient": "central differences" if surface.gradient is None else "given",
        "wrong": None if wrong is None else wrong.to_dict(),
        "runs": [
            {
                "eta": eta,
                "outcome": path.outcome,
                "message": path.message,
                "steps": path.taken,
                "slope": _finite(path.slope),
                "points": [[_finite(number) for number in point] for point in path.points.tolist()],
                "costs": [_finite(cost) for cost in path.costs.tolist()],
            }
            for eta, path in runs
        ],
    }


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
