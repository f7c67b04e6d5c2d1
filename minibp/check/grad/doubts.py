"""Doubts about what is off: f may be at a kink there, have steps, or show nothing of the slope at all."""

from __future__ import annotations

import numpy as np

from minibp.check.grad.column import DIFFERENCES, KINK, SMALL, STEPS, WRONG, Column
from minibp.check.grad.function import SAFETY
from minibp.check.grad.kinks import is_at_kink, outside
from minibp.check.grad.oracle_slopes import OracleSlopes
from minibp.check.grad.projected import Projected
from minibp.check.grad.steps import LITTLE, Steps

GROSS = 100.0
"""Differences contradict an oracle of high accuracy where they are apart by so many times their radius, and more than
`SLIGHT` of the slope."""
SLIGHT = 1e-6


class Doubts:
    """The outcome of comparisons of which a claim is off by the oracle that tells them best."""

    def __init__(self, seen: Projected, steps: Steps, oracles: OracleSlopes) -> None:
        self.seen, self.steps, self.oracles = seen, steps, oracles

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
        column.expected[i], radius = low if got < low[0] else high
        column.tolerance[i] = radius + allowed
        return self.confirmed(column, i)

    def confirmed(self, column: Column, i: int) -> int:
        """The outcome of a claim that is off, unless steps of f give it good reason to be."""
        if 0 in {column.got[i], column.expected[i]} and self._is_invisible(column, i):
            return SMALL  # a slope of which f itself shows nothing, whose terms cancel to 0
        tied = column.is_entry and self._is_tied(column, i)
        if column.sides is not None and not tied and not self._is_plausible(column, i):
            return WRONG
        if tied and not self._is_outside_nearby(column, i):
            return KINK
        if not self.steps.found_near(column, i):
            alone = column.oracle[i] == DIFFERENCES and not self.oracles.open
            return STEPS if alone and self.steps.explain(column, i) else WRONG
        told = self._is_told(column, i)
        if self.steps.are_crossed(column, i, told=told):
            return STEPS
        flat = column.got[i] == 0 and column.sides is not None and bool(column.sides.flat[i])
        return STEPS if flat and not told else WRONG

    def _is_invisible(self, column: Column, i: int) -> bool:
        """True where f does not show a slope over the size of x, nor is it more than rounding where terms cancel."""
        at, noise, scale = np.abs(self.seen.at), float(self.seen.noise[i]), self.seen.arguments.scale
        slope, unit = abs(float(column.expected[i] - column.got[i])), float(self.seen.unit[i])
        shown = noise if at[i] else max(noise, unit * float(at.max()))
        rounding = SAFETY * unit * float(at.max()) / float(scale[self.seen.arguments.movable].max())
        sides, got = column.sides, float(column.got[i])
        elsewhere = sides is not None and (got < sides.low[i] or got > sides.high[i])  # as larger steps have it
        return slope * column.base <= shown and slope <= rounding and not elsewhere

    def _is_told(self, column: Column, i: int) -> bool:
        """True where an oracle of high accuracy tells a slope that is not 0."""
        told = (column.values[name] for name in self.oracles.open if name in column.values)
        return any(abs(float(value[i])) > GROSS * float(radius[i]) for value, radius in told)

    def _is_tied(self, column: Column, i: int) -> bool:
        """True where entries of x are equal, or 0, and f has a kink where they part."""
        arguments, k = self.seen.arguments, int(column.moves[0])
        x = arguments.flat[arguments.movable]
        tied = arguments.flat[k] == 0 or np.count_nonzero(x == arguments.flat[k]) > 1
        return bool(tied) and is_at_kink(self.seen, i, column.v * column.base, self.seen.rng)

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
