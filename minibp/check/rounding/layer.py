"""The rounding of one layer: of z by (13), of a by (14), and of σ'(z)."""

from __future__ import annotations

import numpy as np

from minibp.activations import Activation, softmax
from minibp.arrays import Array
from minibp.check.rounding.activation_bounds import activation_bounds_of
from minibp.check.rounding.arithmetic import Arithmetic, Ball, matmul_exact


def weighted_input(a: Ball, w: Array, b: Array, fp: Arithmetic) -> Ball:
    """Equation (13), for b that adds to every row of a Wᵀ."""
    size = np.abs(w.mT)
    product = matmul_exact(a, w.mT, size, fp)
    added = fp.gamma(w.shape[-1]) * np.abs(b)  # b may be the first term of the sum
    local = 2 * fp.u * (a.size @ size) + added + fp.tiny * (b != 0)
    return Ball(product.value + b, product.error + local)


def activated(z: Ball, activation: Activation, fp: Arithmetic) -> Ball:
    """Equation (14)."""
    a = activation.value(z.value)
    if activation is softmax:
        return Ball(a, softmax_error(a, z.value, softmax_exponent(z, fp)) + fp.tiny)
    if not activation.elementwise:
        return Ball(a, np.full(a.shape, np.inf))  # of another layer-wide function nothing is known
    facts = activation_bounds_of(activation)
    propagated = facts.lipschitz(z.value, z.error) * z.error
    local = fp.u * facts.value_rounding(z.value, np.abs(a) + propagated, fp.f) + facts.clipped(z.value, z.error)
    if fp.textbook:
        local = local + fp.u * facts.textbook(z.value, fp.f)
    exact = facts.exact or ((z.value == 0) & (z.error == 0) & (a == 0))
    return Ball(a, propagated + local + np.where(exact, 0, fp.tiny * (1 + np.abs(z.value))))


def softmax_error(a: Array, z: Array, exponent: Array) -> Array:
    """The error of a_j = e^{z_j}/Σ where it may be e^exponent times as large, and is 1 at most.

    Where a_j has underflowed, or e^exponent would overflow, that is found from logarithms.
    """
    known = (a > np.finfo(np.float64).tiny) & (exponent < 700)
    top = z.max(-1, keepdims=True)
    log_a = z - top - np.log(np.exp(z - top).sum(-1, keepdims=True))
    error = np.where(known, a * np.expm1(np.minimum(exponent, 700)), np.exp(np.minimum(log_a + exponent, 0)))
    return np.minimum(error, 1)


def softmax_exponent(z: Ball, fp: Arithmetic) -> Array:
    """ln of the factor by which each e^{z_j}/Σ may be off: z's own, that of z − max z, of exp, and of the sum."""
    shifted = np.max(z.value, axis=-1, keepdims=True) - z.value
    worst = np.max(z.error, axis=-1, keepdims=True)
    return z.error + worst + fp.u * (shifted + 2 * worst) + 2 * fp.u * fp.f + fp.gamma(z.value.shape[-1])


def derivative(z: Ball, a: Ball, activation: Activation, fp: Arithmetic) -> Ball:
    """σ'(z)."""
    facts = activation_bounds_of(activation)
    p = activation.prime(z.value)
    reach = np.maximum(z.error, fp.tiny) if fp.textbook else z.error  # so that a z of exactly 0 is on both sides
    propagated = facts.variation(z.value, reach + fp.u * facts.reach)
    local = facts.prime_rounding(z.value, np.abs(a.value), np.abs(p) + propagated, fp.f)
    if fp.prime_from_value:
        local = local + facts.from_value(z.value, np.abs(a.value), np.abs(p) + propagated, fp.f)
    if fp.textbook:
        local = local + 2 * facts.textbook(z.value, fp.f)  # from a: 1 − a² doubles its error
    propagated = propagated + facts.clipped(z.value, z.error)
    return Ball(p, propagated + fp.u * local + (0 if facts.exact else fp.tiny * (1 + np.abs(z.value))))
