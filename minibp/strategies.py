"""Hypothesis strategies for layer sizes, inputs, targets, costs, activations, networks and whole problems.

Few choices make a problem: its shape, its functions, a texture for each kind of number and one seed. Textures run
from what a person can read (all ones, small integers, tenths) to the hard places (saturated, vanishing, equal, zero
and subnormal entries), and shrinking goes towards the first: fewer layers, fewer neurons, fewer examples, whole
numbers. The texture that comes first lets Hypothesis choose every entry by itself.

An argument that is None means anything; one that is a strategy is drawn from; any other value is taken as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from minibp.activations import ACTIVATIONS, HIDDEN, Activation, activation_of
from minibp.arrays import FLOAT_DTYPES, Array, InputError, checked_count
from minibp.costs import COSTS, Cost, cost_of
from minibp.network import Network, checked_sizes
from minibp.problem import Problem

MAX_LAYERS, MAX_WIDTH, MAX_EXAMPLES = 8, 16, 8
"""Layers after the input, neurons a layer, and examples, in what is generated unless sizes are given."""
LAYERS, WIDTHS = (1, 2, 3, 2, 3, 4, 5, 8), (3, 6, 1, 10, 16)
"""What is chosen from: layers after the input, and the widest that a layer may be."""

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
"""How the entries of an array are filled, the most readable first."""
X_TEXTURES: dict[str, Texture | None] = {**TEXTURES, "huge": _normal(1e3)}


def activations() -> SearchStrategy[Activation]:
    """Activations that fit a hidden layer.

    >>> from hypothesis import given
    >>> @given(activations())
    ... def test(activation):
    ...     assert activation.elementwise
    >>> test()
    """
    return _HIDDEN


def output_activations(cost: Cost | str | None = None) -> SearchStrategy[Activation]:
    """Activations that fit the output layer, with `cost` where one is given."""
    return _outputs_for(None if cost is None else cost_of(cost))


def costs(output_activation: Activation | str | None = None) -> SearchStrategy[Cost]:
    """Costs, those that fit an output activation where one is given."""
    return _costs_for(None if output_activation is None else activation_of(output_activation))


def fits(activation: Activation, cost: Cost, width: int = 2) -> bool:
    """Whether `cost` makes sense on an output layer of `width` neurons with this activation."""
    try:
        cost.check_output(activation, width)
    except InputError:
        return False
    return True


def pairings() -> list[tuple[Activation, Cost]]:
    """Every output activation with every cost that fits it."""
    return [(one, cost) for cost in COSTS.values() for one in ACTIVATIONS.values() if fits(one, cost)]


@st.composite
def layer_sizes(
    draw: DrawFn, max_layers: int = MAX_LAYERS, max_width: int = MAX_WIDTH, layers: int | None = None
) -> list[int]:
    """n_1, …, n_L: two layers or more, often all of one width, seldom deep or wide.

    `layers` after the input where it is given, else at most `max_layers`.
    """
    most = checked_count("max_layers", max_layers), checked_count("max_width", max_width)
    return _draw_sizes(draw, *most, None if layers is None else checked_count("layers", layers))


@st.composite
def inputs(draw: DrawFn, m: int, n: int, dtype: str = "float64") -> Array:
    """x of shape (m, n)."""
    return _draw_arrays(draw, [(m, n)], dtype, X_TEXTURES)[0]


@st.composite
def targets(draw: DrawFn, cost: Cost | str, m: int, n: int, dtype: str = "float64") -> Array:
    """y of shape (m, n) that fits `cost`: labels, probabilities, distributions over a row, or any numbers."""
    return _draw_targets(draw, cost_of(cost), m, n, dtype)


@st.composite
def networks(
    draw: DrawFn,
    sizes: Any = None,
    activation: Any = None,
    output_activation: Any = None,
    dtype: Any = None,
) -> Network:
    """Networks of any sizes, activations and dtype; hidden layers have one activation or each its own.

    `activation` is that of the hidden layers alone, also where it is a sequence, one a layer: the output layer's is
    `output_activation`, or any. (`Network`, `Network.random` and `check_backprop` take `activation` for all layers.)

    >>> from hypothesis import given
    >>> @given(networks(sizes=[2, 3, 1], activation="tanh"))
    ... def test(network):
    ...     assert network.n_parameters == 13
    >>> test()
    """
    widths = checked_sizes(_given(draw, sizes, _SIZES))
    return _draw_network(draw, widths, activation, output_activation, dtype)


@st.composite
def problems(
    draw: DrawFn,
    sizes: Any = None,
    activation: Any = None,
    output_activation: Any = None,
    cost: Any = None,
    l2: Any = None,
    dtype: Any = None,
    examples: Any = None,
) -> Problem:
    """Whole problems: a network, a cost that fits its output, L2 or none, x and y.

    `output_activation` and `cost` must fit where both are given; either one alone decides what the other can be.
    `activation` is that of the hidden layers alone: the output layer's is `output_activation`, or any that fits the
    cost. (`check_backprop` takes `activation` for all layers.)

    >>> from hypothesis import given
    >>> @given(problems(cost="quadratic", examples=1))
    ... def test(problem):
    ...     assert problem.y.shape == (1, problem.network.sizes[-1])
    >>> test()
    """
    last = None if output_activation is None else activation_of(_given(draw, output_activation, _HIDDEN))
    chosen = cost_of(_given(draw, cost, _costs_for(last)))
    last = draw(_outputs_for(chosen)) if last is None else last
    widths = _draw_sizes(draw) if sizes is None else checked_sizes(_given(draw, sizes, None))
    if not fits(last, chosen, widths[-1]) and fits(last, chosen):
        widths[-1] = 2  # softmax over a single neuron is always 1
    network = _draw_network(draw, widths, activation, last, dtype)
    m = checked_count("examples", _given(draw, examples, _EXAMPLES))
    alpha = _given(draw, l2, _L2)
    x = _draw_arrays(draw, [(m, widths[0])], network.dtype, X_TEXTURES)[0]
    y = _draw_targets(draw, chosen, m, widths[-1], network.dtype)
    return Problem(network, chosen, x, y, alpha)


# What follows draws without making new strategies on the way: making them takes longer than drawing from them.

_SEEDS = st.integers(0, 2**32 - 1)
_HIDDEN = st.sampled_from(list(HIDDEN.values()))
_DTYPES = st.sampled_from(FLOAT_DTYPES[::-1])
_L2 = st.sampled_from([0.0, 1.0, 0.1, 5.0])
_EXAMPLES = st.integers(1, MAX_EXAMPLES)
_SIZES = layer_sizes()


@cache
def _outputs_for(cost: Cost | None) -> SearchStrategy[Activation]:
    return st.sampled_from([one for one in ACTIVATIONS.values() if cost is None or fits(one, cost)])


@cache
def _costs_for(output: Activation | None) -> SearchStrategy[Cost]:
    return st.sampled_from([cost for cost in COSTS.values() if output is None or fits(output, cost)])


@cache
def _whole(low: int, high: int) -> SearchStrategy[int]:
    return st.integers(low, high)


@cache
def _one_of(*values: Any) -> SearchStrategy[Any]:
    return st.sampled_from(values)


@cache
def _bytes(n: int) -> SearchStrategy[bytes]:
    return st.binary(min_size=n, max_size=n)


def _given(draw: DrawFn, given: Any, default: SearchStrategy[Any] | None) -> Any:
    """What an argument of this module stands for."""
    if given is None and default is not None:
        return draw(default)
    return draw(given) if isinstance(given, SearchStrategy) else given


def _draw_sizes(
    draw: DrawFn, max_layers: int = MAX_LAYERS, max_width: int = MAX_WIDTH, layers: int | None = None
) -> list[int]:
    depth = layers or draw(_one_of(*(n for n in LAYERS if n <= max_layers)))
    width = draw(_one_of(*([n for n in WIDTHS if n <= max_width] or [max_width])))
    square = draw(_one_of(False, True, False))
    if square:
        return [draw(_whole(1, width))] * (depth + 1)
    return [draw(_whole(1, width)) for _ in range(depth + 1)]


def _draw_arrays(
    draw: DrawFn, shapes: Sequence[tuple[int, ...]], dtype: str, textures: dict[str, Texture | None]
) -> list[Array]:
    """Arrays of these shapes, all of one texture."""
    fill = textures[draw(_one_of(*textures))]
    if fill is not None:
        rng = np.random.default_rng(draw(_SEEDS))
        return [fill(rng, shape).astype(dtype) for shape in shapes]
    sizes = [math.prod(shape) for shape in shapes]
    chosen = _ENTRIES[np.frombuffer(draw(_bytes(sum(sizes))), np.uint8)].astype(dtype)
    parts = np.split(chosen, np.cumsum(sizes)[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def _draw_targets(draw: DrawFn, cost: Cost, m: int, n: int, dtype: str) -> Array:
    if cost.name not in ("cross_entropy", "categorical_cross_entropy"):
        return _draw_arrays(draw, [(m, n)], dtype, X_TEXTURES)[0]
    labels = draw(_one_of(True, False))
    return filled_targets(cost, (m, n), dtype, labels, np.random.default_rng(draw(_SEEDS)))


def filled_targets(cost: Cost, shape: tuple[int, ...], dtype: str, labels: bool, rng: np.random.Generator) -> Array:
    """y for a cross-entropy, its last axis an example's: labels, or probabilities, or a distribution."""
    if cost.name == "cross_entropy":
        return (rng.integers(0, 2, shape) if labels else rng.random(shape)).astype(dtype)
    if labels:
        return np.eye(shape[-1], dtype=dtype)[rng.integers(0, shape[-1], shape[:-1])]
    shares = rng.random(shape) + 1e-3
    return (shares / shares.sum(-1, keepdims=True)).astype(dtype)


def _draw_network(draw: DrawFn, widths: Sequence[int], activation: Any, output: Any, dtype: Any) -> Network:
    hidden = len(widths) - 2
    if isinstance(activation, Sequence) and not isinstance(activation, str):
        chosen = list(activation)[:hidden]
    elif activation is None and draw(_one_of(False, True)):
        chosen = [draw(_HIDDEN) for _ in range(hidden)]
    else:
        chosen = [_given(draw, activation, _HIDDEN)] * hidden
    last = _given(draw, output, _outputs_for(None))
    kind = _given(draw, dtype, _DTYPES)
    weights = _draw_arrays(draw, list(zip(widths[1:], widths, strict=False)), kind, TEXTURES)
    biases = _draw_arrays(draw, [(n,) for n in widths[1:]], kind, TEXTURES)
    return Network(weights, biases, [*chosen, last])
