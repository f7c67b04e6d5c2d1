"""Functions as people write them, each with its right derivative and with wrong ones that have a symptom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from zoo.entry import Array, Shape


class Mistake(NamedTuple):
    """A wrong derivative, with the id of the symptom that it has."""

    symptom: str
    words: str
    claim: Callable[..., Any]


class Written(NamedTuple):
    """A function and its right derivative, as `check` takes it; `point` draws what they are given."""

    name: str
    check: str
    f: Callable[..., Any]
    claim: Callable[..., Any]
    point: Callable[[np.random.Generator], Any]
    mistakes: tuple[Mistake, ...]


def normals(*shapes: Shape) -> Callable[[np.random.Generator], Any]:
    """A point of normal numbers: an array, or a tuple of arrays where there are several shapes."""

    def point(rng: np.random.Generator) -> Any:
        drawn = tuple(map(rng.standard_normal, shapes))
        return drawn if len(drawn) > 1 else drawn[0]

    return point


def positives(size: int) -> Callable[[np.random.Generator], Any]:
    """A point of numbers greater than 0."""
    return lambda rng: rng.uniform(0.2, 3, size)


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^−x)."""
    return 1 / (1 + np.exp(-x))


def softmax(z: Array) -> Array:
    """Along the last axis, of scores of usual size."""
    e = np.exp(z)
    return e / e.sum(-1, keepdims=True)
