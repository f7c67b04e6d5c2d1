"""Trees of tuples, lists, mappings, dataclasses and what JAX takes apart, nested, whose leaves are anything else."""

from __future__ import annotations

import copy
import dataclasses
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np

DEEPEST = 64
"""Containers are not nested deeper; NumPy's arrays have no more dimensions."""
_NO_CONTAINERS = (np.ndarray, np.generic, int, float, complex, str, bytes, type(None))
Children = list[tuple[str, Any]]
"""The entries of a container, each with what is written behind the container's name: [0], ['w'], .weight."""


def children_of(value: Any) -> tuple[Children, Callable[[list[Any]], Any]] | None:
    """The entries of a container, and what makes one like it of others; None of a leaf.

    >>> entries, made = children_of({"w": 1.0, "b": 2.0})
    >>> entries, made([3.0, 4.0])
    ([("['w']", 1.0), ("['b']", 2.0)], {'w': 3.0, 'b': 4.0})
    """
    if isinstance(value, Mapping):
        keys = list(value)
        return [(f"[{key!r}]", value[key]) for key in keys], lambda new: _mapping_like(value, keys, new)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        names = type(value)._fields
        return [(f".{name}", entry) for name, entry in zip(names, value, strict=True)], lambda new: type(value)(*new)
    if isinstance(value, tuple | list):
        made: Callable[[list[Any]], Any] = list if isinstance(value, list) else tuple
        return [(f"[{i}]", entry) for i, entry in enumerate(value)], made
    registered = _registered(value)
    if registered is not None:
        return registered
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value) if field.init]
        pairs = [(f".{name}", getattr(value, name)) for name in names]
        return pairs, lambda new: dataclasses.replace(value, **dict(zip(names, new, strict=True)))
    return None


def _mapping_like(value: Mapping[Any, Any], keys: list[Any], entries: list[Any]) -> Mapping[Any, Any]:
    """A mapping of the same class, of which a copy, or the class of one that is frozen, takes other entries."""
    pairs = dict(zip(keys, entries, strict=True))
    if type(value) is dict:
        return pairs
    if not isinstance(value, MutableMapping):
        frozen: Callable[..., Mapping[Any, Any]] = type(value)
        return frozen(pairs)
    made = copy.copy(value)
    made.update(pairs)
    return made


def _registered(value: Any) -> tuple[Children, Callable[[list[Any]], Any]] | None:
    """The entries of an instance of a class that JAX was told how to take apart, as of its libraries' modules."""
    tree_util: Any = sys.modules.get("jax.tree_util")
    if tree_util is None or isinstance(value, _NO_CONTAINERS) or tree_util.all_leaves([value]):
        return None
    pairs, tree = tree_util.tree_flatten_with_path(value, is_leaf=lambda part: part is not value)
    labels = [_label(tree_util.keystr(path), i) for i, (path, _) in enumerate(pairs)]
    entries = [entry for _, entry in pairs]
    return list(zip(labels, entries, strict=True)), lambda new: tree_util.tree_unflatten(tree, new)


def _label(key: str, i: int) -> str:
    """What is written behind the container's name; of entries that have only a place it is `key` with a remark."""
    return f"[{i}]" if key.startswith("[<") else key


def is_numbers(value: Any, depth: int = 0) -> bool:
    """True of a list, at any depth that an array can have, of plain numbers alone, which is an array.

    >>> is_numbers([[1, 2.0], [3, 4]]), is_numbers([1.0, np.ones(2)])
    (True, False)
    """
    if isinstance(value, list):
        return bool(value) and depth < DEEPEST and all(is_numbers(entry, depth + 1) for entry in value)
    return isinstance(value, int | float | complex | np.number) and not isinstance(value, bool)


def leaves_of(tree: Any) -> Iterator[Any]:
    """The leaves of a tree, in order.

    >>> list(leaves_of({"w": (1.0, 2.0), "b": None}))
    [1.0, 2.0, None]
    """
    parts = children_of(tree)
    if parts is None:
        yield tree
    else:
        for _, entry in parts[0]:
            yield from leaves_of(entry)


def with_leaves(tree: Any, leaves: Iterable[Any]) -> Any:
    """A tree like this one with other leaves, in order.

    >>> with_leaves({"w": (1.0, 2.0), "b": None}, "xyz")
    {'w': ('x', 'y'), 'b': 'z'}
    """
    return _with_leaves(tree, iter(leaves))


def _with_leaves(tree: Any, leaves: Iterator[Any]) -> Any:
    parts = children_of(tree)
    if parts is None:
        return next(leaves)
    entries, made = parts
    return made([_with_leaves(entry, leaves) for _, entry in entries])
