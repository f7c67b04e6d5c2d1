"""Backpropagation for all examples at once, one row an example: the matrix twin of `per_example`.

Pure functions of NumPy's arrays or of JAX's, which run through unchanged, also under `jax.jit`.
"""

from __future__ import annotations

from typing import Any

from minibp.arrays import Array, namespace, read_only
from minibp.inputs import checked_inputs, checked_rows
from minibp.network import Backprop, Gradient, Network
from minibp.user_functions import checked_cost, with_checked_functions


def feedforward(network: Network, x: Any) -> Array:
    """a^L of each example: equation (11).

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
    >>> minibp.batched.feedforward(network, [[3.0]])
    array([[7.]])
    """
    x = checked_rows(network, x)
    return _forward_pass(with_checked_functions(network), x)[1][-1]


def backprop(network: Network, cost: Any, x: Any, y: Any, l2: Any = 0.0) -> Backprop:
    """The cost and its gradient of all examples at once.

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
    Equations (13) and (14) forward, (17) or (26) for δ^L, (22) for δ^l, then (23), (24), (6) and (27). With one row an
    example, Δ^l = (Δ^{l+1} W^{l+1}) ⊙ σ'(Z^l) and ∂C/∂W^l = (1/m) (Δ^l)ᵀ A^{l−1}.

    Examples
    --------
    >>> import minibp
    >>> network = minibp.Network([[[2.0]]], [[1.0]], "identity")
    >>> minibp.batched.backprop(network, "quadratic", [[3.0]], [[5.0]]).gradient
    Gradient(nabla_w=(array([[6.]]),), nabla_b=(array([2.]),))
    """
    cost, l2, x, y = checked_inputs(network, cost, x, y, l2)
    network, cost = with_checked_functions(network), checked_cost(cost)
    xp = namespace(x)
    m = x.shape[0]
    zs, activations = _forward_pass(network, x)
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
        xp.sum(values) / m + l2.value(network.weights, m),  # (4), (9), (25), (27)
        Gradient(_frozen(reversed(nabla_w)), _frozen(reversed(nabla_b))),
        _frozen(zs),
        _frozen(activations),
        _frozen(reversed(deltas)),
    )


def _forward_pass(network: Network, x: Array) -> tuple[list[Array], list[Array]]:
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
