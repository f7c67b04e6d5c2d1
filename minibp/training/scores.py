"""Scores of a network on some data: its mean cost, and the number of correct classifications."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minibp.arrays import Array, in_parts
from minibp.costs import Cost
from minibp.network import Network
from minibp.user_functions import checked_cost, with_checked_functions
from minibp.workspace.plan import slices

SCORED_BYTES = 1 << 22
"""Of the widest layer's numbers in one part: memory stays small."""
SMALL_PRODUCT = 10**6
"""Products of fewer multiplications are taken by OpenBLAS without copying their operands into panels first: 60,000
images times 784 × 30 weights then take little more than half as long."""


class Score(NamedTuple):
    """The score of a network on a data set."""

    cost: float
    """C_0, the mean over the examples, (9) or (25), without L2."""
    right: int | None
    """Number of correct classifications; None where the targets are no classes."""
    total: int
    """Number of examples."""

    @property
    def accuracy(self) -> float | None:
        """The share of the right ones.

        >>> Score(0.1, 9, 10).accuracy
        0.9
        """
        return None if self.right is None else self.right / self.total


class Examples:
    """Checked x (m, n_1) and y (m, n_L), and the classes that y stands for.

    Rows of one 1 and else 0 are classes, and the largest output is the network's answer. In a single column, 0 and 1
    are classes, and the answer is 1 where the output is above ½, as at (8).
    """

    def __init__(self, x: Array, y: Array) -> None:
        self.x, self.y = x, y
        bits = all(bool(((part == 0) | (part == 1)).all()) for _, part in in_parts(y))
        if y.shape[1] == 1:
            self.labels = y[:, 0] > 0.5 if bits else None
        else:
            self.labels = y.argmax(axis=1) if bits and bool((y.sum(axis=1) == 1).all()) else None

    def score(
        self, network: Network, cost: Cost, *, part_bytes: int = SCORED_BYTES, small_product: int = SMALL_PRODUCT
    ) -> Score:
        """The network's cost and right answers. The cost is infinite or NaN where it overflows."""
        total, right = 0.0, 0
        network, cost = with_checked_functions(network), checked_cost(cost)
        widest = max(network.sizes) * self.x.itemsize
        with np.errstate(all="ignore"):
            for rows in slices(len(self.x), widest, part_bytes):
                z, a = _output(network, self.x[rows], small_product)
                values = cost.value_at(z, a, self.y[rows], network.activations[-1])
                total += float(np.sum(values, dtype=np.float64))
                if self.labels is not None:
                    answers = a[:, 0] > 0.5 if a.shape[1] == 1 else a.argmax(axis=1)
                    right += int(np.count_nonzero(answers == self.labels[rows]))
        m = len(self.x)
        return Score(total / m, None if self.labels is None else right, m)


def _output(network: Network, x: Array, small_product: int) -> tuple[Array, Array]:
    """z^L and a^L, by (13) and (14)."""
    z = a = x
    for w, b, activation in zip(network.weights, network.biases, network.activations, strict=True):
        z = _product(a, np.ascontiguousarray(w.T), small_product) + b
        a = np.asarray(activation.value(z), x.dtype)
    return z, a


def _product(a: Array, w_t: Array, small_product: int) -> Array:
    """A Wᵀ in parts that are small products, unless these would be of a few rows only."""
    rows = small_product // w_t.size
    if rows < 8:
        return a @ w_t
    z = np.empty((len(a), w_t.shape[1]), a.dtype)
    for start in range(0, len(a), rows):
        np.dot(a[start : start + rows], w_t, z[start : start + rows])
    return z
