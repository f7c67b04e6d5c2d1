"""The rounding of one layer: of z by (13), of a by (14), and of σ'(z)."""

from __future__ import annotations

import numpy as np

from minibp.activations import Activation, softmax
from minibp.arrays import Array
from minibp.check.arithmetic import Arithmetic, Near, matmul_exact
from minibp.check.sensitivity import sensitivity_of


def weighted_input(a: Near, w: Array, b: Array, to: Arithmetic) -> Near:
    """Equation (13), for b that adds to every row of a Wᵀ."""
    size = np.abs(w.mT)
    product = matmul_exact(a, w.mT, size, to)
    added = to.gamma(w.shape[-1]) * np.abs(b)  # b may be the first term of the sum
    own = 2 * to.u * (a.size @ size) + added + to.tiny * (b != 0)
    return Near(product.value + b, product.error + own)


def activated(z: Near, activation: Activation, to: Arithmetic) -> Near:
    """Equation (14)."""
    a = activation.value(z.value)
    if activation is softmax:
        return Near(a, softmax_error(a, z.value, _softmax_exponent(z, to)) + to.tiny)
    if not activation.elementwise:
        return Near(a, np.full(a.shape, np.inf))  # of another layer-wide function nothing is known
    facts = sensitivity_of(activation)
    inherited = facts.slope(z.value, z.error) * z.error
    own = to.u * facts.value_rounding(z.value, np.abs(a) + inherited, to.f)
    if to.textbook:
        own = own + to.u * facts.textbook(z.value, to.f)
    exact = facts.exact or ((z.value == 0) & (z.error == 0) & (a == 0))
    return Near(a, inherited + own + np.where(exact, 0, to.tiny * (1 + np.abs(z.value))))


def softmax_error(a: Array, z: Array, exponent: Array) -> Array:
    """The error of a_j = e^{z_j}/Σ where it may be e^exponent times as large, and is 1 at most.

    Where a_j has underflowed, or e^exponent would overflow, that is found from logarithms.
    """
    known = (a > np.finfo(np.float64).tiny) & (exponent < 700)
    top = z.max(-1, keepdims=True)
    log_a = z - top - np.log(np.exp(z - top).sum(-1, keepdims=True))
    error = np.where(known, a * np.expm1(np.minimum(exponent, 700)), np.exp(np.minimum(log_a + exponent, 0)))
    return np.minimum(error, 1)


def _softmax_exponent(z: Near, to: Arithmetic) -> Array:
    """ln of the factor by which each e^{z_j}/Σ may be off: z's own, that of z − max z, of exp, and of the sum."""
    shifted = np.max(z.value, axis=-1, keepdims=True) - z.value
    worst = np.max(z.error, axis=-1, keepdims=True)
    return z.error + worst + to.u * (shifted + 2 * worst) + 2 * to.u * to.f + to.gamma(z.value.shape[-1])


def slope(z: Near, a: Near, activation: Activation, to: Arithmetic) -> Near:
    """σ'(z)."""
    facts = sensitivity_of(activation)
    p = activation.prime(z.value)
    reach = np.maximum(z.error, to.tiny) if to.textbook else z.error  # so that a z of exactly 0 is on both sides
    inherited = facts.bend(z.value, reach)
    own = facts.prime_rounding(z.value, np.abs(a.value), np.abs(p) + inherited, to.f)
    if to.prime_from_value:
        own = own + facts.from_value(z.value, np.abs(a.value), np.abs(p) + inherited, to.f)
    if to.textbook:
        own = own + 2 * facts.textbook(z.value, to.f)  # from a: 1 − a² doubles its error
    return Near(p, inherited + to.u * own + (0 if facts.exact else to.tiny * (1 + np.abs(z.value))))
