"""Claims at kinks: a gradient there has to be between the gradients nearby, along every direction."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.projected import Projected

NEARBY, STEP = 2.0**-18, 2.0**-28
"""The distance of points nearby, and the step of differences there, in units of the size of x."""
POINTS, PAIRS, TRIPLES = 16, 6, 3
"""Points nearby, and groups of entries that directions move: several at one kink show in pairs."""
ENTRIES = 64
SEARCHES = 240
"""Points that are tried where a claim is outside of all slopes yet."""
STAYS = 2.0**-6
"""Slopes along a way from a kink change by less than this part of what they differ by."""
EVEN = 4.0
"""Points nearby are whole numbers of so many spacings, so that steps to larger numbers, which are farther apart, lead
to numbers too."""
CLOSER = 2.0**-3
"""At points so much closer slopes of what is smooth differ by less in proportion; at a kink by as much."""


class Outside(NamedTuple):
    """A direction along which a claim is outside of all slopes nearby: the one nearest to it, and its radius."""

    v: Array
    nearest: float
    radius: float


def outside_of_hull(
    function: Projected, i: int, entries: Array, claimed: Array, rng: np.random.Generator
) -> Outside | None:
    """A direction along which the claim for result i is outside of all slopes nearby; None where none is found.

    `entries` are those at kinks, and `claimed` (n,) is the row of the result.
    """
    entries = entries[:ENTRIES]
    scale = power_of_two(function.arguments.scale)
    pairs = [rng.choice(entries, 2, replace=False) for _ in range(PAIRS)]
    ways = [(pair, np.array([1.0, sign])) for pair in pairs for sign in (1, -1)]
    for group in [rng.choice(entries, min(3, len(entries)), replace=False) for _ in range(TRIPLES)] + [entries]:
        ways += [(group, np.ones(len(group))), (group, rng.choice([-1.0, 1.0], len(group)))]
    for group, signs in ways:
        v = np.zeros(len(scale))
        v[group] = scale[group] * signs
        found = outside(function, i, v, group, float((claimed[group] * v[group]).sum()), rng)
        if found is not None:
            return found
    return None


def outside(
    function: Projected, i: int, v: Array, group: Array, got: float, rng: np.random.Generator
) -> Outside | None:
    """v, where the claimed slope along it is outside of all slopes nearby; `group` are the entries that it moves."""
    nearby = _Nearby(function, i, v, rng)
    found = nearby.slopes(nearby.ways)
    if not np.isfinite(found).all():
        return None
    # Gradients nearby differ from those at the point by curvature, too: as half the distance shows.
    bent = np.abs(found[-4:] - nearby.slopes([way / 2 for way in nearby.ways[-4:]])).max()
    if not np.isfinite(bent):
        return None
    radius = nearby.radius(1.0) + min(4 * float(bent), 2 * float(np.abs(found).max()) * NEARBY * 64)
    low, high = float(found.min()), float(found.max())
    best = nearby.ways[int(np.argmin(np.abs(found - got)))]
    nearest = float(np.abs(found - got).min())
    others = np.flatnonzero(function.arguments.movable)
    # First each entry to its other side; then one of them to anywhere, and in turn all.
    ways: list[tuple[Any, Any]] = [(k, None) for k in group]
    for _ in range(SEARCHES // 2):
        ways.append((rng.choice(group if rng.random() < 0.5 else others), rng.uniform(-1, 1)))
        ways.append((others, rng.uniform(-1, 1, len(others))))
    for k, to in ways:
        if low - radius <= got <= high + radius:
            return None
        other = best.copy()
        other[k] = -other[k] if to is None else to
        there = nearby.slope(other)
        low, high = min(low, there), max(high, there)
        if abs(there - got) <= nearest:
            best, nearest = other, abs(there - got)
    return None if low - radius <= got <= high + radius else Outside(v, low if got < low else high, radius)


def is_at_kink(function: Projected, i: int, v: Array, rng: np.random.Generator) -> bool:
    """True where the slopes of result i along v differ between points nearby, by as much however close these are."""
    nearby = _Nearby(function, i, v, rng)
    near = nearby.slopes([CLOSER * way for way in nearby.ways], CLOSER)
    if not np.ptp(near) > 2 * nearby.radius(CLOSER):
        return False
    far = nearby.slopes(nearby.ways)
    # Along a way from a kink the slope stays what it is; of what varies on a finer scale it does not.
    stays = np.median(np.abs(far - near)) <= STAYS * np.ptp(near)
    return bool(stays and np.ptp(near) > 0.5 * np.ptp(far))


def power_of_two(size: Any) -> Any:
    """The largest powers of two that are not above sizes: steps of these lead to where they are meant to."""
    return np.ldexp(0.5, np.frexp(size)[1])


def radius_nearby(function: Projected, i: int) -> float:
    """How far slopes of result i at points nearby may be off by the noise of the function."""
    return 4 * float(function.noise[i]) / STEP


def lost_ties(function: Projected, i: int, size: float) -> Array:
    """True of entries (n,) that part from one another, or from 0, by what is lost beside entries of a size.

    Where these are at a kink all steps that show anything are beyond where those part, and see other slopes.
    """
    x, lost = function.arguments.flat, float(function.unit[i]) * size
    near = np.abs(x) <= lost
    order = np.argsort(x)
    close = np.diff(x[order]) <= lost
    near[order[1:]] |= close
    near[order[:-1]] |= close
    return near & function.arguments.movable


class _Nearby:
    """Slopes of result i along v at points near the one that is checked."""

    def __init__(self, function: Projected, i: int, v: Array, rng: np.random.Generator) -> None:
        self.function, self.i, self.v = function, i, v
        x, size, movable = function.arguments.flat, function.arguments.scale, function.arguments.movable
        moved = float(size[v != 0].max())
        size = np.where(lost_ties(function, i, moved), np.maximum(size, moved), size)
        self.scale, n = np.where(movable, size, 0), len(x)
        for k in np.flatnonzero(v)[:ENTRIES]:  # entries that are as good as tied move as far
            tied = movable & (np.abs(x - x[k]) <= NEARBY * size[k])
            self.scale = np.where(tied, np.maximum(self.scale, size[k]), self.scale)
        sides = v / np.where(self.scale > 0, self.scale, 1)
        self.ways = [rng.choice([-1.0, 1.0], n) * rng.uniform(0.5, 1, n) for _ in range(POINTS)]
        self.ways += [*self._between_others(rng), sides, -sides]

    def _between_others(self, rng: np.random.Generator) -> list[Array]:
        """Ways on which the one entry that moves has each place in the order of those that it is tied with.

        Of orders drawn at random it is the third of ten, say, in one of ten.
        """
        moves = np.flatnonzero(self.v)
        x = self.function.arguments.flat
        others = np.flatnonzero((np.abs(x - x[moves[0]]) <= NEARBY * self.scale[moves[0]]) & (self.scale > 0))
        others = others[others != moves[0]][:ENTRIES]
        if len(moves) != 1 or not len(others):
            return []
        ordered = rng.permutation(np.linspace(-0.9, 0.9, len(others)) + rng.uniform(-0.1, 0.1, len(others)) / len(x))
        way = rng.uniform(-1, 1, len(x))
        way[others] = ordered
        places = np.sort(ordered)
        found = []
        for place in np.concatenate([[-1.0], (places[1:] + places[:-1]) / 2, [1.0]]):
            found.append(way.copy())
            found[-1][moves] = place
        return found

    def slope(self, way: Array, step: float = 1.0) -> float:
        """The slope at a point that lies this way, by steps that are `step` times as large as usual."""
        point, h = self._even(self.function.arguments.flat + NEARBY * way * self.scale), step * STEP
        ahead, behind = (self.function.rounded(point + side * h * self.v) for side in (1, -1))
        moved = (ahead - behind)[self.v != 0] / self.v[self.v != 0]
        if not (np.ptp(moved) == 0 and moved[0] > 0):
            return np.nan  # it is lost beside the size of some entries
        return float((self.function(ahead)[self.i] - self.function(behind)[self.i]) / moved[0])

    def _even(self, point: Array) -> Array:
        """The point nearby from which numbers are as far apart on both sides, several times as far as they need be."""
        spacing = EVEN * np.spacing(np.abs(point))
        return np.asarray(np.where(self.scale > 0, np.round(point / spacing) * spacing, point))

    def slopes(self, ways: list[Array], step: float = 1.0) -> Array:
        """The slopes at several points."""
        return np.array([self.slope(way, step) for way in ways])

    def radius(self, step: float) -> float:
        """How far slopes may be off by the noise of the function."""
        return radius_nearby(self.function, self.i) / step
