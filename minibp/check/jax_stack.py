"""The padded JAX program for a whole stack: one call for up to STACK problems of one shape."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from minibp.arrays import Array
from minibp.check.compilation import Compiled, compiled
from minibp.check.estimate import Estimate, Slope
from minibp.check.jax_functions import ELEMENTWISE, cost_term
from minibp.check.jax_padded import BATCH, LOCK, WIDTH, estimate_of, padded, signs
from minibp.check.stack import Stack
from minibp.network import Gradient

STACK, DEPTH = 32, 4
"""The padding: problems a call, and layers after the input; neurons and examples are those of `jax_padded`."""

_LAYERS = (DEPTH, BATCH, WIDTH)
_ANSWER = ((), _LAYERS, _LAYERS, (BATCH, WIDTH), (DEPTH, WIDTH, WIDTH), (DEPTH, WIDTH), _LAYERS, ())
"""The shapes of what `padded` answers for each problem, in its order."""


def _whole(params: Any, given: Any, direction: Any) -> Any:
    """All answers of a problem as one row, since fetching eight arrays takes eight times as long as fetching one."""
    cost, (zs, activations, a), (w, b, probes), slope = padded(params, given, direction)
    parts = (cost, *(jnp.moveaxis(each, 1, 0) for each in (zs, activations)), a)
    parts = (*parts, *(jnp.moveaxis(each, 1, 0) for each in (w, b, probes)), slope)
    return jnp.concatenate([part.reshape(STACK, -1) for part in parts], axis=1)


@cache
def _program() -> Compiled:
    params, given = _blank()
    return compiled(_whole, params, given, params)


def _blank() -> tuple[Any, Any]:
    """Arguments of the program, all zero but for what may not be."""
    params = (
        np.zeros((DEPTH, STACK, WIDTH, WIDTH)),
        np.zeros((DEPTH, STACK, WIDTH)),
        np.zeros((DEPTH, STACK, BATCH, WIDTH)),
    )
    rows = (STACK, BATCH, WIDTH)
    zero = np.int64(0)
    kinds, here = np.zeros(DEPTH, np.int64), np.zeros(rows, bool)
    return params, (np.zeros(rows), np.zeros(rows), kinds, zero, np.bool_(False), zero, here, 1.0, np.zeros(STACK))


def estimates(stack: Stack) -> Estimate:
    """The gradients of a stack of at most STACK problems within the padding."""
    count, m, layers = len(stack.x), stack.m, len(stack.weights)
    params, (x, y, kinds, *_, here, _, alpha) = _blank()
    along = tuple(np.zeros_like(array) for array in params)
    ways = signs(stack.weights, stack.biases, (*stack.weights, *stack.biases, stack.x, stack.y))
    names = list(ELEMENTWISE)
    for i, (w, b) in enumerate(zip(stack.weights, stack.biases, strict=True)):
        at = (i, slice(count), slice(w.shape[1]))
        params[0][(*at, slice(w.shape[2]))], along[0][(*at, slice(w.shape[2]))] = w, ways.nabla_w[i]
        params[1][at], along[1][at] = b, ways.nabla_b[i]
        kinds[i] = names.index(stack.activations[i].name)
    x[:count, :m, : stack.sizes[0]], y[:count, :m, : stack.sizes[-1]] = stack.x, stack.y
    here[:, :, 0] = True
    here[:count] = False
    here[:count, :m, : stack.sizes[-1]] = True
    alpha[:count] = stack.alpha
    output = stack.activations[-1]
    term = cost_term(stack.cost, output)
    assert term is not None
    given = (x, y, kinds, np.int64(term), np.bool_(output.name == "softmax"), np.int64(layers), here, float(m), alpha)
    with LOCK, jax.enable_x64(True):
        rows = np.asarray(jax.device_get(_program()(params, given, along)))[:count]
    cuts = np.cumsum([math.prod(shape) for shape in _ANSWER])[:-1]
    parts = [part.reshape(count, *shape) for part, shape in zip(np.split(rows, cuts, axis=1), _ANSWER, strict=True)]
    cost, zs, activations, outputs, g_w, g_b, g_probes, slopes = parts

    def layers_of(array: Array) -> tuple[Array, ...]:
        return tuple(array[:, i, :m, :n] for i, n in enumerate(stack.sizes[1:]))

    gradient = Gradient(
        tuple(g_w[:, i, : w.shape[1], : w.shape[2]] for i, w in enumerate(stack.weights)),
        tuple(g_b[:, i, : w.shape[1]] for i, w in enumerate(stack.weights)),
    )
    a = (*layers_of(activations)[:-1], outputs[:, :m, : stack.sizes[-1]])
    delta = tuple(m * each for each in layers_of(g_probes))
    return estimate_of(stack, cost, gradient, delta, layers_of(zs), a, Slope(ways, slopes, 0.0))
