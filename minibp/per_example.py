"""Backpropagation one example at a time: (12), (16) and (21) by vector, as (13), (17) and (22) have them."""

from __future__ import annotations

from typing import Any

import numpy as np

from minibp.arrays import Array, read_only
from minibp.costs import Cost
from minibp.inputs import checked_inputs, checked_rows
from minibp.network import Backprop, Gradient, Network
from minibp.user_functions import checked_cost, with_checked_functions


def feedforward(network: Network, x: Any) -> Array:
    """a^L of each example: equation (11), one example at a time.

    Parameters
    ----------
    network : Network
        W^l, b^l and σ of each layer.
    x : array_like of shape (m, n_1)
        Examples, one a row: finite floats, which are converted to the dtype of the network.

    Returns
    -------
    ndarray of shape (m, n_L)
        Outputs, one row an example, of the dtype of the network.

    Raises
    ------
    InputError
        Where x does not fit the network.

    Examples
    --------
    >>> import minibp
    >>> network = minibp.Network([[[2.0]]], [[1.0]], "identity")
    >>> minibp.per_example.feedforward(network, [[3.0]])
    array([[7.]])
    """
    x, network = checked_rows(network, x), with_checked_functions(network)
    return np.stack([_forward_example(network, row)[1][-1] for row in x])


def backprop(network: Network, cost: Any, x: Any, y: Any, l2: Any = 0.0) -> Backprop:
    """The cost and its gradient of one example at a time.

    Parameters
    ----------
    network : Network
        W^l, b^l and σ of each layer.
    cost : str or Cost
        Name of a cost, or an object with `value(a, y)` and `gradient(a, y)`.
    x : array_like of shape (m, n_1)
        Examples, one a row: finite floats, which are converted to the dtype of the network.
    y : array_like of shape (m, n_L)
        Targets, likewise.
    l2 : float or L2, optional
        α of equation (27), at least 0. Default 0.

    Returns
    -------
    Backprop
        C, the gradient, and z, a and δ of every layer, in the dtype of the network.

    Raises
    ------
    InputError
        Where the arguments do not fit together, and where an activation or a cost of the user's returns another shape,
        or no real numbers.

    Notes
    -----
    Equations (12) and (14) forward, (16) or (26) for δ^L, (21) for δ^l, then (23), (24), (6) and (27).

    Examples
    --------
    >>> import minibp
    >>> network = minibp.Network([[[2.0]]], [[1.0]], "identity")
    >>> minibp.per_example.backprop(network, "quadratic", [[3.0]], [[5.0]]).gradient
    Gradient(nabla_w=(array([[6.]]),), nabla_b=(array([2.]),))
    """
    cost, l2, x, y = checked_inputs(network, cost, x, y, l2)
    network, cost = with_checked_functions(network), checked_cost(cost)
    m = len(x)
    total = x.dtype.type(0)
    nabla_w = [np.zeros_like(w) for w in network.weights]
    nabla_b = [np.zeros_like(b) for b in network.biases]
    passes = []
    for row, target in zip(x, y, strict=True):
        zs, activations = _forward_example(network, row)
        total += cost.value_at(zs[-1], activations[-1], target, network.activations[-1])
        deltas = _backward(network, cost, zs, activations, target)
        for i, delta in enumerate(deltas):
            nabla_b[i] += delta  # (23)
            nabla_w[i] += np.outer(delta, activations[i])  # (24)
        passes.append((zs, activations, deltas))
    for i, w in enumerate(network.weights):
        nabla_b[i] /= m  # (6)
        nabla_w[i] /= m
        nabla_w[i] += l2.gradient(w, m)  # (27)
    z, a, delta_rows = (
        tuple(read_only(np.stack(rows)) for rows in zip(*kind, strict=True)) for kind in zip(*passes, strict=True)
    )
    gradient = Gradient(tuple(map(read_only, nabla_w)), tuple(map(read_only, nabla_b)))
    cost_of_all = total / m + l2.value(network.weights, m)  # (4), (9), (25), (27)
    return Backprop(cost_of_all, gradient, z, a, delta_rows)


def _forward_example(network: Network, x: Array) -> tuple[list[Array], list[Array]]:
    """Every z and a of one example, a starting with x."""
    a = x
    zs, activations = [], [x]
    for w, b, activation in zip(network.weights, network.biases, network.activations, strict=True):
        z = w @ a + b  # (12), (13)
        a = activation.value(z)  # (14)
        zs.append(z)
        activations.append(a)
    return zs, activations


def _backward(network: Network, cost: Cost, zs: list[Array], activations: list[Array], y: Array) -> list[Array]:
    """Every δ of one example, for layers 2..L."""
    delta = cost.delta(zs[-1], activations[-1], y, network.activations[-1])  # (16), (17), (26)
    deltas = [delta]
    for w_next, z, activation in reversed(list(zip(network.weights[1:], zs, network.activations, strict=False))):
        delta = (w_next.T @ delta) * activation.prime(z)  # (21), (22)
        deltas.append(delta)
    return deltas[::-1]
