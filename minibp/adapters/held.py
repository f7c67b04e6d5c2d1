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


@dataclass(frozen=True)
class Each:
    """The key that stands for all entries of a list: of neurons, of which each has a row of W."""

    def __repr__(self) -> str:
        return ":"


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
    >>> text_of((Step(False, 0), Step(False, Each()), Step(False, "weights")))
    "[0][:]['weights']"
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
            elif isinstance(node.slice, ast.Slice):
                steps.insert(0, Step(False, Each()))
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
    """The value at the end of a path, or a list of one for each entry; `LookupError` where the path ends before."""
    for i, step in enumerate(path):
        if isinstance(step.key, Each):
            values = [at(one, path[i + 1 :]) for one in entries_of(holder)]
            return [one.tolist() if isinstance(one, np.ndarray) else one for one in values]
        try:
            holder = getattr(holder, step.key) if step.is_attribute else holder[step.key]
        except (AttributeError, LookupError, TypeError) as error:
            raise LookupError(text_of(path)) from error
    return holder


def entries_of(value: Any) -> list[Any] | tuple[Any, ...]:
    """The entries of a list; `LookupError` where it is none."""
    if isinstance(value, list | tuple):
        return value
    raise LookupError(type(value).__name__)


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


def is_number(value: Any) -> bool:
    """True of a real number, or of an array without axes."""
    if isinstance(value, np.ndarray):
        return not value.ndim and value.dtype.kind in "fiu"
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def numbers_in(holder: Any, path: Path = ()) -> list[Held]:
    """The single numbers in lists and dicts: a gradient may be summed over all that it has axes for."""
    if is_number(holder):
        return [Held(Place((path,)), np.array(holder))]
    if not isinstance(holder, Mapping | list | tuple) or numbers_of(holder) is not None or len(path) == DEEPEST:
        return []
    return [one for step, value in parts_of(holder) for one in numbers_in(value, (*path, step))]


def is_of_neurons(place: Place) -> bool:
    """True of an array of which each neuron has a row or a number."""
    return any(isinstance(step.key, Each) for step in place.paths[0])


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
    if is_of_neurons(place):
        _write_each(holder, place.paths[0], values)
        return
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


def _write_each(holder: Any, path: Path, values: Array) -> None:
    """Write rows, or numbers, into what each entry of a list has."""
    cut = next(i for i, step in enumerate(path) if isinstance(step.key, Each))
    neurons = entries_of(at(holder, path[:cut]))
    for neuron, row in zip(neurons, values.reshape(len(neurons), -1), strict=True):
        if numbers_of(at(neuron, path[cut + 1 :])) is not None:
            write(neuron, Place((path[cut + 1 :],)), row)
            continue
        inner, last = at(neuron, path[cut + 1 : -1]), path[-1]
        if last.is_attribute:
            setattr(inner, last.key, row.item())
        else:
            inner[last.key] = row.item()


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
