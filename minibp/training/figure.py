"""The figure of one training: cost, accuracy and the norms of the weights over the epochs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minibp.plots import LINES, PAGE_WIDTH, drawable, looks
from minibp.training.history import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure(history: History, title: str) -> Figure:
    """Three panels at the width of a page. Costs and accuracy begin with epoch 1, since 0 would dwarf all others."""
    with looks():
        from matplotlib.figure import Figure as New
        from matplotlib.ticker import MaxNLocator

        page = New(figsize=(PAGE_WIDTH, 2.7), layout="constrained")
        panels: Any = page.subplots(1, 3)
        epochs = (history.start, *history.epochs)
        trained = history.epochs or epochs
        numbers = [epoch.number for epoch in epochs]
        for axes in panels:
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        for look, name in zip(LINES[1:], ("train", "test"), strict=False):
            scores = [getattr(epoch, name) for epoch in trained]
            if scores[0] is None:
                continue
            style: Any = {"color": look.colour, "linestyle": look.dashes, "marker": look.marker, "markersize": 2.5}
            label = f"{name} ({scores[0].total:,})"
            panels[0].plot(numbers[-len(scores) :], [score.cost for score in scores], label=label, **style)
            if scores[0].right is not None:
                panels[1].plot(
                    numbers[-len(scores) :], [100 * score.accuracy for score in scores], label=label, **style
                )
        panels[0].set(ylabel="cost C₀, mean over examples", title="cost")
        costs = [value for line in panels[0].get_lines() for value in line.get_ydata() if 0 < value < math.inf]
        if costs and max(costs) > 10 * min(costs):
            panels[0].set_yscale("log")
        panels[1].set(ylabel="accuracy (%)", title="accuracy")
        for i, look in zip(range(len(history.network.weights)), LINES * len(epochs), strict=False):
            norms = [epoch.norm_w[i] for epoch in epochs]
            panels[2].plot(numbers, norms, color=look.colour, linestyle=look.dashes, label=f"layer {i + 2}")
        panels[2].set(ylabel="‖W‖", title="norms of the weights", ylim=(0, None))
        for axes in panels:
            if axes.get_legend_handles_labels()[0]:
                axes.legend()
        page.suptitle(drawable(title), fontsize=8, parse_math=False)
        return page
