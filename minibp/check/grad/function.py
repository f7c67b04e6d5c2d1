"""The function that a claim is about, on rows of real numbers: its value, its noise, and its precision."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.arguments import Arguments, Breach, Misuse
from minibp.check.grad.formats import FORMATS, as_format, bits_of
from minibp.check.grad.own_noise import SMALLEST, Values, own_noise
from minibp.check.grad.run_to_run import granted, run_to_run
from minibp.check.grad.structure import Structure, numbers_of
from minibp.check.grad.watch import Hang, call, watching
from minibp.check.oracles.continued_array import NotAnalytic, continued
from minibp.check.oracles.estimate import OracleUnavailable
from minibp.check.rounding.noise import SAFETY
from minibp.foreign import roundoff, type_of
from minibp.user_error import description_of

TRIALS = 8
"""Points nearby, from whose values the precision of f is recognized."""
LEFT = 2.0**-29
"""Values that are so small beside x, or 1, are what is left of larger terms where they use few bits, and of no format:
the last bit of 1 is 2^-53 in float64, and what is below 24 of these looks like float32."""
REPEATED, FEWEST, REPEATED_NUMBERS = 32, 2, 2**18
"""Calls near the point that are made again at the end: what is random once in a while, or adds up, shows there. Of
large arguments fewer are, so that not many copies of them are kept."""
CELLS, AT_BORDERS, TRIES = 12, 3, 3
"""Cells of a format, within which f has to be the same where it rounds its argument; those of them at whose borders it
has to move, unless its values are of the format; and moves that are tried of each."""


class Function:
    """f on rows of numbers.

    f computes in float64 if it can, whatever the dtype of its arguments. Entries of its result that are not finite at
    the point are left out. `at` (m,) is the value there, `unit` (m,) the unit roundoff of what each entry is computed
    in and `noise` (m,) how far it may be off: both as they are seen from the values.
    """

    def __init__(
        self,
        name: str,
        f: Callable[..., Any],
        arguments: Arguments,
        rng: np.random.Generator,
        *,
        scalar: bool,
        accuracy: float = 0.0,
        floor: Array | None = None,
    ) -> None:
        self.name, self.f, self.arguments, self.rng, self.accuracy = name, f, arguments, rng, accuracy
        self.scalar = scalar
        self.choice = np.random.default_rng(0)  # of its own, so that what is kept changes nothing of what is drawn
        self.calls = 0
        self.kept_values: list[tuple[Array, Array]] = []
        self.repeated = min(REPEATED, max(FEWEST, REPEATED_NUMBERS // len(arguments)))
        self.dtype: Any = None
        began = time.monotonic()
        first = self._checked(arguments.called(name, f))
        with watching() as watch:
            watch.first_took(time.monotonic() - began)
        self.result = first
        self.given = first.flat
        self.kept = np.isfinite(first.flat)
        """Which numbers of the result are compared."""
        if not self.kept.any():
            raise Breach(f"{name} returned {first.flat[0]}, expected a finite number")
        self.returned = max(self._dtype_of(leaf) for leaf in first.leaves)
        """The coarsest roundoff of what f returns."""
        self.varies = np.zeros(len(first))
        """How far what f returns differs from call to call, by the order of its sums."""
        self.expect_the_same()
        self._choose_dtype()
        self.at = self._value(arguments.flat)
        self.grid: Any = None
        """The coarser format that f rounds its arguments to, if any."""
        try:
            computed = Structure([("out", f(*arguments.at(arguments.flat, self.dtype)))], _reading)
        except Exception as error:
            again = "an earlier call at the same x gave a result"
            raise Breach(f"{name} raised {description_of(error)}; {again}") from error
        self.unit = np.array([self._roundoff_of(leaf) for leaf in computed.leaves for _ in range(leaf.size)])[self.kept]
        self.recognize_precision()
        self.noise, self.singular = np.full(len(self.at), accuracy), np.zeros(len(self.at), bool)
        """How far the values may be off; where they vary between numbers next to the point as nowhere nearby."""
        if accuracy == 0:
            seen = Values(lambda point: self._value(self.rounded(point)), arguments, self.at, rng)
            self.noise, self.singular = own_noise(seen, self.unit, self.size)
            self.noise = np.maximum(self.noise, SAFETY * self.varies[self.kept])
        if floor is not None:
            self.noise = np.maximum(self.noise, floor[self.kept])

    def __len__(self) -> int:
        return len(self.at)

    def _checked(self, result: Any) -> Structure:
        """The result as rows of numbers; a `Misuse` where it is of no use."""
        found = Structure([("out", result)], _reading)
        name = self.name
        if self.scalar:
            leaf = found.leaves[0] if len(found.leaves) == 1 else None
            if leaf is None or leaf.array is None:
                unreadable = " that NumPy cannot read" if isinstance(result, tuple | list) else ""
                raise Misuse(f"{name} returned a {type_of(result)}{unreadable}, expected one real number")
            if leaf.is_complex:
                raise Misuse(f"{name} returned numbers of dtype {leaf.array.dtype}, expected one real number")
            if leaf.array.size != 1:
                raise Misuse(f"{name} returned an array of shape {leaf.array.shape}, expected one number")
        elif not len(found):
            raise Misuse(f"{name} returned a {type_of(result)}, expected an array, or a structure of arrays")
        return found

    @staticmethod
    def _dtype_of(leaf: Any) -> float:
        numbers = numbers_of(leaf.value)
        return roundoff(numbers[1]) if numbers else 2.0**-53

    def _roundoff_of(self, leaf: Any) -> float:
        return max(self._dtype_of(leaf), 2.0**-53 if self.dtype is not None else 2.0**-24)

    def _called_again(self) -> Array:
        return self._checked(self.arguments.called(self.name, self.f)).flat

    def expect_the_same(self) -> None:
        """Raise `Breach` where f, called again at the point, gives anything else than at first."""
        try:
            again = self._called_again()
        except Misuse as misuse:
            raise Breach(f"{misuse}; an earlier call at the same x gave a result") from misuse
        if not np.array_equal(self.given, again, equal_nan=True):
            apart = run_to_run(self.given, again, self._called_again, self.returned)
            if apart is not None:
                self.varies = np.maximum(self.varies, apart)
                return
            same_shape = self.given.shape == again.shape
            k = int(np.flatnonzero(~np.isclose(self.given, again, 0, 0, equal_nan=True))[0]) if same_shape else 0
            raise Breach(
                f"{self.name} returned {self.given[k]:.17g} and then {again[k]:.17g} at the same x, expected the same"
                " number"
            )

    def _choose_dtype(self) -> None:
        """float64, unless f takes nothing but the arguments' own dtypes."""
        if all(leaf.array is None or leaf.array.dtype.itemsize >= 8 for leaf in self.arguments.structure.leaves):
            self.dtype = np.float64
            return
        self.dtype = np.float64
        if not np.isfinite(self._value(self.arguments.flat)).all():
            self.dtype = None

    def recognize_precision(self) -> None:
        """Find out whether f computes in a coarser format inside, from its values at points nearby.

        Values that a coarser format holds exactly, at several points where they differ, are of that format; a function
        that is the same when its argument is rounded to a format first does so itself.
        """
        x, movable = self.arguments.flat, self.arguments.movable
        self.size = np.zeros(len(self.at))
        """How much each entry varies over the size of x, as values nearby have it."""
        self.span = np.zeros(len(self.at))
        """How far each entry is from its value at any of them."""
        for part in (1e-3, 0.1, 0.0):
            width = np.where(movable, part * self.arguments.scale if part else 1e-2, 0)
            values = np.array([self._value(self._beside(width)) for _ in range(TRIALS)])
            varies = np.isfinite(values).all(0) & (np.ptp(values, axis=0) > 0)
            moved = np.abs(values - self.at).max(0)
            self.span = np.fmax(self.span, moved)
            if part and x[movable].any():  # an exact 0 is no size
                self.size = np.where((self.size == 0) & varies, moved / part, self.size)
            if varies.all():
                break
        left = LEFT * max(1.0, float(self.arguments.scale.max()))
        for name, unit in FORMATS:
            held = varies & (as_format(values, name) == values).all(0) & (np.abs(values).max(0) > left)
            held &= (bits_of(values).max(0) >= -np.log2(unit) - 1) & (values != np.round(values)).any(0)
            self.unit = np.where(held, np.maximum(self.unit, unit), self.unit)
        width = np.where(movable, 0.1 * self.arguments.scale, 0)
        for kind, unit in ((np.float16, 2.0**-11), (np.float32, 2.0**-24)) if varies.any() else ():
            if self._rounds_to(kind, unit, width, varies):
                self.grid = kind
                self.unit = np.where(varies, np.maximum(self.unit, unit), self.unit)
                break

    def _beside(self, width: Array) -> Array:
        """A point whose entries are up to so far from those of x."""
        return np.asarray(self.arguments.flat + width * self.rng.uniform(-1, 1, len(width)))

    def _rounds_to(self, kind: Any, unit: float, width: Array, varies: Array) -> bool:
        """True where f rounds its argument to a format: it is the same within its cells, and moves at their borders.

        Values that are rounded themselves often do not move within a cell either, but they seldom do at its border.
        """
        at_borders = 0
        for _ in range(CELLS):
            moves = self._moves_at_border(kind, self._beside(width), varies)
            if moves is None:
                return False
            at_borders += moves
        return at_borders >= AT_BORDERS or bool((self.unit[varies] >= unit).all())

    def _moves_at_border(self, kind: Any, point: Array, varies: Array) -> bool | None:
        """Whether f moves at the border of a format's cell; None where it is not the same within, or still beyond."""
        with np.errstate(over="ignore"):
            middle = point.astype(kind)
            value = self._value(middle.astype(np.float64))
            if not np.array_equal(self._value(point), value):
                return None
            # Away from 0 cells are as wide as the spacing; towards it, below a power of 2, half of that.
            cell = np.copysign(np.spacing(np.abs(middle)), middle).astype(np.float64)
            signs = self.rng.choice([-0.2, 0.45], len(point))
            for part in (signs, 0.25 - signs, 0.495):
                if not np.array_equal(self._value(middle + part * cell), value):
                    return None
            if any(self._moves(middle, 0.505 * cell, value, varies) for _ in range(TRIES)):
                return True
            far = (self.rng.integers(2, 10, len(cell)) * cell for _ in range(TRIES))
            return False if any(self._moves(middle, by, value, varies) for by in far) else None

    def _moves(self, point: Array, by: Array, value: Array, varies: Array) -> bool:
        """True where f has another value when some of the entries are moved: moves of all may cancel in a sum."""
        chosen = self.rng.integers(0, 2, len(point))
        chosen[self.rng.integers(len(point))] = 1
        return bool((self._value(point + chosen * by) != value)[varies].any())

    @property
    def rounding(self) -> Array:
        """The noise without what underflow takes."""
        return np.maximum(self.noise - 4 * SAFETY * SMALLEST, 0)

    @property
    def coarse(self) -> bool:
        """True where all that is compared is of half precision."""
        return bool((self.unit >= 2.0**-11).all())

    def rounded(self, flat: Array) -> Array:
        """The point that f computes with for this one."""
        if self.grid is not None:
            with np.errstate(over="ignore"):
                return flat.astype(self.grid).astype(np.float64)
        if self.dtype is None:
            return self.arguments.structure.row(self.arguments.structure.unpacked(flat))
        return flat

    def __call__(self, flat: Array) -> Array:
        """The value (m,) there; NaN where f has none."""
        value = self._value(flat)
        if len(self.kept_values) < self.repeated:
            self.kept_values.append((flat, value))
        elif (at := int(self.choice.integers(self.calls))) < self.repeated:
            self.kept_values[at] = flat, value
        return value

    def expect_what_was_seen(self) -> None:
        """Raise `Breach` where f, called again at points nearby, gives anything else than before."""
        for flat, before in self.kept_values:
            after = self._value(flat)
            if self.varies.any() and (np.abs(after - before) <= granted(before, self.returned)).all():
                continue
            if not np.array_equal(before, after, equal_nan=True):
                k = int(np.flatnonzero(~((before == after) | (np.isnan(before) & np.isnan(after))))[0])
                raise Breach(
                    f"{self.name} returned {before[k]:.17g} and then {after[k]:.17g} at the same point near x, expected"
                    " the same number: it is random, or keeps state"
                )

    def _value(self, flat: Array) -> Array:
        self.calls += 1
        arguments = self.arguments.at(flat, self.dtype)
        try:
            with call(f"{self.name}, called at a point near x,"):
                result = self.f(*arguments)
            if type(result) is np.ndarray and result.dtype == np.float64:
                found = result.ravel()
            elif isinstance(result, float):
                found = np.array([result])
            else:
                found = Structure([("out", result)], _reading).flat
        except Exception:  # noqa: BLE001 -- it is outside of its domain
            return np.full(int(self.kept.sum()), np.nan)
        return found[self.kept] if found.shape == self.kept.shape else np.full(int(self.kept.sum()), np.nan)

    def complex_value(self, flat: Array, *, as_continued: bool = False) -> Array:
        """The value (m,) at complex arguments; `OracleUnavailable` where f has none.

        With `as_continued` f is given arrays to which functions of real numbers are continued.
        """
        self.calls += 1
        arguments = self.arguments.at(flat, np.complex128, continued if as_continued else None)
        try:
            with call(f"{self.name}, called with complex numbers,"):
                result = self.f(*arguments)
            if type(result) is np.complex128 or (type(result) is np.ndarray and result.dtype == np.complex128):
                return self._kept_of(result.ravel())
            found = Structure([("out", result)], _complex_reading)
        except OracleUnavailable:
            raise
        except Hang as hang:
            raise OracleUnavailable(str(hang)) from hang
        except NotAnalytic as function:
            raise OracleUnavailable(f"{function} has no derivative for complex numbers") from function
        except Exception as error:
            raise OracleUnavailable(f"{self.name} takes no complex numbers: {type(error).__name__}") from error
        arrays = [leaf.array for leaf in found.leaves if leaf.array is not None]
        real = [str(array.dtype) for array in arrays if array.dtype.kind != "c"]
        if real or not arrays:  # torch discards imaginary parts with one warning a process
            raise OracleUnavailable(f"{self.name} takes no complex numbers: it returns {', '.join(real)} for them")
        return self._kept_of(np.concatenate([array.ravel() for array in arrays]))

    def _kept_of(self, row: Array) -> Array:
        if row.shape != self.kept.shape:
            raise OracleUnavailable(f"{self.name} returns another shape for complex numbers")
        return row[self.kept]

    def place(self, i: int) -> tuple[str, tuple[int, ...], str]:
        """The array of entry i of what is compared, its index there, and "", ".real" or ".imag"."""
        return self.result.place(int(np.flatnonzero(self.kept)[i]))


def _reading(name: str, value: Any) -> Array | None:
    """The numbers of a result that have derivatives: those of floating-point dtypes."""
    if value is None or isinstance(value, str | bytes | bool | np.bool):
        return None
    numbers = numbers_of(value)
    if numbers is None:
        return None
    array, _ = numbers
    if array.dtype.kind == "c":
        return array
    if array.dtype.kind == "f":
        return array
    return array.astype(np.float64) if array.dtype.kind in "iub" else None


def _complex_reading(name: str, value: Any) -> Array | None:
    numbers = numbers_of(value)
    return None if numbers is None else np.asarray(numbers[0])
