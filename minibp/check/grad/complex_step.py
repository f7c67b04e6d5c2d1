"""The complex step: the imaginary part of f at x + ihv, over h (Squire and Trapp, SIAM Review 40, 1998)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.function import Function
from minibp.check.grad.inexact import is_aliased
from minibp.check.grad.own_noise import SMALLEST
from minibp.check.oracles.continued_array import APART, SOLVED, NotAnalytic
from minibp.check.oracles.estimate import OracleUnavailable
from minibp.check.rounding.noise import SAFETY, scatter

STEP = 1e-20
"""h, and relative to what is moved where that is below 1: an imaginary part that no function can be surprised by."""
LARGER = (1e-140, 1e-100, 1e-60, 1e-40, 1e-20)
"""Steps where an imaginary part underflows at the first: two that agree are taken."""
WIDE = 2.0**-20
"""The length of lines of points on a larger scale, where the rounding of flat functions shows."""
NORMAL = 1e-290
"""Imaginary parts below this have lost digits to underflow, or will have further inside."""
UNDERFLOW = 2.0**-1016
"""Imaginary parts may be off by this where something underflows inside, and is magnified after that."""
SUBNORMAL = 2.0**-1022
"""Smaller numbers have fewer digits, of which the last is rounded; JAX takes them for 0."""
UNDERFLOWING = 2.0**-511
"""The product of two smaller numbers underflows."""
ANOTHER = 1e-6
"""Values that differ by a larger part than this are of another function; by less they may be of other code."""
POINTS = 5
"""Points a few ulps apart, where the noise of a slope is measured."""
LAST_DIGITS = 256.0
"""Of the last digits of a slope so many units u are granted: rounding that shows in no noise, since it is the same at
all points, of a chain of some hundred operations, or of an iteration that has just converged."""

SHORT, LONGER = 2.0**-20, 4.0
"""A step of more than this part of an entry may be too long; one so many times as long then shows by how much."""


class ComplexStep:
    """Slopes along given directions; raises `OracleUnavailable` where f takes no complex numbers."""

    name = "complex_step"

    def __init__(self, function: Function) -> None:
        self.function = function
        arguments = function.arguments
        if any(leaf.is_complex for leaf in arguments.structure.leaves):
            raise OracleUnavailable(f"{function.name} is given complex arguments")
        if any(leaf.is_complex for leaf in function.result.leaves):
            raise OracleUnavailable(f"{function.name} returns complex numbers")
        signs = function.rng.choice([-1.0, 1.0], len(arguments)) * arguments.movable * np.minimum(arguments.scale, 1.0)
        self.underflow = UNDERFLOW * amplification(arguments.flat)
        """How far imaginary parts may be off, which a large argument may have multiplied since."""
        self.foreign = 0.0
        """The relative difference between real and complex numbers in functions of other libraries."""
        self.solves = False
        """True where f solves linear equations."""
        self.continued, self.used = True, False
        """True where f takes arrays to which functions of real numbers are continued."""
        try:
            value = self._value(_beside(arguments.flat, STEP, signs))
        except OracleUnavailable as reason:
            if isinstance(reason.__cause__, NotAnalytic):
                raise
            self.continued = False
            value = self._value(_beside(arguments.flat, STEP, signs))
        apart = np.abs(value.real - function.at)
        self.continued &= self.used  # where no continuation is needed, complex numbers do as they are
        with np.errstate(all="ignore"):
            size = np.fmax(np.abs(function.at), function.size)
            self.apart = np.where(size > 0, apart / size, 0.0)
        """How far f of complex numbers, which may be other code, is from f, relative to how large it is, or varies."""
        if not (apart <= np.maximum(SAFETY * function.noise, ANOTHER * size)).all():  # NaN as well
            raise OracleUnavailable(f"{function.name} has another value for complex numbers")

    def along(self, v: Array, base: float) -> tuple[Array, Array]:
        """The slopes (m,) along v, and how far their last digits may be off, or the step may be too long."""
        x = self.function.arguments.flat
        value, radius = self._slope(x, v, base, 1.0)
        if self._step(base) > SHORT * base:  # of numbers so small that hardly any are smaller
            longer, _ = self._slope(x, v, base, LONGER)
            with np.errstate(all="ignore"):
                apart = np.abs(longer - value)
            radius = radius + SAFETY * np.where(np.isnan(apart), np.inf, apart)
        return value, radius

    def along_entries(self, entries: Array) -> tuple[Array, Array]:
        """The slopes (m, k) along single entries, and how far their last digits may be off."""
        arguments = self.function.arguments
        x = arguments.flat.astype(np.complex128)
        h = np.array([self._step(base) for base in arguments.scale[entries].tolist()])
        parts = []
        with self._asking():
            for k, step in zip(entries.tolist(), h.tolist(), strict=True):
                point = x.copy()
                point.imag[k] = step
                parts.append(self.function.complex_value(point, as_continued=self.continued).imag)
        imaginary = np.array(parts).T
        value, radius, lost = self._told(imaginary, h)
        long = h > SHORT * arguments.scale[entries]
        for at in np.flatnonzero(_may_be_more(imaginary, h, lost).any(0) | long).tolist():
            v = np.zeros(len(arguments))
            v[entries[at]] = 1.0
            value[:, at], radius[:, at] = self.along(v, float(arguments.scale[entries[at]]))
        return value, np.where(np.isfinite(value), radius, np.inf)

    def at(self, x: Array, v: Array, base: float) -> Array:
        """The slopes along v at another point."""
        return self._slope(x, v, base, 1.0)[0]

    def measured(self, v: Array, base: float, value: Array) -> Array:
        """How far the slopes along v may be off, from their values at points a few ulps apart and with other steps.

        A slope is also no better known than f itself: to the same relative error, or the same error over the distance
        to 0, whichever is less.
        """
        function = self.function
        x, rng = function.arguments.flat, function.rng
        found = np.zeros(len(function))
        for _ in range(POINTS):
            near = np.where(function.arguments.movable, x * (1 + 2.0**-52 * rng.integers(-4, 5, len(x))), x)
            found = np.fmax(found, np.abs(self._slope(near, v, base, rng.uniform(1, 2))[0] - value))
        size = np.where(function.arguments.movable, np.abs(x), 0)
        seen = scatter(lambda point: self._slope(point, v, base, 1.0)[0], x, size, WIDE, rng, between=True)
        if seen is not None:  # what varies from one number to the next does so on that scale too
            found = np.where(function.singular, found, np.fmax(found, seen))
        found = np.where(is_aliased(function, value, v), 0, found)
        is_function = function.singular | self.aliased
        at = np.abs(function.at)
        noise = np.where(is_function, SAFETY * function.unit * at, function.rounding)
        noise = np.where((at > 0) & (at < SUBNORMAL), np.fmax(noise, SMALLEST), noise)
        with np.errstate(all="ignore"):
            # A slope of exactly 0 may be what is left of terms that cancel.
            share = np.where((at != 0) & (value != 0), noise / at * np.abs(value), np.inf)
        own = np.fmin(share, noise / base)
        return np.asarray(SAFETY * (found + (self.apart + SAFETY * self.foreign) * np.abs(value)) + own)

    @cached_property
    def aliased(self) -> Array:
        """True where results vary from one number to the next by some argument as far as they do at all.

        How far values nearby are from a smooth curve is then how f varies, and no noise.
        """
        function = self.function
        x = function.arguments.flat
        v = function.rng.choice([-1.0, 1.0], len(x)) * np.spacing(np.abs(x)) * function.arguments.movable
        return is_aliased(function, self._slope(x, v, 1.0, 1.0)[0], v)

    def _slope(self, x: Array, v: Array, base: float, by: float) -> tuple[Array, Array]:
        """The slopes at x by a step `by` times as large as usual; where parts underflow, by larger ones that agree."""
        longest = max(1.0, float(v.max()), -float(v.min()))
        h = by * self._step(base * longest)  # so that it is no longer than `STEP` for large arguments either
        value, radius = self._by_larger_steps(x, v, h, self._value(_beside(x, h, v, longest)).imag, longest)
        with np.errstate(over="ignore"):
            value, radius = longest * value, longest * radius
        return value, np.where(np.isfinite(value), radius, np.inf)

    def _by_larger_steps(
        self, x: Array, v: Array, h: float, imaginary: Array, longest: float = 1.0
    ) -> tuple[Array, Array]:
        """The slopes along v / longest by the imaginary parts for the step h and, where digits are lost, larger steps.

        Where they have at all steps, and each tells what the one before does but for underflow, the largest is taken;
        unless f itself has underflowed, where all steps may have.
        """
        value, radius, lost = self._told(imaginary, h)
        before, alike, last = value, lost & (np.abs(self.function.at) >= NORMAL), h
        for step in (step for step in LARGER if step > h and _may_be_more(imaginary, h, lost).any()):
            imaginary = self._value(_beside(x, step, v, longest)).imag
            other = imaginary / step
            agrees = lost & (np.abs(imaginary) >= NORMAL) & (np.abs(other - before) <= 1e-12 * np.abs(other))
            value = np.where(agrees, other, value)
            radius = np.where(agrees, LAST_DIGITS * 2.0**-53 * np.abs(other) + np.abs(other - before), radius)
            alike = alike & (np.abs(other - before) <= self.underflow / last)
            lost, before, last = lost & ~agrees, other, step
        alike = alike & lost & (last > h)
        return np.where(alike, before, value), np.where(alike, self.underflow / last, radius)

    def _told(self, imaginary: Array, h: float | Array) -> tuple[Array, Array, Array]:
        """The slopes that imaginary parts tell, their radii, and True where digits are lost to underflow."""
        value = imaginary / h
        lost = np.abs(imaginary) < NORMAL
        return value, np.where(lost, self.underflow / h, LAST_DIGITS * 2.0**-53 * np.abs(value) + 5e-324 / h), lost

    def _step(self, base: float) -> float:
        step = STEP * min(base, 1.0)
        return step if step > 1e-290 else min(STEP, max(base * 2.0**-27, 5e-324))

    def _value(self, flat: Array) -> Array:
        with self._asking():
            return self.function.complex_value(flat, as_continued=self.continued)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Calls of f with complex numbers: it is noted how it continues them; discarded imaginary parts are errors."""
        apart: list[float] = []
        token = APART.set(apart)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                yield
        finally:
            APART.reset(token)
            self.foreign = max(self.foreign, *apart, 0.0)
            self.used |= any(one != SOLVED for one in apart)
            self.solves |= SOLVED in apart


def _may_be_more(imaginary: Array, h: float | Array, lost: Array) -> Array:
    """True where a larger step may tell what is lost.

    An imaginary part of exactly 0 is 0, unless the step is so small that all that small numbers give underflows.
    """
    return np.asarray(lost & ~((h > LARGER[1]) & (imaginary == 0)))


def _beside(x: Array, h: float, v: Array, longest: float = 1.0) -> Array:
    """x + ihv / longest, in no more memory than it takes."""
    found = x.astype(np.complex128)
    np.divide(v, longest, out=found.imag)
    found.imag *= h
    return found


def amplification(x: Array) -> float:
    """The largest of the arguments, where others are so small that it may multiply what has underflowed; at least 1."""
    size = np.abs(x[np.isfinite(x) & (x != 0)])
    return max(1.0, float(size.max())) if size.size and size.min() < UNDERFLOWING else 1.0
