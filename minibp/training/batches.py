"""Minibatches: all examples once, in a new order each time; equation (6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import numpy as np

from minibp.arrays import Array
from minibp.workspace.plan import PART_BYTES, aligned

T = TypeVar("T")


class Batches(Generic[T]):
    """The rows of x (m, n_1) and y (m, n_L) in batches of `size`, the last one being what is left over.

    They come in buffers that are written to again and again. `bind` makes of each pair of buffers, once, what stands
    for a batch that is in it.

    >>> x = np.arange(5.0)[:, None]
    >>> batches = Batches(x, x, 2, lambda x, y: (x, y))
    >>> [x.ravel().tolist() for x, _ in batches.shuffled(np.random.default_rng(0))]
    [[2.0, 4.0], [3.0, 0.0], [1.0]]
    """

    def __init__(
        self, x: Array, y: Array, size: int, bind: Callable[[Array, Array], T], part_bytes: int = PART_BYTES
    ) -> None:
        self._x, self._y, self._size, self._bind = x, y, size, bind
        # Gathered as many at a time as fit into a core's cache, where steps then find them.
        batches = max(1, part_bytes // (size * (x[0].nbytes + y[0].nbytes)))
        rows = min(size * batches, len(x)) if size < len(x) else 0
        self._buffers = aligned((rows, x.shape[1]), x.dtype), aligned((rows, y.shape[1]), y.dtype)
        self._bound: dict[tuple[int, int], T] = {}

    @property
    def count(self) -> int:
        """Number of batches in an epoch."""
        return -(-len(self._x) // self._size)

    def shuffled(self, rng: np.random.Generator) -> Iterator[T]:
        """Batch after batch, each until the next one is asked for. A single batch of all is x and y as they are."""
        m, size = len(self._x), self._size
        if size == m:
            yield self._made(self._x, self._y, 0, m)
            return
        order = rng.permutation(m)  # every example once in an epoch, (5), (7)
        for start in range(0, m, len(self._buffers[0])):
            rows = order[start : start + len(self._buffers[0])]
            for array, buffer in zip((self._x, self._y), self._buffers, strict=True):
                # "clip" lets NumPy write straight into the buffer; no index is out of bounds.
                array.take(rows, axis=0, out=buffer[: len(rows)], mode="clip")
            for i in range(0, len(rows), size):
                yield self._made(*self._buffers, i, min(i + size, len(rows)))

    def _made(self, x: Array, y: Array, start: int, end: int) -> T:
        if (start, end) not in self._bound:
            self._bound[start, end] = self._bind(x[start:end], y[start:end])
        return self._bound[start, end]
