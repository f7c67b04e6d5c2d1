"""The choice of a problem, few choices making a whole: by Hypothesis, which shrinks, or by NumPy, which is fast.

A `Choices` chooses; the functions here turn choices into layer sizes, arrays, targets and activations, the same ones
for the strategies and for the soak. Textures run from what a person can read (all ones, small integers, tenths) to the
hard places (saturated, vanishing, equal, zero and subnormal entries).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from minibp.activations import ACTIVATIONS, HIDDEN, Activation
from minibp.arrays import Array, InputError
from minibp.costs import COSTS, Cost

MAX_LAYERS, MAX_WIDTH, MAX_EXAMPLES = 8, 16, 8
"""Layers after the input, neurons a layer, and examples, in what is generated unless sizes are given."""
LAYERS, WIDTHS = (1, 2, 3, 2, 3, 4, 5, 8), (3, 6, 1, 10, 16)
"""The ranges to choose from: layers after the input, and the widest that a layer may be."""

# What one byte of Hypothesis's own choosing stands for: the plainest first, since bytes shrink towards 0.
_PLAIN = [1.0, 0.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, 0.1, -0.1, 0.25, 1.5, -1.5, 4.0, -4.0, 10.0, -10.0]
_HARD = [1e-3, -1e-3, 1e-8, 20.0, -20.0, 40.0, -40.0, 1e2, -1e2, 800.0, -800.0, 1e-20, -1e-30, 1e-40, 1e-310, -1e-310]
_ENTRIES = np.array((_PLAIN * 4 + _HARD + list(np.linspace(-3, 3, 256)))[:256])

Texture = Callable[[np.random.Generator, tuple[int, ...]], Array]


def _normal(scale: float) -> Texture:
    return lambda rng, shape: scale * rng.standard_normal(shape)


def _subnormal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Every third entry below the smallest normal float32 or float64, the others ordinary."""
    return np.choose(rng.integers(3, size=shape), [rng.standard_normal(shape), rng.random(shape) * 1e-39, 5e-310])


TEXTURES: dict[str, Texture | None] = {
    "entries": None,
    "ones": lambda rng, shape: np.ones(shape),
    "small integers": lambda rng, shape: rng.integers(-2, 3, shape).astype(float),
    "tenths": lambda rng, shape: rng.integers(-20, 21, shape) / 10,
    "normal": _normal(1.0),
    "fan-in": lambda rng, shape: rng.standard_normal(shape) / np.sqrt(shape[-1]),
    "zero": lambda rng, shape: np.zeros(shape),
    "equal": lambda rng, shape: np.full(shape, rng.standard_normal()),
    "sparse": lambda rng, shape: rng.standard_normal(shape) * rng.integers(0, 2, shape),
    "vanishing": _normal(1e-2),
    "saturated": _normal(20.0),
    "subnormal": _subnormal,
}
"""The ways to fill the entries of an array, the most readable first."""
X_TEXTURES: dict[str, Texture | None] = {**TEXTURES, "huge": _normal(1e3)}


class Choices(Protocol):
    """Something that chooses."""

    def one_of(self, *values: Any) -> Any:
        """One of the values; where choices shrink, they shrink to the first."""

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high."""

    def bytes(self, n: int) -> bytes:
        """So many bytes."""

    def generator(self) -> np.random.Generator:
        """A generator of numbers, with a seed that was chosen."""


class NumPyChoices:
    """Choices by a generator of NumPy's."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def one_of(self, *values: Any) -> Any:
        """One of the values, all as likely."""
        return values[int(self._rng.integers(len(values)))]

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, all as likely."""
        return int(self._rng.integers(low, high + 1))

    def bytes(self, n: int) -> bytes:
        """So many bytes."""
        return self._rng.bytes(n)

    def generator(self) -> np.random.Generator:
        """The generator itself."""
        return self._rng


def fits(activation: Activation, cost: Cost, width: int = 2) -> bool:
    """True if `cost` makes sense on an output layer of `width` neurons with this activation."""
    try:
        cost.check_output(activation, width)
    except InputError:
        return False
    return True


def pairings() -> list[tuple[Activation, Cost]]:
    """Every output activation with every cost that fits it."""
    return [(one, cost) for cost in COSTS.values() for one in ACTIVATIONS.values() if fits(one, cost)]


def chosen_sizes(
    choices: Choices, max_layers: int = MAX_LAYERS, max_width: int = MAX_WIDTH, layers: int | None = None
) -> list[int]:
    """n_1, …, n_L: two layers or more, often all of one width, seldom deep or wide."""
    depth = layers or choices.one_of(*(n for n in LAYERS if n <= max_layers))
    width = choices.one_of(*([n for n in WIDTHS if n <= max_width] or [max_width]))
    square = choices.one_of(False, True, False)
    if square:
        return [choices.whole(1, width)] * (depth + 1)
    return [choices.whole(1, width) for _ in range(depth + 1)]


def chosen_arrays(
    choices: Choices, shapes: Sequence[tuple[int, ...]], dtype: str, textures: dict[str, Texture | None]
) -> list[Array]:
    """Arrays of these shapes, all of one texture."""
    fill = textures[choices.one_of(*textures)]
    if fill is not None:
        rng = choices.generator()
        return [fill(rng, shape).astype(dtype) for shape in shapes]
    sizes = [math.prod(shape) for shape in shapes]
    chosen = _ENTRIES[np.frombuffer(choices.bytes(sum(sizes)), np.uint8)].astype(dtype)
    parts = np.split(chosen, np.cumsum(sizes)[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def chosen_targets(choices: Choices, cost: Cost, shape: tuple[int, ...], dtype: str) -> Array:
    """y that fits a cost, its last axis an example's: labels, probabilities, a distribution, or any numbers."""
    if cost.name not in ("cross_entropy", "categorical_cross_entropy"):
        return chosen_arrays(choices, [shape], dtype, X_TEXTURES)[0]
    labels = choices.one_of(True, False)
    rng = choices.generator()
    if cost.name == "cross_entropy":
        return (rng.integers(0, 2, shape) if labels else rng.random(shape)).astype(dtype)
    if labels:
        return np.eye(shape[-1], dtype=dtype)[rng.integers(0, shape[-1], shape[:-1])]
    shares = rng.random(shape) + 1e-3
    return (shares / shares.sum(-1, keepdims=True)).astype(dtype)


def chosen_hidden(choices: Choices, layers: int) -> list[Activation]:
    """So many activations of hidden layers: one for all, or each its own."""
    if choices.one_of(False, True):
        return [choices.one_of(*HIDDEN.values()) for _ in range(layers)]
    return [choices.one_of(*HIDDEN.values())] * layers
