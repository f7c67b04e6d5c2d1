"""The door: everything that backpropagation needs, checked together before any arithmetic starts."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array, InputError, checked_array, is_foreign
from minibp.costs import L2, Cost, cost_of
from minibp.network import Network


class Inputs(NamedTuple):
    """What `checked_inputs` lets in: x and y in the dtype of the parameters, copied and read-only."""

    cost: Cost
    l2: L2
    x: Array
    y: Array


def checked_inputs(network: Network, cost: Any, x: Any, y: Any, l2: Any) -> Inputs:
    """The arguments of `backprop`, made ready, or one `InputError` that says what was got and what was expected."""
    x = checked_rows(network, x)
    chosen = cost_of(cost)
    chosen.check_output(network.activations[-1], network.sizes[-1])
    y = checked_array("y", y, ndim=2, dtype=network.dtype)
    expected = (x.shape[0], network.sizes[-1])
    if tuple(y.shape) != expected:
        raise InputError(
            f"y has shape {tuple(y.shape)}, expected {expected}: one row for each row of x, "
            "one column for each output neuron"
        )
    if not is_foreign(y):
        chosen.check_targets(y)
    return Inputs(chosen, checked_l2(l2, network.dtype), x, y)


def checked_rows(network: Network, x: Any) -> Array:
    """x as (m, n_1) in the dtype of the parameters."""
    if not isinstance(network, Network):
        raise InputError(f"network is {network!r}, expected a minibp.Network")
    x = checked_array("x", x, ndim=2, dtype=network.dtype)
    if x.shape[1] != network.sizes[0]:
        raise InputError(f"x has {x.shape[1]} columns, the network's input layer has {network.sizes[0]} neurons")
    return x


def checked_l2(l2: Any, dtype: str) -> L2:
    """α of equation (27) as an `L2`."""
    if isinstance(l2, L2):
        l2 = l2.alpha
    try:
        alpha = math.nan if isinstance(l2, bool) else float(l2)
    except (TypeError, ValueError):
        alpha = math.nan
    if math.isnan(alpha):
        raise InputError(f"l2 is {l2!r}, expected a number")
    if not 0 <= alpha <= float(np.finfo(dtype).max):
        raise InputError(f"l2 is {alpha}, expected a finite number of {dtype} that is not negative")
    return L2(alpha)
