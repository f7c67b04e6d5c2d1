"""Gradients that are not finite in some entries, where f is."""

import numpy as np
import pytest
from grad_kinds import is_right, is_wrong, normal, said

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy


def only_where(edge, guarded):
    def f(x):
        inside = jnp.where(x < edge, edge, x) if guarded else x
        return jnp.where(x < edge, x, jnp.sqrt(inside)).sum()

    return jax.jit(f), jax.jit(jax.grad(f))


@pytest.mark.parametrize("edge", [1.0, 2.5])
def test_nan_through_a_branch_that_is_not_taken(edge):
    x = np.array([0.0, edge / 2, 2 * edge])
    found = is_wrong(*only_where(edge, False), x)
    assert "is nan at [0]" in said(found)
    assert "give 1" in said(found)  # the slope there
    assert found.findings[0].subject != "f"
    assert len(found.findings) == 1
    is_right(*only_where(edge, True), x)


def by_hand(x):
    return np.where(x < 1, 1.0, 0.5 / np.sqrt(np.maximum(x, 1)))


def plain(x):
    return np.where(x.real < 1, x, np.sqrt(np.where(x.real < 1, 1, x))).sum()


@pytest.mark.parametrize(("at", "bad"), [(0, np.nan), (2, np.inf), (4, -np.inf)])
def test_an_entry_that_is_not_finite_is_wrong_and_the_others_are_checked(at, bad):
    x = np.array([0.0, 0.5, 2.0, -1.0, 4.0])
    hit = np.arange(5) == at
    is_right(plain, by_hand, x)
    found = is_wrong(plain, lambda x: np.where(hit, bad, by_hand(x)), x)
    assert f"at [{at}]" in said(found)
    assert f"give {by_hand(x)[at]:.4g}"[:8] in said(found)
    found = is_wrong(plain, lambda x: np.where(hit, bad, by_hand(x)) + (np.arange(5) == 1), x)
    assert "grad[1]" in said(found)
    assert found.findings[0].subject != "f"


def test_distances_that_are_masked_after_the_root():
    def f(points):
        d = points[:, None] - points[None]
        return jnp.where(jnp.eye(len(points)) > 0, 0.0, jnp.sqrt((d**2).sum(-1))).sum()

    points = normal(1, 3, 2)

    def right(points):
        d = points[:, None] - points[None]
        r = np.sqrt((d**2).sum(-1)) + np.eye(len(points))
        return 2 * (d / r[..., None]).sum(1)

    found = is_wrong(jax.jit(f), jax.jit(jax.grad(f)), points)
    assert "nan" in said(found)
    is_right(jax.jit(f), right, points)
