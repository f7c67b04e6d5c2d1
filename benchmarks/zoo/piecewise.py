"""Functions with kinks, and functions that are rounded, so that they have steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from zoo.entry import (
    WEIGHTS,
    Array,
    Entry,
    Map,
    Shape,
    alike,
    bounded,
    elementwise,
    moderate,
    pairwise,
    plain,
    positive,
    real,
    tame,
    weights,
)

Row = tuple[str, Map, Map, Map, str]
W4 = weights((4,))

BENT: list[Row] = [
    ("absolute", np.abs, np.sign, real, "vjp"),
    ("absolute, summed", np.abs, np.sign, bounded(1e300), "grad"),
    ("relu", lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0, real, "vjp"),
    ("relu, summed", lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0, bounded(1e300), "grad"),
    ("relu by where", lambda x: np.where(x > 0, x, 0.0), lambda x: (x > 0) * 1.0, real, "jacobian"),
    ("relu, 1 at 0", lambda x: x * (x > 0), lambda x: (x >= 0) * 1.0, real, "vjp"),
    ("relu, half at 0", lambda x: np.maximum(x, 0), lambda x: np.heaviside(x, 0.5), real, "vjp"),
    ("relu up to six", lambda x: np.clip(x, 0, 6), lambda x: ((x > 0) & (x < 6)) * 1.0, real, "vjp"),
    ("leaky relu", lambda x: np.where(x > 0, x, 0.01 * x), lambda x: np.where(x > 0, 1, 0.01), bounded(1e300), "vjp"),
    ("elu", lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), lambda x: np.exp(np.minimum(x, 0)), real, "vjp"),
    ("selu", lambda x: 1.0507 * np.where(x > 0, x, 1.67326 * np.expm1(np.minimum(x, 0))),
     lambda x: 1.0507 * np.where(x > 0, 1, 1.67326 * np.exp(np.minimum(x, 0))), bounded(1e300), "grad"),
    ("hard sigmoid", lambda x: np.clip(x / 6 + 0.5, 0, 1), lambda x: (np.abs(x) < 3) / 6, bounded(10.0), "vjp"),
    ("hard swish", lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
     lambda x: np.where(np.abs(x) < 3, x / 3 + 0.5, (x > 0) * 1.0), bounded(10.0), "vjp"),
    ("hard tanh", lambda x: np.clip(x, -1, 1), lambda x: (np.abs(x) < 1) * 1.0, real, "jacobian"),
    ("narrow clip", lambda x: np.clip(x, -1e-10, 1e-10), lambda x: (np.abs(x) < 1e-10) * 1.0, bounded(1e-9), "vjp"),
    ("clip far out", lambda x: np.clip(x, 999.0, 1001.0), lambda x: ((x > 999) & (x < 1001)) * 1.0,
     lambda x: 1000 + bounded(3.0)(x), "vjp"),
    ("soft threshold", lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0), lambda x: (np.abs(x) > 0.5) * 1.0, tame,
     "vjp"),
    ("hard threshold", lambda x: x * (np.abs(x) > 0.7), lambda x: (np.abs(x) > 0.7) * 1.0, tame, "vjp"),
    ("Huber", lambda x: np.where(np.abs(x) < 1, 0.5 * x * x, np.abs(x) - 0.5), lambda x: np.clip(x, -1, 1), moderate,
     "vjp"),
    ("Huber, summed", lambda x: np.where(np.abs(x) < 1, 0.5 * x * x, np.abs(x) - 0.5), lambda x: np.clip(x, -1, 1),
     moderate, "grad"),
    ("Tukey", lambda x: np.where(np.abs(x) < 2, 1 - (1 - x * x / 4) ** 3, 1.0),
     lambda x: np.where(np.abs(x) < 2, 1.5 * x * (1 - x * x / 4) ** 2, 0.0), bounded(5.0), "grad"),
    ("triangle wave", lambda x: np.abs(x % 2 - 1), lambda x: np.where(x % 2 < 1, -1.0, 1.0), bounded(100.0), "vjp"),
    ("remainder", lambda x: x % 1.0, np.ones_like, positive(1e6, 1e-6), "vjp"),
    ("square and a kink", lambda x: x * np.abs(x), lambda x: 2 * np.abs(x), bounded(1e150), "vjp"),
    ("positive square", lambda x: np.maximum(x, 0) ** 2, lambda x: 2 * np.maximum(x, 0), bounded(1e150), "grad"),
    ("absolute sine", lambda x: np.abs(np.sin(x)), lambda x: np.cos(x) * np.sign(np.sin(x)), bounded(100.0), "vjp"),
    ("smooth step", lambda x: (t := np.clip(x, 0, 1)) * t * (3 - 2 * t),
     lambda x: 6 * (t := np.clip(x, 0, 1)) * (1 - t), bounded(3.0), "grad"),
    ("piecewise linear", lambda x: np.interp(x, [-1, 0, 2], [0, 3, -1]),
     lambda x: np.select([x < -1, x < 0, x < 2], [0.0, 3.0, -2.0], 0.0), bounded(4.0), "vjp"),
]  # fmt: skip
ROUNDED: list[Row] = [
    ("three decimals", lambda x: np.round(np.sin(x), 3), np.cos, plain, "vjp"),
    ("six decimals, summed", lambda x: np.round(x * x, 6), lambda x: 2 * x, plain, "grad"),
    ("ten decimals", lambda x: np.round(np.exp(x), 10), np.exp, bounded(3.0), "vjp"),
    ("cents", lambda x: np.floor(100 * x * x) / 100, lambda x: 2 * x, plain, "grad"),
    ("floor", np.floor, np.zeros_like, plain, "vjp"),
    ("ceil", np.ceil, np.zeros_like, plain, "grad"),
    ("rint", np.rint, np.zeros_like, plain, "vjp"),
    ("trunc", np.trunc, np.zeros_like, plain, "jacobian"),
    ("sign", np.sign, np.zeros_like, plain, "vjp"),
    ("heaviside", lambda x: np.heaviside(x, 0.5), np.zeros_like, plain, "grad"),
    ("remainder and steps", lambda x: x + 0.5 * np.floor(x), np.ones_like, plain, "vjp"),
    ("float16 inside", lambda x: (x.astype(np.float16) ** 2).astype(float), lambda x: 2 * x, plain, "vjp"),
    ("float16 inside, summed", lambda x: (x.astype(np.float16) ** 2).astype(float), lambda x: 2 * x, plain, "grad"),
    ("float16 of the result", lambda x: np.sin(x).astype(np.float16).astype(float), np.cos, plain, "vjp"),
    ("float16 sine", lambda x: np.sin(x.astype(np.float16)).astype(float), np.cos, plain, "grad"),
    ("fixed point of 12 bits", lambda x: np.rint(4096 * np.tanh(x)) / 4096, lambda x: 1 / np.cosh(x) ** 2,
     bounded(3.0), "vjp"),
    ("table of sines", lambda x: np.interp(x, GRID, np.sin(GRID)), lambda x: TABLE_SLOPES[np.searchsorted(GRID, x) - 1],
     bounded(3.0), "vjp"),
]  # fmt: skip
GRID = np.linspace(-4, 4, 129)
TABLE_SLOPES = np.diff(np.sin(GRID)) / np.diff(GRID)

# -- of several entries


def _chosen(at: Callable[[Array], Any]) -> Callable[[Array], Array]:
    """The gradient of an entry that is chosen by its order."""

    def slope(x: Array) -> Array:
        found = np.zeros(x.size)
        found[at(x)] = 1.0
        return found.reshape(x.shape)

    return slope


def _shared_maximum(x: Array) -> Array:
    most = x == x.max()
    return most / most.sum()


def _sorted_back(x: Array, c: Array) -> Array:
    found = np.empty_like(x)
    found[np.argsort(x, kind="stable")] = c
    return found


def _wrongly_sorted(x: Array, c: Array) -> Array:
    return c[np.argsort(x, kind="stable")]


def _top_two(x: Array) -> Any:
    return np.sort(x)[-2:].sum()


def _projected(x: Array) -> Array:
    """On the simplex."""
    falling = np.sort(x)[::-1]
    sums = np.cumsum(falling) - 1
    k = int((falling * np.arange(1, x.size + 1) > sums).sum())
    return np.maximum(x - sums[k - 1] / k, 0)


def _projected_back(x: Array, c: Array) -> Array:
    on = _projected(x) > 0
    return on * (c - c[on].mean())


SEVERAL: list[tuple[str, str, Callable[..., Any], Callable[..., Any], Map, Shape, dict[str, Any]]] = [
    ("maximum", "grad", np.max, _chosen(np.argmax), real, (4,), {}),
    ("maximum, shared by ties", "grad", np.max, _shared_maximum, real, (4,), {}),
    ("minimum", "grad", np.min, _chosen(np.argmin), real, (4,), {}),
    ("range", "grad", np.ptp, lambda x: _chosen(np.argmax)(x) - _chosen(np.argmin)(x), bounded(1e300), (4,), {}),
    ("median", "grad", np.median, _chosen(lambda x: np.argsort(x, kind="stable")[x.size // 2]), bounded(1e300), (5,),
     {}),
    ("median of four", "grad", np.median, lambda x: _chosen(lambda x: np.argsort(x, kind="stable")[1:3])(x) / 2,
     bounded(1e300), (4,), {}),
    ("largest size", "grad", lambda x: np.abs(x).max(),
     lambda x: np.sign(x) * _chosen(lambda x: np.abs(x).argmax())(x), real, (4,), {}),
    ("two largest", "grad", _top_two, _chosen(lambda x: np.argsort(x, kind="stable")[-2:]), bounded(1e300), (4,), {}),
    ("weighted order", "grad", lambda x: np.sort(x) @ W4, lambda x: _sorted_back(x, W4), bounded(1e300), (4,),
     {"sorted wrongly": lambda x: _wrongly_sorted(x, W4)}),
    ("sorted", "vjp", np.sort, _sorted_back, real, (4,), {"sorted wrongly": _wrongly_sorted}),
    ("maxima of rows", "vjp", lambda x: x.max(1), lambda x, c: (np.arange(3) == x.argmax(1)[:, None]) * c[:, None],
     real, (2, 3), {}),
    ("running maximum", "vjp", np.maximum.accumulate, lambda x, c: np.bincount(
        np.maximum.accumulate(np.where(x == np.maximum.accumulate(x), np.arange(x.size), 0)), c, x.size), real, (4,),
        {}),
    ("trimmed mean", "grad", lambda x: np.sort(x)[1:-1].mean(),
     lambda x: _chosen(lambda x: np.argsort(x, kind="stable")[1:-1])(x) / 3, bounded(1e300), (5,), {}),
    ("quantile", "grad", lambda x: np.quantile(x, 0.6), lambda x: _sorted_back(x, np.array([0, 0, 0.6, 0.4, 0])) * 1.0,
     tame, (5,), {}),
    ("total variation", "grad", lambda x: np.abs(np.diff(x)).sum(),
     lambda x: np.diff(-np.sign(np.diff(x)), prepend=0, append=0) * 1.0, bounded(1e300), (4,), {}),
    ("projection on a simplex", "vjp", _projected, _projected_back, bounded(2.0), (4,), {}),
    ("projection on a ball", "vjp", lambda x: x / max(1.0, np.linalg.norm(x)), lambda x, c: c if x @ x <= 1 else (
        c - x * (x @ c) / (x @ x)) / np.linalg.norm(x), tame, (3,), {}),
]  # fmt: skip
ENTRIES = [
    *(elementwise(name, f, slope, domain, kind=kind, family="piecewise") for name, f, slope, domain, kind in BENT),
    *(Entry(name, "piecewise", kind, f, claim, alike(domain), (shape,), slips=slips)
      for name, kind, f, claim, domain, shape, slips in SEVERAL),
    *(pairwise(name, f, slopes, real) for name, f, slopes in (
        ("maximum of two", np.maximum, lambda a, b: ((a >= b) * 1.0, (a < b) * 1.0)),
        ("minimum of two", np.minimum, lambda a, b: ((a <= b) * 1.0, (a > b) * 1.0)),
        ("maximum of two, halved", np.maximum, lambda a, b: (np.heaviside(a - b, 0.5), np.heaviside(b - a, 0.5))),
        ("copied sign", np.copysign, lambda a, b: (np.sign(a) * np.copysign(1.0, b), np.zeros_like(b))),
    )),
    *(elementwise(name, f, slope, domain, kind=kind, family="quantised") for name, f, slope, domain, kind in ROUNDED),
    Entry("whole euros", "quantised", "grad", lambda x: np.round(1000 * x @ WEIGHTS[:3], 0),
    lambda x: 1000 * WEIGHTS[:3],
          alike(plain), ((3,),)),
]  # fmt: skip
