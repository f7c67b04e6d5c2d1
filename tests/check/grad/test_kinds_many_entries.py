"""Many entries, of which some are at kinks: padded rows and biases of 0 of relu nets."""

import numpy as np
import pytest
from case_ids import written_out
from grad_kinds import is_right, is_wrong, normal, softmax_loss


def padded_net(seed, n, hidden, padded):
    """A relu net on six rows, of which some are all 0, by weights and by biases of 0."""
    rng = np.random.default_rng(seed)
    w1, w2 = rng.standard_normal((hidden, n)) / np.sqrt(n), rng.standard_normal((5, hidden)) / np.sqrt(hidden)
    x, y = rng.standard_normal((6, n)), np.eye(5)[rng.integers(5, size=6)]
    x[6 - padded :] = 0

    def f(w1, w2, b1, b2):
        return softmax_loss(np.maximum(x @ w1.T + b1, 0) @ w2.T + b2, y)[0]

    def gradient(w1, w2, b1, b2):
        z = x @ w1.T + b1
        h = np.maximum(z, 0)
        d = softmax_loss(h @ w2.T + b2, y)[1]
        back = d @ w2 * (z > 0)
        return back.T @ x, d.T @ h, back.sum(axis=0), d.sum(axis=0)

    return f, gradient, (w1, w2, np.zeros(hidden), np.zeros(5))


def spoiled(gradient, part, how):
    def claim(*at):
        found = list(gradient(*at))
        found[part] = how(found[part])
        return tuple(found)

    return claim


def one_entry(g):
    g = g.copy()
    g.flat[np.abs(g).argmax()] *= 1.5
    return g


SPOILED = {
    "W1 half as much again": (0, lambda g: 1.5 * g),
    "an entry of W1": (0, one_entry),
    "an entry of b2": (3, one_entry),
}


@pytest.mark.parametrize(("n", "hidden", "padded"), [(20, 12, 3), (40, 30, 1), (20, 12, 0)], ids=written_out)
def test_a_right_gradient_with_padded_rows_is_correct_however_many_entries_it_has(n, hidden, padded):
    f, gradient, at = padded_net(padded, n, hidden, padded)
    is_right(f, gradient, at)


@pytest.mark.parametrize(
    ("name", "n", "hidden", "padded"),
    [*((name, 12, 10, 1) for name in SPOILED), ("an entry of W1", 40, 30, 1)],
    ids=written_out,
)
def test_a_wrong_one_is_wrong(name, n, hidden, padded):
    f, gradient, at = padded_net(1, n, hidden, padded)
    is_wrong(f, spoiled(gradient, *SPOILED[name]), at)


@pytest.mark.parametrize("n", [1200])
def test_kinks_at_every_entry_of_a_large_array(n):
    u = normal(n, n)
    is_right(lambda x: (u * np.maximum(x, 0)).sum(), lambda x: u * (x > 0), np.where(u > 0.5, 0, u))
    is_wrong(lambda x: (u * np.maximum(x, 0)).sum(), lambda x: 1.2 * u * (x > 0), np.where(u > 0.5, 0, -u))
