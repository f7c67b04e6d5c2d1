"""Backprops that are right, each written in another way; and a few that are right until they lose their digits.

A `Way` has a formula for each step; `RIGHT` and `FRAGILE` make a subject of each way for the functions of a problem.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minibp import Network, Problem, batched, per_example
from minibp.activations import LEAKY_SLOPE, Activation, sigmoid, softmax
from minibp.check.subject.calling import Subject
from minibp.costs import Cost, CrossEntropy, Huber, Quadratic, fuses

Array = np.ndarray
Arrays = list[Array]
Formulas = dict[str, Callable[..., Array]]


def logistic(z: Array) -> Array:
    """σ as textbooks have it: equation (8)."""
    return 1 / (1 + np.exp(-z))


TEXTBOOK_VALUE: Formulas = {
    "sigmoid": logistic,
    "tanh": lambda z: 2 * logistic(2 * z) - 1,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.maximum(z, LEAKY_SLOPE * z),
    "elu": lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1),
    "softplus": lambda z: np.maximum(z, 0) + np.log(1 + np.exp(-np.abs(z))),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "softmax": lambda z: np.exp(_log_softmax(z)),
}
"""σ(z); functions that are not listed are the package's."""
TEXTBOOK_PRIME: Formulas = {
    "sigmoid": lambda z, a: logistic(z) * logistic(-z),
    "tanh": lambda z, a: 1 - np.tanh(z) ** 2,
    "relu": lambda z, a: (z >= 0).astype(z.dtype),
    "leaky_relu": lambda z, a: np.where(z > 0, z.dtype.type(1), z.dtype.type(LEAKY_SLOPE)),
    "softplus": lambda z, a: logistic(z),
    "silu": lambda z, a: logistic(z) * (1 + z * (1 - logistic(z))),
}
"""σ'(z), and the other slope at a kink."""
PRIME_FROM_VALUE: Formulas = {
    "sigmoid": lambda z, a: a * (1 - a),
    "tanh": lambda z, a: 1 - a**2,
    "relu": lambda z, a: (a > 0).astype(z.dtype),
    "leaky_relu": lambda z, a: np.where(a >= 0, z.dtype.type(1), z.dtype.type(LEAKY_SLOPE)),
    "elu": lambda z, a: np.where(a > 0, z.dtype.type(1), a + 1),
    "softplus": lambda z, a: 1 - np.exp(-a),
    "silu": lambda z, a: a + logistic(z) * (1 - a),
}
"""σ'(z) from a."""


def _log_softmax(z: Array) -> Array:
    z = z - z.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def matmul(left: Array, right: Array) -> Array:
    """As BLAS sums."""
    return left @ right


def turned(left: Array, right: Array) -> Array:
    """As BLAS sums where examples are columns."""
    return (np.ascontiguousarray(right.T) @ np.ascontiguousarray(left.T)).T


def backwards(left: Array, right: Array) -> Array:
    """The last product first."""
    return left[:, ::-1] @ right[::-1]


def einsum(left: Array, right: Array) -> Array:
    """As einsum sums."""
    return np.einsum("ij,jk->ik", left, right)


def running(left: Array, right: Array) -> Array:
    """One product after another is added."""
    return np.cumsum(left[:, :, None] * right, axis=1)[:, -1]


def wide(left: Array, right: Array) -> Array:
    """Summed in more digits, rounded once."""
    more = np.float64 if left.dtype == np.float32 else np.longdouble
    return (left.astype(more) @ right.astype(more)).astype(left.dtype)


def plain_output_error(cost: Cost, activation: Activation, z: Array, a: Array, y: Array, prime: Any) -> Array:
    """δ^L by (17), or by (26) where the derivative cancels."""
    if fuses(cost, activation):
        return a - y
    if type(cost) is CrossEntropy:  # on a softmax; only the package's own formula does not divide by a or 1 − a
        return cost.delta(z, a, y, activation)
    g = cost.gradient(a, y)
    if activation is softmax:
        return a * (g - (g * a).sum(-1, keepdims=True))
    return g * prime(activation, z, a)


def other_output_error(cost: Cost, activation: Activation, z: Array, a: Array, y: Array, prime: Any) -> Array:
    """The same in other words: a(1 − y) − y(1 − a), a Σy − y, the Jacobian of a softmax, signs turned."""
    if fuses(cost, activation):
        return a * (1 - y) - y * (1 - a) if activation is sigmoid else a * y.sum(-1, keepdims=True) - y
    if type(cost) is CrossEntropy:
        return cost.delta(z, a, y, activation)
    r = -(y - a)
    g = r if isinstance(cost, Quadratic) else np.where(np.abs(r) <= 1, r, np.sign(r))
    if not isinstance(cost, Quadratic | Huber):
        g = cost.gradient(a, y)
    if activation is softmax:
        jacobian = np.eye(a.shape[-1], dtype=a.dtype) * a[:, None, :] - a[:, :, None] * a[:, None, :]
        return np.einsum("mjk,mk->mj", jacobian, g)
    return prime(activation, z, a) * g


def output_error_by_division(cost: Cost, activation: Activation, z: Array, a: Array, y: Array, prime: Any) -> Array:
    """Cross-entropy's ∇_a C times σ', which have not cancelled."""
    if type(cost) is CrossEntropy and activation is sigmoid:
        return (-y / a + (1 - y) / (1 - a)) * (a * (1 - a))
    return plain_output_error(cost, activation, z, a, y, prime)


@dataclass(frozen=True)
class Way:
    """How each step of backprop is written; to be called with a problem, whose functions the subject then has."""

    values: Formulas | None = None
    primes: Formulas | None = None
    product: Callable[[Array, Array], Array] = matmul
    output_error: Callable[..., Array] = plain_output_error
    bias_as_weight: bool = False
    mean_first: bool = False
    one_by_one: bool = False

    def __call__(self, problem: Problem) -> Subject:
        """The subject for problems with these activations, this cost and this L2."""

        def subject(weights: Arrays, biases: Arrays, x: Array, y: Array) -> tuple[Arrays, Arrays]:
            functions, alpha, m = problem.network.activations, problem.l2.alpha, len(x)
            nabla_w, nabla_b = self.sums(functions, problem.cost, weights, biases, x, y)
            if self.mean_first:
                return [one + alpha * w / m for one, w in zip(nabla_w, weights, strict=True)], nabla_b
            return [(one + alpha * w) / m for one, w in zip(nabla_w, weights, strict=True)], [b / m for b in nabla_b]

        return subject

    def sums(
        self, functions: Sequence[Any], cost: Any, weights: Arrays, biases: Arrays, x: Array, y: Array
    ) -> tuple[Arrays, Arrays]:
        """The sums over examples of ∂C/∂W and ∂C/∂b; or their means, where the mean is taken first."""
        parts = [slice(i, i + 1) for i in range(len(x))] if self.one_by_one else [slice(None)]
        nabla_w, nabla_b = [np.zeros_like(w) for w in weights], [np.zeros_like(b) for b in biases]
        for rows in parts:
            of_weights, of_biases = self._of_rows(functions, cost, weights, biases, x[rows], y[rows])
            nabla_w = [total + one for total, one in zip(nabla_w, of_weights, strict=True)]
            nabla_b = [total + one for total, one in zip(nabla_b, of_biases, strict=True)]
        return nabla_w, nabla_b

    def _of_rows(
        self, functions: Sequence[Any], cost: Any, weights: Arrays, biases: Arrays, x: Array, y: Array
    ) -> tuple[Arrays, Arrays]:
        zs, activations = [], [x]
        for w, b, function in zip(weights, biases, functions, strict=True):
            zs.append(self._weighted_input(activations[-1], w, b))
            activations.append((self.values or {}).get(function.name, function.value)(zs[-1]))
        delta = self.output_error(cost, functions[-1], zs[-1], activations[-1], y, self._prime)
        if self.mean_first:
            delta = delta / len(x)
        nabla_w, nabla_b = [], []
        ones = np.ones((1, len(x)), x.dtype)
        for i in reversed(range(len(weights))):
            nabla_w.insert(0, self.product(delta.T, activations[i]))
            nabla_b.insert(0, self.product(ones, delta)[0])
            if i:
                delta = self.product(delta, weights[i]) * self._prime(functions[i - 1], zs[i - 1], activations[i])
        return nabla_w, nabla_b

    def _weighted_input(self, a: Array, w: Array, b: Array) -> Array:
        if not self.bias_as_weight:
            return self.product(a, w.T) + b
        return self.product(np.hstack([np.ones((len(a), 1), a.dtype), a]), np.vstack([b, w.T]))

    def _prime(self, function: Any, z: Array, a: Array) -> Array:
        formula = (self.primes or {}).get(function.name)
        return function.prime(z) if formula is None else formula(z, a)


def own(form: Any) -> Callable[[Problem], Subject]:
    """One of the package's forms."""

    def of(problem: Problem) -> Subject:
        def subject(weights: Arrays, biases: Arrays, x: Array, y: Array) -> tuple[tuple[Array, ...], ...]:
            network = Network(weights, biases, problem.network.activations)
            return form.backprop(network, problem.cost, x, y, problem.l2).gradient

        return subject

    return of


RIGHT: dict[str, Callable[[Problem], Subject]] = {
    "minibp.batched": own(batched),
    "minibp.per_example": own(per_example),
    "σ' from a": Way(primes=PRIME_FROM_VALUE),
    "textbook formulas": Way(TEXTBOOK_VALUE, TEXTBOOK_PRIME, output_error=other_output_error),
    "textbook, σ' from a": Way(TEXTBOOK_VALUE, PRIME_FROM_VALUE, backwards, mean_first=True),
    "examples as columns": Way(product=turned, output_error=other_output_error),
    "einsum": Way(product=einsum),
    "last product first": Way(product=backwards),
    "running sums": Way(product=running),
    "wide sums": Way(product=wide),
    "bias as a weight": Way(bias_as_weight=True),
    "mean first": Way(mean_first=True),
    "one by one": Way(one_by_one=True),
}
"""All of these are to agree with every oracle."""
FRAGILE: dict[str, Callable[[Problem], Subject]] = {
    "∇_a C by division": Way(output_error=output_error_by_division),
    "σ as (1 + tanh z/2)/2": Way({"sigmoid": lambda z: (1 + np.tanh(z / 2)) / 2}, PRIME_FROM_VALUE),
    "ln(1 + e^z) overflowing": Way({"softplus": lambda z: np.log(1 + np.exp(z))}),
    "softmax overflowing": Way({"softmax": lambda z: np.exp(z) / np.exp(z).sum(-1, keepdims=True)}),
}
"""Right where neurons are not saturated: what is off in these is unstable, and not wrong."""
