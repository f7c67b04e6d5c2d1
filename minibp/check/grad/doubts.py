"""Doubts about what is off: f may be at a kink there, have steps, or show nothing of the slope at all."""

from __future__ import annotations

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.claimed_slopes import ClaimedSlopes
from minibp.check.grad.column import (
    DIFFERENCES,
    DISPUTED,
    FLAT,
    KINK,
    STEPS,
    UNRESOLVED,
    WRONG,
    Column,
)
from minibp.check.grad.differences import Slopes
from minibp.check.grad.hidden_rounding import HiddenRounding
from minibp.check.grad.inexact import first_moves, is_aliased
from minibp.check.grad.kinks import NEARBY, STAYS, is_at_kink, lost_ties, outside, radius_nearby
from minibp.check.grad.oracle_slopes import HALF_UNIT, OracleSlopes
from minibp.check.grad.projected import Projected
from minibp.check.grad.steps import LITTLE, Steps

GROSS = 100.0
"""Differences contradict an oracle of high accuracy where they are apart by so many times their radius, and more than
`SLIGHT` of the slope."""
SLIGHT = 1e-6
HIDDEN = 2.0**-50
"""Over shorter steps terms of usual size cancel to exactly 0."""
BEYOND = 4.0
"""Where slopes are told by a step, so many times as far away they are what they were told to be."""


class Doubts:
    """The outcome of comparisons of which a claim is off by the oracle that tells them best."""

    def __init__(self, seen: Projected, claimed: ClaimedSlopes, steps: Steps, oracles: OracleSlopes) -> None:
        self.seen, self.claimed, self.steps, self.oracles = seen, claimed, steps, oracles
        self.unit = float(np.max(claimed.claim.unit))
        self.rounding = HiddenRounding(seen, claimed, oracles)

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
        known = self.rounding.excuses(column, i) if known is None else known
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
