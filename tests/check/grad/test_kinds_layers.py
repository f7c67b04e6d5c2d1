"""Layers and losses: attention with one input, triplets, labels that do not sum to 1."""

import numpy as np
import pytest
from case_ids import written_out
from grad_kinds import is_right, is_wrong, normal, said, softmax_loss
from hypothesis import given, settings
from hypothesis import strategies as st

SEEDS = st.integers(0, 2**32 - 1)


class Attention:
    """Several heads of attention under weights, by queries, keys and values or by the one array that is all three."""

    def __init__(self, seed, length, heads, width, causal):
        self.length, self.heads, self.d = length, heads, heads * width
        rng = np.random.default_rng(seed)
        self.w = [rng.standard_normal((self.d, self.d)) / np.sqrt(self.d) for _ in range(3)]
        self.up = rng.standard_normal((length, self.d))
        self.masked = np.triu(np.ones((length, length), bool), 1) & causal
        self.three = tuple(rng.standard_normal((length, self.d)) for _ in range(3))

    def split(self, a):
        return a.reshape(self.length, self.heads, -1).swapaxes(0, 1)

    def join(self, a):
        return a.swapaxes(0, 1).reshape(self.length, self.d)

    def shares(self, q, k):
        s = np.where(self.masked, -1e9, q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1]))
        p = np.exp(s - s.real.max(axis=-1, keepdims=True))
        return p / p.sum(axis=-1, keepdims=True)

    def attend(self, q, k, v):
        return self.join(self.shares(self.split(q), self.split(k)) @ self.split(v))

    def pull_back(self, q, k, v, c, scaled=True, full=True):
        q, k, v, d = map(self.split, (q, k, v, c))
        p = self.shares(q, k)
        dp = d @ v.swapaxes(1, 2)
        ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True) * full)
        ds = ds / np.sqrt(q.shape[-1]) if scaled else ds
        return self.join(ds @ k), self.join(ds.swapaxes(1, 2) @ q), self.join(p.swapaxes(1, 2) @ d)

    def separate(self, q, k, v):
        return (self.attend(q, k, v) * self.up).sum()

    def of_x(self, x):
        return self.separate(*(x @ w for w in self.w))

    def parts(self, x):
        found = self.pull_back(*(x @ w for w in self.w), self.up)
        return [d @ w.T for d, w in zip(found, self.w, strict=True)]


KINDS = [(5, 2, 3, True), (4, 1, 4, False), (3, 3, 2, True)]


@pytest.mark.parametrize(("kind", "seed"), [(kind, seed) for seed, kind in enumerate(KINDS[:2])], ids=written_out)
def test_queries_keys_and_values_are_right_one_by_one_and_their_sum_by_the_one_input(kind, seed):
    a = Attention(seed, *kind)

    def pulled_back(q, k, v):
        return a.pull_back(q, k, v, a.up)

    x = a.three[0]
    is_right(a.separate, pulled_back, a.three)
    is_right(a.separate, pulled_back, (x, x, x))
    is_right(a.of_x, lambda x: sum(a.parts(x)), x)
    for part in range(3):
        is_wrong(a.of_x, lambda x, part=part: a.parts(x)[part], x)
    is_wrong(a.of_x, lambda x: sum(a.parts(x)[:2]), x)


@pytest.mark.parametrize("kind", KINDS, ids=written_out)
def test_a_forgotten_scale_of_the_scores_is_named_for_queries_and_keys(kind):
    a = Attention(3, *kind)
    found = is_wrong(a.separate, lambda q, k, v: a.pull_back(q, k, v, a.up, scaled=False), a.three, "scaled")
    assert {finding.tensor for finding in found.findings} == {"grad[0]", "grad[1]"}
    assert found.findings[0].constant == pytest.approx(np.sqrt(kind[2]))
    is_wrong(a.separate, lambda q, k, v: a.pull_back(q, k, v, a.up, full=False), a.three)
    swapped = is_wrong(a.separate, lambda q, k, v: a.pull_back(q, k, v, a.up)[::-1], a.three)
    assert "arguments_swapped" in {finding.fault for finding in swapped.findings}


@pytest.mark.parametrize("seed", range(1))
def test_attention_as_a_layer(seed):
    a = Attention(seed, 2, 2, 2, True)
    is_right(a.attend, a.pull_back, a.three, check="vjp")
    is_wrong(a.attend, lambda q, k, v, c: a.pull_back(q, k, v, c, scaled=False), a.three, check="vjp")


# -- triplets


def triplet(margin):
    def gap(a, p, n):
        return margin + ((a - p) ** 2).sum(axis=1) / 2 - ((a - n) ** 2).sum(axis=1) / 2

    def loss(a, p, n):
        g = gap(a, p, n)
        return np.where(g.real > 0, g, 0 * g).sum() / len(a)

    def active(a, p, n):
        return (gap(a, p, n) > 0)[:, None] / len(a)

    def by_distances(a, p, n):
        k = active(a, p, n)
        return k * (n - p), k * (p - a), k * (a - n)

    def by_products(a, p, n):
        k = active(a, p, n)
        return k * (n - p), -k * a, k * a

    return loss, by_distances, by_products


def unit(v):
    return v / np.sqrt((v**2).sum(axis=1, keepdims=True))


def through_norm(inner):
    def gradient(*vectors):
        units = [unit(v) for v in vectors]
        return tuple(
            (d - u * (d * u).sum(axis=1, keepdims=True)) / np.linalg.norm(v, axis=1, keepdims=True)
            for v, u, d in zip(vectors, units, inner(*units), strict=True)
        )

    return gradient


@settings(max_examples=4)
@given(SEEDS, st.integers(2, 5), st.integers(2, 4), st.sampled_from([0.2, 0.5, 1.5]))
def test_a_doubted_gradient_of_triplets_is_right_and_what_its_reader_has_only_behind_a_norm(seed, count, width, margin):
    loss, right, doubted = triplet(margin)
    raw = tuple(normal(seed + k, count, width) for k in range(3))
    at = tuple(unit(v) for v in raw)
    is_right(loss, right, at)
    if right(*at)[0].any():
        is_wrong(loss, doubted, at)
        is_wrong(loss, lambda *v: (right(*v)[0], *map(np.zeros_like, v[1:])), at, "zero")
    for inner in (right, doubted):
        is_right(lambda *v: loss(*map(unit, v)), through_norm(inner), raw)


# -- labels


ROWS = {
    "rows of 0": [[1.0, 0, 0], [0, 0, 0], [0, 1, 0]],
    "a row of 2": [[1.0, 0, 0], [0, 2, 0], [0, 0, 1]],
    "soft labels that lack a part": [[0.2, 0.3, 0.1], [0.5, 0.25, 0.2], [1, 0, 0]],
    "weights": [[3.0, 0, 0], [0, 0.5, 0], [0, 0, 0.1]],
    "smoothed too much": [[0.9, 0.1, 0.1], [0.1, 0.9, 0.1], [0.1, 0.1, 0.9]],
}


def linear_model(seed, y):
    x = normal(seed, len(y), 4)

    def cost(w, b):
        z = x @ w.T + b
        z = z - z.real.max(axis=1, keepdims=True)
        return -((z - np.log(np.exp(z).sum(axis=1, keepdims=True))) * y).sum() / len(x)

    def gradient(mass):
        def found(w, b):
            p = softmax_loss(x @ w.T + b, 0 * y)[1] * len(x)
            d = (p * mass - y) / len(x)
            return d.T @ x, d.sum(axis=0)

        return found

    return cost, gradient, (normal(seed + 1, 3, 4), normal(seed + 2, 3))


@pytest.mark.parametrize("name", ROWS)
def test_p_minus_y_is_wrong_where_rows_do_not_sum_to_1(name):
    y = np.array(ROWS[name])
    cost, gradient, at = linear_model(len(name), y)
    is_right(cost, gradient(y.sum(axis=1, keepdims=True)), at)
    is_wrong(cost, gradient(1.0), at)


@settings(max_examples=4)
@given(SEEDS, st.integers(1, 5))
def test_p_minus_y_is_right_for_distributions(seed, count):
    y = np.random.default_rng(seed).dirichlet(np.ones(3), count)
    cost, gradient, at = linear_model(seed, y)
    is_right(cost, gradient(1.0), at)
    found = is_wrong(cost, lambda w, b: tuple(count * g for g in gradient(1.0)(w, b)) if count > 1 else (w, b), at)
    assert "times the slope" in said(found) or "lacks a division" in said(found) or count == 1
