"""Problems on which faults are told apart: well-conditioned, of unequal and of equal widths."""

import numpy as np

from minibp import Network, Problem

SETTINGS = [
    ("sigmoid", "sigmoid", "quadratic"),
    ("tanh", "softmax", "quadratic"),
    ("leaky_relu", "sigmoid", "cross_entropy"),
    ("silu", "softmax", "categorical_cross_entropy"),
    ("elu", "identity", "huber"),
]


def problems_of(activation, output, cost, l2=0.7, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    found = []
    for sizes in ([3] * 5, [4] * 5, [2, 5, 3, 4, 3]):
        network = Network.random(sizes, activation, output, dtype, rng)
        y = rng.random((3, sizes[-1]))
        if output == "softmax":
            y /= y.sum(1, keepdims=True)
        x = rng.standard_normal((3, sizes[0])).astype(dtype)
        found.append(Problem(network, cost, x, y.astype(dtype), l2))
    return found


def answer(subject, problem):
    network = problem.network
    return subject(list(network.weights), list(network.biases), problem.x, problem.y)
