"""What comes of the claimed slopes along one direction, by all oracles that tell them."""

from __future__ import annotations

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.claim import LAST_DIGITS
from minibp.check.grad.claimed_slopes import ClaimedSlopes
from minibp.check.grad.column import DIFFERENCES, DISPUTED, JUMP, RIGHT, UNRESOLVED, WRONG, Column
from minibp.check.grad.decider import CLEARLY, Decider
from minibp.check.grad.differences import COARSEST, central, slopes, two_sided
from minibp.check.grad.doubts import GROSS, SLIGHT, Doubts
from minibp.check.grad.levels import Levels
from minibp.check.grad.oracle_slopes import OracleSlopes
from minibp.check.grad.projected import Projected
from minibp.check.grad.resolution import Resolution
from minibp.check.grad.steps import LITTLE, Steps
from minibp.check.grad.tally import Tally
from minibp.check.rounding.noise import SAFETY
from minibp.check.statistics import Statistics

GLANCE = 1e-7
"""Two steps do where they tell a slope to this part, or about as well as the noise of f allows."""
MANY_STEPS = 64.0
"""A step of differences is up to eight times as long as that over which f first moves, by up to four units."""
CONFIRMED = 12
"""Once so many directions are wrong at all scales, the word of one oracle does for others that are clearly off."""


class Judge:
    """The judgement of columns, and what it needs to remember from one to the next."""

    def __init__(
        self,
        seen: Projected,
        claimed: ClaimedSlopes,
        oracles: OracleSlopes,
        *,
        differences: bool,
        calls: float = np.inf,
    ) -> None:
        self.seen, self.claimed, self.oracles, self.differences = seen, claimed, oracles, differences
        self.steps = Steps(seen, calls)
        self.doubts = Doubts(seen, claimed, self.steps, oracles)
        self.unit = float(np.max(claimed.claim.unit))
        largest = max(claimed.largest, oracles.largest)
        self.resolution = Resolution(seen, largest, self.unit, claimed.claim.roundoff)
        self.decider = Decider(seen, claimed, oracles, self.resolution, self.doubts)
        self.tally = Tally(self.unit)
        self.confirmed = 0

    def judge(self, column: Column, *, differences: bool = False) -> None:
        """Compare with the oracles; the noise of what does not agree at once is measured, and differences decide.

        With `differences` these are asked in any case, and hold the other oracles.
        """
        for name in [name for name in list(self.oracles.open) if self.oracles.ask(name, column)]:
            self._agree(column, name)
        if differences and self.differences:
            self._ask_differences(column)
            self._hold_between_sides(column)
        if column.is_settled or (self.confirmed >= CONFIRMED and self._is_wrong_as_well(column)):
            return
        self._measure(column)
        if self.differences and column.sides is None and not column.is_settled:
            self._ask_differences(column)
        self._decide(column)
        self.confirmed += column.has(WRONG)

    def guard(self, column: Column, pace: float | None) -> None:
        """Compare with the oracles, and with two steps of differences; where these do not agree, with all of them."""
        if pace is not None and self.differences and self.oracles.open:
            for name in [name for name in list(self.oracles.open) if self.oracles.ask(name, column)]:
                self._agree(column, name)
            if column.is_settled:
                self.glance(column, pace)
                told = column.told.get(DIFFERENCES)  # none where x is so small that steps of its size are 0
                if told is not None and not np.isnan(told[0]).any():
                    return
        self.judge(column, differences=True)

    def glance(self, column: Column, pace: float) -> None:
        """Take two steps only, about the best relative one; what agrees as closely as differences tell is right."""
        levels = Levels(self.seen, column.v, column.base)
        for h in (pace / 4, pace * 2):
            levels.add(min(h, COARSEST) * column.base, len(levels.steps))
        if len(levels.steps) < 2:
            return
        value, radius = central(levels)
        usual = 16 * self.seen.noise / (pace * column.base)
        radius = np.where(radius <= np.maximum(usual, GLANCE * np.abs(value)), radius, np.inf)
        column.glance = column.values[DIFFERENCES] = value, radius
        self._agree(column, DIFFERENCES)
        del column.values[DIFFERENCES]

    def judge_again(self, column: Column) -> None:
        """Judge what was found wrong before f was seen to have steps."""
        if self.steps.jumps:
            for i in np.flatnonzero(column.outcome == WRONG).tolist():
                column.outcome[i] = self.doubts.confirmed(column, i)

    @property
    def statistics(self) -> dict[str, Statistics]:
        """The largest error / tolerance by oracle."""
        return self.tally.statistics

    def count(self, column: Column) -> None:
        """Put a column into the statistics."""
        self.tally.count(column, {*self.oracles.open, DIFFERENCES})

    # -- agreement

    def _agree(self, column: Column, name: str) -> None:
        """Settle as right what agrees with an oracle that resolves it."""
        value, radius = column.values[name]
        tolerance = radius + column.allowed
        open_ = column.outcome != RIGHT
        told = (np.abs(column.got - value) <= tolerance) & self.resolution.is_resolved(column, value, tolerance)
        for other, (its_value, its_radius) in column.values.items():
            error, its = np.abs(column.got - its_value), its_radius + column.allowed
            told &= ~((error > its) & (its < tolerance)) & ~self.resolution.is_lost(
                column, other, error
            )  # one that knows better
        column.note((open_ & told) | (open_ & (tolerance < column.tolerance)), name, value, tolerance)
        column.outcome = np.where(open_ & told, RIGHT, column.outcome)
        column.told[name] = np.where(told, np.abs(column.got - value) / tolerance, np.nan), value, tolerance

    # -- differences

    def _ask_differences(self, column: Column) -> None:
        """Differences at all scales; an oracle that they contradict grossly is left out."""
        reach = max(float(self.seen.arguments.scale.max()), 1.0) if column.is_entry else 1.0
        found = slopes(self.seen, column.v, column.base, reach)
        column.sides = sides = self.doubts.without_kinks_further_out(column, found)
        value, radius = two_sided(sides)
        backed = sum(self._is_backed(column, name) for name in self.oracles.open)
        mute = sides.kink | sides.uneven | sides.jumps | (sides.still & (backed != 0)) | self.doubts.is_aliased(column)
        radius = np.where(mute, np.inf, self._with_steps_of_rounding(column, value, radius))
        column.values[DIFFERENCES] = value, radius
        if self.resolution.largest == 0:
            self.resolution.largest = float(np.nan_to_num(sides.size).max(initial=0.0))
        self._agree(column, DIFFERENCES)
        for name in list(self.oracles.open):
            if name not in column.values:
                continue
            contradicted, backed = self._contradicted(column, name), self._is_backed(column, name)
            if (contradicted & ~backed).any():
                self.oracles.leave_out(name, "finite differences contradict it")
                column.forget(name)
                self._agree(column, DIFFERENCES)
            else:
                column.outcome[contradicted] = DISPUTED

    def _with_steps_of_rounding(self, column: Column, value: Array, radius: Array) -> Array:
        """The radii of slopes that are claimed to be 0 where f stands still, and then moves by a step of rounding.

        What is left of saturated terms moves by steps of the rounding of 1, however small it is itself.
        """
        sides, found = column.sides, radius.copy()
        assert sides is not None
        unit, least = self.seen.unit, 0.5 / len(self.seen.arguments)  # of a mean
        usual = max(1.0, float(np.abs(self.seen.at[~sides.still]).max(initial=0.0)))
        may_be = sides.flat & (value == 0) & (column.got == 0) & (sides.first <= MANY_STEPS * unit * usual)
        for i in np.flatnonzero(may_be).tolist():
            jump = self.steps.at_end_of_plateau(column, i)
            if jump is not None and least * unit[i] <= jump.height <= SAFETY * unit[i] * usual:
                found[i] = np.fmax(found[i], jump.height / sides.plateau[i])
        return found

    def _is_backed(self, column: Column, name: str) -> Array:
        """True where an oracle of high accuracy agrees with a claim that is not 0.

        There an f that does not move at all may be swallowed by the rounding of larger terms, which leave no trace.
        """
        if name not in column.values:
            return np.zeros(len(column.got), bool)
        value, radius = column.values[name]
        return np.asarray((column.got != 0) & (np.abs(column.got - value) <= radius + column.allowed))

    def _contradicted(self, column: Column, name: str) -> Array:
        """True where differences tell another slope than an oracle, which no step of f explains."""
        assert column.sides is not None
        (value, radius), (other, own) = column.values[DIFFERENCES], column.values[name]
        apart = np.abs(value - other)
        with np.errstate(invalid="ignore"):
            gross = (apart > GROSS * (radius + own)) & (apart > SLIGHT * np.abs(other))
        gross &= np.isfinite(radius) & np.isfinite(own)
        for i in np.flatnonzero(gross)[:1].tolist():
            if self.steps.found_near(column, i):
                # Where f does not move, the other slope says that it would have, by more than its steps are high.
                jump = self.steps.jump_of(i)
                moves = float(np.abs(other[i]) * column.sides.step[i])
                if not (column.sides.flat[i] and jump is not None and moves > GROSS * jump.height):
                    gross[:] = False
        return gross

    def _hold_between_sides(self, column: Column) -> None:
        """Hold what is at a kink between the slopes of both sides, whatever an oracle says that knows but one."""
        sides = column.sides
        assert sides is not None
        known = ~np.isnan(column.got)
        column.outcome[sides.jumps & known] = JUMP
        apart = np.abs(sides.right - sides.left) > GROSS * (sides.left_radius + sides.right_radius)
        for i in np.flatnonzero(apart & sides.kink & ~sides.jumps & known).tolist():
            column.outcome[i] = self.doubts.at_kink(column, i)

    # -- what does not agree

    def _is_wrong_as_well(self, column: Column) -> bool:
        """Take the word of one oracle where many directions were found wrong; True where that settles the column."""
        told = dict(column.values)
        if column.glance is not None:
            told[DIFFERENCES] = column.glance
        for name, (value, radius) in told.items():
            tolerance = radius + column.allowed
            off = (column.outcome == UNRESOLVED) & (np.abs(column.got - value) > CLEARLY * tolerance)
            column.note(off, name, value, tolerance)
            column.outcome = np.where(off, WRONG, column.outcome)
        return not (column.open & (column.outcome != WRONG)).any()

    def _measure(self, column: Column) -> None:
        """Grant what the claim and the oracles are seen to be noisy by."""
        self.claimed.measure(column)
        for name in self.oracles.open:
            self.oracles.measure(name, column)
        for name in column.values:
            self._agree(column, name)

    def _decide(self, column: Column) -> None:
        """Settle what is still open: first by the noise of the claim, and of differences, on a larger scale."""
        if not column.is_settled:
            self.claimed.measure(column, widely=True)
            for name in column.values:
                self._agree(column, name)
        if column.sides is not None and not column.is_settled:
            self._jitter(column)
            self.oracles.narrow(column)
            for name in column.values:
                self._agree(column, name)
        self._look_for_lost_digits(column)
        for i in np.flatnonzero(column.open).tolist():
            column.outcome[i] = self.decider.decided(column, i)

    def _look_for_lost_digits(self, column: Column) -> None:
        """Measure the claim on larger scales where what is off may be the rounding of numbers as large as f.

        Of 1 − p for p near 1 the steps of rounding are far apart, and show between no points that are close.
        """
        natural = LAST_DIGITS * self.unit * np.abs(self.seen.at) / column.base
        may_be = []
        for value in (value for name, (value, _) in column.values.items() if name in self.oracles.open):
            off, size = np.abs(column.got - value), np.abs(value)
            may_be.append((off <= natural) | ((off > self.unit**0.5 * size) & (off <= LITTLE * size)))
        if not may_be or not (column.open & np.all(may_be, axis=0)).any():
            return
        self.claimed.measure_far(column)
        for name in column.values:
            self._agree(column, name)

    def _jitter(self, column: Column) -> None:
        """Differences at steps close to the best: how they scatter there is their noise, whatever was measured."""
        sides = column.sides
        assert sides is not None
        steps = np.unique(sides.step[column.open & np.isfinite(sides.step)])
        worst = np.zeros(len(self.seen))
        for step in steps[:: max(1, len(steps) // 3)]:
            levels = Levels(self.seen, column.v, column.base)
            for by in self.seen.rng.uniform(0.7, 1.4, 3):
                levels.add(float(step * by), len(levels.steps))
            if levels.steps:
                apart = np.nan_to_num(np.abs(levels.table().central - sides.value).max(0))
                worst = np.where(sides.step == step, np.fmax(worst, apart), worst)
        value, radius = column.values[DIFFERENCES]
        scattered = np.isfinite(radius) & (worst > radius)
        column.values[DIFFERENCES] = value, np.where(scattered, 2 * worst, radius)
        self._agree(column, DIFFERENCES)
