"""Points as plain strategies of Hypothesis draw them: all finite floats, zeros, ties, mixed scales, integers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from zoo.entry import Array, Entry, Shape

NASTY = np.array([
    0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1e-300, -1e-160, 1e-20, 2.0**-52, 1e-7, 0.1, 1 / 3, 0.5,
    0.99999, 1.0, -1.0, np.nextafter(1, 2), 1.1, 1.5, 1.9, 2.0, -2.0, np.pi, 10.0, 1e5, -1e6, 2.0**53, 1e16, 1e100,
    -1e155, 1e300, -1.7976931348623157e308,
])  # fmt: skip
"""What st.floats tries more often than chance would."""


def _normal(rng: np.random.Generator, shape: Shape) -> Array:
    return rng.standard_normal(shape)


def _wide(rng: np.random.Generator, shape: Shape) -> Array:
    """Of one size, which may be anything from 1e-3 to 1e3."""
    return rng.standard_normal(shape) * 10 ** rng.uniform(-3, 3)


def _mixed(rng: np.random.Generator, shape: Shape) -> Array:
    """1e-12 beside 1e6."""
    return rng.standard_normal(shape) * 10 ** rng.uniform(-12, 6, shape)


def _integers(rng: np.random.Generator, shape: Shape) -> Array:
    return rng.integers(-5, 6, shape).astype(float)


def _ties(rng: np.random.Generator, shape: Shape) -> Array:
    """Two values alone."""
    return rng.choice(rng.standard_normal(2), shape)


def _zeros(rng: np.random.Generator, shape: Shape) -> Array:
    """Half of it 0, or all."""
    return rng.standard_normal(shape) * (rng.random(shape) < rng.choice([0.0, 0.5]))


def _floats(rng: np.random.Generator, shape: Shape) -> Array:
    """Any bits that are a finite number, beside numbers that are hard."""
    bits = rng.integers(0, 2**64, shape, dtype=np.uint64).view(np.float64)
    found = np.where(rng.random(shape) < 0.5, rng.choice(NASTY, shape), bits)
    return np.where(np.isfinite(found), found, 1.0)


STYLES: dict[str, Callable[[np.random.Generator, Shape], Array]] = {
    "normal": _normal,
    "wide": _wide,
    "mixed": _mixed,
    "integers": _integers,
    "ties": _ties,
    "zeros": _zeros,
    "floats": _floats,
}
TRIALS = 8
"""Points that are drawn until f and its derivative are finite at one."""


def draw(entry: Entry, rng: np.random.Generator, styles: Sequence[str] = tuple(STYLES)) -> tuple[str, Any] | None:
    """A style and a point where f and its right derivative are finite; None where there was none."""
    for _ in range(TRIALS):
        style = str(rng.choice(styles))
        raws = [STYLES[style](rng, shape) for shape in entry.shapes]
        with np.errstate(all="ignore"):
            point = entry.domain(*raws)
            if _is_finite(point) and is_usable(entry, point):
                return style, point
    return None


def is_usable(entry: Entry, point: Any) -> bool:
    """True where f and all of its derivative are finite."""
    try:
        return _is_finite(called(entry.f, point)) and _is_finite(jacobian(entry, entry.claim, point))
    except (ArithmeticError, np.linalg.LinAlgError, ValueError):  # math.exp and its like raise where they overflow
        return False


def called(function: Callable[..., Any], point: Any, *more: Any) -> Any:
    """A function at a point of one argument or of several, of which it gets copies."""
    arrays = point if isinstance(point, tuple) else (point,)
    return function(*(np.array(array) for array in arrays), *more)


def jacobian(entry: Entry, claim: Callable[..., Any], point: Any) -> Array:
    """The Jacobian that a derivative claims, a row for each result; of a gradient one row."""
    if entry.kind == "grad":
        return flat(called(claim, point))[None]
    if entry.kind == "jacobian":
        columns = flat(point).size
        return np.asarray(called(claim, point), float).reshape(-1, columns)
    if entry.kind == "vjp":
        out = called(entry.f, point)
        return np.array([flat(called(claim, point, like(out, c))) for c in np.eye(flat(out).size)])
    return np.array([flat(claim(point, like(point, v))) for v in np.eye(flat(point).size)]).T


def like(result: Any, numbers: Array) -> Any:
    """Numbers in a row as an array of a result's shape and dtype, or as a tuple of them."""
    if not isinstance(result, tuple):
        return numbers.reshape(np.shape(result)).astype(np.asarray(result).dtype)
    ends = np.cumsum([np.size(part) for part in result])
    return tuple(like(part, own) for part, own in zip(result, np.split(numbers, ends[:-1]), strict=True))


def flat(result: Any) -> Array:
    """All numbers of an array or of a tuple of them."""
    parts = result if isinstance(result, tuple) else (result,)
    return np.concatenate([np.asarray(part, float).ravel() for part in parts])


def _is_finite(result: Any) -> bool:
    return bool(np.isfinite(flat(result)).all())
