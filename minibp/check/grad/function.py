"""The function that a claim is about, on rows of real numbers: its value, its noise, and its precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.arguments import Arguments, Breach, Misuse
from minibp.check.grad.own_noise import SMALLEST, Values, own_noise
from minibp.check.grad.precision import precision
from minibp.check.grad.run_to_run import granted, run_to_run
from minibp.check.grad.structure import Structure, numbers_of
from minibp.check.grad.watch import Hang, call
from minibp.check.oracles.continued_array import NotAnalytic, continued
from minibp.check.oracles.estimate import OracleUnavailable
from minibp.check.rounding.noise import SAFETY
from minibp.foreign import roundoff, type_of
from minibp.user_error import description_of

REPEATED, FEWEST, REPEATED_NUMBERS = 32, 2, 2**18
"""Calls near the point that are made again at the end: what is random once in a while, or adds up, shows there. Of
large arguments fewer are, so that not many copies of them are kept."""


class Function:
    """f on rows of numbers.

    f computes in float64 if it can, whatever the dtype of its arguments. Entries of its result that are not finite at
    the point are left out. `at` (m,) is the value there, `unit` (m,) the unit roundoff of what each entry is computed
    in and `noise` (m,) how far it may be off: both as they are seen from the values. `grid`, `size` and `span` are as
    `Precision` has them.
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
        first = self._called_at_x()
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
        self.calls += 1
        try:
            with call(f"{name}, called at x,"):
                computed = Structure([("out", f(*arguments.at(arguments.flat, self.dtype)))], _reading)
        except Exception as error:
            again = "an earlier call at the same x gave a result"
            raise Breach(f"{name} raised {description_of(error)}; {again}") from error
        unit = np.array([self._roundoff_of(leaf) for leaf in computed.leaves for _ in range(leaf.size)])[self.kept]
        self.unit, self.grid, self.size, self.span = precision(Values(self._value, arguments, self.at, rng), unit)
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

    def _called_at_x(self) -> Structure:
        self.calls += 1
        return self._checked(self.arguments.called(self.name, self.f))

    def expect_the_same(self) -> None:
        """Raise `Breach` where f, called again at the point, gives anything else than at first."""
        try:
            again = self._called_at_x().flat
        except Misuse as misuse:
            raise Breach(f"{misuse}; an earlier call at the same x gave a result") from misuse
        if not np.array_equal(self.given, again, equal_nan=True):
            apart = run_to_run(self.given, again, lambda: self._called_at_x().flat, self.returned)
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
            apart, limit = np.abs(after - before), granted(before, self.returned)
            # What the first calls, by chance the same, have not shown the noise has.
            if (apart <= (limit if self.varies.any() else np.minimum(self.noise, limit))).all():
                self.varies[self.kept] = np.fmax(self.varies[self.kept], apart)
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


def cotangent_of(function: Function, c: Array, made: Callable[[Any], Any] | None = None) -> Any:
    """A row of numbers as an array, or a structure of arrays, like the result of f; 0 where f is not finite.

    `made` makes of each array, which is real, what is wanted in its place.
    """
    whole = np.zeros(len(function.kept))
    whole[function.kept] = c
    leaves = function.result.unpacked(whole)
    if made is not None:
        leaves = [
            made(leaf) if given.array is not None and not given.is_complex else leaf
            for leaf, given in zip(leaves, function.result.leaves, strict=True)
        ]
    (built,) = function.result.built(leaves)
    return built


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
