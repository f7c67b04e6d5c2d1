"""Twenty functions of JAX with derivative rules of their author's own, each with points."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import numpy as np

FORMS = {
    "sine": (lambda jnp, x: jnp.sin(x), lambda jnp, x: jnp.cos(x)),
    "logistic": (lambda jnp, x: 1 / (1 + jnp.exp(-x)), lambda jnp, x: 1 / (2 + jnp.exp(x) + jnp.exp(-x))),
    "softplus": (lambda jnp, x: jnp.logaddexp(x, 0), lambda jnp, x: 1 / (1 + jnp.exp(-x))),
    "square": (lambda jnp, x: x * x, lambda jnp, x: 2 * x),
    "cube": (lambda jnp, x: x**3, lambda jnp, x: 3 * x**2),
    "swish": (
        lambda jnp, x: x / (1 + jnp.exp(-x)),
        lambda jnp, x: (1 + jnp.exp(-x) * (1 + x)) / (1 + jnp.exp(-x)) ** 2,
    ),
    "bump": (lambda jnp, x: jnp.exp(-x * x), lambda jnp, x: -2 * x * jnp.exp(-x * x)),
    "rational": (lambda jnp, x: x / (1 + x * x), lambda jnp, x: (1 - x * x) / (1 + x * x) ** 2),
    "root": (lambda jnp, x: jnp.sqrt(1 + x * x), lambda jnp, x: x / jnp.sqrt(1 + x * x)),
    "arctangent": (lambda jnp, x: jnp.arctan(x), lambda jnp, x: 1 / (1 + x * x)),
}
"""Functions and their slopes."""


def with_vjp(jax: Any, f: Any, slope: Any) -> Any:
    """The function with a rule for reverse mode."""
    own = jax.custom_vjp(lambda x: f(jax.numpy, x))
    own.defvjp(lambda x: (f(jax.numpy, x), x), lambda x, g: (g * slope(jax.numpy, x),))
    return own


def with_jvp(jax: Any, f: Any, slope: Any) -> Any:
    """The function with a rule for forward mode, which JAX transposes for reverse mode."""
    own = jax.custom_jvp(lambda x: f(jax.numpy, x))
    own.defjvp(lambda x, v: (f(jax.numpy, x[0]), v[0] * slope(jax.numpy, x[0])))
    return own


RULES = {"vjp": with_vjp, "jvp": with_jvp}
NAMES = [f"{name}, {rule}" for name in FORMS for rule in RULES]
X = np.random.default_rng(2).standard_normal((2, 3))

MISTAKES = {
    "a millionth more": lambda jnp, slope: (1 + 1e-6) * slope,
    "the sign": lambda jnp, slope: -slope,
    "the last entry": lambda jnp, slope: slope.at[-1, -1].set(0),
}


def function(jax: Any, name: Any, mistake: Any = None) -> Any:
    """A function by its name, right or with a mistake in its rule."""
    form, rule = name.split(", ")
    f, slope = FORMS[form]
    if mistake is None:
        return RULES[rule](jax, f, slope)
    return RULES[rule](jax, f, lambda jnp, x: MISTAKES[mistake](jnp, slope(jnp, x)))


PAIRED = list(zip(NAMES, cycle(MISTAKES), strict=False))
"""Each function with one of the mistakes."""
