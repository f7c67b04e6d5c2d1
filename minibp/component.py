"""Backpropagation by component: every sum over k or j of the equations is a loop over single numbers.

The form to read beside the equations, and by far the slowest; `per_example` and `batched` have the same by vector.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from minibp.activations import Activation
from minibp.arrays import Array, read_only
from minibp.costs import L2, Cost, fuses
from minibp.inputs import checked_inputs, checked_rows
from minibp.network import Backprop, Gradient, Network
from minibp.user_functions import checked_cost, with_checked_functions

Vector = list[Any]
"""Scalars of the network's dtype: a^l_j is `a[j]`."""
Matrix = list[Vector]
"""Rows of them: w^l_jk is `w[j][k]`, j and k counted from 0."""


def feedforward(network: Network, x: Any) -> Array:
    """a^L of each example: equation (10), one neuron at a time.

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
    >>> minibp.component.feedforward(network, [[3.0]])
    array([[7.]])
    """
    x, network = checked_rows(network, x), with_checked_functions(network)
    weights, biases = _by_component(network)
    return np.array([_forward_example(network, weights, biases, list(row))[1][-1] for row in x])


def backprop(network: Network, cost: Any, x: Any, y: Any, l2: Any = 0.0) -> Backprop:
    """The cost and its gradient, one neuron and one weight at a time.

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
    Equations (12) and (14) forward, which are (10); (16) or (26) for δ^L, and what the cost itself has for δ^L where σ
    is not elementwise; (18) to (21) for δ^l; then (23), (24), (6) and (27).

    Examples
    --------
    >>> import minibp
    >>> network = minibp.Network([[[2.0]]], [[1.0]], "identity")
    >>> minibp.component.backprop(network, "quadratic", [[3.0]], [[5.0]]).gradient
    Gradient(nabla_w=(array([[6.]]),), nabla_b=(array([2.]),))
    """
    cost, l2, x, y = checked_inputs(network, cost, x, y, l2)
    network, cost = with_checked_functions(network), checked_cost(cost)
    m, zero = len(x), x.dtype.type(0)
    weights, biases = _by_component(network)
    total = zero
    nabla_w = [[[zero for _ in row] for row in w] for w in weights]
    nabla_b = [[zero for _ in b] for b in biases]
    passes = []
    for row, target in zip(x, y, strict=True):
        zs, activations = _forward_example(network, weights, biases, list(row))
        total += cost.value_at(np.array(zs[-1]), np.array(activations[-1]), target, network.activations[-1])
        deltas = _backward(network, weights, cost, zs, activations, target)
        for i, delta in enumerate(deltas):
            for j in range(len(delta)):
                nabla_b[i][j] += delta[j]  # (23)
                for k in range(len(activations[i])):
                    nabla_w[i][j][k] += delta[j] * activations[i][k]  # (24)
        passes.append((zs, activations, deltas))
    for i, w in enumerate(weights):
        for j in range(len(w)):
            nabla_b[i][j] /= m  # (6)
            for k in range(len(w[j])):
                nabla_w[i][j][k] = nabla_w[i][j][k] / m + l2.alpha / m * w[j][k]  # (6), (27)
    gradient = Gradient(_frozen(nabla_w, x.dtype), _frozen(nabla_b, x.dtype))
    z, a, delta_rows = (_frozen(zip(*kind, strict=True)) for kind in zip(*passes, strict=True))
    return Backprop(total / m + _penalty(weights, l2, m), gradient, z, a, delta_rows)


def _by_component(network: Network) -> tuple[list[Matrix], list[Vector]]:
    """w^l_jk and b^l_j of every layer, as scalars."""
    weights = [[list(row) for row in np.asarray(w)] for w in network.weights]
    return weights, [list(np.asarray(b)) for b in network.biases]


def _forward_example(
    network: Network, weights: list[Matrix], biases: list[Vector], x: Vector
) -> tuple[list[Vector], list[Vector]]:
    """Every z and a of one example, a starting with x: (12) and (14), which together are (10)."""
    a = x
    zs, activations = [], [x]
    for w, b, activation in zip(weights, biases, network.activations, strict=True):
        z = [sum(w[j][k] * a[k] for k in range(len(a))) + b[j] for j in range(len(b))]  # (12)
        a = list(activation.value(np.array(z)))  # (14), of all j at once: softmax takes every z of its layer
        zs.append(z)
        activations.append(a)
    return zs, activations


def _backward(
    network: Network, weights: list[Matrix], cost: Cost, zs: list[Vector], activations: list[Vector], y: Array
) -> list[Vector]:
    """Every δ of one example, for layers 2..L."""
    delta = _output_error(cost, np.array(zs[-1]), np.array(activations[-1]), y, network.activations[-1])
    deltas = [delta]
    for w_next, z, activation in reversed(list(zip(weights[1:], zs, network.activations, strict=False))):
        delta_next, prime, delta = delta, activation.prime(np.array(z)), []
        for j in range(len(z)):
            delta_j = 0
            for k in range(len(delta_next)):  # z_k is (19)
                slope = w_next[k][j] * prime[j]  # (20), ∂z_k/∂z_j
                delta_j += delta_next[k] * slope  # (18)
            delta.append(delta_j)  # (21)
        deltas.append(delta)
    return deltas[::-1]


def _output_error(cost: Cost, z: Array, a: Array, y: Array, activation: Activation) -> Vector:
    """δ^L of one example."""
    if fuses(cost, activation):
        return [a[j] - y[j] for j in range(len(a))]  # (26)
    if type(cost).delta is Cost.delta and type(activation).backward is Activation.backward:
        nabla_a, prime = cost.gradient(a, y), activation.prime(z)
        return [nabla_a[j] * prime[j] for j in range(len(a))]  # (16)
    return list(cost.delta(z, a, y, activation))  # where σ is not elementwise, or a function is the user's


def _penalty(weights: list[Matrix], l2: L2, m: int) -> Any:
    """α/(2m) Σ w², and 0 where α is 0, however large the weights."""
    if not l2.alpha:
        return 0.0
    return l2.alpha / (2 * m) * sum(w_jk * w_jk for w in weights for row in w for w_jk in row)  # (27)


def _frozen(layers: Iterable[Any], dtype: Any = None) -> tuple[Array, ...]:
    return tuple(read_only(np.array(layer, dtype)) for layer in layers)
