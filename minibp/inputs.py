"""The door: everything that backpropagation needs, checked together before any arithmetic starts."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array, InputError, checked_array, is_foreign
from minibp.costs import L2, Cost, cost_of
from minibp.network import Network


class Inputs(NamedTuple):
    """The result of `checked_inputs`: x and y in the dtype of the parameters, read-only."""

    cost: Cost
    l2: L2
    x: Array
    y: Array


def checked_inputs(network: Network, cost: Any, x: Any, y: Any, l2: Any, *, copy: bool = True) -> Inputs:
    """The arguments of `backprop`, made ready, or one `InputError` that says what was got and what was expected.

    x and y are copied, or without `copy` only where they have to be.
    """
    x = checked_rows(network, x, copy=copy)
    chosen = cost_of(cost)
    chosen.check_output(network.activations[-1], network.sizes[-1])
    y = checked_array("y", y, ndim=2, dtype=network.dtype, copy=copy)
    expected = (x.shape[0], network.sizes[-1])
    if tuple(y.shape) != expected:
        raise InputError(
            f"y has shape {tuple(y.shape)}, expected {expected}: one row for each row of x, "
            "one column for each output neuron"
        )
    if not is_foreign(y):
        chosen.check_targets(y)
    return Inputs(chosen, checked_l2(l2, network.dtype), x, y)


def checked_rows(network: Network, x: Any, *, copy: bool = True) -> Array:
    """x as (m, n_1) in the dtype of the parameters."""
    if not isinstance(network, Network):
        raise InputError(f"network is {network!r}, expected a minibp.Network")
    x = checked_array("x", x, ndim=2, dtype=network.dtype, copy=copy)
    if x.shape[1] != network.sizes[0]:
        raise InputError(f"x has {x.shape[1]} columns, the network's input layer has {network.sizes[0]} neurons")
    return x


def checked_rate(name: str, value: Any, *, or_zero: bool = False) -> float:
    """`value` as a finite float above 0, or also 0."""
    rate = _as_number(name, value)
    if math.isinf(rate) or rate < 0 or (rate == 0 and not or_zero):
        raise InputError(
            f"{name} is {rate}, expected a finite number {'that is not negative' if or_zero else 'above 0'}"
        )
    return rate


def checked_l2(l2: Any, dtype: str) -> L2:
    """α of equation (27) as an `L2`."""
    alpha = _as_number("l2", l2.alpha if isinstance(l2, L2) else l2)
    if not 0 <= alpha <= float(np.finfo(dtype).max):
        raise InputError(f"l2 is {alpha}, expected a finite number of {dtype} that is not negative")
    return L2(alpha)


def _as_number(name: str, value: Any) -> float:
    """`value` as a float that is not NaN. Text, truth values, complex numbers and arrays with axes are no numbers."""
    is_array = hasattr(value, "dtype")
    is_real = getattr(value.dtype, "kind", "f") in "fiu" if is_array else not isinstance(value, bool)
    # `float` would parse text and bytes, which have no conversion of their own.
    converts = hasattr(type(value), "__float__") or hasattr(type(value), "__index__")
    try:
        number = float(value) if converts and is_real and not getattr(value, "shape", ()) else math.nan
    except (TypeError, ValueError):
        number = math.nan
    except OverflowError:
        number = math.inf
    if math.isnan(number):
        raise InputError(f"{name} is {value!r}, expected a number")
    return number
