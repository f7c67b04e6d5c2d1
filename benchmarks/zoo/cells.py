"""More layers: recurrent cells, gates, embeddings, dropout, and what moves entries about."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from zoo.entry import Array, bounded, tame, weights
from zoo.layers import S, layer, usual


def _slope(z: Array) -> Array:
    """σ'(z)."""
    return S(z) * S(-z)


def _flat_tanh(z: Array) -> Array:
    """tanh'(z)."""
    return 1 / np.cosh(z) ** 2


# -- recurrent


def _lstm(x: Array, h: Array, s: Array, w: Array) -> tuple[Array, Array]:
    i, f, g, o = np.split(np.concatenate([x, h]) @ w, 4)
    new = S(f) * s + S(i) * np.tanh(g)
    return S(o) * np.tanh(new), new


def _lstm_back(x: Array, h: Array, s: Array, w: Array, c: Any, *, forgets: bool = False) -> Any:
    joined = np.concatenate([x, h])
    i, f, g, o = np.split(joined @ w, 4)
    new = S(f) * s + S(i) * np.tanh(g)
    d = c[0] * S(o) * _flat_tanh(new) + (0 if forgets else c[1])
    gates = np.concatenate([
        d * np.tanh(g) * _slope(i), d * s * _slope(f), d * S(i) * _flat_tanh(g), c[0] * np.tanh(new) * _slope(o)
    ])  # fmt: skip
    by_joined = w @ gates
    return by_joined[: len(x)], by_joined[len(x) :], d * S(f), np.outer(joined, gates)


def _gru(x: Array, h: Array, w: Array, u: Array) -> Array:
    r, z, n = np.split(x @ w, 3)
    a, b, m = np.split(h @ u, 3)
    new = np.tanh(n + S(r + a) * m)
    return (1 - S(z + b)) * new + S(z + b) * h


def _gru_back(x: Array, h: Array, w: Array, u: Array, c: Array) -> Any:
    r, z, n = np.split(x @ w, 3)
    a, b, m = np.split(h @ u, 3)
    new = np.tanh(n + S(r + a) * m)
    d = c * S(-(z + b)) * _flat_tanh(n + S(r + a) * m)
    gate, keep = d * m * _slope(r + a), c * (h - new) * _slope(z + b)
    by_x, by_h = np.concatenate([gate, keep, d]), np.concatenate([gate, keep, d * S(r + a)])
    return w @ by_x, u @ by_h + c * S(z + b), np.outer(x, by_x), np.outer(h, by_h)


def _unrolled(x: Array, w: Array) -> Array:
    h = np.zeros(2)
    for row in x:
        h = np.tanh(row + h @ w)
    return h


def _unrolled_back(x: Array, w: Array, c: Array, *, steps: int = 10) -> Any:
    states = [np.zeros(2)]
    for row in x:
        states.append(np.tanh(row + states[-1] @ w))
    by_x, by_w = np.zeros_like(x), np.zeros_like(w)
    for t in range(len(x) - 1, max(-1, len(x) - 1 - steps), -1):
        d = c * _flat_tanh(x[t] + states[t] @ w)
        by_x[t], c = d, w @ d
        by_w += np.outer(states[t], d)
    return by_x, by_w


# -- gates and sums


def _glu_back(x: Array, c: Array) -> Array:
    a, b = np.split(x, 2)
    return np.concatenate([c * S(b), c * a * _slope(b)])


def _swiglu_back(x: Array, v: Array, w: Array, c: Array) -> Any:
    a, b = x @ v, x @ w
    by_a, by_b = c * b * (S(a) + a * _slope(a)), c * a * S(a)
    return v @ by_a + w @ by_b, np.outer(x, by_a), np.outer(x, by_b)


def _highway_back(x: Array, w: Array, c: Array) -> Any:
    z = x @ w
    d = c * ((np.tanh(z) - x) * _slope(z) + S(z) * _flat_tanh(z))
    return w @ d + c * S(-z), np.outer(x, d)


def _squeeze_back(x: Array, c: Array) -> Array:
    gate = S(x.mean(1, keepdims=True))
    return c * gate + (c * x).sum(1, keepdims=True) * _slope(x.mean(1, keepdims=True)) / x.shape[1]


# -- tables and places

INDEX = np.array([2, 0, 2, 1, 2])
MASK = np.array([[1.0, 0, 1, 1], [0, 1, 1, 0]]) / 0.6
TURN = np.array([0.3, 1.1])


def _gathered(table: Array, c: Array, *, last: bool = False) -> Array:
    found = np.zeros_like(table)
    if last:
        found[INDEX] = c
    else:
        np.add.at(found, INDEX, c)
    return found


def _bag_back(table: Array, c: Array) -> Array:
    return _gathered(table, c[[0, 0, 0, 1, 1]])


def _turned(x: Array, angle: Array) -> Array:
    a, b = x
    return np.array([a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)])


def _reflected_back(x: Array, c: Array) -> Array:
    found = np.zeros_like(x)
    np.add.at(found, np.array([1, 0, 1, 2, 3, 2]), c)
    return found


V3 = weights((3,))
ENTRIES = [
    layer("LSTM cell", _lstm, _lstm_back, (2,), (1,), (1,), (3, 4),
          slips={"cotangent of the state forgotten": lambda *a: _lstm_back(*a, forgets=True)}),
    layer("GRU cell", _gru, _gru_back, (2,), (2,), (2, 6), (2, 6), domain=bounded(2.0)),
    layer("RNN of three steps", _unrolled, _unrolled_back, (3, 2), (2, 2),
          slips={"one step back": lambda *a: _unrolled_back(*a, steps=1)}),
    layer("gated linear unit", lambda x: x[:2] * S(x[2:]), _glu_back, (4,), domain=tame),
    layer("gate by silu", lambda x, v, w: x @ v * S(x @ v) * (x @ w), _swiglu_back, (2,), (2, 2), (2, 2)),
    layer("highway", lambda x, w: S(x @ w) * np.tanh(x @ w) + S(-(x @ w)) * x, _highway_back, (2,), (2, 2)),
    layer("residual", lambda x, w: x + np.tanh(x @ w),
          lambda x, w, c: (c + w @ (c * _flat_tanh(x @ w)), np.outer(x, c * _flat_tanh(x @ w))), (3,), (3, 3)),
    layer("squeeze and excite", lambda x: x * S(x.mean(1, keepdims=True)), _squeeze_back, (2, 3)),
    layer("bilinear layer", lambda a, b, w: np.einsum("i,oij,j->o", a, w, b), lambda a, b, w, c: (
        np.einsum("o,oij,j->i", c, w, b), np.einsum("o,oij,i->j", c, w, a), np.einsum("o,i,j->oij", c, a, b)),
          (2,), (2,), (2, 2, 2)),
    layer("embedding", lambda table: table[INDEX], _gathered, (4, 2), domain=tame,
          slips={"last write wins": lambda t, c: _gathered(t, c, last=True)}),
    layer("sums of embeddings", lambda t: np.array([t[INDEX[:3]].sum(0), t[INDEX[3:]].sum(0)]), _bag_back, (4, 2)),
    layer("embedding and a product", lambda t, w: t[INDEX] @ w, lambda t, w, c: (_gathered(t, c @ w.T), t[INDEX].T @ c),
          (3, 2), (2, 2)),
    layer("scattered sums", lambda x: np.bincount(INDEX, x, 4), lambda x, c: c[INDEX], (5,), domain=tame),
    layer("mean of segments", lambda x: np.array([x[:2].mean(), x[2:].mean()]),
          lambda x, c: np.concatenate([np.full(2, c[0] / 2), np.full(3, c[1] / 3)]), (5,), domain=tame),
    layer("dropout, fixed mask", lambda x: x * MASK, lambda x, c: c * MASK, (2, 4), domain=tame,
          slips={"scale forgotten": lambda x, c: c * (MASK > 0), "another mask": lambda x, c: c * MASK[::-1]}),
    layer("rotary positions", lambda x: _turned(x, TURN), lambda x, c: _turned(c, -TURN), (2, 2), domain=tame),
    layer("padded", lambda x: np.pad(x, 1), lambda x, c: c[1:-1, 1:-1].copy(), (2, 2), domain=tame),
    layer("padded by reflection", lambda x: np.pad(x, (1, 1), mode="reflect"), _reflected_back, (4,), domain=tame),
    layer("doubled in size", lambda x: x.repeat(2, 0).repeat(2, 1),
          lambda x, c: c.reshape(2, 2, 2, 2).sum((1, 3)), (2, 2), domain=tame),
    layer("joined", lambda a, b: np.concatenate([a, 2 * b]), lambda a, b, c: (c[:2], 2 * c[2:]), (2,), (3,)),
    layer("split", lambda x: (x[:2].copy(), x[2:] ** 2), lambda x, c: np.concatenate([c[0], 2 * x[2:] * c[1]]), (5,)),
    layer("flattened", lambda x: x.ravel(), lambda x, c: c.reshape(x.shape), (2, 3), domain=tame),
    layer("axes moved", lambda x: x.transpose(1, 2, 0), lambda x, c: c.transpose(2, 0, 1), (2, 1, 3), domain=tame),
    layer("leaky with a slope", lambda x, a: np.where(x > 0, x, a * x),
          lambda x, a, c: (c * np.where(x > 0, 1.0, a), np.array([(c * np.where(x > 0, 0.0, x)).sum()])), (4,), (1,)),
    layer("largest of two products", lambda x: np.maximum(V3 @ x, x.sum(0)),
          lambda x, c: np.where(V3 @ x > x.sum(0), V3[:, None], 1.0) * c, (3, 2)),
    layer("scale and shift", lambda x, a, b: a * x + b, lambda x, a, b, c: ((a * c), (c * x).sum(0), c.sum(0)),
          (3, 2), (2,), (2,), slips={"shift not summed": lambda x, a, b, c: (a * c, (c * x).sum(0), c.mean(0))}),
    layer("mixture by softmax", lambda x, y: special.softmax(x) @ y, lambda x, y, c: (
        (p := special.softmax(x)) * (y @ c - p @ (y @ c)), np.outer(special.softmax(x), c)), (3,), (3, 2)),
    layer("broadcast sum", lambda a, b: a[:, None] + b, lambda a, b, c: (c.sum(1), c.sum(0)), (2,), (3,), domain=tame),
    layer("broadcast product", lambda a, b: a[:, None] * b, lambda a, b, c: (c @ b, a @ c), (2,), (3,), domain=usual),
]  # fmt: skip
