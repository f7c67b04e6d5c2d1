"""Two JAX programs, padded to a fixed depth, width and batch, which serve networks of any size within the padding.

`SEPARATE` is a loop over problems whose shapes and functions may differ; `TOGETHER` is one batched pass for problems of
one shape. Both differentiate the same cost, take the same arguments, and give the same rows of numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from minibp.activations import ACTIVATIONS
from minibp.arrays import Array
from minibp.check.oracles.estimate import Estimate
from minibp.check.oracles.jax_autodiff.compilation_cache import LOCK, Compiled, compiled
from minibp.check.oracles.jax_autodiff.functions import COST_TERMS, ELEMENTWISE, cost_term, softmax
from minibp.check.oracles.jax_autodiff.results import Results, estimate_of, signs
from minibp.check.problem_stack import Stack
from minibp.network import Gradient

WIDTH, BATCH = 16, 8
"""The padding: neurons a layer, and examples."""

NAMES = list(ELEMENTWISE)


class Parameters(NamedTuple):
    """Everything that the cost is differentiated by, or a direction in it; layers are the second axis, after problems.

    Probes are zeros that are added to z: the gradient with respect to them is δ, by (15), over m.
    """

    weights: Any
    """(…, depth, WIDTH, WIDTH)."""
    biases: Any
    """(…, depth, WIDTH)."""
    probes: Any
    """(…, depth, BATCH, WIDTH)."""


class Padded(NamedTuple):
    """Problems within the padding, along the first axis of every array; 0 where nothing is."""

    parameters: Parameters
    direction: Parameters
    """v of the slope ∇C · v."""
    x: Any
    """(…, BATCH, WIDTH), as are y and `here`."""
    y: Any
    here: Any
    """Which entries of the output are real."""
    activations: Any
    """Of each layer, its place in `NAMES`: (…, depth)."""
    cost_term: Any
    """The place of the cost in `COST_TERMS`: (…,), as are all that follow."""
    is_softmax: Any
    """Of the output."""
    layers: Any
    m: Any
    alpha: Any


def _cost(parameters: Parameters, problem: Padded) -> tuple[Any, tuple[Any, Any, Any]]:
    """C of one padded problem, with z, a of `NAMES` and the output; layers first.

    Of a stack: arrays have its axis before the last two (the biases, before the last), and C is (s,).
    """

    def layer(carry: Any, this: Any) -> tuple[Any, Any]:
        a, z = carry
        (w, b, probe), activation, index = this
        z_l = a @ w.mT + b[..., None, :] + probe  # the gradient with respect to the probe is δ^l, by (15)
        a_l = lax.switch(activation, list(ELEMENTWISE.values()), z_l)
        live = index < problem.layers
        return (jnp.where(live, a_l, a), jnp.where(live, z_l, z)), (z_l, a_l)

    x, y, here, w = problem.x, problem.y, problem.here, parameters.weights
    layers = parameters, problem.activations, jnp.arange(len(w))
    (a, z), (zs, activations) = lax.scan(layer, (x, jnp.zeros_like(x)), layers)
    a = jnp.where(problem.is_softmax, softmax(z, here[..., :1, :]), a)
    terms = lax.switch(problem.cost_term, COST_TERMS, z, a, y, here)
    data = jnp.sum(jnp.where(here, terms, 0), (-2, -1)) / problem.m
    return data + problem.alpha / (2 * problem.m) * jnp.sum(w * w, (0, -2, -1)), (zs, activations, a)


def _differentiated(problem: Padded) -> Results:
    """Cost, pass, gradient and slope of one padded problem, or of a stack whose layers come first."""

    def total(parameters: Parameters) -> tuple[Any, Any]:
        cost, forward = _cost(parameters, problem)
        return jnp.sum(cost), (cost, forward)

    (_, (cost, forward)), gradient = jax.value_and_grad(total, has_aux=True)(problem.parameters)
    _, slope = jax.jvp(lambda p: _cost(p, problem)[0], (problem.parameters,), (problem.direction,))
    (z, a, output), (nabla_w, nabla_b, probes) = forward, gradient
    return Results(cost, z, a, output, nabla_w, nabla_b, probes, slope)


def _separate(count: Any, problems: Padded) -> Any:
    """The results of the first `count` problems: a loop, so that one problem costs no more than one.

    All results of a problem are one row, since fetching eight arrays takes eight times as long as fetching one.
    """
    places, depth = problems.activations.shape

    def fill(k: Any, rows: Any) -> Any:
        results = _differentiated(jax.tree.map(lambda array: array[k], problems))
        return rows.at[k].set(jnp.concatenate([jnp.ravel(part) for part in results]))

    return lax.fori_loop(0, count, fill, jnp.zeros((places, sum(map(math.prod, _shapes(depth))))))


def _together(_count: Any, problems: Padded) -> Any:
    """The same rows for one stack: shape and functions are those of the first problem."""
    shared = {name: getattr(problems, name)[0] for name in ("activations", "cost_term", "is_softmax", "layers", "m")}
    parameters, direction = (
        Parameters(*(jnp.moveaxis(array, 1, 0) for array in each)) for each in (problems.parameters, problems.direction)
    )
    results = _differentiated(problems._replace(parameters=parameters, direction=direction, **shared))
    by_layer = {name: jnp.moveaxis(getattr(results, name), 1, 0) for name in ("z", "a", "nabla_w", "nabla_b", "probes")}
    parts = results._replace(**by_layer)
    return jnp.concatenate([part.reshape(len(problems.x), -1) for part in parts], axis=1)


def _shapes(depth: int) -> Results:
    """The shapes of the results of one problem."""
    layers = (depth, BATCH, WIDTH)
    return Results((), layers, layers, (BATCH, WIDTH), (depth, WIDTH, WIDTH), (depth, WIDTH), layers, ())


def _blank(places: int, depth: int) -> Padded:
    """Arguments without a problem: all zero but for what may not be."""

    def parameters() -> Parameters:
        layers = (places, depth)
        return Parameters(
            np.zeros((*layers, WIDTH, WIDTH)), np.zeros((*layers, WIDTH)), np.zeros((*layers, BATCH, WIDTH))
        )

    rows = (places, BATCH, WIDTH)
    here = np.zeros(rows, bool)
    here[:, :, 0] = True
    return Padded(
        parameters=parameters(),
        direction=parameters(),
        x=np.zeros(rows),
        y=np.zeros(rows),
        here=here,
        activations=np.zeros((places, depth), np.int64),
        cost_term=np.zeros(places, np.int64),
        is_softmax=np.zeros(places, bool),
        layers=np.ones(places, np.int64),
        m=np.ones(places),
        alpha=np.zeros(places),
    )


def _pack(stack: Stack, direction: Gradient, into: Padded, at: slice) -> None:
    """Write a stack into its places."""
    m, output = stack.m, stack.activations[-1]
    for parameters, (weights, biases) in (
        (into.parameters, (stack.weights, stack.biases)),
        (into.direction, direction),
    ):
        for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
            parameters.weights[at, i, : w.shape[1], : w.shape[2]] = w
            parameters.biases[at, i, : b.shape[1]] = b
    into.x[at, :m, : stack.sizes[0]], into.y[at, :m, : stack.sizes[-1]] = stack.x, stack.y
    into.here[at] = False
    into.here[at, :m, : stack.sizes[-1]] = True
    into.activations[at, : len(stack.activations)] = [NAMES.index(each.name) for each in stack.activations]
    into.cost_term[at] = cost_term(stack.cost, output)
    into.is_softmax[at] = output.name == "softmax"
    into.layers[at], into.m[at], into.alpha[at] = len(stack.weights), m, stack.alpha


def _unpack(stack: Stack, direction: Gradient, rows: Array, depth: int) -> Estimate:
    """The estimate of a stack from its rows of results."""
    shapes = _shapes(depth)
    cuts = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
    parts = np.split(rows, cuts, axis=1)
    padded = Results(*(part.reshape(-1, *shape) for part, shape in zip(parts, shapes, strict=True)))

    def by_layer(array: Array) -> tuple[Array, ...]:
        return tuple(array[:, i, : stack.m, :n] for i, n in enumerate(stack.sizes[1:]))

    weights = enumerate(stack.weights)
    results = Results(
        cost=padded.cost,
        z=by_layer(padded.z),
        a=by_layer(padded.a)[:-1],
        output=padded.output[:, : stack.m, : stack.sizes[-1]],
        nabla_w=tuple(padded.nabla_w[:, i, : w.shape[1], : w.shape[2]] for i, w in weights),
        nabla_b=tuple(padded.nabla_b[:, i, :n] for i, n in enumerate(stack.sizes[1:])),
        probes=by_layer(padded.probes),
        slope=padded.slope,
    )
    return estimate_of(stack, direction, results)


class Program:
    """A padded program: for up to `places` problems a call, of up to `depth` layers after the input."""

    def __init__(self, places: int, depth: int, traced: Callable[[Any, Padded], Any]) -> None:
        self.places = places
        self.depth = depth
        self._traced = traced

    @cached_property
    def compiled(self) -> Compiled:
        """The program, compiled at the first use."""
        return compiled(self._traced, np.int64(0), _blank(self.places, self.depth))

    def fits(self, stack: Stack) -> bool:
        """True where it can serve each problem of the stack."""
        known = all(ACTIVATIONS.get(activation.name) is activation for activation in stack.activations)
        known = known and cost_term(stack.cost, stack.activations[-1]) is not None
        return known and len(stack.weights) <= self.depth and max(stack.sizes) <= WIDTH and stack.m <= BATCH

    def estimates(self, stacks: Sequence[Stack]) -> list[Estimate]:
        """The gradients of stacks that fit, in one call: of at most `places` problems."""
        ends = np.cumsum([len(stack.x) for stack in stacks]).tolist()
        places = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
        directions = [signs(stack) for stack in stacks]
        problems = _blank(self.places, self.depth)
        for stack, direction, at in zip(stacks, directions, places, strict=True):
            _pack(stack, direction, problems, at)
        with LOCK, jax.enable_x64(True):
            rows = jax.device_get(self.compiled(np.int64(ends[-1]), problems))
        return [
            _unpack(stack, direction, rows[at], self.depth)
            for stack, direction, at in zip(stacks, directions, places, strict=True)
        ]


SEPARATE = Program(16, 8, _separate)
"""For stacks of one problem each, one after the other."""
TOGETHER = Program(32, 4, _together)
"""For one stack, all of it at once."""
