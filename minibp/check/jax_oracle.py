"""JAX autodiff as an oracle: its own forward pass, and nothing of the package's derivatives.

Every z^l gets a zero "probe" added to it; the gradient with respect to the probes is δ^l itself, by equation (15).
Reverse mode gives the gradient, forward mode its slope along a random signed direction.

One program, padded to a fixed depth, width and batch, serves networks of any size within the padding; `plain` is the
same without padding, a check on it, and serves what does not fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from minibp.activations import ACTIVATIONS, Activation
from minibp.arrays import Array
from minibp.check.compilation import Compiled, compiled
from minibp.check.estimate import Estimate, OracleUnavailable, Slope
from minibp.check.jax_functions import COST_TERMS, ELEMENTWISE, cost_term, softmax
from minibp.check.jax_padded import BATCH, LOCK, WIDTH, estimate_of, padded, signs
from minibp.check.stack import single
from minibp.costs import Cost
from minibp.network import Gradient
from minibp.problem import Problem

DEPTH, CHUNK = 8, 16
"""The padding: layers after the input, and networks a call; neurons and examples are those of `jax_padded`."""


_LAYERS = (DEPTH, BATCH, WIDTH)
_ANSWER = ((), _LAYERS, _LAYERS, (BATCH, WIDTH), (DEPTH, WIDTH, WIDTH), (DEPTH, WIDTH), _LAYERS, ())
"""The shapes of what `padded` answers, in its order."""


def _one_by_one(count: Any, *arguments: Any) -> Any:
    """`padded` for the first `count` of CHUNK networks: a loop, so that one network costs no more than one.

    All answers of a network come as one row, since fetching eight arrays takes eight times as long as fetching one.
    """

    def fill(k: Any, rows: Any) -> Any:
        answer = padded(*jax.tree.map(lambda array: array[k], arguments))
        return rows.at[k].set(jnp.concatenate([jnp.ravel(part) for part in jax.tree.leaves(answer)]))

    return lax.fori_loop(0, count, fill, jnp.zeros((CHUNK, sum(map(math.prod, _ANSWER)))))


def _parts(rows: Array) -> list[Array]:
    """The answers in their shapes again, each with an axis for the networks."""
    cuts = np.cumsum([math.prod(shape) for shape in _ANSWER])[:-1]
    return [part.reshape(CHUNK, *shape) for part, shape in zip(np.split(rows, cuts, axis=1), _ANSWER, strict=True)]


@cache
def _program() -> Compiled:
    """The padded program, compiled."""
    return compiled(_one_by_one, np.int64(0), *_blank())


def prepared() -> float:
    """Make the padded program ready, and say how many seconds that took when it was done, which is once a process."""
    return _program().seconds


def _blank() -> tuple[Any, Any, Any]:
    """Arguments of the padded program, all zero but for what may not be."""
    shape = (CHUNK, DEPTH)
    params = (np.zeros((*shape, WIDTH, WIDTH)), np.zeros((*shape, WIDTH)), np.zeros((*shape, BATCH, WIDTH)))
    rows = (CHUNK, BATCH, WIDTH)
    here = np.zeros(rows, bool)
    here[:, :, 0] = True
    whole = np.zeros(CHUNK, np.int64)
    given = (np.zeros(rows), np.zeros(rows), np.zeros(shape, np.int64), whole, np.zeros(CHUNK, bool), whole + 1, here)
    direction = tuple(np.zeros_like(array) for array in params)
    return params, (*(array.copy() for array in given), np.ones(CHUNK), np.zeros(CHUNK)), direction


def fits(problem: Problem) -> bool:
    """Whether the padded program can serve this problem."""
    network = problem.network
    known = all(ACTIVATIONS.get(activation.name) is activation for activation in network.activations)
    known = known and cost_term(problem.cost, network.activations[-1]) is not None
    return known and len(network.weights) <= DEPTH and max(network.sizes) <= WIDTH and problem.m <= BATCH


def estimate(problem: Problem) -> Estimate:
    """The gradient of `problem` by autodiff; δ, z, a and one slope beside it."""
    return estimates([problem])[0]


def estimates(problems: Sequence[Problem]) -> list[Estimate]:
    """The same for many problems at once, CHUNK a call; those beyond the padding one by one.

    Raises `OracleUnavailable` where JAX cannot trace a function of the user's.
    """
    answers: dict[int, Estimate] = {}
    small = [i for i, problem in enumerate(problems) if fits(problem)]
    for start in range(0, len(small), CHUNK):
        part = small[start : start + CHUNK]
        answers.update(zip(part, _padded_estimates([problems[i] for i in part]), strict=True))
    return [answers[i] if i in answers else plain(problem) for i, problem in enumerate(problems)]


def _padded_estimates(problems: Sequence[Problem]) -> list[Estimate]:
    (w, b, probes), given, (v_w, v_b, v_probes) = _blank()
    x, y, kinds, term, is_softmax, layers, here, m, alpha = given
    names = list(ELEMENTWISE)
    directions = [_direction(problem) for problem in problems]
    for k, (problem, direction) in enumerate(zip(problems, directions, strict=True)):
        network = problem.network
        n_in, n_out = network.sizes[0], network.sizes[-1]
        for i, (w_l, b_l) in enumerate(zip(network.weights, network.biases, strict=True)):
            height, breadth = w_l.shape
            w[k, i, :height, :breadth], b[k, i, :height] = w_l, b_l
            v_w[k, i, :height, :breadth], v_b[k, i, :height] = direction.nabla_w[i], direction.nabla_b[i]
            kinds[k, i] = names.index(network.activations[i].name)
        x[k, : problem.m, :n_in], y[k, : problem.m, :n_out] = problem.x, problem.y
        here[k] = False
        here[k, : problem.m, :n_out] = True
        term[k] = cost_term(problem.cost, network.activations[-1])
        is_softmax[k] = network.activations[-1].name == "softmax"
        layers[k], m[k], alpha[k] = len(network.weights), problem.m, problem.l2.alpha
    with LOCK, jax.enable_x64(True):
        rows = jax.device_get(_program()(np.int64(len(problems)), (w, b, probes), given, (v_w, v_b, v_probes)))
    costs, zs, activations, outputs, g_w, g_b, g_probes, slopes = _parts(rows)
    found = []
    for k, (problem, direction) in enumerate(zip(problems, directions, strict=True)):
        depth, count = range(len(problem.network.weights)), problem.m
        shapes = [weights.shape for weights in problem.network.weights]
        a = [activations[k, i, :count, : shapes[i][0]] for i in depth]
        a[-1] = outputs[k, :count, : shapes[-1][0]]
        gradient = Gradient(
            tuple(g_w[k, i, : shapes[i][0], : shapes[i][1]] for i in depth),
            tuple(g_b[k, i, : shapes[i][0]] for i in depth),
        )
        delta = tuple(g_probes[k, i, :count, : shapes[i][0]] * count for i in depth)
        z = tuple(zs[k, i, :count, : shapes[i][0]] for i in depth)
        found.append(_single(problem, costs[k], gradient, delta, z, tuple(a), direction, slopes[k]))
    return found


def _single(
    problem: Problem,
    cost: Any,
    gradient: Gradient,
    delta: tuple[Array, ...],
    z: tuple[Array, ...],
    a: tuple[Array, ...],
    direction: Gradient,
    slope: Any,
) -> Estimate:
    """The estimate of one problem from what JAX computed."""

    def stacked(arrays: Sequence[Any]) -> tuple[Array, ...]:
        return tuple(np.asarray(array)[None] for array in arrays)

    arrays = (stacked(each) for each in ((cost, slope), delta, z, a))
    (cost, slope), delta, z, a = arrays
    gradient, direction = Gradient(*map(stacked, gradient)), Gradient(*map(stacked, direction))
    return estimate_of(single(problem), cost, gradient, delta, z, a, Slope(direction, slope, 0.0)).only()


def _direction(problem: Problem) -> Gradient:
    """Signs ±1 for every parameter: other ones for every problem, the same ones for the same problem."""
    network = problem.network
    return signs(network.weights, network.biases, (*network.weights, *network.biases, problem.x, problem.y))


def plain(problem: Problem) -> Estimate:
    """The same estimate without padding, for any size and for functions of the user's that JAX can trace."""
    problem = problem.astype("float64")
    network = problem.network
    direction = _direction(problem)
    probes = tuple(np.zeros((problem.m, n)) for n in network.sizes[1:])
    params, along = (network.weights, network.biases, probes), (*direction, probes)
    arguments = params, along, problem.x, problem.y, problem.l2.alpha
    with LOCK, jax.enable_x64(True):
        try:
            program = _plain_program(network.sizes, network.activations, problem.cost, problem.m, arguments)
        except (TypeError, AttributeError, IndexError, ValueError) as error:
            raise OracleUnavailable(
                f"JAX cannot trace this problem's functions: {str(error).splitlines()[0]}"
            ) from None
        (cost, (zs, activations)), (g_w, g_b, g_probes), slope = jax.device_get(program(*arguments))
    delta = tuple(g * problem.m for g in g_probes)
    return _single(problem, cost, Gradient(g_w, g_b), delta, tuple(zs), tuple(activations), direction, slope)


_PLAIN: dict[Any, Compiled] = {}


def _plain_program(
    sizes: tuple[int, ...], activations: tuple[Activation, ...], cost: Cost, m: int, arguments: Any
) -> Compiled:
    """`_plain_cost` with its gradient and one slope, compiled once for each shape and choice of functions."""
    key = (sizes, activations, cost, m)
    if key not in _PLAIN:

        def everything(params: Any, along: Any, *given: Any) -> Any:
            cost_of = partial(_plain_cost, activations, cost, given=given)
            (value, rest), gradient = jax.value_and_grad(cost_of, has_aux=True)(params)
            return (value, rest), gradient, jax.jvp(lambda p: cost_of(p)[0], (params,), (along,))[1]

        _PLAIN[key] = compiled(everything, *arguments)
    return _PLAIN[key]


def _plain_cost(activations: tuple[Activation, ...], cost: Cost, params: Any, *, given: Any) -> tuple[Any, Any]:
    """C of one network as it is, with all z and a."""
    weights, biases, probes = params
    a, y, alpha = given
    here = jnp.ones(y.shape, bool)
    m = y.shape[0]
    zs, outputs = [], []
    for w, b, probe, activation in zip(weights, biases, probes, activations, strict=True):
        z = a @ w.T + b + probe
        a = _traced_value(activation, z, here)
        zs.append(z)
        outputs.append(a)
    term = cost_term(cost, activations[-1])
    values = cost.value(a, y) if term is None else COST_TERMS[term](z, a, y, here)
    return jnp.sum(values) / m + alpha / (2 * m) * sum(jnp.sum(w * w) for w in weights), (zs, outputs)


def _traced_value(activation: Activation, z: Any, here: Any) -> Any:
    if ACTIVATIONS.get(activation.name) is not activation:
        return activation.value(z)
    return softmax(z, here) if activation.name == "softmax" else ELEMENTWISE[activation.name](z)
