"""A pass held against an oracle, entry by entry and in the order in which the equations depend on each other.

Everything that a pass holds is laid out in one row of numbers: z and a from the input up, the cost, δ from the output
down, then ∂C/∂b and ∂C/∂W. The first entry that is off is then the cause, and what follows from it comes later.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.estimate import Estimate
from minibp.check.rounding import Bound
from minibp.costs import fuses
from minibp.network import Backprop, Gradient
from minibp.problem import Problem

EQUATIONS = {
    "(13)": "z^l = W^l a^{l-1} + b^l",
    "(14)": "a^l = σ(z^l)",
    "(9)(25)": "C without L2",
    "(17)": "δ^L = ∇_a C ⊙ σ'(z^L)",
    "(26)": "δ^L = a^L - y",
    "(22)": "δ^l = ((W^{l+1})ᵀ δ^{l+1}) ⊙ σ'(z^l)",
    "(23)": "∂C/∂b^l = δ^l",
    "(24)": "∂C/∂W^l = δ^l (a^{l-1})ᵀ",
    "(27)": "C and ∂C/∂W with α/(2m) Σ w²",
    "(1)": "∇C · v, the slope of C along v",
}
"""The equations that a pass is held to, in the order of their dependence."""


class Segment(NamedTuple):
    """Where one tensor lies in the row of numbers, and which equation makes it."""

    equation: str
    layer: int | None
    tensor: str
    shape: tuple[int, ...]
    start: int
    stop: int


class Miss(NamedTuple):
    """One entry that is further from an oracle than rounding explains."""

    segment: Segment
    entry: tuple[int, ...]
    got: float
    expected: float
    tolerance: float
    problem: int = 0
    """Its place in the stack."""


def layout(problem: Problem) -> list[Segment]:
    """The segments of a problem's row of numbers."""
    network = problem.network
    return _layout(network.sizes, problem.m, fuses(problem.cost, network.activations[-1]), problem.l2.alpha > 0)


@lru_cache(maxsize=100)
def _layout(sizes: tuple[int, ...], m: int, fused: bool, l2: bool) -> list[Segment]:
    top = len(sizes)
    parts: list[tuple[str, int | None, str, tuple[int, ...]]] = []
    for layer in range(2, top + 1):
        rows = (m, sizes[layer - 1])
        parts += [("(13)", layer, "z", rows), ("(14)", layer, "a", rows)]
    parts.append(("(27)" if l2 else "(9)(25)", None, "cost", ()))
    for layer in range(top, 1, -1):
        equation = "(22)" if layer < top else "(26)" if fused else "(17)"
        parts.append((equation, layer, "delta", (m, sizes[layer - 1])))
    for layer in range(top, 1, -1):
        parts.append(("(23)", layer, "nabla_b", (sizes[layer - 1],)))
    for layer in range(top, 1, -1):
        parts.append(("(27)" if l2 else "(24)", layer, "nabla_w", (sizes[layer - 1], sizes[layer - 2])))
    segments, start = [], 0
    for equation, of_layer, tensor, shape in parts:
        stop = start + math.prod(shape)
        segments.append(Segment(equation, of_layer, tensor, shape, start, stop))
        start = stop
    return segments


def misshapen(problem: Problem, held: Backprop | Gradient) -> tuple[Segment, str] | None:
    """The first tensor of a pass that has another shape or dtype than its equation gives it, and what it has."""
    gradient = held.gradient if isinstance(held, Backprop) else held
    found: dict[str, tuple[Any, ...]] = dict(gradient._asdict())
    if isinstance(held, Backprop):
        found |= {"z": held.z, "a": held.a[1:], "cost": (held.cost,), "delta": held.delta}
    for segment in layout(problem):
        if segment.tensor not in found:
            continue
        arrays = found[segment.tensor]
        at = 0 if segment.layer is None else segment.layer - 2
        array = np.asarray(arrays[at]) if at < len(arrays) else None
        if array is None or array.shape != segment.shape or array.dtype != problem.dtype:
            got = "is missing" if array is None else f"has shape {array.shape} and dtype {array.dtype}"
            return segment, f"{segment.tensor} {got}, expected shape {segment.shape} and dtype {problem.dtype}"
    return None


def row_of_pass(held: Backprop) -> Array:
    """The row of numbers of a pass."""
    return _row(held.z, held.a, held.cost, held.delta, held.gradient.nabla_b, held.gradient.nabla_w)


def row_of_bound(bound: Bound) -> Array:
    """The rounding that each of them may carry."""
    return _row(bound.z, bound.a, bound.cost, bound.delta, bound.gradient.nabla_b, bound.gradient.nabla_w)


def rows_of_estimate(estimate: Estimate) -> tuple[Array, Array]:
    """An oracle's row of numbers, and its radii."""
    e = estimate
    return (
        _row(e.z, e.a, e.cost, e.delta, e.gradient.nabla_b, e.gradient.nabla_w),
        _row(e.z_radius, e.a_radius, e.cost_radius, e.delta_radius, e.radius.nabla_b, e.radius.nabla_w),
    )


def _row(
    z: tuple[Array, ...],
    a: tuple[Array, ...],
    cost: Any,
    delta: tuple[Array, ...],
    nabla_b: tuple[Array, ...],
    nabla_w: tuple[Array, ...],
) -> Array:
    """a starts with x, which is no result. Of a stack, one row for each problem."""
    forward = [array for pair in zip(z, a[1:], strict=True) for array in pair]
    arrays = (*forward, np.asarray(cost), *reversed(delta), *reversed(nabla_b), *reversed(nabla_w))
    stacked = z[0].shape[: z[0].ndim - 2]
    return np.concatenate([array.reshape(*stacked, -1) for array in arrays], axis=-1, dtype=np.float64)


def gradient_layout(problem: Problem) -> list[Segment]:
    """The segments of ∂C/∂b and ∂C/∂W alone, which is what a subject answers."""
    whole = [segment for segment in layout(problem) if segment.tensor in ("nabla_b", "nabla_w")]
    first = whole[0].start
    return [one._replace(start=one.start - first, stop=one.stop - first) for one in whole]


def row_of_gradient(gradient: Gradient) -> Array:
    """The row of numbers of ∂C/∂b and ∂C/∂W alone."""
    arrays = (*reversed(gradient.nabla_b), *reversed(gradient.nabla_w))
    return np.concatenate([array.ravel() for array in arrays], dtype=np.float64)


@dataclass
class Tally:
    """What an oracle has seen of one form: the worst error and the number of entries for each equation."""

    worst: dict[str, float] = field(default_factory=dict)
    entries: dict[str, int] = field(default_factory=dict)
    sharpness: Array = field(default_factory=lambda: np.zeros(40, np.int64))
    """How many float64 entries were told to within 10^−k of themselves, for k = 0, 1, …; worse counts as 0."""
    alarms: int = 0
    """How many networks had an entry, or a slope, that is further off than the tolerance."""

    def add(self, equation: str, worst: float, entries: int) -> None:
        self.worst[equation] = max(self.worst.get(equation, 0.0), worst)
        self.entries[equation] = self.entries.get(equation, 0) + entries

    def merge(self, other: Tally) -> None:
        """Add what another tally has seen."""
        for equation, worst in other.worst.items():
            self.add(equation, worst, other.entries[equation])
        self.sharpness += other.sharpness
        self.alarms += other.alarms

    def add_sharpness(self, expected: Array, tolerance: Array) -> None:
        """Count how sharply each of these entries was told."""
        told = np.isfinite(tolerance) & (expected != 0)
        with np.errstate(divide="ignore"):
            digits = np.log10(np.abs(expected[told]) / tolerance[told])
        self.sharpness += np.bincount(np.clip(digits, 0, 39).astype(np.int64), minlength=40)

    def median_sharpness(self) -> float:
        """The relative tolerance that half of the entries were held to, to a power of ten."""
        total = self.sharpness.cumsum()
        return float(10.0 ** -int(np.searchsorted(total, total[-1] / 2))) if total[-1] else math.inf


def compare(
    segments: list[Segment], got: Array, bound: Array, expected: Array, radius: Array, tally: Tally
) -> Miss | None:
    """Add to `tally`, and return the first entry for which |got − expected| ≤ bound + radius does not hold.

    Rows of numbers, or those of a stack, one below the other.
    """
    tolerance = bound + radius
    told = np.isfinite(tolerance)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        error = np.abs(got - expected)
        ratio = np.where(error == 0, 0.0, error / tolerance)
    ratio[np.isnan(ratio)] = np.inf  # NaN is never near anything
    ratio[~told] = 0.0
    starts = [segment.start for segment in segments]
    worst = np.maximum.reduceat(np.atleast_2d(ratio).max(0), starts).tolist()
    entries = np.add.reduceat(np.atleast_2d(told).sum(0), starts, dtype=np.int64).tolist()
    for segment, one, count in zip(segments, worst, entries, strict=True):
        tally.add(segment.equation, one, count)
    if max(worst) <= 1:
        return None
    tally.alarms += int((np.atleast_2d(ratio) > 1).any(1).sum())
    place = int(np.argmax(ratio > 1))
    problem, at = divmod(place, ratio.shape[-1])
    segment = next(one for one in segments if one.stop > at)
    entry = tuple(int(i) for i in np.unravel_index(at - segment.start, segment.shape)) if segment.shape else ()
    return Miss(segment, entry, *_numbers(place, got, expected, tolerance), problem)


def compare_slopes(gradients: Sequence[Gradient], bound: Bound, estimate: Estimate, tally: Tally) -> Miss | None:
    """∇C · v of the gradients of a stack against the oracle's slopes along v, equation (1)."""
    first = None
    for slope in estimate.slopes:
        arrays = [np.stack(layer, dtype=np.float64) for layer in zip(*map(_flat, gradients), strict=True)]
        got = np.sum([_rowwise(way * entries) for way, entries in zip(_flat(slope.direction), arrays, strict=True)], 0)
        sums = np.sum([_rowwise(np.abs(entries)) for entries in arrays], 0)
        spread = np.sum(list(map(_rowwise, _flat(bound.gradient))), 0)
        size = sum(entries[0].size for entries in arrays)
        tolerance = spread + slope.radius + size * float(np.finfo(np.float64).eps) * sums
        error = np.abs(got - slope.value)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(error == 0, 0.0, error / tolerance)
        tally.add("(1)", float(ratio.max()), len(ratio))
        off = ~(error <= tolerance)
        tally.alarms += int(off.sum())
        if off.any() and first is None:
            problem = int(np.argmax(off))
            segment = Segment("(1)", None, "slope", (), 0, 1)
            first = Miss(segment, (), *_numbers(problem, got, slope.value, tolerance), problem)
    return first


def _numbers(at: int, *arrays: Array) -> tuple[float, float, float]:
    got, expected, tolerance = (float(array.flat[at]) for array in arrays)
    return got, expected, tolerance


def _flat(gradient: Gradient) -> tuple[Array, ...]:
    return gradient.nabla_w + gradient.nabla_b


def _rowwise(array: Array) -> Array:
    """The sum of each problem's numbers."""
    return array.reshape(len(array), -1).sum(1)
