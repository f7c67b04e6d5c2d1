"""Bounds of each activation: the propagated error of σ(z) and σ'(z) for an error of z, and their local rounding errors.

`lipschitz` and `variation` bound |σ'| and the change of σ' over the whole interval [z − e, z + e], so that the bound
built on them is not only a first-order one. `value_rounding` and `prime_rounding` are in units of u, with f the
relative error of one library function (exp, tanh, log1p, …) in the same units.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minibp.activations import Activation, is_of_package
from minibp.arrays import Array
from minibp.check.rounding.arithmetic import LIBRARY_ERROR
from minibp.check.rounding.bound_parts import ActivationBounds, bell, beyond_clip, jump, logistic, nearest, none
from minibp.check.rounding.further_bounds import further_bounds_of
from minibp.check.rounding.own_functions import UNIT, local_error


def activation_bounds_of(activation: Activation) -> ActivationBounds:
    """The bounds of one of the package's activations, or estimates by sampling for any other."""
    if not is_of_package(activation):
        return _sampled(activation)
    return _DERIVED.get(activation.name) or further_bounds_of(activation)


_DERIVED = {
    "identity": ActivationBounds(
        lipschitz=lambda z, e: np.ones_like(z),
        variation=none,
        value_rounding=none,
        prime_rounding=none,
        from_value=none,
    ),
    "sigmoid": ActivationBounds(
        lipschitz=lambda z, e: bell(nearest(z, e)),
        variation=lambda z, e: e * np.tanh((np.abs(z) + e) / 2) * bell(nearest(z, e)),  # σ'' = σ'(1 − 2σ)
        value_rounding=lambda z, a, f: (f + 3) * a,
        prime_rounding=lambda z, a, p, f: (f + 6) * p,
        from_value=lambda z, a, p, f: (f + 3) * a * np.abs(1 - 2 * a) + 3 * p,
        clipped=beyond_clip,
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
        variation=lambda z, e: jump(z, e, 1.0),
        value_rounding=none,
        prime_rounding=none,
        from_value=none,
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
        value_rounding=lambda z, a, f: _in_units(activation.value, z, f, np.abs(a) + np.abs(z * activation.prime(z))),
        prime_rounding=lambda z, a, p, f: _in_units(
            activation.prime, z, f, np.abs(p) + variation(z, np.abs(z) * 1e-8) * 1e8
        ),
        from_value=none,
    )


def _in_units(function: Callable[[Array], Array], z: Array, f: float, usual: Array) -> Array:
    """The rounding of a function of the user's own in units of u, at least that of a few steps of a `usual` size."""
    followed = local_error(function, z) / UNIT * max(1.0, f / LIBRARY_ERROR)
    return np.asarray(np.maximum(4 * f * usual, followed))
