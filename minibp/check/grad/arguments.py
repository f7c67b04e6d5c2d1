"""The arguments of an unknown function as one flat row of numbers, and what its results must be before they count."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minibp.arrays import Array, InputError
from minibp.check.grad.foreign import HALF, Unreadable, as_numpy, numpy_hint, roundoff, type_of
from minibp.check.grad.point import checked_point
from minibp.user_error import description_of, place_of


class Breach(Exception):
    """A result that cannot be compared with anything; the message says what was got and what was expected."""


class Misuse(Breach):
    """A function that cannot be checked at all at x: it raises there, or what it returns is not of the right kind."""


@contextmanager
def later_call() -> Iterator[None]:
    """Within, a function that could be called at x before is: what would be a `Misuse` is a `Breach` of its own."""
    try:
        yield
    except Misuse as misuse:
        raise Breach(f"{misuse}; an earlier call at the same x gave a result") from misuse


class Arguments:
    """x, an array or a tuple of arrays of any shapes, float64 or float32, as one row of float64 numbers.

    Raises `InputError` where x is no such thing, is empty, or has entries that are not finite.
    """

    def __init__(self, x: Any) -> None:
        self.several, self.arrays, self.integers, self.notes = point = checked_point(x)
        self.tensors = [name.replace("x", "grad", 1) for name in point.names]
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
        """What `function` returns at x; a `Misuse` where it raises, a `Breach` where it modifies what it was given."""
        arrays = self.unpacked(self.flat)
        try:
            result = function(*arrays)
        except Exception as error:
            place = place_of(error)
            raise Misuse(
                f"{name} raised {description_of(error)}, at x = {reprlib.repr(self._shown())}"
                f"{f' ({place})' if place else ''}{numpy_hint(error)}"
            ) from error
        for array, own in zip(arrays, self.arrays, strict=True):
            if not np.array_equal(array, own):
                raise Breach(f"{name} changed its argument in place, expected it to be left as it is")
        return result

    def _shown(self) -> Any:
        return tuple(array.tolist() for array in self.arrays) if self.several else self.arrays[0].tolist()

    def gradient(self, name: str, result: Any, also: str | None = None) -> tuple[Array, Array]:
        """A claimed gradient as a row of float64 numbers, and the unit roundoff of each; a `Breach` where it is none.

        Each part has the dtype of its x; `also`, the dtype of what f returns, will do as well. Where that is a half
        precision, the gradient is taken as computed in it.
        """
        parts = result if self.several else (result,)
        if not isinstance(parts, tuple | list):
            raise Breach(f"{name} is a {type_of(result)}, expected a tuple of {len(self.arrays)} arrays, as x is")
        if len(parts) != len(self.arrays):
            raise Breach(f"{name} has {len(parts)} parts, expected {len(self.arrays)}, as x has")
        found, units = [], []
        for tensor, part, own in zip(self.tensors, parts, self.arrays, strict=True):
            label = tensor.replace("grad", name, 1)
            array, dtype = _plain(label, part, own)
            if array.shape != own.shape:
                raise Breach(f"{label} has shape {array.shape}, expected {own.shape}, the shape of x")
            if dtype not in {own.dtype.name, also}:
                raise Breach(f"{label} has dtype {dtype}, expected {own.dtype}, the dtype of x")
            if not np.isfinite(array).all():
                at = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
                raise Breach(f"{label} is {array[tuple(at)]} at {at}, expected finite numbers")
            found.append(array)
            units.append(np.full(own.size, max(map(roundoff, {dtype, own.dtype.name, *(HALF & {also})}))))
        row: Array = np.concatenate([array.ravel() for array in found], dtype=np.float64)
        return row, np.concatenate(units)

    def checked_claim(self, grad: Any) -> Any:
        """`grad`, a function or the gradient itself; `InputError` where it is neither a function nor numbers.

        Lists have no dtype, so that they take x's; integers count as float64 where x has integers. Whether it has the
        shape of x is no matter here.
        """
        if callable(grad):
            return grad
        parts = grad if self.several else (grad,)
        if not isinstance(parts, tuple | list) or len(parts) != len(self.arrays):
            return self._checked_part("grad", grad)
        claims = tuple(self._checked_part(self.tensors[i], part, i) for i, part in enumerate(parts))
        return claims if self.several else claims[0]

    def _checked_part(self, label: str, part: Any, i: int | None = None) -> Any:
        """The claimed gradient of the i-th array, or all of it where it has another structure."""
        cause: Exception | None = None
        try:
            array, _ = as_numpy(part)
        except Unreadable as error:
            array, cause = np.asarray(None), error
        if array.dtype.kind not in "fiubc":
            shapes = [array.shape for array in self.arrays]
            expected = f"a tuple of arrays of shapes {shapes}" if self.several else f"an array of shape {shapes[0]}"
            got = f"has dtype {part.dtype}" if isinstance(part, np.ndarray) else f"is a {type_of(part)}"
            raise InputError(f"{label} {got}, expected a function or {expected}") from cause
        if i is not None and array.dtype.kind in "iuf" and isinstance(part, list | tuple):
            return array.astype(self.arrays[i].dtype)
        return array.astype(np.float64) if i is not None and self.integers[i] and array.dtype.kind in "iu" else part


def number(name: str, result: Any) -> tuple[float, str]:
    """The one number that `result` holds, and its dtype; a `Misuse` if it is none, a `Breach` if it is not finite."""
    try:
        array, dtype = as_numpy(result)
    except Unreadable as error:
        raise Misuse(f"{name} returned {error}, expected one real number") from error
    if array.dtype.kind not in "fiub":
        what = f"numbers of dtype {dtype}" if array.dtype.kind == "c" else f"a {type_of(result)}"
        raise Misuse(f"{name} returned {what}, expected one real number")
    if array.size != 1:
        raise Misuse(f"{name} returned an array of shape {array.shape}, expected one number")
    value = float(array.item())
    if not np.isfinite(value):
        raise Breach(f"{name} returned {value}, expected a finite number")
    return value, dtype


def _scale(array: Array) -> Array:
    """|x|, but the median of the others where it is 0; 1 where all are."""
    size: Array = np.abs(array.ravel()).astype(np.float64)
    usual = float(np.median(size[size > 0])) if size.any() else 1.0
    return np.where(size > 0, size, usual)


def _plain(label: str, part: Any, own: Array) -> tuple[Array, str]:
    """`part` as an array, and its dtype; Python's own numbers have no dtype, so that they take x's."""
    try:
        array, dtype = as_numpy(own.dtype.type(part) if type(part) in {int, float} else part)
    except Unreadable as error:
        raise Breach(f"{label} is {error}, expected an array of shape {own.shape}") from error
    if array.dtype.kind not in "fiubc":
        raise Breach(f"{label} is a {type_of(part)}, expected an array of shape {own.shape}")
    return array, dtype
