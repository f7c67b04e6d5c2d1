"""Layers that are lists of neurons, each an object or a dict with its own weights: the rows of W^l."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minibp.adapters.held import DEEPEST, Each, Held, Path, Place, Step, at, numbers_of, parts_of


def neurons_in(holder: Any, path: Path = (), above: frozenset[int] = frozenset()) -> list[Held]:
    """What neurons have, a row or a number each: an array for every list of objects or dicts that have the same."""
    found: list[Held] = []
    if numbers_of(holder) is not None or len(path) == DEEPEST:
        return found
    if isinstance(holder, list | tuple):
        for step, _ in parts_of(holder[0]) if holder and not isinstance(holder[0], list | tuple) else ():
            rows = (*path, Step(False, Each()), step)
            try:
                array = numbers_of(at(holder, rows[len(path) :]))
            except LookupError:
                continue
            if array is not None:
                found.append(Held(Place((rows,)), array))
    for step, value in parts_of(holder):
        if id(value) not in above:
            found += neurons_in(value, (*path, step), above | {id(value)})
    return found


def with_neurons(model: Any, held: Sequence[Held]) -> list[Held]:
    """The arrays of a model, with one of all neurons of a layer in place of one of each."""
    neurons = neurons_in(model)
    return [*(one for one in held if not any(_is_row_of(one, of) for of in neurons)), *neurons]


def _is_row_of(one: Held, neurons: Held) -> bool:
    """True of the array of one neuron among those of all in its layer."""
    path, pattern = one.place.paths[0], neurons.place.paths[0]
    pairs = zip(path, pattern, strict=False)
    return len(path) == len(pattern) and all(a == b or isinstance(b.key, Each) for a, b in pairs)
