"""How rounding errors go through NumPy's ufuncs: bounds of what comes out, of those of what goes in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import numpy as np

from minibp.arrays import Array
from minibp.check.rounding.arithmetic import LIBRARY_ERROR

MONOTONE = frozenset({
    np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.sqrt, np.cbrt, np.tanh, np.arctan, np.sinh,
    np.arcsinh, np.arcsin, np.arccos, np.arctanh, np.arccosh,
})  # fmt: skip
"""Functions whose error is that at an end of the interval of the argument."""
COMPARING = frozenset({np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal})


LIBRARY = MONOTONE | {
    np.sin, np.cos, np.tan, np.cosh, np.power, np.float_power, np.logaddexp, np.logaddexp2, np.hypot, np.arctan2,
    np.linalg.norm,
}  # fmt: skip
"""What has a slope that takes a function of the library; that of others rounds three times at most, as −x/y²."""
_COUNTS: ContextVar[Counter[str] | None] = ContextVar("_COUNTS", default=None)


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the operations that errors are carried through: "library" functions, and "plain" ones.

    >>> from minibp.check.rounding.error_array import ErrorArray
    >>> with counted() as counts:
    ...     _ = np.exp(ErrorArray(np.ones(3))) + 1
    >>> dict(counts)
    {'library': 1, 'plain': 1}
    """
    counts: Counter[str] = Counter()
    token = _COUNTS.set(counts)
    try:
        yield counts
    finally:
        _COUNTS.reset(token)


def count(function: Any) -> None:
    """Add an operation to those that are counted, if any are."""
    counts = _COUNTS.get()
    if counts is not None:
        counts["library" if function in LIBRARY else "plain"] += 1


class Unfollowed(Exception):
    """A step of a computation that has no rule; the message names it."""


class Carried(Protocol):
    """Numbers, each with a bound of its error."""

    value: Array
    error: Array


def unit(value: Array) -> float:
    """The unit roundoff of an array's dtype."""
    return 2.0**-24 if value.dtype == np.float32 else 2.0**-53


def gamma(n: int, value: Array) -> float:
    """n u / (1 - n u), the relative error of n operations (Higham, §3.1)."""
    nu = n * unit(value)
    return nu / (1 - nu) if nu < 1 else np.inf


def compared(result: Any, a: Carried, b: Carried) -> Any:
    """A comparison, which has to be the same for all numbers within the errors."""
    unsure = a.error + b.error
    if ((np.abs(a.value - b.value) <= unsure) & (unsure > 0)).any():
        raise Unfollowed("a comparison of numbers that are equal within their errors")
    return result


def propagated(ufunc: Any, given: Sequence[Carried], result: Array) -> tuple[Any, float]:
    """How far the errors of the arguments take the result, and the local error in units u of the result."""
    rule = RULES.get(ufunc)
    if rule is None or (ufunc is np.power and given[1].error.any()):
        raise Unfollowed(ufunc.__name__)
    propagated, local = rule
    return propagated(ufunc, given, result), local


def _by_ends(ufunc: Any, given: Sequence[Carried], result: Array) -> Array:
    """Of a monotone function; the ends are rounded themselves, like the result."""
    (a,) = given
    ends = [np.abs(ufunc(end) - result) for end in _ends(a)]
    moved = np.where(a.error > 0, np.maximum(*ends), 0.0)
    return np.where(np.isfinite(moved), moved, np.inf) * (1 + 1e-6)


def _ends(a: Carried) -> tuple[Array, Array]:
    """The ends of the interval of each entry, rounded outwards."""
    wide = a.value.astype(np.float64)
    return np.nextafter(wide - a.error, -np.inf), np.nextafter(wide + a.error, np.inf)


def _unchanged(ufunc: Any, given: Sequence[Carried], result: Array) -> Array:
    return given[0].error


def _larger(ufunc: Any, given: Sequence[Carried], result: Array) -> Array:
    return np.maximum(given[0].error, given[1].error)


def _of_logaddexp(ufunc: Any, given: Sequence[Carried], result: Array) -> Array:
    """As of the larger; where the result is small it is a difference of larger numbers."""
    a, b = given
    lost = LIBRARY_ERROR * unit(result) * np.maximum(np.maximum(np.abs(a.value), np.abs(b.value)), 1.0)
    return np.maximum(a.error, b.error) + lost


def _sum_of_both(ufunc: Any, given: Sequence[Carried], result: Array) -> Array:
    return given[0].error + given[1].error


def _of_product(ufunc: Any, given: Sequence[Carried], result: Array) -> Array:
    a, b = given[0], given[-1]
    return a.error * (np.abs(b.value) + b.error) + np.abs(a.value) * b.error


def _of_quotient(ufunc: Any, given: Sequence[Carried], result: Array) -> Array:
    return divided(given[0].error if len(given) > 1 else np.zeros_like(given[0].error), given[-1], result)


def _of_power(ufunc: Any, given: Sequence[Carried], result: Array) -> Array:
    return powered(given[0], given[1].value, result)


def _of_matmul(ufunc: Any, given: Sequence[Carried], result: Array) -> Array:
    return bilinear(np.matmul, given[0], given[1], given[0].value.shape[-1])


def divided(error: Array, by: Carried, quotient: Array) -> Array:
    """Of a quotient whose numerator is off by `error`."""
    least = np.maximum(np.abs(by.value) - by.error, 0)
    found = (error + np.abs(quotient) * by.error) / least
    return np.where((error == 0) & (by.error == 0), 0.0, np.where(np.isnan(found), np.inf, found))


def powered(a: Carried, exponent: Array, result: Array) -> Array:
    """Of a fixed exponent, by the ends of the interval: powers are monotone on either side of 0."""
    if (np.abs(a.value) <= a.error)[a.error > 0].any():
        raise Unfollowed("a power of a number that may be 0")
    ends = [np.abs(np.power(end, exponent) - result) for end in _ends(a)]
    return np.where(a.error > 0, np.maximum(*ends) * (1 + 1e-6) + 2 * unit(result) * np.abs(result), 0.0)


def bilinear(function: Callable[..., Any], a: Carried, b: Carried, n: int) -> Array:
    """The error of sums of n products."""
    sizes = np.abs(a.value) + a.error, np.abs(b.value) + b.error
    lost = max(gamma(n, a.value), gamma(n, b.value))
    tiny = n * float(np.finfo(np.result_type(a.value, b.value)).tiny)
    found = function(a.error, sizes[1]) + function(np.abs(a.value), b.error) + lost * function(*sizes) + tiny
    return np.asarray(found)


Rule = Callable[[Any, Sequence[Carried], Array], Array]
RULES: dict[Any, tuple[Rule, float]] = {
    **dict.fromkeys(MONOTONE, (_by_ends, LIBRARY_ERROR + 2)),
    **dict.fromkeys((np.sin, np.cos), (_unchanged, LIBRARY_ERROR)),
    **dict.fromkeys((np.negative, np.positive, np.absolute, np.fabs), (_unchanged, 0.0)),
    **dict.fromkeys((np.maximum, np.minimum, np.fmax, np.fmin), (_larger, 0.0)),
    **dict.fromkeys((np.add, np.subtract), (_sum_of_both, 1.0)),
    **dict.fromkeys((np.multiply, np.square), (_of_product, 1.0)),
    **dict.fromkeys((np.divide, np.reciprocal), (_of_quotient, 1.0)),
    np.logaddexp: (_of_logaddexp, LIBRARY_ERROR),
    np.power: (_of_power, LIBRARY_ERROR),
    np.matmul: (_of_matmul, 0.0),
}
"""By ufunc, how errors of the arguments propagate, and the local error in units u of the result."""
