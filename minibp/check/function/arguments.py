"""The arguments of an unknown function as one flat row of numbers, and what its results must be before they count."""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from typing import Any

import numpy as np

from minibp.arrays import Array, InputError, checked_array, is_foreign
from minibp.check.arithmetic import arithmetic_of


class Breach(Exception):
    """A result that cannot be held against anything; the message says what was got and what was expected."""


class Arguments:
    """x, an array or a tuple of arrays of any shapes, float64 or float32, as one row of float64 numbers.

    Raises `InputError` where x is no such thing, is empty, or has entries that are not finite.
    """

    def __init__(self, x: Any) -> None:
        self.several = isinstance(x, tuple)
        given = x if self.several else (x,)
        if not given:
            raise InputError("x is an empty tuple, expected at least one array")
        names = [f"x[{i}]" for i in range(len(given))] if self.several else ["x"]
        self.arrays = tuple(map(_checked, names, given))
        self.tensors = [name.replace("x", "grad", 1) for name in names]
        self.flat: Array = np.concatenate([array.ravel() for array in self.arrays], dtype=np.float64)
        self.starts = np.cumsum([0, *(array.size for array in self.arrays)])
        self.scale = np.concatenate([_scale(array) for array in self.arrays])
        """How large each entry is: |x| or, where that is 0, what is usual in its array."""

    def __len__(self) -> int:
        return len(self.flat)

    def unpacked(self, flat: Array, dtype: Any = None) -> tuple[Array, ...]:
        """A row of numbers as fresh arrays of x's shapes, of `dtype` or, where that is None, of x's dtypes."""
        parts = np.split(flat, self.starts[1:-1])
        return tuple(
            part.reshape(array.shape).astype(dtype or array.dtype)
            for part, array in zip(parts, self.arrays, strict=True)
        )

    def place(self, k: int) -> tuple[str, tuple[int, ...]]:
        """The tensor and the index of entry k of the row."""
        i = int(np.searchsorted(self.starts, k, side="right")) - 1
        index = np.unravel_index(k - int(self.starts[i]), self.arrays[i].shape) if self.arrays[i].shape else ()
        return self.tensors[i], tuple(int(j) for j in index)

    def called(self, name: str, function: Callable[..., Any]) -> Any:
        """What `function` returns at x; a `Breach` where it raises, or changes what it was given."""
        arrays = self.unpacked(self.flat)
        try:
            result = function(*arrays)
        except Exception as error:
            text = f"{type(error).__name__}: {error}".rstrip(": ")
            raise Breach(f"{name} raised {text}, at x = {reprlib.repr(self._shown())}") from error
        for array, own in zip(arrays, self.arrays, strict=True):
            if not np.array_equal(array, own):
                raise Breach(f"{name} changed its argument in place, expected it to be left as it is")
        return result

    def _shown(self) -> Any:
        return tuple(array.tolist() for array in self.arrays) if self.several else self.arrays[0].tolist()

    def gradient(self, name: str, result: Any, also: str | None = None) -> tuple[Array, Array]:
        """A claimed gradient as a row of float64 numbers, and the unit roundoff of each; a `Breach` where it is none.

        Each part has the dtype of its x; `also`, the dtype of what f returns, will do as well.
        """
        parts = result if self.several else (result,)
        if not isinstance(parts, tuple | list):
            raise Breach(f"{name} is a {type(result).__name__}, expected a tuple of {len(self.arrays)} arrays, as x is")
        if len(parts) != len(self.arrays):
            raise Breach(f"{name} has {len(parts)} parts, expected {len(self.arrays)}, as x has")
        found = []
        for tensor, part, own in zip(self.tensors, parts, self.arrays, strict=True):
            label = tensor.replace("grad", name, 1)
            array = _plain(label, part, own)
            if array.shape != own.shape:
                raise Breach(f"{label} has shape {array.shape}, expected {own.shape}, the shape of x")
            if array.dtype.name not in {own.dtype.name, also}:
                raise Breach(f"{label} has dtype {array.dtype}, expected {own.dtype}, the dtype of x")
            if not np.isfinite(array).all():
                at = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
                raise Breach(f"{label} is {array[tuple(at)]} at {at}, expected finite numbers")
            found.append(array)
        row: Array = np.concatenate([array.ravel() for array in found], dtype=np.float64)
        pairs = zip(found, self.arrays, strict=True)
        return row, np.concatenate([np.full(own.size, max(unit(array), unit(own))) for array, own in pairs])


def number(name: str, result: Any) -> tuple[float, str]:
    """The one number that `result` holds, and its dtype; a `Breach` where it is none."""
    try:
        array = np.asarray(result)
    except (TypeError, ValueError):
        array = np.asarray(None)
    if array.size != 1:
        raise Breach(f"{name} returned an array of shape {array.shape}, expected one number")
    if array.dtype.kind not in "fiub":
        what = type(result).__name__ if array.dtype.kind == "O" else f"a number of dtype {array.dtype}"
        raise Breach(f"{name} returned {what}, expected one real number")
    value = float(array.item())
    if not np.isfinite(value):
        raise Breach(f"{name} returned {value}, expected a finite number")
    return value, array.dtype.name


def unit(array: Array) -> float:
    """The unit roundoff of an array's dtype."""
    return arithmetic_of(array.dtype.name).u


def _checked(name: str, value: Any) -> Array:
    try:
        ndim = np.ndim(value)
    except ValueError as error:
        raise InputError(f"{name} is not an array: {error}") from None
    return checked_array(name, np.asarray(value) if is_foreign(value) else value, ndim=ndim)


def _scale(array: Array) -> Array:
    """|x|, but the median of the others where it is 0; 1 where all are."""
    size: Array = np.abs(array.ravel()).astype(np.float64)
    usual = float(np.median(size[size > 0])) if size.any() else 1.0
    return np.where(size > 0, size, usual)


def _plain(label: str, part: Any, own: Array) -> Array:
    """`part` as an array; Python's own numbers have no dtype, so that they take x's."""
    try:
        array = np.asarray(part, own.dtype if type(part) in {int, float} else None)
    except (TypeError, ValueError):
        array = np.asarray(None)
    if array.dtype.kind == "O":
        raise Breach(f"{label} is a {type(part).__name__}, expected an array of shape {own.shape}")
    return array
