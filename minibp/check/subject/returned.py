"""What a subject returns, told apart by shapes: its two kinds in either order, with the cost, in a dict, by layer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.network import Network

Kinds = list[list[Any]]
"""The derivatives by the weights, and by the biases, an array a layer."""


def kinds_in(returned: Any, network: Network) -> Kinds:
    """The two kinds that a subject returned for a network; a result that is no such thing comes back as lists, if any.

    A cost before them is left out. Shapes tell the two kinds apart, and the numbers in the keys of a dict the layers.
    Shapes do not tell the layers: where widths are equal any order would fit.
    """
    rest = _without_cost(returned)
    pair = _pair(rest)
    candidates = [pair, pair[::-1], *_by_dimensions(list(_leaves(rest, "")))]
    fitting = [kinds for kinds in candidates if _fit(kinds, network)]
    fitting += [kinds for kinds in candidates[:2] if _fit(kinds, network, loosely=True)]
    return fitting[0] if fitting else pair


def _without_cost(returned: Any) -> Any:
    """What comes after a cost: the other parts, or the only one."""
    if not isinstance(returned, tuple | list) or len(returned) < 2:
        return returned
    first, *rest = returned
    if isinstance(first, int | float | np.number) or (isinstance(first, np.ndarray) and first.ndim == 0):
        return rest[0] if len(rest) == 1 else rest
    return returned


def _pair(returned: Any) -> Kinds:
    """The parts of a result as lists; none of what has no parts, or names for them."""
    if isinstance(returned, Mapping):
        return []
    try:
        return [list(kind) for kind in returned]
    except TypeError:
        return []


def _leaves(part: Any, name: str) -> Iterator[tuple[str, Array]]:
    """The arrays of a result, and the keys that lead to each."""
    if isinstance(part, Mapping):
        entries: Any = part.items()
    elif isinstance(part, tuple | list):
        entries = (("", entry) for entry in part)
    else:
        entries = ()
        if isinstance(part, np.ndarray) and part.ndim:
            yield name, part
    yield from chain.from_iterable(_leaves(entry, f"{name}.{key}") for key, entry in entries)


def _by_dimensions(leaves: list[tuple[str, Array]]) -> list[Kinds]:
    """Matrices and vectors apart, in the orders that may be meant: by the numbers in their names, and as given."""
    numbers = [re.findall(r"\d+", name) for name, _ in leaves]
    orders = [leaves]
    if leaves and all(numbers):
        places = [int(found[-1]) for found in numbers]
        orders.insert(0, [leaves[i] for i in sorted(range(len(leaves)), key=places.__getitem__)])
    return [[[array for _, array in order if array.ndim == n] for n in (2, 1)] for order in orders]


def _fit(kinds: Kinds, network: Network, *, loosely: bool = False) -> bool:
    """True where the arrays of both kinds have the shapes of the parameters; loosely, as many entries in biases."""
    if len(kinds) != 2:
        return False
    weights, biases = ([np.shape(array) for array in kind] for kind in kinds)
    if loosely:
        biases = [shape if len(shape) == 1 else tuple(n for n in shape if n != 1) or (1,) for shape in biases]
    return weights == [w.shape for w in network.weights] and biases == [b.shape for b in network.biases]
