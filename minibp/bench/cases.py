"""The cases that are measured: the gradient of sigmoid neurons with cross-entropy, of one size after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from minibp.network import Network
from minibp.problem import Problem

TABLE, BATCH_SWEEP, WIDTH_SWEEP, DEPTH_SWEEP = "table", "batch", "width", "depth"
WIDTHS_BATCH, DEPTHS_BATCH, DEPTHS_WIDTH = 64, 64, 128
DTYPES = ("float64", "float32")


class Case(NamedTuple):
    """One network and batch size, in one dtype and with so many BLAS threads."""

    kind: str
    """"table", or the sweep that it belongs to: "batch", "width" or "depth"."""
    n: int
    """The varied value: batch size, width of the hidden layer, or number of hidden layers; 0 in the table."""
    sizes: tuple[int, ...]
    batch: int
    dtype: str
    threads: int

    @property
    def label(self) -> str:
        """Sizes, batch and dtype in short.

        >>> Case("table", 0, (2, 3, 1), 4, "float64", 1).label
        '2-3-1, 4, float64'
        """
        return f"{'-'.join(map(str, self.sizes))}, {self.batch}, {self.dtype}"


class TableRow(NamedTuple):
    """A row of the fixed table, and the workspace's targets in units of the GEMM-only baseline."""

    sizes: tuple[int, ...]
    batch: int
    targets: dict[str, float]
    """By dtype."""


TABLE_ROWS = (
    TableRow((2, 3, 1), 4, {"float64": 2.4, "float32": 2.4}),
    TableRow((784, 30, 10), 10, {"float64": 1.35, "float32": 1.6}),
    TableRow((784, 30, 10), 128, {"float64": 1.12, "float32": 1.15}),
    TableRow((784, 128, 10), 128, {"float64": 1.05, "float32": 1.08}),
    TableRow((784, 1024, 1024, 10), 256, {"float64": 1.04, "float32": 1.06}),
)


def of_table(rows: Iterable[TableRow], dtypes: Iterable[str], threads: int) -> list[Case]:
    """The fixed table's cases."""
    rows = list(rows)
    return [Case(TABLE, 0, row.sizes, row.batch, dtype, threads) for dtype in dtypes for row in rows]


def of_batch(n: int) -> tuple[tuple[int, ...], int]:
    """The source's network for digits, on n examples at a time."""
    return (784, 30, 10), n


def of_width(n: int) -> tuple[tuple[int, ...], int]:
    """The same with n hidden neurons."""
    return (784, n, 10), WIDTHS_BATCH


def of_depth(n: int) -> tuple[tuple[int, ...], int]:
    """n hidden layers, all as wide as the input."""
    return (*[DEPTHS_WIDTH] * (n + 1), 10), DEPTHS_BATCH


SWEEPS: dict[str, Callable[[int], tuple[tuple[int, ...], int]]] = {
    BATCH_SWEEP: of_batch,
    WIDTH_SWEEP: of_width,
    DEPTH_SWEEP: of_depth,
}
"""By kind: sizes and batch size for a value of what is varied."""


def of_sweep(kind: str, values: Iterable[int], dtypes: Iterable[str], threads: int) -> list[Case]:
    """The cases of one sweep.

    >>> [case.sizes for case in of_sweep(DEPTH_SWEEP, [1, 2], ["float64"], 1)]
    [(128, 128, 10), (128, 128, 128, 10)]
    """
    values = list(values)
    return [Case(kind, n, *SWEEPS[kind](n), dtype, threads) for dtype in dtypes for n in values]


def problem_of(case: Case, seed: int) -> Problem:
    """The case's problem: inputs in [0, 1) as those of images, targets 0 or 1; the same seed gives the same bits."""
    rng = np.random.default_rng([seed, case.batch, *case.sizes])
    network = Network.random(case.sizes, dtype=case.dtype, rng=rng)
    x = rng.random((case.batch, case.sizes[0])).astype(case.dtype)
    n_out = case.sizes[-1]
    y = np.zeros((case.batch, n_out), case.dtype)
    y[np.arange(case.batch), rng.integers(n_out, size=case.batch)] = (
        rng.integers(2, size=case.batch) if n_out == 1 else 1
    )
    return Problem(network, "cross_entropy", x, y)
