"""Doubts about what is off: f may be at a kink there, have steps, or show nothing of the slope at all."""

from __future__ import annotations

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.claim import LAST_DIGITS
from minibp.check.grad.claimed_slopes import ClaimedSlopes
from minibp.check.grad.column import (
    DIFFERENCES,
    DISPUTED,
    DOUBTFUL,
    FLAT,
    KINK,
    SMALL,
    STEPS,
    UNRESOLVED,
    WRONG,
    Column,
)
from minibp.check.grad.complex_step import SUBNORMAL
from minibp.check.grad.differences import Slopes
from minibp.check.grad.inexact import first_moves, is_aliased
from minibp.check.grad.kinks import NEARBY, STAYS, is_at_kink, lost_ties, outside, radius_nearby
from minibp.check.grad.oracle_slopes import HALF_UNIT, OracleSlopes
from minibp.check.grad.projected import Projected
from minibp.check.grad.resolution import ZERO
from minibp.check.grad.steps import LITTLE, Steps
from minibp.check.rounding.noise import SAFETY

GROSS = 100.0
"""Differences contradict an oracle of high accuracy where they are apart by so many times their radius, and more than
`SLIGHT` of the slope."""
SLIGHT = 1e-6
HIDDEN = 2.0**-50
"""Over shorter steps terms of usual size cancel to exactly 0."""
SERIES = 32.0
"""A series is cut off where what is left is a unit or two of f. Of order n in x, that has a slope n times as large over
the size of x: so many units of f, of series up to order 16."""
FURTHER = (1 - 2.0**-3, 1 + 2.0**-3)
"""Points where less is left, in units of x: nearer to 0 of a power series, farther from it of an asymptotic one."""
LESS = 1 - 2.0**-4
"""At most this part of a slope, of order 1 or more in x, is left of it there."""
AROUND = (-(2.0**-6), -(2.0**-8), 2.0**-8, 2.0**-6)
"""Points where what is off is looked at, in units of the size of x."""
BEYOND = 4.0
"""Where slopes are told by a step, so many times as far away they are what they were told to be."""
VARIES = 1.0
"""Parts of slopes that a claim is off by vary as rounding does where they differ by so many times what is usual."""


class Doubts:
    """The outcome of comparisons of which a claim is off by the oracle that tells them best."""

    def __init__(self, seen: Projected, claimed: ClaimedSlopes, steps: Steps, oracles: OracleSlopes) -> None:
        self.seen, self.claimed, self.steps, self.oracles = seen, claimed, steps, oracles
        self.unit = float(np.max(claimed.claim.unit))

    def without_kinks_further_out(self, column: Column, sides: Slopes) -> Slopes:
        """Differences with nothing said of what they see a kink of by steps beyond the size of what is moved.

        Where rounding hides all that is nearer, such a kink may lie anywhere within these steps. An oracle that tells
        about one slope at the point and on both sides of it, close by, and beyond these steps the slopes that
        differences tell, knows that it lies further out.
        """
        far = sides.kink & (sides.step > column.base) if column.is_entry else np.zeros(len(column.got), bool)
        for i in np.flatnonzero(far).tolist():
            least = STAYS * abs(float(sides.right[i] - sides.left[i]))
            here, beyond = NEARBY * column.base, BEYOND * float(sides.step[i])
            behind, before, at, after, ahead = (
                self.oracles.slope_at(self.seen.arguments.flat + by * column.v, column, i)
                for by in (-beyond, -here, 0.0, here, beyond)
            )
            close_by = np.ptp([before, at, after]) <= least  # False of NaN, as what follows
            left = abs(behind - sides.left[i]) <= least + sides.left_radius[i]
            far[i] = close_by and left and abs(ahead - sides.right[i]) <= least + sides.right_radius[i]
        radii = ("radius", "left_radius", "right_radius")
        return sides._replace(**{name: np.where(far, np.inf, getattr(sides, name)) for name in radii})

    def at_kink(self, column: Column, i: int) -> int:
        """The outcome of a claim at a kink."""
        sides = column.sides
        assert sides is not None
        got, allowed = float(column.got[i]), float(column.allowed[i])
        low, high = sorted(
            [
                (float(sides.left[i]), float(sides.left_radius[i])),
                (float(sides.right[i]), float(sides.right_radius[i])),
            ]
        )
        column.oracle[i] = DIFFERENCES
        if not column.is_entry:  # several kinks may add up to anything between slopes of either sign
            return KINK
        if low[0] - low[1] - allowed <= got <= high[0] + high[1] + allowed:
            return KINK
        if sides.step[i] > column.base:
            return UNRESOLVED  # beyond the size of what is moved f may be another
        column.expected[i], radius = low if got < low[0] else high
        column.tolerance[i] = radius + allowed
        outcome = self.confirmed(column, i)
        parts = self.oracles.parts_at(column) if outcome == WRONG else None
        if parts is not None and all(abs(got - float(part[i])) <= allowed for part in parts):
            return DISPUTED  # between two kinks, it may be, that are closer than numbers there
        return outcome

    def confirmed(self, column: Column, i: int) -> int:
        """The outcome of a claim that is off, unless there is good reason for it to be."""
        if self.is_aliased(column)[i]:
            return WRONG  # what would be steps is how f varies
        if self._is_below_a_step(column, i):
            return STEPS
        known = self._at_hidden_kink(column, i)
        known = self._excused_by_rounding(column, i) if known is None else known
        if known is not None:
            return known
        tied = column.is_entry and self._is_tied(column, i)
        tied_at_kink = tied or self._is_beside_lost_ties(column, i)
        if tied_at_kink and not self._is_outside_nearby(column, i):
            return KINK
        plausible = column.sides is None or tied or self._is_plausible(column, i)
        return self._across_steps(column, i) if plausible else WRONG

    def _is_below_a_step(self, column: Column, i: int) -> bool:
        """True where f does not move, and by what a claim says it would move less than one of its known steps is high.

        ln(1 + e) has steps of the rounding of 1, which e hides where it alone is seen.
        """
        sides, jump = column.sides, self.steps.jump_of(i)
        if sides is None or jump is None or column.oracle[i] != DIFFERENCES or not np.isfinite(sides.plateau[i]):
            return False
        return abs(float(column.got[i] - column.expected[i])) * float(sides.plateau[i]) <= jump.height

    def _excused_by_rounding(self, column: Column, i: int) -> int | None:
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
            if shows <= LAST_DIGITS / SAFETY:
                return DOUBTFUL
        if abs(column.got[i] - column.expected[i]) <= self.claimed.lost_to_saturation(column, i):
            return DOUBTFUL
        excused = self._has_cancelled(column, i) or self._is_left_of_1(column, i) or self._is_cut_off(column, i)
        return DOUBTFUL if excused or self._varies_as_rounding(column, i) else None

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

        Oracles differentiate what f computes. What is left is lost in the rounding of f. At points where less is left
        the claim is off by less, and by less of the slope; mistakes are the same there, or the same part.
        """
        expected, unit = float(column.expected[i]), float(self.seen.unit[i])
        off = abs(float(column.got[i]) - expected)
        rows, size = self.claimed.rows, float(np.abs(self.seen.at[i]))
        if rows is not None:
            size = max(size, float(np.nanmax(np.abs(rows[i]) * self.seen.arguments.scale)))
        if not column.is_entry or not off <= SERIES * unit * size / column.base or self.claimed.claim.constant:
            return False
        if not self.oracles.open:  # of a series of two terms the slope is off by so much
            return off <= SERIES * unit**0.5 * abs(expected)
        for by in FURTHER:
            x = np.where(column.v != 0, by, 1.0) * self.seen.arguments.flat
            slope = self.oracles.slope_at(x, column, i)
            less = min(1.0, abs(slope / expected) if expected else 0.0) * off * LESS
            if abs(self.claimed.slope_at(x, column, i) - slope) <= less:
                return True
        return False

    def _across_steps(self, column: Column, i: int) -> int:
        """The outcome of what may be right of the slope across steps of f."""
        if not self.steps.found_near(column, i):
            if self._is_cancelled(column, i):
                return UNRESOLVED
            alone = column.oracle[i] == DIFFERENCES and not self.oracles.open
            return STEPS if alone and self.steps.explain(column, i) else WRONG
        told = self._is_told(column, i)
        if self.steps.are_crossed(column, i, told=told):
            return STEPS
        return FLAT if self._is_flat(column, i) and not told else WRONG

    def _is_flat(self, column: Column, i: int) -> bool:
        """True of a claim of 0 where f does not move over short steps, though it does over longer ones.

        What stands still over less than half of the digits of x, and varies further out, is no constant but inexact.
        """
        sides = column.sides
        if column.got[i] or sides is None or not sides.flat[i]:
            return False
        return bool(sides.plateau[i] > self.unit**0.5 * column.base)

    def is_aliased(self, column: Column) -> Array:
        """True where f varies between neighbouring numbers, as an oracle tells its slope, as far as it does at all."""
        told = [np.abs(column.values[name][0]) for name in self.oracles.open if name in column.values]
        if not told:
            return np.zeros(len(column.got), bool)
        return is_aliased(self.seen, np.min(told, axis=0), column.v)

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

    def _is_cancelled(self, column: Column, i: int) -> bool:
        """True where f is exactly 0 over distances that are lost beside numbers of usual size, whose terms cancel.

        Where f then moves, it does so by the rounding of these; where by less than is claimed, it has underflowed.
        """
        sides = column.sides
        if sides is None or column.oracle[i] != DIFFERENCES or not sides.flat[i] or self.seen.at[i]:
            return False
        if not sides.moves[i] <= HIDDEN:
            return False
        distance, by = first_moves(self.seen, column.v, float(sides.plateau[i]), float(sides.moves[i]), i)
        return abs(float(column.got[i] - column.expected[i])) <= GROSS * by / distance

    def _is_told(self, column: Column, i: int) -> bool:
        """True where an oracle of high accuracy tells a slope that is not 0."""
        told = (column.values[name] for name in self.oracles.open if name in column.values)
        return any(abs(float(value[i])) > GROSS * float(radius[i]) for value, radius in told)

    def _is_tied(self, column: Column, i: int) -> bool:
        """True where entries of x are equal, or 0, and f has a kink where they part."""
        arguments, k = self.seen.arguments, int(column.moves[0])
        x = arguments.flat[arguments.movable]
        tied = arguments.flat[k] == 0 or np.count_nonzero(x == arguments.flat[k]) > 1
        fine = self.seen.unit[i] <= HALF_UNIT  # slopes nearby are lost in half precision
        return bool(tied and fine) and is_at_kink(self.seen, i, column.v * column.base, self.seen.rng)

    def _is_beside_lost_ties(self, column: Column, i: int) -> bool:
        """True at a kink along this entry beside others that part, from one another or 0, by what is lost beside it.

        Slopes nearby, where they part by more, have to show by how much a claim is off.
        """
        sides = column.sides
        if not column.is_entry or sides is None or not sides.kink[i]:
            return False
        off = abs(float(column.got[i] - column.expected[i])) * column.base
        return bool(off > radius_nearby(self.seen, i) and lost_ties(self.seen, i, column.base).any())

    def _at_hidden_kink(self, column: Column, i: int) -> int | None:
        """The outcome where the complex step has one slope ahead and another behind; None where these agree.

        It sees kinks that the rounding of larger terms hides from differences.
        """
        parts = self.oracles.parts_at(column) if column.oracle[i] == "complex_step" else None
        if parts is None:
            return None
        allowed, (behind, ahead) = float(column.tolerance[i]), (float(side[i]) for side in parts)
        if not abs(ahead - behind) > 2 * allowed:
            return None
        if min(behind, ahead) - allowed <= column.got[i] <= max(behind, ahead) + allowed:
            return KINK
        x = self.seen.arguments.flat
        alone = np.count_nonzero(x == x[int(column.moves[0])]) == 1  # where several part, slopes may be any between
        return WRONG if alone else None

    def _is_outside_nearby(self, column: Column, i: int) -> bool:
        """True where the claim is outside of the slopes at points nearby, where ties are broken in all ways."""
        moves, got = column.moves, float(column.got[i]) * column.base
        return outside(self.seen, i, column.v * column.base, moves, got, self.seen.rng) is not None

    def _is_plausible(self, column: Column, i: int) -> bool:
        """True where the claim lies among the quotients of steps of some size, or f does not move at the finest."""
        sides = column.sides
        assert sides is not None
        got, expected, allowed = float(column.got[i]), float(column.expected[i]), float(column.allowed[i])
        if abs(got - expected) <= LITTLE * abs(expected):
            return True
        return bool(sides.flat[i] or sides.low[i] - allowed <= got <= sides.high[i] + allowed)


def _is_outside(column: Column, i: int) -> bool:
    """True of a claim that is outside of what the quotients of larger steps leave to the slope."""
    sides, got = column.sides, float(column.got[i])
    return sides is not None and bool(got < sides.low[i] or got > sides.high[i])
