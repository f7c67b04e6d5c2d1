"""Claims that are computed in a coarser arithmetic than their arrays have, and errors that look as if they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from minibp.adapters.with_vjp import coarse_dtype
from minibp.arrays import Array
from minibp.check.grad.arguments import Arguments
from minibp.check.grad.claim import LAST_DIGITS, GradientClaim
from minibp.check.grad.column import Cell
from minibp.check.grad.formats import as_format, lengths_of
from minibp.check.rounding.noise import SAFETY, is_bent, scatter
from minibp.trees import leaves_of, with_leaves

UNITS = {"float32": 2.0**-24, "tf32": 2.0**-11, "float16": 2.0**-11, "bfloat16": 2.0**-8}
"""The unit roundoff of each arithmetic. TF32 has the range of float32 and 10 bits, to which factors are rounded."""
GRANTED = 8.0
"""Of what is computed in a coarse arithmetic so many units are granted, besides the noise that is seen: of a layer two
factors, σ, σ', two products, a sum and the result are rounded once each. An estimate, and no bound."""
AS_NOISE = 4.0
"""Errors are those of a coarser arithmetic where they are at most so many times `SAFETY` of its noise."""
SHOWN = 4
"""So many of what is off, the worst, have to be explained."""
LARGEST = 64.0
"""Errors of more units of an arithmetic, as a part of what is claimed or expected, are no rounding of a layer; nor are
the worst of them, where they are less than one part in so many of a unit, that of sums of thousands of terms."""
SATURATED = 2.0
"""Entries may be off by so many units of the largest of their array. 1 − a², where the unit a saturates, is off by one
unit for the rounding of a below 1, which the square doubles, and by half of one for its own; a(1 − a), which is 1/4 at
most, by half of one for that of a. What is left of it may be 0."""
UNSATURATED = (2.0**-2, 2.0**-4, 2.0**-6)
"""Parts of arguments at which fewer units saturate than at the arguments themselves: the last of 2^8 is 4, and there is
little left in float64 of the slope of a unit of 2^5."""
ONE_BY_ONE = 8
"""Of so many arrays or fewer each is made smaller alone as well."""
WRITTEN = {"float32": "float32", "tf32": "TF32", "float16": "float16", "bfloat16": "bfloat16"}


def checked_arithmetic(name: Any) -> str | None:
    """The name of an arithmetic, None of what is as its dtypes say; `InputError` of any other."""
    return None if coarse_dtype(name) is None else str(name)


def granted(name: str) -> float:
    """The unit of a claim's last digits, of which it is granted `LAST_DIGITS`."""
    return GRANTED / LAST_DIGITS * UNITS[name]


def largest_beside(rows: Array, arguments: Arguments) -> Array:
    """For each entry (n,) the largest number that rows (r, n) have for any of its array."""
    largest = np.nan_to_num(np.abs(rows)).max(0, initial=0.0)
    for _, part in arguments.structure.parts():
        largest[part] = largest[part].max(initial=0.0)
    return largest


def less_saturated(arguments: Arguments, by: float) -> Iterator[Array]:
    """Points where fewer units saturate: with all arrays smaller by a factor, one of a few, or all but one of these."""
    x, parts = arguments.flat, [part for _, part in arguments.structure.parts()]
    yield by * x
    for part in parts if 1 < len(parts) <= ONE_BY_ONE else ():
        smaller, others = x.copy(), by * x
        smaller[part], others[part] = others[part], x[part]
        yield smaller
        if len(parts) > 2:
            yield others


def terms_that_cancel(sizes: Sequence[float], slope: float) -> float:
    """How large the terms of a slope are, of which saturated units leave little, by slopes where ever fewer saturate.

    Those of 1 − a² are as large as the slopes where a is small. Slopes that saturate fall off ever faster, from sizes
    at which they level off; those that fall off by a power of x, for which no terms cancel, as fast everywhere.
    """
    terms, level_off = sizes[0], False
    for size in sizes[1:]:
        growth = size / terms if terms else 0.0
        if not growth * growth * slope <= terms:
            break
        terms, level_off = max(terms, size), True
    return terms if level_off else 0.0


def rounded_to(x: Any, name: str) -> Any:
    """A point whose numbers the arithmetic holds, as float32.

    >>> rounded_to({"w": 1 + 2.0**-9, "n": 3}, "bfloat16")
    {'w': np.float32(1.0), 'n': 3}
    """
    held = [_rounded(leaf, name) for leaf in leaves_of(x)]
    return with_leaves(x, held)


def _rounded(leaf: Any, name: str) -> Any:
    if not isinstance(leaf, float | np.ndarray | np.floating) or np.asarray(leaf).dtype.kind != "f":
        return leaf
    return as_format(np.asarray(leaf), name).astype(np.float32)[()]


def coarser_arithmetic(claim: Any, bad: Sequence[Cell], cotangents: Array, rows: Array | None) -> str:
    """The finest arithmetic, coarser than the claim's own, whose noise explains what is off; "" where none does.

    A claim that is computed in it scatters by its rounding between points that are a unit of it apart, and is off by as
    much; one whose formula is wrong is smooth there. Of the claimed `rows` (r, n) entries that are small beside others
    of their array may be off by all of what they are.
    """
    if not isinstance(claim, GradientClaim) or claim.constant or rows is None:
        return ""
    finest = claim.roundoff or float(claim.unit.max())
    worst = [cell for cell in bad if cell.is_entry][:SHOWN]
    largest = largest_beside(rows, claim.arguments)
    for name, unit in sorted(UNITS.items(), key=lambda item: item[1]):
        small: list[Cell] = []
        others: list[Cell] = []
        for cell in worst:
            is_lost = LARGEST * unit * _size(cell) < cell.error <= SATURATED * unit * largest[_entry(cell)]
            (small if is_lost else others).append(cell)
        parts = [cell.error / _size(cell) for cell in others]
        part = max(parts + [cell.error / float(largest[_entry(cell)]) for cell in small], default=np.inf)
        if unit > finest and unit / LARGEST <= part <= LARGEST * unit:
            explained = _explains(claim, unit, others, cotangents)
            if explained and _explains_small(claim, unit, small, cotangents):
                return WRITTEN[name]
    return ""


def _entry(cell: Cell) -> int:
    return int(np.flatnonzero(cell.v)[0])


def _size(cell: Cell) -> float:
    return max(abs(cell.got), abs(cell.expected))


def _explains(claim: GradientClaim, unit: float, cells: Sequence[Cell], cotangents: Array) -> bool:
    """True where each of these entries scatters by as much as it is off."""
    for i in {cell.i for cell in cells}:
        noise = _scattered(claim, unit, cotangents[i])
        for cell in cells:
            if cell.i == i and not cell.error <= AS_NOISE * SAFETY * noise[_entry(cell)] + cell.tolerance:
                return False
    return True


def _explains_small(claim: GradientClaim, unit: float, cells: Sequence[Cell], cotangents: Array) -> bool:
    """True where others of the same array scatter by as much as these are off, along all results together."""
    if not cells:
        return True
    noise, structure = _scattered(claim, unit, cotangents.sum(0)), claim.arguments.structure
    return all(
        cell.error <= SAFETY * float(noise[structure.beside(_entry(cell))].max()) + cell.tolerance for cell in cells
    )


def _scattered(claim: GradientClaim, unit: float, c: Array) -> Array:
    """How far the entries of a row scatter by rounding to a unit, 0 where they do not."""
    x, movable, rng = claim.arguments.flat, claim.arguments.movable, claim.function.rng
    # The cotangent is moved as well, by a factor: of what is linear in x the derivative does not depend on it.
    point, size = np.append(x, 1.0), np.append(np.where(movable, np.abs(x), 0), 1.0)

    def seen(length: float) -> Array:
        found = scatter(lambda at: claim.row(c * at[-1], at[:-1]) / at[-1], point, size, length, rng)
        assert found is not None  # the cotangent is moved
        return found

    return _rounding(seen, unit, LARGEST * unit * float(np.abs(claim.row(c, x)).max()))


def _rounding(seen: Callable[[float], Array], unit: float, most: float) -> Array:
    """How far the entries of a row scatter by rounding to so many bits, 0 where they do not.

    What scatters as it bends, or by more than `most`, is the claim itself as it varies.
    """
    found = [np.zeros(1)]
    for length in lengths_of(unit):
        noise = seen(length)
        bent = is_bent(seen, length, noise) | is_bent(seen, length, noise)  # points may lie so that it does not show
        found.append(np.where((noise > most) | bent, 0, noise))
    return np.asarray(np.fmax.reduce(np.broadcast_arrays(*found)))
