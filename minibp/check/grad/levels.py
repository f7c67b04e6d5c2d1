"""Values of a function at steps along a direction, and the slope that the finest of them agree on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.projected import Projected
from minibp.check.rounding.noise import SAFETY

ALONG = 0.05
"""A step moves every entry of a direction as it is meant to, to within this part."""
FADED = 1e3
"""A radius that is so many times the best one, or more, will not be the best any more."""
ORDERS = np.array([[2], [1], [1]])
"""The orders of the truncation error of quotients of both sides together, and of the left and the right one."""


class Levels:
    """The values of a function at steps along a direction, on both sides, from the finest step to the coarsest."""

    def __init__(self, function: Projected, v: Array, base: float) -> None:
        self.function, self.v, self.base = function, v, base
        self.square = float((v * v).sum())
        self.single = np.count_nonzero(v) == 1
        self.steps: list[tuple[float, float]] = []
        self.rows: list[Table] = []
        self._agreement: Agreement | None = None

    def value(self, h: float) -> tuple[float, Array]:
        """The step that is taken for h, and the value there."""
        x = self.function.arguments.flat
        point = self.function.rounded(x + h * self.v)
        step = self._step_to(point, h)
        return step, np.full(len(self.function), np.nan) if np.isnan(step) else self.function(point)

    def _step_to(self, point: Array, h: float) -> float:
        """The step that leads to a point, about h; NaN where it is lost beside the size of some entries."""
        meant = h * self.v
        moved = np.where(self.v != 0, point - self.function.arguments.flat, 0.0)
        if not self.single and (np.abs(moved - meant) > ALONG * np.abs(meant)).any():
            return np.nan
        step = float((moved * self.v).sum() / self.square)
        return step if step and np.isfinite(step) else np.nan

    def add(self, h: float, at: int) -> None:
        """Both sides at the step h, as level `at` of the list.

        Where entries are tied at the largest number nothing is asked: one side alone does not show the kink.
        """
        if self.function.arguments.tied_at_the_end[self.v != 0].any():
            return
        (right, after), (left, before) = self.value(h), self.value(-h)
        if np.isnan(right) and np.isnan(left):
            return
        row = self._row(-left, right, before, after)
        if at == len(self.rows) and self._agreement is not None:
            self._take(self._agreement, row)
        else:
            self._agreement = None
        self.steps.insert(at, (-left, right))
        self.rows.insert(at, row)

    def first(self, count: int) -> Levels:
        """The finest so many of them alone."""
        other = Levels(self.function, self.v, self.base)
        other.steps, other.rows = self.steps[:count], self.rows[:count]
        return other

    def table(self) -> Table:
        """Quotients and their radii from rounding, a level each."""
        return Table(*(np.array(column) for column in zip(*self.rows, strict=True)))

    def agreed(self) -> tuple[Agreed, Agreed, Agreed]:
        """What the levels agree on: both sides together, and the left and the right one."""
        if self._agreement is None:
            self._agreement = Agreement(len(self.function), ORDERS)
            for row in self.rows:
                self._take(self._agreement, row)
        return self._agreement.row(0), self._agreement.row(1), self._agreement.row(2)

    @staticmethod
    def _take(agreement: Agreement, row: Table) -> None:
        quotients = np.array((row.central, row.left, row.right))
        agreement.add(quotients, np.array((row.central_noise, row.left_noise, row.right_noise)), float(row.h))

    def _row(self, left: float, right: float, before: Array, after: Array) -> Table:
        function = self.function
        at, noise = function.at, function.noise
        own = SAFETY * function.unit if function.accuracy == 0 else 0 * function.unit
        noise_before = noise + own * np.maximum(np.abs(before) - np.abs(at), 0)
        noise_after = noise + own * np.maximum(np.abs(after) - np.abs(at), 0)
        return Table(
            (after - before) / (left + right),
            (noise_before + noise_after) / (left + right),
            (at - before) / left,
            (noise + noise_before) / left,
            (after - at) / right,
            (noise + noise_after) / right,
            before,
            after,
            np.fmax(left, right),
        )


class Table(NamedTuple):
    """Quotients of values (levels, m), each with what rounding makes of it; `h` (levels,) are the steps."""

    central: Array
    central_noise: Array
    left: Array
    left_noise: Array
    right: Array
    right_noise: Array
    before: Array
    after: Array
    h: Array


class Agreed(NamedTuple):
    """The slopes (m,) that the finest levels agree on, their radii, and the steps that tell them.

    `last_change` is a part of how much the last two quotients differ, which bounds what is left of the truncation error
    there.
    """

    value: Array
    radius: Array
    step: Array
    last_change: Array


class Agreement:
    """The slopes (m,) that the finest levels agree on, as closely as they can be told, their radii, and the steps.

    Of the quotients of two steps the error that is of the given order in the step is taken off; what is left of it is
    bounded by a part of what was taken off, and by how much the pair before differs beyond its rounding. For several
    orders, one a row, so are slopes and all else (rows, m).
    """

    def __init__(self, m: int, order: int | Array) -> None:
        self.order = np.asarray(order, np.float64)
        self.part = np.where(self.order == 2, 0.25, 0.5)
        shape = (*self.order.shape[:-1], m)
        self.value, self.radius, self.step = np.full(shape, np.nan), np.full(shape, np.inf), np.full(shape, np.nan)
        self.alive = np.ones(shape, bool)
        self.low, self.high = np.full(shape, -np.inf), np.full(shape, np.inf)
        self.before = np.zeros(shape)
        self.last: tuple[Array, Array, Array] | None = None
        self.last_change = np.zeros(shape)
        self.latest: Array | None = None

    def row(self, i: int) -> Agreed:
        """What is agreed on of one order."""
        return Agreed(self.value[i], self.radius[i], self.step[i], self.last_change[i])

    def add(self, quotient: Array, noise: Array, step: float) -> None:
        """Take in the next coarser level."""
        if self.latest is not None:
            self.last_change = 0.25 * np.abs(quotient - self.latest)
        self.latest = quotient
        known = np.isfinite(quotient) & np.isfinite(noise)
        told = known.any(-1, keepdims=True)
        if not told.any():
            return
        h = np.full(told.shape, step)
        if self.last is None:
            self.last = quotient, noise, h
            return
        self._compare(known, quotient, noise, h, *self.last)
        self.last = tuple(  # type: ignore[assignment]
            np.where(told, new, old) for new, old in zip((quotient, noise, h), self.last, strict=True)
        )

    def _compare(
        self, known: Array, quotient: Array, noise: Array, h: Array, finer: Array, finer_noise: Array, finer_h: Array
    ) -> None:
        apart = np.abs(quotient - finer)
        found = finer - (quotient - finer) / ((h / finer_h) ** self.order - 1)
        # Of steps of about a size the quotients hardly differ, whatever is left of the truncation error.
        own = 1.25 * finer_noise + np.maximum(self.part, 1 / ((h / finer_h) ** self.order - 1)) * apart + self.before
        agrees = (found + own >= self.low) & (found - own <= self.high)
        self.alive &= agrees | ~known
        better = self.alive & known & (own < self.radius)
        if better.any():
            self.value, self.radius = np.where(better, found, self.value), np.where(better, own, self.radius)
            self.step = np.where(better, finer_h, self.step)
        self.alive &= ~(own > FADED * self.radius) | ~known
        self.low = np.fmax(self.low, finer - finer_noise - apart)
        self.high = np.fmin(self.high, finer + finer_noise + apart)
        rest = np.fmin(np.fmax(apart - noise - finer_noise, 0), np.finfo(np.float64).max)
        self.before = np.where(known.any(-1, keepdims=True), rest, self.before)
