"""The statistics of a check of derivatives: how large errors are in units of their tolerances, by oracle."""

from __future__ import annotations

from collections.abc import Container
from itertools import combinations

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.column import WRONG, Column
from minibp.check.statistics import Statistics
from minibp.check.tolerance import error_ratio

FINE = 1e-10
"""Relative tolerances are counted of claims whose roundoff is below this."""


class Tally:
    """Statistics by oracle, of claims of a unit roundoff."""

    def __init__(self, unit: float) -> None:
        self.unit = unit
        self.statistics: dict[str, Statistics] = {}
        self.agreement: dict[tuple[str, str], Statistics] = {}
        """Of each two oracles, how far they are apart in units of the sum of their radii."""

    def count(self, column: Column, oracles: Container[str]) -> None:
        """Put a column in: what agrees with each of the oracles, and what is off by the one that tells it."""
        if column.counted:
            return
        for (one, (first, own)), (other, (second, its)) in combinations(column.values.items(), 2):
            ratio = error_ratio(first, second, own, its)[np.isfinite(own + its)]
            if ratio.size:
                self.agreement.setdefault((one, other), Statistics()).add("(1)", float(ratio.max()), len(ratio))
        for name, (ratio, value, tolerance) in column.told.items():
            told = np.isfinite(ratio) & (column.outcome != WRONG)
            if told.any() and name in oracles:
                self._add(name, ratio[told], value[told], tolerance[told])
        for cell in column.cells((WRONG,)):
            self.statistics.setdefault(cell.oracle, Statistics()).add("(1)", cell.excess, 1)
            self.statistics[cell.oracle].add_error_ratios(np.array([cell.excess]))

    def count_agreed(self, name: str, got: Array, value: Array, tolerance: Array) -> None:
        """Put in slopes that agree with an oracle."""
        if got.size:
            with np.errstate(invalid="ignore"):
                ratio = np.where(got == value, 0.0, np.abs(got - value) / tolerance)
            self._add(name, ratio.ravel(), value.ravel(), tolerance.ravel())

    def _add(self, name: str, ratio: Array, value: Array, tolerance: Array) -> None:
        stats = self.statistics.setdefault(name, Statistics())
        stats.add("(1)", float(ratio.max()), len(ratio))
        stats.add_error_ratios(ratio)
        if self.unit < FINE:
            stats.add_relative_tolerances(value, tolerance)
