"""Derivatives of the smooth activations whose extremes have no closed form, and the points at which these turn.

Between its turns each derivative is monotone, so that its supremum over an interval is at an end or at a turn. They are
written apart from `minibp.further_activations`, whose σ' is among what is checked with them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minibp import normal
from minibp.arrays import Array
from minibp.check.rounding.bound_parts import bell, logistic

CUBE, FACTOR = 0.044715, math.sqrt(2 / math.pi)
"""Of gelu_tanh: ½ z (1 + tanh(FACTOR (z + CUBE z³)))."""


class Derivatives(NamedTuple):
    """Derivatives of one activation, and the turns of each: the zeros of the next."""

    first: Callable[[Array], Array]
    second: Callable[[Array], Array]
    third: Callable[[Array], Array]
    first_turns: tuple[float, ...]
    second_turns: tuple[float, ...]
    third_turns: tuple[float, ...]


def _clipped(z: Array, most: float) -> Array:
    """z, or what gives the same where powers of z could overflow beside an exponential that is 0."""
    return np.clip(z, -most, most)


def _gelu_first(z: Array) -> Array:
    t = _clipped(z, 60)
    return normal.distribution(t) + t * normal.density(t)


def _gelu_second(z: Array) -> Array:
    t = _clipped(z, 60)
    return normal.density(t) * (2 - t * t)


def _gelu_third(z: Array) -> Array:
    t = _clipped(z, 60)
    return normal.density(t) * t * (t * t - 4)


def doubled(z: Array) -> tuple[Array, Array, Array, float]:
    """The v of gelu_tanh(z) = z σ(v), with its three derivatives."""
    square = CUBE * z * z
    return 2 * FACTOR * z * (1 + square), 2 * FACTOR * (1 + 3 * square), 12 * FACTOR * CUBE * z, 12 * FACTOR * CUBE


def _gelu_tanh_gates(z: Array) -> tuple[Array, Array, Array, Array]:
    """σ(v) and its three derivatives by z, from those of the sigmoid by v."""
    v, v1, v2, v3 = doubled(z)
    s1 = bell(np.abs(v))
    s2 = -s1 * np.tanh(v / 2)
    s3 = s1 * (1 - 6 * s1)
    return logistic(v), s1 * v1, s2 * v1**2 + s1 * v2, s3 * v1**3 + 3 * s2 * v1 * v2 + s1 * v3


def mish_gates(z: Array) -> tuple[Array, Array, Array, Array]:
    """The tanh of softplus and its three derivatives: g, g' = (1 − g²)σ and those of this product."""
    e, s = np.exp(-np.abs(z)), logistic(z)
    right, left = 1 + 2 * e + 2 * e * e, 2 + 2 * e + e * e
    g = np.where(z >= 0, (1 + 2 * e) / right, e * (2 + e) / left)
    g1 = 4 * e * (1 + e) * np.where(z >= 0, e / right**2, 1 / left**2)
    rate = logistic(-z) - 2 * g * s
    g2 = g1 * rate
    return g, g1, g2, g2 * rate - g1 * (bell(np.abs(z)) * (1 + 2 * g) + 2 * g1 * s)


def _of_gated(
    gates: Callable[[Array], tuple[Array, Array, Array, Array]], most: float, order: int
) -> Callable[[Array], Array]:
    """A derivative of z g(z): of g and its own derivatives, order times the one before, and z times that order's."""

    def at(z: Array) -> Array:
        t = _clipped(z, most)
        found = gates(t)
        return order * found[order - 1] + t * found[order]

    return at


GELU = Derivatives(
    _gelu_first,
    _gelu_second,
    _gelu_third,
    first_turns=(-math.sqrt(2), math.sqrt(2)),
    second_turns=(-2.0, 0.0, 2.0),
    third_turns=(-2.5243377989621386, -0.79228699139326128, 0.79228699139326128, 2.5243377989621386),
)
GELU_TANH = Derivatives(
    _of_gated(_gelu_tanh_gates, 30, 1),
    _of_gated(_gelu_tanh_gates, 30, 2),
    _of_gated(_gelu_tanh_gates, 30, 3),
    first_turns=(-1.4185040087908284, 1.4185040087908284),
    second_turns=(-2.0134807246242579, 0.0, 2.0134807246242579),
    third_turns=(-2.5534179143294429, -0.787576186418894, 0.787576186418894, 2.5534179143294429),
)
MISH = Derivatives(
    _of_gated(mish_gates, 1000, 1),
    _of_gated(mish_gates, 1000, 2),
    _of_gated(mish_gates, 1000, 3),
    first_turns=(-2.2563763963607931, 1.4905711794854285),
    second_turns=(-3.2673378465204046, -0.087934431314914211, 2.1148425630208771),
    third_turns=(-4.2554113336685642, -0.8819460768319226, 0.7155058867000298, 2.6942158677688237),
)
