"""Arrays that an object holds: where they are, as paths of attributes and keys; read there, and written in place."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array, InputError

DEEPEST = 8
"""The most attributes and keys that lead to an array."""
SHOWN = 12
"""The most arrays that a message lists."""
PLAIN = (str, bytes, int, float, complex, type, ModuleType, np.generic, np.dtype)
"""Types whose attributes are nobody's parameters."""


class Step(NamedTuple):
    """An attribute, or a key of a dict or of a sequence."""

    is_attribute: bool
    key: Any


Path = tuple[Step, ...]


@dataclass(frozen=True)
class Place:
    """The paths that lead to one array, of which the first is the one that is shown."""

    paths: tuple[Path, ...]

    def __str__(self) -> str:
        return text_of(self.paths[0])


class Held(NamedTuple):
    """An array with its place; of a list of numbers it is a new array."""

    place: Place
    array: Array


def text_of(path: Path) -> str:
    """A path as it is written after the object.

    >>> text_of((Step(True, "params"), Step(False, "W1")))
    ".params['W1']"
    """
    return "".join(f".{step.key}" if step.is_attribute else f"[{step.key!r}]" for step in path)


def parsed(name: str, text: str, pattern: str | None = None) -> Path:
    """The path that a text means, of the pattern that a user gave; the first attribute needs no dot.

    >>> text_of(parsed("weights", "layers[0].W"))
    '.layers[0].W'
    """
    steps: list[Step] = []
    try:
        node: Any = ast.parse(f"_{text}" if text.startswith((".", "[")) else f"_.{text}", mode="eval").body
        while not isinstance(node, ast.Name):
            if isinstance(node, ast.Attribute):
                steps.insert(0, Step(True, node.attr))
            else:
                steps.insert(0, Step(False, ast.literal_eval(node.slice)))
            node = node.value
    except (SyntaxError, ValueError, AttributeError):  # anything but attributes and keys has no slice
        raise InputError(
            f"{name} has {pattern or text!r}, expected what is written after the object: '.W1', "
            "\".params['W1']\", '.layers[0].W'"
        ) from None
    return tuple(steps)


def at(holder: Any, path: Path) -> Any:
    """The value at the end of a path; `LookupError` where the path ends before."""
    for step in path:
        try:
            holder = getattr(holder, step.key) if step.is_attribute else holder[step.key]
        except (AttributeError, LookupError, TypeError) as error:
            raise LookupError(text_of(path)) from error
    return holder


def numbers_of(value: Any) -> Array | None:
    """The value as an array with axes: an array of real numbers, or a list, or list of lists, of them; else None."""
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "fiu" and value.ndim and value.size else None
    if not isinstance(value, list) or not value:
        return None
    rows = value if isinstance(value[0], list) else [value]
    if not all(isinstance(row, list) and row and len(row) == len(rows[0]) for row in rows):
        return None
    if not all(isinstance(entry, Real) and not isinstance(entry, bool) for row in rows for entry in row):
        return None
    return np.array(value, np.float64)


def arrays_in(holder: Any) -> list[Held]:
    """All arrays of an object in the order of its attributes, each once, with every path that leads to it."""
    found: dict[int, tuple[Any, Array, list[Path]]] = {}
    for path, value, array in _leaves(holder, (), {id(holder)}):
        found.setdefault(id(value), (value, array, []))[2].append(path)
    return [Held(Place(tuple(paths)), array) for _, array, paths in found.values()]


def _leaves(holder: Any, path: Path, above: set[int]) -> Iterator[tuple[Path, Any, Array]]:
    array = numbers_of(holder)
    if array is not None:
        yield path, holder, array
        return
    if len(path) == DEEPEST:
        return
    for step, value in parts_of(holder):
        if id(value) not in above:  # a layer may know its network
            yield from _leaves(value, (*path, step), above | {id(value)})


def parts_of(holder: Any) -> Iterable[tuple[Step, Any]]:
    """The attributes of an object, or the entries of a container."""
    if isinstance(holder, PLAIN):
        return []
    if isinstance(holder, Mapping):
        return [(Step(False, key), value) for key, value in holder.items()]
    if isinstance(holder, list | tuple) or (isinstance(holder, np.ndarray) and holder.dtype == object):
        return [(Step(False, i), value) for i, value in enumerate(holder)]
    names = [*getattr(holder, "__dict__", ()), *_slots(type(holder))]
    return [(Step(True, name), getattr(holder, name)) for name in names if hasattr(holder, name)]


def _slots(cls: type) -> list[str]:
    """The names of the attributes that a class keeps in slots."""
    slots = [vars(ancestor).get("__slots__", ()) for ancestor in cls.__mro__]
    names = [name for one in slots for name in ([one] if isinstance(one, str) else one)]
    return [name for name in names if not name.startswith("__")]


def write(holder: Any, place: Place, values: Array) -> None:
    """Write values into the array at a place, in its shape.

    An array that cannot hold them, being read-only or of another dtype, is replaced by a new one wherever it is held.
    """
    old = at(holder, place.paths[0])
    if isinstance(old, list):
        _fill(old, values)
        return
    if old.flags.writeable and old.dtype == values.dtype:
        old[...] = values.reshape(old.shape)
        return
    new = np.empty_like(old, dtype=values.dtype)
    new[...] = values.reshape(old.shape)
    for path in place.paths:
        inner, last = at(holder, path[:-1]), path[-1]
        try:
            if last.is_attribute:
                setattr(inner, last.key, new)
            else:
                inner[last.key] = new
        except (AttributeError, TypeError) as error:
            raise InputError(
                f"{text_of(path)} has dtype {old.dtype}{'' if old.flags.writeable else ' and is read-only'}, and "
                f"cannot be replaced by an array of {values.dtype} ({error}): expected an attribute, or an entry of a "
                "list or of a dict"
            ) from None


def _fill(numbers: list[Any], values: Array) -> None:
    if isinstance(numbers[0], list):
        for row, its in zip(numbers, values.reshape(len(numbers), -1), strict=True):
            row[:] = its.tolist()
    else:
        numbers[:] = values.ravel().tolist()


def listing(held: Iterable[Held]) -> str:
    """The arrays there are, for messages.

    >>> listing([Held(Place(((Step(True, "W"),),)), np.ones((3, 2)))])
    '.W (3, 2)'
    """
    parts = [f"{one.place} {one.array.shape}" for one in held]
    more = [f"and {len(parts) - SHOWN} more"] if len(parts) > SHOWN else []
    return ", ".join(parts[:SHOWN] + more) or "(none)"
