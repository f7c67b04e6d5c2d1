"""Layers with weights, for `grad_layers`: dense, convolution, norms over examples and features, attention, LSTM."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

RNG = np.random.default_rng(20261126)
EPSILON = 1e-5


class Mistake(NamedTuple):
    """A wrong vjp: the names of the arguments whose gradient is off, none where the contract is broken, and a symptom.

    `symptom` is the id that all of these arguments are to be given, None where no id of `symptoms` is right.
    """

    vjp: Callable[..., Any]
    arguments: tuple[str, ...]
    symptom: str | None


class Layer(NamedTuple):
    """`args` is the point."""

    f: Callable[..., Any]
    vjp: Callable[..., Any]
    args: tuple[Any, ...]
    mistakes: dict[str, Mistake]


def normal(*shape):
    return RNG.standard_normal(shape)


# -- dense


def dense(x, w, b):
    return x @ w + b


def dense_vjp(x, w, b, c):
    return c @ w.T, x.T @ c, c.sum(0)


DENSE = Layer(
    dense,
    dense_vjp,
    (normal(4, 3), normal(3, 3), normal(3)),
    {
        "w_transposed": Mistake(lambda x, w, b, c: (c @ w.T, c.T @ x, c.sum(0)), ("w",), "transposed"),
        "b_averaged": Mistake(lambda x, w, b, c: (c @ w.T, x.T @ c, c.mean(0)), ("b",), "mean_for_sum"),
        "x_without_transpose": Mistake(lambda x, w, b, c: (c @ w, x.T @ c, c.sum(0)), ("x",), None),
    },
)

# -- convolution, as networks have it: x (examples, channels, height, width), k (filters, channels, 2, 2), b (filters,)


def patches(x, k):
    """Each place of the output and the part of x that it sees."""
    for i in range(x.shape[2] - k.shape[2] + 1):
        for j in range(x.shape[3] - k.shape[3] + 1):
            yield i, j, (slice(None), slice(None), slice(i, i + k.shape[2]), slice(j, j + k.shape[3]))


def conv(x, k, b):
    shape = len(x), len(k), x.shape[2] - k.shape[2] + 1, x.shape[3] - k.shape[3] + 1
    out = np.zeros(shape, np.result_type(x, k, b))
    for i, j, part in patches(x, k):
        out[:, :, i, j] = np.tensordot(x[part], k, ((1, 2, 3), (1, 2, 3))) + b
    return out


def conv_vjp(x, k, b, c, *, add=True, turned=False, summed=(0, 2, 3)):
    dx, dk = np.zeros_like(x), np.zeros_like(k)
    seen = k[:, :, ::-1, ::-1] if turned else k
    for i, j, part in patches(x, k):
        dx[part] = dx[part] * add + np.tensordot(c[:, :, i, j], seen, (1, 0))
        dk += np.tensordot(c[:, :, i, j], x[part], (0, 0))
    return dx, dk, c.sum(summed) if len(summed) == 3 else c.sum(summed)[:, 0, 0]


CONV = Layer(
    conv,
    conv_vjp,
    (normal(2, 2, 4, 3), normal(2, 2, 2, 2), normal(2)),
    {
        "overwritten": Mistake(lambda *a: conv_vjp(*a, add=False), ("x",), "repeated_index_overwritten"),
        "kernel_turned": Mistake(lambda *a: conv_vjp(*a, turned=True), ("x",), None),
        "b_of_one_place": Mistake(lambda *a: conv_vjp(*a, summed=(0,)), ("b",), "broadcast_not_summed"),
    },
)

# -- normalisation over the examples (axis 0) or over the features (axis 1), with gain g and offset b


def norm(x, g, b, axis):
    apart = x - x.mean(axis, keepdims=True)
    return g * apart / np.sqrt((apart**2).mean(axis, keepdims=True) + EPSILON) + b


def norm_vjp(x, g, b, c, axis, *, by_mean=1, by_variance=1, g_in_x=True):
    apart = x - x.mean(axis, keepdims=True)
    deviation = np.sqrt((apart**2).mean(axis, keepdims=True) + EPSILON)
    unit, up = apart / deviation, c * g if g_in_x else c
    dx = up - by_mean * up.mean(axis, keepdims=True) - by_variance * unit * (up * unit).mean(axis, keepdims=True)
    return dx / deviation, (c * unit).sum(0), c.sum(0)


def batch_norm(x, g, b):
    return norm(x, g, b, 0)


def batch_norm_vjp(x, g, b, c, **how):
    return norm_vjp(x, g, b, c, 0, **how)


def layer_norm(x, g, b):
    return norm(x, g, b, 1)


def layer_norm_vjp(x, g, b, c, **how):
    return norm_vjp(x, g, b, c, 1, **how)


def gain_of_input(x, g, b, c):
    dx, _, db = batch_norm_vjp(x, g, b, c)
    return dx, (c * x).sum(0), db


def gain_along_features(x, g, b, c):
    dx, _, db = layer_norm_vjp(x, g, b, c)
    unit = layer_norm(x, np.ones_like(g), np.zeros_like(b))
    return dx, (c * unit).sum(1), db


HELD = "statistics_held_constant"
BATCH_NORM = Layer(
    batch_norm,
    batch_norm_vjp,
    (normal(5, 3), normal(3), normal(3)),
    {
        "statistics_held": Mistake(lambda *a: batch_norm_vjp(*a, by_mean=0, by_variance=0), ("x",), HELD),
        "variance_held": Mistake(lambda *a: batch_norm_vjp(*a, by_variance=0), ("x",), HELD),
        "gain_of_input": Mistake(gain_of_input, ("g",), None),
    },
)
LAYER_NORM = Layer(
    layer_norm,
    layer_norm_vjp,
    (normal(4, 4), normal(4), normal(4)),
    {
        "statistics_held": Mistake(lambda *a: layer_norm_vjp(*a, by_mean=0, by_variance=0), ("x",), HELD),
        "gain_left_out": Mistake(lambda *a: layer_norm_vjp(*a, g_in_x=False), ("x",), None),
        "gain_along_features": Mistake(gain_along_features, ("g",), None),
    },
)

# -- attention


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True).real)
    return e / e.sum(-1, keepdims=True)


def attention(q, k, v):
    return softmax(q @ k.T / np.sqrt(q.shape[1])) @ v


def attention_vjp(q, k, v, c, *, scale=True, rest=1):
    p, up = softmax(q @ k.T / np.sqrt(q.shape[1])), c @ v.T
    ds = p * (up - rest * (p * up).sum(1, keepdims=True)) / (np.sqrt(q.shape[1]) if scale else 1)
    return ds @ k, ds.T @ q, p.T @ c


def keys_for_queries(q, k, v, c):
    dq, dk, dv = attention_vjp(q, k, v, c)
    return dk, dq, dv


ATTENTION = Layer(
    attention,
    attention_vjp,
    (normal(4, 3), normal(4, 3), normal(4, 2)),
    {
        "scale_forgotten": Mistake(lambda *a: attention_vjp(*a, scale=False), ("q", "k"), "scaled"),
        "softmax_of_one_entry": Mistake(lambda *a: attention_vjp(*a, rest=0), ("q", "k"), None),
        "queries_and_keys": Mistake(keys_for_queries, ("q", "k"), "arguments_swapped"),
    },
)

# -- cell of an LSTM: gates i, f, o and candidate g side by side in w (input, 4 n), u (n, 4 n) and b (4 n,)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gates(x, h, w, u, b):
    i, f, o, g = np.split(x @ w + h @ u + b, 4, axis=-1)
    return sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)


def lstm(x, h, s, w, u, b):
    i, f, o, g = gates(x, h, w, u, b)
    new = f * s + i * g
    return o * np.tanh(new), new


def lstm_vjp(x, h, s, w, u, b, c, *, through=1, forget=True, at_output=False, swapped=False):
    by_h, by_s = c
    i, f, o, g = gates(x, h, w, u, b)
    t = np.tanh(f * s + i * g)
    ds = through * by_s + by_h * o * (1 - t**2)
    slope = 1 - np.tanh(g) ** 2 if at_output else 1 - g**2
    parts = [ds * g * i * (1 - i), ds * s * f * (1 - f), by_h * t * o * (1 - o), ds * i * slope]
    dz = np.concatenate(parts, -1)
    db = np.concatenate([parts[1], parts[0], *parts[2:]], -1) if swapped else dz
    return dz @ w.T, dz @ u.T, ds * f if forget else ds, x.T @ dz, h.T @ dz, db.sum(0)


LSTM = Layer(
    lstm,
    lstm_vjp,
    (normal(2, 2), normal(2, 2), normal(2, 2), normal(2, 8), normal(2, 8), normal(8)),
    {
        "forget_gate_left_out": Mistake(lambda *a: lstm_vjp(*a, forget=False), ("s",), None),
        "state_not_passed_back": Mistake(lambda *a: lstm_vjp(*a, through=0), ("x", "h", "s", "w", "u", "b"), None),
        "tanh_twice": Mistake(lambda *a: lstm_vjp(*a, at_output=True), ("x", "h", "w", "u", "b"), None),
        "b_of_other_gates": Mistake(lambda *a: lstm_vjp(*a, swapped=True), ("b",), "rows_only"),
    },
)
