"""The JAX program that serves networks of any size within a padding, and what its answers become."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from minibp.arrays import Array
from minibp.check.estimate import Estimate, Slope, oracle_arithmetic
from minibp.check.jax_functions import COST_TERMS, ELEMENTWISE, softmax
from minibp.check.rounding import bounds
from minibp.check.stack import Stack
from minibp.network import Gradient

WIDTH, BATCH = 16, 8
"""Neurons a layer, and examples."""

LOCK = threading.Lock()
"""Held while compiling and calling, which change JAX's configuration for a moment."""


def padded_cost(params: Any, given: Any) -> tuple[Any, Any]:
    """C of one padded network, with all z and a, (DEPTH, BATCH, WIDTH).

    Of a stack: arrays have its axis before the last two (the biases, before the last), and C is (s,).
    """
    w, b, probes = params
    x, y, kinds, term, is_softmax, layers, here, m, alpha = given

    def layer(carry: Any, this: Any) -> tuple[Any, Any]:
        a, z = carry
        w_l, b_l, probe, kind, index = this
        z_l = a @ w_l.mT + b_l[..., None, :] + probe
        a_l = lax.switch(kind, list(ELEMENTWISE.values()), z_l)
        live = index < layers
        return (jnp.where(live, a_l, a), jnp.where(live, z_l, z)), (z_l, a_l)

    start = (x, jnp.zeros_like(x))
    (a, z), (zs, activations) = lax.scan(layer, start, (w, b, probes, kinds, jnp.arange(len(w))))
    a = jnp.where(is_softmax, softmax(z, here[..., :1, :]), a)
    terms = lax.switch(term, COST_TERMS, z, a, y, here)
    cost = jnp.sum(jnp.where(here, terms, 0), (-2, -1)) / m + alpha / (2 * m) * jnp.sum(w * w, (0, -2, -1))
    return cost, (zs, activations, a)


def padded(params: Any, given: Any, direction: Any) -> Any:
    """Cost, the rest of the pass, gradient, and the slope along `direction`, of one padded network, or of a stack."""

    def total(p: Any) -> tuple[Any, Any]:
        cost, rest = padded_cost(p, given)
        return jnp.sum(cost), (cost, rest)

    (_, (cost, rest)), gradient = jax.value_and_grad(total, has_aux=True)(params)
    _, slope = jax.jvp(lambda p: padded_cost(p, given)[0], (params,), (direction,))
    return cost, rest, gradient, slope


def estimate_of(
    stack: Stack,
    cost: Array,
    gradient: Gradient,
    delta: tuple[Array, ...],
    z: tuple[Array, ...],
    a: tuple[Array, ...],
    slope: Slope,
) -> Estimate:
    """What JAX computed for a stack, with the radius that rounding in XLA leaves it."""
    by = oracle_arithmetic()
    radius = bounds(stack, by)
    # C is a mean, so δ comes divided by m, and is multiplied by it again.
    delta_radius = tuple(e + 2 * by.u * np.abs(d) + stack.m * by.tiny for e, d in zip(radius.delta, delta, strict=True))
    spread = sum(entries.reshape(len(entries), -1).sum(1) for kind in radius.gradient for entries in kind)
    return Estimate(
        gradient=gradient,
        radius=radius.gradient,
        delta=delta,
        delta_radius=delta_radius,
        z=z,
        z_radius=radius.z,
        a=(stack.x, *a),
        a_radius=radius.a,
        cost=cost,
        cost_radius=radius.cost,
        slopes=(slope._replace(radius=spread),),
    )


def signs(weights: Sequence[Array], biases: Sequence[Array], content: Sequence[Array]) -> Gradient:
    """Signs ±1 shaped like the parameters, which `content` decides."""
    rng = np.random.default_rng(zlib.crc32(b"".join(array.tobytes() for array in content)))
    drawn = [rng.integers(0, 2, array.shape) * 2.0 - 1 for array in (*weights, *biases)]
    return Gradient(tuple(drawn[: len(weights)]), tuple(drawn[len(weights) :]))
