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
from minibp.check.rounding.noise import SAFETY, ULPS, WIDE, scatter

Function = Callable[[Any], Any]
UNIT = 2.0**-53
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
