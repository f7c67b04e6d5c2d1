"""The point x of a check: an array, a number, or a tuple of them, as read-only float arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array, InputError, checked_array
from minibp.check.grad.foreign import is_jax, is_of_another_library, reject_other_libraries, type_of

EXPECTED = "expected an array, a number, or a tuple of them"
DEEPEST = 64
"""NumPy's arrays have no more dimensions."""


class Point(NamedTuple):
    """x, ready to be differentiated at."""

    several: bool
    """Whether x is a tuple, whose entries are arguments of their own."""
    arrays: tuple[Array, ...]
    integers: tuple[bool, ...]
    """Which of them were given as integers."""
    notes: tuple[str, ...]
    """How what was given differs from what f and grad get."""

    @property
    def names(self) -> list[str]:
        """x, or x[0], x[1], … of a tuple."""
        return names(len(self.arrays)) if self.several else ["x"]


def names(count: int) -> list[str]:
    """The names of the entries of a tuple x."""
    return [f"x[{i}]" for i in range(count)]


def checked_point(x: Any) -> Point:
    """x as a `Point`; one `InputError` where it, or an entry of the tuple, cannot be used.

    Integers become float64. Lists and nested lists of numbers are arrays; a list of arrays is not, since it could
    mean a tuple as well as a stack.
    """
    several = isinstance(x, tuple)
    given = x if several else (x,)
    if not given:
        raise InputError("x is an empty tuple, expected at least one array")
    labels = names(len(given)) if several else ["x"]
    pairs = list(zip(labels, map(_as_array, labels, given), strict=True))
    integers = tuple(array.dtype.kind in "iu" for _, array in pairs)
    arrays = tuple(
        checked_array(name, _as_float(name, array) if array.dtype.kind in "iu" else array, ndim=array.ndim)
        for name, array in pairs
    )
    notes = [f"{name} has integers, taken as float64" for name, whole in zip(labels, integers, strict=True) if whole]
    notes += [
        f"{name} is an array of JAX; f and grad get NumPy arrays"
        for name, value in zip(labels, given, strict=True)
        if is_jax(value)
    ]
    return Point(several, arrays, integers, tuple(notes))


def _as_array(name: str, value: Any) -> Array:
    """What `np.asarray` makes of a value that means one array."""
    reject_other_libraries(name, value)
    if isinstance(value, np.ndarray):
        return value  # a masked array is still to be seen as one
    if isinstance(value, Mapping):
        raise InputError(f"{name} is a {type_of(value)}, {EXPECTED}: its values, as a tuple, are arguments of f")
    if isinstance(value, list | tuple):
        _check_sequence(name, value, value, 1)
    try:
        array = np.asarray(value)
    except Exception as error:
        raise InputError(_unreadable(name, value)) from error
    if array.dtype.kind in "OSU":
        raise InputError(_unreadable(name, value))
    return array


def _unreadable(name: str, value: Any) -> str:
    if isinstance(value, int):
        return f"{name} is an integer too large for float64"
    if isinstance(value, list | tuple):
        return f"{name} is a {type_of(value)} with an integer too large for float64"
    return f"{name} is a {type_of(value)}, {EXPECTED}"


def _check_sequence(name: str, whole: Any, part: Any, depth: int) -> None:
    """Raise `InputError` where a list, at any depth, has entries that are neither numbers nor lists of one length."""
    if depth > DEEPEST:
        raise InputError(f"{name} is nested more than {DEEPEST} deep, {EXPECTED}")
    lengths = {len(entry) if isinstance(entry, list | tuple) else -1 for entry in part}
    for entry in part:
        if isinstance(entry, list | tuple):
            _check_sequence(name, whole, entry, depth + 1)
        elif isinstance(entry, bool | np.bool):
            raise InputError(f"{name} is a {type_of(whole)} with the boolean {entry}, expected numbers")
        elif is_of_another_library(entry) or (hasattr(type(entry), "__array__") and not isinstance(entry, np.generic)):
            raise InputError(_of_arrays(name, whole, entry))
        elif not isinstance(entry, int | float | complex | np.number):
            raise InputError(f"{name} is a {type_of(whole)} with an entry that is a {type_of(entry)}, {EXPECTED}")
    if len(lengths) > 1:
        raise InputError(f"{name} is a {type_of(whole)} of rows of different lengths, {EXPECTED}")


def _of_arrays(name: str, whole: Any, entry: Any) -> str:
    """What to say of a list of arrays."""
    kind = "arrays" if isinstance(entry, np.ndarray) else f"{type_of(entry)}s"
    if name != "x":
        return f"{name} is a {type_of(whole)} of {kind}, expected one NumPy array in each place of the tuple x"
    meant = "(a,)" if len(whole) == 1 else "(a, b)" if len(whole) == 2 else "(a, b, ...)"
    return (
        f"{name} is a {type_of(whole)} of {kind}, expected a tuple of NumPy arrays, {meant}: each is an argument of f"
    )


def _as_float(name: str, array: Array) -> Array:
    """Integers as float64, which has to hold each of them exactly."""
    if isinstance(array, np.ma.MaskedArray):
        return array
    converted: Array = array.astype(np.float64)
    # All below 2^53 in size are held; what 2^53 + 1 becomes is 2^53.
    for k in np.flatnonzero(np.abs(converted) >= 2.0**53):
        if int(array.flat[k]) != int(converted.flat[k]):
            raise InputError(f"{name} has the integer {array.flat[k]}, which float64 cannot hold exactly")
    return converted
