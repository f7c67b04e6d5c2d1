"""The record of the bounds of an activation, and functions that the bounds of several are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from minibp.arrays import Array

CLIPPED_AT = 250.0
"""The smallest |z| that code may clip z at in the sigmoid, as many do against warnings of overflow.

Beyond it σ and σ' are within e^-250, 3e-109, of what they are there: that is what such code errs by.
"""


def none(z: Array, *_: object) -> Array:
    """No error at all."""
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

    textbook: Callable[[Array, float], Array] = none
    """Error of σ(z), from (z, f), where it is computed by a sum that cancels near 0 or in the tail: e^z − 1, say."""

    clipped: Callable[[Array, Array], Array] = none
    """Error of σ(z) and of σ'(z), from (z, e), where z may have been clipped, far out."""

    reach: float = 0.0
    """How far from a kink that is not at 0 an honest program may take its place to be, in units of u."""

    @property
    def exact(self) -> bool:
        """True where σ and σ' are computed without rounding, so that an exact 0 stays one on either side of a kink."""
        return self.value_rounding is none


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


def beyond_clip(z: Array, e: Array) -> Array:
    """e^−250 where an interval reaches beyond ±250."""
    return np.where(np.abs(z) + e > CLIPPED_AT, np.exp(-CLIPPED_AT), 0.0)


def jump(z: Array, e: Array, size: float) -> Array:
    """The variation of a derivative that jumps at 0: none where the interval does not hold 0, or is 0 alone."""
    return np.where((np.abs(z) <= e) & (e > 0), size, 0.0)


def largest(function: Callable[[Array], Array], turns: Sequence[float], z: Array, e: Array) -> Array:
    """sup |function| over [z − e, z + e], where it is monotone between its turns."""
    found = np.maximum(np.abs(function(z - e)), np.abs(function(z + e)))
    for turn in turns:
        inside = np.abs(z - turn) <= e
        found = np.maximum(found, np.where(inside, np.abs(function(np.asarray(turn))), 0.0))
    return found
