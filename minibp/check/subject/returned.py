"""What a subject returns, told apart by shapes: its two kinds in either order, with the cost, in a dict, by layer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from minibp.adapters.answers import cost_apart
from minibp.adapters.held import is_number
from minibp.arrays import Array
from minibp.network import Network

Kinds = list[list[Any]]
"""The derivatives by the weights, and by the biases, an array a layer."""
COSTS = ("cost", "loss", "j")
"""Keys of a cost in a dict, in small letters."""


class Result(NamedTuple):
    """What a subject returned, taken apart."""

    kinds: Kinds
    cost: float | None
    """The cost that came before the gradient."""


def read_result(returned: Any, network: Network, *, biases: bool = True) -> Result:
    """What a subject returned for a network; a gradient that is no such thing comes back as lists, if any.

    Shapes tell the two kinds apart, and the numbers in the keys of a dict the layers. Shapes do not tell the layers:
    where widths are equal any order would fit. Without `biases` the derivatives by the weights are enough.
    """
    cost, rest = _cost_apart(returned)
    if not biases:
        return Result(_weights_alone(rest, network), cost)
    pair = _pair(rest)
    candidates = [pair, pair[::-1], *_by_dimensions(list(_leaves(rest, "")))]
    fitting = [kinds for kinds in candidates if _fit(kinds, network)]
    fitting += [kinds for kinds in candidates[:2] if _fit(kinds, network, loosely=True)]
    return Result(fitting[0] if fitting else pair, cost)


def _weights_alone(returned: Any, network: Network) -> Kinds:
    """The derivatives by the weights, found by their shapes, and zeros for those by the biases."""
    parts = list(returned) if isinstance(returned, tuple | list) else []
    lists = [parts, *[list(part) for part in parts if isinstance(part, tuple | list)]]
    lists += [kinds[0] for kinds in _by_dimensions(list(_leaves(returned, "")))]
    shapes = [w.shape for w in network.weights]
    for arrays in lists:
        if list(map(_shape, arrays)) == shapes:
            return [list(map(np.asarray, arrays)), [np.zeros_like(b) for b in network.biases]]
    # Of another shape, as a transposed one: the check tells which.
    each = next((arrays for arrays in lists if len(arrays) == len(shapes) and None not in map(_shape, arrays)), None)
    return _pair(returned) if each is None else [each, [np.zeros_like(b) for b in network.biases]]


def _shape(array: Any) -> tuple[int, ...] | None:
    """The shape of an array, or of lists in lists; None where it has none."""
    try:
        return np.shape(array)
    except ValueError:  # lists of several lengths
        return None


def _cost_apart(returned: Any) -> tuple[float | None, Any]:
    """The cost, None where there is none, and what comes after it: the other parts, or the only one."""
    if isinstance(returned, Mapping):
        costs = [float(value) for key, value in returned.items() if str(key).lower() in COSTS and is_number(value)]
        return costs[0] if len(costs) == 1 else None, returned
    cost, rest = cost_apart(returned)
    return float(cost[0]) if cost else None, rest


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
