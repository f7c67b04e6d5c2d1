"""How far an honest floating-point computation of a gradient may be off: a running error bound.

Beside a pass in float64 runs a second one, of magnitudes: every product, sum and function adds its own rounding to
the error that it inherits. A sum of n products, in whatever order, is off by at most γ_n = nu/(1 − nu) times the sum
of their magnitudes (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §3.1 and §3.3). Errors of z are
carried through σ and σ' over the whole interval that they span (see `sensitivity`), and products of two errors are
kept, so the bound also holds where a first-order one would not.
"""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from minibp.activations import Activation, Sigmoid, Softmax
from minibp.arrays import Array
from minibp.check.sensitivity import sensitivity_of
from minibp.costs import CategoricalCrossEntropy, CrossEntropy, Huber, Quadratic
from minibp.network import Gradient
from minibp.problem import Problem

LIBRARY_ERROR = 8.0
"""Relative error of one library function in units of u: NumPy's vectorised ones are within 4 ulp, and 1 ulp ≤ 2u."""
SPARE = 4
"""Roundings granted beyond the n of a sum: the mean's division, the penalty's product and sum, another order."""


class Arithmetic(NamedTuple):
    """The numbers that an honest computation may use."""

    u: float
    """Unit roundoff, half the distance from 1 to the next number."""
    tiny: float
    """The smallest normal number: what lies below may have been flushed to zero."""
    huge: float
    """The largest number: where a magnitude comes near it, nothing is known any more."""
    f: float
    """Relative error of one library function, in units of u."""
    prime_from_value: bool
    """Whether σ' may be computed from a, as a(1 − a): honest, though worthless in the tails."""

    def gamma(self, n: int) -> float:
        """γ_{n+SPARE}: the relative error of a sum of n products."""
        nu = (n + SPARE) * self.u
        return nu / (1 - nu)


def arithmetic_of(dtype: str, f: float = LIBRARY_ERROR, *, prime_from_value: bool = True) -> Arithmetic:
    """The arithmetic of a dtype.

    >>> arithmetic_of("float32").u == 2.0**-24
    True
    """
    info = np.finfo(dtype)
    return Arithmetic(float(info.eps) / 2, float(info.tiny), float(info.max), f, prime_from_value)


class Bound(NamedTuple):
    """Largest absolute errors, shaped like what they bound; see `minibp.Backprop`."""

    cost: float
    costs: Array
    """Of the cost of each example, without L2: (m,)."""
    gradient: Gradient
    z: tuple[Array, ...]
    a: tuple[Array, ...]
    delta: tuple[Array, ...]


class Near:
    """A computed array and how far each entry may be off."""

    __slots__ = ("error", "size", "value")

    def __init__(self, value: Array, error: Array) -> None:
        self.value = value
        self.error = error
        self.size = np.abs(value) + error
        """The largest magnitude that each entry may have."""


_BOUNDS: WeakKeyDictionary[Problem, dict[Arithmetic, Bound]] = WeakKeyDictionary()
"""What `bound` has answered, for as long as the problem lives: every oracle asks for the same."""


def bound(problem: Problem, arithmetic: Arithmetic) -> Bound:
    """The errors of z, a, δ, the cost and its gradient when `problem` is solved in `arithmetic`.

    >>> from minibp import Network
    >>> problem = Problem(Network([[[2.0]]], [[1.0]], "identity"), "quadratic", [[3.0]], [[5.0]])
    >>> bool(bound(problem, arithmetic_of("float64")).gradient.nabla_b[0][0] < 1e-14)
    True
    """
    answers = _BOUNDS.setdefault(problem, {})
    if arithmetic not in answers:
        with np.errstate(over="ignore", invalid="ignore"):
            answers[arithmetic] = _bound(problem.astype("float64"), arithmetic)
    return answers[arithmetic]


def _bound(problem: Problem, to: Arithmetic) -> Bound:
    network, m = problem.network, problem.m
    a = Near(problem.x, np.zeros_like(problem.x))
    zs, activations = [], [a]
    for w, b, activation in zip(network.weights, network.biases, network.activations, strict=True):
        z = _weighted_input(a, w, b, to)
        a = _activated(z, activation, to)
        zs.append(z)
        activations.append(a)
    costs = _costs(problem, zs[-1], a, to)
    delta = _output_error(problem, zs[-1], a, to)
    deltas, products, nabla_w, nabla_b = [delta], [], [], []
    for i in reversed(range(len(zs))):
        w = network.weights[i]
        nabla_b.append((delta.error.sum(0) + to.gamma(m) * delta.size.sum(0)) / m + to.tiny)
        decay = problem.l2.gradient(np.abs(w), m)
        product = _matmul(Near(delta.value.T, delta.error.T), activations[i], to)
        products.append(product)
        nabla_w.append(product.error / m + 3 * to.u * product.size / m + to.gamma(1) * decay + to.tiny)
        if i:
            back = _matmul_exact(delta, w, np.abs(w), to)
            delta = _times(back, _slope(zs[i - 1], activations[i], network.activations[i - 1], to), to)
            deltas.append(delta)
    penalty = problem.l2.value(network.weights, m)
    cost = (costs.error.sum() + to.gamma(m) * costs.size.sum()) / m + to.gamma(network.n_parameters) * penalty
    found = Bound(
        float(cost),
        costs.error,
        Gradient(tuple(reversed(nabla_w)), tuple(reversed(nabla_b))),
        tuple(z.error for z in zs),
        tuple(a.error for a in activations),
        tuple(delta.error for delta in reversed(deltas)),
    )
    peak = max(float(near.size.max()) for near in (*zs, *activations, costs, *deltas, *products))
    # Terms of a sum may be larger than the sum, but no larger than the error that they leave it, over u.
    return found if peak < to.huge * to.u else _unbounded(found)


def _unbounded(found: Bound) -> Bound:
    """The same shapes, of infinite errors: what overflows, or may, can be anything."""

    def infinite(arrays: tuple[Array, ...]) -> tuple[Array, ...]:
        return tuple(np.full(array.shape, np.inf) for array in arrays)

    gradient = Gradient(infinite(found.gradient.nabla_w), infinite(found.gradient.nabla_b))
    costs = np.full(found.costs.shape, np.inf)
    return Bound(np.inf, costs, gradient, infinite(found.z), infinite(found.a), infinite(found.delta))


def cost_error(problem: Problem, z: Near, to: Arithmetic) -> Array:
    """The error of the cost of each example, (..., m), at output weighted inputs z of shape (..., m, n_L)."""
    with np.errstate(over="ignore", invalid="ignore"):
        return _costs(problem, z, _activated(z, problem.network.activations[-1], to), to).error


def _matmul(left: Near, right: Near, to: Arithmetic) -> Near:
    """left @ right, in any order of summation."""
    product = _matmul_exact(left, right.value, right.size, to)
    return Near(product.value, product.error + np.abs(left.value) @ right.error)


def _matmul_exact(left: Near, right: Array, right_size: Array, to: Arithmetic) -> Near:
    """left @ right where right is exact, or its error is added elsewhere; of at most `right_size`.

    A factor or a product that is subnormal may be flushed to zero, which loses at most tiny(1 + |l| + |r|) a term,
    and nothing where l or r is exactly 0.
    """
    inherited = (left.error + to.gamma(right.shape[0]) * left.size) @ right_size
    flushed = to.tiny * (_above_zero(left.size) @ _above_zero(right_size))
    return Near(left.value @ right, inherited + flushed)


def _above_zero(size: Array) -> Array:
    """1 + size, but 0 where size is 0."""
    return (size + 1) * (size > 0)


def _weighted_input(a: Near, w: Array, b: Array, to: Arithmetic) -> Near:
    """Equation (13)."""
    size = np.abs(w.T)
    product = _matmul_exact(a, w.T, size, to)
    b_size = np.abs(b)
    own = 2 * to.u * (a.size @ size + b_size) + to.tiny * (b != 0)
    return Near(product.value + b, product.error + own)


def _activated(z: Near, activation: Activation, to: Arithmetic) -> Near:
    """Equation (14)."""
    a = activation.value(z.value)
    if isinstance(activation, Softmax):
        return Near(a, np.minimum(a * _softmax_relative(z, to) + to.tiny, 1))
    facts = sensitivity_of(activation)
    inherited = facts.slope(z.value, z.error) * z.error
    own = to.u * facts.value_rounding(z.value, np.abs(a) + inherited, to.f)
    exact = facts.exact or ((z.value == 0) & (z.error == 0) & (a == 0))
    return Near(a, inherited + own + np.where(exact, 0, to.tiny * (1 + np.abs(z.value))))


def _softmax_relative(z: Near, to: Arithmetic) -> Array:
    """The relative error of each e^{z_j}/Σ: z's own, that of z − max z, that of exp, that of the sum."""
    shifted = np.max(z.value, axis=-1, keepdims=True) - z.value
    worst = np.max(z.error, axis=-1, keepdims=True)
    exponent = z.error + worst + to.u * (shifted + 2 * worst) + 2 * to.u * to.f + to.gamma(z.value.shape[-1])
    return np.expm1(np.minimum(exponent, 700))


def _slope(z: Near, a: Near, activation: Activation, to: Arithmetic) -> Near:
    """σ'(z)."""
    facts = sensitivity_of(activation)
    p = activation.prime(z.value)
    inherited = facts.bend(z.value, z.error)
    own = facts.prime_rounding(z.value, np.abs(a.value), np.abs(p) + inherited, to.f)
    if to.prime_from_value:
        own = own + facts.from_value(z.value, np.abs(a.value), np.abs(p) + inherited, to.f)
    return Near(p, inherited + to.u * own + (0 if facts.exact else to.tiny * (1 + np.abs(z.value))))


def _times(left: Near, right: Near, to: Arithmetic) -> Near:
    inherited = left.error * right.size + np.abs(left.value) * right.error
    flushed = np.where((left.size > 0) & (right.size > 0), to.tiny * (1 + left.size + right.size), 0)
    return Near(left.value * right.value, inherited + 2 * to.u * left.size * right.size + flushed)


def _residual(a: Near, y: Array, to: Arithmetic) -> Near:
    """a − y."""
    r = a.value - y
    return Near(r, a.error + to.u * (np.abs(r) + a.error) + np.where(r != 0, to.tiny, 0))


def _output_error(problem: Problem, z: Near, a: Near, to: Arithmetic) -> Near:
    """δ^L by (17) or (26)."""
    cost, activation, y = problem.cost, problem.network.activations[-1], problem.y
    r = _residual(a, y, to)
    if isinstance(cost, CategoricalCrossEntropy):
        # Targets may miss a sum of 1 by their own rounding, and δ = a Σy − y is as honest as a − y.
        missing = np.abs(y.sum(-1, keepdims=True) - 1) * a.size
        return Near(r.value, r.error + missing + to.gamma(y.shape[-1]) * (a.size + np.abs(y)))
    if isinstance(cost, CrossEntropy) and isinstance(activation, Sigmoid):
        # So is a(1 − y) − y(1 − a).
        return Near(r.value, r.error + to.gamma(0) * (a.size + np.abs(y)))
    if isinstance(cost, CrossEntropy) and isinstance(activation, Softmax):
        return _bernoulli_softmax(problem, z, r, to)
    g = _cost_gradient(problem, r, a, to)
    if isinstance(activation, Softmax):
        share = Near((g.value * a.value).sum(-1, keepdims=True), _sum_of_products(g, a, to))
        gap = Near(
            g.value - share.value,
            g.error + share.error + 2 * to.u * (g.size + (g.size * a.size).sum(-1, keepdims=True)),
        )
        return _times(a, gap, to)
    return _times(g, _slope(z, a, activation, to), to)


def _cost_gradient(problem: Problem, r: Near, a: Near, to: Arithmetic) -> Near:
    """∇_a C: known for the package's costs, sampled at both ends of the error of a for any other."""
    cost, y = problem.cost, problem.y
    if isinstance(cost, (Quadratic, Huber)):
        return Near(cost.gradient(a.value, y), r.error)
    g = cost.gradient(a.value, y)
    reach = a.error + to.u * np.abs(a.value)
    moved = [np.abs(cost.gradient(a.value + side * reach, y) - g) for side in (-1, 1)]
    return Near(g, 2 * np.maximum(*moved) + 4 * to.f * to.u * np.abs(g) + to.tiny)


def _sum_of_products(left: Near, right: Near, to: Arithmetic) -> Array:
    """The error of Σ left·right over the last axis, which is kept."""
    inherited = left.error * right.size + np.abs(left.value) * right.error
    magnitude = (left.size * right.size).sum(-1, keepdims=True)
    return inherited.sum(-1, keepdims=True) + to.gamma(left.value.shape[-1]) * magnitude + to.tiny


def _bernoulli_softmax(problem: Problem, z: Near, r: Near, to: Arithmetic) -> Near:
    """δ_k = r_k − Σ_{j≠k} r_j q_jk with q_jk = e^{z_k}/Σ_{i≠j} e^{z_i}."""
    n = z.value.shape[-1]
    delta = problem.cost.delta(z.value, r.value + problem.y, problem.y, problem.network.activations[-1])
    others = np.where(np.eye(n, dtype=bool), -np.inf, z.value[..., None, :])
    top = others.max(-1, keepdims=True)
    e = np.exp(others - top)
    q = e / e.sum(-1, keepdims=True)
    spread = np.where(np.isfinite(others), top - others, 0) + np.abs(z.value).max(-1)[..., None, None]
    worst = z.error.max(-1)[..., None, None]
    relative = np.expm1(np.minimum(2 * worst + 4 * to.u * (spread + worst) + 4 * to.u * to.f + to.gamma(n), 700))
    q_error = np.minimum(q * relative, 1) + to.tiny
    size = r.size[..., :, None]
    inherited = (r.error[..., :, None] * (q + q_error) + np.abs(r.value)[..., :, None] * q_error).sum(-2)
    own = to.gamma(n) * ((size * (q + q_error)).sum(-2) + r.size)
    return Near(delta, r.error + inherited + own)


def _costs(problem: Problem, z: Near, a: Near, to: Arithmetic) -> Near:
    """C of each example, L2 left out."""
    cost, activation, y = problem.cost, problem.network.activations[-1], problem.y
    n = y.shape[-1]
    value = cost.value_at(z.value, a.value, y, activation)
    r = _residual(a, y, to)
    worst = z.error.max(-1)
    if isinstance(cost, Quadratic):
        error = (np.abs(r.value) * r.error + r.error**2 / 2 + to.gamma(n) * r.size**2).sum(-1)
    elif isinstance(cost, Huber):
        steep = np.minimum(r.size, 1)
        error = (steep * r.error + to.gamma(n) * steep * r.size).sum(-1)
    elif isinstance(cost, CrossEntropy) and isinstance(activation, Sigmoid):
        steepest = y * activation.value(-z.value) + (1 - y) * activation.value(z.value)
        inherited = (z.error * np.exp(np.minimum(z.error, 700)) * steepest).sum(-1)
        error = inherited + (to.gamma(n) + 3 * to.f * to.u) * (np.abs(value) + inherited)
    elif isinstance(cost, (CrossEntropy, CategoricalCrossEntropy)) and isinstance(activation, Softmax):
        spread = np.ptp(z.value, axis=-1) + np.log(n) + 1 + 2 * worst
        weight = n if isinstance(cost, CrossEntropy) else 1
        error = weight * 2 * (2 * worst + (to.gamma(n) + 3 * to.f * to.u) * spread)
    else:
        g = _cost_gradient(problem, r, a, to)
        error = (g.size * a.error).sum(-1) + 4 * to.f * to.u * np.abs(value)
    return Near(value, error + to.tiny)
