"""Functions in single precision: of float32 arguments, and with float32 inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from zoo.entry import Array, Entry, Map, Shape, alike, bounded, elementwise, plain, positive, single, weights

F = np.float32
W32 = weights((3,)).astype(F)
A32 = (weights((3, 3)) + 4 * np.eye(3)).astype(F)


def _inside(f: Map) -> Map:
    """Computed in float32, of numbers in float64."""
    return lambda x: f(np.asarray(x, F))


def _widened(f: Map) -> Map:
    """The same, and given back in float64."""
    return lambda x: f(np.asarray(x, F)).astype(float)


def _buffered(x: Array) -> Array:
    """A product kept in a float32 array on its way."""
    buffer = np.empty(x.shape, F)
    buffer[:] = x * x
    return buffer * x


INSIDE = [
    elementwise(name, f, slope, domain, kind=kind, family="float32")
    for name, f, slope, domain, kind in (
        ("sin, float32 inside", _widened(np.sin), np.cos, plain, "vjp"),
        ("sin, float32 inside, summed", _widened(np.sin), np.cos, plain, "grad"),
        ("exp, float32 inside", _widened(np.exp), np.exp, bounded(5.0), "vjp"),
        ("tanh, float32 inside", _widened(np.tanh), lambda x: 1 / np.cosh(x) ** 2, bounded(5.0), "vjp"),
        ("log, float32 inside", _widened(np.log), lambda x: 1 / x, positive(100.0, 1e-3), "grad"),
        ("square, float32 inside", _widened(np.square), lambda x: 2 * x, plain, "vjp"),
        ("relu, float32 inside", _widened(lambda x: np.maximum(x, 0)), lambda x: (x > 0) * 1.0, plain, "grad"),
        ("sigmoid, float32 inside", _widened(special.expit), lambda x: special.expit(x) * special.expit(-x), plain,
         "vjp"),
        ("sin, float32 result", _inside(np.sin), np.cos, plain, "vjp"),
        ("softplus, float32 result", _inside(lambda x: np.logaddexp(F(0), x)), special.expit, plain, "vjp"),
        ("cube, float32 buffer", _buffered, lambda x: 3 * x * x, plain, "vjp"),
    )
]  # fmt: skip


# -- float32 arguments: what is claimed is in float32, too


def _own(name: str, f: Map, slope: Map, domain: Map = single, kind: str = "vjp") -> Entry:
    claims = {
        "vjp": lambda x, c: (c * slope(x)).astype(x.dtype),
        "grad": lambda x: (W32 * slope(x)).astype(x.dtype),
    }
    whole = f if kind == "vjp" else lambda x: (W32 * f(x)).sum()
    return Entry(f"{name} of float32, {kind}", "float32", kind, whole, claims[kind], alike(domain), ((3,),))


def _to(most: float) -> Map:
    return lambda x: bounded(most, 1e-3)(x).astype(F)


def _above(most: float) -> Map:
    return lambda x: positive(most, 1e-2)(x).astype(F)


def _layer(name: str, f: Callable[..., Any], back: Callable[..., Any], *shapes: Shape) -> Entry:
    return Entry(f"{name} of float32", "float32", "vjp", f, back, alike(_to(3.0)), shapes)


def _softmax_back(x: Array, c: Array) -> Array:
    p = special.softmax(x, axis=-1)
    return p * (c - (p * c).sum(-1, keepdims=True))


def _tanh_back(x: Array, w: Array, c: Array) -> Any:
    d = c / np.cosh(x @ w) ** 2
    return d @ w.T, x.T @ d


def _normalised(x: Array) -> Array:
    centred = x - x.mean(1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(1, keepdims=True) + F(1e-5))


def _normalised_back(x: Array, c: Array) -> Array:
    n, deviation = _normalised(x), np.sqrt(x.var(1, keepdims=True) + F(1e-5))
    return (c - c.mean(1, keepdims=True) - n * (n * c).mean(1, keepdims=True)) / deviation


OWN = [
    _own("sin", np.sin, np.cos),
    _own("sin", np.sin, np.cos, kind="grad"),
    _own("exp", np.exp, np.exp, _to(10.0)),
    _own("exp", np.exp, np.exp, _to(3.0), "grad"),
    _own("tanh", np.tanh, lambda x: 1 / np.cosh(x) ** 2, _to(5.0)),
    _own("log", np.log, lambda x: 1 / x, _above(100.0)),
    _own("root", np.sqrt, lambda x: F(0.5) / np.sqrt(x), _above(100.0)),
    _own("square", np.square, lambda x: 2 * x),
    _own("cube", lambda x: x**3, lambda x: 3 * x * x, _to(10.0), "grad"),
    _own("relu", lambda x: np.maximum(x, 0), lambda x: (x > 0) * F(1)),
    _own("absolute", np.abs, np.sign, kind="grad"),
    _own("sigmoid", special.expit, lambda x: special.expit(x) * special.expit(-x), _to(10.0)),
    _own("softplus", lambda x: np.logaddexp(0, x), special.expit, _to(10.0)),
    _own("reciprocal", np.reciprocal, lambda x: -1 / (x * x), _above(100.0)),
    _own("sin of 100 x", lambda x: np.sin(100 * x), lambda x: 100 * np.cos(100 * x), _to(1.0)),
    _layer("dense", lambda x, w, b: x @ w + b, lambda x, w, b, c: (c @ w.T, x.T @ c, c.sum(0)), (2, 3), (3, 2), (2,)),
    _layer("tanh layer", lambda x, w: np.tanh(x @ w), _tanh_back, (2, 2), (2, 2)),
    _layer("softmax", lambda x: special.softmax(x, axis=-1), _softmax_back, (2, 3)),
    _layer("layer norm", _normalised, _normalised_back, (2, 4)),
    _layer("outer product", np.outer, lambda a, b, c: (c @ b, a @ c), (2,), (3,)),
    _layer("quadratic form", lambda x: (x * (A32 @ x)).sum(), lambda x, c: c * ((A32 + A32.T) @ x), (3,)),
    Entry("logsumexp of float32", "float32", "grad", special.logsumexp, lambda x: special.softmax(x).astype(x.dtype),
          alike(_to(10.0)), ((4,),)),
    Entry("mean square of float32", "float32", "grad", lambda x: (x * x).mean(), lambda x: x / 2, alike(_to(20.0)),
    ((4,),)),
    Entry("dot of float32 and float64", "float32", "grad", np.dot, lambda a, b: (b.astype(a.dtype), a.astype(b.dtype)),
          lambda a, b: (_to(10.0)(a), plain(b)), ((3,), (3,))),
]  # fmt: skip
ENTRIES = [*INSIDE, *OWN]
