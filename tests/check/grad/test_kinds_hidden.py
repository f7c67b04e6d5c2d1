"""Points that hide terms: what is all 0, or all the same, there."""

import numpy as np
import pytest
from case_ids import written_out
from grad_kinds import ELEMENTWISE, is_right, is_wrong, normal, report, said, softmax_loss
from hypothesis import given, settings
from hypothesis import strategies as st

SEEDS = st.integers(0, 2**32 - 1)
FRESH = "terms vanish there"


def net(seed, hidden, l2, forgotten=()):
    """A relu net with an L2 penalty on every array, and a gradient that forgets it for some."""
    rng = np.random.default_rng(seed)
    x, y = 3 * rng.standard_normal((5, 4)), np.eye(3)[rng.integers(3, size=5)]

    def f(w1, b1, w2, b2):
        h = x @ w1 + b1
        h = np.where(h.real > 0, h, 0 * h)
        return softmax_loss(h @ w2 + b2, y)[0] + l2 * sum((p**2).sum() for p in (w1, b1, w2, b2))

    def gradient(w1, b1, w2, b2):
        z = x @ w1 + b1
        h = np.maximum(z, 0)
        d = softmax_loss(h @ w2 + b2, y)[1]
        back = d @ w2.T * (z > 0)
        plain = x.T @ back, back.sum(0), h.T @ d, d.sum(0)
        return tuple(
            g + (0 if i in forgotten else 2 * l2 * p)
            for i, (g, p) in enumerate(zip(plain, (w1, b1, w2, b2), strict=True))
        )

    fresh = (
        0.1 * rng.standard_normal((4, hidden)),
        np.zeros(hidden),
        0.1 * rng.standard_normal((hidden, 3)),
        np.zeros(3),
    )
    return f, gradient, fresh


@pytest.mark.parametrize(("seed", "hidden", "l2"), [(1, 2, 1e-3), (2, 4, 2.0)])
def test_a_penalty_on_biases_of_0_is_missed_by_no_check(seed, hidden, l2):
    f, gradient, fresh = net(seed, hidden, l2, forgotten=(1, 3))
    found = is_wrong(f, gradient, fresh, "penalty_missing")
    assert FRESH in said(found)
    assert "x[1] is all 0" in said(found)
    assert found.findings[0].constant == pytest.approx(2 * l2)
    moved = tuple(p + 0.1 * normal(seed, *p.shape) for p in fresh)
    assert FRESH not in said(is_wrong(f, gradient, moved, "penalty_missing"))
    f, gradient, fresh = net(seed, hidden, l2)
    assert "a second point beside it was checked too" in said(is_right(f, gradient, fresh))


@pytest.mark.parametrize("seed", range(1))
def test_one_forgotten_penalty_of_four_is_placed(seed):
    f, gradient, fresh = net(seed, 3, 0.1, forgotten=(3,))
    found = is_wrong(f, gradient, fresh, "penalty_missing")
    assert {finding.tensor for finding in found.findings} == {"grad[3]"}


def batch_norm(x, gamma, beta):
    centred = x - x.mean(0)
    spread = np.sqrt((centred**2).mean(0) + 1e-5)
    return gamma * centred / spread + beta


def batch_norm_vjp(with_gamma):
    def vjp(x, gamma, beta, c):
        spread = np.sqrt(x.var(0) + 1e-5)
        n = (x - x.mean(0)) / spread
        d = c * gamma if with_gamma else c
        return (d - d.mean(0) - n * (d * n).mean(0)) / spread, (c * n).sum(0), c.sum(0)

    return vjp


@pytest.mark.parametrize(("shape", "seed", "size"), [((5, 2), 0, 2.5), ((4, 4), 2, 1.0)], ids=written_out)
def test_a_missing_gamma_shows_where_gamma_is_1(shape, seed, size):
    at = size * normal(seed, *shape), np.ones(shape[1]), np.zeros(shape[1])
    is_right(batch_norm, batch_norm_vjp(True), at, check="vjp")
    found = is_wrong(batch_norm, batch_norm_vjp(False), at, check="vjp")
    assert "gamma is all the same" in said(found)
    assert found.point


@settings(max_examples=3)
@given(SEEDS, st.sampled_from(sorted(ELEMENTWISE)), st.integers(2, 5), st.sampled_from([1e-3, 1.0, 30.0]))
def test_factors_that_are_1_at_the_point_are_looked_at_elsewhere(seed, name, n, size):
    g, slope = ELEMENTWISE[name]
    u = normal(seed, n)

    def f(x, w):
        return (size * w**2 * g(x)).sum()

    def right(x, w):
        return size * w**2 * slope(x), 2 * size * w * g(x)

    def wrong(x, w):
        return size * w * slope(x), 2 * size * w * g(x)

    is_right(f, right, (u, np.ones(n)))
    is_wrong(f, wrong, (u, np.ones(n)))


@settings(max_examples=3)
@given(SEEDS, st.integers(2, 5))
def test_interactions_that_are_0_for_neutral_systems_are_looked_at(seed, n):
    a = normal(seed, n, n)
    a = a + a.T + 3 * np.eye(n)
    u = normal(seed + 1, n)
    f, wrong = (lambda q, r: q @ a @ q / 2 + np.sin(r) @ u + q @ r), (lambda q, r: (r, np.cos(r) * u + q))
    is_right(f, lambda q, r: (a @ q + r, np.cos(r) * u + q), (np.zeros(n), u))
    found = is_wrong(f, wrong, (np.zeros(n), u))
    assert FRESH in said(found)


def test_an_array_in_place_of_a_gradient_is_told_what_was_not_seen():
    found = is_right(lambda x: (x**3).sum() + x.sum(), np.ones(3), np.zeros(3))
    assert "terms that vanish there were not seen" in said(found)


def test_a_second_point_outside_of_the_domain_says_nothing():
    """Of equal numbers near 1 those beside are above it at times, where arcsin is not a number."""
    at = np.full(3, 0.99)
    for seed in range(12):
        found = report(np.arcsin, lambda x, c: c / np.sqrt((1 - x) * (1 + x)), at, check="vjp", seed=seed)
        assert found.verdict == "correct", str(found)
