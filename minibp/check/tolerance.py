"""The one comparison of numbers, |g − ĝ| ≤ bound + radius: the rounding error of g, and the error of ĝ itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from minibp.arrays import Array


def within(got: ArrayLike, expected: ArrayLike, bound: ArrayLike, radius: ArrayLike = 0.0) -> Array:
    """Entry by entry, |g − ĝ| ≤ bound + radius: g is ĝ within rounding error.

    Parameters
    ----------
    got : array_like
        g, the numbers that are checked; real.
    expected : array_like
        ĝ, the numbers of an oracle, of a shape that broadcasts with that of `got`.
    bound : array_like
        Largest rounding error of an honest computation of g, at least 0; see `minibp.check.rounding.bound`.
    radius : array_like, optional
        Largest error of ĝ itself, at least 0; that of an exact ĝ is 0, the default.

    Returns
    -------
    ndarray of bool
        Of the shape that the arguments broadcast to. True where bound + radius is not finite, whatever g is: such
        an entry is unresolved, and contradicts nothing. False elsewhere where g or ĝ is NaN.

    Examples
    --------
    >>> within([1.0, 1.1, np.nan], 1.0, 1e-15).tolist()
    [True, False, False]
    >>> within(0.5, 1.0, 1e-15, radius=np.inf).item()
    True
    """
    error, tolerance = _error_and_tolerance(got, expected, bound, radius)
    return (error <= tolerance) | ~np.isfinite(tolerance)


def error_ratio(got: ArrayLike, expected: ArrayLike, bound: ArrayLike, radius: ArrayLike = 0.0) -> Array:
    """|g − ĝ| / (bound + radius), at most 1 where `within` is true: infinite for NaN, and 0 for an unresolved entry."""
    error, tolerance = _error_and_tolerance(got, expected, bound, radius)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(error == 0, 0.0, error / tolerance)
    ratio = np.where(np.isnan(ratio), np.inf, ratio)
    return np.where(np.isfinite(tolerance), ratio, 0.0)


def _error_and_tolerance(
    got: ArrayLike, expected: ArrayLike, bound: ArrayLike, radius: ArrayLike
) -> tuple[Array, Array]:
    got, expected = np.asarray(got), np.asarray(expected)
    with np.errstate(invalid="ignore", over="ignore"):
        error: Array = np.abs(np.subtract(got, expected, dtype=np.result_type(got, expected, np.float64)))
        return error, np.add(bound, radius)
