"""Hypothesis strategies for layer sizes, inputs, targets, costs, activations, networks and whole problems.

Few choices make a problem: its shape, its functions, a texture for each kind of number and one seed (see `drawing`).
Shrinking goes towards fewer layers, fewer neurons, fewer examples and whole numbers. The texture that comes first lets
Hypothesis choose every entry by itself.

An argument that is None means anything; one that is a strategy is drawn from; any other value is taken as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from minibp.activations import ACTIVATIONS, HIDDEN, Activation, activation_of
from minibp.arrays import FLOAT_DTYPES, Array, checked_count
from minibp.costs import COSTS, Cost, cost_of
from minibp.drawing import (
    MAX_EXAMPLES,
    MAX_LAYERS,
    MAX_WIDTH,
    TEXTURES,
    X_TEXTURES,
    chosen_arrays,
    chosen_hidden,
    chosen_sizes,
    chosen_targets,
    fits,
)
from minibp.network import Network, checked_sizes
from minibp.problem import Problem


def activations() -> SearchStrategy[Activation]:
    """Activations that fit a hidden layer.

    Returns
    -------
    SearchStrategy of Activation
        Every elementwise activation of the package that `minibp verify` draws. The further ones, gelu and
        "leaky_relu(0.2)" say, are drawn where they are named: by `st.sampled_from(["gelu", "leaky_relu(0.2)"])`.

    Examples
    --------
    >>> from hypothesis import given
    >>> from minibp import strategies
    >>> @given(strategies.activations())
    ... def test(activation):
    ...     assert activation.elementwise
    >>> test()
    """
    return _HIDDEN


def output_activations(cost: Cost | str | None = None) -> SearchStrategy[Activation]:
    """Activations that fit the output layer.

    Parameters
    ----------
    cost : str or Cost, optional
        The cost that they have to fit. Default None: any.

    Returns
    -------
    SearchStrategy of Activation
        Every activation of the package that fits, but for the further ones, as in `activations`.

    Raises
    ------
    InputError
        For an unknown cost.

    Examples
    --------
    >>> from hypothesis import given
    >>> from minibp import strategies
    >>> @given(strategies.output_activations("categorical_cross_entropy"))
    ... def test(activation):
    ...     assert activation.name == "softmax"
    >>> test()
    """
    return _outputs_for(None if cost is None else cost_of(cost))


def costs(output_activation: Activation | str | None = None) -> SearchStrategy[Cost]:
    """Costs that fit an output activation.

    Parameters
    ----------
    output_activation : str or Activation, optional
        The activation that they have to fit. Default None: any.

    Returns
    -------
    SearchStrategy of Cost
        Every cost of the package that fits.

    Raises
    ------
    InputError
        For an unknown activation.

    Examples
    --------
    >>> from hypothesis import given
    >>> from minibp import strategies
    >>> @given(strategies.costs("tanh"))
    ... def test(cost):
    ...     assert cost.name in ("quadratic", "huber")
    >>> test()
    """
    return _costs_for(None if output_activation is None else activation_of(output_activation))


@st.composite
def layer_sizes(
    draw: DrawFn, max_layers: int = MAX_LAYERS, max_width: int = MAX_WIDTH, layers: int | None = None
) -> list[int]:
    """Layer sizes n_1, …, n_L: two layers or more, often all of one width, seldom deep or wide.

    Parameters
    ----------
    max_layers : int, optional
        Most layers after the input. Default 8.
    max_width : int, optional
        Most neurons a layer. Default 16.
    layers : int, optional
        Number of layers after the input. Default None: up to `max_layers`.

    Returns
    -------
    SearchStrategy of list of int
        Lists [n_1, …, n_L].

    Examples
    --------
    >>> from hypothesis import given
    >>> from minibp import strategies
    >>> @given(strategies.layer_sizes(max_width=4, layers=2))
    ... def test(sizes):
    ...     assert len(sizes) == 3 and max(sizes) <= 4
    >>> test()
    """
    most = checked_count("max_layers", max_layers), checked_count("max_width", max_width)
    return chosen_sizes(_HypothesisChoices(draw), *most, None if layers is None else checked_count("layers", layers))


@st.composite
def inputs(draw: DrawFn, m: int, n: int, dtype: str = "float64") -> Array:
    """Inputs x.

    Parameters
    ----------
    m : int
        Number of examples.
    n : int
        n_1, the number of input neurons.
    dtype : {"float64", "float32"}, optional
        Dtype of x. Default "float64".

    Returns
    -------
    SearchStrategy of ndarray of shape (m, n)
        Finite; from small whole numbers to huge, zero and subnormal entries.

    Examples
    --------
    >>> from hypothesis import given
    >>> from minibp import strategies
    >>> @given(strategies.inputs(3, 2))
    ... def test(x):
    ...     assert x.shape == (3, 2)
    >>> test()
    """
    return chosen_arrays(_HypothesisChoices(draw), [(m, n)], dtype, X_TEXTURES)[0]


@st.composite
def targets(draw: DrawFn, cost: Cost | str, m: int, n: int, dtype: str = "float64") -> Array:
    """Targets y that fit a cost: labels, probabilities, distributions over a row, or any numbers.

    Parameters
    ----------
    cost : str or Cost
        The cost that they have to fit.
    m : int
        Number of examples.
    n : int
        n_L, the number of output neurons.
    dtype : {"float64", "float32"}, optional
        Dtype of y. Default "float64".

    Returns
    -------
    SearchStrategy of ndarray of shape (m, n)
        Finite, and accepted by `cost.check_targets`.

    Examples
    --------
    >>> from hypothesis import given
    >>> from minibp import strategies
    >>> @given(strategies.targets("cross_entropy", 3, 2))
    ... def test(y):
    ...     assert ((y >= 0) & (y <= 1)).all()
    >>> test()
    """
    return chosen_targets(_HypothesisChoices(draw), cost_of(cost), (m, n), dtype)


@st.composite
def networks(
    draw: DrawFn,
    sizes: Any = None,
    activation: Any = None,
    output_activation: Any = None,
    dtype: Any = None,
) -> Network:
    """Networks of any sizes, activations and dtype; hidden layers have one activation or each its own.

    Each argument is a value, a strategy that is drawn from, or None for anything.

    Parameters
    ----------
    sizes : sequence of int or SearchStrategy, optional
        n_1, …, n_L.
    activation : str, Activation, sequence of them or SearchStrategy, optional
        That of the hidden layers alone, also where it is a sequence, one a layer; `Network`, `Network.random` and
        `check_backprop` take it for all layers.
    output_activation : str, Activation or SearchStrategy, optional
        That of the output layer.
    dtype : {"float64", "float32"} or SearchStrategy, optional
        Dtype of the parameters.

    Returns
    -------
    SearchStrategy of Network
        Shrinks to few layers, few neurons and whole numbers.

    Examples
    --------
    >>> from hypothesis import given
    >>> from minibp import strategies
    >>> @given(strategies.networks(sizes=[2, 3, 1], activation="tanh"))
    ... def test(network):
    ...     assert network.n_parameters == 13
    >>> test()
    """
    widths = checked_sizes(_drawn_if_strategy(draw, sizes, _SIZES))
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
    """Problems: a network, a cost that fits its output, L2 or none, x and y.

    Each argument is a value, a strategy that is drawn from, or None for anything.

    Parameters
    ----------
    sizes : sequence of int or SearchStrategy, optional
        n_1, …, n_L.
    activation : str, Activation, sequence of them or SearchStrategy, optional
        That of the hidden layers alone, also where it is a sequence, one a layer; `check_backprop` takes it for all
        layers.
    output_activation : str, Activation or SearchStrategy, optional
        That of the output layer; None is any that fits the cost.
    cost : str, Cost or SearchStrategy, optional
        The cost; None is any that fits `output_activation`. The two must fit where both are given.
    l2 : float or SearchStrategy, optional
        α of equation (27).
    dtype : {"float64", "float32"} or SearchStrategy, optional
        Dtype of the parameters, x and y.
    examples : int or SearchStrategy, optional
        m, the number of rows of x and y.

    Returns
    -------
    SearchStrategy of Problem
        Shrinks to few layers, neurons and examples, and to whole numbers.

    Examples
    --------
    >>> from hypothesis import given
    >>> from minibp import strategies
    >>> @given(strategies.problems(cost="quadratic", examples=1))
    ... def test(problem):
    ...     assert problem.y.shape == (1, problem.network.sizes[-1])
    >>> test()
    """
    choices = _HypothesisChoices(draw)
    last = None if output_activation is None else activation_of(_drawn_if_strategy(draw, output_activation, _HIDDEN))
    chosen = cost_of(_drawn_if_strategy(draw, cost, _costs_for(last)))
    last = draw(_outputs_for(chosen)) if last is None else last
    widths = chosen_sizes(choices) if sizes is None else checked_sizes(_drawn_if_strategy(draw, sizes, None))
    if not fits(last, chosen, widths[-1]) and fits(last, chosen):
        widths[-1] = 2  # softmax over a single neuron is always 1
    network = _draw_network(draw, widths, activation, last, dtype)
    m = checked_count("examples", _drawn_if_strategy(draw, examples, _EXAMPLES))
    alpha = _drawn_if_strategy(draw, l2, _L2)
    x = chosen_arrays(choices, [(m, widths[0])], network.dtype, X_TEXTURES)[0]
    y = chosen_targets(choices, chosen, (m, widths[-1]), network.dtype)
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


_one_of = cache(lambda *values: st.sampled_from(values))
_whole = cache(st.integers)
_bytes = cache(lambda n: st.binary(min_size=n, max_size=n))


class _HypothesisChoices:
    """Choices that Hypothesis draws, and shrinks."""

    def __init__(self, draw: DrawFn) -> None:
        self._draw = draw

    def one_of(self, *values: Any) -> Any:
        return self._draw(_one_of(*values))

    def whole(self, low: int, high: int) -> int:
        return self._draw(_whole(low, high))

    def bytes(self, n: int) -> bytes:
        return self._draw(_bytes(n))

    def generator(self) -> np.random.Generator:
        return np.random.default_rng(self._draw(_SEEDS))


def _drawn_if_strategy(draw: DrawFn, given: Any, default: SearchStrategy[Any] | None) -> Any:
    """The value that an argument of this module stands for."""
    if given is None and default is not None:
        return draw(default)
    return draw(given) if isinstance(given, SearchStrategy) else given


def _draw_network(draw: DrawFn, widths: Sequence[int], activation: Any, output: Any, dtype: Any) -> Network:
    choices, layers = _HypothesisChoices(draw), len(widths) - 2
    if activation is None:
        hidden = chosen_hidden(choices, layers)
    elif isinstance(activation, Sequence) and not isinstance(activation, str):
        hidden = list(activation)[:layers]
    else:
        hidden = [_drawn_if_strategy(draw, activation, _HIDDEN)] * layers
    last = _drawn_if_strategy(draw, output, _outputs_for(None))
    kind = _drawn_if_strategy(draw, dtype, _DTYPES)
    weights = chosen_arrays(choices, list(zip(widths[1:], widths, strict=False)), kind, TEXTURES)
    biases = chosen_arrays(choices, [(n,) for n in widths[1:]], kind, TEXTURES)
    return Network(weights, biases, [*hidden, last])
