"""Complex parameters: both conventions of a gradient are taken, and told."""

import numpy as np
import pytest
from grad_kinds import is_right, is_wrong, normal, said
from hypothesis import given, settings
from hypothesis import strategies as st

PYTORCH, JAX = "gives ∂/∂Re + i ∂/∂Im, as PyTorch has it", "gives ∂/∂Re - i ∂/∂Im, as JAX has it"
SEEDS = st.integers(0, 2**32 - 1)


def complex_normal(seed, *shape):
    return normal(seed, *shape) + 1j * normal(seed + 1, *shape)


def of_waves(seed, n):
    """Σ (|A c|² − counts)² and its gradient ∂/∂Re + i ∂/∂Im."""
    a, counts = complex_normal(seed, 8, n), np.random.default_rng(seed).uniform(1, 3, 8)

    def f(c):
        return ((np.abs(a @ c) ** 2 - counts) ** 2).sum()

    def gradient(c):
        u = a @ c
        return 4 * a.conj().T @ ((np.abs(u) ** 2 - counts) * u)

    return f, gradient, complex_normal(seed + 2, n)


def of_distance(seed, n):
    b = complex_normal(seed, n)
    return lambda c: (np.abs(c - b) ** 2).sum() / 2, lambda c: c - b, complex_normal(seed + 2, n)


def of_real_parts(seed, n):
    b = complex_normal(seed, n)
    return lambda c: (b * c * c).real.sum(), lambda c: 2 * (b * c).conj(), complex_normal(seed + 2, n)


def of_phases(seed, n):
    b = complex_normal(seed, n)
    return (
        lambda c: np.angle(c * b).sum() + np.log(np.abs(c)).sum(),
        lambda c: (1 + 1j) * c / np.abs(c) ** 2,
        np.array([1 + 1j, -1 + 0.5j, 0.3 - 2j, 1.5 + 0.1j])[:n] / b,
    )


FUNCTIONS = [of_waves, of_distance, of_real_parts, of_phases]


@pytest.mark.parametrize(("function", "n"), [(one, (2, 4)[k % 2]) for k, one in enumerate(FUNCTIONS)])
def test_both_conventions_are_right_and_told(function, n):
    f, gradient, c = function(n, n)
    assert PYTORCH in said(is_right(f, gradient, c))
    assert JAX in said(is_right(f, lambda c: gradient(c).conj(), c))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("seed", range(1))
def test_neither_convention_is_wrong(function, seed):
    f, gradient, c = function(seed, 3)
    for claim in (
        lambda c: 1.01 * gradient(c),
        lambda c: 0.5 * gradient(c).conj(),
        lambda c: 1j * gradient(c),
        lambda c: gradient(c).real + 0j,
        lambda c: np.where(np.arange(3) == 1, gradient(c).conj(), gradient(c)),
    ):
        is_wrong(f, claim, c)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_half_of_each_the_derivative_of_wirtinger_is_scaled(function):
    f, gradient, c = function(5, 3)
    is_wrong(f, lambda c: gradient(c) / 2, c, "scaled")


@settings(max_examples=6)
@given(SEEDS, st.sampled_from(FUNCTIONS), st.integers(1, 4))
def test_as_two_arrays_a_wrong_sign_is_that_of_the_imaginary_half(seed, function, n):
    f, gradient, c = function(seed, n)

    def parts(sign):
        def found(re, im):
            g = gradient(re + 1j * im)
            return g.real, sign * g.imag

        return found

    at = c.real.copy(), c.imag.copy()
    is_right(lambda re, im: f(re + 1j * im), parts(1), at)
    found = is_wrong(lambda re, im: f(re + 1j * im), parts(-1), at)
    assert {finding.tensor for finding in found.findings} == {"grad[1]"}
    if n > 1:
        assert found.findings[0].fault == "sign_flipped"


@pytest.mark.parametrize("seed", range(1))
def test_real_and_complex_arguments_side_by_side(seed):
    f, gradient, c = of_distance(seed, 3)
    w = normal(seed, 2)

    def both(c, w):
        return f(c) + np.sin(w).sum() * np.abs(c[0]) ** 2

    def right(c, w):
        g = gradient(c)
        g[0] += 2 * np.sin(w).sum() * c[0]
        return g, np.cos(w) * np.abs(c[0]) ** 2

    is_right(both, right, (c, w))
    assert JAX in said(is_right(both, lambda c, w: (right(c, w)[0].conj(), right(c, w)[1]), (c, w)))
    is_wrong(both, lambda c, w: (right(c, w)[0], -right(c, w)[1]), (c, w))


def test_jax_has_its_own_convention():
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jnp = jax.numpy

    @jax.jit
    def f(c):
        return (jnp.abs(c) ** 4).sum() + (c[0] * c[1].conj()).real

    c, gradient = complex_normal(3, 3), jax.jit(jax.grad(f))
    assert JAX in said(is_right(f, gradient, c))
    assert PYTORCH in said(is_right(f, lambda c: gradient(c).conj(), c))
    is_wrong(f, lambda c: 1.001 * gradient(c), c)


def test_single_precision_is_taken_too():
    f, gradient, c = of_distance(1, 3)
    small = c.astype(np.complex64)
    is_right(lambda c: np.float32(f(c)), lambda c: gradient(c).astype(c.dtype), small)
    is_wrong(lambda c: np.float32(f(c)), lambda c: 1.1 * gradient(c).astype(c.dtype), small)
