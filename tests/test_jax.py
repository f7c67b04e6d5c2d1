import numpy as np
import pytest
from derivatives import of_jax as zoo_jax

from minibp import GradientMismatch
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
    with pytest.raises(TypeError, match="can't apply forward-mode autodiff"):
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


def test_what_the_function_raises_comes_out_as_it_is():
    def missing(x):
        raise KeyError("w")

    with pytest.raises(KeyError, match="w") as caught:
        check_grads(missing, (X,), 1)
    assert "w" in str(caught.value)
    with pytest.raises(ValueError, match="args is empty, expected at least one array"):
        check_grads(lambda: X, (), 1)


@pytest.mark.parametrize("f", [jnp.log, jnp.sqrt, lambda x: jnp.arctan2(x, 1 + x[::-1])], ids=["log", "root", "angle"])
def test_second_derivatives_are_not_taken_along_the_point_itself(f):
    check_grads(f, (jnp.abs(X),), 2)  # x · f'(x) of a logarithm is constant, and so are f · f' of a root


def test_single_precision_of_complex_numbers():
    z = np.complex64([0.1 + 0.7j, -1.3j, 2.7])
    check_grads(lambda z: jnp.sqrt(z) * z, (z,), 2)
    wrong = jax.custom_vjp(jnp.sin)
    wrong.defvjp(lambda z: (jnp.sin(z), z), lambda z, g: (1.001 * g * jnp.cos(z),))
    with pytest.raises(AssertionError, match="wrong"):
        check_grads(wrong, (z,), 1, modes=["rev"])


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda x: 2 * x, (np.zeros((0, 3)),)),
        (lambda x: x[:0], (np.ones(3),)),
        (lambda d, y: d["a"].sum() + y**2 + d["b"], ({"a": np.zeros((0, 3)), "b": np.ones(2)}, np.ones(2))),
        (lambda x, n: x * n, (np.ones(3), np.arange(3))),
    ],
    ids=["empty", "empty result", "empty beside others", "integers"],
)
def test_arrays_without_entries_and_integers_are_passed_on(f, args):
    check_grads(f, args, 2)


def test_results_that_are_not_finite_are_left_out():
    check_grads(lambda x: jnp.concatenate([x**2, jnp.full(1, -jnp.inf)]), (X[0],), 2)


def test_constants_of_double_precision_beside_single():
    check_grads(lambda x: jnp.interp(x, np.arange(4.0), np.array([1.0, 3.0, 2.0, 5.0])), (np.float32([0.3, 1.6]),), 1)


def test_numpy_arrays_are_taken():
    check_grads(jnp.tanh, (np.ones(2),), 1)
