"""What comes of a claimed slope along one direction, held against what the oracles tell of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.slopes import Sides

TOLD = 1e-2
"""A tolerance that is a larger part of the slope than this tells nothing."""
STEADY = 1e3
"""A gradient is unstable where it is so many times as noisy as an oracle, and half of its digits are wrong."""


class Seen(NamedTuple):
    """What is known of one direction."""

    v: Array
    got: float
    """The claimed slope, ∇C · v."""
    allowed: float
    """How far that may be off."""
    quiet: float
    """The same if it were not noisy."""
    sides: Sides
    sharp: dict[str, tuple[float, float]]
    """The slope and its radius by each of the other oracles."""


class Judged(NamedTuple):
    """What came of it: "right", "wrong", "unstable", "kink" or "untold", by the oracle that tells it most sharply."""

    outcome: str
    seen: Seen
    oracle: str
    expected: float
    tolerance: float

    @property
    def error(self) -> float:
        return abs(self.seen.got - self.expected)

    @property
    def excess(self) -> float:
        """The error in units of the tolerance."""
        return self.error / self.tolerance


def contradicted(sides: Sides, value: float, radius: float) -> bool:
    """Whether the differences know better; at a kink they tell nothing of it."""
    slope, own = sides.slope
    return not sides.kink and bool(np.isfinite([own, radius]).all()) and not abs(value - slope) <= own + radius


def judge(seen: Seen, largest: float, unit: float) -> tuple[Judged, list[Judged]]:
    """What comes of a direction, and what each oracle that tells anything has to say of it.

    `largest` is the largest slope seen in any direction, and `unit` the unit roundoff of the claimed gradient.
    """
    got, sides = seen.got, seen.sides
    if sides.kink:
        low, high = sorted([(sides.left, sides.left_radius), (sides.right, sides.right_radius)])
        expected, radius = low if got < low[0] else high
        between = low[0] - low[1] - seen.allowed <= got <= high[0] + high[1] + seen.allowed
        outcome = "kink" if between else "wrong"
        return Judged(outcome, seen, "finite_difference", expected, radius + seen.allowed), []
    oracles = {**seen.sharp, "finite_difference": sides.slope}
    every = [Judged("right", seen, name, value, radius + seen.allowed) for name, (value, radius) in oracles.items()]
    told = [one for one in every if np.isfinite([one.expected, one.tolerance]).all()]
    if not told:
        return Judged("untold", seen, "finite_difference", np.nan, np.inf), []
    off = [one for one in told if one.excess > 1]
    best = min(off or told, key=lambda one: one.tolerance)
    return best._replace(outcome="wrong" if off else _outcome(best, largest, unit)), told


def _outcome(best: Judged, largest: float, unit: float) -> str:
    """What to make of a slope that is within its tolerance."""
    seen, expected = best.seen, best.expected
    noise = seen.allowed - seen.quiet
    alone = best.tolerance - noise
    lost = best.error > max(alone, unit**0.5 * abs(expected))
    if lost and noise > STEADY * alone and best.oracle in seen.sharp:
        return "unstable"
    size = max(seen.sides.size, abs(seen.got), abs(expected), 1e-4 * largest)
    return "right" if best.tolerance <= TOLD * size or seen.got == expected == 0 else "untold"
