"""Layers of networks with their backward passes: dense, convolutions, normalisations, attention, pooling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import special

from zoo.entry import Array, Entry, Map, Shape, alike, bounded, plain, tame, weights

FAMILY = "layers"
usual = bounded(4.0)
S = special.expit


def layer(
    name: str,
    f: Callable[..., Any],
    back: Callable[..., Any],
    *shapes: Shape,
    domain: Map = usual,
    slips: dict[str, Callable[..., Any]] | None = None,
) -> Entry:
    """A layer as a vjp."""
    return Entry(name, FAMILY, "vjp", f, back, alike(domain), shapes, slips=slips or {})


# -- dense

ACTIVATIONS: dict[str, tuple[Map, Map]] = {
    "identity": (lambda z: z, np.ones_like),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "sigmoid": (S, lambda z: S(z) * S(-z)),
    "softplus": (lambda z: np.logaddexp(0, z), S),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
}


def _dense(name: str) -> Entry:
    act, slope = ACTIVATIONS[name]

    def back(x: Array, w: Array, b: Array, c: Array, *, summed: bool = True, own: bool = True) -> Any:
        d = c * slope(x @ w + b) if own else c
        return d @ w.T, x.T @ d, d.sum(0) if summed else d[-1]

    slips = {"bias of one example": lambda *a: back(*a, summed=False)}
    if name != "identity":
        slips["activation forgotten"] = lambda *a: back(*a, own=False)
    return layer(f"dense, {name}", lambda x, w, b: act(x @ w + b), back, (2, 3), (3, 2), (2,), slips=slips)


def _two_layers(x: Array, w: Array, v: Array) -> Array:
    return np.tanh(x @ w) @ v


def _two_layers_back(x: Array, w: Array, v: Array, c: Array) -> Any:
    d = (c @ v.T) / np.cosh(x @ w) ** 2
    return d @ w.T, x.T @ d, np.tanh(x @ w).T @ c


# -- convolutions


def _conv1d(stride: int, dilation: int, padding: int) -> Entry:
    def places(x: Array, k: Array) -> Array:
        reach = dilation * (k.shape[-1] - 1) + 1
        starts = np.arange(0, x.shape[-1] + 2 * padding - reach + 1, stride)
        return starts[:, None] + dilation * np.arange(k.shape[-1])

    def f(x: Array, k: Array) -> Array:
        return np.einsum("ilt,oit->ol", np.pad(x, ((0, 0), (padding, padding)))[:, places(x, k)], k)

    def back(x: Array, k: Array, c: Array, *, last: bool = False) -> Any:
        at, wide = places(x, k), np.pad(x, ((0, 0), (padding, padding)))
        spread, by_x = np.einsum("ol,oit->ilt", c, k), np.zeros_like(wide)
        if last:
            by_x[:, at] = spread
        else:
            np.add.at(by_x, (slice(None), at), spread)
        return by_x[:, padding : padding + x.shape[1]], np.einsum("ol,ilt->oit", c, wide[:, at])

    name = f"convolution, stride {stride}, dilation {dilation}, padding {padding}"
    return layer(name, f, back, (2, 6), (1, 2, 3), slips={"last write wins": lambda *a: back(*a, last=True)})


def _conv2d(x: Array, k: Array) -> Array:
    return np.einsum("ijtu,tu->ij", sliding_window_view(x, k.shape), k)


def _conv2d_back(x: Array, k: Array, c: Array) -> Any:
    full = np.pad(c, [(n - 1, n - 1) for n in k.shape])
    return _conv2d(full, k[::-1, ::-1]), np.einsum("ijtu,ij->tu", sliding_window_view(x, k.shape), c)


def _transposed(x: Array, k: Array) -> Array:
    out = np.zeros(2 * (len(x) - 1) + len(k))
    for i, value in enumerate(x):
        out[2 * i : 2 * i + len(k)] += value * k
    return out


def _transposed_back(x: Array, k: Array, c: Array) -> Any:
    parts = np.array([c[2 * i : 2 * i + len(k)] for i in range(len(x))])
    return parts @ k, x @ parts


def _depthwise_back(x: Array, k: Array, c: Array) -> Any:
    by_x = np.array([np.convolve(row, own) for row, own in zip(c, k, strict=True)])
    return by_x, np.array([np.correlate(row, up) for row, up in zip(x, c, strict=True)])


# -- normalisations: over some axes, the mean and variance are differentiated too

EPS = 1e-5


def _normalised(x: Array, axes: Any) -> tuple[Array, Array]:
    centred = x - x.mean(axes, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axes, keepdims=True) + EPS)
    return centred / deviation, deviation


def _normalised_back(x: Array, c: Array, axes: Any) -> Array:
    n, deviation = _normalised(x, axes)
    return (c - c.mean(axes, keepdims=True) - n * (n * c).mean(axes, keepdims=True)) / deviation


def _norm(name: str, axes: Any, shape: Shape, own: Shape) -> Entry:
    """With weights and biases of shape `own`."""
    other = tuple(i for i in range(len(shape)) if own[i] == 1)

    def f(x: Array, w: Array, b: Array) -> Array:
        return w.reshape(own) * _normalised(x, axes)[0] + b.reshape(own)

    def back(x: Array, w: Array, b: Array, c: Array) -> Any:
        by_w = (c * _normalised(x, axes)[0]).sum(other)
        return _normalised_back(x, c * w.reshape(own), axes), by_w.reshape(w.shape), c.sum(other).reshape(b.shape)

    def held(x: Array, w: Array, b: Array, c: Array) -> Any:
        return (c * w.reshape(own) / _normalised(x, axes)[1], *back(x, w, b, c)[1:])

    flat = tuple(n for n in own if n > 1)
    return layer(name, f, back, shape, flat, flat, domain=plain, slips={"statistics held": held})


def _rms_back(x: Array, w: Array, c: Array) -> Any:
    r = np.sqrt((x * x).mean(1, keepdims=True) + EPS)
    d = c * w
    return d / r - x * (d * x).mean(1, keepdims=True) / r**3, (c * x / r).sum(0)


MEAN, VARIANCE = weights((2,)), np.array([0.5, 2.0])

# -- softmax and attention


def _softmax_back(x: Array, c: Array, axis: int = -1) -> Array:
    p = special.softmax(x, axis=axis)
    return p * (c - (p * c).sum(axis, keepdims=True))


def _attention(mask: Array | None) -> tuple[Callable[..., Array], Callable[..., Any]]:
    hidden = 0.0 if mask is None else np.where(mask, 0.0, -np.inf)

    def f(q: Array, k: Array, v: Array) -> Array:
        return special.softmax(q @ k.T / np.sqrt(q.shape[1]) + hidden, axis=1) @ v

    def back(q: Array, k: Array, v: Array, c: Array) -> Any:
        root = np.sqrt(q.shape[1])
        scores = q @ k.T / root + hidden
        d = _softmax_back(scores, c @ v.T) / root
        return d @ k, d.T @ q, special.softmax(scores, axis=1).T @ c

    return f, back


def _of_itself(x: Array, w: Array) -> Array:
    return _attention(None)[0](x @ w, x, x)


def _of_itself_back(x: Array, w: Array, c: Array) -> Any:
    by_q, by_k, by_v = _attention(None)[1](x @ w, x, x, c)
    return by_q @ w.T + by_k + by_v, x.T @ by_q


# -- pooling


def _pool(name: str, size: int, stride: int, *, largest: bool) -> Entry:
    def windows(x: Array) -> Array:
        return np.arange(0, len(x) - size + 1, stride)[:, None] + np.arange(size)

    def f(x: Array) -> Array:
        return x[windows(x)].max(1) if largest else x[windows(x)].mean(1)

    def back(x: Array, c: Array, *, last: bool = False) -> Array:
        at = windows(x)
        share = np.full(at.shape, 1 / size)
        if largest:
            share = (np.arange(size) == x[at].argmax(1)[:, None]) * 1.0
        by_x = np.zeros_like(x)
        if last:
            by_x[at] = share * c[:, None]
        else:
            np.add.at(by_x, at, share * c[:, None])
        return by_x

    return layer(name, f, back, (7,), domain=tame, slips={"last write wins": lambda x, c: back(x, c, last=True)})


def _pool2d(x: Array) -> Array:
    return x.reshape(2, 2, 2, 2).max((1, 3))


def _pool2d_back(x: Array, c: Array) -> Array:
    blocks = x.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(2, 2, 4)
    chosen = (np.arange(4) == blocks.argmax(2)[..., None]) * c[..., None]
    return chosen.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(4, 4)


ENTRIES = [
    *map(_dense, ACTIVATIONS),
    layer("two layers", _two_layers, _two_layers_back, (2, 2), (2, 3), (3, 2)),
    *(_conv1d(*settings) for settings in ((1, 1, 0), (2, 1, 0), (1, 2, 0), (1, 1, 1), (2, 1, 2))),
    layer("convolution of an image", _conv2d, _conv2d_back, (3, 4), (2, 2)),
    layer("convolution of an image, wide", _conv2d, _conv2d_back, (4, 4), (3, 2)),
    layer("transposed convolution", _transposed, _transposed_back, (3,), (3,)),
    layer("depthwise convolution", lambda x, k: np.array([np.correlate(a, b) for a, b in zip(x, k, strict=True)]),
          _depthwise_back, (2, 4), (2, 2)),
    layer("pointwise convolution", lambda x, k: np.einsum("oi,il->ol", k, x),
          lambda x, k, c: (k.T @ c, c @ x.T), (2, 3), (2, 2)),
    _norm("batch norm", 0, (4, 2), (1, 2)),
    _norm("batch norm of images", (0, 2), (2, 2, 3), (1, 2, 1)),
    _norm("layer norm", 1, (2, 4), (1, 4)),
    _norm("instance norm", 2, (1, 2, 4), (1, 2, 1)),
    layer("batch norm, evaluated", lambda x, w, b: w * (x - MEAN) / np.sqrt(VARIANCE + EPS) + b,
          lambda x, w, b, c: (c * w / np.sqrt(VARIANCE + EPS), (c * (x - MEAN) / np.sqrt(VARIANCE + EPS)).sum(0),
                              c.sum(0)), (3, 2), (2,), (2,)),
    layer("norm by the mean square", lambda x, w: w * x / np.sqrt((x * x).mean(1, keepdims=True) + EPS), _rms_back,
          (2, 3), (3,)),
    layer("softmax", lambda x: special.softmax(x, axis=-1), _softmax_back, (2, 3), domain=bounded(1e3),
          slips={"diagonal only": lambda x, c: (p := special.softmax(x, axis=-1)) * (1 - p) * c}),
    layer("softmax over rows", lambda x: special.softmax(x, axis=0), lambda x, c: _softmax_back(x, c, 0), (3, 2)),
    layer("softmax at a temperature", lambda x: special.softmax(x / 0.1), lambda x, c: _softmax_back(x / 0.1, c) / 0.1,
          (4,)),
    layer("log softmax", lambda x: special.log_softmax(x, axis=-1),
          lambda x, c: c - special.softmax(x, axis=-1) * c.sum(-1, keepdims=True), (2, 3), domain=bounded(1e3)),
    layer("attention", *_attention(None), (2, 2), (3, 2), (3, 2)),
    layer("attention, causal", *_attention(np.tri(3, dtype=bool)), (3, 2), (3, 2), (3, 1)),
    layer("attention of x by x", _of_itself, _of_itself_back, (3, 2), (2, 2), domain=bounded(2.0)),
    _pool("maximum of windows", 2, 2, largest=True),
    _pool("maximum of overlapping windows", 3, 2, largest=True),
    _pool("maximum of close windows", 3, 1, largest=True),
    _pool("mean of windows", 2, 2, largest=False),
    _pool("mean of overlapping windows", 3, 2, largest=False),
    layer("maximum of blocks", _pool2d, _pool2d_back, (4, 4)),
    layer("mean of all places", lambda x: x.mean((1, 2)), lambda x, c: np.repeat(c / 4, 4).reshape(x.shape), (2, 2, 2)),
]  # fmt: skip
