"""Further activations once more, in JAX: from their formulas, by JAX's own functions where these keep their digits.

Not so used are jax.nn's gelu(approximate=True) and mish, whose derivatives have 1 − tanh² in them; soft_sign, whose
derivative is a difference of nearly equal numbers where |z| is large; and hard_tanh, whose derivative at kinks is 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from minibp.activations import Activation, Elu, LeakyRelu
from minibp.check.oracles.jax_autodiff.functions import elu, logistic, softplus, tanh
from minibp.further_activations import (
    Gelu,
    GeluTanh,
    HardSigmoid,
    HardSwish,
    HardTanh,
    Mish,
    Relu6,
    Selu,
    Softsign,
)

SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def further_function(activation: Activation) -> Callable[[Any], Any]:
    """The function that JAX differentiates for an activation of one of these classes."""
    return _FUNCTIONS[type(activation)](activation)


def _gelu_tanh(z: Any) -> Any:
    """z σ(v), with v constant where σ(v) is 0 or 1, and z³ might overflow."""
    near = jnp.where(jnp.abs(z) < 30, z, jnp.where(z > 0, 30.0, -30.0))
    return z * logistic(2 * math.sqrt(2 / math.pi) * (near + 0.044715 * near * near * near))


def _softsign(z: Any) -> Any:
    inner = jnp.abs(z) < 1
    size = jnp.abs(jnp.where(inner, z, 0))
    far = 1 / (1 + jnp.where(z >= 0, z, -z))
    return jnp.where(inner, z / (1 + size), jnp.where(z >= 0, 1 - far, far - 1))


def _clip(low: float, high: float) -> Callable[[Any], Any]:
    """z between two numbers; at both of them it is taken to be constant."""
    return lambda z: jnp.where(z <= low, low, jnp.where(z >= high, high, z))


def _hard_sigmoid(slope: float) -> Callable[[Any], Any]:
    kink = 0.5 / slope
    return lambda z: jnp.where(z <= -kink, 0.0, jnp.where(z >= kink, 1.0, slope * z + 0.5))


def _hard_swish(z: Any) -> Any:
    return jnp.where(z <= -3, 0.0, jnp.where(z >= 3, z, z * (z + 3) / 6))


def _constantly(function: Callable[[Any], Any]) -> Callable[[Any], Callable[[Any], Any]]:
    return lambda of: function


_FUNCTIONS: dict[type, Callable[[Any], Callable[[Any], Any]]] = {
    LeakyRelu: lambda of: lambda z: jax.nn.leaky_relu(z, of.slope),
    Elu: lambda of: lambda z: elu(z, of.alpha),
    Selu: _constantly(lambda z: SELU_SCALE * elu(z, SELU_ALPHA)),
    Relu6: _constantly(_clip(0.0, 6.0)),
    HardTanh: _constantly(_clip(-1.0, 1.0)),
    HardSigmoid: lambda of: _hard_sigmoid(of.slope),
    HardSwish: _constantly(_hard_swish),
    Softsign: _constantly(_softsign),
    Gelu: _constantly(lambda z: jax.nn.gelu(z, approximate=False)),
    GeluTanh: _constantly(_gelu_tanh),
    Mish: _constantly(lambda z: z * tanh(softplus(z))),
}
