"""Backprops of the further activations as people write them in NumPy, by the formulas of textbooks and papers."""

import math

import numpy as np

erf = np.vectorize(math.erf, otypes=[float])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softplus(z):
    return np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0)


def gelu_cdf(z):
    return 0.5 * (1 + erf(z / np.sqrt(2)))


def inner(z):
    return np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)


def gelu_tanh_prime(z, a):
    t = np.tanh(inner(z))
    return 0.5 * (1 + t) + 0.5 * z * (1 - t**2) * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * z**2)


def mish_prime(z, a):
    t = np.tanh(softplus(z))
    return t + z * sigmoid(z) * (1 - t * t)


def mish_prime_of_cosh(z, a):
    return np.tanh(softplus(z)) + z * sigmoid(z) / np.cosh(softplus(z)) ** 2


FORMS = {
    "leaky_relu(0.2)": [
        (lambda z: np.where(z > 0, z, 0.2 * z), lambda z, a: np.where(z > 0, 1, 0.2)),
        (lambda z: np.maximum(z, 0.2 * z), lambda z, a: np.where(a >= 0, 1, 0.2)),
    ],
    "elu(0.1)": [
        (lambda z: np.where(z > 0, z, 0.1 * (np.exp(z) - 1)), lambda z, a: np.where(z > 0, 1, a + 0.1)),
        (lambda z: np.where(z > 0, z, 0.1 * np.expm1(z)), lambda z, a: np.where(z >= 0, 1, 0.1 * np.exp(z))),
    ],
    "selu": [
        (
            lambda z: 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * (np.exp(z) - 1)),
            lambda z, a: np.where(z > 0, 1.0507009873554805, a + 1.0507009873554805 * 1.6732632423543772),
        )
    ],
    "gelu": [
        (lambda z: z * gelu_cdf(z), lambda z, a: gelu_cdf(z) + z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)),
    ],
    "gelu_tanh": [
        (lambda z: 0.5 * z * (1 + np.tanh(inner(z))), gelu_tanh_prime),
        (lambda z: z * sigmoid(2 * inner(z)), gelu_tanh_prime),
    ],
    "mish": [
        (lambda z: z * np.tanh(np.log(1 + np.exp(z))), mish_prime),
        (lambda z: z * np.tanh(softplus(z)), mish_prime_of_cosh),
    ],
    "softsign": [
        (lambda z: z / (1 + np.abs(z)), lambda z, a: 1 / (1 + np.abs(z)) ** 2),
        (lambda z: z / (1 + np.abs(z)), lambda z, a: (1 - np.abs(a)) ** 2),
    ],
    "hard_sigmoid": [
        (lambda z: np.clip(z / 6 + 0.5, 0, 1), lambda z, a: np.where((a > 0) & (a < 1), 1 / 6, 0)),
        (lambda z: np.clip(z + 3, 0, 6) / 6, lambda z, a: np.where((z > -3) & (z < 3), 1 / 6, 0)),
    ],
    "hard_sigmoid(0.2)": [
        (lambda z: np.clip(0.2 * z + 0.5, 0, 1), lambda z, a: np.where(np.abs(z) <= 2.5, 0.2, 0)),
    ],
    "hard_tanh": [(lambda z: np.clip(z, -1, 1), lambda z, a: np.where(np.abs(z) <= 1, 1, 0))],
    "hard_swish": [
        (
            lambda z: z * np.clip(z + 3, 0, 6) / 6,
            lambda z, a: np.where(z < -3, 0, np.where(z > 3, 1, (2 * z + 3) / 6)),
        ),
        (
            lambda z: z * np.clip(z / 6 + 0.5, 0, 1),
            lambda z, a: np.clip(z / 6 + 0.5, 0, 1) + z * np.where((z > -3) & (z < 3), 1 / 6, 0),
        ),
    ],
    "relu6": [(lambda z: np.clip(z, 0, 6), lambda z, a: np.where((z > 0) & (z < 6), 1, 0))],
}
"""Of each activation σ of z, and σ' of z and a."""


def backprop_of(value, prime):
    """A subject of the quadratic cost, computed in the dtype of what it gets."""

    def backprop(weights, biases, x, y):
        activations, zs = [x], []
        for w, b in zip(weights, biases, strict=True):
            zs.append(activations[-1] @ w.T + b)
            activations.append(value(zs[-1]).astype(x.dtype))
        delta = (activations[-1] - y) * prime(zs[-1], activations[-1]).astype(x.dtype)
        nabla_w, nabla_b = [], []
        for i in reversed(range(len(weights))):
            nabla_w.insert(0, delta.T @ activations[i] / x.dtype.type(len(x)))
            nabla_b.insert(0, delta.mean(0))
            if i:
                delta = (delta @ weights[i]) * prime(zs[i - 1], activations[i]).astype(x.dtype)
        return nabla_w, nabla_b

    return backprop
