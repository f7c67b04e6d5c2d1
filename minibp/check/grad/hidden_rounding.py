"""Claims that are off by no more than rounding may be that does not show at points nearby."""

from __future__ import annotations

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.claim import LAST_DIGITS
from minibp.check.grad.claimed_slopes import ClaimedSlopes
from minibp.check.grad.column import DOUBTFUL, SMALL, Column
from minibp.check.grad.complex_step import SUBNORMAL
from minibp.check.grad.dropped import is_dropped
from minibp.check.grad.oracle_slopes import OracleSlopes
from minibp.check.grad.projected import Projected
from minibp.check.grad.resolution import ZERO
from minibp.check.rounding.noise import SAFETY

AROUND = (-(2.0**-6), -(2.0**-8), 2.0**-8, 2.0**-6)
"""Points where what is off is looked at, in units of the size of x."""
VARIES = 1.0
"""Parts of slopes that a claim is off by vary as rounding does where they differ by so many times what is usual."""
SERIES = 4.0
"""A series is cut off where what is left is a unit u or two of f; by its slope and its curvature that is told to a
factor of two."""
HALF_OF_DIGITS = 32.0
"""The slope of what is left of a series is at most about so many √u of the slope: that of a further term, of which the
first are two orders apart. Where no oracle tells how it varies it is at most so many units of f over the size of x."""
CLOSE_BY = tuple(side * 2.0**-power for power in range(3, 27, 3) for side in (-1, 1))
"""How far points are from x, in units of its size, at which less is left of a series, or more."""
LEAST, MOST = 0.1, 2.0
"""By how much the logarithm of what is left differs at points that are nearer than that which the series is in powers
of the distance from."""
SATURATING = (1 - 2.0**-3, 1 - 2.0**-4, 1 + 2.0**-4, 1 + 2.0**-3)
"""Points at which units saturate less, or more, in units of x."""
FALLING, E_FOLD = (1 - 2.0**-3, 1 + 2.0**-3), 1.0
"""Between points so far from x, in units of it, and x itself slopes that are lost fall off by e or more each time."""
ROUGHLY = 2.0**-13
"""A step, in units of the size of x, over which differences tell a slope to a few digits."""


class HiddenRounding:
    """What may be rounding of how far a claim is off."""

    def __init__(self, seen: Projected, claimed: ClaimedSlopes, oracles: OracleSlopes) -> None:
        self.seen, self.claimed, self.oracles = seen, claimed, oracles

    def excuses(self, column: Column, i: int) -> int | None:
        """The outcome of what is off by no more than terms that cancel may leave; None of what is off by more.

        A slope that is subnormal may be flushed to 0.
        """
        if column.got[i] == 0 and abs(column.expected[i]) + column.tolerance[i] < SUBNORMAL:
            return SMALL
        if 0 in {column.got[i], column.expected[i]}:
            shows = self._shown(column, i)
            least = ZERO * max(self.claimed.largest, self.oracles.largest)
            if shows <= 1 and abs(column.expected[i] - column.got[i]) <= least:
                return SMALL  # a slope of which f itself shows nothing, whose terms cancel to 0
            if shows <= LAST_DIGITS / SAFETY or self._is_lost_beside_x(column, i):
                return DOUBTFUL
        excused = self._has_cancelled(column, i) or self._is_left_of_1(column, i) or self._is_cut_off(column, i)
        excused = excused or self._varies_as_rounding(column, i) or self._is_lost_to_saturation(column, i)
        excused = excused or is_dropped(self.seen, column, i)
        return DOUBTFUL if excused else None

    def _is_lost_beside_x(self, column: Column, i: int) -> bool:
        """True of a slope that is lost in the rounding of terms as large as x, of which nothing at all is left.

        Of log(1 + exp(x)) − x at 100 that is so: it is exactly 0, whichever x near it, and so is its slope. Nothing in
        the values of f tells that, but that they are lost beside x themselves. What is lost falls off by far within an
        eighth of x; a constant, or a power of x, does not.
        """
        sides, rounding = column.sides, SAFETY * float(self.seen.unit[i])
        if column.expected[i] != 0 or sides is None or not sides.still[i]:
            return False
        lost = abs(float(self.seen.at[i])) <= rounding * column.base
        if not (lost and column.is_entry and abs(float(column.got[i])) <= rounding):
            return False
        x = self.seen.arguments.flat
        near = [self.claimed.slope_at(np.where(column.v != 0, by, 1.0) * x, column, i) for by in FALLING]
        return self.claimed.claim.constant or _logarithm(near[1], near[0]) >= 2 * E_FOLD

    def _has_cancelled(self, column: Column, i: int) -> bool:
        """True of a claim of 0 that may be what rounding leaves of slopes as large as the largest."""
        if column.got[i] or self.claimed.rows is None or self.claimed.is_sure(i):
            return False
        rows, scale, slope = np.abs(self.claimed.rows), self.seen.arguments.scale, abs(float(column.expected[i]))
        rounding = SAFETY * float(self.seen.unit[i])
        return slope <= rounding * np.nanmax(rows) and slope * column.base <= rounding * np.nanmax(rows * scale)

    def _is_left_of_1(self, column: Column, i: int) -> bool:
        """True of a claim that is a multiple of the rounding of numbers about 1, and off by that.

        1 − p, for p near 1, has only the digits that p leaves it: none, where f is p and rounds to 1.
        """
        got, rounding = float(column.got[i]), float(self.seen.unit[i])
        left = got != 0 or 0.5 <= abs(self.seen.at[i]) <= 1
        multiple = left and got % rounding == 0 and not self.claimed.is_sure(i)
        return bool(multiple and abs(got - column.expected[i]) <= SAFETY * rounding)

    def _is_cut_off(self, column: Column, i: int) -> bool:
        """True of a claim that is off by the slope of what is left of a series that f cuts off.

        Oracles differentiate what f computes. What is left, R, is lost in its rounding, and the claim is off by R′. Of
        R = c tⁿ, where t is the distance from some point, R′² / R″ is R n / (n − 1). It is another part of the slope
        at points nearby; a mistake is the same there, or the same part.
        """
        expected, unit = float(column.expected[i]), float(self.seen.unit[i])
        off = float(column.got[i]) - expected
        if not column.is_entry or self.claimed.claim.constant:
            return False
        if not 0 < abs(off) <= HALF_OF_DIGITS * unit**0.5 * abs(expected):
            return False
        rounding = unit * self._size_of_terms(i)
        if not self.oracles.open:
            return abs(off) * column.base <= HALF_OF_DIGITS * rounding
        for by in CLOSE_BY:
            there, slope = self._off_at(1 + by, column, i)
            bends = abs(there - off) / (abs(by) * column.base)
            is_left = LEAST <= _logarithm(there, off) <= MOST and _logarithm(there * expected, off * slope) >= LEAST
            if is_left and off * off <= SERIES * rounding * bends:
                return True
        return False

    def _size_of_terms(self, i: int) -> float:
        """How large terms of result i are, which may have cancelled in it: as large as by any entry."""
        rows, size = self.claimed.rows, float(np.abs(self.seen.at[i]))
        if rows is None:
            return size
        moved = np.abs(rows[i]) * self.seen.arguments.scale
        return max(size, float(moved[np.isfinite(moved)].max(initial=0.0)))

    def _off_at(self, by: float, column: Column, i: int) -> tuple[float, float]:
        """By how much a claim is off where the entry that a column moves is so many times as large, and the slope."""
        x = self.seen.rounded(np.where(column.v != 0, by, 1.0) * self.seen.arguments.flat)
        slope = self.oracles.slope_at(x, column, i)
        return self.claimed.slope_at(x, column, i) - slope, slope

    def _is_lost_to_saturation(self, column: Column, i: int) -> bool:
        """True of a claim in a coarse arithmetic that saturated units leave nothing of, or a few steps of rounding.

        At points where they saturate by an eighth more or less the slope is another by far, and a claim of few such
        steps another part of it; that of a wrong formula is about the same part.
        """
        off = abs(float(column.got[i] - column.expected[i]))
        if not off <= self.claimed.lost_to_saturation(column, i):
            return False
        if column.got[i] == 0:
            return True
        x = self.seen.arguments.flat
        told = [(float(column.got[i]), float(column.expected[i]))]
        told += [(self.claimed.slope_at(by * x, column, i), self._slope_at(by * x, column, i)) for by in SATURATING]
        got, slopes = np.array(told).T
        with np.errstate(all="ignore"):
            parts = got / slopes
        return any(bool(np.ptp(part) > VARIES * np.median(np.abs(part))) for part in (parts, parts - 1))

    def _slope_at(self, x: Array, column: Column, i: int) -> float:
        """The slope of result i at another point, roughly, by whatever oracle there is."""
        if self.oracles.open:
            return self.oracles.slope_at(x, column, i)
        h = ROUGHLY * column.base
        ahead, behind = (self.seen(self.seen.rounded(x + side * h * column.v))[i] for side in (1, -1))
        return float(ahead - behind) / (2 * h)

    def _shown(self, column: Column, i: int) -> float:
        """What f shows of a slope over the size of x, in units of the rounding of terms that cancel, if no more."""
        at, noise, scale = np.abs(self.seen.at), float(self.seen.noise[i]), self.seen.arguments.scale
        slope, unit = abs(float(column.expected[i] - column.got[i])), float(self.seen.unit[i])
        shown = noise if at[i] else max(noise, unit * float(at.max()))
        rounding = SAFETY * unit * float(at.max()) / float(scale[self.seen.arguments.movable].max())
        if _is_outside(column, i) or not (shown and rounding):
            return np.inf
        return max(slope * column.base / shown, slope / rounding)

    def _varies_as_rounding(self, column: Column, i: int) -> bool:
        """True where a claim is off by no more than rounding, and by other parts of the slope at points nearby.

        A mistake is a part of the slope that is about the same at all of them; where terms cancel the claim may be the
        same number at all points, so that its rounding shows in nothing but this.
        """
        step = self.oracles.open.get("complex_step")
        limit = LAST_DIGITS * float(self.seen.unit[i]) * float(np.abs(self.seen.at).max()) / column.base
        off = float(column.got[i] - column.expected[i])
        if step is None or not column.is_entry or not abs(off) <= limit or self.claimed.is_sure(i):
            return False
        if _is_outside(column, i):
            return False
        x, k, c = self.seen.arguments.flat, int(column.moves[0]), self.seen.cotangents()[i]
        parts = [off / float(column.expected[i])] if column.expected[i] else []
        for by in AROUND:
            near = x.copy()
            near[k] += by * column.base
            slope = float(c @ step.at(near, column.v, column.base))
            apart = float(self.claimed.row_at(i, near)[k]) - slope
            if not abs(apart) <= limit or not slope:
                return False
            parts.append(apart / slope)
        return bool(np.ptp(parts) > VARIES * np.median(np.abs(parts)))


def _logarithm(a: float, b: float) -> float:
    """The size of ln(a / b), NaN where that is not real."""
    with np.errstate(all="ignore"):
        return float(np.abs(np.log(np.float64(a) / np.float64(b))))


def _is_outside(column: Column, i: int) -> bool:
    """True of a claim that is outside of what the quotients of larger steps leave to the slope."""
    sides, got = column.sides, float(column.got[i])
    return sides is not None and bool(got < sides.low[i] or got > sides.high[i])
