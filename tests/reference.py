"""Backpropagation in 80-bit arithmetic, written for the tests alone and sharing no code with the package."""

import numpy as np

L = np.longdouble


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


VALUE = {
    "identity": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z >= 0, z, L(0.01) * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "softplus": lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))),
    "silu": lambda z: z * sigmoid(z),
    "softmax": lambda z: (
        np.exp(z - z.max(1, keepdims=True)) / np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True)
    ),
}
PRIME = {
    "identity": np.ones_like,
    "sigmoid": lambda z: sigmoid(z) * sigmoid(-z),
    "tanh": lambda z: 4 * sigmoid(2 * z) * sigmoid(-2 * z),
    "relu": lambda z: (z > 0).astype(L),
    "leaky_relu": lambda z: np.where(z >= 0, L(1), L(0.01)),
    "elu": lambda z: np.exp(np.minimum(z, 0)),
    "softplus": sigmoid,
    "silu": lambda z: sigmoid(z) + z * sigmoid(z) * sigmoid(-z),
}


def backprop(problem):
    """(cost, nabla_w, nabla_b, z, a, delta) as lists of 80-bit arrays."""
    network, m = problem.network, problem.m
    weights = [w.astype(L) for w in network.weights]
    biases = [b.astype(L) for b in network.biases]
    names = [activation.name for activation in network.activations]
    y = problem.y.astype(L)
    a = [problem.x.astype(L)]
    z = []
    for w, b, name in zip(weights, biases, names, strict=True):
        z.append(np.einsum("xk,jk->xj", a[-1], w) + b)
        a.append(VALUE[name](z[-1]))
    costs, delta = output(problem.cost.name, names[-1], z[-1], a[-1], y)
    deltas = [delta]
    for i in range(len(weights) - 1, 0, -1):
        deltas.insert(0, np.einsum("xk,kj->xj", deltas[0], weights[i]) * PRIME[names[i - 1]](z[i - 1]))
    alpha = L(problem.l2.alpha)
    nabla_w = [np.einsum("xj,xk->jk", d, p) / m + alpha / m * w for d, p, w in zip(deltas, a, weights, strict=False)]
    nabla_b = [d.sum(0) / m for d in deltas]
    cost = costs.sum() / m + alpha / (2 * m) * sum((w * w).sum() for w in weights)
    return cost, nabla_w, nabla_b, z, a, deltas


def output(cost, name, z, a, y):
    """The cost of each example and δ^L."""
    r = a - y
    if cost == "categorical_cross_entropy":
        top = z - z.max(1, keepdims=True)
        log_a = top - np.log(np.exp(top).sum(1, keepdims=True))
        return -(y * log_a).sum(1), a * y.sum(1, keepdims=True) - y
    if cost == "cross_entropy" and name == "sigmoid":
        return (y * VALUE["softplus"](-z) + (1 - y) * VALUE["softplus"](z)).sum(1), (
            (1 - y) * sigmoid(z) - y * sigmoid(-z)  # a − y, without its cancellation
        )
    if cost == "cross_entropy":
        n = z.shape[1]
        top = z - z.max(1, keepdims=True)
        total = np.log(np.exp(top).sum(1, keepdims=True))
        others = np.empty_like(z)
        delta = r.copy()
        for j in range(n):
            rest = np.delete(top, j, axis=1)
            peak = rest.max(1, keepdims=True)
            others[:, j] = (peak + np.log(np.exp(rest - peak).sum(1, keepdims=True)))[:, 0]
            for k in set(range(n)) - {j}:
                delta[:, k] -= r[:, j] * np.exp(top[:, k] - others[:, j])
        return (y * (total - top) + (1 - y) * (total - others)).sum(1), delta
    if cost == "huber":
        size = np.abs(r)
        costs, g = np.where(size <= 1, r * r / 2, size - L(0.5)).sum(1), np.clip(r, -1, 1)
    else:
        costs, g = (r * r).sum(1) / 2, r
    if name == "softmax":
        return costs, a * (g - (a * g).sum(1, keepdims=True))
    return costs, g * PRIME[name](z)
