"""Second derivatives: what a rule loses, where an inner sign is 0, and what users hand in for them."""

import numpy as np
import pytest
from case_ids import written_out
from grad_kinds import is_right, is_wrong, normal, said
from hypothesis import given, settings
from hypothesis import strategies as st

SEEDS = st.integers(0, 2**32 - 1)
NUMPY = {"oracles": ("complex_step", "finite_difference")}
"""Without JAX, which takes most of the time where it is not what is asked about."""


def coupled(n):
    """Σ a sin x + (x₀ x₁)² and its first two derivatives."""
    a = np.arange(1.0, n + 1)

    def f(x):
        return (a * np.sin(x)).sum() + (x[0] * x[1]) ** 2

    def gradient(x):
        g = a * np.cos(x)
        g[0] += 2 * x[0] * x[1] ** 2
        g[1] += 2 * x[0] ** 2 * x[1]
        return g

    def hessian(x):
        h = np.diag(-a * np.sin(x))
        h[0, 0] += 2 * x[1] ** 2
        h[1, 1] += 2 * x[0] ** 2
        h[0, 1] += 4 * x[0] * x[1]
        h[1, 0] += 4 * x[0] * x[1]
        return h

    return f, gradient, hessian


def log_sum_exp(n):
    def p_of(x):
        e = np.exp(x - x.real.max())
        return e / e.sum()

    def f(x):
        top = x.real.max()
        return np.log(np.exp(x - top).sum()) + top

    return f, p_of, lambda x: np.diag(p_of(x)) - np.outer(p_of(x), p_of(x))


def quadratic(n):
    a = normal(n, n, n)
    a = a + a.T
    return lambda x: x @ a @ x / 2, lambda x: a @ x, lambda x: a


FAMILIES = [coupled, log_sum_exp, quadratic]


@pytest.mark.parametrize(
    ("family", "n", "seed"), [(coupled, 4, 1), (log_sum_exp, 2, 0), (quadratic, 3, 0)], ids=written_out
)
def test_hessians_are_told_right_from_wrong(family, n, seed):
    f, _, hessian = family(n)
    x = normal(seed, n)
    is_right(f, hessian, x, check="hessian", **NUMPY)
    is_right(f, hessian(x), x, check="hessian", **NUMPY)
    is_wrong(f, lambda x: np.diag(np.diag(hessian(x))), x, "diagonal_only", check="hessian", **NUMPY)
    is_wrong(f, lambda x: -hessian(x), x, "sign_flipped", check="hessian", **NUMPY)
    is_wrong(f, lambda x: 2 * hessian(x), x, check="hessian", **NUMPY)
    is_wrong(f, lambda x: np.triu(hessian(x)), x, check="hessian", **NUMPY)
    is_wrong(f, lambda x: 0 * hessian(x), x, "zero", check="hessian", **NUMPY)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("n", "seed"), [(3, 0)], ids=written_out)
def test_products_with_hessians_are_told_right_from_wrong(family, n, seed):
    f, gradient, hessian = family(n)
    x = normal(seed, n)
    for function in (f, gradient):
        is_right(function, lambda x, v: hessian(x) @ v, x, check="hvp", **NUMPY)
        is_wrong(function, lambda x, v: np.diag(hessian(x)) * v, x, check="hvp", **NUMPY)
        is_wrong(function, lambda x, v: hessian(x) @ (1.001 * v), x, check="hvp", **NUMPY)
    is_wrong(f, lambda x, v: gradient(x) * v, x, check="hvp", **NUMPY)
    is_wrong(f, lambda x, v: hessian(x) @ np.ones(n), x, check="hvp", **NUMPY)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_hessian_is_the_jacobian_of_the_gradient(family):
    _, gradient, hessian = family(3)
    x = normal(7, 3)
    is_right(gradient, hessian, x, check="jacobian", **NUMPY)
    is_wrong(gradient, lambda x: 1.001 * hessian(x), x, check="jacobian", **NUMPY)


@settings(max_examples=4)
@given(SEEDS, st.sampled_from([1e-3, 1.0, 1e3]))
def test_scales_of_x_do_not_matter(seed, size):
    x = normal(seed, 3)
    f, _, hessian = quadratic(3)
    is_right(lambda x: f(x / size), lambda x: hessian(x) / size**2, size * x, check="hessian", **NUMPY)
    is_wrong(lambda x: f(x / size), lambda x: 1.001 * hessian(x) / size**2, size * x, check="hessian", **NUMPY)


@pytest.mark.parametrize("seed", range(1))
def test_an_inner_magnitude_of_0_hides_no_second_derivative(seed):
    """I₀(|u|) for u = w (t − ½) with a rule that goes through sign(u): its second derivative is 0 where u is."""
    w = 2.0 + normal(seed)

    def f(t):
        u = w * (t - 0.5)
        return 1 + u**2 / 4 + u**4 / 64

    def second(t):
        u = w * (t - 0.5)
        return np.where(u == 0, 0, w**2 * (0.5 + 3 * u**2 / 16))

    is_right(f, lambda t: w**2 * (0.5 + 3 * (w * (t - 0.5)) ** 2 / 16), 0.5, check="hessian", **NUMPY)
    is_right(f, second, 0.7, check="hessian", **NUMPY)
    found = is_wrong(f, second, 0.5, "zero", check="hessian", **NUMPY)
    assert found.findings[0].expected == pytest.approx(w**2 / 2, rel=1e-4)
    assert found.findings[0].got == 0


@pytest.mark.parametrize("n", [2, 3])
def test_a_value_that_a_rule_treats_as_constant_loses_a_term(n):
    a = np.arange(1.0, n + 1)

    def f(x):
        return (np.sqrt(x**2 + 1) * a).sum() + (x[0] * x[1]) ** 2

    def hessian(x, lost):
        s = np.sqrt(x**2 + 1)
        h = np.diag(a / s - (0 if lost else 1) * a * x**2 / s**3)
        h[:2, :2] += np.array([[2 * x[1] ** 2, 4 * x[0] * x[1]], [4 * x[0] * x[1], 2 * x[0] ** 2]])
        return h

    x = normal(n, n)
    is_right(f, lambda x: hessian(x, False), x, check="hessian", **NUMPY)
    found = is_wrong(f, lambda x: hessian(x, True), x, check="hessian", **NUMPY)
    finding = found.findings[0]
    assert finding.got > finding.expected  # the sign is as the user has it: a positive term too much


def test_rules_of_jax_that_do_not_call_the_function_again():
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jnp = jax.numpy

    @jax.custom_jvp
    def soft_abs(x):
        return jnp.sqrt(x**2 + 1)

    @soft_abs.defjvp
    def _(primals, tangents):
        (x,), (dx,) = primals, tangents
        value = jax.lax.stop_gradient(jnp.sqrt(x**2 + 1))
        return value, x / value * dx

    def energy(x):
        return (soft_abs(x) * jnp.array([1.0, 2.0])).sum() + (x[0] * x[1]) ** 2

    x = np.array([0.3, -0.7])
    is_right(energy, jax.jit(jax.grad(energy)), x)
    is_wrong(energy, jax.jit(jax.hessian(energy)), x, check="hessian", **NUMPY)
    is_wrong(jax.jit(soft_abs), jax.jit(jax.hessian(soft_abs)), 0.3, check="hessian")


def test_whether_a_hessian_is_symmetric_is_told():
    def f(x, w):
        return x[0] ** 3 + x[0] * w @ x

    def hessian(x, w):
        by_x = np.array([[6 * x[0] + 2 * w[0], w[1]], [w[1], 0.0]])
        by_both = np.array([[2 * x[0], x[1]], [0.0, x[0]]])
        return np.block([[by_x, by_both], [by_both.T, np.zeros((2, 2))]])

    def one_way(x, w):
        found = hessian(x, w)
        found[3, 0] *= 2
        return found

    at = np.array([0.7, -0.4]), np.array([1.1, 0.3])
    assert "note: hessian is symmetric" in said(is_right(f, hessian, at, check="hessian"))
    found = said(is_wrong(f, one_way, at, check="hessian"))
    assert "one_way is not symmetric: by x[0] and w[1] it is -0.4, and the other way round -0.8" in found


def test_an_entry_that_is_not_symmetric_is_seen_beside_large_ones_that_are():
    wrong = np.array([[0, 1e9, 0], [1e9 + 5, 0, 1], [0, 0, 0]])
    found = said(is_wrong(lambda x: 1e9 * x[0] * x[1], wrong, np.array([1.0, 2, 3]), check="hessian"))
    assert "by x[1] and x[2] it is 1, and the other way round 0" in found


def test_what_is_no_hessian_is_said_to_have_another_shape():
    f, gradient, _ = coupled(3)
    found = is_wrong(f, gradient, normal(1, 3), check="hessian", **NUMPY)
    assert "shape (3,)" in said(found)


def test_matrices_as_arguments_have_hessians_of_their_shape_twice():
    def f(x):
        return (x**3).sum() + x[0, 0] * x[1, 2]

    def hessian(x):
        h = np.diag(6 * x.ravel()).reshape(2, 3, 2, 3)
        h[0, 0, 1, 2] += 1
        h[1, 2, 0, 0] += 1
        return h

    x = normal(5, 2, 3)
    is_right(f, hessian, x, check="hessian", **NUMPY)
    is_right(f, lambda x: hessian(x).reshape(6, 6), x, check="hessian", **NUMPY)
    is_wrong(f, lambda x: np.diag(6 * x.ravel()).reshape(2, 3, 2, 3), x, check="hessian", **NUMPY)
