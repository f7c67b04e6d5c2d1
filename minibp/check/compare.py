"""The comparison of a pass, or of slopes, with an oracle: statistics, and the first entry beyond its tolerance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.layout import Segment
from minibp.check.statistics import Statistics
from minibp.check.tolerance import error_ratio, within

if TYPE_CHECKING:
    from minibp.check.oracles.estimate import Estimate
    from minibp.check.rounding.whole_pass import Bound
    from minibp.network import Gradient


class Mismatch(NamedTuple):
    """One entry that is further from an oracle than rounding explains."""

    segment: Segment
    entry: tuple[int, ...]
    got: float
    expected: float
    tolerance: float
    problem: int = 0
    """Its place in the stack."""


def compare(
    segments: list[Segment], got: Array, bound: Array, expected: Array, radius: Array, stats: Statistics
) -> Mismatch | None:
    """Add to `stats`, and return the first entry for which |got − expected| ≤ bound + radius does not hold.

    Rows of numbers, or those of a stack, one below the other.
    """
    tolerance = bound + radius
    ratio = error_ratio(got, expected, bound, radius)
    resolved = np.isfinite(tolerance)
    stats.add_error_ratios(ratio[resolved])
    starts = [segment.start for segment in segments]
    worst = np.maximum.reduceat(np.atleast_2d(ratio).max(0), starts).tolist()
    entries = np.add.reduceat(np.atleast_2d(resolved).sum(0), starts, dtype=np.int64).tolist()
    for segment, one, count in zip(segments, worst, entries, strict=True):
        stats.add(segment.equation, one, count)
    if max(worst) <= 1:
        return None
    stats.alarms += int((np.atleast_2d(ratio) > 1).any(1).sum())
    place = int(np.argmax(ratio > 1))
    problem, at = divmod(place, ratio.shape[-1])
    segment = next(one for one in segments if one.stop > at)
    entry = tuple(int(i) for i in np.unravel_index(at - segment.start, segment.shape)) if segment.shape else ()
    return Mismatch(segment, entry, *_numbers(place, got, expected, tolerance), problem)


def outvote_differences(rows: dict[str, tuple[Array, Array]], got: Array, bound: Array) -> int:
    """The number of entries on which finite differences alone disagree; these entries become unresolved for them.

    For functions whose truncation error is estimated, not derived. `rows` has the numbers and radii of each oracle;
    the radii of the differences may be replaced.
    """
    agreed, off = np.zeros(got.shape, bool), np.zeros(got.shape, bool)
    for oracle, (expected, radius) in rows.items():
        agrees = within(got, expected, bound, radius)
        if oracle == "finite_difference":
            off = ~agrees
        else:
            agreed |= agrees & np.isfinite(bound + radius)
    if (agreed & off).any():
        expected, radius = rows["finite_difference"]
        rows["finite_difference"] = expected, np.where(agreed & off, np.inf, radius)
    return int((agreed & off).sum())


def compare_slopes(
    gradients: Sequence[Gradient], bound: Bound, estimate: Estimate, stats: Statistics
) -> Mismatch | None:
    """∇C · v of the gradients of a stack against the oracle's slopes along v, equation (1)."""
    first = None
    for slope in estimate.slopes:
        arrays = [np.stack(layer, dtype=np.float64) for layer in zip(*map(_flat, gradients), strict=True)]
        products = [v * entries for v, entries in zip(_flat(slope.direction), arrays, strict=True)]
        got = np.sum(list(map(_rowwise, products)), 0)
        sums = np.sum([_rowwise(np.abs(entries)) for entries in arrays], 0)
        spread = np.sum(list(map(_rowwise, _flat(bound.gradient))), 0)
        size = sum(entries[0].size for entries in arrays)
        rounding = spread + size * float(np.finfo(np.float64).eps) * sums
        tolerance = rounding + slope.radius
        ratio = error_ratio(got, slope.value, rounding, slope.radius)
        stats.add("(1)", float(ratio.max()), len(ratio))
        off = ratio > 1
        stats.alarms += int(off.sum())
        if off.any() and first is None:
            problem = int(np.argmax(off))
            segment = Segment("(1)", None, "slope", (), 0, 1)
            first = Mismatch(segment, (), *_numbers(problem, got, slope.value, tolerance), problem)
    return first


def _numbers(at: int, *arrays: Array) -> tuple[float, float, float]:
    got, expected, tolerance = (float(array.flat[at]) for array in arrays)
    return got, expected, tolerance


def _flat(gradient: Gradient) -> tuple[Array, ...]:
    return gradient.nabla_w + gradient.nabla_b


def _rowwise(array: Array) -> Array:
    """The sum of each problem's numbers."""
    return array.reshape(len(array), -1).sum(1)
