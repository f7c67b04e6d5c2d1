"""The rounding of an output layer: of the cost of each example, and of δ^L by (17) or (26)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minibp.activations import Activation, sigmoid, softmax
from minibp.arrays import Array
from minibp.check.rounding.arithmetic import Arithmetic, Ball, times
from minibp.check.rounding.layer import activated, derivative, softmax_error
from minibp.check.rounding.own_functions import error_through, local_error, noise_of, slope_error, units_of
from minibp.costs import COSTS, CategoricalCrossEntropy, Cost, CrossEntropy, Huber, Quadratic, fuses

MIXED = 4
"""Directions in which the outputs of an own cost are moved to see what an error of theirs does."""


class Output(NamedTuple):
    """An output layer: its cost, its activation and the targets; y may have fewer axes than z and a."""

    cost: Cost
    activation: Activation
    y: Array


def output_error(of: Output, z: Ball, a: Ball, fp: Arithmetic) -> Ball:
    """δ^L by (17) or (26)."""
    cost, activation, y = of
    r = residual(a, y, fp)
    if type(cost) is CategoricalCrossEntropy:
        # Targets may miss a sum of 1 by their own rounding, and δ = a Σy − y is as honest as a − y.
        missing = np.abs(y.sum(-1, keepdims=True) - 1) * a.size
        return Ball(r.value, r.error + missing + fp.gamma(y.shape[-1]) * (a.size + np.abs(y)))
    if fuses(cost, activation):
        # So is a(1 − y) − y(1 − a).
        return Ball(r.value, r.error + fp.gamma(0) * (a.size + np.abs(y)))
    if type(cost) is CrossEntropy and activation is softmax:
        return _bernoulli_softmax(of, z, r, fp)
    g = cost_gradient(of, r, a, fp)
    if fp.through_values and COSTS.get(cost.name) is not cost:
        g = Ball(g.value, g.error + slope_error(lambda t: cost.value(t, y), a.value, fp))
    if activation is softmax:
        share = Ball((g.value * a.value).sum(-1, keepdims=True), _sum_of_products(g, a, fp))
        gap = Ball(
            g.value - share.value,
            g.error + share.error + 2 * fp.u * (g.size + (g.size * a.size).sum(-1, keepdims=True)),
        )
        return times(a, gap, fp)
    if not activation.elementwise:
        delta = activation.backward(z.value, g.value)
        return Ball(delta, np.full(delta.shape, np.inf))  # of another layer-wide function nothing is known
    return times(g, derivative(z, a, activation, fp), fp)


def cost_gradient(of: Output, r: Ball, a: Ball, fp: Arithmetic) -> Ball:
    """∇_a C: known for the package's costs; of any other followed, or sampled at both ends of the error of a."""
    cost, _, y = of
    if type(cost) in (Quadratic, Huber):
        return Ball(cost.gradient(a.value, y), r.error)
    g = cost.gradient(a.value, y)
    reach = a.error + fp.u * np.abs(a.value)
    if type(cost) in (CrossEntropy, CategoricalCrossEntropy):
        ends = [np.abs(cost.gradient(a.value + side * reach, y) - g) for side in (-1, 1)]
        return Ball(g, 2 * np.maximum(*ends) + 4 * fp.f * fp.u * np.abs(g) + fp.tiny)
    if fp.textbook:  # outputs that are the targets, to the last digit, are on both sides of a kink
        a = Ball(a.value, np.maximum(a.error, fp.tiny))
        reach = np.maximum(reach, fp.tiny)
    followed = error_through(lambda t: cost.gradient(t, y), a, fp)
    if followed is not None and np.isfinite(followed).all():
        return Ball(g, followed + fp.tiny)
    # An error that all outputs have in common may change nothing, as in a softmax: the signs are mixed too.
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (MIXED, a.value.shape[-1]))
    signs[0] = 1
    moved = [np.abs(cost.gradient(a.value + side * s * reach, y) - g) for s in signs for side in (-1, 1)]
    spread = 2 * np.sqrt(a.value.shape[-1]) * np.max(moved, axis=0)
    local = units_of(fp) * noise_of(lambda t: cost.gradient(t, y), a.value)
    return Ball(g, spread + local + fp.tiny)


def _sum_of_products(left: Ball, right: Ball, fp: Arithmetic) -> Array:
    """The error of Σ left·right over the last axis, which is kept; each product may be flushed to zero."""
    n = left.value.shape[-1]
    propagated = left.error * right.size + np.abs(left.value) * right.error
    magnitude = (left.size * right.size).sum(-1, keepdims=True)
    return propagated.sum(-1, keepdims=True) + fp.gamma(n) * magnitude + n * fp.tiny


def _bernoulli_softmax(of: Output, z: Ball, r: Ball, fp: Arithmetic) -> Ball:
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
    exponent = 2 * worst + 4 * fp.u * (spread + worst) + (3 + np.log(n)) * fp.u * fp.f + fp.gamma(n)
    q_error = np.where(np.isfinite(others), softmax_error(q, others, exponent), 0) + fp.tiny
    size = r.size[..., :, None]
    propagated = (r.error[..., :, None] * (q + q_error) + np.abs(r.value)[..., :, None] * q_error).sum(-2)
    local = fp.gamma(n) * ((size * (q + q_error)).sum(-2) + r.size)
    return Ball(delta, r.error + propagated + local + n * fp.tiny)  # each product may be flushed to zero


def costs_of(of: Output, z: Ball, a: Ball, fp: Arithmetic) -> Ball:
    """C of each example, L2 left out."""
    cost, activation, y = of
    n = y.shape[-1]
    value = cost.value_at(z.value, a.value, y, activation)
    r = residual(a, y, fp)
    worst = z.error.max(-1)
    if type(cost) is Quadratic:
        error = (np.abs(r.value) * r.error + r.error**2 / 2 + fp.gamma(n) * r.size**2).sum(-1)
    elif type(cost) is Huber:
        steep = np.minimum(r.size, 1)
        error = (steep * r.error + fp.gamma(n) * steep * r.size).sum(-1)
    elif type(cost) is CrossEntropy and activation is sigmoid:
        # y ln(1 + e^−z) is steepest at the left end of the interval, (1 − y) ln(1 + e^z) at the right one.
        steepest = y * activation.value(z.error - z.value) + (1 - y) * activation.value(z.value + z.error)
        propagated = (z.error * steepest).sum(-1)
        flushed = fp.tiny * z.size.sum(-1)  # a y below tiny, beside the logarithms
        error = propagated + (fp.gamma(n) + 3 * fp.f * fp.u) * (np.abs(value) + propagated) + flushed
    elif type(cost) in (CrossEntropy, CategoricalCrossEntropy) and activation is softmax:
        spread = np.ptp(z.value, axis=-1) + np.log(n) + 1 + 2 * worst
        weight = n if type(cost) is CrossEntropy else 1
        error = weight * 2 * (2 * worst + (fp.gamma(n) + 3 * fp.f * fp.u) * spread)
    else:
        g = cost_gradient(of, r, a, fp)
        error = (g.size * a.error).sum(-1) + np.maximum(_local_of_cost(of, a, fp), 4 * fp.f * fp.u * np.abs(value))
    return Ball(value, error + n * fp.tiny)  # each term may be flushed to zero


def _local_of_cost(of: Output, a: Ball, fp: Arithmetic) -> Array | float:
    """The rounding within a cost of the user's own, of which terms may cancel."""
    if type(of.cost) is CrossEntropy:
        return 0.0
    return units_of(fp) * local_error(lambda t: of.cost.value(t, of.y), a.value)


def cost_error(of: Output, z: Ball, fp: Arithmetic) -> Array:
    """The error of the cost of each example, (..., m), at output weighted inputs z of shape (..., m, n_L)."""
    with np.errstate(over="ignore", invalid="ignore"):
        return costs_of(of, z, activated(z, of.activation, fp), fp).error


def residual(a: Ball, y: Array, fp: Arithmetic) -> Ball:
    """a − y."""
    r = a.value - y
    return Ball(r, a.error + fp.u * (np.abs(r) + a.error) + np.where(r != 0, fp.tiny, 0))
