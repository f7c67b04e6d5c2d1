"""Arrays that carry a bound of their rounding error through a user's NumPy code.

An `ErrorArray` takes part in ufuncs and in functions of NumPy: what is computed is what NumPy computes, and beside it
grows a bound of the error of each entry (a running error bound: Higham, Accuracy and Stability of Numerical
Algorithms, 2nd ed., §3.3). Whatever it cannot follow raises `Unfollowed`: a function without a rule here, a comparison
that rounding may turn around, the use of an entry as an index.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from minibp.arrays import Array
from minibp.check.rounding.error_rules import COMPARING, Unfollowed, bilinear, compared, count, gamma, propagated, unit

MOVING: frozenset[Callable[..., Any]] = frozenset({
    np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis, np.squeeze, np.expand_dims, np.broadcast_to, np.copy,
    np.flip, np.roll, np.diagonal, np.diag, np.triu, np.tril, np.repeat, np.tile, np.take, np.atleast_1d,
    np.atleast_2d, np.rollaxis, np.real, np.split, np.array_split, np.take_along_axis,
})  # fmt: skip
"""Functions that move entries about."""
JOINING: frozenset[Callable[..., Any]] = frozenset({np.concatenate, np.stack, np.vstack, np.hstack, np.column_stack})


class ErrorArray(NDArrayOperatorsMixin):
    """`value` as NumPy computes it, and `error`, a bound of how far each entry is from what exact numbers give.

    >>> third = ErrorArray(np.array([1.0])) / 3.0
    >>> bool(0 < third.error[0] < 1e-15)
    True
    """

    __array_priority__ = 1000.0

    def __init__(self, value: Any, error: Any = 0.0) -> None:
        self.value = np.asarray(value)
        if self.value.dtype not in {np.dtype(np.float64), np.dtype(np.float32)} and np.any(error):
            raise Unfollowed(f"arrays of dtype {self.value.dtype}")
        own = np.asarray(error, np.float64)
        # Of a view of the value the error is a view too, so that both are written to together.
        self.error = own if own.shape == self.value.shape else np.broadcast_to(own, self.value.shape).copy()

    # -- as an array

    @property
    def shape(self) -> tuple[int, ...]:
        """As of the value."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """As of the value."""
        return self.value.ndim

    @property
    def size(self) -> int:
        """As of the value."""
        return self.value.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """As of the value."""
        return self.value.dtype

    @property
    def T(self) -> ErrorArray:  # noqa: N802 (as NumPy's)
        """Axes in the opposite order."""
        return ErrorArray(self.value.T, self.error.T)

    @property
    def real(self) -> ErrorArray:
        """The array, which is real."""
        return self

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> ErrorArray:
        return ErrorArray(self.value[index], self.error[index])

    def __setitem__(self, index: Any, new: Any) -> None:
        new = _lifted(new)
        self.value[index] = new.value
        self.error[index] = new.error + _narrowing(new.value, self.value)

    def __array__(self, *args: Any, **options: Any) -> Array:
        raise Unfollowed("conversion to a plain array")

    def __float__(self) -> float:
        raise Unfollowed("conversion to a number")

    def __bool__(self) -> bool:
        raise Unfollowed("the truth of a number")

    __int__ = __index__ = __complex__ = __float__

    def astype(self, dtype: Any, **_: Any) -> ErrorArray:
        """In another precision."""
        if np.dtype(dtype) not in {np.dtype(np.float64), np.dtype(np.float32)}:
            raise Unfollowed(f"conversion to {np.dtype(dtype)}")
        value = self.value.astype(dtype)
        return ErrorArray(value, self.error + _narrowing(self.value, value))

    def copy(self, *_: Any, **__: Any) -> ErrorArray:
        """Another array with the same numbers."""
        return ErrorArray(self.value.copy(), self.error.copy())

    def reshape(self, *shape: Any, **options: Any) -> ErrorArray:
        """In another shape."""
        return ErrorArray(self.value.reshape(*shape, **options), self.error.reshape(*shape, **options))

    def transpose(self, *axes: Any) -> ErrorArray:
        """With axes in another order."""
        return ErrorArray(self.value.transpose(*axes), self.error.transpose(*axes))

    def ravel(self, order: str = "C") -> ErrorArray:
        """In one row."""
        return ErrorArray(self.value.ravel(order), self.error.ravel(order))  # type: ignore[arg-type]

    def flatten(self, order: str = "C") -> ErrorArray:
        """In one row of its own."""
        return self.ravel(order).copy()

    def swapaxes(self, a: int, b: int) -> ErrorArray:
        """With two axes swapped."""
        return ErrorArray(self.value.swapaxes(a, b), self.error.swapaxes(a, b))

    def squeeze(self, axis: Any = None) -> ErrorArray:
        """Without axes of length 1."""
        return ErrorArray(self.value.squeeze(axis), self.error.squeeze(axis))

    def sum(
        self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, **more: Any
    ) -> ErrorArray:
        """A sum in any order."""
        _no_more(dtype, out, *more.values())
        total = self.value.sum(axis, keepdims=keepdims)
        n = self.size // max(np.size(total), 1)
        sizes = (np.abs(self.value) + self.error).sum(axis, keepdims=keepdims)
        return ErrorArray(total, self.error.sum(axis, keepdims=keepdims) + gamma(n, self.value) * sizes)

    def mean(
        self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, **more: Any
    ) -> ErrorArray:
        """A mean."""
        _no_more(dtype, out, *more.values())
        mean = self.value.mean(axis, keepdims=keepdims)
        n = self.size // max(np.size(mean), 1)
        total = self.sum(axis, keepdims=keepdims)
        return ErrorArray(mean, total.error / n + 2 * unit(self.value) * np.abs(mean))

    def max(self, axis: Any = None, out: Any = None, keepdims: bool = False, **more: Any) -> ErrorArray:
        """The largest, which moves by no more than one of the entries does."""
        _no_more(out, *more.values())
        return ErrorArray(self.value.max(axis, keepdims=keepdims), self.error.max(axis, keepdims=keepdims))

    def min(self, axis: Any = None, out: Any = None, keepdims: bool = False, **more: Any) -> ErrorArray:
        """The least, likewise."""
        _no_more(out, *more.values())
        return ErrorArray(self.value.min(axis, keepdims=keepdims), self.error.max(axis, keepdims=keepdims))

    def clip(self, *bounds: Any, **named: Any) -> ErrorArray:
        """Between two exact bounds."""
        bounds += tuple(named.pop(name) for name in ("a_min", "a_max") if name in named)
        if any(isinstance(bound, ErrorArray) for bound in (*bounds, *named.values())) or "out" in named:
            raise Unfollowed("clip between bounds with an error")
        return ErrorArray(self.value.clip(*bounds, **named), self.error.copy())

    def dot(self, other: Any) -> ErrorArray:
        """As `np.dot`."""
        return _product(np.dot, self, other)

    # -- in NumPy's functions

    def __array_ufunc__(self, ufunc: Any, method: str, *given: Any, **options: Any) -> Any:
        count(ufunc)
        out = options.pop("out", None)
        if method == "reduce" and ufunc is np.add and not options.keys() - {"axis", "keepdims"} and out is None:
            return given[0].sum(**{"axis": 0, **options})
        if method != "__call__" or options.keys() - {"where"} or options.get("where", True) is not True:
            raise Unfollowed(f"{ufunc.__name__}.{method}")
        found = _of_ufunc(ufunc, [_lifted(one, given) for one in given])
        if out is not None:
            target = out[0]
            if not isinstance(target, ErrorArray):
                raise Unfollowed("a result written into a plain array")
            target[...] = found
            return target
        return found

    def __array_function__(self, function: Any, types: Any, given: Any, options: Any) -> Any:
        count(function)
        return _of_function(function, given, options)


def _no_more(*options: Any) -> None:
    """Raise `Unfollowed` where an option of NumPy's is given that there is no rule for."""
    if any(option is not None for option in options):
        raise Unfollowed("an option of a sum, a mean or a maximum")


def _lifted(value: Any, beside: Any = ()) -> ErrorArray:
    """An array that is exact, as an array that carries its error.

    Python's own numbers take the precision of the arrays beside them, as NumPy has it, and are rounded to it.
    """
    if isinstance(value, ErrorArray):
        return value
    if type(value) in {int, float, bool}:
        arrays = [np.asarray(getattr(one, "value", one)) for one in beside if type(one) not in {int, float, bool}]
        if arrays and all(array.dtype == np.float32 for array in arrays):
            narrow = np.float32(value)
            return ErrorArray(narrow, abs(float(narrow) - value))
    if np.asarray(value).dtype.kind == "c":
        raise Unfollowed("complex numbers")
    return ErrorArray(value)


def _narrowing(wide: Array, narrow: Array) -> Any:
    """What numbers lose that are stored in a narrower format."""
    if unit(narrow) <= unit(wide):
        return 0.0
    return unit(narrow) * np.abs(wide) + float(np.finfo(narrow.dtype).tiny)


def _of_ufunc(ufunc: Any, given: list[ErrorArray]) -> Any:
    """The result of a ufunc, by the rule of its kind."""
    values = [one.value for one in given]
    with np.errstate(all="ignore"):
        result = ufunc(*values)
        if ufunc in COMPARING:
            return compared(result, *given)
        if ufunc is np.sign:
            compared(values[0] > 0, given[0], _lifted(0.0))
            return result
        error, local = propagated(ufunc, given, result)
    tiny = float(np.finfo(result.dtype).tiny) if local else 0.0
    return ErrorArray(result, error + local * unit(result) * np.abs(result) + tiny)


def _product(function: Callable[..., Any], a: Any, b: Any, *more: Any, terms: int | None = None) -> ErrorArray:
    """Sums of products; of how many is seen from the sizes, where each index that is summed over is one of both."""
    a, b = _lifted(a, (a, b)), _lifted(b, (a, b))
    value = function(a.value, b.value, *more)
    n = terms or max(round(math.sqrt(a.size * b.size / max(np.size(value), 1))), 1)
    return ErrorArray(value, bilinear(lambda x, y: function(x, y, *more), a, b, n))


def _of_function(function: Any, given: Any, options: Any) -> Any:
    """The result of one of NumPy's functions, by the rule of its kind."""
    if function in BY_METHOD:
        if options.keys() - {"axis", "keepdims", "dtype", "out"} and function is not np.clip:
            raise Unfollowed(function.__name__)
        return getattr(_lifted(given[0]), BY_METHOD[function])(*given[1:], **options)
    if function in MOVING:
        return _moved(function, given, options)
    if function in JOINING:
        if options.keys() - {"axis"}:
            raise Unfollowed(function.__name__)
        parts = [_lifted(part, given[0]) for part in given[0]]
        values, errors = ([getattr(part, name) for part in parts] for name in ("value", "error"))
        return ErrorArray(function(values, *given[1:], **options), function(errors, *given[1:], **options))
    if function in {np.dot, np.outer, np.inner, np.tensordot} and not options.keys() - {"axes"}:
        return _product(partial(function, **options), *given)
    other = OTHERS.get(function)
    if other is None:
        raise Unfollowed(getattr(function, "__name__", str(function)))
    return other(*given, **options)


def _moved(function: Any, given: Any, options: Any) -> Any:
    value, error = (function(part, *given[1:], **options) for part in (given[0].value, given[0].error))
    if isinstance(value, list):
        return [ErrorArray(*pair) for pair in zip(value, error, strict=True)]
    return ErrorArray(value, error)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002 (as NumPy's)
    if ord is not None:
        raise Unfollowed("norms of an order")
    x = _lifted(x)
    found = _of_ufunc(np.sqrt, [np.square(x).sum(axis, keepdims=keepdims)])
    value = np.linalg.norm(x.value, axis=axis, keepdims=keepdims)  # which may sum in another way
    return ErrorArray(value, found.error + np.abs(found.value - value))


def _where(condition: Any, a: Any, b: Any) -> ErrorArray:
    if isinstance(condition, ErrorArray):
        raise Unfollowed("a condition with an error")
    a, b = _lifted(a, (a, b)), _lifted(b, (a, b))
    return ErrorArray(np.where(condition, a.value, b.value), np.where(condition, a.error, b.error))


def _put_along_axis(target: Any, indices: Any, values: Any, axis: int) -> None:
    if not isinstance(target, ErrorArray):
        raise Unfollowed("writing into a plain array")
    new = _lifted(values)
    at = np.shape(indices)
    np.put_along_axis(target.value, indices, np.broadcast_to(new.value, at), axis)
    error = new.error + _narrowing(new.value, target.value)
    np.put_along_axis(target.error, indices, np.broadcast_to(error, at), axis)


def _einsum(subscripts: Any, a: Any, b: Any) -> ErrorArray:
    given, _, kept = subscripts.replace(" ", "").partition("->")
    left, right = given.split(",")
    if "." in subscripts or not _:
        raise Unfollowed("einsum without an explicit result")
    shapes = dict(zip(left, _lifted(a).shape, strict=True)) | dict(zip(right, _lifted(b).shape, strict=True))
    terms = math.prod(length for index, length in shapes.items() if index not in kept)
    return _product(lambda x, y: np.einsum(subscripts, x, y), a, b, terms=terms)


BY_METHOD: dict[Any, str] = {
    np.sum: "sum", np.mean: "mean", np.max: "max", np.min: "min", np.amax: "max", np.amin: "min", np.clip: "clip",
}  # fmt: skip
OTHERS: dict[Any, Callable[..., Any]] = {
    np.linalg.norm: _norm,
    np.where: _where,
    np.einsum: _einsum,
    np.put_along_axis: _put_along_axis,
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
    np.size: lambda x: x.size,
    **{
        like: lambda x, *more, _like=like, **options: ErrorArray(_like(x.value, *more, **options))
        for like in (np.zeros_like, np.ones_like, np.empty_like, np.full_like)
    },
}
"""What has a rule of its own."""
