"""Functions whose value is noisy, by large offsets or cancellation; and iterations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize, special

from zoo.entry import Array, Entry, Map, alike, bounded, elementwise, plain, positive, table, weights

W3 = weights((3,))
A3 = np.array([[4.0, 1, 0.5], [0.3, 5, 1], [1, 0.2, 6]])


def _one_less_cosine_slope(x: Array) -> Array:
    """By the half angle and by its series."""
    small = np.abs(x) < 0.5
    t = np.where(small, x, 0.1)
    terms = [(-1.0) ** k * 2 * k * t ** (2 * k - 1) / special.factorial(2 * k + 2) for k in range(1, 10)]
    y = np.where(small, 1.0, x)
    return np.where(small, np.sum(terms, 0), (y * np.sin(y) - 4 * np.sin(y / 2) ** 2) / y**3)


NOISY = [
    elementwise(name, f, slope, domain, kind=kind, family="noisy")
    for name, f, slope, domain, kind in (
        ("sine and 1e12", lambda x: 1e12 + np.sin(x), np.cos, plain, "vjp"),
        ("sine and 1e6", lambda x: 1e6 + np.sin(x), np.cos, plain, "grad"),
        ("sine and 1e12, subtracted", lambda x: (1e12 + np.sin(x)) - 1e12, np.cos, plain, "vjp"),
        ("square of x and 1e8", lambda x: (x + 1e8) ** 2 - 1e16, lambda x: 2 * (x + 1e8), plain, "vjp"),
        ("1 - cos", lambda x: (1 - np.cos(x)) / x**2, _one_less_cosine_slope, plain, "vjp"),
        ("exp - 1, naive", lambda x: np.exp(x) - 1, np.exp, plain, "vjp"),
        ("log of 1 + x, naive", lambda x: np.log(1 + x), lambda x: 1 / (1 + x), positive(10.0, 1e-9), "grad"),
        ("roots, subtracted", lambda x: np.sqrt(x * x + 1e8) - 1e4, lambda x: x / np.sqrt(x * x + 1e8), plain, "grad"),
        ("polynomial, expanded", lambda x: ((x - 6) * x + 12) * x - 8, lambda x: 3 * (x - 2) ** 2,
         lambda x: 2 + bounded(0.5)(x), "vjp"),
        ("noise of 1e-9", lambda x: np.sin(x) + 1e-9 * np.sin(1e16 * x), np.cos, positive(10.0, 1.0), "vjp"),
        ("tangent far out", lambda x: np.arctan(1e-8 * x) * 1e8, lambda x: 1 / (1 + 1e-16 * x * x), bounded(1e8, 1.0),
         "grad"),
    )
]  # fmt: skip


SUMS = table("noisy", [
    ("variance by moments", "grad", lambda x: (x * x).mean() - x.mean() ** 2, lambda x: (x - x.mean()) / 2, plain,
     (4,)),
    ("variance by moments, far", "grad", lambda x: (x * x).mean() - x.mean() ** 2, lambda x: (x - x.mean()) / 2,
     lambda x: 1e4 + bounded(2.0)(x), (4,)),
    ("sum of large and small", "grad", lambda x: 1e10 * x[0] + x[1:].sum(), lambda x: np.array([1e10, 1, 1, 1]), plain,
     (4,)),
])  # fmt: skip

# -- iterations, with the slope of what they compute


def _newton_root(steps: int) -> Map:
    def f(a: Array) -> Array:
        x = np.ones_like(a)
        for _ in range(steps):
            x = 0.5 * (x + a / x)
        return x

    return f


def _newton_root_slope(steps: int) -> Map:
    """Of the iterates, by the recurrence of their slopes."""

    def slope(a: Array) -> Array:
        x, d = np.ones_like(a), np.zeros_like(a)
        for _ in range(steps):
            x, d = 0.5 * (x + a / x), 0.5 * (d + 1 / x - a * d / x**2)
        return d

    return slope


def _until(tolerance: float) -> Map:
    """Newton's cube root, each entry until its step is small."""

    def one(a: float) -> float:
        x = max(a, 1.0)
        for _ in range(200):
            step = (x**3 - a) / (3 * x * x)
            x -= step
            if abs(step) <= tolerance * x:
                break
        return x

    return lambda a: np.array([one(float(value)) for value in a])


def _cube_root_slope(a: Array) -> Array:
    return 1 / (3 * np.cbrt(a) ** 2)


def _kepler(m: Array) -> Array:
    e = m + 0.3 * np.sin(m)
    for _ in range(30):
        e = e - (e - 0.3 * np.sin(e) - m) / (1 - 0.3 * np.cos(e))
    return e


def _cosine_point(a: Array) -> Array:
    x = np.zeros_like(a)
    for _ in range(200):
        x = 0.5 * np.cos(x + a)
    return x


def _cosine_point_slope(a: Array) -> Array:
    s = 0.5 * np.sin(_cosine_point(a) + a)
    return -s / (1 + s)


def _bisected(a: Array) -> Array:
    """The root of x³ + x = a."""
    low, high = np.full_like(a, -10.0), np.full_like(a, 10.0)
    for _ in range(80):
        middle = (low + high) / 2
        above = middle**3 + middle > a
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return (low + high) / 2


def _brent(a: Array) -> Array:
    return np.array([optimize.brentq(lambda x, v=v: x**3 + x - v, -10, 10, xtol=1e-13) for v in a])


def _cubic_slope(a: Array) -> Array:
    return 1 / (3 * _bisected(a) ** 2 + 1)


def _jacobi(b: Array) -> Array:
    x, d = np.zeros_like(b), np.diag(A3)
    for _ in range(200):
        x = (b - A3 @ x + d * x) / d
    return x


def _descended(steps: int) -> Callable[[Array], Any]:
    """The objective after steps of gradient descent from b: linear maps."""

    def f(b: Array) -> Any:
        x = b
        for _ in range(steps):
            x = x - 0.05 * A3 @ x
        return 0.5 * x @ x

    return f


def _descended_slope(steps: int) -> Map:
    power = np.linalg.matrix_power(np.eye(3) - 0.05 * A3, steps)
    return lambda b: power.T @ (power @ b)


def _conjugate(b: Array) -> Array:
    a = A3 @ A3.T
    x, r = np.zeros_like(b), b.copy()
    p = r
    for _ in range(3):
        if not r @ r:
            break
        step = (r @ r) / (p @ a @ p)
        x, new = x + step * p, r - step * a @ p
        p = new + (new @ new) / (r @ r) * p
        r = new
    return x


def _mean_of_means(a: Array) -> Array:
    x, y = np.ones_like(a), a
    for _ in range(8):
        x, y = (x + y) / 2, np.sqrt(x * y)
    return x


def _mean_of_means_slope(a: Array) -> Array:
    """By the complete elliptic integrals: M = π (1 + a) / (4 K(m)), m = ((1 - a)/(1 + a))²."""
    root = (1 - a) / (1 + a)
    m = root**2
    k = special.ellipk(m)
    safe = np.where(np.abs(m) < 1e-4, 1e-4, m)
    slope = (special.ellipe(safe) - (1 - safe) * special.ellipk(safe)) / (2 * safe * (1 - safe))
    series = np.pi / 8 * (1 + 9 * m / 8 + 75 * m * m / 64)
    by_m = np.where(np.abs(m) < 1e-4, series, slope)
    return np.pi / 4 * (1 / k + (1 + a) / k**2 * by_m * 4 * root / (1 + a) ** 2)


def _logistic_map(x: Array) -> Array:
    for _ in range(6):
        x = 3.2 * x * (1 - x)
    return x


def _logistic_map_slope(x: Array) -> Array:
    d = np.ones_like(x)
    for _ in range(6):
        x, d = 3.2 * x * (1 - x), d * 3.2 * (1 - 2 * x)
    return d


def _halley(a: Array) -> Array:
    """Lambert's W."""
    w = np.log1p(a)
    for _ in range(12):
        e = np.exp(w)
        g = w * e - a
        w = w - g / (e * (w + 1) - (w + 2) * g / (2 * w + 2))
    return w


def _series(x: Array) -> Array:
    total, term = np.ones_like(x), np.ones_like(x)
    for k in range(1, 40):
        term = term * x / k
        total = total + term
    return total


ITERATIVE = [
    elementwise(name, f, slope, domain, kind=kind, family="iterative")
    for name, f, slope, domain, kind in (
        ("Newton's root", _newton_root(12), lambda a: 0.5 / np.sqrt(a), positive(100.0, 1e-2), "vjp"),
        ("Newton's root, two steps", _newton_root(2), _newton_root_slope(2), positive(100.0, 1e-2), "vjp"),
        ("Newton's root, four steps", _newton_root(4), _newton_root_slope(4), positive(100.0, 1e-2), "grad"),
        ("cube root until 1e-12", _until(1e-12), _cube_root_slope, positive(100.0, 1e-2), "vjp"),
        ("cube root until 1e-8", _until(1e-8), _cube_root_slope, positive(100.0, 1e-2), "grad"),
        ("Kepler", _kepler, lambda m: 1 / (1 - 0.3 * np.cos(_kepler(m))), bounded(10.0), "vjp"),
        ("fixed point of a cosine", _cosine_point, _cosine_point_slope, bounded(5.0), "vjp"),
        ("bisection", _bisected, _cubic_slope, bounded(20.0), "vjp"),
        ("brentq", _brent, _cubic_slope, bounded(20.0), "grad"),
        ("mean of means", _mean_of_means, _mean_of_means_slope, positive(20.0, 0.1), "vjp"),
        ("logistic map", _logistic_map, _logistic_map_slope, lambda x: np.abs(bounded(1.0)(x)), "vjp"),
        ("Lambert's W", _halley, lambda a: 1 / (np.exp(_halley(a)) * (1 + _halley(a))), positive(50.0, 1e-3), "grad"),
        ("series of exp", _series, np.exp, bounded(5.0), "vjp"),
    )
] + table("iterative", [
    ("Jacobi", "vjp", _jacobi, lambda b, c: np.linalg.solve(A3.T, c), plain, (3,)),
    ("conjugate gradients", "vjp", _conjugate, lambda b, c: np.linalg.solve(A3 @ A3.T, c), plain, (3,)),
    ("five steps of descent", "grad", _descended(5), _descended_slope(5), plain, (3,)),
    ("sixty steps of descent", "grad", _descended(60), _descended_slope(60), plain, (3,)),
])  # fmt: skip
ITERATIVE += [
    Entry("cube root until 1e-4, known to 1e-7", "iterative", "grad", lambda a: (_until(1e-4)(a) * W3).sum(),
          lambda a: W3 * _cube_root_slope(a), alike(positive(100.0, 0.1)), ((3,),), accuracy=1e-6),
    Entry("minimum by BFGS", "iterative", "grad", lambda a: float(optimize.minimize(
        lambda y: np.cosh(y[0] - a[0]) + 0.5 * y[0] ** 2, [0.0], method="BFGS", options={"gtol": 1e-6}).fun),
          lambda a: np.array([_bowl(float(a[0]))]), alike(bounded(3.0)), ((1,),), accuracy=1e-9),
]  # fmt: skip


def _bowl(a: float) -> float:
    """The slope of min_y cosh(y - a) + y²/2 is y at the minimum."""
    return float(optimize.brentq(lambda y: np.sinh(y - a) + y, -10, 10, xtol=1e-15))


ENTRIES = [*NOISY, *SUMS, *ITERATIVE]
