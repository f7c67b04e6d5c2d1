"""The curvature of activations: σ' and σ'' at a point, and bounds on σ'' and σ''' over a whole interval.

They are written apart from `minibp.activations`, whose σ' is among what is checked with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minibp.activations import ACTIVATIONS, ELU_ALPHA, LEAKY_SLOPE, Activation
from minibp.arrays import Array
from minibp.check.rounding.activation_bounds import bell, logistic, nearest


class Curvature(NamedTuple):
    """Derivatives of one activation, all elementwise; the bounds are over [z − e, z + e], and hold away from kinks."""

    first: Callable[[Array], Array]
    """σ'(z)."""
    second: Callable[[Array], Array]
    """σ''(z)."""
    second_bound: Callable[[Array, Array], Array]
    """sup |σ''|."""
    third_bound: Callable[[Array, Array], Array]
    """sup |σ'''|, away from where σ'' jumps."""
    jump: Callable[[Array, Array], Array] | None = None
    """The jump of σ'' within the interval; None where it never jumps."""


def curvature_of(activation: Activation) -> Curvature | None:
    """The derivatives of one of the package's elementwise activations; None for any other."""
    return _KNOWN.get(activation.name) if ACTIVATIONS.get(activation.name) is activation else None


def _constant(value: float) -> Callable[..., Array]:
    return lambda z, *_: np.full_like(z, value)


def _bell_second(z: Array) -> Array:
    """σ'' = σ'(1 − 2σ) of the sigmoid."""
    return -bell(np.abs(z)) * np.tanh(z / 2)


def _bell_second_bound(z: Array, e: Array) -> Array:
    return bell(nearest(z, e)) * np.tanh((np.abs(z) + e) / 2)


def _bell_third_bound(z: Array, e: Array) -> Array:
    """σ''' = σ'(1 − 6σ') of the sigmoid; 1 − 6σ' is monotone in |z|."""
    most, least = bell(nearest(z, e)), bell(np.abs(z) + e)
    return most * np.maximum(np.abs(1 - 6 * most), np.abs(1 - 6 * least))


def _silu_second_bound(z: Array, e: Array) -> Array:
    """silu'' = 2σ' + zσ''."""
    far = np.abs(z) + e
    return bell(nearest(z, e)) * (2 + far * np.tanh(far / 2))


def _silu_third_bound(z: Array, e: Array) -> Array:
    """silu''' = 3σ'' + zσ'''."""
    return 3 * _bell_second_bound(z, e) + (np.abs(z) + e) * _bell_third_bound(z, e)


def _elu_bound(z: Array, e: Array) -> Array:
    """αe^z where z is not positive; 0 above."""
    return np.where(z - e <= 0, ELU_ALPHA * np.exp(np.minimum(z + e, 0)), 0.0)


_KNOWN = {
    "identity": Curvature(_constant(1), _constant(0), _constant(0), _constant(0)),
    "sigmoid": Curvature(lambda z: bell(np.abs(z)), _bell_second, _bell_second_bound, _bell_third_bound),
    "tanh": Curvature(  # 2σ(2z) − 1 with the sigmoid's σ
        first=lambda z: 4 * bell(np.abs(2 * z)),
        second=lambda z: 8 * _bell_second(2 * z),
        second_bound=lambda z, e: 8 * _bell_second_bound(2 * z, 2 * e),
        third_bound=lambda z, e: 16 * _bell_third_bound(2 * z, 2 * e),
    ),
    "relu": Curvature(lambda z: np.where(z > 0, 1.0, 0.0), _constant(0), _constant(0), _constant(0)),
    "leaky_relu": Curvature(lambda z: np.where(z >= 0, 1.0, LEAKY_SLOPE), _constant(0), _constant(0), _constant(0)),
    "elu": Curvature(
        first=lambda z: np.where(z > 0, 1.0, ELU_ALPHA * np.exp(np.minimum(z, 0))),
        second=lambda z: np.where(z > 0, 0.0, ELU_ALPHA * np.exp(np.minimum(z, 0))),
        second_bound=_elu_bound,
        third_bound=_elu_bound,
        jump=lambda z, e: np.where(np.abs(z) <= e, ELU_ALPHA, 0.0),
    ),
    "softplus": Curvature(  # its first derivative is the sigmoid
        logistic, lambda z: bell(np.abs(z)), lambda z, e: bell(nearest(z, e)), _bell_second_bound
    ),
    "silu": Curvature(
        first=lambda z: logistic(z) * (1 + z * logistic(-z)),
        second=lambda z: 2 * bell(np.abs(z)) + z * _bell_second(z),
        second_bound=_silu_second_bound,
        third_bound=_silu_third_bound,
    ),
}
