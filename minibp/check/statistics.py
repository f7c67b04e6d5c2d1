"""The statistics of one oracle on one implementation: numbers that add up over networks and processes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from minibp.arrays import Array

BINS_A_DECADE, FIRST_DECADE, DECADES = 4, -6, 8
"""Of the histogram of error / tolerance: quarters of decades from 1e-6 to 100."""
RATIO_EDGES = 10.0 ** (FIRST_DECADE + np.arange(BINS_A_DECADE * DECADES + 1) / BINS_A_DECADE)
"""The upper edges of its bins: the first has all up to 1e-6, exact entries too, the last what is above 100 as well."""


@dataclass
class Statistics:
    """The worst error / tolerance and the number of entries of each equation, by one oracle."""

    worst: dict[str, float] = field(default_factory=dict)
    entries: dict[str, int] = field(default_factory=dict)
    relative_tolerances: Array = field(default_factory=lambda: np.zeros(40, np.int64))
    """The histogram of relative tolerances: float64 entries held to 10^−k, for k = 0, 1, …; larger ones count as 0."""
    error_ratios: Array = field(default_factory=lambda: np.zeros(len(RATIO_EDGES), np.int64))
    """The histogram of error / tolerance, a count for each of `RATIO_EDGES`."""
    alarms: int = 0
    """The number of networks with an entry, or a slope, beyond its tolerance."""

    def add(self, equation: str, worst: float, entries: int) -> None:
        """Add entries of one equation, of which the worst error / tolerance is given."""
        self.worst[equation] = max(self.worst.get(equation, 0.0), worst)
        self.entries[equation] = self.entries.get(equation, 0) + entries

    def merge(self, other: Statistics) -> None:
        """Add the numbers of others."""
        for equation, worst in other.worst.items():
            self.add(equation, worst, other.entries[equation])
        self.relative_tolerances += other.relative_tolerances
        self.error_ratios += other.error_ratios
        self.alarms += other.alarms

    def add_error_ratios(self, ratio: Array) -> None:
        """Add error / tolerance of resolved entries to the histogram."""
        at = np.searchsorted(RATIO_EDGES[:-1], ratio.ravel(), side="left")
        self.error_ratios += np.bincount(at, minlength=len(RATIO_EDGES))

    def add_relative_tolerances(self, expected: Array, tolerance: Array) -> None:
        """Add the relative tolerance of each resolved entry that is not 0 to the histogram."""
        resolved = np.isfinite(tolerance) & (expected != 0)
        with np.errstate(divide="ignore"):
            digits = np.log10(np.abs(expected[resolved]) / tolerance[resolved])
        self.relative_tolerances += np.bincount(np.clip(digits, 0, 39).astype(np.int64), minlength=40)

    def median_relative_tolerance(self) -> float:
        """The relative tolerance that half of the entries were held to, to a power of ten."""
        total = self.relative_tolerances.cumsum()
        return float(10.0 ** -int(np.searchsorted(total, total[-1] / 2))) if total[-1] else math.inf
