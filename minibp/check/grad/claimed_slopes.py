"""What is claimed of slopes along directions, and how far that may be off by its own rounding."""

from __future__ import annotations

from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.claim import LAST_DIGITS, Claim, TangentClaim
from minibp.check.grad.column import Column, Direction
from minibp.check.grad.formats import lengths_of
from minibp.check.grad.low_precision import SATURATED, UNSATURATED, largest_beside, less_saturated, terms_that_cancel
from minibp.check.grad.own_noise import SMALLEST
from minibp.check.grad.projected import TAIL, Projected
from minibp.check.rounding.noise import DEGREE, SAFETY, ULPS, WIDE, scatter

LARGEST_DISTANCE = 2.0**-20
"""Points whose differences show the noise of a claim are no further apart than this, in units of the size of x."""
FAR = (2.0**-16, 2.0**-12, 2.0**-8)
"""Larger distances, at which steps of rounding show that are far apart."""
FAR_DEGREE = 5
"""The degree of what counts as smooth there: a cubic leaves a millionth of what varies by a tenth."""
COARSE = 2.0**-20
"""The roundoff of an arithmetic that leaves few digits."""
EXPONENT = 2.0
"""An exponent is rounded by so many units at most: of p - 1, and of p itself."""
MEASURED = 60
"""Of so many results at most, along one direction, the noise is measured."""


class ClaimedSlopes:
    """Columns of the claimed Jacobian, or combinations of them."""

    def __init__(self, claim: Claim | TangentClaim, seen: Projected) -> None:
        self.claim, self.seen = claim, seen
        self.rows: Array | None = None if isinstance(claim, TangentClaim) else claim.rows(seen.cotangents())
        """The claimed rows (r, n), where it is rows that are claimed."""
        self.noises: dict[int, Array] = {}
        self.measured_widely: set[int] = set()
        self.measured_far: set[int] = set()
        self.derived: dict[int, Array] = {}
        """Bounds of the rounding error of rows, where one is derived and not measured."""
        self.unsaturated: dict[int, list[Array]] = {}
        """How large the claimed slopes of rows are beside each entry (n,), at points where fewer units saturate."""
        self.beside = self._rounding_beside_others()
        """How far each entry (n,) of all rows may be off whatever its size, in a coarse arithmetic; None in others."""
        if self.rows is not None and len(self.rows) == 1:
            self._derive(0)

    def _rounding_beside_others(self) -> Array | None:
        if self.rows is None or self.claim.roundoff <= COARSE:
            return None
        return np.asarray(SATURATED * self.claim.roundoff * largest_beside(self.rows, self.seen.arguments))

    def lost_to_saturation(self, column: Column, i: int) -> float:
        """How far a slope may be off where all units of an array saturate, in a coarse arithmetic; else 0."""
        if self.claim.roundoff <= COARSE or self.claim.constant:
            return 0.0
        slope = max(abs(float(column.got[i])), abs(float(column.expected[i])))
        return SATURATED * self.claim.roundoff * terms_that_cancel(self._unsaturated_sizes(column, i), slope)

    def _unsaturated_sizes(self, column: Column, i: int) -> list[float]:
        """How large the claimed slopes of the arrays that a column moves are where ever fewer units saturate."""
        arguments, claim = self.seen.arguments, self.claim
        if isinstance(claim, TangentClaim):
            if column.unsaturated is None:
                points = (less_saturated(arguments, by) for by in UNSATURATED)
                column.unsaturated = [max(_largest(claim.column(column.v, x)) for x in at) for at in points]
            return column.unsaturated
        if i not in self.unsaturated:
            rows = ([self.row_at(i, x) for x in less_saturated(arguments, by)] for by in UNSATURATED)
            self.unsaturated[i] = [largest_beside(np.array(at), arguments) for at in rows]
        return [along(beside, column.moves, column.weights) for beside in self.unsaturated[i]]

    @property
    def largest(self) -> float:
        """The largest claimed slope by one entry."""
        return 0.0 if self.rows is None else _largest(self.rows)

    def column(self, v: Array, base: float) -> Column:
        """The claimed slopes along v; `base` is the size of a step."""
        direction = Direction.of(v, self.seen.arguments.scale)
        if isinstance(self.claim, TangentClaim):
            got = self.claim.column(v)
            least = SATURATED / LAST_DIGITS * self.claim.roundoff * (self.claim.roundoff > COARSE)
            each: Any = (self.claim.unit * np.abs(got) + least * np.nan_to_num(np.abs(got)).max(initial=0.0))[:, None]
        else:
            assert self.rows is not None
            moves = direction.moves
            products = self.rows[:, moves] * v[moves]
            got, each = products.sum(1), self.claim.unit[moves] * np.abs(products) * self._magnified(moves)
            if self.beside is not None:
                each += self.beside[moves] / LAST_DIGITS * np.abs(v[moves])
        return Column(direction, base, got, LAST_DIGITS * total(each) + 16 * SMALLEST)

    def _magnified(self, entries: Array) -> Array:
        """How many times the last digits are granted: of x^(p-1) the rounding of the exponent is magnified by ln x."""
        return np.maximum(1.0, EXPONENT * np.abs(np.log(self.seen.arguments.scale[entries])) / LAST_DIGITS)

    def of_entries(self, entries: Array) -> tuple[Array, Array]:
        """The claimed slopes (r, k) by entries, and how far they may be off in their last digits."""
        assert self.rows is not None
        got = self.rows[:, entries]
        quiet = LAST_DIGITS * self.claim.unit[entries] * np.abs(got) * self._magnified(entries) + 16 * SMALLEST
        return got, quiet if self.beside is None else quiet + self.beside[entries]

    def measure(self, column: Column, *, widely: bool = False) -> None:
        """Grant a column's open comparisons what the claim is seen to be noisy by.

        On a small scale first; `widely` on that of the steps that tell the slope best, where also the rounding of flat
        functions shows.
        """
        if isinstance(self.claim, TangentClaim):
            column.allowed = column.quiet + self._noise_of_column(self.claim, column)
            return
        for i in np.flatnonzero(column.open)[:MEASURED].tolist():
            if i not in self.noises:
                self.noises[i] = self._noise_of_row(i, WIDE)
            if widely and i not in self.derived and i not in self.measured_widely:
                self.measured_widely.add(i)
                self.noises[i] = np.maximum(self.noises[i], self._noise_of_row(i, _distance(column, i)))
            column.allowed[i] = column.quiet[i] + along(self.noises[i], column.moves, column.weights)

    def measure_far(self, column: Column) -> None:
        """The same at points as far apart as may be, for claims whose rounding has large steps."""
        for i in np.flatnonzero(column.open)[:MEASURED].tolist() if not isinstance(self.claim, TangentClaim) else ():
            if i not in self.derived and i in self.noises and i not in self.measured_far:
                self.measured_far.add(i)
                for distance in FAR:
                    self.noises[i] = np.maximum(self.noises[i], self._noise_of_row(i, distance, FAR_DEGREE))
            if i in self.measured_far:
                column.allowed[i] = column.quiet[i] + along(self.noises[i], column.moves, column.weights)

    def is_sure(self, i: int) -> bool:
        """True of a row whose rounding is derived, and of claims that are no function with rows, whose is not known."""
        return self.rows is None or self.claim.constant_or_columns or i in self.derived

    def row_at(self, i: int, x: Array) -> Array:
        """The claimed row i at another point."""
        assert not isinstance(self.claim, TangentClaim)
        return self.claim.row(self.seen.cotangents()[i], x)

    def slope_at(self, x: Array, column: Column, i: int) -> float:
        """The claimed slope of result i along a direction at another point; NaN where there is none."""
        if isinstance(self.claim, TangentClaim):
            return float(self.seen.estimate(self.claim.column(column.v, x), np.zeros(len(self.seen)))[0][i])
        return float(self.row_at(i, x)[column.moves] @ column.weights)

    def is_silent(self, i: int) -> bool:
        """True where the claimed row is the same at all points, whose rounding does not show, nor was derived."""
        return not self.claim.constant and i in self.noises and i not in self.derived and not self.noises[i].any()

    def _noise_of_row(self, i: int, distance: float, degree: int = DEGREE) -> Array:
        if i in self.derived or self._derive(i):
            return self.derived[i]
        assert self.rows is not None
        assert not isinstance(self.claim, TangentClaim)
        return self.claim.noise(self.seen.cotangents()[i], self.rows[i], distance, degree)

    def _derive(self, i: int) -> bool:
        assert self.rows is not None
        assert not isinstance(self.claim, TangentClaim)
        bound = self.claim.derived(self.seen.cotangents()[i], self.rows[i])
        if bound is not None:
            self.derived[i] = bound
        return bound is not None

    def _noise_of_column(self, claim: TangentClaim, column: Column) -> Array:
        arguments = self.seen.arguments
        size = np.where(arguments.movable, np.abs(arguments.flat), 0)
        found = np.zeros(len(self.seen))
        for length in lengths_of(claim.roundoff) if claim.roundoff else (ULPS * float(claim.unit.max()), WIDE):
            seen = scatter(lambda x: claim.column(column.v, x), arguments.flat, size, length, self.seen.rng)
            found = found if seen is None else np.fmax(found, seen)
        return SAFETY * found


def _largest(slopes: Array) -> float:
    return float(np.nanmax(np.abs(slopes), initial=0.0))


def _distance(column: Column, i: int) -> float:
    """How far points may be apart, in units of the size of x, for f to be smooth between them."""
    if column.sides is None or not np.isfinite(column.sides.step[i]):
        return WIDE
    return min(LARGEST_DISTANCE, float(column.sides.step[i]) / column.base / 8)


def total(each: Array) -> Array:
    """How far sums (r,) may be off of whose terms (r, k) each may be off by so much, along random signs."""
    return each[:, 0] if each.shape[1] == 1 else np.asarray(TAIL * np.sqrt((each**2).sum(1)))


def along(noise: Array, moves: Array, weights: Array) -> float:
    """The noise of a slope along a direction that moves some entries, of that of each entry (n,)."""
    return float(total((noise[moves] * np.abs(weights))[None])[0])
