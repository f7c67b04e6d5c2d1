"""The rounding of an output layer: of the cost of each example, and of δ^L by (17) or (26)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minibp.activations import Activation, sigmoid, softmax
from minibp.arrays import Array
from minibp.check.arithmetic import Arithmetic, Near, times
from minibp.check.layer_rounding import activated, slope, softmax_error
from minibp.costs import CategoricalCrossEntropy, Cost, CrossEntropy, Huber, Quadratic, fuses


class Output(NamedTuple):
    """What the rounding of an output layer depends on beside z and a: y may have fewer axes than they."""

    cost: Cost
    activation: Activation
    y: Array


def output_error(of: Output, z: Near, a: Near, to: Arithmetic) -> Near:
    """δ^L by (17) or (26)."""
    cost, activation, y = of
    r = residual(a, y, to)
    if type(cost) is CategoricalCrossEntropy:
        # Targets may miss a sum of 1 by their own rounding, and δ = a Σy − y is as honest as a − y.
        missing = np.abs(y.sum(-1, keepdims=True) - 1) * a.size
        return Near(r.value, r.error + missing + to.gamma(y.shape[-1]) * (a.size + np.abs(y)))
    if fuses(cost, activation):
        # So is a(1 − y) − y(1 − a).
        return Near(r.value, r.error + to.gamma(0) * (a.size + np.abs(y)))
    if type(cost) is CrossEntropy and activation is softmax:
        return _bernoulli_softmax(of, z, r, to)
    g = cost_gradient(of, r, a, to)
    if activation is softmax:
        share = Near((g.value * a.value).sum(-1, keepdims=True), _sum_of_products(g, a, to))
        gap = Near(
            g.value - share.value,
            g.error + share.error + 2 * to.u * (g.size + (g.size * a.size).sum(-1, keepdims=True)),
        )
        return times(a, gap, to)
    if not activation.elementwise:
        delta = activation.backward(z.value, g.value)
        return Near(delta, np.full(delta.shape, np.inf))  # of another layer-wide function nothing is known
    return times(g, slope(z, a, activation, to), to)


def cost_gradient(of: Output, r: Near, a: Near, to: Arithmetic) -> Near:
    """∇_a C: known for the package's costs, sampled at both ends of the error of a for any other."""
    cost, _, y = of
    if type(cost) in (Quadratic, Huber):
        return Near(cost.gradient(a.value, y), r.error)
    g = cost.gradient(a.value, y)
    reach = a.error + to.u * np.abs(a.value)
    moved = [np.abs(cost.gradient(a.value + side * reach, y) - g) for side in (-1, 1)]
    return Near(g, 2 * np.maximum(*moved) + 4 * to.f * to.u * np.abs(g) + to.tiny)


def _sum_of_products(left: Near, right: Near, to: Arithmetic) -> Array:
    """The error of Σ left·right over the last axis, which is kept; each product may be flushed to zero."""
    n = left.value.shape[-1]
    inherited = left.error * right.size + np.abs(left.value) * right.error
    magnitude = (left.size * right.size).sum(-1, keepdims=True)
    return inherited.sum(-1, keepdims=True) + to.gamma(n) * magnitude + n * to.tiny


def _bernoulli_softmax(of: Output, z: Near, r: Near, to: Arithmetic) -> Near:
    """δ_k = r_k − Σ_{j≠k} r_j q_jk with q_jk = e^{z_k}/Σ_{i≠j} e^{z_i}."""
    n = z.value.shape[-1]
    delta = of.cost.delta(z.value, r.value + of.y, of.y, of.activation)
    others = np.where(np.eye(n, dtype=bool), -np.inf, z.value[..., None, :])
    top = others.max(-1, keepdims=True)
    e = np.exp(others - top)
    q = e / e.sum(-1, keepdims=True)
    spread = np.where(np.isfinite(others), top - others, 0) + np.abs(z.value).max(-1)[..., None, None]
    worst = z.error.max(-1)[..., None, None]
    # Of library functions: exp twice, and between them the logarithm of a sum, which is ln(n − 1) at most.
    exponent = 2 * worst + 4 * to.u * (spread + worst) + (3 + np.log(n)) * to.u * to.f + to.gamma(n)
    q_error = np.where(np.isfinite(others), softmax_error(q, others, exponent), 0) + to.tiny
    size = r.size[..., :, None]
    inherited = (r.error[..., :, None] * (q + q_error) + np.abs(r.value)[..., :, None] * q_error).sum(-2)
    own = to.gamma(n) * ((size * (q + q_error)).sum(-2) + r.size)
    return Near(delta, r.error + inherited + own + n * to.tiny)  # each product may be flushed to zero


def costs_of(of: Output, z: Near, a: Near, to: Arithmetic) -> Near:
    """C of each example, L2 left out."""
    cost, activation, y = of
    n = y.shape[-1]
    value = cost.value_at(z.value, a.value, y, activation)
    r = residual(a, y, to)
    worst = z.error.max(-1)
    if type(cost) is Quadratic:
        error = (np.abs(r.value) * r.error + r.error**2 / 2 + to.gamma(n) * r.size**2).sum(-1)
    elif type(cost) is Huber:
        steep = np.minimum(r.size, 1)
        error = (steep * r.error + to.gamma(n) * steep * r.size).sum(-1)
    elif type(cost) is CrossEntropy and activation is sigmoid:
        # y ln(1 + e^−z) is steepest at the left end of the interval, (1 − y) ln(1 + e^z) at the right one.
        steepest = y * activation.value(z.error - z.value) + (1 - y) * activation.value(z.value + z.error)
        inherited = (z.error * steepest).sum(-1)
        flushed = to.tiny * z.size.sum(-1)  # a y below tiny, beside the logarithms
        error = inherited + (to.gamma(n) + 3 * to.f * to.u) * (np.abs(value) + inherited) + flushed
    elif type(cost) in (CrossEntropy, CategoricalCrossEntropy) and activation is softmax:
        spread = np.ptp(z.value, axis=-1) + np.log(n) + 1 + 2 * worst
        weight = n if type(cost) is CrossEntropy else 1
        error = weight * 2 * (2 * worst + (to.gamma(n) + 3 * to.f * to.u) * spread)
    else:
        g = cost_gradient(of, r, a, to)
        error = (g.size * a.error).sum(-1) + 4 * to.f * to.u * np.abs(value)
    return Near(value, error + n * to.tiny)  # each term may be flushed to zero


def cost_error(of: Output, z: Near, to: Arithmetic) -> Array:
    """The error of the cost of each example, (..., m), at output weighted inputs z of shape (..., m, n_L)."""
    with np.errstate(over="ignore", invalid="ignore"):
        return costs_of(of, z, activated(z, of.activation, to), to).error


def residual(a: Near, y: Array, to: Arithmetic) -> Near:
    """a − y."""
    r = a.value - y
    return Near(r, a.error + to.u * (np.abs(r) + a.error) + np.where(r != 0, to.tiny, 0))
