"""The curvature of activations: σ' and σ'' at a point, and bounds on σ'' and σ''' over a whole interval.

They are written apart from `minibp.activations`, whose σ' is among what is checked with them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from minibp.activations import ACTIVATIONS, ELU_ALPHA, LEAKY_SLOPE, Activation, Elu, LeakyRelu, is_of_package
from minibp.arrays import Array
from minibp.check.rounding.bound_parts import bell, largest, logistic, nearest
from minibp.check.rounding.derivatives import GELU, GELU_TANH, MISH, Derivatives
from minibp.further_activations import (
    SELU_ALPHA,
    SELU_SCALE,
    Gelu,
    GeluTanh,
    HardSigmoid,
    HardSwish,
    HardTanh,
    Mish,
    Relu6,
    Selu,
    Softsign,
)


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
    if not is_of_package(activation):
        return None
    return _KNOWN.get(activation.name) if activation.name in ACTIVATIONS else _further(activation)


@cache
def _further(activation: Activation) -> Curvature:
    return _FURTHER[type(activation)](activation)


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


def _elu(alpha: float, scale: float = 1.0) -> Curvature:
    """Of scale·elu: its second derivative jumps at 0 from scale·α to 0."""
    left = scale * alpha

    def bound(z: Array, e: Array) -> Array:
        return np.where(z - e <= 0, left * np.exp(np.minimum(z + e, 0)), 0.0)

    return Curvature(
        first=lambda z: np.where(z > 0, scale, left * np.exp(np.minimum(z, 0))),
        second=lambda z: np.where(z > 0, 0.0, left * np.exp(np.minimum(z, 0))),
        second_bound=bound,
        third_bound=bound,
        jump=lambda z, e: np.where(np.abs(z) <= e, left, 0.0),
    )


def _leaky_relu(slope: float) -> Curvature:
    return Curvature(lambda z: np.where(z >= 0, 1.0, slope), _constant(0), _constant(0), _constant(0))


def _clip(low: float, high: float, slope: float = 1.0) -> Curvature:
    """A line of that slope between two kinks, and two constants."""
    return Curvature(lambda z: np.where((z > low) & (z < high), slope, 0.0), _constant(0), _constant(0), _constant(0))


def _smooth(derivatives: Derivatives) -> Curvature:
    return Curvature(
        derivatives.first,
        derivatives.second,
        lambda z, e: largest(derivatives.second, derivatives.second_turns, z, e),
        lambda z, e: largest(derivatives.third, derivatives.third_turns, z, e),
    )


HARD_SWISH = Curvature(
    first=lambda z: np.where(np.abs(z) < 3, z / 3 + 0.5, np.where(z > 0, 1.0, 0.0)),
    second=lambda z: np.where(np.abs(z) < 3, 1 / 3, 0.0),
    second_bound=lambda z, e: np.where(nearest(z, e) < 3, 1 / 3, 0.0),
    third_bound=_constant(0),
)
SOFTSIGN = Curvature(
    first=lambda z: 1 / (1 + np.abs(z)) ** 2,
    second=lambda z: -2 * np.sign(z) / (1 + np.abs(z)) ** 3,
    second_bound=lambda z, e: 2 / (1 + nearest(z, e)) ** 3,
    third_bound=lambda z, e: 6 / (1 + nearest(z, e)) ** 4,
    jump=lambda z, e: np.where(np.abs(z) <= e, 4.0, 0.0),  # from 2 to −2
)
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
    "leaky_relu": _leaky_relu(LEAKY_SLOPE),
    "elu": _elu(ELU_ALPHA),
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
_FURTHER: dict[type, Callable[[Any], Curvature]] = {
    LeakyRelu: lambda of: _leaky_relu(of.slope),
    Elu: lambda of: _elu(of.alpha),
    Selu: lambda of: _elu(SELU_ALPHA, SELU_SCALE),
    Relu6: lambda of: _clip(*of.kinks),
    HardTanh: lambda of: _clip(*of.kinks),
    HardSigmoid: lambda of: _clip(of.kinks[0], of.kinks[1], of.slope),
    HardSwish: lambda of: HARD_SWISH,
    Softsign: lambda of: SOFTSIGN,
    Gelu: lambda of: _smooth(GELU),
    GeluTanh: lambda of: _smooth(GELU_TANH),
    Mish: lambda of: _smooth(MISH),
}
