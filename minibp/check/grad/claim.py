"""What is claimed of a function's derivatives, as rows or columns of its Jacobian, and how noisy that is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.arguments import Breach, Misuse
from minibp.check.grad.formats import lengths_of
from minibp.check.grad.function import Function, cotangent_of
from minibp.check.grad.parsed import Parsed, matched, parsed, roots_of
from minibp.check.grad.structure import numbers_of
from minibp.check.grad.watch import Hang, call
from minibp.check.rounding.error_array import ErrorArray
from minibp.check.rounding.noise import DEGREE, SAFETY, ULPS, scatter
from minibp.foreign import roundoff, type_of

LAST_DIGITS = 256.0
"""Of the last digits of a claim so many units u are granted, as of an oracle's."""


class Claim:
    """Rows cᵀJ of the Jacobian, by calls of a gradient or a vector-Jacobian product, or of a matrix.

    `call` gives the parsed row of a cotangent (m,) at a point.
    """

    by_columns = False

    def __init__(self, name: str, function: Function) -> None:
        self.name, self.function, self.arguments = name, function, function.arguments
        self.breaches: list[str] = []
        self.notes: list[str] = []
        self.unit: Array = np.broadcast_to(np.float64(2.0**-53), len(self.arguments))
        self.calls = 0
        self.by_name = False
        """True where entries are called by the names of the arguments that they are derivatives by."""
        self.constant = False
        """True of numbers that were computed beforehand: of them no noise is known."""
        self.varies = False
        """True where it differs from call to call, by the order of its sums."""
        self.roundoff = 0.0
        """The unit roundoff of the arithmetic that it is said to compute in; 0 where its dtypes say."""

    @property
    def constant_or_columns(self) -> bool:
        """True where no noise of the claim can be measured by rows."""
        return self.constant or self.by_columns

    @property
    def _coarsest(self) -> float:
        """The coarsest roundoff that results may have."""
        return max(self.function.returned, self.roundoff)

    def keep(self, found: Parsed) -> Array:
        """The row of a parsed result; what is wrong with its form is remembered."""
        self.breaches += [breach for breach in found.breaches if breach not in self.breaches]
        self.notes += [note for note in found.notes if note not in self.notes]
        self.see(found.unit)
        return found.row

    def see(self, unit: Array | float) -> None:
        """Take over the roundoff of what it returns, unless its arithmetic is known."""
        if not self.roundoff and (unit > self.unit).any():
            self.unit = np.maximum(self.unit, unit)

    def compute_in(self, unit: float, roundoff: float) -> None:
        """Grant it last digits of this unit, whatever dtypes it returns."""
        self.unit, self.roundoff = np.broadcast_to(np.float64(unit), np.shape(self.unit)), roundoff

    def _near(self) -> AbstractContextManager[None]:
        """A call of the claim at another point."""
        return call(f"{self.name}, called at a point near x,", of_f=False)

    def row(self, c: Array, flat: Array | None = None) -> Array:
        """cᵀJ at the point, or at another, where it is NaN if there is none."""
        raise NotImplementedError

    def rows(self, cotangents: Array) -> Array:
        """The rows of several cotangents."""
        return np.array([self.row(c) for c in cotangents])

    def derived(self, c: Array, row: Array) -> Array | None:
        """A bound of the rounding error of the row, by arrays that carry it; None where they cannot follow."""
        return None

    def noise(self, c: Array, row: Array, distance: float, degree: int = DEGREE) -> Array:
        """How far the row may be off by its own rounding, as it scatters on two scales.

        `distance` is the larger one, in units of the size of x, and `degree` that of what counts as smooth.
        """
        if self.constant:
            return np.zeros_like(row)
        x, rng = self.arguments.flat, self.function.rng
        size = np.where(self.arguments.movable, np.abs(x), 0)
        finest = ULPS * float(self.unit.max())
        lengths = {finest, max(distance, finest)}
        if self.roundoff:
            lengths = set(lengths_of(self.roundoff))
        found = np.zeros_like(row)
        for length in sorted(lengths):
            seen = scatter(lambda point: self.row(c, point), x, size, length, rng, degree)
            found = found if seen is None else np.fmax(found, seen)
        return SAFETY * found


class GradientClaim(Claim):
    """A gradient of a scalar function, or a vector-Jacobian product: a function, or the gradient itself."""

    def __init__(self, name: str, function: Function, claim: Any, *, takes_cotangent: bool) -> None:
        super().__init__(name, function)
        self.claim = claim
        self.takes_cotangent = self.by_name = takes_cotangent
        self.constant = not callable(claim)
        self.value: float | None = None
        """The value of f that comes with the gradient, if one does."""

    def row(self, c: Array, flat: Array | None = None) -> Array:
        self.calls += 1
        if flat is not None:
            try:
                with self._near():
                    result = self.claim(*self.arguments.at(flat), *self._more(c))
                return self._scaled(self._parsed(result).row, c)
            except Exception:  # noqa: BLE001 -- it is outside of its domain
                return np.full(len(self.arguments), np.nan)
        result = self.claim if self.constant else self.arguments.called(self.name, self.claim, *self._more(c))
        return self._scaled(self.keep(self._parsed(result)), c)

    def row_in_double(self, c: Array) -> Array:
        """cᵀJ at the point as the claim has it of arguments in float64."""
        with call(f"{self.name}, called with float64,", of_f=False):
            result = self.claim(*self.arguments.at(self.arguments.flat, np.float64), *self._more(c))
        return self._scaled(self._parsed(result).row, c)

    def derived(self, c: Array, row: Array) -> Array | None:
        if self.constant or self.roundoff:
            return None
        structure = self.arguments.structure
        leaves = [
            ErrorArray(leaf) if given.array is not None and not given.is_complex else leaf
            for leaf, given in zip(structure.unpacked(self.arguments.flat), structure.leaves, strict=True)
        ]
        try:
            more = (cotangent_of(self.function, c, ErrorArray),) if self.takes_cotangent else ()
            with call(f"{self.name}, called with arrays that carry errors,", of_f=False):
                result = self.claim(*structure.built(leaves), *more)
            result = result[1] if self.value is not None else result
            roots = roots_of(self.name, result, structure, self.arguments.names, self.arguments.several)
            parts = matched(self.name, roots, structure)
            pairs = [
                (None, None) if given.array is None else _with_error(part, given.array)
                for given, (_, part) in zip(structure.leaves, parts, strict=True)
            ]
        except (Exception, Hang):  # noqa: BLE001 -- code that does anything but NumPy raises anything, or has no end
            return None
        values, errors = (structure.row([pair[which] for pair in pairs]) for which in (0, 1))
        same = np.array_equal(self._scaled(values, c), row)  # else the code took another way for these arrays
        return self._scaled(errors, np.abs(c)) if same and np.isfinite(errors).all() else None

    def _scaled(self, row: Array, c: Array) -> Array:
        return row if self.takes_cotangent else row * c[0]

    def _more(self, c: Array) -> tuple[Any, ...]:
        return (self.cotangent(c),) if self.takes_cotangent else ()

    def cotangent(self, c: Array) -> Any:
        """A cotangent, shaped like the result of f."""
        return cotangent_of(self.function, c)

    def _parsed(self, result: Any) -> Parsed:
        """The gradient, or that of a pair of the value of f and its gradient."""
        arguments, names, several = self.arguments, self.arguments.names, self.arguments.several
        pair = isinstance(result, tuple | list) and len(result) == 2 and not self.takes_cotangent
        value = numbers_of(result[0]) if pair else None
        try:
            found = parsed(self.name, result, arguments.structure, names, several, "x", self._coarsest)
        except Breach:
            if value is None or value[0].ndim:
                raise
            found = None
        if value is None or value[0].ndim or (found is not None and several and not found.breaches):
            assert found is not None
            return found
        try:
            second = parsed(f"{self.name}[1]", result[1], arguments.structure, names, several, "x", self._coarsest)
        except Breach:
            if found is None:
                raise
            return found
        if found is not None and second.breaches:
            return found
        self.value = float(value[0].real.item())
        return second


class MatrixClaim(Claim):
    """A Jacobian (*out, *in) as a whole, dense or sparse."""

    def __init__(self, name: str, function: Function, claim: Any) -> None:
        super().__init__(name, function)
        self.claim = claim
        self.constant = not callable(claim)
        self.found: Array | None = None

    def row(self, c: Array, flat: Array | None = None) -> Array:
        if flat is None:
            if self.found is None:
                self.found = self._matrix(None)
            matrix = self.found
        else:
            try:
                matrix = self._matrix(flat)
            except Exception:  # noqa: BLE001 -- it is outside of its domain
                return np.full(len(self.arguments), np.nan)
        moves = c != 0
        row: Array = c[moves] @ matrix[moves]
        return row

    def _matrix(self, flat: Array | None) -> Array:
        self.calls += 1
        arguments, kept = self.arguments, self.function.kept
        if self.constant:
            result = self.claim
        elif flat is None:
            result = arguments.called(self.name, self.claim)
        else:
            with self._near():
                result = self.claim(*arguments.at(flat))
        numbers = numbers_of(result.toarray() if hasattr(result, "toarray") else result)
        if numbers is None:
            raise Breach(f"{self.name} is a {type_of(result)}, expected an array of shape {self._shape()}")
        array, dtype = numbers
        shape = self._shape()
        flat_shape = (len(kept), len(arguments))
        if array.shape not in {shape, flat_shape}:
            several = len(self.function.result.leaves) > 1 or arguments.several
            what = (
                "all results by all arguments, one beside another" if several else "the shapes of the result and of x"
            )
            raise Breach(f"{self.name} has shape {array.shape}, expected {shape}, {what}")
        if array.dtype.kind == "c" or flat_shape[0] * flat_shape[1] != array.size:
            raise Misuse(f"{self.name} is complex, or for complex numbers: expected real ones; check_vjp takes both")
        finest = max(roundoff(leaf.array.dtype.name) for leaf in arguments.structure.leaves if leaf.array is not None)
        if flat is None and roundoff(dtype) > max(finest, self.roundoff):
            own = np.result_type(*(leaf.array for leaf in arguments.structure.leaves if leaf.array is not None))
            breach = f"{self.name} has dtype {dtype}, expected {own}, the dtype of x"
            self.breaches += [breach] if breach not in self.breaches else []
        matrix = array.reshape(flat_shape)
        if flat is None and not np.isfinite(matrix[kept]).all():
            at = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
            self.breaches.append(f"{self.name} is {array[tuple(at)]} at {at}, expected finite numbers")
        self.see(roundoff(dtype))
        return np.asarray(matrix[kept], np.float64)

    def _shape(self) -> tuple[int, ...]:
        out = [leaf.array.shape for leaf in self.function.result.leaves if leaf.array is not None]
        into = [leaf.array.shape for leaf in self.arguments.structure.leaves if leaf.array is not None]
        if len(out) == len(into) == 1:
            return (*out[0], *into[0])
        return len(self.function.kept), len(self.arguments)


class TangentClaim(Claim):
    """Columns Jv of the Jacobian, by calls of a Jacobian-vector product."""

    by_columns = True

    def __init__(self, name: str, function: Function, claim: Callable[..., Any]) -> None:
        super().__init__(name, function)
        self.claim = claim
        self.unit = np.full(len(function), 2.0**-53)

    def column(self, v: Array, flat: Array | None = None) -> Array:
        """Jv (m,) at the point, or at another, where it is NaN if there is none."""
        self.calls += 1
        structure = self.arguments.structure
        tangents = structure.built(
            [
                leaf if given.array is not None else None
                for leaf, given in zip(structure.unpacked(v), structure.leaves, strict=True)
            ]
        )
        tangent = tuple(tangents) if self.arguments.several else tangents[0]
        before = structure.unpacked(v)
        if flat is not None:
            try:
                with self._near():
                    result = self._call(self.arguments.at(flat), tangent)
                return self._parsed(result).row[self.function.kept]
            except Exception:  # noqa: BLE001 -- it is outside of its domain
                return np.full(len(self.function), np.nan)
        result = self.arguments.called(self.name, lambda *x: self._call(list(x), tangent))
        found = self._parsed(result)
        self.breaches += [breach for breach in found.breaches if breach not in self.breaches]
        leaves = [value for _, value in matched("", list(zip(self.arguments.names, tangents, strict=True)), structure)]
        for leaf, own, after in zip(structure.leaves, before, leaves, strict=True):
            if leaf.array is not None and not np.array_equal(own, after, equal_nan=True):
                raise Breach(f"{self.name} changed its tangent in place, expected it to be left as it is")
        self.see(found.unit[self.function.kept])
        return found.row[self.function.kept]

    def _call(self, x: list[Any], tangent: Any) -> Any:
        return self.claim(tuple(x) if self.arguments.several else x[0], tangent)

    def _parsed(self, result: Any) -> Parsed:
        return parsed(self.name, result, self.function.result, ["out"], False, "the result of f", self.roundoff)


def _with_error(part: Any, own: Array) -> tuple[Array, Array]:
    """A part of a claim, and the bound that it carries."""
    if not isinstance(part, ErrorArray) or part.shape != own.shape:
        raise TypeError("a part of the result carries no error, or has another shape")
    return part.value, part.error


def name_of(claim: Any, default: str) -> str:
    """What a claim is called: by its own name, but for one that only repeats that of the function."""
    name = getattr(claim, "__name__", None)
    return str(name) if isinstance(name, str) and not inspect.isclass(claim) else default


__all__ = ["Claim", "GradientClaim", "MatrixClaim", "Misuse", "TangentClaim", "name_of"]
