"""A network as a drawing: neurons in columns, a column a layer, and a line for each weight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

MOST = 12
"""Neurons of a layer that are drawn; of a wider layer those that matter most."""
RADIUS = 15
ACROSS, DOWN = 170, 46
"""Distances between columns, and between the neurons of a column."""
EDGE = 44
"""Free space around all."""


class Mark(NamedTuple):
    """The look of a part, a class of the style sheet, and what is said of it."""

    look: str
    title: str


class Neuron(NamedTuple):
    """Neuron j of layer l, counted from 1 as in the equations."""

    id: str
    x: float
    y: float
    label: str
    mark: Mark


class Weight(NamedTuple):
    """The weight w^l_jk, from neuron k of the layer before to neuron j of layer l."""

    id: str
    x1: float
    y1: float
    x2: float
    y2: float
    mark: Mark


class Column(NamedTuple):
    """A layer: where it stands, what is written below it, and how many of its neurons are not drawn."""

    x: float
    label: str
    left_out: int


class Drawing(NamedTuple):
    """All that is drawn."""

    width: float
    height: float
    radius: int
    neurons: list[Neuron]
    weights: list[Weight]
    columns: list[Column]


def drawn(
    sizes: Sequence[int],
    neuron: Callable[[int, int], Mark],
    weight: Callable[[int, int, int], Mark],
    *,
    label: Callable[[int, int], str] = lambda layer, j: "",
    rank: Callable[[int, int], float] = lambda layer, j: 0.0,
) -> Drawing:
    """The drawing of a network.

    Parameters
    ----------
    sizes : sequence of int
        n_1, …, n_L.
    neuron : callable
        neuron(l, j) gives the mark of neuron j of layer l, both counted from 1.
    weight : callable
        weight(l, j, k) gives the mark of w^l_jk.
    label : callable, optional
        label(l, j) gives what is written into a neuron. Default: nothing.
    rank : callable, optional
        rank(l, j) is the larger, the more a neuron matters: of layers wider than `MOST` those are drawn that matter
        most, in their order. Default: all alike, so that the first are drawn.

    Returns
    -------
    Drawing
        Places in units of a viewBox.
    """
    shown = [_shown(layer, size, rank) for layer, size in enumerate(sizes, start=1)]
    rows = max(map(len, shown))
    width, height = 2 * EDGE + ACROSS * (len(sizes) - 1) + 2 * RADIUS, 2 * EDGE + DOWN * rows
    places = [
        {
            j: (EDGE + RADIUS + ACROSS * at, EDGE + DOWN * (i + 0.5 + (rows - len(chosen)) / 2))
            for i, j in enumerate(chosen)
        }
        for at, chosen in enumerate(shown)
    ]
    neurons = [
        Neuron(f"n{layer}-{j}", x, y, label(layer, j), neuron(layer, j))
        for layer, at in enumerate(places, start=1)
        for j, (x, y) in at.items()
    ]
    weights = [
        Weight(f"w{layer}-{j}-{k}", x1, y1, x2, y2, weight(layer, j, k))
        for layer, (before, after) in enumerate(pairwise(places), start=2)
        for j, (x2, y2) in after.items()
        for k, (x1, y1) in before.items()
    ]
    columns = [
        Column(EDGE + RADIUS + ACROSS * at, _name(at + 1, len(sizes)), size - len(chosen))
        for at, (size, chosen) in enumerate(zip(sizes, shown, strict=True))
    ]
    return Drawing(width, height, RADIUS, neurons, weights, columns)


def _shown(layer: int, size: int, rank: Callable[[int, int], float]) -> list[int]:
    """The neurons that are drawn, in their order."""
    first = sorted(range(1, size + 1), key=lambda j: -rank(layer, j))[:MOST]
    return sorted(first)


def _name(layer: int, last: int) -> str:
    return "layer 1, x" if layer == 1 else f"layer {layer}" + (", output" if layer == last else "")
