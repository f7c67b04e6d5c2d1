"""Slopes of an unknown function along given directions, by three oracles, each with a radius of its own."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.arguments import Arguments, later_call, number
from minibp.check.grad.foreign import HALF, as_numpy, roundoff
from minibp.check.grad.noise import LAST, SAFETY, TWO_SCALES, Nearby, dot, grant
from minibp.check.oracles.estimate import ORACLE_ERROR, OracleUnavailable

GROWTH, LEVELS, ORDERS = 8, 22, 4
"""Each step of the differences is so many times the one before; how many there are at most; columns of the table."""
CIRCLE = np.exp(2j * np.pi * np.arange(16) / 16)


class Sides(NamedTuple):
    """The slopes on both sides of x along one direction, and how far each may be off; infinite where not told."""

    left: float
    left_radius: float
    right: float
    right_radius: float
    size: float
    """The steepest that the function is known to be nearby."""

    @property
    def kink(self) -> bool:
        """Whether they differ by more than they may be off."""
        return abs(self.right - self.left) > self.left_radius + self.right_radius

    @property
    def slope(self) -> tuple[float, float]:
        """The slope where there is no kink, and its radius."""
        radius = (self.left_radius + self.right_radius + abs(self.right - self.left)) / 2
        return ((self.left + self.right) / 2, radius) if math.isfinite(radius) else (math.nan, math.inf)


class Surroundings:
    """f near x: its noise, and its one-sided slopes.

    f computes in float64 if it can, whatever x's dtype. `unit` is the unit roundoff of what it returns. Of half
    precision the differences are not taken: no slope is resolved to within `TOLD` by so few digits, and the steps
    that leave any digits are as long as x is large, where truncation cannot be told from rounding.
    """

    def __init__(self, f: Callable[..., Any], arguments: Arguments, rng: np.random.Generator) -> None:
        self.f, self.arguments, self.rng = f, arguments, rng
        self.x, self.scale = arguments.flat, arguments.scale
        self.dtype: Any = np.float64
        try:
            self.at, returned = number("f", f(*arguments.unpacked(self.x, np.float64)))
        except Exception:  # noqa: BLE001 -- it takes float32 alone
            self.dtype = None
            with later_call():
                self.at, returned = number("f", arguments.called("f", f))
        self.unit = max(roundoff(returned), roundoff("float64" if self.dtype is np.float64 else "float32"))
        self.notes = [f"f returns {returned}, too coarse for finite differences"] if returned in HALF else []
        self.nearby = Nearby(self.x, self.scale, self.unit, rng)
        self.noise = float(self.nearby.noise(self.value)) + ORACLE_ERROR * self.unit * abs(self.at)

    def value(self, flat: Array) -> float:
        """f there; NaN where it has no value."""
        try:
            return number("f", self.f(*self.arguments.unpacked(flat, self.dtype)))[0]
        except Exception:  # noqa: BLE001 -- it is outside of its domain
            return math.nan

    def rounded(self, flat: Array) -> Array:
        """The point that f is given for this one."""
        return np.concatenate([array.ravel() for array in self.arguments.unpacked(flat, self.dtype)], dtype=np.float64)

    def width(self, v: Array) -> float:
        """The size of the entries that a direction moves."""
        return float(np.median(self.scale[v != 0]))

    def floor(self, v: Array, slope: float) -> float:
        """How well the slope of a function that is as noisy as f can be known from one computation of it.

        The same relative error as f's, or the same error over the distance to 0, whichever is less.
        """
        return self.noise * min(abs(slope) / abs(self.at) if self.at else math.inf, 1 / self.width(v))

    def sides(self, v: Array) -> Sides:
        """One-sided differences along v, extrapolated to a step of 0; not resolved where f is of half precision."""
        if self.notes:
            return Sides(math.nan, math.inf, math.nan, math.inf, 0.0)
        left, left_radius, left_size = self._one_sided(v, -1)
        right, right_radius, right_size = self._one_sided(v, 1)
        return Sides(left, left_radius, right, right_radius, max(left_size, right_size))

    def _one_sided(self, v: Array, sign: int) -> tuple[float, float, float]:
        """The slope to one side, how far it may be off, and the steepest difference.

        Steps grow from the finest that rounding leaves anything of. Of an extrapolation from two, truncation is
        estimated from the one before, and noise is divided by the step. The finer ones have the last word: what
        does not agree with them to within the radii lies beyond a kink, or where f bends.
        """
        width = self.width(v)
        first = sign * width * self.unit ** (2 / 3) * self.rng.uniform(1, 2)  # no whole number of periods
        steps: list[float] = []
        before: list[float] = []
        seen: list[tuple[float, float]] = []
        best, size = (math.nan, math.inf), 0.0
        for level in range(LEVELS):
            point = self.rounded(self.x + first * GROWTH**level * v)
            step = float(((point - self.x) * v).sum() / (v * v).sum())
            value = self.value(point)
            if not step or not math.isfinite(value):
                break
            steps.append(step)
            row = [(value - self.at) / step]
            size = max(size, abs(row[0]) - 2 * self.noise / abs(step))
            for order, finer in enumerate(before[: ORDERS - 1]):
                ratio = steps[-1] / steps[-2 - order]
                row.append(finer + (finer - row[order]) / (ratio - 1))
            # What is left of a step's error is about what the next one changes; noise is divided by the finest step.
            noise = self.noise * max(1.0, abs(step) / width) + ORACLE_ERROR * self.unit * abs(value)
            pairs = zip(row[1:], before[1:], strict=False)
            found = [
                (new, 2 * abs(new - old) + 4 * noise / abs(steps[-2 - order])) for order, (new, old) in enumerate(pairs)
            ]
            before = row
            if not found:
                continue
            one = min(found, key=lambda pair: pair[1])
            if any(abs(one[0] - slope) > one[1] + finer for slope, finer in seen):
                break
            seen.append(one)
            best = min(best, one, key=lambda pair: pair[1])
            if one[1] > 1e3 * best[1] or best[1] <= ORACLE_ERROR * self.unit * abs(best[0]):
                break
        return *best, size


class ComplexStep:
    """The imaginary part of f at x + ihv, over h (Squire and Trapp, SIAM Review 40, 1998).

    Raises `OracleUnavailable` where f takes no complex numbers, or is not analytic: np.abs and .real are not.
    """

    def __init__(self, near: Surroundings) -> None:
        self.near = near
        signs = near.rng.choice([-1.0, 1.0], len(near.x)) * near.scale
        self._check_analytic(signs)
        # f's own scale is not known: of several steps the first two are taken that give the same.
        steps = 10.0 ** -np.arange(20, 121, 20)
        slopes = np.array([self._value(near.x + 1j * h * signs).imag / h for h in steps])
        apart = np.abs(np.diff(slopes)) / np.maximum(np.abs(slopes[1:]), np.finfo(np.float64).tiny)
        self.step = float(steps[int(np.argmin(np.where(np.isnan(apart), np.inf, apart).round(14)))])

    def along(self, v: Array) -> tuple[float, float]:
        """The slope along v and its radius.

        Steps vary, so that rounding shows even where f is linear and its slope the same at all points.
        """
        near, h = self.near, self.step * self.near.width(v)
        slope = self._slope(near.x, v, h)
        noise = near.nearby.noise(
            lambda point: np.array([self._slope(point, v, h * near.rng.uniform(1, 2))]), TWO_SCALES
        )
        last = LAST * near.unit * abs(slope) * math.sqrt(np.count_nonzero(v))
        return slope, float(noise[0]) + last + near.floor(v, slope) + float(np.finfo(np.float64).tiny) / h

    def in_single(self, v: Array) -> float:
        """How far the slope along v is off where it is computed in single precision."""
        near, h = self.near, 1e-15 * self.near.width(v)
        exact = self._slope(near.x, v, self.step * near.width(v))
        apart = [abs(self._slope(near.x, v, h * by, np.complex64) - exact) for by in near.rng.uniform(1, 2, 3)]
        return SAFETY * max(apart) if np.isfinite(apart).all() else 0.0

    def _slope(self, point: Array, v: Array, h: float, dtype: Any = np.complex128) -> float:
        return self._value(point + 1j * h * v, dtype).imag / h

    def _value(self, flat: Array, dtype: Any = np.complex128) -> complex:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                result, returned = as_numpy(self.near.f(*self.near.arguments.unpacked(flat, dtype)))
                value = complex(result.item())
        except Exception as error:
            raise OracleUnavailable(f"f takes no complex numbers: {type(error).__name__}") from error
        if result.dtype.kind != "c":  # torch discards imaginary parts with one warning a process
            raise OracleUnavailable(f"f takes no complex numbers: it returns {returned} for them")
        return value

    def _check_analytic(self, way: Array) -> None:
        """The mean of f(x + he^{iφ}) e^{iφ} around a circle is 0 where f is analytic inside (Cauchy).

        A circle may be too wide for a function that is analytic near x, but what falls as h does is no such thing.
        """
        near = self.near
        before = math.nan
        for power in (3, 5, 8, 14, 20):
            h = 2.0**-power
            values = np.array([self._value(near.x + h * turn * way) for turn in CIRCLE])
            left = abs((values * CIRCLE).mean())
            if left <= near.noise + ORACLE_ERROR * near.unit * np.abs(values).max():
                return
            if abs(left / h - before) <= 0.05 * before:
                break
            before = left / h
        raise OracleUnavailable("f is not analytic near x (np.abs, .real, a kink?)")


class Autodiff:
    """JAX's reverse mode in double precision; raises `OracleUnavailable` where it cannot trace f, or is missing."""

    def __init__(self, near: Surroundings) -> None:
        try:
            import jax
        except ImportError:
            raise OracleUnavailable("JAX is not installed") from None
        self.near = near

        def pulled_back(scaled: Any, *arrays: Any) -> Any:
            _, back = jax.vjp(lambda *given: jax.numpy.reshape(near.f(*given), ()), *arrays)
            return back(scaled)

        def gradient(point: Array, scaled: float, program: Any) -> Array:
            parts = program(np.float64(scaled), *near.arguments.unpacked(point, np.float64))
            return np.concatenate([np.asarray(part, np.float64).ravel() for part in parts]) / scaled

        def asked(program: Any) -> tuple[Array, Array]:
            # Scales vary as the steps of the complex step do.
            value = gradient(near.x, 1.0, program)
            return value, near.nearby.noise(lambda point: gradient(point, near.rng.uniform(1, 2), program), TWO_SCALES)

        with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
            try:
                # Compiled it is many times faster, but what branches on its values has to be traced as it runs.
                try:
                    self.value, noise = asked(jax.jit(pulled_back))
                except jax.errors.ConcretizationTypeError:
                    self.value, noise = asked(pulled_back)
            except Exception as error:
                raise OracleUnavailable(f"JAX cannot trace f: {type(error).__name__}") from error
        share = np.abs(self.value) / abs(near.at) if near.at else np.full(len(noise), np.inf)
        self.noise = noise + near.noise * np.minimum(share, 1 / near.scale)

    def along(self, v: Array) -> tuple[float, float]:
        """The slope along v and its radius."""
        return dot(self.value, v), grant(v, self.value, self.noise, self.near.unit)
