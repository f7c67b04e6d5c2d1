"""Why (26) matters: quadratic cost against cross-entropy, on one saturated neuron and on images of digits.

    python examples/learning_slowdown.py [--data mnist|digits|DIR] [--epochs N] [--plot FILE]

The neuron has w = b = 2 and shall answer 0 to the input 1: it begins at 0.98, wrong and saturated. The images begin
with weights from N(0, 1), which saturate many neurons. Both costs get the same network and the same batches.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from minibp import History, Network, batched, train
from minibp.console import check_writable, usable
from minibp.data.images import DataSet, data_set
from minibp.plots import LINES, PAGE_WIDTH, check_plot_file, looks, save
from minibp.training.presets import PRESETS

NEURON_ETA, NEURON_EPOCHS = 0.15, 300
COSTS = (("quadratic", 3.0), ("quadratic", 0.5), ("cross_entropy", 0.5))
"""The costs and learning rates for the images: the presets' own, and the quadratic cost with the other's."""


def neuron(cost: str) -> tuple[np.ndarray, np.ndarray]:
    """The neuron's output and |δ|, the size of its error, before each step and after the last."""
    network = Network([[[2.0]]], [[2.0]])
    x, y = [[1.0]], [[0.0]]
    passes = [batched.backprop(network, cost, x, y)]

    def note(history: History) -> None:
        passes.append(batched.backprop(history.network, cost, x, y))

    train(network, x, y, cost=cost, epochs=NEURON_EPOCHS, batch_size=1, eta=NEURON_ETA, callback=note)
    return np.array([one.a[-1][0, 0] for one in passes]), np.array([abs(one.delta[-1][0, 0]) for one in passes])


def images(data: DataSet, cost: str, eta: float, epochs: int) -> list[float]:
    """The test accuracy before each epoch and after the last."""
    sizes = (data.train.x.shape[1], 30, data.train.y.shape[1])
    network = PRESETS["quadratic"].network(sizes, "float64", np.random.default_rng(0))
    history = train(
        network, data.train.x, data.train.y, cost=cost, epochs=epochs, batch_size=10, eta=eta, rng=0, test=data.test
    )
    return [epoch.test.accuracy for epoch in (history.start, *history.epochs)]


def main() -> None:
    """Read the command line; what cannot be used is told in a line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--plot")
    options = parser.parse_args()
    with usable():
        show(options)


def show(options: argparse.Namespace) -> None:
    """Train, print, and plot where asked to."""
    check_writable({"--plot": options.plot})
    if options.plot:
        check_plot_file(options.plot)
    neurons = {cost: neuron(cost) for cost in ("quadratic", "cross_entropy")}
    print(f"one neuron, η = {NEURON_ETA}: output after so many epochs, and |δ| at first")
    for cost, (outputs, errors) in neurons.items():
        shown = ", ".join(f"{n}: {outputs[n]:.3f}" for n in range(0, NEURON_EPOCHS + 1, 50))
        print(f"  {cost:<14} {shown}; |δ| {errors[0]:.4f}")
    data = data_set(options.data, download=True)
    curves = {(cost, eta): images(data, cost, eta, options.epochs) for cost, eta in COSTS}
    print(f"{options.data}: classified correctly of {len(data.test.x):,} after so many epochs")
    for (cost, eta), accuracies in curves.items():
        shown = ", ".join(
            f"{n}: {100 * accuracies[n]:.1f} %" for n in sorted({0, 1, 2, 5, options.epochs}) if n <= options.epochs
        )
        print(f"  {cost:<14} η = {eta}  {shown}")
    if options.plot:
        plot(options.plot, options.data, neurons, curves)


def plot(path: str, name: str, neurons: dict[str, Any], curves: dict[tuple[str, float], list[float]]) -> None:
    """The neuron's output and error, and the accuracy on images, side by side."""
    from matplotlib.figure import Figure

    look_of = dict(zip(COSTS, LINES[1:], strict=False))
    with looks():
        page = Figure(figsize=(PAGE_WIDTH, 2.6), layout="constrained")
        output, error, accuracy = page.subplots(1, 3)
        for cost, (outputs, errors) in neurons.items():
            look = look_of[cost, dict(COSTS)[cost]]
            for axes, values in ((output, outputs), (error, errors)):
                axes.plot(values, color=look.colour, linestyle=look.dashes, label=cost.replace("_", "-"))
        output.set(
            xlabel="epoch", ylabel="output a (target 0)", title=f"one saturated neuron, η = {NEURON_ETA}", ylim=(0, 1)
        )
        error.set(xlabel="epoch", ylabel="|δ|", title="its error, (17) or (26)", ylim=(0, None))
        for (cost, eta), values in curves.items():
            look = look_of[cost, eta]
            label = f"{cost.replace('_', '-')}, η = {eta}"
            style: Any = {"color": look.colour, "linestyle": look.dashes, "marker": look.marker}
            accuracy.plot(range(1, len(values)), [100 * value for value in values[1:]], label=label, **style)
        accuracy.set(xlabel="epoch", ylabel="accuracy (%)", title=f"{name}, 30 hidden neurons")
        error.legend(loc="upper right")
        accuracy.legend(loc="lower right")
    save(page, path)


if __name__ == "__main__":
    main()
