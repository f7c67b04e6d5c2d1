"""Bounds of each activation: the propagated error of σ(z) and σ'(z) for an error of z, and their local rounding errors.

`lipschitz` and `variation` bound |σ'| and the change of σ' over the whole interval [z − e, z + e], so that the bound
built on them is not only a first-order one. `value_rounding` and `prime_rounding` are in units of u, with f the
relative error of one library function (exp, tanh, log1p, …) in the same units.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minibp.activations import ACTIVATIONS, ELU_ALPHA, LEAKY_SLOPE, Activation
from minibp.arrays import Array

CLIPPED_AT = 250.0
"""The smallest |z| that code may clip z at in the sigmoid, as many do against warnings of overflow.

Beyond it σ and σ' are within e^-250, 3e-109, of what they are there: that is what such code errs by.
"""


def _none(z: Array, *_: object) -> Array:
    return np.zeros_like(z)


class ActivationBounds(NamedTuple):
    """Four bounds for one activation, all elementwise and of the shape of z."""

    lipschitz: Callable[[Array, Array], Array]
    """sup |σ'| over [z − e, z + e]."""
    variation: Callable[[Array, Array], Array]
    """sup |σ'(t) − σ'(z)| over t in [z − e, z + e]."""
    value_rounding: Callable[[Array, Array, float], Array]
    """Error of σ(z) computed from an exact z, from (z, a, f)."""
    prime_rounding: Callable[[Array, Array, Array, float], Array]
    """The same for σ'(z), from (z, a, p, f) with p = σ'(z)."""
    from_value: Callable[[Array, Array, Array, float], Array]
    """The additional error of σ' computed from a, as a(1 − a) or 1 − a²: mere rounding, yet more in the tails."""

    textbook: Callable[[Array, float], Array] = _none
    """Error of σ(z), from (z, f), where it is computed by a sum that cancels near 0 or in the tail: e^z − 1, say."""

    clipped: Callable[[Array, Array], Array] = _none
    """Error of σ(z) and of σ'(z), from (z, e), where z may have been clipped, far out."""

    @property
    def exact(self) -> bool:
        """True where σ and σ' are computed without rounding, so that an exact 0 stays one on either side of a kink."""
        return self.value_rounding is _none


def activation_bounds_of(activation: Activation) -> ActivationBounds:
    """The bounds of one of the package's activations, or estimates by sampling for any other."""
    return _DERIVED[activation.name] if _is_known(activation) else _sampled(activation)


def _is_known(activation: Activation) -> bool:
    return ACTIVATIONS.get(activation.name) is activation


def bell(t: Array) -> Array:
    """σ'(t) of the sigmoid for t ≥ 0."""
    e = np.exp(-t)
    return e / (1 + e) ** 2


def nearest(z: Array, e: Array) -> Array:
    """The distance from 0 of the point of [z − e, z + e] nearest to it."""
    return np.maximum(np.abs(z) - e, 0)


def logistic(z: Array) -> Array:
    """σ(z) of the sigmoid."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def _beyond_clip(z: Array, e: Array) -> Array:
    """e^−250 where an interval reaches beyond ±250."""
    return np.where(np.abs(z) + e > CLIPPED_AT, np.exp(-CLIPPED_AT), 0.0)


def _jump(z: Array, e: Array, size: float) -> Array:
    """A derivative that jumps at 0 is known only where the interval does not hold 0, or is 0 alone."""
    return np.where((np.abs(z) <= e) & (e > 0), size, 0.0)


_DERIVED = {
    "identity": ActivationBounds(
        lipschitz=lambda z, e: np.ones_like(z),
        variation=_none,
        value_rounding=_none,
        prime_rounding=_none,
        from_value=_none,
    ),
    "sigmoid": ActivationBounds(
        lipschitz=lambda z, e: bell(nearest(z, e)),
        variation=lambda z, e: e * np.tanh((np.abs(z) + e) / 2) * bell(nearest(z, e)),  # σ'' = σ'(1 − 2σ)
        value_rounding=lambda z, a, f: (f + 3) * a,
        prime_rounding=lambda z, a, p, f: (f + 6) * p,
        from_value=lambda z, a, p, f: (f + 3) * a * np.abs(1 - 2 * a) + 3 * p,
        clipped=_beyond_clip,
    ),
    "tanh": ActivationBounds(
        lipschitz=lambda z, e: 4 * bell(2 * nearest(z, e)),
        variation=lambda z, e: e * 2 * np.tanh(np.abs(z) + e) * 4 * bell(2 * nearest(z, e)),  # tanh'' = −2 tanh tanh'
        value_rounding=lambda z, a, f: (f + 4) * np.abs(a),
        prime_rounding=lambda z, a, p, f: (2 * f + 8) * p,  # e^−2|z| as the square of e^−|z|
        from_value=lambda z, a, p, f: 2 * (f + 4) * a * a + 2,
        textbook=lambda z, f: (2 * f + 4) * np.ones_like(z),  # 2σ(2z) − 1, or a quotient of differences of e^z
    ),
    "relu": ActivationBounds(
        lipschitz=lambda z, e: np.where(z + e > 0, 1.0, 0.0),
        variation=lambda z, e: _jump(z, e, 1.0),
        value_rounding=_none,
        prime_rounding=_none,
        from_value=_none,
    ),
    "leaky_relu": ActivationBounds(
        lipschitz=lambda z, e: np.where(z + e >= 0, 1.0, LEAKY_SLOPE),
        variation=lambda z, e: _jump(z, e, 1 - LEAKY_SLOPE),
        value_rounding=lambda z, a, f: np.where(z < 0, 2 * np.abs(a), 0.0),  # the slope itself is rounded too
        prime_rounding=lambda z, a, p, f: np.where(z < 0, p, 0.0),
        from_value=_none,
    ),
    "elu": ActivationBounds(
        lipschitz=lambda z, e: np.exp(np.minimum(z + e, 0)),
        variation=lambda z, e: np.where(z - e < 0, e, 0.0) * np.exp(np.minimum(z + e, 0)),
        value_rounding=lambda z, a, f: np.where(z > 0, 0.0, (3 * f + 4) * np.abs(a)),
        prime_rounding=lambda z, a, p, f: np.where(z > 0, 0.0, (f + 1) * p),
        from_value=lambda z, a, p, f: np.where(z > 0, 0.0, (3 * f + 4) * np.abs(a) + ELU_ALPHA),
        textbook=lambda z, f: np.where(z > 0, 0.0, (f + 2) * np.exp(np.minimum(z, 0))),  # e^z − 1
    ),
    "softplus": ActivationBounds(
        lipschitz=lambda z, e: logistic(z + e),
        variation=lambda z, e: e * bell(nearest(z, e)),
        value_rounding=lambda z, a, f: (2 * f + 4) * a,
        prime_rounding=lambda z, a, p, f: (f + 3) * p,
        from_value=lambda z, a, p, f: np.where(z > 0, (2 * f + 4) * np.exp(-a), 0.0) + 1,  # 1 − e^−a
        textbook=lambda z, f: (f + 3) * np.ones_like(z),  # ln(1 + e^z)
    ),
    "silu": ActivationBounds(
        lipschitz=lambda z, e: np.minimum(logistic(z + e) * (1 + np.abs(z) + e), 1.1),
        variation=lambda z, e: e * bell(nearest(z, e)) * (2 + np.abs(z) + e),  # silu'' = σ'(2 + z(1 − 2σ))
        value_rounding=lambda z, a, f: (f + 5) * np.abs(a),
        prime_rounding=lambda z, a, p, f: (2 * f + 8) * logistic(z) * (1 + np.abs(z) * logistic(-z)),
        from_value=lambda z, a, p, f: (2 * f + 8) * logistic(z) * (1 + np.abs(z)),
    ),
}


def _sampled(activation: Activation) -> ActivationBounds:
    """Estimates for an activation of unknown form: σ' at both ends of the interval, doubled, for what lies between."""

    def around(z: Array, e: Array) -> tuple[Array, Array, Array]:
        return activation.prime(z - e), activation.prime(z), activation.prime(z + e)

    def lipschitz(z: Array, e: Array) -> Array:
        return 2 * np.max(np.abs(around(z, e)), axis=0)

    def variation(z: Array, e: Array) -> Array:
        low, middle, high = around(z, e)
        return 2 * np.maximum(np.abs(low - middle), np.abs(high - middle))

    return ActivationBounds(
        lipschitz=lipschitz,
        variation=variation,
        value_rounding=lambda z, a, f: 4 * f * (np.abs(a) + np.abs(z * activation.prime(z))),
        prime_rounding=lambda z, a, p, f: 4 * f * (np.abs(p) + variation(z, np.abs(z) * 1e-8) * 1e8),
        from_value=_none,
    )
