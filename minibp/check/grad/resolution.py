"""What of a slope a tolerance resolves, and which claims have lost it."""

from __future__ import annotations

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.claim import LAST_DIGITS
from minibp.check.grad.claimed_slopes import COARSE
from minibp.check.grad.column import DIFFERENCES, Column
from minibp.check.grad.projected import Projected
from minibp.check.rounding.noise import SAFETY
from minibp.foreign import roundoff

RESOLVED, RESOLVED_ACROSS = 1e-2, 0.1
"""The part of a slope that a tolerance has to be below; and of an f that is known to a stated accuracy alone, or of a
claim in a coarse arithmetic."""
EXACT = 1e-280
"""A slope of 0 that is told to within this is exactly 0."""
ZERO = 1e-4
"""A slope of 0 is resolved where its tolerance is at most this part of the largest slope."""
LOST = 16.0
"""A claim counts as 0 where it is at most so many times what it is seen to be noisy by."""
STEADY = 1e3
"""A gradient is unstable where it is so many times as noisy as an oracle, and half of its digits are wrong."""


class Resolution:
    """How closely slopes have to be told.

    `largest` is the largest slope by one entry that is claimed, or told, `unit` the roundoff of the claim, and `stated`
    that of the arithmetic that it is said to compute in.
    """

    def __init__(self, seen: Projected, largest: float, unit: float, stated: float = 0.0) -> None:
        self.seen, self.largest, self.unit = seen, largest, unit
        self.part = RESOLVED_ACROSS if seen.accuracy or stated > COARSE else RESOLVED
        """A tolerance that is a larger part of a slope than this tells nothing of it."""
        self.given = max(
            roundoff(leaf.array.dtype.name) for leaf in seen.arguments.structure.leaves if leaf.array is not None
        )
        """The roundoff of the arguments, which the claim may compute in, whatever it returns."""

    def is_lost(self, column: Column, name: str, error: Array) -> Array:
        """True where half of the digits of the claim are lost in its own rounding, which is far more than need be."""
        if name == DIFFERENCES:
            return np.zeros(len(error), bool)
        value, radius = column.values[name]
        alone = radius + np.maximum(column.quiet, LAST_DIGITS * self.given * np.abs(column.got))
        needless = column.allowed - column.quiet > STEADY * alone
        half = max(self.unit, self.given) ** 0.5 * np.abs(value)
        least = np.maximum(np.maximum(alone, half), self.hidden(column))
        return np.asarray(needless & (error > least) & (np.abs(value) > alone))

    def hidden(self, column: Column) -> Array:
        """How far slopes may be off by the rounding of larger terms that cancel, of which nothing else is seen.

        Such terms, as of 1 - a^2, are of the size of f over that of x, or of the largest slope.
        """
        scale = max(column.base, float(self.seen.arguments.scale.max()))
        at = np.abs(self.seen.at)
        # Of 1 - p, where f is p, the terms are of size 1 however large x is; and where it is log p, which rounds to 0.
        of_one = SAFETY * self.unit * (((at >= 0.5) & (at <= 1)) | (not at.any()))
        return np.maximum(LAST_DIGITS * self.unit * np.maximum(self.largest, at / scale), of_one)

    def is_resolved(self, column: Column, value: Array, tolerance: Array) -> Array:
        """True where a tolerance tells something of a slope.

        It is small beside the slope itself; or the slope is 0, as far as its own rounding goes, and the tolerance is
        small beside the largest slope, or beside how steep f is nearby.
        """
        got = column.got
        steep: Array | float = self.largest
        exact = (got == 0) & (value == 0) & (tolerance <= EXACT)
        if column.sides is not None:
            steep = np.maximum(self.largest, column.sides.size)
            exact |= (got == 0) & column.sides.still
        lost = (np.abs(got) <= LOST * column.allowed) & (tolerance <= ZERO * steep)
        small = tolerance <= self.part * np.maximum(np.abs(got), np.abs(value))
        return np.asarray((exact | lost | small) & np.isfinite(tolerance))
