"""The figures of the book's pages on the article, from the package's own data, and the numbers beside them.

    python examples/article_figures.py [--to FOLDER] [--mnist]

By default they go to docs/images. Everything has a seed. The figures of MNIST, which take two minutes and download
it where it is not at hand, are made with --mnist alone; that of the benchmark is made by `minibp bench`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from click.testing import CliRunner

from minibp import Network, batched, data, train
from minibp.cli import cli
from minibp.descent.contours import thinned
from minibp.plots import LINES, PAGE_WIDTH, looks, save

if TYPE_CHECKING:
    from matplotlib.figure import Figure

IMAGES = Path(__file__).parents[1] / "docs" / "images"
COMMANDS = {
    "directions.svg": "descend --directions",
    "descent-bowl.svg": "descend",
    "descent-stretched.svg": "descend --function stretched",
    "descent-rosenbrock.svg": "descend --function rosenbrock",
    "descent-himmelblau.svg": (
        "descend --function himmelblau --eta 0.01 --start 0,0 --start -1,1 --start -1,-1 --start 1,-1"
    ),
    "descent-valleys.svg": "descend --function valleys --eta 0.05 --start 0.3,1.2 --start -0.3,1.2",
}
OF_MNIST = {
    "training-quadratic.svg": "train --data mnist --preset quadratic",
    "training-cross-entropy.svg": "train --data mnist --preset cross-entropy",
}
SIZES = (1, 3, 10, 30, 100, 300, 1000)
DRAWS = 400


class Scatter(NamedTuple):
    """How mini-batch gradients lie about the full one, in units of its length."""

    distances: np.ndarray
    """Of each of `SIZES`, the root of the mean square."""
    law: np.ndarray
    points: dict[int, np.ndarray]
    """Of some sizes, (draws, 2): along ∇C, and along where single examples scatter most beside it."""


@cache
def scatter() -> Scatter:
    """Mini-batches of a 64-30-10 network after its first epoch on the digits: (6)."""
    digits = data.data_set("digits").train
    begun = Network.random([64, 30, 10], rng=0)
    history = train(begun, digits.x, digits.y, cost="cross_entropy", epochs=1, batch_size=10, eta=0.5, rng=0)
    found = batched.backprop(history.network, "cross_entropy", digits.x, digits.y)
    m = len(digits.x)
    # The gradient of each example: (23), and (24) as an outer product.
    parts = [np.einsum("mj,mk->mjk", d, a).reshape(m, -1) for d, a in zip(found.delta, found.a, strict=False)]
    each = np.hstack([*parts, *found.delta])
    mean = each.mean(axis=0)
    off = (each - mean) / np.linalg.norm(mean)
    along = mean / np.linalg.norm(mean)
    beside = off - np.outer(off @ along, along)
    most = beside[0]
    for _ in range(50):  # to the first principal direction
        most = beside.T @ (beside @ most)
        most /= np.linalg.norm(most)
    plane = np.stack([along, most])
    s2 = (off**2).sum(axis=1).mean()
    rng = np.random.default_rng(0)
    distances, points = [], {}
    for k in SIZES:
        chosen = np.zeros((DRAWS, m))
        for row in chosen:
            row[rng.choice(m, k, replace=False)] = 1 / k
        drawn = chosen @ off
        distances.append(np.sqrt((drawn**2).sum(axis=1).mean()))
        points[k] = drawn[:60] @ plane.T + (1, 0)
    law = np.sqrt([s2 / k * (m - k) / (m - 1) for k in SIZES])
    return Scatter(np.array(distances), law, points)


def scatter_figure(found: Scatter) -> Figure:
    """Gradients in a plane, and their distances against k."""
    from matplotlib.figure import Figure as New

    page = New(figsize=(PAGE_WIDTH, 3.0), layout="constrained")
    plane, distance = page.subplots(1, 2)
    for k, look in zip((1, 10, 100), LINES[2:], strict=False):
        plane.plot(*found.points[k].T, look.marker, color=look.colour, markersize=2.5, alpha=0.7, label=f"k = {k}")
    plane.plot(1, 0, "*", color="black", markersize=11, label="∇C")
    plane.set_aspect("equal")
    plane.set(xlabel="along ∇C, in units of ‖∇C‖", ylabel="where examples scatter most")
    distance.plot(SIZES, found.law, color="black", linewidth=1.0, label="s/√k · √((m − k)/(m − 1))")
    distance.plot(SIZES, found.law[0] / np.sqrt(SIZES), ":", color="#7F7F7F", linewidth=1.0, label="s/√k")
    distance.plot(SIZES, found.distances, "s", color=LINES[1].colour, label=f"root mean square of {DRAWS}")
    distance.set(xscale="log", yscale="log", xlabel="examples in a mini-batch, k", ylabel="distance from ∇C, over ‖∇C‖")
    distance.legend(loc="lower left")
    page.legend(*plane.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return page


class Descent(NamedTuple):
    """One way to go down: w and b after each step."""

    name: str
    k: int
    eta: float
    points: np.ndarray


def line_data() -> tuple[np.ndarray, np.ndarray]:
    """60 points about y = 1.5 x − 0.5."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, (60, 1))
    return x, 1.5 * x - 0.5 + 0.4 * rng.standard_normal((60, 1))


def line_cost(point: Any) -> float:
    """(4) of a neuron without a function."""
    x, y = line_data()
    return float(((point[0] * x + point[1] - y) ** 2).mean() / 2)


def three_descents(epochs: int = 8) -> list[Descent]:
    """(7) with k = m, with k = 6, and with k = 1, which is (5); from one start, with as many examples."""
    x, y = line_data()
    found = []
    for name, k, eta in (("batch", len(x), 1.0), ("mini-batch", 6, 0.3), ("stochastic", 1, 0.15)):
        rng = np.random.default_rng(0)
        w, points = np.array([-1.0, 1.5]), [np.array([-1.0, 1.5])]
        for _ in range(epochs):
            order = rng.permutation(len(x))
            for rows in np.split(order, range(k, len(x), k)):
                network = Network([[[w[0]]]], [[w[1]]], "identity")
                nabla_w, nabla_b = batched.backprop(network, "quadratic", x[rows], y[rows]).gradient
                w = w - eta * np.array([nabla_w[0][0, 0], nabla_b[0][0]])
                points.append(w)
        found.append(Descent(name, k, eta, np.array(points)))
    return found


def best_line() -> np.ndarray:
    """w and b of the least cost, by least squares."""
    x, y = line_data()
    return np.linalg.lstsq(np.hstack([x, np.ones_like(x)]), y[:, 0], rcond=None)[0]


def three_descents_figure(found: list[Descent]) -> Figure:
    """The paths on the contours of the cost, and the cost against the number of examples looked at."""
    from matplotlib.figure import Figure as New

    page = New(figsize=(PAGE_WIDTH, 3.2), layout="constrained")
    plane, costs = page.subplots(1, 2)
    grid = np.linspace(-1.4, 2.4, 61), np.linspace(-1.3, 1.8, 61)
    x, y = line_data()
    heights = ((grid[0][None, :, None] * x[:, 0] + grid[1][:, None, None] - y[:, 0]) ** 2).mean(axis=2) / 2
    plane.contour(*grid, heights, levels=heights.min() + 2.0 ** np.arange(-7, 3), colors="#b0b0b0", linewidths=0.6)
    least = best_line()
    for one, look in reversed(list(zip(found, LINES[1:], strict=False))):
        path = thinned(one.points, 0.004, 0.004)
        size = {"batch": 4.0, "mini-batch": 1.5, "stochastic": 0.0}[one.name]
        label = f"{one.name}, k = {one.k}, η = {one.eta:g}"
        style: dict[str, Any] = {"color": look.colour, "markersize": size, "marker": look.marker if size else ""}
        plane.plot(*path.T, linewidth=1.4 if size == 4 else 0.7, label=label, **style)
        above = np.array([line_cost(point) - line_cost(least) for point in one.points])
        every = slice(None, None, max(1, len(above) // 160))
        seen = one.k * np.arange(len(above))
        costs.plot(seen[every], above[every], color=look.colour, linestyle=look.dashes, linewidth=1.0)
    plane.plot(*least, "+", color="black", markersize=10, zorder=5)
    plane.plot(*found[0].points[0], "o", color="black", markersize=5, markerfacecolor="white", zorder=5)
    plane.set(xlabel="weight w", ylabel="bias b", xlim=(-1.4, 2.4), ylim=(-1.3, 1.8))
    costs.set(yscale="log", xlabel="examples looked at", ylabel="cost above the least")
    handles, labels = plane.get_legend_handles_labels()
    page.legend(handles[::-1], labels[::-1], loc="outside upper center", ncols=3)
    return page


class Neuron(NamedTuple):
    """One trained neuron, and what it was trained on."""

    network: Network
    x: np.ndarray
    y: np.ndarray


def one_neuron() -> Neuron:
    """(8) on two clouds of 40 points: the boundary is w · x + b = 0."""
    rng = np.random.default_rng(3)
    x = np.vstack([rng.normal((-1.0, -0.6), 0.7, (40, 2)), rng.normal((1.0, 0.7), 0.7, (40, 2))])
    y = np.repeat([[0.0], [1.0]], 40, axis=0)
    history = train(
        Network([[[0.0, 0.0]]], [[0.0]]), x, y, cost="cross_entropy", epochs=200, batch_size=10, eta=0.1, l2=0.1, rng=0
    )
    return Neuron(history.network, x, y)


def one_neuron_figure(found: Neuron) -> Figure:
    """The points with the boundary, and the output against the distance from it."""
    from matplotlib.figure import Figure as New

    page = New(figsize=(PAGE_WIDTH, 3.0), layout="constrained")
    plane, output = page.subplots(1, 2)
    (w,), b = found.network.weights[0], float(found.network.biases[0][0])
    length = float(np.linalg.norm(w))
    distance = (found.x @ w + b) / length
    ends = np.linspace(-3.2, 3.2, 2)
    for z, dashes in ((np.log(1 / 9), ":"), (0.0, "-"), (np.log(9.0), ":")):
        label = "σ = ½" if z == 0 else "σ = 0.1 and 0.9" if z < 0 else None
        plane.plot(ends, (z - b - w[0] * ends) / w[1], dashes, color="black", linewidth=1.0, label=label)
    line = np.linspace(-3.2, 3.2, 81)
    output.plot(line, 1 / (1 + np.exp(-length * line)), color="#7F7F7F", linewidth=1.0)
    output.axvline(0, color="#b0b0b0", linewidth=0.6)
    for target, look in ((0, LINES[1]), (1, LINES[2])):
        here = found.y[:, 0] == target
        style: dict[str, Any] = {"color": look.colour, "markersize": 3, "alpha": 0.8}
        plane.plot(*found.x[here].T, look.marker, label=f"y = {target}", **style)
        output.plot(distance[here], np.full(here.sum(), float(target)), look.marker, **style)
    plane.set_aspect("equal")
    plane.set(xlabel="x₁", ylabel="x₂", xlim=(-3.2, 3.2), ylim=(-2.8, 2.8))
    output.set(xlabel="distance from the boundary", ylabel="output a")
    handles, labels = plane.get_legend_handles_labels()
    page.legend([*handles, output.get_lines()[0]], [*labels, "σ(w · x + b)"], loc="outside upper center", ncols=5)
    return page


OWN: dict[str, tuple[Callable[[], Any], Callable[[Any], Figure]]] = {
    "minibatch-scatter.svg": (scatter, scatter_figure),
    "three-descents.svg": (three_descents, three_descents_figure),
    "one-neuron.svg": (one_neuron, one_neuron_figure),
}


def draw(name: str, folder: Path) -> None:
    """One figure, into a folder."""
    path = str(folder / name)
    if name in OWN:
        made, figure = OWN[name]
        with looks():
            page = figure(made())
        save(page, path)
        return
    line = (COMMANDS | OF_MNIST)[name]
    result = CliRunner().invoke(cli, [*line.split(), "--plot", path], catch_exceptions=False)
    if result.exit_code:
        raise SystemExit(f"minibp {line} ended with {result.exit_code}:\n{result.output}")


def numbers() -> str:
    """What the pages say in numbers."""
    found, neuron = scatter(), one_neuron()
    lines = ["distance of mini-batch gradients from the full one, over its length:"]
    lines.append("    k         " + "".join(f"{k:>8}" for k in SIZES))
    lines.append("    measured  " + "".join(f"{one:>8.3f}" for one in found.distances))
    lines.append("    law       " + "".join(f"{one:>8.3f}" for one in found.law))
    least = line_cost(best_line())
    ends = ", ".join(f"{one.name} {line_cost(one.points[-1]) - least:.2g}" for one in three_descents())
    lines.append(f"cost above the least after 8 epochs: {ends}")
    right = int(((batched.feedforward(neuron.network, neuron.x) > 0.5) == neuron.y).sum())
    lines.append(f"one neuron: {right} of {len(neuron.x)} right")
    return "\n".join(lines)


def main() -> None:
    """Read the command line, draw, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=IMAGES)
    parser.add_argument("--mnist", action="store_true")
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    for name in (*OWN, *COMMANDS, *(OF_MNIST if options.mnist else ())):
        draw(name, options.to)
    if options.mnist:
        import learning_slowdown
        import overfitting

        for example, name in ((learning_slowdown, "learning-slowdown.svg"), (overfitting, "overfitting.svg")):
            sys.argv = [name, "--plot", str(options.to / name)]
            with contextlib.redirect_stdout(io.StringIO()):
                example.main()
    print(numbers())


if __name__ == "__main__":
    main()
