"""What a claim returns, read as one row of numbers that is laid out as the arguments are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.arguments import Breach
from minibp.check.grad.structure import Structure, numbers_of
from minibp.foreign import roundoff, type_of
from minibp.trees import children_of, is_numbers


class Parsed(NamedTuple):
    """A result as a row of numbers, NaN where it has none; the roundoff of each; and what is wrong with its form."""

    row: Array
    unit: Array
    breaches: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def parsed(
    label: str, result: Any, structure: Structure, names: list[str], several: bool, of: str, also: float = 0.0
) -> Parsed:
    """A result that has to be shaped like `structure`, whose roots are called `names`.

    Its dtype is at least as fine as that of its part of the structure, or has the roundoff `also`.

    Raises `Breach` where the form of the whole is another; of single leaves the breaches are returned.
    """
    roots = roots_of(label, result, structure, names, several)
    row, units = np.full(len(structure), np.nan), []
    breaches: list[str] = []
    notes: list[str] = []
    leaves = matched(label, roots, structure)
    for (leaf, part), (name, value) in zip(_parts(structure), leaves, strict=True):
        if leaf.array is None:
            continue
        given = _read(value, leaf.array)
        expected = f"expected an array of shape {leaf.array.shape}"
        if given is None:
            breaches.append(f"{name} is a {type_of(value)}{_unreadable(value)}, {expected}")
            continue
        array, dtype = given
        if array.shape != leaf.array.shape:
            breaches.append(f"{name} has shape {array.shape}, expected {leaf.array.shape}, the shape of {of}")
            continue
        own = leaf.array.dtype.name
        if array.dtype.kind == "c" and not leaf.is_complex:
            breaches.append(f"{name} has dtype {dtype}, expected {own}, the dtype of {of}")
            continue
        if roundoff(dtype) > max(roundoff(own), also):
            breaches.append(f"{name} has dtype {dtype}, expected {own}, the dtype of {of}")
        elif array.dtype.kind in "iub":
            notes.append(f"{name} has dtype {dtype}, which holds no fractions; {own} is the dtype of {of}")
        flat = np.asarray(array).ravel()
        numbers = np.concatenate([flat.real, flat.imag]) if leaf.is_complex else flat
        row[part] = numbers.astype(np.float64)
        units.append((part, roundoff(dtype)))
        row[part][~np.isfinite(row[part])] = np.nan
        bad = ~np.isfinite(flat)
        if bad.any():
            at = [int(i) for i in np.argwhere(bad.reshape(leaf.array.shape))[0]]
            count = int(bad.sum())
            more = f", and {count - 1} more" if count > 1 else ""
            breaches.append(f"{name} is {flat[int(np.flatnonzero(bad)[0])]} at {at}{more}, expected finite numbers")
    return Parsed(row, _spread(units, len(structure)), tuple(breaches), tuple(notes))


def _spread(units: list[tuple[slice, float]], n: int) -> Array:
    """The roundoff of each entry, one number for all where they are of one format."""
    coarsest = max((unit for _, unit in units), default=2.0**-53)
    if all(unit == coarsest for _, unit in units):
        return np.broadcast_to(np.float64(coarsest), n)
    spread = np.full(n, 2.0**-53)
    for part, unit in units:
        spread[part] = unit
    return spread


def _parts(structure: Structure) -> list[tuple[Any, slice]]:
    starts = structure.starts
    return [(leaf, slice(int(a), int(b))) for leaf, a, b in zip(structure.leaves, starts, starts[1:], strict=False)]


def roots_of(label: str, result: Any, structure: Structure, names: list[str], several: bool) -> list[tuple[str, Any]]:
    """The result by argument."""
    if not several:
        one = result[0] if isinstance(result, tuple) and len(result) == 1 and not _is_container(structure) else result
        return [(label, one)]
    fixed = [all(leaf.array is None for leaf in structure.leaves if leaf.name.startswith(name)) for name in names]
    if not isinstance(result, tuple | list):
        if len(names) - sum(fixed) != 1:
            raise Breach(f"{label} is a {type_of(result)}, expected a tuple of {len(names)} arrays, as x is")
        result = [result]
    if len(result) != len(names):
        if len(result) != len(names) - sum(fixed):
            raise Breach(f"{label} has {len(result)} parts, expected {len(names)}, as x has")
        given = iter(result)
        result = [None if is_fixed else next(given) for is_fixed in fixed]
    return [(f"{label}[{i}]", part) for i, part in enumerate(result)]


def _is_container(structure: Structure) -> bool:
    return not isinstance(structure.tree(0), int)


def matched(label: str, roots: list[tuple[str, Any]], structure: Structure) -> list[tuple[str, Any]]:
    """The leaf of the result for each leaf of the structure."""
    return [
        pair
        for i, (name, value) in enumerate(roots)
        for pair in _matched(name, value, structure.tree(i), structure.values[i], structure)
    ]


def _matched(name: str, value: Any, tree: Any, like: Any, structure: Structure) -> list[tuple[str, Any]]:
    """The same below one place of it."""
    if isinstance(tree, int):
        return [(name, value)]
    below = _leaves_below(tree)
    parts = None if is_numbers(value) else children_of(value)
    if parts is None:
        if all(structure.leaves[i].array is None for i in below):
            return [(name, None) for _ in below]
        raise Breach(f"{name} is a {type_of(value)}, expected a {type_of(like)} of {len(tree[0])}, as x has")
    entries, found = dict(parts[0]), []
    for child, (key, inner) in zip(tree[0], children_of(like)[0], strict=True):  # type: ignore[index]
        if key not in entries:
            if any(structure.leaves[i].array is not None for i in _leaves_below(child)):
                raise Breach(f"{name} has no {key.strip('[].')}, expected the same entries as x has")
            entries[key] = None
        found += _matched(name + key, entries[key], child, inner, structure)
    return found


def _leaves_below(tree: Any) -> list[int]:
    return [tree] if isinstance(tree, int) else [leaf for part in tree[0] for leaf in _leaves_below(part)]


def _read(value: Any, own: Array) -> tuple[Array, str] | None:
    """A part of a result as an array, and its dtype; Python's own numbers have no dtype, so that they take x's."""
    if type(value) in {int, float}:
        value = own.dtype.type(value)
    if isinstance(value, list | tuple) and is_numbers(list(value)):
        value = np.asarray(value, own.dtype)
    if hasattr(value, "toarray"):
        value = value.toarray()
    return numbers_of(value)


def _unreadable(value: Any) -> str:
    return " that NumPy cannot read" if isinstance(value, list | tuple) else ""
