"""Entries as coloured cells: errors on a logarithmic scale of their tolerances, values by sign and size.

The colours, classes of the style sheet, are those of one scale from pale to blue within the tolerance and another,
orange, beyond it, which every kind of colour vision tells apart; what is off is marked by a frame as well.
"""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

import numpy as np

from minibp.arrays import Array

MOST = 48
"""Cells of a map across and down; a larger array is shown by the largest in blocks of its entries."""
LEVELS = (
    ("level0", "at most 1/1000"),
    ("level1", "to 1/100"),
    ("level2", "to 1/10"),
    ("level3", "to 1/2"),
    ("level4", "to 1, the tolerance"),
    ("off1", "wrong, to 10"),
    ("off2", "wrong, to a million"),
    ("off3", "wrong, beyond"),
    ("none", "not compared"),
)
"""The classes of error / tolerance, and what each is for the legend."""
_EDGES = np.array([1e-3, 1e-2, 0.1, 0.5, 1.0, 10.0, 1e6])
SIGNED = ("minus3", "minus2", "minus1", "zero", "plus1", "plus2", "plus3")
"""The classes of values, from the largest negative to the largest positive; "none" is no number."""


class Map(NamedTuple):
    """An array as cells: paths by class."""

    columns: int
    rows: int
    paths: list[tuple[str, str]]
    block: tuple[int, int]
    """How many entries a cell stands for, down and across."""
    off: str
    """The path that frames what is off."""


def level_of(ratio: float) -> str:
    """The class of one error / tolerance; NaN is one that was not compared."""
    return str(levels_of(np.array([ratio]))[0])


def levels_of(ratio: Array) -> Array:
    """The class of each error / tolerance; NaN is one that was not compared."""
    names = np.array([name for name, _ in LEVELS])
    found = np.searchsorted(_EDGES, ratio, side="left")
    return names[np.where(np.isnan(ratio), len(LEVELS) - 1, found)]


def signs_of(values: Array, largest: float) -> Array:
    """The class of each value beside the largest that is shown: above a third of it, above a hundredth, any other."""
    names = np.array([*SIGNED, "none"])
    size = np.abs(values)
    with np.errstate(invalid="ignore"):
        step = 1 + (size > largest / 100) + (size > largest / 3)
        found = 3 + np.sign(values) * step
    return names[np.where(np.isfinite(values), found, len(SIGNED)).astype(int)]


def error_map(ratio: Array) -> Map:
    """The map of error / tolerance, (rows, columns); a block has the level of its worst entry."""
    pooled, block = _pooled(ratio, ratio)
    return _map(levels_of(pooled), block, pooled > 1)


def value_map(values: Array, largest: float, ratio: Array) -> Map:
    """The map of values, (rows, columns), of which those with a ratio above 1 are off.

    A block has the value of its largest entry, and is off where any of its entries is.
    """
    pooled, block = _pooled(values, np.abs(values))
    return _map(signs_of(pooled, largest), block, _pooled(ratio, ratio)[0] > 1)


def _map(classes: Array, block: tuple[int, int], off: Array) -> Map:
    rows, columns = classes.shape
    paths = _paths(classes)
    framed = _paths(np.where(off, "off", "")).get("off", "")
    return Map(columns, rows, sorted(paths.items()), block, framed)


def _paths(classes: Array) -> dict[str, str]:
    """By class the path of its cells; those side by side are one stroke."""
    paths: dict[str, list[str]] = {}
    for y, row in enumerate(classes.tolist()):
        x = 0
        for name, run in groupby(row):
            width = len(list(run))
            paths.setdefault(name, []).append(f"M{x} {y}h{width}v1h-{width}z")
            x += width
    return {name: "".join(strokes) for name, strokes in paths.items()}


def _pooled(values: Array, size: Array) -> tuple[Array, tuple[int, int]]:
    """At most `MOST` rows and columns: of each block the value whose size is the largest, NaN where there is none."""
    (rows, columns), (down, across) = values.shape, (-(-n // MOST) for n in values.shape)
    padding = ((0, -rows % down), (0, -columns % across))
    blocks = [np.pad(one.astype(float), padding, constant_values=np.nan) for one in (values, size)]
    split = (-(-rows // down), down, -(-columns // across), across)
    parts = [one.reshape(split).swapaxes(1, 2).reshape(-1, down * across) for one in blocks]
    at = np.nan_to_num(parts[1], nan=-1.0, posinf=np.finfo(float).max).argmax(1)
    pooled = parts[0][np.arange(len(at)), at]
    return pooled.reshape(split[0], split[2]), (down, across)
