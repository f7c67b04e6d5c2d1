"""Backpropagation for all examples at once, one row an example: the matrix twin of `per_example`.

Pure functions over any array-API namespace: NumPy and JAX arrays both run through, also under `jax.jit`.
"""

from __future__ import annotations

from typing import Any

from minibp.arrays import Array, namespace, read_only
from minibp.inputs import checked_inputs, checked_rows
from minibp.network import Backprop, Gradient, Network
from minibp.user_functions import checked_cost, with_checked_functions


def feedforward(network: Network, x: Any) -> Array:
    """a^L for each row of x (m, n_1): shape (m, n_L). Equation (11).

    >>> network = Network([[[2.0]]], [[1.0]], "identity")
    >>> feedforward(network, [[3.0]])
    array([[7.]])
    """
    x = checked_rows(network, x)
    return _forward(with_checked_functions(network), x)[1][-1]


def backprop(network: Network, cost: Any, x: Any, y: Any, l2: Any = 0.0) -> Backprop:
    """The cost and its gradient by equations (13) to (27), for x (m, n_1) and y (m, n_L).

    The result has the dtype of the parameters. Raises `InputError` for arguments that do not fit together.

    >>> network = Network([[[2.0]]], [[1.0]], "identity")
    >>> backprop(network, "quadratic", [[3.0]], [[5.0]]).gradient
    Gradient(nabla_w=(array([[6.]]),), nabla_b=(array([2.]),))
    """
    cost, l2, x, y = checked_inputs(network, cost, x, y, l2)
    network, cost = with_checked_functions(network), checked_cost(cost)
    xp = namespace(x)
    m = x.shape[0]
    zs, activations = _forward(network, x)
    values = cost.value_at(zs[-1], activations[-1], y, network.activations[-1])
    delta = cost.delta(zs[-1], activations[-1], y, network.activations[-1])  # (17), (26)
    deltas, nabla_w, nabla_b = [], [], []
    for i in reversed(range(len(zs))):
        w = network.weights[i]
        deltas.append(delta)
        nabla_b.append(xp.sum(delta, axis=0) / m)  # (23), (6)
        nabla_w.append(delta.T @ activations[i] / m + l2.gradient(w, m))  # (24), (27)
        if i:
            delta = (delta @ w) * network.activations[i - 1].prime(zs[i - 1])  # (22)
    return Backprop(
        xp.sum(values) / m + l2.value(network.weights, m),
        Gradient(_frozen(reversed(nabla_w)), _frozen(reversed(nabla_b))),
        _frozen(zs),
        _frozen(activations),
        _frozen(reversed(deltas)),
    )


def _forward(network: Network, x: Array) -> tuple[list[Array], list[Array]]:
    """Every Z and A, A starting with x."""
    a = x
    zs, activations = [], [x]
    for w, b, activation in zip(network.weights, network.biases, network.activations, strict=True):
        z = a @ w.T + b  # (13)
        a = activation.value(z)  # (14)
        zs.append(z)
        activations.append(a)
    return zs, activations


def _frozen(arrays: Any) -> tuple[Array, ...]:
    return tuple(map(read_only, arrays))
