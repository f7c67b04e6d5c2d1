"""Bounds of activations that have constants, and of those of `further_activations`: by their classes.

Beyond what is said in `activation_bounds`: the constants are rounded too. Formulas of textbooks are 1 + erf and 1 +
tanh, which cancel on the left, and ln(1 + e^z). They lose no more once a function has saturated to a number that is
exact: for erf and tanh in gelu beyond |z| = 9, for 1 + e^z beyond z = −40.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from minibp import normal
from minibp.activations import Activation, Elu, LeakyRelu
from minibp.arrays import Array
from minibp.check.rounding.bound_parts import ActivationBounds, bell, jump, largest, logistic, nearest, none
from minibp.check.rounding.derivatives import GELU, GELU_TANH, MISH, Derivatives, doubled, mish_gates
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

GATED = 9.0
"""Beyond, 1 + erf(z/√2) and 1 + tanh(v/2) are 0 or 2 in float32 and float64, and 1 − tanh² is 0: nothing is rounded."""
BEYOND_KINK = 1 + 2.0**-20
"""A clipped sum may err where z is beyond the kink by no more than its rounding, 4u of z and 2^−22 in float32."""


@cache
def further_bounds_of(activation: Activation) -> ActivationBounds:
    """The bounds of an activation of one of these classes."""
    return _BUILDERS[type(activation)](activation)


def _leaky_relu(of: LeakyRelu) -> ActivationBounds:
    slope = of.slope
    return ActivationBounds(
        lipschitz=lambda z, e: np.maximum(np.where(z + e >= 0, 1.0, 0.0), np.where(z - e < 0, slope, 0.0)),
        variation=lambda z, e: jump(z, e, abs(1 - slope)),
        value_rounding=lambda z, a, f: np.where(z < 0, 2 * np.abs(a), 0.0),  # the slope itself is rounded too
        prime_rounding=lambda z, a, p, f: np.where(z < 0, p, 0.0),
        from_value=none,
    )


def _elu(alpha: float, scale: float, constants: int) -> ActivationBounds:
    """Of scale·elu; `constants` counts the roundings of the constants and of the products with them."""
    left = scale * alpha
    scaled = 0 if scale == 1 else 1
    return ActivationBounds(
        lipschitz=lambda z, e: np.maximum(
            np.where(z + e > 0, scale, 0.0), np.where(z - e <= 0, left * np.exp(np.minimum(z + e, 0)), 0.0)
        ),
        variation=lambda z, e: (
            np.where(z - e < 0, e, 0.0) * left * np.exp(np.minimum(z + e, 0)) + jump(z, e, abs(scale - left))
        ),
        value_rounding=lambda z, a, f: np.where(z > 0, 2 * scaled, 3 * f + 4 + constants) * np.abs(a),
        prime_rounding=lambda z, a, p, f: np.where(z > 0, scaled, f + 1 + constants) * p,
        from_value=lambda z, a, p, f: np.where(
            z > 0, 0.0, (3 * f + 4 + constants) * np.abs(a) + (1 + constants) * left
        ),  # a + α
        textbook=lambda z, f: np.where(z > 0, 0.0, (f + 2 + constants) * left * np.exp(np.minimum(z, 0))),  # e^z − 1
    )


def _clip(low: float, high: float) -> ActivationBounds:
    """Of z, but no less than `low` and no more than `high`: nothing is rounded."""
    return ActivationBounds(
        lipschitz=lambda z, e: np.where((z + e > low) & (z - e < high), 1.0, 0.0),
        variation=lambda z, e: np.maximum(jump(z - low, e, 1.0), jump(z - high, e, 1.0)),
        value_rounding=none,
        prime_rounding=none,
        from_value=none,
    )


def _hard_sigmoid(of: HardSigmoid) -> ActivationBounds:
    slope, kink = of.slope, of.kinks[1]
    return ActivationBounds(
        lipschitz=lambda z, e: np.where((z + e > -kink) & (z - e < kink), slope, 0.0),
        variation=lambda z, e: np.maximum(jump(z + kink, e, slope), jump(z - kink, e, slope)),
        # slope·z with a rounded slope and ½ more, or (z + 3)/6
        value_rounding=lambda z, a, f: np.where(
            np.abs(z) <= kink * BEYOND_KINK, 2 * slope * np.abs(z) + 2 * np.abs(a), 0.0
        ),
        prime_rounding=lambda z, a, p, f: p,
        from_value=none,
        reach=6 * kink,  # 4u of the sum that is compared with 0 and 1, and 2u of a kink that is computed
    )


def _hard_swish_inner(z: Array) -> Array:
    return np.clip(z, -3, 3) / 3 + 0.5


def _hard_swish_slope(z: Array, e: Array) -> Array:
    """sup |σ'|: between the kinks σ' rises from −½ to 3/2, and beyond them it is 0 and 1."""
    between = (z + e > -3) & (z - e < 3)
    inner = np.maximum(np.abs(_hard_swish_inner(z - e)), np.abs(_hard_swish_inner(z + e)))
    return np.where(between, inner, np.where(z >= 3, 1.0, 0.0))


def _hard_swish_value_rounding(z: Array, a: Array, f: float) -> Array:
    """Of z(z/6 + ½), z(z + 3)/6 and z·6/6."""
    size = np.minimum(np.abs(z), 4)
    sums = size * (size / 3 + 2 * np.clip(z / 6 + 0.5, 0, 1))
    return np.where(size <= 3 * BEYOND_KINK, sums, 0.0) + 2 * np.abs(a)


HARD_SWISH = ActivationBounds(
    lipschitz=_hard_swish_slope,
    variation=lambda z, e: np.where((z + e > -3) & (z - e < 3), e / 3, 0.0) + jump(z + 3, e, 0.5) + jump(z - 3, e, 0.5),
    value_rounding=_hard_swish_value_rounding,
    # z/3 + ½, (2z + 3)/6, or hard_sigmoid(z) + z/6
    prime_rounding=lambda z, a, p, f: np.where(
        np.abs(z) <= 3 * BEYOND_KINK, 2 * np.abs(z) / 3 + np.clip(z / 6 + 0.5, 0, 1) + 2 * p, 0.0
    ),
    from_value=none,
    reach=18.0,  # 6u of 3, as of hard_sigmoid
)
SOFTSIGN = ActivationBounds(
    lipschitz=lambda z, e: _share(nearest(z, e)) ** 2,
    variation=lambda z, e: 2 * e * _share(nearest(z, e)) ** 3,
    value_rounding=lambda z, a, f: 3 * np.abs(a),
    prime_rounding=lambda z, a, p, f: 5 * p,
    from_value=lambda z, a, p, f: 8 * np.abs(a) * np.sqrt(p) + 3 * p,  # (1 − |a|)², or 1/(1 + |z|) − |z|/(1 + |z|)²
)


def _share(size: Array) -> Array:
    return 1 / (1 + size)


def _gelu_value_rounding(z: Array, a: Array, f: float) -> Array:
    """z Φ(z); z/√2 has three roundings, of which Φ makes z φ(z) each, and z² in e^{−z²/2} has half as much."""
    return (f + 2) * np.abs(a) + 4 * _moment(2, z)


def _gelu_prime_rounding(z: Array, a: Array, p: Array, f: float) -> Array:
    """Φ(z) + z φ(z), where e^{−z²/2} may be e^{−(z/√2)²}, whose exponent has five roundings and more."""
    return (f + 4) * normal.distribution(z) + (f + 11) * _moment(1, z) + 3 * _moment(3, z)


def _moment(power: int, z: Array) -> Array:
    """|z|^power φ(z), which is 0 where powers of z might overflow."""
    near = np.minimum(np.abs(z), 60)
    return near**power * normal.density(near)


def _gelu_textbook(z: Array, f: float) -> Array:
    """½ z (1 + erf(z/√2)), on the left."""
    return np.where(z < 0, (f + 1) * np.minimum(np.abs(z), GATED) / 2, 0.0)


ARGUMENT = 10.0
"""Roundings of √(2/π)(z + 0.044715 z³): three factors of z, three constants, their products and the sum."""


def _gelu_tanh_value_rounding(z: Array, a: Array, f: float) -> Array:
    v, *_ = doubled(np.clip(z, -30, 30))
    return (f + 5) * np.abs(a) + ARGUMENT * np.abs(z * v) * bell(np.abs(v))


def _gelu_tanh_prime_rounding(z: Array, a: Array, p: Array, f: float) -> Array:
    """σ(v) + z σ'(v) v', with σ'(v) perhaps a square of cosh."""
    v, v_prime, *_ = doubled(np.clip(z, -30, 30))
    slope = bell(np.abs(v))
    second = np.abs(z) * slope * v_prime
    argument = ARGUMENT * np.abs(v)
    return (f + 5) * logistic(v) + argument * slope + (2 * f + 17 + argument) * second


def _gelu_tanh_from_value(z: Array, a: Array, p: Array, f: float) -> Array:
    """½ (1 + t) + ½ z (1 − t²) v'/2 with t = tanh(v/2)."""
    near = np.minimum(np.abs(z), GATED)
    return (2 * (f + 4) + 2) * near * doubled(near)[1] / 4


def _gelu_tanh_textbook(z: Array, f: float) -> Array:
    return np.where(z < 0, (f + 5) * np.minimum(np.abs(z), GATED) / 2, 0.0)


def _mish_parts(z: Array, f: float) -> tuple[Array, Array, Array, Array]:
    """With |z| capped: |z|, t = tanh(s), t', and what t inherits from the error of s = ln(1 + e^z), (2f + 4)s."""
    near = np.clip(z, -1000, 1000)
    t, t_prime, *_ = mish_gates(near)
    return np.abs(near), t, t_prime, (2 * f + 4) * np.logaddexp(0, near) * (1 - t * t)


def _mish_value_rounding(z: Array, a: Array, f: float) -> Array:
    """z t."""
    size, _, _, inherited = _mish_parts(z, f)
    return (f + 3) * np.abs(a) + size * inherited


def _mish_prime_rounding(z: Array, a: Array, p: Array, f: float) -> Array:
    """t + z t' with t' = σ(z)/cosh²(s), where cosh makes s t of a relative error of s."""
    size, t, t_prime, inherited = _mish_parts(z, f)
    of_cosh = (4 * f + 8) * np.logaddexp(0, np.clip(z, -1000, 1000)) * t
    return (f + 3) * t + inherited + (3 * f + 10 + of_cosh) * size * t_prime


def _mish_from_value(z: Array, a: Array, p: Array, f: float) -> Array:
    """t + z σ(z)(1 − t²), up to z = 20, where t has become 1; and e^z ω/δ², in which e^{3z} has an error of 3z."""
    size, t, _, inherited = _mish_parts(z, f)
    squared = (2 * t * ((f + 1) * t + inherited) + 2) * np.minimum(size, 20) * logistic(z)
    return squared + (3 * f + 8 + 3 * np.clip(z, 0, 240)) * t


def _mish_textbook(z: Array, f: float) -> Array:
    """z tanh(ln(1 + e^z))."""
    g = mish_gates(np.clip(z, -1000, 1000))[0]
    return (f + 3) * np.minimum(np.abs(z), 40) * (1 - g * g)


def _smooth(
    derivatives: Derivatives,
    value_rounding: Callable[[Array, Array, float], Array],
    prime_rounding: Callable[[Array, Array, Array, float], Array],
    from_value: Callable[[Array, Array, Array, float], Array],
    textbook: Callable[[Array, float], Array],
) -> ActivationBounds:
    def lipschitz(z: Array, e: Array) -> Array:
        return largest(derivatives.first, derivatives.first_turns, z, e)

    def variation(z: Array, e: Array) -> Array:
        return e * largest(derivatives.second, derivatives.second_turns, z, e)

    return ActivationBounds(lipschitz, variation, value_rounding, prime_rounding, from_value, textbook)


_BUILDERS: dict[type, Callable[[Any], ActivationBounds]] = {
    LeakyRelu: _leaky_relu,
    Elu: lambda of: _elu(of.alpha, 1.0, 0 if of.alpha == 1 else 2),
    Selu: lambda of: _elu(SELU_ALPHA, SELU_SCALE, 4),
    Relu6: lambda of: _clip(*of.kinks),
    HardTanh: lambda of: _clip(*of.kinks),
    HardSigmoid: _hard_sigmoid,
    HardSwish: lambda of: HARD_SWISH,
    Softsign: lambda of: SOFTSIGN,
    Gelu: lambda of: _smooth(
        GELU,
        _gelu_value_rounding,
        _gelu_prime_rounding,
        lambda z, a, p, f: 2 * normal.distribution(z),  # Φ as a/z
        _gelu_textbook,
    ),
    GeluTanh: lambda of: _smooth(
        GELU_TANH, _gelu_tanh_value_rounding, _gelu_tanh_prime_rounding, _gelu_tanh_from_value, _gelu_tanh_textbook
    ),
    Mish: lambda of: _smooth(MISH, _mish_value_rounding, _mish_prime_rounding, _mish_from_value, _mish_textbook),
}
