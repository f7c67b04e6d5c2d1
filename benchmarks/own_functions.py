"""Costs and activations as users write them: objects with a value and its derivative, of no class of the package's.

Each is right to rounding for every number that it is meant for, and written in NumPy as programs have it: with np.abs,
np.where, np.maximum, np.clip, in-place assignments to a mask, and with a loop over `math`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
ANY, SIGNS, FRACTIONS, DISTRIBUTIONS, ONE_HOT = "any", "signs", "fractions", "distributions", "one_hot"


@dataclass(frozen=True)
class OwnCost:
    """A cost of the user's."""

    name: str
    value: Callable[[Array, Array], Array]
    """C(a, y) of each example."""
    gradient: Callable[[Array, Array], Array]
    """∇_a C."""


@dataclass(frozen=True)
class OwnActivation:
    """An activation of the user's."""

    name: str
    value: Callable[[Array], Array]
    prime: Callable[[Array], Array]
    kinks: tuple[float, ...] = ()
    """Said by some, and by others left out."""


@dataclass(frozen=True)
class Fitting:
    """A cost of the user's, the outputs that it is for, and its targets."""

    cost: OwnCost
    outputs: tuple[str, ...] = ("identity", "sigmoid", "tanh", "relu", "softmax")
    targets: str = ANY
    delta: Callable[[Array, Array], Array] | None = None
    """δ^L where the derivative of the output has cancelled in the code."""
    is_fragile: bool = False
    """True where the code divides by outputs that may underflow: it is right until they do."""


def sigmoid(z: Array) -> Array:
    """σ of programs that have met a warning: z is clipped where e^−z would overflow."""
    return 1 / (1 + np.exp(-np.clip(z, -500, 500)))


def softmax(z: Array) -> Array:
    """e^z over its sum, with the largest z subtracted."""
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def logsumexp(z: Array) -> Array:
    """The logarithm of the sum of e^z."""
    top = np.max(z, axis=-1, keepdims=True)
    return np.log(np.sum(np.exp(z - top), axis=-1)) + top[..., 0]


def _huber(delta: float) -> OwnCost:
    def value(a: Array, y: Array) -> Array:
        r = np.abs(a - y)
        return np.where(r <= delta, r**2 / 2, delta * (r - delta / 2)).sum(-1)

    def gradient(a: Array, y: Array) -> Array:
        r = a - y
        return np.where(np.abs(r) <= delta, r, delta * np.sign(r))

    return OwnCost(f"own_huber_{delta}", value, gradient)


def _pinball(q: float) -> OwnCost:
    return OwnCost(
        "pinball",
        lambda a, y: np.maximum(q * (y - a), (q - 1) * (y - a)).sum(-1),
        lambda a, y: np.where(y > a, -q, 1 - q),
    )


def _norm_gradient(a: Array, y: Array) -> Array:
    r = a - y
    norm = np.sqrt((r**2).sum(-1, keepdims=True))
    return r / np.where(norm > 0, norm, 1)


COSTS: tuple[Fitting, ...] = (
    Fitting(OwnCost("own_quadratic", lambda a, y: 0.5 * np.sum((a - y) ** 2, axis=-1), lambda a, y: a - y)),
    Fitting(
        OwnCost(
            "mean_squared",
            lambda a, y: np.mean((y - a) ** 2, axis=-1),
            lambda a, y: -2 * (y - a) / a.shape[-1],
        )
    ),
    Fitting(OwnCost("absolute", lambda a, y: np.abs(a - y).sum(-1), lambda a, y: np.sign(a - y))),
    Fitting(
        OwnCost(
            "absolute_by_where",
            lambda a, y: np.where(a > y, a - y, y - a).sum(-1),
            lambda a, y: np.where(a > y, 1.0, -1.0).astype(a.dtype),
        )
    ),
    Fitting(
        OwnCost("mean_absolute", lambda a, y: np.mean(np.abs(y - a), -1), lambda a, y: np.sign(a - y) / y.shape[-1])
    ),
    Fitting(
        OwnCost(
            "hinge",
            lambda a, y: np.maximum(0, 1 - y * a).sum(-1),
            lambda a, y: np.where(y * a < 1, -y, 0),
        ),
        ("identity", "tanh"),
        SIGNS,
    ),
    Fitting(
        OwnCost(
            "squared_hinge",
            lambda a, y: (np.maximum(0, 1 - y * a) ** 2).sum(-1),
            lambda a, y: -2 * y * np.maximum(0, 1 - y * a),
        ),
        ("identity", "tanh"),
        SIGNS,
    ),
    Fitting(_huber(1.0)),
    Fitting(_huber(0.1)),
    Fitting(_pinball(0.25)),
    Fitting(
        OwnCost(
            "insensitive",
            lambda a, y: np.maximum(np.abs(a - y) - 0.1, 0).sum(-1),
            lambda a, y: np.sign(a - y) * (np.abs(a - y) > 0.1),
        )
    ),
    Fitting(OwnCost("log_cosh", lambda a, y: np.log(np.cosh(a - y)).sum(-1), lambda a, y: np.tanh(a - y))),
    Fitting(
        OwnCost(
            "log_cosh_stable",
            lambda a, y: (np.abs(a - y) + np.log1p(np.exp(-2 * np.abs(a - y))) - np.log(2)).sum(-1),
            lambda a, y: np.tanh(a - y),
        )
    ),
    Fitting(
        OwnCost(
            "cauchy", lambda a, y: np.log1p((a - y) ** 2 / 2).sum(-1), lambda a, y: (a - y) / (1 + (a - y) ** 2 / 2)
        )
    ),
    Fitting(OwnCost("norm", lambda a, y: np.linalg.norm(a - y, axis=-1), _norm_gradient), ("identity", "sigmoid")),
    Fitting(OwnCost("quartic", lambda a, y: np.sum((a - y) ** 4, axis=-1) / 4, lambda a, y: (a - y) ** 3)),
    Fitting(
        OwnCost("softmax_of_logits", lambda z, y: logsumexp(z) - (z * y).sum(-1), lambda z, y: softmax(z) - y),
        ("identity",),
        ONE_HOT,
    ),
    Fitting(
        OwnCost(
            "logistic_of_logits", lambda z, y: np.logaddexp(0, z).sum(-1) - (z * y).sum(-1), lambda z, y: sigmoid(z) - y
        ),
        ("identity",),
        FRACTIONS,
    ),
    Fitting(
        OwnCost("signed_logistic", lambda z, y: np.log1p(np.exp(-y * z)).sum(-1), lambda z, y: -y * sigmoid(-y * z)),
        ("tanh",),
        SIGNS,
    ),
    Fitting(
        OwnCost(
            "binary_of_logits",
            lambda z, y: (np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).sum(-1),
            lambda z, y: sigmoid(z) - y,
        ),
        ("identity",),
        FRACTIONS,
    ),
    Fitting(
        OwnCost(
            "hellinger",
            lambda a, y: ((np.sqrt(a) - np.sqrt(y)) ** 2).sum(-1) / 2,
            lambda a, y: (1 - np.sqrt(y) / np.sqrt(a)) / 2,
        ),
        ("sigmoid", "softmax"),
        FRACTIONS,
        is_fragile=True,
    ),
    Fitting(
        OwnCost("kullback_leibler", lambda a, y: (y * np.log(y / a)).sum(-1), lambda a, y: -y / a),
        ("softmax",),
        DISTRIBUTIONS,
        lambda a, y: a * y.sum(-1, keepdims=True) - y,
    ),
    Fitting(
        OwnCost(
            "generalised_kullback_leibler",
            lambda a, y: (y * np.log(y / a) - y + a).sum(-1),
            lambda a, y: 1 - y / a,
        ),
        ("sigmoid", "softplus"),
        FRACTIONS,
        is_fragile=True,
    ),
    Fitting(
        OwnCost("poisson", lambda a, y: (a - y * np.log(a)).sum(-1), lambda a, y: 1 - y / a),
        ("softplus", "sigmoid"),
        FRACTIONS,
        is_fragile=True,
    ),
    Fitting(
        OwnCost("poisson_of_logarithms", lambda z, y: (np.exp(z) - y * z).sum(-1), lambda z, y: np.exp(z) - y),
        ("tanh", "identity"),
        FRACTIONS,
    ),
    Fitting(
        OwnCost(
            "own_cross_entropy",
            lambda a, y: -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum(-1),
            lambda a, y: (a - y) / (a * (1 - a)),
        ),
        ("sigmoid",),
        FRACTIONS,
        lambda a, y: a - y,
    ),
    Fitting(
        OwnCost(
            "squared_logarithms",
            lambda a, y: ((np.log1p(a) - np.log1p(y)) ** 2).sum(-1) / 2,
            lambda a, y: (np.log1p(a) - np.log1p(y)) / (1 + a),
        ),
        ("sigmoid", "softplus", "relu"),
        FRACTIONS,
    ),
    Fitting(
        OwnCost(
            "exponential",
            lambda a, y: 3 * np.exp(((a - y) ** 2).sum(-1) / 3),
            lambda a, y: 2 * (a - y) * np.exp(((a - y) ** 2).sum(-1, keepdims=True) / 3),
        ),
        ("sigmoid", "tanh"),
        FRACTIONS,
    ),
)


def _elu_by_mask(z: Array) -> Array:
    a = z.copy()
    below = z < 0
    a[below] = np.exp(z[below]) - 1
    return a


def _swish_prime(beta: float) -> Callable[[Array], Array]:
    def prime(z: Array) -> Array:
        s = sigmoid(beta * z)
        return s + beta * z * s * (1 - s)

    return prime


def _gelu_tanh(z: Array) -> Array:
    return 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))


def _gelu_tanh_prime(z: Array) -> Array:
    t = np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))
    return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z**2)


def _erf(z: Array) -> Array:
    return np.array([math.erf(one) for one in z.ravel()], z.dtype).reshape(z.shape)


def _gelu(z: Array) -> Array:
    return z * (1 + _erf(z / math.sqrt(2))) / 2


def _gelu_prime(z: Array) -> Array:
    return (1 + _erf(z / math.sqrt(2))) / 2 + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _mish(z: Array) -> Array:
    return z * np.tanh(np.logaddexp(0, z))


def _mish_prime(z: Array) -> Array:
    t = np.tanh(np.logaddexp(0, z))
    return t + z * (1 - t * t) * sigmoid(z)


ACTIVATIONS: tuple[OwnActivation, ...] = (
    OwnActivation("leaky_by_where", lambda z: np.where(z > 0, z, 0.2 * z), lambda z: np.where(z > 0, 1.0, 0.2)),
    OwnActivation(
        "leaky_by_maximum",
        lambda z: np.maximum(z, 0.1 * z),
        lambda z: np.where(z < 0, 0.1, 1.0).astype(z.dtype),
        (0.0,),
    ),
    OwnActivation(
        "parametric", lambda z: np.maximum(0, z) + 0.25 * np.minimum(0, z), lambda z: (z > 0) + 0.25 * (z <= 0), (0.0,)
    ),
    OwnActivation("own_relu", lambda z: z * (z > 0), lambda z: (z > 0).astype(z.dtype)),
    OwnActivation(
        "capped",
        lambda z: np.minimum(np.maximum(z, 0), 6),
        lambda z: np.where((z > 0) & (z < 6), 1.0, 0.0),
        (0.0, 6.0),
    ),
    OwnActivation("clipped", lambda z: np.clip(0.2 * z + 0.5, 0, 1), lambda z: 0.2 * (np.abs(z) < 2.5)),
    OwnActivation("own_sigmoid", sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    OwnActivation("own_tanh", np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    OwnActivation("swish", lambda z: z * sigmoid(z), _swish_prime(1.0)),
    OwnActivation("swish_1.5", lambda z: z * sigmoid(1.5 * z), _swish_prime(1.5)),
    OwnActivation("own_gelu", _gelu_tanh, _gelu_tanh_prime),
    OwnActivation("gelu_by_math", _gelu, _gelu_prime),
    OwnActivation("own_mish", _mish, _mish_prime),
    OwnActivation("own_softplus", lambda z: np.logaddexp(0, z), sigmoid),
    OwnActivation("own_softsign", lambda z: z / (1 + np.abs(z)), lambda z: 1 / (1 + np.abs(z)) ** 2),
    OwnActivation(
        "own_elu",
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z: np.where(z > 0, 1, np.exp(np.minimum(z, 0))),
    ),
    OwnActivation("elu_by_mask", _elu_by_mask, lambda z: np.exp(np.minimum(z, 0)), (0.0,)),
    OwnActivation("sine", np.sin, np.cos),
    OwnActivation("gaussian", lambda z: np.exp(-(z**2)), lambda z: -2 * z * np.exp(-(z**2))),
    OwnActivation("square", np.square, lambda z: 2 * z),
    OwnActivation("arctan", np.arctan, lambda z: 1 / (1 + z**2)),
    OwnActivation("log_sigmoid", lambda z: -np.logaddexp(0, -z), lambda z: sigmoid(-z)),
    OwnActivation("root", lambda z: np.sqrt(1 + z * z), lambda z: z / np.sqrt(1 + z * z)),
    OwnActivation("squared_relu", lambda z: np.maximum(z, 0) ** 2, lambda z: 2 * np.maximum(z, 0)),
    OwnActivation("signed_root", lambda z: np.sign(z) * np.log1p(np.abs(z)), lambda z: 1 / (1 + np.abs(z))),
)
