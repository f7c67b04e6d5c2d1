"""What the oracles of high accuracy say of slopes along directions."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.autodiff import Autodiff
from minibp.check.grad.claimed_slopes import MEASURED, along, total
from minibp.check.grad.column import Column
from minibp.check.grad.complex_step import LAST_DIGITS, STEP, SUBNORMAL, UNDERFLOW, ComplexStep, amplification
from minibp.check.grad.differences import GROWTH
from minibp.check.grad.projected import TAIL, Projected
from minibp.check.grad.terms_about_1 import SHOWING, hidden_by_1
from minibp.check.oracles.estimate import OracleUnavailable
from minibp.check.report.wording import ORACLE_NAMES
from minibp.check.rounding.noise import SAFETY

AT_ONCE = 2**20
"""So many slopes by the complex step are held together."""
UNSEEN = GROWTH**2
"""So many times its rounding f may have moved by at the first step at which it is seen to. That is up to `GROWTH` times
as long as it need be, and what is even, as a cosine at 0, moves by the square."""
HALF_UNIT = 2.0**-13
"""Formats of a coarser roundoff are of half precision."""


class OracleSlopes:
    """JAX and the complex step, as far as they can follow f; `notes` say why one was left out."""

    def __init__(self, seen: Projected, asked: tuple[str, ...]) -> None:
        self.seen = seen
        self.notes: list[str] = []
        self.open: dict[str, Any] = {}
        self.noises: dict[int, Array] = {}
        self.by_jax: Array | None = None
        """The rows (r, n) of the Jacobian by JAX."""
        self.flushed = SUBNORMAL * amplification(seen.arguments.flat)
        """How far a slope by JAX may be off since numbers were taken for 0."""
        size = np.abs(seen.arguments.flat)
        self.taken_for_0 = (size > 0) & (size < SUBNORMAL)
        """Entries that JAX takes for 0, where f may have another slope by far."""
        self.unguarded = seen.arguments.tied_at_the_end
        """Entries whose kinks differences cannot see."""
        for name, oracle in (("jax", Autodiff), ("complex_step", ComplexStep)):
            if name in asked:
                self._open(name, oracle)
        if "jax" in self.open:
            self.ask_jax()

    @property
    def largest(self) -> float:
        """The largest slope by one entry, where one oracle tells all of them."""
        return 0.0 if self.by_jax is None else float(np.nanmax(np.abs(self.by_jax), initial=0.0))

    @property
    def may_amplify(self) -> bool:
        """True unless f was followed, and seen to solve no linear equations, whose condition amplifies rounding."""
        step = self.open.get("complex_step")
        return step is None or bool(step.solves)

    def _open(self, name: str, oracle: Any) -> None:
        if self.seen.accuracy:
            self.notes.append(
                f"{ORACLE_NAMES[name]} was left out: it differentiates what f computes, not what f stands for"
            )
            return
        if name == "complex_step" and float(self.seen.function.unit.max()) > HALF_UNIT:
            # What f rounds to such a format it rounds for complex numbers too, or not at all.
            self.notes.append(f"{ORACLE_NAMES[name]} was left out: f returns numbers of half precision")
            return
        try:
            self.open[name] = oracle(self.seen.function)
            self.notes += getattr(self.open[name], "notes", [])
        except OracleUnavailable as reason:
            self.notes.append(f"{ORACLE_NAMES[name]} was left out: {reason}")

    def ask_jax(self) -> None:
        """Take over the rows of the Jacobian that JAX tells."""
        try:
            self.by_jax = self.open["jax"].rows(self.seen.cotangents())
        except Exception as error:  # noqa: BLE001 -- JAX raises many kinds
            self.leave_out("jax", f"JAX cannot differentiate {self.seen.name}: {type(error).__name__}")
            return
        if not np.isfinite(self.by_jax).any():
            self.leave_out("jax", "its derivative is not finite")

    def through(self, seen: Projected) -> OracleSlopes:
        """The same oracles on other sums of the results."""
        other = copy.copy(self)
        other.seen, other.open, other.notes, other.noises = seen, dict(self.open), [], {}
        if "jax" in other.open:
            other.ask_jax()
        return other

    def leave_out(self, name: str, reason: str) -> None:
        """Ask an oracle no more."""
        if self.open.pop(name, None) is not None:
            self.notes.append(f"{ORACLE_NAMES[name]} was left out: {reason}")
        if name == "jax":
            self.by_jax = None

    def ask(self, name: str, column: Column) -> bool:
        """Put an oracle's slopes along a direction, with the radii of their last digits, into the column."""
        try:
            value, radius = self._by_rows(column) if name == "jax" else self._by_step(name, column)
            column.values[name] = value, np.where(self.unguarded[column.moves].any(), np.inf, radius)
        except OracleUnavailable as reason:
            self.leave_out(name, str(reason))
            return False
        return True

    def of_entries(self, name: str, entries: Array) -> tuple[Array, Array]:
        """An oracle's slopes (r, k) by entries, and the radii of their last digits."""
        if name == "jax":
            assert self.by_jax is not None
            value = self.by_jax[:, entries]
            radius = LAST_DIGITS * 2.0**-53 * np.abs(value) + self.flushed
            told = np.isfinite(value) & ~(self.unguarded | self.taken_for_0)[entries]
            return value, np.where(told, radius, np.inf)
        at_once = max(1, AT_ONCE // len(self.seen.function))
        parts = np.split(entries, list(range(at_once, len(entries), at_once)))
        found = [self.seen.estimate(*self.open[name].along_entries(part)) for part in parts]
        value, radius = (np.concatenate(one, axis=1) for one in zip(*found, strict=True))
        return value, np.where(self.unguarded[entries], np.inf, radius)

    def _by_rows(self, column: Column) -> tuple[Array, Array]:
        assert self.by_jax is not None
        products = self.by_jax[:, column.moves] * column.weights
        value = products.sum(1)
        radius = LAST_DIGITS * 2.0**-53 * total(np.abs(products)) + self.flushed * float(np.abs(column.weights).sum())
        told = np.isfinite(value) & ~(column.is_entry and self.taken_for_0[column.moves].any())
        return value, np.where(told, radius, np.inf)

    def _by_step(self, name: str, column: Column) -> tuple[Array, Array]:
        value, radius = self.open[name].along(column.v, column.base)
        if column.is_entry:
            return self.seen.estimate(value, radius)
        value, radius = self.seen.estimate(value, TAIL * radius)
        return value, radius + column.quiet  # terms of the sum may cancel, as those of the claim do

    def parts_at(self, column: Column) -> tuple[Array, Array] | None:
        """Slopes along a direction and against it, where the complex step tells that these differ: f has a kink there.

        Along entries that are 0, or equal, it takes the side that the step leads to; None where it cannot be asked.
        """
        step = self.open.get("complex_step")
        if step is None or not column.is_entry:
            return None
        try:
            ahead, _ = self.seen.estimate(*step.along(column.v, column.base))
            behind, _ = self.seen.estimate(*step.along(-column.v, column.base))
        except OracleUnavailable:
            return None
        return -behind, ahead

    def slope_at(self, x: Array, column: Column, i: int) -> float:
        """The slope of result i along a direction at another point, by the complex step or, where f takes none, by JAX.

        NaN where that does not tell it.
        """
        try:
            if "complex_step" in self.open:
                by_step = self.open["complex_step"].at(x, column.v, column.base)
                return float(self.seen.estimate(by_step, np.zeros_like(by_step))[0][i])
            if "jax" in self.open:
                row = self.open["jax"].row_at(x, self.seen.cotangents()[i])
                return float(row[column.moves] @ column.weights)
        except Exception:  # noqa: BLE001 -- JAX raises many kinds
            return np.nan
        return np.nan

    def measure(self, name: str, column: Column) -> None:
        """Add to an oracle's radii what it is seen to be noisy by."""
        value, radius = column.values[name]
        noise = self._noise_of_rows(column) if name == "jax" else self._noise_of_step(name, column)
        column.values[name] = value, radius + noise

    def narrow(self, column: Column) -> None:
        """Bound slopes of 0 by what larger steps tell, where f stands still over the size of what is moved.

        Terms that cancel may leave 0 of slopes that are lost over this size; over larger steps these would show, up to
        1 where x is smaller. Beyond, slopes may fall off as those of x / (1 + x) do. Where all results are exactly 0,
        how these terms are rounded shows in what f first moves by, unless others, of about 1, have yet to show. Where f
        is another function at this size, beneath its rounding, these oracles tell a slope that is not 0.
        """
        sides = column.sides
        if sides is None:
            return
        rounding = self.seen.unit * float(np.abs(self.seen.at).max())
        if not self.seen.at.any():
            rounding = sides.first
        shows = UNSEEN * np.maximum(self.seen.noise, SAFETY * rounding)
        shows = shows / np.fmin(np.fmax(sides.plateau, sides.moves), max(column.base, 1.0))
        told = np.fmax(np.fmax(-sides.low, sides.high), shows) + UNDERFLOW / STEP
        if column.base < min(SHOWING):
            told = np.fmax(told, hidden_by_1(self.seen, column.v, sides.first))
        stands_still = np.isfinite(sides.plateau) & ~(sides.moves <= column.base)
        bounded = stands_still & (np.abs(column.got) > told + column.allowed)
        for name in self.open:
            if name in column.values:
                value, radius = column.values[name]
                column.values[name] = value, np.where(bounded & (value == 0), np.fmin(radius, told), radius)

    def _noise_of_rows(self, column: Column) -> Array:
        assert self.by_jax is not None
        found = np.zeros(len(self.seen))
        for i in np.flatnonzero(column.open)[:MEASURED].tolist():
            if i not in self.noises:
                self.noises[i] = self.open["jax"].measured(self.seen.cotangents()[i], self.by_jax[i])
            found[i] = along(self.noises[i], column.moves, column.weights)
        return found

    def _noise_of_step(self, name: str, column: Column) -> Array:
        oracle = self.open[name]
        value, _ = oracle.along(column.v, column.base)
        noise = oracle.measured(column.v, column.base, value)
        return self.seen.estimate(np.zeros_like(noise), noise)[1]
