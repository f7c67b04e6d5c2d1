"""Arrays and counts as the package takes them, and the checks before any arithmetic starts."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

# NumPy's in most places; `batched` also takes JAX's, with which they have no type in common.
Array = NDArray[Any]

FLOAT_DTYPES = ("float32", "float64")
_NAMES: dict[np.dtype[Any], str] = {np.dtype(name): name for name in FLOAT_DTYPES}  # a dtype takes long to name itself

PART_BYTES = 1 << 20
"""Of an array that is looked through in parts: a file that is mapped into memory may be larger than memory."""


class InputError(ValueError):
    """Input that cannot be used; the message says what was got and what was expected.

    A `ValueError`. Commands show it as one sentence and end with status 2.

    Examples
    --------
    >>> import minibp
    >>> minibp.Network.random([3])
    Traceback (most recent call last):
        ...
    minibp.arrays.InputError: sizes is [3], expected an input layer and at least one more
    """


def is_foreign(value: object) -> bool:
    """True for an array of another library (JAX, say), which is then left as it is."""
    return hasattr(value, "__array_namespace__") and not isinstance(value, np.ndarray)


def checked_dtype(name: str, dtype: object) -> str:
    """`dtype` as "float32" or "float64"; any other is an `InputError` that names it."""
    if isinstance(dtype, np.dtype) and dtype in _NAMES:
        return _NAMES[dtype]
    try:
        kind = np.dtype(dtype).name  # type: ignore[call-overload]
    except TypeError:
        kind = str(dtype)
    if kind not in FLOAT_DTYPES:
        raise InputError(f"{name} has dtype {kind}, expected float64 or float32")
    return str(kind)


def checked_vector(name: str, value: object) -> Array:
    """A point or a vector of any shape, as `checked_array` has it; integers are taken as float64.

    >>> checked_vector("start", [3, 4])
    array([3., 4.])
    """
    if not is_foreign(value) and not isinstance(value, np.ma.MaskedArray):
        with suppress(ValueError):  # lists of several lengths, which are rejected below
            array = np.asarray(value)
            value = array.astype(np.float64) if array.dtype.kind in "iu" else array
    return checked_array(name, value)


def checked_array(
    name: str, value: object, *, ndim: int | None = None, dtype: str | None = None, copy: bool = True
) -> Array:
    """`value` as a float array of `ndim` dimensions: a read-only copy, finite, and of `dtype` where one is given.

    NumPy's are converted where they are of the other precision. Without `copy`, one that is fit as it stands in
    memory is not copied: what is returned is then a read-only view. A foreign array is immutable already, and may be
    traced: its shape and dtype are checked, its values are not.
    """
    if is_foreign(value):
        array: Array = value  # type: ignore[assignment]
        kind = checked_dtype(name, array.dtype)
        if dtype is not None and kind != dtype:
            raise InputError(f"{name} has dtype {kind}, expected {dtype}, the dtype of the parameters")
    else:
        if isinstance(value, np.ma.MaskedArray):
            raise InputError(f"{name} is a masked array, expected every entry to count")
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise InputError(f"{name} is not an array: {error}") from None
        kind = checked_dtype(name, array.dtype)
        _check_finite(name, array)
        if dtype is not None and kind != dtype:
            with np.errstate(over="ignore"):
                converted = array.astype(dtype)
            if not all(np.isfinite(part).all() for _, part in in_parts(converted)):
                raise InputError(f"{name} has values too large for {dtype}, the dtype of the parameters")
            array = converted
        made = np.array(array, array.dtype.newbyteorder("="), copy=copy or None, order="C")
        array = read_only(made if copy else made.view())
    if ndim is not None and array.ndim != ndim:
        raise InputError(f"{name} has shape {tuple(array.shape)}, expected {ndim} dimension{'s' if ndim != 1 else ''}")
    if 0 in array.shape:
        raise InputError(f"{name} has shape {tuple(array.shape)}, expected at least one entry along every dimension")
    return array


def _check_finite(name: str, array: Array) -> None:
    if array.nbytes <= PART_BYTES and np.isfinite(array).all():
        return
    for start, part in in_parts(array):
        if not np.isfinite(part).all():
            first, *others = (int(i) for i in np.argwhere(~np.isfinite(np.atleast_1d(part)))[0])
            where = [start + first, *others] if array.ndim else []
            raise InputError(f"{name} has the value {array[tuple(where)]} at {where}, expected finite numbers")


def in_parts(array: Array, part_bytes: int = PART_BYTES) -> Iterator[tuple[int, Array]]:
    """Some rows of an array at a time, with the number of the first: what is made of them takes little memory.

    >>> [(start, part.tolist()) for start, part in in_parts(np.arange(3.0), 16)]
    [(0, [0.0, 1.0]), (2, [2.0])]
    """
    if array.nbytes <= part_bytes:
        yield 0, array
        return
    rows = max(1, part_bytes * len(array) // array.nbytes)
    for start in range(0, len(array), rows):
        yield start, array[start : start + rows]


def checked_count(name: str, value: object, *, least: int = 1) -> int:
    """`value` as an int of at least `least`. True and False are no counts."""
    try:
        count = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        count = None
    if count is None:
        raise InputError(f"{name} is {value!r}, expected a whole number")
    if count < least:
        raise InputError(f"{name} is {count}, expected at least {least}")
    return count


def read_only(array: Array) -> Array:
    """The same array, which can no longer be written to; foreign arrays are returned as they are."""
    if isinstance(array, np.ndarray):
        array.flags.writeable = False
    return array


def namespace(array: object) -> Any:
    """The functions for `array`: NumPy's, also for a plain number, or `jax.numpy`."""
    return array.__array_namespace__() if hasattr(array, "__array_namespace__") else np


def is_complex(array: Any) -> bool:
    """True for an array of complex numbers, whichever library it is of.

    >>> is_complex(np.ones(1)), is_complex(np.ones(1) + 1j)
    (False, True)
    """
    return (
        bool(namespace(array).isdtype(array.dtype, "complex floating")) if is_foreign(array) else np.iscomplexobj(array)
    )
