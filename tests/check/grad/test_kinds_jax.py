"""Functions of JAX: rules that are their own oracle, single precision as it comes."""

import numpy as np
import pytest
from grad_kinds import is_right, is_wrong, normal

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy


def ruled(factor, f, slope):
    """f with a derivative rule of its author's own, a factor times the slope."""

    @jax.custom_vjp
    def own(x):
        return f(x)

    own.defvjp(lambda x: (f(x), x), lambda x, c: (factor * slope(x) * c,))
    return own


def of(function):
    return jax.jit(lambda x: function(x).sum()), jax.jit(jax.grad(lambda x: function(x).sum()))


RULES = {
    "sigmoid": (jax.nn.sigmoid, lambda x: jax.nn.sigmoid(x) * jax.nn.sigmoid(-x)),
    "tanh": (jnp.tanh, lambda x: 1 - jnp.tanh(x) ** 2),
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("factor", [1.01, 0.5])
def test_a_wrong_rule_is_no_oracle_for_itself(name, factor):
    x = normal(1, 3, scale=1e-2, dtype=np.float32)
    is_right(*of(ruled(1.0, *RULES[name])), x)
    is_wrong(*of(ruled(factor, *RULES[name])), x)


def test_a_wrong_rule_under_a_large_offset():
    def f(x):
        return 1e12 + function(x).sum()

    function = ruled(1.1, lambda x: jnp.abs(x) ** 1.5, lambda x: 1.5 * jnp.abs(x) ** 0.5 * jnp.sign(x))
    is_wrong(jax.jit(f), jax.jit(jax.grad(f)), np.array([0.3, -1.2, 0.8]))


@pytest.mark.parametrize(("f", "x"), [("exp", [3e-5, -1e-4, 8e-5]), ("tanh", [0.5, -7.137])], ids=["exp", "tanh"])
def test_single_precision_as_it_comes(f, x):
    function, gradient = of(getattr(jnp, f))
    is_right(function, gradient, np.array(x, np.float32))
    is_wrong(function, lambda x: 1.1 * gradient(x), np.array(x, np.float32))


@pytest.mark.parametrize("large", [1e30, 1e180])
def test_slopes_beside_an_argument_of_which_f_has_many_periods_between_numbers(large):
    """By the large argument nothing can be told; by the others JAX does, however f varies."""
    w, at = np.array([1.0, -0.7, 0.6]), np.array([0.7, 1.2, large])
    f = lambda x: (w * jnp.sin(x)).sum()  # noqa: E731
    is_right(f, lambda x: w * np.cos(x), at, oracles=("jax", "finite_difference"))
    is_wrong(f, lambda x: np.array([0, 1, 1]) * w * np.cos(x), at, oracles=("jax", "finite_difference"))
