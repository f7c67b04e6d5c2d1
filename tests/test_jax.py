import numpy as np
import pytest
from derivatives import of_jax as zoo_jax

from minibp import GradientMismatch, InputError
from minibp.jax import check_grads

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy
X = jnp.asarray(zoo_jax.X, "float32")


def test_what_jax_differentiates_is_correct_to_any_order():
    assert check_grads(jnp.tanh, (X,), 2) is None
    check_grads(lambda a, b: a @ b, [X, X.T], order=1, atol=1e-2, rtol=1e-2, eps=1e-3)
    check_grads(lambda d: {"b": d["a"] ** 2, "a": d["a"].sum()}, ({"a": X},), 2, modes=["rev"])
    check_grads(jnp.sin, (X,), 3, modes="fwd")


def test_rules_for_one_mode_are_checked_in_that_mode():
    check_grads(zoo_jax.function(jax, "sine, vjp"), (X,), 1, modes=["rev"])
    check_grads(zoo_jax.function(jax, "sine, jvp"), (X,), 2)
    with pytest.raises(InputError, match="can't apply forward-mode autodiff"):
        check_grads(zoo_jax.function(jax, "sine, vjp"), (X,), 1)


@pytest.mark.parametrize("mistake", zoo_jax.MISTAKES)
def test_a_wrong_rule_is_an_assertion_error(mistake):
    with pytest.raises(AssertionError, match="vjp disagrees with the oracles at ∂out") as caught:
        check_grads(zoo_jax.function(jax, "bump, vjp", mistake), (zoo_jax.X,), 1, modes=["rev"])
    assert isinstance(caught.value, GradientMismatch)


def test_a_rule_that_is_right_and_has_a_wrong_derivative():
    @jax.custom_jvp
    def sine(x):
        return jnp.sin(x)

    sine.defjvp(lambda x, v: (jnp.sin(x[0]), jax.lax.stop_gradient(jnp.cos(x[0])) * v[0]))
    check_grads(sine, (X,), 1)
    with pytest.raises(AssertionError, match="wrong"):
        check_grads(sine, (X,), 2, modes=["fwd"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"modes": ("lin", "rev")}, "modes has 'lin', expected some of fwd, rev"),
        ({"modes": ()}, "modes is empty, expected some of fwd, rev"),
        ({"order": 0}, "order is 0"),
    ],
    ids=["another mode", "no mode", "no order"],
)
def test_what_cannot_be_used_is_one_clear_error(given, message):
    with pytest.raises(ValueError, match=message):
        check_grads(jnp.tanh, (X,), **{"order": 1, **given})


def test_numpy_arrays_are_taken():
    check_grads(jnp.tanh, (np.ones(2),), 1)
