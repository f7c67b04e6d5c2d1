"""Mistakes in a derivative, made of the right one: what a check ought to see.

`MUTATIONS` has for each name a function of an entry and a point that returns the mutated claim, or None where the
mistake does not apply there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from zoo.entry import Array, Entry
from zoo.points import called, flat, like

Claim = Callable[..., Any]
Change = Callable[[Array], Array]

HARD = 1e-6
"""The smallest relative mistake that is made."""


class Subject:
    """An entry at a point, with what mistakes are measured in."""

    def __init__(self, entry: Entry, point: Any, jacobian: Array) -> None:
        self.entry, self.point, self.jacobian = entry, point, jacobian
        self.several = isinstance(point, tuple)
        self.x = flat(point)
        self.size = float(np.abs(jacobian).max())
        columns = np.abs(jacobian).max(0)
        self.worst = int(columns.argmax())
        """The argument whose slopes are largest."""
        self.other = int(np.argsort(columns)[len(columns) // 2])
        """One of usual slopes."""

    @property
    def by_results(self) -> bool:
        """True where the claim is a tangent of the results, and not structured like the arguments."""
        return self.entry.kind == "jvp"

    def changed(self, change: Change) -> Claim:
        """The claim with its numbers changed: rows of as many as there are arguments, or a tangent."""
        entry = self.entry

        def mutated(*arguments: Any) -> Any:
            result = entry.claim(*arguments)
            if entry.kind == "jacobian":
                rows = np.asarray(result, float).reshape(-1, len(self.x))
                return np.apply_along_axis(change, 1, rows).reshape(np.shape(result))
            return like(result, change(flat(result)))

        return mutated


def _scaled(factor: float) -> Callable[[Subject], Claim]:
    return lambda subject: subject.changed(lambda g: factor * g)


def _one(name: str, change: Callable[[float], float]) -> Callable[[Subject], Claim | None]:
    """Change one entry: the worst, or another."""

    def made(subject: Subject) -> Claim:
        k = getattr(subject, name)

        def at(g: Array) -> Array:
            found = np.array(g)
            i = min(k, g.size - 1)
            found[i] = change(found[i])
            return found

        return subject.changed(at)

    return made


def _plain(change: Change) -> Callable[[Subject], Claim]:
    return lambda subject: subject.changed(change)


def _of_vectors(change: Change) -> Callable[[Subject], Claim | None]:
    """Of claims that have several numbers."""
    return lambda subject: subject.changed(change) if len(subject.x) > 1 else None


def _swapped(g: Array) -> Array:
    found = np.array(g)
    found[[0, -1]] = found[[-1, 0]]
    return found


def _constant(subject: Subject) -> Claim:
    return subject.changed(lambda g: g + 0.01 * subject.size)


def _times_x(subject: Subject) -> Claim | None:
    return None if subject.by_results else subject.changed(lambda g: g * subject.x)


def _and_x(subject: Subject) -> Claim | None:
    """Another penalty, of 1 % at most."""
    most = np.abs(subject.x).max()
    if subject.by_results or not most:
        return None
    return subject.changed(lambda g: g + 0.01 * subject.size * (subject.x / most))


def _first_half(subject: Subject) -> Claim | None:
    """The gradient by the first argument alone."""
    if not subject.several or subject.by_results:
        return None
    first = np.size(subject.point[0])
    return subject.changed(lambda g: np.concatenate([g[:first], 0 * g[first:]]))


def _arguments_swapped(subject: Subject) -> Claim | None:
    if not subject.several or subject.by_results or np.shape(subject.point[0]) != np.shape(subject.point[1]):
        return None
    claim = subject.entry.claim

    def mutated(*arguments: Any) -> Any:
        a, b, *rest = claim(*arguments)
        return (b, a, *rest)

    return mutated


def _transposed(subject: Subject) -> Claim | None:
    """The first square matrix of the gradient, transposed; of a Jacobian the matrix itself."""
    entry = subject.entry
    if entry.kind == "jacobian" and subject.jacobian.shape[0] == subject.jacobian.shape[1]:
        return lambda *a: np.asarray(entry.claim(*a)).T.copy()
    first = subject.point[0] if subject.several else subject.point
    if subject.by_results or np.ndim(first) != 2 or np.shape(first)[0] != np.shape(first)[1]:
        return None

    def turned(g: Array) -> Array:
        n = np.size(first)
        return np.concatenate([g[:n].reshape(np.shape(first)).T.ravel(), g[n:]])

    return subject.changed(turned)


def _with_cotangent(change: Change) -> Callable[[Subject], Claim | None]:
    """The cotangent changed before it is used, by a vjp."""

    def made(subject: Subject) -> Claim | None:
        claim = subject.entry.claim
        if subject.entry.kind != "vjp":
            return None
        return lambda *arguments: claim(*arguments[:-1], like(arguments[-1], change(flat(arguments[-1]))))

    return made


def _at(move: Callable[[Subject], Any]) -> Callable[[Subject], Claim | None]:
    """The derivative at another point."""

    def made(subject: Subject) -> Claim | None:
        claim, n = subject.entry.claim, len(subject.point) if subject.several else 1
        other = move(subject)
        if other is None:
            return None
        return lambda *arguments: claim(*(other if subject.several else (other,)), *arguments[n:])

    return made


def _nearby(subject: Subject) -> Any:
    """A thousandth away: the point of an earlier call."""
    return like(subject.point, subject.x * 1.001)


def _at_output(subject: Subject) -> Any:
    """f(x) in place of x: σ'(σ(x))."""
    out = called(subject.entry.f, subject.point)
    if subject.several or isinstance(out, tuple) or np.shape(out) != np.shape(subject.point):
        return None
    return np.asarray(out, float)


def _with_dtype(dtype: str) -> Callable[[Subject], Claim | None]:
    """The claim in a lower precision than that of its arguments."""

    def made(subject: Subject) -> Claim | None:
        claim = subject.entry.claim
        first = subject.point[0] if subject.several else subject.point
        if np.asarray(first).dtype != np.float64:
            return None

        def mutated(*arguments: Any) -> Any:
            result = claim(*arguments)
            return tuple(part.astype(dtype) for part in result) if isinstance(result, tuple) else result.astype(dtype)

        return mutated

    return made


def _through(dtype: str) -> Change:
    return lambda g: g.astype(dtype).astype(float)


MUTATIONS: dict[str, Callable[[Subject], Claim | None]] = {
    "times 1.01": _scaled(1.01),
    "times 2": _scaled(2.0),
    "sign flipped": _scaled(-1.0),
    "times 1 + 1e-6": _scaled(1 + HARD),
    "zero": _scaled(0.0),
    "mean for sum": lambda s: s.changed(lambda g: g / len(s.x)) if len(s.x) > 1 else None,
    "largest entry off by 1 %": _one("worst", lambda v: 1.01 * v),
    "largest entry off by 1e-6": _one("worst", lambda v: (1 + HARD) * v),
    "an entry off by 1 %": _one("other", lambda v: 1.01 * v),
    "an entry off by 1e-6": _one("other", lambda v: (1 + HARD) * v),
    "sign of the largest entry": _one("worst", lambda v: -v),
    "sign of an entry": _one("other", lambda v: -v),
    "largest entry 0": _one("worst", lambda v: 0.0),
    "constant added": _constant,
    "penalty added": _and_x,
    "times x": _times_x,
    "transposed": _transposed,
    "entries swapped": _of_vectors(_swapped),
    "reversed": _of_vectors(lambda g: g[::-1].copy()),
    "index shifted": _of_vectors(lambda g: np.roll(g, 1)),
    "sorted": _of_vectors(np.sort),
    "mean of all entries": _of_vectors(lambda g: np.full_like(g, g.mean())),
    "centred": _of_vectors(lambda g: g - g.mean()),
    "absolute": _plain(np.abs),
    "clipped": lambda s: s.changed(lambda g: np.clip(g, -0.5 * s.size, 0.5 * s.size)),
    "first argument only": _first_half,
    "arguments swapped": _arguments_swapped,
    "cotangent ignored": _with_cotangent(np.ones_like),
    "cotangent summed": _with_cotangent(lambda c: np.full_like(c, c.sum())),
    "cotangent reversed": _with_cotangent(lambda c: c[::-1].copy()),
    "at the point before": _at(_nearby),
    "at the output": _at(_at_output),
    "values of float32": _plain(_through("float32")),
    "values of float16": _plain(_through("float16")),
    "dtype float32": _with_dtype("float32"),
}
ROUNDED = ("values of float32", "values of float16")
"""Mistakes that are noise of the claim, whose dtype does not tell."""
OWN = "a slip of its own"
"""The name under which what an entry alone invites is counted."""


def mistakes(subject: Subject) -> dict[str, Claim]:
    """The mutated claims that apply, by name."""
    found = {name: make(subject) for name, make in MUTATIONS.items()}
    return {name: claim for name, claim in found.items() if claim is not None} | {
        f"{OWN}: {name}": claim for name, claim in subject.entry.slips.items()
    }
