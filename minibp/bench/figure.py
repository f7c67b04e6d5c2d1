"""The figure of a benchmark, made from its JSON alone: how cost grows, and everyone beside the matrix products."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from minibp.bench.cases import BATCH_SWEEP, DEPTH_SWEEP, DEPTHS_BATCH, DEPTHS_WIDTH, TABLE, WIDTH_SWEEP, WIDTHS_BATCH
from minibp.bench.contenders import BATCHED, PEERS, PER_EXAMPLE, PRODUCTS, WORKSPACE
from minibp.bench.summary import groups
from minibp.plots import LINES, PAGE_WIDTH, looks, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ORDER = [one.name for one in (PER_EXAMPLE, BATCHED, WORKSPACE, PRODUCTS, *PEERS)]
LOOK_OF = dict(zip(ORDER, (LINES[i] for i in (0, 1, 2, 7, 3, 4, 5, 6, 0)), strict=True))
SWEEP_LABELS = {
    BATCH_SWEEP: ("784-30-10", "batch size (examples)"),
    WIDTH_SWEEP: (f"784-width-10, {WIDTHS_BATCH} examples", "hidden width (neurons)"),
    DEPTH_SWEEP: (f"width {DEPTHS_WIDTH}, {DEPTHS_BATCH} examples", "hidden layers"),
}
"""The title of each panel, and the label of its axis."""


def figure(results: dict[str, Any]) -> Figure:
    """Two rows at the width of a page: times against batch size, width and depth; ratios to the products.

    Of each kind the first dtype and number of threads that were measured, which are float64 and one; the dots have both
    dtypes. Both axes of the upper panels are logarithmic.
    """
    with looks():
        from matplotlib.figure import Figure as New

        page = New(figsize=(PAGE_WIDTH, 5.4), layout="constrained")
        halves: Any = page.subfigures(2, 1, height_ratios=[1.05, 1])
        above, below = halves
        panels: Any = above.subplots(1, 3)
        for axes, kind in zip(panels, SWEEP_LABELS, strict=True):
            _sweep(axes, results, kind)
        panels[0].set_ylabel("time of one gradient (s)")
        handles, labels = panels[0].get_legend_handles_labels()
        if handles:
            above.legend(handles, labels, loc="outside upper center", ncols=len(handles))
        _dots(below.subplots(), results)
        return page


def save_figure(results: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """The figure as a file; its ending says the format."""
    save(figure(results), os.fspath(path))


def _sweep(axes: Axes, results: dict[str, Any], kind: str) -> None:
    title, label = SWEEP_LABELS[kind]
    axes.set(xscale="log", yscale="log", xlabel=label, title=title)
    dtype, threads, members = next(groups(results["cases"], kind), ("", 0, []))
    for name in ORDER[:4]:
        seen = [(case["n"], case["contenders"].get(name, {}).get("median")) for case in members]
        points = [(n, t) for n, t in seen if t is not None]
        if points:
            look = LOOK_OF[name]
            axes.plot(
                *zip(*points, strict=True), color=look.colour, marker=look.marker, linestyle=look.dashes, label=name
            )
    if members:
        ticks = [case["n"] for case in members]
        axes.set_xticks(ticks, [str(n) for n in ticks])
        axes.minorticks_off()
        plural = "s" if threads > 1 else ""
        said = f"{dtype}, {threads} thread{plural}"
        axes.text(0.99, 0.02, said, transform=axes.transAxes, ha="right", va="bottom", fontsize=7)


def _dots(axes: Axes, results: dict[str, Any]) -> None:
    """Everyone in the fixed table, in units of the products; bars are quartiles."""
    cases = [case for case in results["cases"] if case["kind"] == TABLE]
    cases = [case for case in cases if case["threads"] == cases[0]["threads"]]
    names = [name for name in ORDER if name != PRODUCTS.name and any(name in case["contenders"] for case in cases)]
    for position, name in enumerate(names):
        look, points = LOOK_OF[name], []
        for i, case in enumerate(cases):
            found = case["contenders"].get(name, {}).get("ratio")
            if found:
                points.append(
                    (i + 0.1 * (position - (len(names) - 1) / 2), *(found[key] for key in ("low", "median", "high")))
                )
        if points:
            x, low, middle, high = (list(column) for column in zip(*points, strict=True))
            bars = [
                [b - a for a, b in zip(low, middle, strict=True)],
                [b - a for a, b in zip(middle, high, strict=True)],
            ]
            axes.errorbar(
                x,
                middle,
                bars,
                color=look.colour,
                marker=look.marker,
                markerfacecolor="white" if position % 2 else look.colour,
                linestyle="none",
                elinewidth=0.8,
                label=name,
            )
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set(yscale="log", xlim=(-0.5, max(1, len(cases)) - 0.5))
    axes.set_ylabel("time / GEMM-only baseline")
    axes.set_xticks(range(len(cases)), [_case_label(case) for case in cases], fontsize=6.5)
    axes.tick_params(axis="x", length=0)
    for i in range(1, len(cases)):
        axes.axvline(i - 0.5, color="#dddddd", linewidth=0.6)
    if names:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(names), columnspacing=1, handletextpad=0.2)


def _case_label(case: dict[str, Any]) -> str:
    """Sizes, batch and dtype in lines short enough for ten of them side by side."""
    sizes = "-".join(map(str, case["sizes"]))
    if len(sizes) > 12:
        half = len(case["sizes"]) // 2
        sizes = "-\n".join("-".join(map(str, part)) for part in (case["sizes"][:half], case["sizes"][half:]))
    return f"{sizes}\nbatch {case['batch']}\n{case['dtype']}"
