"""Functions that make few numbers of many, and the norms among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from zoo.entry import Array, Entry, Map, Shape, bounded, each, moderate, plain, positive, real, table, tame, weights

Row = tuple[str, str, Callable[..., Any], Callable[..., Any], Map, Shape]


def _softmax(x: Array) -> Array:
    e = np.exp(x - x.max())
    return e / e.sum()


def _others(x: Array) -> Array:
    """The product of all other entries, without division."""
    before = np.cumprod(np.concatenate([[1.0], x[:-1]]))
    after = np.cumprod(np.concatenate([[1.0], x[:0:-1]]))[::-1]
    return before * after


def _cumprod_jacobian(x: Array) -> Array:
    n = len(x)
    return np.array([[np.prod(np.delete(x[: i + 1], j)) if j <= i else 0.0 for j in range(n)] for i in range(n)])


def _centred(x: Array) -> Array:
    return x - x.mean()


def _convolved(x: Array) -> Array:
    return np.convolve(x, [1.0, -2.0, 0.5])


def _power_slope(x: Array) -> Array:
    """By the matrix of the transform."""
    n = len(x)
    angles = 2 * np.pi * np.outer(np.arange(n // 2 + 1), np.arange(n)) / n
    cosine, sine = np.cos(angles), np.sin(angles)
    size = np.arange(n // 2 + 1)
    return 2 * (cosine.T @ (size * (cosine @ x)) + sine.T @ (size * (sine @ x)))


def _entropy_slope(x: Array) -> Array:
    p = _softmax(x)
    logs = x - special.logsumexp(x)
    return -p * (logs - p @ logs)


W4 = weights((4,))
WIDTHS = np.array([0.5, 1.0, 0.25, 2.0])
SUMS: list[Row] = [
    ("sum", "grad", np.sum, np.ones_like, bounded(1e300), (4,)),
    ("mean", "grad", np.mean, lambda x: np.full_like(x, 1 / x.size), bounded(1e300), (4,)),
    ("weighted sum", "grad", lambda x: W4 @ x, lambda x: W4, bounded(1e300), (4,)),
    ("sum of squares", "grad", lambda x: x @ x, lambda x: 2 * x, bounded(1e150), (4,)),
    ("half mean square", "grad", lambda x: 0.5 * (x * x).mean(), lambda x: x / x.size, bounded(1e150), (5,)),
    ("product", "grad", np.prod, _others, moderate, (3,)),
    ("product of five", "grad", np.prod, _others, plain, (5,)),
    ("variance", "grad", np.var, lambda x: 2 * _centred(x) / x.size, bounded(1e100), (4,)),
    ("variance of a sample", "grad", lambda x: x.var(ddof=1), lambda x: 2 * _centred(x) / (x.size - 1), plain, (5,)),
    ("deviation", "grad", np.std, lambda x: _centred(x) / x.size / x.std(), tame, (4,)),
    ("root mean square", "grad", lambda x: np.sqrt((x * x).mean()),
     lambda x: x / x.size / np.sqrt((x * x).mean()), moderate, (4,)),
    ("logsumexp", "grad", special.logsumexp, _softmax, real, (4,)),
    ("logsumexp by hand", "grad", lambda x: x.max() + np.log(np.exp(x - x.max()).sum()), _softmax, bounded(1e300),
     (4,)),
    ("mean of exponentials", "grad", lambda x: np.exp(x).mean(), lambda x: np.exp(x) / x.size, bounded(700.0), (3,)),
    ("smooth maximum", "grad", lambda x: special.logsumexp(20 * x) / 20, lambda x: _softmax(20 * x), real, (4,)),
    ("geometric mean", "grad", lambda x: np.exp(np.log(x).mean()),
     lambda x: np.exp(np.log(x).mean()) / x / x.size, positive(1e100, 1e-100), (4,)),
    ("harmonic mean", "grad", lambda x: x.size / (1 / x).sum(),
     lambda x: x.size / (x * (1 / x).sum()) ** 2, positive(1e50, 1e-50), (4,)),
    ("power mean", "grad", lambda x: (x**3).mean() ** (1 / 3),
     lambda x: (x**3).mean() ** (-2 / 3) * x**2 / x.size, positive(1e30, 1e-30), (4,)),
    ("entropy", "grad", lambda x: -(x * np.log(x)).sum(), lambda x: -np.log(x) - 1, positive(1e3, 1e-6), (4,)),
    ("third moment", "grad", lambda x: (_centred(x) ** 3).mean(),
     lambda x: 3 * (_centred(x) ** 2 - x.var()) / x.size, tame, (4,)),
    ("covariance", "grad", lambda x: (_centred(x[:3]) * _centred(x[3:])).mean(),
     lambda x: np.concatenate([_centred(x[3:]), _centred(x[:3])]) / 3, tame, (6,)),
    ("energy of differences", "grad", lambda x: (np.diff(x) ** 2).sum(),
     lambda x: 2 * (np.concatenate([[0.0], np.diff(x)]) - np.concatenate([np.diff(x), [0.0]])), bounded(1e100), (5,)),
    ("trapezoids", "grad", lambda x: np.trapezoid(x, dx=0.5), lambda x: 0.5 * np.array([0.5, 1, 1, 0.5]),
     bounded(1e300), (4,)),
    ("sum of neighbours' products", "grad", lambda x: (x[:-1] * x[1:]).sum(),
     lambda x: np.concatenate([x[1:], [0.0]]) + np.concatenate([[0.0], x[:-1]]), bounded(1e150), (5,)),
    ("dot with sines", "grad", lambda x: x @ np.sin(x), lambda x: np.sin(x) + x * np.cos(x), bounded(100.0), (4,)),
    ("double sum", "grad", lambda x: (x[:, None] * x[None]).sum(), lambda x: np.full_like(x, 2 * x.sum()),
     bounded(1e100), (4,)),
    ("Rosenbrock", "grad", lambda x: (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum(),
     lambda x: np.concatenate([-400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1]), [0.0]])
     + np.concatenate([[0.0], 200 * (x[1:] - x[:-1] ** 2)]), bounded(1e30), (4,)),
    ("Rastrigin", "grad", lambda x: 10 * x.size + (x * x - 10 * np.cos(2 * np.pi * x)).sum(),
     lambda x: 2 * x + 20 * np.pi * np.sin(2 * np.pi * x), bounded(100.0), (4,)),
    ("sum over rows", "vjp", lambda x: x.sum(0), lambda x, c: np.broadcast_to(c, x.shape).copy(), bounded(1e300),
     (2, 3)),
    ("mean over columns", "vjp", lambda x: x.mean(1), lambda x, c: np.repeat(c[:, None] / 3, 3, 1), bounded(1e300),
     (2, 3)),
    ("logsumexp of rows", "vjp", lambda x: special.logsumexp(x, axis=1),
     lambda x, c: c[:, None] * special.softmax(x, axis=1), real, (2, 3)),
    ("variance of columns", "vjp", lambda x: x.var(0), lambda x, c: c * 2 * (x - x.mean(0)) / 3, tame, (3, 2)),
    ("cumulative sum", "vjp", np.cumsum, lambda x, c: np.cumsum(c[::-1])[::-1].copy(), bounded(1e300), (4,)),
    ("cumulative product", "jacobian", np.cumprod, _cumprod_jacobian, plain, (4,)),
    ("cumulative logsumexp", "jacobian", lambda x: np.array([special.logsumexp(x[: i + 1]) for i in range(len(x))]),
     lambda x: np.array([np.pad(_softmax(x[: i + 1]), (0, len(x) - i - 1)) for i in range(len(x))]), tame, (4,)),
    ("differences", "jacobian", np.diff, lambda x: np.diff(np.eye(len(x)), axis=0), bounded(1e300), (5,)),
    ("second differences", "jacobian", lambda x: np.diff(x, 2), lambda x: np.diff(np.eye(len(x)), 2, axis=0), tame,
     (5,)),
    ("rolled", "vjp", lambda x: np.roll(x, 1), lambda x, c: np.roll(c, -1), real, (4,)),
    ("flipped", "vjp", lambda x: x[::-1].copy(), lambda x, c: c[::-1].copy(), real, (4,)),
    ("convolved", "vjp", _convolved, lambda x, c: np.convolve(c, [0.5, -2.0, 1.0])[2:-2], tame, (4,)),
    ("correlated", "vjp", lambda x: np.correlate(x, W4[:2]), lambda x, c: np.convolve(c, W4[:2]), tame, (4,)),
    ("moving average", "vjp", lambda x: np.convolve(x, np.ones(3) / 3, "valid"),
     lambda x, c: np.convolve(c, np.ones(3) / 3), tame, (6,)),
    ("Fourier power", "grad", lambda x: (np.abs(np.fft.rfft(x)) ** 2 * np.arange(3)).sum(), _power_slope, tame, (4,)),
    ("interpolated", "jacobian", lambda x: np.array([0.25 * x[0] + 0.75 * x[1], 0.5 * x[1] + 0.5 * x[3]]),
     lambda x: np.array([[0.25, 0.75, 0, 0], [0, 0.5, 0, 0.5]]), real, (4,)),
    ("softmax entropy", "grad", lambda x: special.entr(_softmax(x)).sum(), _entropy_slope, bounded(5.0), (4,)),
    ("Gini mean", "grad", lambda x: ((x[:, None] - x) ** 2).mean(), lambda x: 4 * _centred(x) / x.size, tame, (4,)),
]  # fmt: skip


def _scaled_norm(x: Array) -> float:
    """Without overflow or underflow."""
    most = np.abs(x).max()
    return float(most * np.sqrt(((x / most) ** 2).sum())) if most else 0.0


def _direction(x: Array) -> Array:
    y = x / np.abs(x).max()
    return y / np.sqrt((y * y).sum())


def _p_norm(p: float) -> Row:
    def norm(x: Array) -> Any:
        return (np.abs(x) ** p).sum() ** (1 / p)

    def slope(x: Array) -> Array:
        return np.sign(x) * (np.abs(x) / norm(x)) ** (p - 1)

    return f"{p:g}-norm", "grad", norm, slope, bounded(1e20, 1e-20), (4,)


def _normalised_back(x: Array, c: Array) -> Array:
    u = _direction(x)
    return (c - u * (u @ c)) / _scaled_norm(x)


NORMS: list[Row] = [
    ("norm", "grad", np.linalg.norm, _direction, moderate, (4,)),
    ("norm without overflow", "grad", _scaled_norm, _direction, bounded(1e300, 1e-300), (4,)),
    *map(_p_norm, (1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 10.0)),
    ("1-norm", "grad", lambda x: np.abs(x).sum(), np.sign, bounded(1e300), (4,)),
    ("1-norm, weighted", "grad", lambda x: (np.abs(W4) * np.abs(x)).sum(), lambda x: np.abs(W4) * np.sign(x), moderate,
     (4,)),
    ("weighted norm", "grad", lambda x: np.sqrt((WIDTHS * x * x).sum()),
     lambda x: WIDTHS * x / np.sqrt((WIDTHS * x * x).sum()), moderate, (4,)),
    ("smoothed norm", "grad", lambda x: np.sqrt(1 + x @ x), lambda x: x / np.sqrt(1 + x @ x), moderate, (4,)),
    ("norm and a tiny number", "grad", lambda x: np.sqrt(x @ x + 1e-12), lambda x: x / np.sqrt(x @ x + 1e-12),
     moderate, (4,)),
    ("Frobenius norm", "grad", np.linalg.norm, lambda x: x / np.linalg.norm(x), moderate, (2, 2)),
    ("norms of rows", "vjp", lambda x: np.linalg.norm(x, axis=1),
     lambda x, c: c[:, None] * x / np.linalg.norm(x, axis=1)[:, None], moderate, (2, 3)),
    ("group lasso", "grad", lambda x: np.sqrt((x * x).sum(0)).sum(), lambda x: x / np.sqrt((x * x).sum(0)), plain,
     (2, 3)),
    ("distance to a point", "grad", lambda x: np.linalg.norm(x - W4), lambda x: (x - W4) / np.linalg.norm(x - W4),
     moderate, (4,)),
    ("normalised", "vjp", lambda x: x / np.linalg.norm(x), _normalised_back, moderate, (4,)),
    ("elastic net", "grad", lambda x: np.abs(x).sum() + 0.5 * x @ x, lambda x: np.sign(x) + x, moderate, (4,)),
]  # fmt: skip


def _cosine(a: Array, b: Array) -> Any:
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


def _cosine_back(a: Array, b: Array) -> tuple[Array, Array]:
    u, v = _direction(a), _direction(b)
    return (v - u * (u @ v)) / np.linalg.norm(a), (u - v * (u @ v)) / np.linalg.norm(b)


def _distance_back(a: Array, b: Array) -> tuple[Array, Array]:
    u = (a - b) / np.linalg.norm(a - b)
    return u, -u


ENTRIES = [
    *table("reductions", SUMS),
    *table("norms", NORMS),
    Entry("cosine", "norms", "grad", _cosine, _cosine_back, each(plain, plain), ((3,), (3,))),
    Entry("distance", "norms", "grad", lambda a, b: np.linalg.norm(a - b), _distance_back, each(plain, plain),
    ((3,), (3,))),
]  # fmt: skip
