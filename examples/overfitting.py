"""Why (27) matters: a small training set learned by heart, with and without L2.

    python examples/overfitting.py [--data mnist|digits|DIR] [--examples N] [--epochs N] [--l2 α] [--plot FILE]

The first N of the images are trained with, all of the test's are tested with. The network begins with weights from
N(0, 1), as in the source's first run; it, its batches and all else are the same with and without L2.
"""

from __future__ import annotations

import argparse

import numpy as np

from minibp import History, InputError, train
from minibp.console import check_writable, usable
from minibp.data.images import DataSet, data_set
from minibp.plots import LINES, PAGE_WIDTH, check_plot_file, looks, save
from minibp.training.presets import PRESETS


def trained(data: DataSet, examples: int, epochs: int, l2: float) -> History:
    """30 hidden neurons and cross-entropy, η = ½, batches of 10."""
    x, y = data.train.x[:examples], data.train.y[:examples]
    network = PRESETS["quadratic"].network((x.shape[1], 30, y.shape[1]), "float64", np.random.default_rng(0))
    return train(
        network, x, y, cost="cross_entropy", epochs=epochs, batch_size=10, eta=0.5, l2=l2, rng=0, test=data.test
    )


def main() -> None:
    """Read the command line; what cannot be used is told in a line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=400)
    parser.add_argument("--l2", type=float, default=0.5)
    parser.add_argument("--plot")
    options = parser.parse_args()
    with usable():
        show(options)


def show(options: argparse.Namespace) -> None:
    """Train, print, and plot where asked to."""
    check_writable({"--plot": options.plot})
    if options.plot:
        check_plot_file(options.plot)
    data = data_set(options.data, download=True)
    if not 1 <= options.examples <= len(data.train.x):
        raise InputError(f"--examples is {options.examples}, expected 1 to {len(data.train.x)}")
    alphas = {0.0, options.l2}
    histories = {alpha: trained(data, options.examples, options.epochs, alpha) for alpha in sorted(alphas)}
    print(f"{options.data}, {options.examples} examples, {options.epochs} epochs")
    for alpha, history in histories.items():
        costs = [epoch.test.cost for epoch in history.epochs]
        last, least = history.epochs[-1], 1 + costs.index(min(costs))
        print(
            f"  α = {alpha:<4g} train: cost {last.train.cost:.4f}, {100 * last.train.accuracy:.1f} %; "
            f"test: cost {last.test.cost:.3f}, {100 * last.test.accuracy:.1f} %; "
            f"least test cost {min(costs):.3f} after epoch {least}; ‖W²‖ {last.norm_w[0]:.1f}"
        )
    if options.plot:
        plot(options.plot, options.data, options.examples, histories)


def plot(path: str, name: str, examples: int, histories: dict[float, History]) -> None:
    """What is trained for, what it is good for, and the share of right answers; without L2 and with it."""
    from matplotlib.figure import Figure

    with looks():
        page = Figure(figsize=(PAGE_WIDTH, 2.7), layout="constrained")
        train_cost, test_cost, accuracy = page.subplots(1, 3)
        for (alpha, history), look in zip(histories.items(), (LINES[2], LINES[1]), strict=False):
            style = {"color": look.colour, "linestyle": look.dashes, "label": f"α = {alpha:g}"}
            numbers = [epoch.number for epoch in history.epochs]
            train_cost.plot(numbers, [epoch.train.cost for epoch in history.epochs], **style)
            test_cost.plot(numbers, [epoch.test.cost for epoch in history.epochs], **style)
            accuracy.plot(numbers, [100 * epoch.test.accuracy for epoch in history.epochs], **style)
        settled = [epoch for history in histories.values() for epoch in history.epochs[len(history.epochs) // 20 :]]
        lowest = 100 * min(epoch.test.accuracy for epoch in settled)  # the first epochs would dwarf what follows
        total = next(iter(histories.values())).start.test.total
        train_cost.set(yscale="log", ylabel="cost C₀", title=f"on the {examples:,} trained with")
        test_cost.set(ylabel="cost C₀", title=f"on {total:,} others", ylim=(0, None))
        accuracy.set(ylabel="accuracy (%)", title=f"on {total:,} others", ylim=(lowest - 2, None))
        for axes in (train_cost, test_cost, accuracy):
            axes.set_xlabel("epoch")
            axes.legend()
        page.suptitle(f"{name}, cross-entropy, 30 hidden neurons", fontsize=8)
    save(page, path)


if __name__ == "__main__":
    main()
