"""Bounds of the rounding of functions of the user's own: activations and costs whose formulas are not known.

Where their NumPy code can be followed, an `ErrorArray` goes through it: a running error bound of what they compute,
the digits that a difference of large terms loses included. Elsewhere the error is an estimate, from how values scatter
between points close together and from how much they vary over the size of the argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.check.rounding.arithmetic import LIBRARY_ERROR, Arithmetic, Ball
from minibp.check.rounding.error_array import ErrorArray
from minibp.check.rounding.error_rules import counted
from minibp.check.rounding.noise import SAFETY, ULPS, WIDE, scatter

Function = Callable[[Any], Any]
UNIT = 2.0**-53
MOVED = 2.0**-20
"""The part of an entry, or of 1, that is taken for its error, to see what it is magnified by."""
FACTORS = (0.0, 0.5, 1.5)
"""Of the argument, to see how much a function varies."""


def error_through(function: Function, at: Ball, fp: Arithmetic) -> Array | None:
    """A bound of the error of function(at) as computed in `fp`, `at` being off itself; None where it is not followed.

    Code runs in float64: its own rounding, apart from that of the argument, is taken times the ratio of the units.
    """
    local, whole = (_followed(function, at.value, error) for error in (np.zeros_like(at.value), at.error))
    if local is None or whole is None:
        return None
    own = (units_of(fp) - 1) * np.where(np.isfinite(local), local, 0.0)
    return np.where(np.isfinite(local), whole + own, np.inf)


def local_error(function: Function, at: Array) -> Array:
    """The error of function(at) by its own rounding in float64: a bound, or an estimate where it is not followed."""
    found = _followed(function, at, np.zeros_like(at))
    return noise_of(function, at) if found is None else found


def slope_error(function: Function, at: Array, fp: Arithmetic) -> Array:
    """A bound of the rounding error of the derivatives of function(at), (...), by the entries of at, (..., n).

    They are differentiated through the code, in either direction: sums over all ways from an entry to the value, of
    products of the slopes on them. A slope rounds three times at most, that of a library function f + 2 times, and so
    do the product with it and the sum; and the magnitudes of all products add up to what an error of that entry alone
    is magnified by. That slopes are taken at rounded numbers is not in it. 0 where the code is not followed.
    """
    with counted() as counts:
        _followed(function, at, np.zeros_like(at))
    found = (_magnified(function, at, step) for step in (MOVED * np.abs(at), np.full(at.shape, MOVED)))
    known = [one for one in found if one is not None]
    if not known:
        return np.zeros(at.shape)
    nu = (5 * counts["plain"] + (fp.f + 4) * counts["library"]) * fp.u
    return np.asarray(np.min(known, axis=0) * (nu / (1 - nu)))


def _magnified(function: Function, at: Array, step: Array) -> Array | None:
    """A bound of what an error of one entry alone is magnified by, from errors as large as `step`; None without one.

    The rounding of the code is in it, beside which the step is large.
    """
    n = at.shape[-1]
    errors = np.eye(n).reshape(n, *(1,) * (at.ndim - 1), n) * step
    whole = _followed(function, np.broadcast_to(at, errors.shape), errors)
    if whole is None or whole.shape != errors.shape[:-1]:
        return None
    with np.errstate(all="ignore"):
        found = np.moveaxis(whole, 0, -1) / step
    return np.where(np.isnan(found), np.inf, found)


def units_of(fp: Arithmetic) -> float:
    """How many times as large errors are as those of the library functions of float64."""
    return max(1.0, fp.u / UNIT) * max(1.0, fp.f / LIBRARY_ERROR)


def _followed(function: Function, value: Array, error: Array) -> Array | None:
    try:
        with np.errstate(all="ignore"):
            found = function(ErrorArray(value, error))
    except Exception:  # noqa: BLE001 -- the user's code may do anything with what is no ndarray
        return None
    if not isinstance(found, ErrorArray):
        return None
    return np.where(np.isnan(found.error), np.inf, found.error)


def noise_of(function: Function, at: Array) -> Array:
    """An estimate of the error of function(at) by its own rounding in float64."""
    with np.errstate(all="ignore"):
        value = np.asarray(function(at), np.float64)
        # Terms as large as what the function varies by may have cancelled, and of exactly nothing no rounding shows.
        varied = np.fmax.reduce([np.abs(np.asarray(function(by * at)) - value) for by in FACTORS])
        size = np.where(at != 0, np.abs(at), 1.0).ravel()

        def row(flat: Array) -> Array:
            return np.asarray(function(flat.reshape(at.shape)), np.float64).ravel()

        rng = np.random.default_rng(0)
        seen = [scatter(row, at.ravel().astype(np.float64), size, distance, rng) for distance in (ULPS * UNIT, WIDE)]
    scattered = np.fmax.reduce([one for one in seen if one is not None]).reshape(value.shape)
    floor = LIBRARY_ERROR * UNIT * (np.abs(value) + np.where(np.isfinite(varied), varied, 0.0))
    return np.asarray(SAFETY * scattered + floor)
