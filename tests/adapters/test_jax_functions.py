import numpy as np
import pytest
from derivatives import of_jax as zoo_jax

import minibp
from minibp import InputError
from minibp.adapters import jax_function

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy
X = zoo_jax.X


def checked(fn, point, **given):
    return minibp.check_vjp(*jax_function(fn), point, seed=1, raise_on_mismatch=False, **given)


@pytest.mark.parametrize("name", zoo_jax.NAMES)
def test_a_right_rule_is_correct_and_is_not_its_own_oracle(name):
    report = checked(zoo_jax.function(jax, name), X)
    assert report.verdict == "correct", report
    assert any("is its author's own; JAX differentiated its body instead" in note for note in report.notes)


@pytest.mark.parametrize(("name", "mistake"), zoo_jax.PAIRED)
def test_a_mistake_in_a_rule_is_wrong_and_placed(name, mistake):
    report = checked(zoo_jax.function(jax, name, mistake), X)
    assert report.verdict == "wrong", report
    assert all("/∂x[" in one.tensor for one in report.findings)


def test_trees_and_integers_and_constants():
    def layer(params, x, axis, kind):
        z = jnp.tanh(x @ params["w"] + params["b"]) if kind == "tanh" else x
        return {"out": z, "at": jnp.argmax(z, axis)}

    made = jax_function(layer)
    point = {"w": X.T.copy(), "b": np.ones(2)}, X, 0, "tanh"
    out = made.f(*point)
    np.testing.assert_allclose(out["out"], np.tanh(X @ X.T + 1), rtol=1e-14)
    assert minibp.check_vjp(*made, point, seed=1)
    assert minibp.check_jvp(made.f, made.jvp, point, seed=1)
    report = minibp.check_vjp(
        made.f, lambda *given: tuple(2 * g["w"] if isinstance(g, dict) else g for g in made.vjp(*given)), point, seed=1,
        raise_on_mismatch=False,
    )  # fmt: skip
    assert report.verdict == "wrong"


def test_a_gradient_of_a_scalar_function():
    made = jax_function(lambda x: jnp.sin(x).sum())
    np.testing.assert_allclose(made.grad(X), np.cos(X), rtol=1e-14)
    assert minibp.check_grad(made.f, made.grad, X, seed=1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_computes_in_the_dtype_of_its_arguments(dtype):
    made = jax_function(jnp.tanh)
    assert made.f(X.astype(dtype)).dtype == dtype
    assert made.vjp(X.astype(dtype), X.astype(dtype)).dtype == dtype
    assert checked(jnp.tanh, X.astype(dtype))


def test_it_is_compiled_once_a_shape():
    traced = []

    def f(x):
        traced.append(x.shape)
        return jnp.sin(x)

    made = jax_function(f)
    for _ in range(3):
        made.f(X)
        made.vjp(X, X)
    made.f(X[0])
    assert traced == [X.shape, X.shape, X[0].shape]


def test_what_branches_on_its_values_is_run_as_it_is():
    def f(x):
        return x**2 if x[0, 0] > 0 else 3 * x

    made = jax_function(f)
    np.testing.assert_allclose(made.vjp(np.abs(X), np.ones_like(X)), 2 * np.abs(X), rtol=1e-14)
    assert checked(f, X)


def test_complex_arguments_have_the_convention_of_check_grad():
    z = X + 1j * X[::-1]
    assert checked(lambda z: z * z.conj() * (1 + 2j), z)


def test_random_numbers_of_a_key():
    def dropout(x, key):
        return x * jax.random.bernoulli(key, 0.5, x.shape)

    assert checked(dropout, (X, jax.random.key(0)))
    assert checked(dropout, (X, jax.random.PRNGKey(0)))


def test_coarse_results_are_taken():
    assert checked(lambda x: jnp.tanh(x.astype(jnp.bfloat16)), X)


def test_what_stops_gradients_is_no_oracle_of_itself():
    """JAX holds what stop_gradient gives constant, in the claim and in the oracle."""
    report = checked(lambda x: jax.lax.stop_gradient(jnp.cos(x)) * x, X)
    assert report.verdict == "wrong", report
    assert any("stop_gradient" in note for note in report.notes)


def test_what_cannot_be_used_is_one_clear_error():
    with pytest.raises(InputError, match="fn is a int, expected a function of JAX"):
        jax_function(3)
    with pytest.raises(InputError, match="the cotangent has 2 parts, expected 1"):
        jax_function(jnp.tanh).vjp(X, (X, X))
    with pytest.raises(InputError, match="f raised TypeError: dot_general requires"):
        checked(lambda x: x @ x, X)
    made = jax_function(zoo_jax.function(jax, "sine, vjp"))
    with pytest.raises(InputError, match="can't apply forward-mode autodiff"):
        minibp.check_jvp(made.f, made.jvp, X, seed=1)


@pytest.mark.parametrize("arithmetic", ["bfloat16", "float16"])
def test_derivatives_in_half_precision(arithmetic):
    made = jax_function(lambda x: jnp.tanh(x) * 2, arithmetic=arithmetic)
    assert minibp.check_vjp(*made, X, seed=1, arithmetic=arithmetic)
    assert minibp.check_jvp(made.f, made.jvp, X, seed=1, arithmetic=arithmetic)
    with pytest.raises(InputError, match="arithmetic is 'half', expected one of float64, float32, tf32"):
        jax_function(jnp.tanh, arithmetic="half")
