"""What comes of a comparison that no oracle has settled: which of them is taken at its word."""

from __future__ import annotations

import numpy as np

from minibp.check.grad.claim import LAST_DIGITS
from minibp.check.grad.claimed_slopes import ClaimedSlopes
from minibp.check.grad.column import (
    DIFFERENCES,
    DISPUTED,
    DOUBTFUL,
    JUMP,
    RIGHT,
    SILENT,
    SMALL,
    UNRESOLVED,
    UNSTABLE,
    Column,
)
from minibp.check.grad.doubts import Doubts
from minibp.check.grad.oracle_slopes import OracleSlopes
from minibp.check.grad.projected import TAIL, Projected
from minibp.check.grad.resolution import Resolution

COMPARABLE = 1e3
"""An oracle has a word against differences where its tolerance is at most so many times theirs."""
LONG_CHAINS = 16.0
"""So many times the last digits a claim may be off whose rounding is the same at all points, as of a linear solve."""
ESTIMATED = 4.0
"""Tolerances of more than so many times the last digits have more in them than these."""
CUT_OFF = 2.0
"""A claim's own series is cut off where what is left is at most so many units u of what it gives."""
ALONE, DRAWN = 16, 4
"""Of so many entries each is moved alone to see how the slope varies; of more, all at once, so many times."""
MOVED = (1.0, -1.0, 0.5, -0.5, 0.25, -0.25)
"""By such parts, since whole periods may come back to the same slope."""
CLEARLY = 4.0
"""What is off by fewer tolerances is doubtful where these are estimates."""
Told = dict[str, tuple[float, float]]
"""By oracle, a slope and its tolerance."""


class Decider:
    """The outcome of comparisons that are still open when all has been measured."""

    def __init__(
        self,
        seen: Projected,
        claimed: ClaimedSlopes,
        oracles: OracleSlopes,
        resolution: Resolution,
        doubts: Doubts,
    ) -> None:
        self.seen, self.claimed, self.oracles = seen, claimed, oracles
        self.resolution, self.doubts, self.unit = resolution, doubts, resolution.unit

    def decided(self, column: Column, i: int) -> int:
        """The outcome for result i, by the oracles that tell its slope."""
        sides = column.sides
        if sides is not None and (sides.jumps[i] or sides.kink[i]):
            return JUMP if sides.jumps[i] else self.doubts.at_kink(column, i)
        got, allowed = float(column.got[i]), float(column.allowed[i])
        every = {name: (float(value[i]), float(radius[i]) + allowed) for name, (value, radius) in column.values.items()}
        told = {name: pair for name, pair in every.items() if np.isfinite(pair).all()}
        off = {name: pair for name, pair in told.items() if abs(got - pair[0]) > pair[1]}
        fine = {name: pair for name, pair in told.items() if name not in off}
        excuse = self._excuse(column, i, off) if off else None
        if excuse is not None:
            return excuse
        if off and not self._are_outvoted(off, fine):
            return self._off(column, i, off, fine)
        return self._within(column, i, fine, among_lost=not off) if fine else UNRESOLVED

    def _excuse(self, column: Column, i: int, off: Told) -> int | None:
        """The outcome of what is off by no more than rounding may be that shows at no points nearby."""
        got = float(column.got[i])
        beside = None if self.claimed.is_sure(i) else self._beside_larger(column, i, off)
        if beside is not None:
            return beside
        if i not in self.claimed.derived and self.oracles.may_amplify:
            if self._is_off_by(min(LONG_CHAINS * LAST_DIGITS * self.unit, self.unit**0.5), got, off):
                return SILENT
            if self.claimed.is_silent(i) and self._is_off_by(self.unit**0.5, got, off):
                return DOUBTFUL
        return None

    @staticmethod
    def _are_outvoted(off: Told, fine: Told) -> bool:
        """True where differences alone contradict a claim, and another oracle agrees that tells it about as closely."""
        return set(off) == {DIFFERENCES} and any(
            tolerance <= COMPARABLE * off[DIFFERENCES][1] for _, tolerance in fine.values()
        )

    def _off(self, column: Column, i: int, off: Told, fine: Told) -> int:
        """The outcome of what is off by the oracle that tells it best."""
        if set(off) == {DIFFERENCES} and any(
            tolerance <= self.resolution.part * abs(value) for value, tolerance in fine.values()
        ):
            return DISPUTED
        if self._is_hardly_off(float(column.got[i]), off):
            return DOUBTFUL
        _take_best(column, i, off)
        return self.doubts.confirmed(column, i)

    def _lost(self, column: Column, i: int, fine: Told) -> Told:
        """The oracles within whose tolerance a claim is that has lost more than half of its digits."""
        found, varies = {}, None
        for name, pair in fine.items():
            error = np.abs(column.got - column.values[name][0])
            if self.resolution.is_lost(column, name, error)[i]:
                varies = self._varies_by(column, i) if varies is None else varies
                if not error[i] <= varies:
                    found[name] = pair
        return found

    def _varies_by(self, column: Column, i: int) -> float:
        """By how much the slope varies where x is rounded, as it does near its zeros: cos 100 x, say.

        No claim is better known than that. Each entry is moved by as many units of it as a claim is granted of itself,
        and what all of them do is added.
        """
        x, expected = self.seen.arguments.flat, self.oracles.slope_at(self.seen.arguments.flat, column, i)
        moved = np.where(self.seen.arguments.movable, LAST_DIGITS * self.unit * x, 0.0)
        entries = np.flatnonzero(moved)
        if not len(entries):
            return 0.0
        alone = len(entries) <= ALONE
        signs = np.eye(len(x))[entries] if alone else self.seen.rng.choice((-1.0, 1.0), (DRAWN, len(x)))
        slopes = [[self.oracles.slope_at(x + by * way * moved, column, i) for by in MOVED] for way in signs]
        apart = np.abs(np.array(slopes) - expected)
        most = np.where(np.isfinite(apart), apart, 0.0).max(1)
        return float(most.sum() if alone else TAIL * (most**2).mean() ** 0.5)

    def _is_hardly_off(self, got: float, told: Told) -> bool:
        """True where a claim is off by few tolerances that are measured, or by digits that differences do not tell."""
        for name, (value, tolerance) in told.items():
            least = self.unit**0.5 if name == DIFFERENCES else 0.0
            measured = tolerance > ESTIMATED * LAST_DIGITS * self.unit * abs(value)
            if not abs(got - value) <= max(CLEARLY * tolerance * measured, least * abs(value)):
                return False
        return self.seen.accuracy == 0

    def _beside_larger(self, column: Column, i: int, told: Told) -> int | None:
        """The outcome where a claim is off by less than half of its digits, and by no more than larger slopes round.

        These are compared by what each moves f by over the size of its entry, and within an array as they are. Claims
        by series and quadratures are cut off at such errors, which are the same at all points. By an entry that is far
        smaller than others of its array so much may be a mistake as well.
        """
        got = float(column.got[i])
        if not column.is_entry or not self._is_off_by(self.unit**0.5, got, told):
            return None
        assert self.claimed.rows is not None
        row, scale = np.abs(self.claimed.rows[i]), self.seen.arguments.scale
        beside = self.seen.arguments.structure.beside(int(column.moves[0]))
        error = max(abs(got - value) for value, _ in told.values())
        for size, outcome in ((float(scale[beside].max()), SILENT), (column.base, DOUBTFUL)):
            if error <= CUT_OFF * self.unit * float(np.fmax(np.nanmax(row * scale) / size, np.nanmax(row[beside]))):
                return outcome
        return None

    @staticmethod
    def _is_off_by(part: float, got: float, told: Told) -> bool:
        """True where a claim is off by no more than a part of what any of these oracles tells."""
        return all(abs(got - value) <= part * abs(value) for value, _ in told.values())

    def _within(self, column: Column, i: int, fine: Told, *, among_lost: bool) -> int:
        """The outcome of a comparison that is within its tolerance, which may be too large to say much."""
        lost = self._lost(column, i, fine)
        name = _take_best(column, i, lost if among_lost and lost else fine)
        if name in lost:
            return DOUBTFUL if i in self.claimed.measured_far else UNSTABLE
        value, radius = column.values[name]
        if self.resolution.is_resolved(column, value, radius + column.allowed)[i]:
            return RIGHT
        return SMALL if column.tolerance[i] <= self.resolution.part * self.resolution.largest else UNRESOLVED


def _take_best(column: Column, i: int, told: Told) -> str:
    """Take the word of the oracle that tells a slope best; its name."""
    name = min(told, key=lambda one: told[one][1])
    column.expected[i], column.tolerance[i], column.oracle[i] = *told[name], name
    return name
