"""From rounds to figures: medians of per-round ratios with quartiles, exponents of growth, and where lines cross."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Rounds = Sequence[float | None]
"""Seconds of one call in each round; None where a round was left out."""


class Spread(NamedTuple):
    """A median and the quartiles around it."""

    low: float
    median: float
    high: float


class Fit(NamedTuple):
    """t ∝ n^exponent, by least squares of log t on log n between two values of n."""

    exponent: float
    first: float
    last: float


def spread(values: Rounds) -> Spread:
    """Quartiles of what was measured.

    >>> spread([4.0, 1.0, None, 2.0, 3.0, 5.0])
    Spread(low=2.0, median=3.0, high=4.0)
    """
    low, median, high = np.percentile([value for value in values if value is not None], [25, 50, 75])
    return Spread(float(low), float(median), float(high))


def ratio(over: Rounds, under: Rounds) -> Spread | None:
    """Quartiles of the ratios of rounds: what slows a whole round cancels. None where no round has both.

    >>> ratio([2.0, 20.0, 6.0], [1.0, 10.0, None])
    Spread(low=2.0, median=2.0, high=2.0)
    """
    pairs = zip(over, under, strict=False)
    ratios = [a / b for a, b in pairs if a is not None and b is not None]
    return spread(ratios) if ratios else None


def fit(points: Sequence[tuple[float, float]]) -> Fit | None:
    """The growth of seconds with n over the upper half of the range, from the geometric middle of n on.

    None for fewer than two points there.

    >>> fit([(1, 9.0), (10, 10.0), (100, 1e3), (1000, 1e5)])
    Fit(exponent=2.0, first=100, last=1000)
    """
    if not points:
        return None
    ns = [n for n, _ in points]
    middle = math.sqrt(min(ns) * max(ns))
    upper = sorted(point for point in points if point[0] >= middle * (1 - 1e-12))
    if len({n for n, _ in upper}) < 2:
        return None
    log_n, log_t = np.log([n for n, _ in upper]), np.log([t for _, t in upper])
    off = log_n - log_n.mean()
    exponent = float(off @ (log_t - log_t.mean()) / (off @ off))
    return Fit(round(exponent, 12), upper[0][0], upper[-1][0])


def break_even_batch(ratios: Sequence[tuple[int, float]]) -> int | None:
    """The smallest n from which on a ratio stays below 1; None where it does not at the largest.

    >>> break_even_batch([(1, 1.5), (2, 0.9), (4, 1.1), (8, 0.5), (16, 0.2)])
    8
    """
    found = None
    for n, value in sorted(ratios, reverse=True):
        if value >= 1:
            break
        found = n
    return found
