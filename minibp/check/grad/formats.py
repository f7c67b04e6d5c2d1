"""The formats that numbers may be of, as their values show it."""

from __future__ import annotations

import numpy as np

from minibp.arrays import Array

FORMATS = (("bfloat16", 2.0**-8), ("float16", 2.0**-11), ("float32", 2.0**-24))
"""Formats coarser than float64, from the coarsest, and their unit roundoffs."""

CELLS, LONGEST = (2.0, 16.0, 64.0), 0.125
"""Lengths of lines along which the rounding of a coarse arithmetic shows, in units of its roundoff, and the longest.
What is about 1, and hardly moves, takes a long way to the next number that the arithmetic has."""


def lengths_of(unit: float) -> list[float]:
    """How long lines are along which the rounding of an arithmetic of this roundoff shows.

    >>> lengths_of(2.0**-8)
    [0.0078125, 0.0625, 0.125]
    """
    return [min(cells * unit, LONGEST) for cells in CELLS]


def bits_of(values: Array) -> Array:
    """The number of bits of each number's significand that are used."""
    significands = np.abs(np.frexp(values)[0])
    whole = (significands * 2.0**53).astype(np.int64)
    return np.where(whole == 0, 0, 53 - np.log2(np.maximum(whole & -whole, 1))).astype(int)


def as_format(values: Array, name: str) -> Array:
    """The nearest numbers of a coarser format, as float64."""
    with np.errstate(over="ignore"):
        if name not in {"bfloat16", "tf32"}:
            return values.astype(name).astype(np.float64)
        dropped = np.uint32(16 if name == "bfloat16" else 13)
        bits = np.atleast_1d(values.astype(np.float32)).view(np.uint32)
        even = (bits >> dropped) & np.uint32(1)
        half = (np.uint32(1) << (dropped - np.uint32(1))) - np.uint32(1)
        bits = (bits + half + even) >> dropped << dropped  # to the nearest, and of two to the even one
        return bits.view(np.float32).astype(np.float64).reshape(np.shape(values))
