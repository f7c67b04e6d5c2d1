"""Arguments and results of any function: arrays, numbers, and tuples, lists, dicts and dataclasses of them, nested.

A structure is a tree whose leaves are arrays and numbers. Its real and complex leaves together are one row of float64
numbers, in which a complex number is a pair; all other leaves are passed on as they are.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.foreign import Unreadable, as_numpy
from minibp.trees import children_of, is_numbers


class Leaf(NamedTuple):
    """One leaf: its name, and its array where it has numbers that can be differentiated by, else None."""

    name: str
    value: Any
    array: Array | None

    @property
    def is_complex(self) -> bool:
        """True of complex numbers, each of which is a pair of real ones."""
        return self.array is not None and self.array.dtype.kind == "c"

    @property
    def size(self) -> int:
        """The number of real numbers."""
        return 0 if self.array is None else self.array.size * (2 if self.is_complex else 1)


class Structure:
    """Values as one row of real numbers, and back.

    Parameters
    ----------
    roots : list of tuple of str and any
        Values, leaves or containers, and what each is called in messages.
    reading : callable
        Makes of the name and the value of a leaf the array to differentiate by, or None.
    """

    def __init__(self, roots: list[tuple[str, Any]], reading: Callable[[str, Any], Array | None]) -> None:
        self.leaves: list[Leaf] = []
        self.values = [value for _, value in roots]
        self._trees = [self._walk(value, name, reading) for name, value in roots]
        sizes = [leaf.size for leaf in self.leaves]
        self.starts = np.cumsum([0, *sizes])
        self._bounds = list(itertools.pairwise(self.starts.tolist()))
        """Where each leaf's numbers begin and end in the row."""
        self.flat = self.row([leaf.array for leaf in self.leaves])

    def share(self) -> None:
        """Let the arrays of leaves be parts of the row, where they are of its format, so that they are held once."""
        self.leaves = [
            leaf._replace(array=self.flat[start : start + leaf.size].reshape(leaf.array.shape))
            if leaf.array is not None and leaf.array.dtype == np.float64
            else leaf
            for leaf, (start, _) in zip(self.leaves, self._bounds, strict=True)
        ]

    def _walk(self, value: Any, name: str, reading: Callable[[str, Any], Array | None]) -> Any:
        """The tree below a value: the number of a leaf, or the trees of entries and what makes a container of them."""
        parts = None if is_numbers(value) else children_of(value)
        if parts is None:
            self.leaves.append(Leaf(name, value, reading(name, value)))
            return len(self.leaves) - 1
        entries, made = parts
        return [self._walk(entry, name + label, reading) for label, entry in entries], made

    def __len__(self) -> int:
        return int(self.starts[-1])

    def row(self, arrays: list[Array | None]) -> Array:
        """Arrays shaped like the leaves as one row of float64 numbers; those of other leaves are ignored."""
        parts = [
            _as_reals(array, leaf) for leaf, array in zip(self.leaves, arrays, strict=True) if leaf.array is not None
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def unpacked(self, flat: Array, dtype: Any = None) -> list[Any]:
        """The leaves for another row: fresh arrays, of `dtype` or, where that is None, of the leaves' own.

        A complex row stands for complex arguments of every leaf that is real, and is made for these: they are its own.
        """
        leaves = []
        for leaf, (start, stop) in zip(self.leaves, self._bounds, strict=True):
            if leaf.array is None:
                leaves.append(leaf.value.copy() if isinstance(leaf.value, np.ndarray) else leaf.value)
            else:
                leaves.append(_from_reals(flat[start:stop], leaf, dtype))
        return leaves

    def built(self, leaves: list[Any]) -> list[Any]:
        """The roots with other leaves."""
        return [_built(tree, leaves) for tree in self._trees]

    def tree(self, i: int) -> Any:
        """The tree of a root: the number of its leaf, or the trees of entries and what makes a container of them."""
        return self._trees[i]

    def place(self, k: int) -> tuple[str, tuple[int, ...], str]:
        """The leaf and the index of entry k of the row, and "", ".real" or ".imag"."""
        i = int(np.searchsorted(self.starts, k, side="right")) - 1
        leaf, at = self.leaves[i], k - int(self.starts[i])
        assert leaf.array is not None
        part = ""
        if leaf.is_complex:
            part = ".imag" if at >= leaf.array.size else ".real"
            at %= leaf.array.size
        index = np.unravel_index(at, leaf.array.shape) if leaf.array.shape else ()
        return leaf.name, tuple(int(j) for j in index), part

    def beside(self, k: int) -> slice:
        """The entries of the row that are of the same leaf as entry k."""
        i = int(np.searchsorted(self.starts, k, side="right")) - 1
        return slice(int(self.starts[i]), int(self.starts[i + 1]))

    def parts(self) -> Iterator[tuple[Leaf, slice]]:
        """The leaves that are differentiated by, and where their numbers are in the row."""
        for leaf, (start, stop) in zip(self.leaves, self._bounds, strict=True):
            if leaf.array is not None:
                yield leaf, slice(start, stop)


def _built(tree: Any, leaves: list[Any]) -> Any:
    """What a tree stands for, with these leaves."""
    if isinstance(tree, int):
        return leaves[tree]
    parts, made = tree
    return made([_built(part, leaves) for part in parts])


def _as_reals(array: Any, leaf: Leaf) -> Array:
    flat = np.asarray(array).ravel()
    if leaf.is_complex:
        return np.concatenate([flat.real, flat.imag], dtype=np.float64)
    return flat.astype(np.float64)


def _from_reals(part: Array, leaf: Leaf, dtype: Any) -> Array:
    array = leaf.array
    assert array is not None
    if leaf.is_complex:
        half = array.size
        return (part[:half] + 1j * part[half:]).reshape(array.shape).astype(array.dtype)
    wanted = array.dtype if dtype is None else dtype
    return part.reshape(array.shape).astype(wanted, copy=part.dtype.kind != "c")


def numbers_of(value: Any) -> tuple[Array, str] | None:
    """A leaf's numbers and the dtype that they were computed in; None where it has none."""
    try:
        array, dtype = as_numpy(value)
    except Unreadable:
        return None
    return (array, dtype) if array.dtype.kind in "fiubc" else None
