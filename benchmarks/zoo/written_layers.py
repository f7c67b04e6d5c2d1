"""Layers by hand, and the backward passes of them that people get wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from minibp.check.grad.formats import as_format
from zoo.entry import Array
from zoo.written import Mistake, Written, normals, sigmoid, softmax

# -- dense


def dense(x: Array, w: Array, b: Array) -> Array:
    """Weighted inputs."""
    return x @ w + b


def dense_back(x: Array, w: Array, b: Array, c: Array) -> Any:
    """By all three."""
    return c @ w.T, x.T @ c, c.sum(0)


def without_last_row(x: Array, w: Array, b: Array, c: Array) -> Any:
    """A loop that ends one early."""
    dw = np.zeros_like(w)
    for i in range(len(w) - 1):
        dw[i] = x[:, i] @ c
    return c @ w.T, dw, c.sum(0)


def tanh_layer(x: Array, w: Array, b: Array) -> Array:
    """Activations."""
    return np.tanh(x @ w + b)


def tanh_layer_back(x: Array, w: Array, b: Array, c: Array) -> Any:
    """By all three."""
    return dense_back(x, w, b, c * (1 - tanh_layer(x, w, b) ** 2))


def in_bfloat16(*arrays: Array) -> Any:
    """The same with every operation rounded to 8 bits."""

    def rounded(array: Array) -> Array:
        return as_format(np.asarray(array, float), "bfloat16")

    x, w, b, c = map(rounded, arrays)
    a = rounded(np.tanh(rounded(rounded(x @ w) + b)))
    d = rounded(c * rounded(1 - rounded(a * a)))
    return tuple(rounded(part).astype(np.float32) for part in dense_back(x, w, b, d))


def small_and_single(rng: np.random.Generator) -> Any:
    """A point in float32 at which units hardly saturate."""
    return tuple((rng.standard_normal(shape) / 2).astype(np.float32) for shape in ((2, 3), (3, 2), (2,)))


SIZES = (3, 2), (2, 2), (2,)
DENSE = [
    Written("dense layer", "vjp", dense, dense_back, normals(*SIZES), (
        Mistake("cotangent_ignored", "ones in place of grad_out", lambda x, w, b, c: dense_back(x, w, b, c**0)),
        Mistake("zero", "db is made and never filled", lambda x, w, b, c: (c @ w.T, x.T @ c, np.zeros_like(b))),
        Mistake("mean_for_sum", "db is the mean over the batch", lambda x, w, b, c: (c @ w.T, x.T @ c, c.mean(0))),
        Mistake("transposed", "grad_outᵀ x for xᵀ grad_out", lambda x, w, b, c: (c @ w.T, c.T @ x, c.sum(0))),
        Mistake("broadcast_not_summed", "db of the first row alone", lambda x, w, b, c: (c @ w.T, x.T @ c, c[0])),
        Mistake("rows_only", "the loop over rows of W ends one early", without_last_row),
    )),
    Written("tanh layer in float32", "vjp", tanh_layer, tanh_layer_back, small_and_single, (
        Mistake("coarser_arithmetic", "every operation in bfloat16", in_bfloat16),
    )),
]  # fmt: skip

# -- elementwise


def softplus(x: Array) -> Array:
    """log(1 + e^x)."""
    return np.log1p(np.exp(x))


def by_tanh(a: Array, c: Array) -> Array:
    """Of tanh, by its value."""
    return c * (1 - a * a)


def by_sigmoid(a: Array, c: Array) -> Array:
    """Of the sigmoid, by its value."""
    return c * a * (1 - a)


def in_float16(x: Array, c: Array) -> Array:
    """Of the sigmoid, in half precision."""
    return by_sigmoid(sigmoid(x.astype(np.float16)), c.astype(np.float16)).astype(x.dtype)


MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, False, True]])
KEPT = 0.7
ELEMENTWISE = [
    Written("tanh", "vjp", np.tanh, lambda x, c: by_tanh(np.tanh(x), c), normals((2, 3)), (
        Mistake("cotangent_summed", "slopes times grad_out.sum()", lambda x, c: by_tanh(np.tanh(x), c.sum())),
        Mistake("sign_flipped", "a² − 1", lambda x, c: -by_tanh(np.tanh(x), c)),
        Mistake("at_output", "the slope of a in place of x", lambda x, c: by_tanh(np.tanh(np.tanh(x)), c)),
        Mistake("at_input", "1 − x² for 1 − a²", by_tanh),
    )),
    Written("sigmoid", "vjp", sigmoid, lambda x, c: by_sigmoid(sigmoid(x), c), normals((2, 3)), (
        Mistake("cotangent_ignored", "a(1 − a) without grad_out", lambda x, c: by_sigmoid(sigmoid(x), 1.0)),
        Mistake("at_output", "the slope of a in place of x", lambda x, c: by_sigmoid(sigmoid(sigmoid(x)), c)),
        Mistake("at_input", "x(1 − x) for a(1 − a)", by_sigmoid),
        Mistake("coarser_arithmetic", "in float16", in_float16),
    )),
    Written("softplus", "vjp", softplus, lambda x, c: c * sigmoid(x), normals((2, 3)), (
        Mistake("at_output", "σ(a) for σ(x)", lambda x, c: c * sigmoid(softplus(x))),
        Mistake("at_input", "1 − exp(−x) for 1 − exp(−a)", lambda x, c: c * (1 - np.exp(-x))),
    )),
    Written("dropout, mask given", "vjp", lambda x: x * MASK / KEPT, lambda x, c: c * MASK / KEPT, normals((3, 4)), (
        Mistake("scaled", "the 1/p of the forward pass forgotten", lambda x, c: c * MASK),
    )),
    Written("gate, a ⊙ b", "vjp", lambda a, b: a * b, lambda a, b, c: (c * b, c * a), normals((2, 3), (2, 3)), (
        Mistake("arguments_swapped", "(c ⊙ a, c ⊙ b)", lambda a, b, c: (c * a, c * b)),
    )),
]  # fmt: skip

# -- layers that keep what their forward pass had


class Tanh:
    """Keeps its output."""

    def forward(self, x: Array) -> Array:
        """Activations."""
        self.out = np.tanh(x)
        return self.out

    def backward(self, x: Array, c: Array) -> Array:
        """By x, or by what there was in its place."""
        return by_tanh(self.out, c)


class Dense:
    """Keeps its input."""

    def forward(self, x: Array, w: Array, b: Array) -> Array:
        """Weighted inputs."""
        self.x = x
        return dense(x, w, b)

    def backward(self, x: Array, w: Array, b: Array, c: Array) -> Any:
        """By all three."""
        return dense_back(self.x, w, b, c)


class Softmax:
    """Keeps its output."""

    def forward(self, z: Array) -> Array:
        """Along the last axis."""
        self.out = softmax(z)
        return self.out

    def backward(self, z: Array, c: Array) -> Array:
        """By the scores."""
        return by_softmax(self.out, c)


def by_softmax(p: Array, c: Array) -> Array:
    """Of softmax, by its value."""
    return p * (c - (c * p).sum(-1, keepdims=True))


TANH, KEEPS_X, SOFTMAX = Tanh(), Dense(), Softmax()
KEEPING = [
    Written("tanh, a class", "vjp", TANH.forward, lambda x, c: by_tanh(np.tanh(x), c), normals((2, 3)), (
        Mistake("stale_state", "the output of the last forward pass", TANH.backward),
    )),
    Written("dense layer, a class", "vjp", KEEPS_X.forward, dense_back, normals((2, 3), (3, 2), (2,)), (
        Mistake("stale_state", "the input of the last forward pass", KEEPS_X.backward),
    )),
    Written("softmax, a class", "vjp", SOFTMAX.forward, lambda z, c: by_softmax(softmax(z), c), normals((2, 3)), (
        Mistake("stale_state", "the output of the last forward pass", SOFTMAX.backward),
    )),
]  # fmt: skip

# -- along rows or columns


def normed(x: Array, g: Array, b: Array, axis: int) -> Array:
    """Layer norm along the rows, axis 1, or batch norm along the columns, with gain and offset."""
    apart = x - x.mean(axis, keepdims=True)
    return g * apart / np.sqrt((apart**2).mean(axis, keepdims=True) + 1e-5) + b


def normed_back(x: Array, g: Array, b: Array, c: Array, axis: int, by_mean: int = 1, by_variance: int = 1) -> Any:
    """By all three; with 0 a statistic is held."""
    apart = x - x.mean(axis, keepdims=True)
    deviation = np.sqrt((apart**2).mean(axis, keepdims=True) + 1e-5)
    unit, up = apart / deviation, c * g
    through = by_mean * up.mean(axis, keepdims=True) + by_variance * unit * (up * unit).mean(axis, keepdims=True)
    return (up - through) / deviation, (c * unit).sum(0), c.sum(0)


def gain_of_last_row(x: Array, g: Array, b: Array, c: Array) -> Any:
    """Of layer norm."""
    dx, _, db = normed_back(x, g, b, c, 1)
    return dx, (c * normed(x, 1 + 0 * g, 0 * b, 1))[-1], db


def unit_rows_back(x: Array, c: Array) -> Array:
    """Of x / |x|, row by row."""
    n = np.sqrt((x * x).sum(1, keepdims=True))
    return (c - x * (c * x).sum(1, keepdims=True) / n**2) / n


def log_softmax(z: Array) -> Array:
    """Along the last axis."""
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


NORMS = [
    Written(
        "layer norm", "vjp", lambda x, g, b: normed(x, g, b, 1), lambda *a: normed_back(*a, 1),
        normals((3, 4), (4,), (4,)), (
            Mistake("statistics_held_constant", "c g/s: mean and s are constants", lambda *a: normed_back(*a, 1, 0, 0)),
            Mistake("broadcast_not_summed", "dg of the last row alone", gain_of_last_row),
        ),
    ),
    Written(
        "batch norm", "vjp", lambda x, g, b: normed(x, g, b, 0), lambda *a: normed_back(*a, 0),
        normals((5, 2), (2,), (2,)), (
            Mistake("statistics_held_constant", "the variance is a constant", lambda *a: normed_back(*a, 0, 1, 0)),
        ),
    ),
    Written(
        "rows of length 1", "vjp", lambda x: x / np.sqrt((x * x).sum(1, keepdims=True)), unit_rows_back,
        normals((2, 4)), (
            Mistake("statistics_held_constant", "c/|x|", lambda x, c: c / np.sqrt((x * x).sum(1, keepdims=True))),
        ),
    ),
    Written("softmax", "vjp", softmax, lambda z, c: by_softmax(softmax(z), c), normals((2, 4)), (
        Mistake("diagonal_only", "c p(1 − p)", lambda z, c: by_sigmoid(softmax(z), c)),
    )),
    Written(
        "log-softmax", "vjp", log_softmax, lambda z, c: c - softmax(z) * c.sum(-1, keepdims=True), normals((2, 4)), (
            Mistake("diagonal_only", "c (1 − p)", lambda z, c: c * (1 - softmax(z))),
        ),
    ),
    Written("cumulative sum", "vjp", np.cumsum, lambda x, c: np.cumsum(c[::-1])[::-1], normals((5,)), (
        Mistake("diagonal_only", "grad_out is passed on", lambda x, c: c),
    )),
]  # fmt: skip

# -- entries that are used more than once


def look_up_back(table: Array, ids: Array, c: Array) -> Any:
    """Rows of a table, added where they came from."""
    found = np.zeros_like(table)
    np.add.at(found, ids, c)
    return found, None


def assigned(table: Array, ids: Array, c: Array) -> Any:
    """The last one stays."""
    found = np.zeros_like(table)
    found[ids] = c
    return found, None


def added_at_once(table: Array, ids: Array, c: Array) -> Any:
    """Of an array of indices += adds once."""
    found = np.zeros_like(table)
    found[ids] += c
    return found, None


def added_to_a_copy(table: Array, ids: Array, c: Array) -> Any:
    """An array of indices makes a copy."""
    found = np.zeros_like(table)
    rows = found[ids]
    rows += c
    return found, None


def padding_left_out(table: Array, ids: Array, c: Array) -> Any:
    """Though f looks row 0 up as any other."""
    found, _ = look_up_back(table, ids, c)
    found[0] = 0
    return found, None


def tokens(rng: np.random.Generator) -> Any:
    """A table, and places in it: one of them twice, and row 0."""
    ids = rng.integers(1, 4, 4)
    ids[1], ids[3] = 0, ids[0]
    return rng.standard_normal((4, 2)), ids


def maxima(x: Array) -> Array:
    """Of each three neighbours in a row."""
    return np.stack([x[:, i : i + 3].max(1) for i in range(x.shape[1] - 2)], 1)


def maxima_back(x: Array, c: Array, *, add: bool = True) -> Array:
    """To where each maximum was."""
    found = np.zeros_like(x)
    for i in range(c.shape[1]):
        at = np.arange(len(x)), i + x[:, i : i + 3].argmax(1)
        found[at] = c[:, i] + (found[at] if add else 0)
    return found


KERNEL = np.array([0.5, -1.0, 2.0])


def filtered(x: Array) -> Array:
    """By a kernel of three."""
    return np.stack([x[i : i + 3] @ KERNEL for i in range(len(x) - 2)])


def filtered_back(x: Array, c: Array, *, add: bool = True) -> Array:
    """To the three that each place sees."""
    found = np.zeros_like(x)
    for i in range(len(c)):
        found[i : i + 3] = c[i] * KERNEL + (found[i : i + 3] if add else 0)
    return found


LAST_WRITE = "repeated_index_overwritten"
REPEATED = [
    Written("embedding", "vjp", lambda table, ids: table[ids], look_up_back, tokens, (
        Mistake(LAST_WRITE, "grad[ids] = c", assigned),
        Mistake(LAST_WRITE, "grad[ids] += c", added_at_once),
        Mistake("zero", "c is added to a copy of grad[ids]", added_to_a_copy),
        Mistake("rows_only", "row 0 is dropped as padding", padding_left_out),
    )),
    Written("max pooling that overlaps", "vjp", maxima, maxima_back, normals((2, 6)), (
        Mistake(LAST_WRITE, "= for += at each maximum", lambda x, c: maxima_back(x, c, add=False)),
    )),
    Written("convolution", "vjp", filtered, filtered_back, normals((6,)), (
        Mistake(LAST_WRITE, "= for += in each window", lambda x, c: filtered_back(x, c, add=False)),
    )),
    Written(
        "offset of channels", "vjp", lambda x, b: x + b[:, None], lambda x, b, c: (c, c.sum((0, 2))),
        normals((2, 3, 2), (3,)), (
            Mistake("broadcast_not_summed", "summed over examples, not places", lambda x, b, c: (c, c.sum(0)[:, 0])),
        ),
    ),
    Written("mean pooling", "vjp", lambda x: x.mean(0), lambda x, c: 0 * x + c / len(x), normals((5, 3)), (
        Mistake("not_averaged", "the 1/n forgotten", lambda x, c: 0 * x + c),
    )),
]  # fmt: skip

# -- attention


def attention(q: Array, k: Array, v: Array) -> Array:
    """Of queries, keys and values."""
    return softmax(q @ k.T / np.sqrt(q.shape[1])) @ v


def attention_back(q: Array, k: Array, v: Array, c: Array, *, scaled: bool = True) -> Any:
    """By all three."""
    p = softmax(q @ k.T / np.sqrt(q.shape[1]))
    ds = by_softmax(p, c @ v.T) / (np.sqrt(q.shape[1]) if scaled else 1)
    return ds @ k, ds.T @ q, p.T @ c


def keys_for_queries(q: Array, k: Array, v: Array, c: Array) -> Any:
    """In another order."""
    dq, dk, dv = attention_back(q, k, v, c)
    return dk, dq, dv


ATTENTION = [
    Written("attention", "vjp", attention, attention_back, normals((3, 3), (3, 3), (3, 2)), (
        Mistake("scaled", "the 1/√d of the scores forgotten", lambda *a: attention_back(*a, scaled=False)),
        Mistake("arguments_swapped", "(dk, dq, dv)", keys_for_queries),
    )),
]  # fmt: skip

LAYERS = [*DENSE, *ELEMENTWISE, *KEEPING, *NORMS, *REPEATED, *ATTENTION]
