"""What an oracle has seen of one implementation: numbers that add up over networks and processes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from minibp.arrays import Array


@dataclass
class Statistics:
    """What an oracle has seen of one form: the worst error and the number of entries for each equation."""

    worst: dict[str, float] = field(default_factory=dict)
    entries: dict[str, int] = field(default_factory=dict)
    sharpness: Array = field(default_factory=lambda: np.zeros(40, np.int64))
    """How many float64 entries were told to within 10^−k of themselves, for k = 0, 1, …; worse counts as 0."""
    alarms: int = 0
    """How many networks had an entry, or a slope, that is further off than the tolerance."""

    def add(self, equation: str, worst: float, entries: int) -> None:
        self.worst[equation] = max(self.worst.get(equation, 0.0), worst)
        self.entries[equation] = self.entries.get(equation, 0) + entries

    def merge(self, other: Statistics) -> None:
        """Add what others have seen."""
        for equation, worst in other.worst.items():
            self.add(equation, worst, other.entries[equation])
        self.sharpness += other.sharpness
        self.alarms += other.alarms

    def add_sharpness(self, expected: Array, tolerance: Array) -> None:
        """Count how sharply each of these entries was told."""
        told = np.isfinite(tolerance) & (expected != 0)
        with np.errstate(divide="ignore"):
            digits = np.log10(np.abs(expected[told]) / tolerance[told])
        self.sharpness += np.bincount(np.clip(digits, 0, 39).astype(np.int64), minlength=40)

    def median_sharpness(self) -> float:
        """The relative tolerance that half of the entries were held to, to a power of ten."""
        total = self.sharpness.cumsum()
        return float(10.0 ** -int(np.searchsorted(total, total[-1] / 2))) if total[-1] else math.inf
