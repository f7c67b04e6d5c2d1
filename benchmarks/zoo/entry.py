"""A function of the zoo with its right derivative, and the domains that points are brought into."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray
Map = Callable[[Array], Array]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Entry:
    """A function and its right derivative.

    Attributes
    ----------
    name, family : str
        What it is called, and what it is one of.
    kind : str
        "grad", "vjp", "jvp" or "jacobian": the check that takes it.
    f, claim : callable
        The function, and its derivative as that check takes it.
    domain : callable
        Makes arguments of arrays of any floats, one of each shape.
    shapes : tuple of tuples
        The shapes of these arrays.
    accuracy : float or None
        What f is good for, where it is inexact by its own account.
    slips : dict
        Wrong derivatives that this function alone invites, by name.
    """

    name: str
    family: str
    kind: str
    f: Callable[..., Any]
    claim: Callable[..., Any]
    domain: Callable[..., Any]
    shapes: tuple[Shape, ...]
    accuracy: float | None = None
    slips: dict[str, Callable[..., Any]] = field(default_factory=dict)


# -- domains: maps of one array of finite floats


def real(x: Array) -> Array:
    """Any finite float."""
    return x


def bounded(most: float, least: float = 0.0) -> Map:
    """At most `most` in size and, where it is not 0, at least `least`; what is beyond keeps sign and digits."""

    def brought(x: Array) -> Array:
        digits = np.abs(np.frexp(x)[0])  # 0.5 and more, and less than 1
        size = np.abs(x)
        size = np.where(size > most, most * digits, size)
        size = np.where((size < least) & (size > 0), 2 * least * digits, size)
        return np.copysign(size, x)

    return brought


moderate = bounded(1e100, 1e-100)
"""So far from the ends of the format that squares and quotients of a few numbers stay within."""
tame = bounded(20.0)
"""Where an exponential is of a usual size."""
plain = bounded(10.0, 1e-3)
"""Numbers of usual size."""


def positive(most: float = np.inf, least: float = 0.0) -> Map:
    """Greater than 0, in the same bounds; 1 for 0."""
    inner = bounded(most, least)
    return lambda x: np.where(x == 0, min(1.0, most), np.abs(inner(x)))


def inside(x: Array) -> Array:
    """Between -1 and 1, without the ends."""
    return np.where(np.abs(x) >= 1, np.frexp(x)[0], x)


def probability(x: Array) -> Array:
    """Between 0 and 1, without the ends."""
    return np.where(x == 0, 0.25, np.abs(inside(x)))


def above_one(x: Array) -> Array:
    """Greater than 1."""
    return 1 + np.maximum(positive(1e100)(x), 1e-15)


def distinct(most: float, apart: float) -> Map:
    """Bounded, and no two alike."""
    inner = bounded(most)
    return lambda x: inner(x) + apart * np.arange(x.size).reshape(x.shape)


def single(x: Array) -> Array:
    """float32, of usual size."""
    return bounded(20.0, 1e-6)(x).astype(np.float32)


def each(*maps: Map) -> Callable[..., tuple[Array, ...]]:
    """One map for each argument."""
    return lambda *raws: tuple(map_(raw) for map_, raw in zip(maps, raws, strict=True))


def alike(map_: Map) -> Callable[..., Any]:
    """The same map for every argument; one argument is no tuple."""
    return lambda *raws: map_(raws[0]) if len(raws) == 1 else tuple(map(map_, raws))


# -- matrices


def dominant(x: Array) -> Array:
    """A square matrix whose diagonal dominates: well conditioned."""
    n = x.shape[-1]
    return bounded(2.0)(x) + 3.0 * n * np.eye(n)


def spread(sizes: Sequence[float]) -> Map:
    """A matrix with these singular values, whose bases come from x."""

    def brought(x: Array) -> Array:
        rows, columns = x.shape
        usual = bounded(2.0)(x) + np.eye(rows, columns)
        left = np.linalg.qr(usual + 0.1 * np.arange(rows)[:, None])[0]
        right = np.linalg.qr(usual.T + 0.3 * np.arange(columns)[:, None])[0]
        k = min(rows, columns)
        return (left[:, :k] * np.asarray(sizes)[:k]) @ right[:, :k].T

    return brought


def definite(x: Array) -> Array:
    """A symmetric positive definite matrix."""
    inner = bounded(2.0)(x)
    return inner @ inner.T + np.eye(len(x))


def of_distinct_eigenvalues(x: Array) -> Array:
    """A symmetric matrix whose eigenvalues are 1, 2, 4, ..."""
    n = len(x)
    base = np.linalg.qr(bounded(2.0)(x) + (n + 1) * np.eye(n) + 0.1 * np.arange(n))[0]
    found = (base * 2.0 ** np.arange(n)) @ base.T
    return (found + found.T) / 2


# -- ways to write an elementwise function down

WEIGHTS = np.array([1.0, -0.7, 0.4, 1.3, -0.2, 0.9, 0.05, -1.6])
"""Of sums, so that no two terms weigh the same."""


def weights(shape: Shape) -> Array:
    """Weights of that shape."""
    return np.resize(WEIGHTS, shape)


def elementwise(
    name: str,
    f: Map,
    slope: Map,
    domain: Map = real,
    *,
    kind: str = "vjp",
    family: str = "elementwise",
    shape: Shape = (3,),
    slips: dict[str, Map] | None = None,
) -> Entry:
    """A function of each entry alone; `slope` is its derivative, and `slips` are wrong ones."""
    w = weights(shape)

    def claim_of(slope: Map) -> Callable[..., Any]:
        return {
            "vjp": lambda x, c: c * slope(x),
            "jvp": lambda x, v: v * slope(x),
            "jacobian": lambda x: np.diag(slope(x).ravel()),
            "grad": lambda x: w * slope(x),
        }[kind]

    whole = (lambda x: (w * f(x)).sum()) if kind == "grad" else f
    wrong = {name: claim_of(one) for name, one in (slips or {}).items()}
    return Entry(f"{name}, {kind}", family, kind, whole, claim_of(slope), alike(domain), (shape,), slips=wrong)


def pairwise(name: str, f: Callable[..., Array], slopes: Callable[..., Any], domain: Map | tuple[Map, Map]) -> Entry:
    """A function of two arrays, entry by entry, as a vjp; `slopes` are its two partial derivatives."""
    maps = domain if isinstance(domain, tuple) else (domain, domain)

    def claim(a: Array, b: Array, c: Array) -> Any:
        by_a, by_b = slopes(a, b)
        return c * by_a, c * by_b

    return Entry(f"{name}, vjp", "elementwise", "vjp", f, claim, each(*maps), ((2,), (2,)))


def table(
    family: str, rows: Sequence[tuple[str, str, Callable[..., Any], Callable[..., Any], Map, Shape]]
) -> list[Entry]:
    """Entries of one argument: name, kind, f, claim, domain and shape."""
    return [
        Entry(name, family, kind, f, claim, alike(domain), (shape,)) for name, kind, f, claim, domain, shape in rows
    ]
