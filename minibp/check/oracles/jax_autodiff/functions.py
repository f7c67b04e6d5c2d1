"""The activations and costs once more, in JAX, for the oracle to differentiate: nothing of the package's own.

They are written so that their derivatives by autodiff keep their relative accuracy in the tails, where the derivatives
that come with JAX (1 − tanh², a(1 − a)) lose it. `here` says which entries of a padded layer are real.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from minibp.activations import ELU_ALPHA, LEAKY_SLOPE, Activation, sigmoid
from minibp.activations import softmax as softmax_layer
from minibp.costs import COSTS, HUBER_DELTA, Cost


def _decay(z: Any) -> Any:
    return jnp.exp(jnp.where(z >= 0, -z, z))


def logistic(z: Any) -> Any:
    """The sigmoid."""
    e = _decay(z)
    return jnp.where(z >= 0, 1, e) / (1 + e)


def tanh(z: Any) -> Any:
    """Tanh, by exponentials where its derivative 1 − tanh² would cancel."""
    inner = jnp.abs(z) < 1
    e = _decay(2 * z)
    return jnp.where(inner, jnp.tanh(jnp.where(inner, z, 0)), jnp.where(z >= 0, 1 - e, e - 1) / (1 + e))


def elu(z: Any, alpha: float = ELU_ALPHA) -> Any:
    """Elu, with e^z − 1 by a difference where the derivative of JAX's expm1, which is expm1 + 1, would cancel."""
    low = jnp.where(z > 0, 0, z)
    inner = low > -0.5
    return jnp.where(z > 0, z, alpha * jnp.where(inner, jnp.expm1(jnp.where(inner, low, 0)), jnp.exp(low) - 1))


def softplus(z: Any) -> Any:
    """The function ln(1 + e^z)."""
    return jnp.where(z >= 0, z, 0) + jnp.log1p(_decay(z))


ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    "identity": lambda z: z,
    "sigmoid": logistic,
    "tanh": tanh,
    "relu": jax.nn.relu,
    "leaky_relu": lambda z: jax.nn.leaky_relu(z, LEAKY_SLOPE),
    "elu": elu,
    "softplus": softplus,
    "silu": lambda z: z * logistic(z),
    "softmax": lambda z: z,  # over a layer, not elementwise: see `softmax`
}


def _log_sum(z: Any, here: Any) -> Any:
    """ln Σ e^z over the last axis, over the entries that are `here`; 0 where none is."""
    top = lax.stop_gradient(jnp.max(jnp.where(here, z, -jnp.inf), axis=-1, keepdims=True))
    top = jnp.where(jnp.isfinite(top), top, 0)
    total = jnp.sum(jnp.where(here, jnp.exp(jnp.where(here, z - top, 0)), 0), axis=-1, keepdims=True)
    return top + jnp.log(jnp.where(total > 0, total, 1))


def softmax(z: Any, here: Any) -> Any:
    """e^z / Σ e^z over the last axis, over the entries that are `here`."""
    top = lax.stop_gradient(jnp.max(jnp.where(here, z, -jnp.inf), axis=-1, keepdims=True))
    e = jnp.where(here, jnp.exp(jnp.where(here, z - top, 0)), 0)
    return e / jnp.sum(e, axis=-1, keepdims=True)


def _quadratic(z: Any, a: Any, y: Any, here: Any) -> Any:
    return jnp.where(here, 0.5 * (a - y) ** 2, 0)


def _huber(z: Any, a: Any, y: Any, here: Any) -> Any:
    r = jnp.abs(a - y)
    return jnp.where(here, jnp.where(r <= HUBER_DELTA, 0.5 * (a - y) ** 2, HUBER_DELTA * (r - HUBER_DELTA / 2)), 0)


def _cross_entropy(z: Any, a: Any, y: Any, here: Any) -> Any:
    return jnp.where(here, y * softplus(-z) + (1 - y) * softplus(z), 0)


def _cross_entropy_of_softmax(z: Any, a: Any, y: Any, here: Any) -> Any:
    z = z - lax.stop_gradient(jnp.max(jnp.where(here, z, -jnp.inf), axis=-1, keepdims=True))
    total = _log_sum(z, here)
    other = here[..., None, :] & ~jnp.eye(z.shape[-1], dtype=bool)
    others = _log_sum(jnp.broadcast_to(z[..., None, :], other.shape), other)[..., 0]
    return jnp.where(here, y * (total - z) + (1 - y) * (total - others), 0)


def _categorical(z: Any, a: Any, y: Any, here: Any) -> Any:
    z = z - lax.stop_gradient(jnp.max(jnp.where(here, z, -jnp.inf), axis=-1, keepdims=True))
    return jnp.where(here, y * (_log_sum(z, here) - z), 0)


COST_TERMS = [_quadratic, _huber, _cross_entropy, _cross_entropy_of_softmax, _categorical]


def cost_term(cost: Cost, output: Activation) -> int | None:
    """The place in `COST_TERMS` of `cost` on this output; None where it has none."""
    if COSTS.get(cost.name) is not cost:
        return None
    if cost.name == "cross_entropy":
        return {sigmoid: 2, softmax_layer: 3}.get(output)
    return {"quadratic": 0, "huber": 1, "categorical_cross_entropy": 4}[cost.name]
