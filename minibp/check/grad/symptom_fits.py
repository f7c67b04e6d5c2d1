"""What a wrong Jacobian looks like: the symptoms of `symptoms`, fitted on the claimed against the true one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.report.symptoms import SYMPTOMS

NEARLY_1 = 1e-6
"""A factor that is nearer to 1 is no name for what is off."""
SLACK = 4.0
"""What is fitted is held to so many times the tolerance: a constant is known no better than the entry it comes from."""


class Named(NamedTuple):
    """A symptom, in words, with its constant."""

    id: str
    text: str
    constant: float | None = None


class Block(NamedTuple):
    """The part of a Jacobian by one argument: (r, k) numbers each, NaN where nothing was compared.

    `x` (k,) is the argument and `shape` its shape; `out` is the shape of the result, () where rows are combinations.
    """

    got: Array
    expected: Array
    tolerance: Array
    x: Array
    shape: tuple[int, ...]
    out: tuple[int, ...]

    @property
    def known(self) -> Array:
        """True where something was compared."""
        return np.isfinite(self.got) & np.isfinite(self.expected) & np.isfinite(self.tolerance)

    @property
    def off(self) -> Array:
        """True where the claim is off."""
        return np.asarray(self.known & (np.abs(self.got - self.expected) > self.tolerance))

    def fits(self, model: Array, factor: float = 1.0, more: Array | float = 0.0) -> bool:
        """True where a model gives all that is claimed; `more` is the tolerance of other entries that it is made of."""
        known = self.known & np.isfinite(model)
        limit = SLACK * (1 + abs(factor)) * (self.tolerance + more)
        return bool(known.any() and (np.abs(self.got - model) <= limit)[known].all())


def symptom_of(block: Block, *, ignored: bool = False) -> Named | None:
    """The simplest symptom that gives all entries of a block."""
    return next(_told(block, ignored), None)


def _named(id_: str, constant: float | None = None, count: str = "") -> Named:
    value = "" if constant is None else f"{constant:.10g}"
    return Named(id_, SYMPTOMS[id_].summary.format(constant=value, count=count), constant)


def _told(block: Block, ignored: bool) -> Iterator[Named]:
    got, expected, known = block.got, block.expected, block.known
    if not known.any():
        return
    several = int(known.sum()) > 1
    if (got[known] == 0).all():
        yield _named("zero")
        return
    if several and len(got) > 1:
        sums = np.broadcast_to(expected.sum(0), expected.shape)
        if block.fits(sums, 1.0, np.broadcast_to(block.tolerance.sum(0), sums.shape)):
            yield _named("cotangent_ignored" if ignored else "cotangent_summed")
    if several and block.fits(-expected):
        yield _named("sign_flipped")
    yield from _moved(block)
    if not several or _is_off_by_little(block):
        return
    factor = _ratio(got, expected, block)
    if factor is not None and block.fits(factor * expected, factor):
        yield _scaled(factor, block)
    x = np.broadcast_to(block.x, got.shape)
    if block.fits(expected * x, float(np.abs(block.x).max())) and np.ptp(block.x) > 0:
        yield _named("times_x")
    with np.errstate(all="ignore"):
        if (block.x != 0).all() and block.fits(expected / x, float(1 / np.abs(block.x).min())) and np.ptp(block.x) > 0:
            yield _named("divided_by_x")
    yield from _added(block, x)
    yield from _of_structure(block)
    yield from _parts_off(block)


def _is_off_by_little(block: Block) -> bool:
    """True where all is off by one factor that is 1 but for the last digits, which says nothing."""
    factor = _ratio(block.got, block.expected, block)
    return factor is not None and abs(factor - 1) <= NEARLY_1 and block.fits(factor * block.expected, factor)


def _moved(block: Block) -> Iterator[Named]:
    """Transposes, and halves of symmetric matrices."""
    if _is_one_triangle(block):
        yield _named("one_triangle")
    if len(block.shape) == 2 and block.shape[0] == block.shape[1] > 1 and block.known.all():
        shape = (len(block.got), *block.shape)
        expected, turned = block.expected.reshape(shape), block.expected.reshape(shape).swapaxes(1, 2)
        if not np.allclose(expected, turned, 1e-12, 0):
            more = block.tolerance.reshape(shape).swapaxes(1, 2).reshape(block.got.shape)
            if block.fits(turned.reshape(block.got.shape), 1.0, more):
                yield _named("transposed")
            for model in ((expected + turned) / 2, expected + turned, expected + turned - _diagonal(expected)):
                if block.fits(model.reshape(block.got.shape), 1.0, more):
                    yield _named("symmetrised")


def _is_one_triangle(block: Block) -> bool:
    """True of a matrix that should be symmetric, of which what is on one side of the diagonal is 0."""
    got, expected, off = block.got, block.expected, block.off
    if len(got) != got.shape[1] or not block.known.all() or not off.any() or (got[off] != 0).any():
        return False
    if not (np.abs(expected - expected.T) <= block.tolerance + block.tolerance.T).all():
        return False
    return not np.tril(off).any() or not np.triu(off).any()


def _diagonal(matrices: Array) -> Array:
    return np.asarray(matrices * np.eye(matrices.shape[-1]))


def _ratio(got: Array, expected: Array, block: Block) -> float | None:
    """The factor between the two, read off where it shows best."""
    with np.errstate(all="ignore"):
        size = np.where(block.known, np.abs(expected) / block.tolerance, 0)
    if np.count_nonzero(size > SLACK) < 2:
        return None
    at = np.unravel_index(int(np.argmax(size)), size.shape)
    return float(got[at] / expected[at])


def _scaled(factor: float, block: Block) -> Named:
    """A constant factor, which may be a number of rows or entries."""
    counts = _counts(block.shape, "argument") | _counts(block.out, "result")
    for n, text in counts.items():
        if n > 2 and abs(factor * n - 1) < 1e-9:
            return _named("mean_for_sum", 1 / n, f"{text}, {n}")
        if n > 2 and abs(factor / n - 1) < 1e-9:
            return _named("not_averaged", float(n), f"{text}, {n}")
    return _named("scaled", factor)


def _counts(shape: tuple[int, ...], of: str) -> dict[int, str]:
    """The numbers of entries along one axis, or several together, of an array, and what each is called."""
    found: dict[int, str] = {}
    for count in range(1, len(shape) + 1):
        for axes in combinations(range(len(shape)), count):
            n = math.prod(shape[axis] for axis in axes)
            called = f"axis {axes[0]}" if count == 1 else f"axes {', '.join(map(str, axes[:-1]))} and {axes[-1]}"
            found.setdefault(n, f"entries along {called} of the {of}")
    return found


def _added(block: Block, x: Array) -> Iterator[Named]:
    excess = block.got - block.expected
    for unit, id_ in ((np.ones_like(x), "shifted"), (x, "decay_added")):
        with np.errstate(all="ignore"):
            size = np.where(block.known, np.abs(unit) / block.tolerance, 0)
        if np.count_nonzero(size > SLACK) < 2:
            continue
        at = np.unravel_index(int(np.argmax(size)), size.shape)
        factor = float(excess[at] / unit[at])
        if factor and block.fits(block.expected + factor * unit, factor):
            missing = id_ == "decay_added" and factor < 0
            yield _named("penalty_missing", -factor) if missing else _named(id_, factor)


def _of_structure(block: Block) -> Iterator[Named]:
    """What shows in the Jacobian of an array by an array."""
    got = block.got
    r, k = got.shape
    if not block.known.all() or r < 2:
        return
    if r == k:
        yield from _statistics(block)
    overwritten = bool(block.out) and _last_write_wins(block)
    # Of rows that are looked up a diagonal may be left by chance.
    looked_up = overwritten and (np.abs(block.expected) > block.tolerance).sum(1).max() == 1
    beside = ~np.eye(k, dtype=bool) if r == k else np.zeros(got.shape, bool)
    if not looked_up and (block.off & beside).any() and (np.abs(got) <= block.tolerance)[beside].all():
        yield _named("diagonal_only")
    if any(block.fits(model) for model in _of_one_slice(block)):
        yield _named("broadcast_not_summed")
    if overwritten:
        yield _named("repeated_index_overwritten")


def _of_one_slice(block: Block) -> Iterator[Array]:
    """The Jacobian with one slice alone of the axes of the result along which f broadcasts the argument."""
    if not block.out:
        return
    k = block.got.shape[1]
    whole = block.expected.reshape(*block.out, k)
    reached: Array = np.abs(whole) > block.tolerance.reshape(whole.shape)
    if not reached.reshape(-1, k).any(0).all() or not block.off.any(0).all():
        return  # of what is broadcast, all is used everywhere
    for count in range(1, len(block.out) + 1):
        for axes in combinations(range(len(block.out)), count):
            anywhere = np.asarray(reached.any(axis=_others(whole.ndim, axes)))
            if not anywhere.all() or min(block.out[axis] for axis in axes) < 2:
                continue
            for at in (0, -1):
                index = tuple(at if axis in axes else slice(None) for axis in range(whole.ndim))
                model = np.zeros_like(whole)
                model[index] = whole[index]
                yield model.reshape(block.got.shape)


def _others(ndim: int, axes: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of the result that are not among these; the last axis is that of the argument."""
    return tuple(axis for axis in range(ndim - 1) if axis not in axes)


def _last_write_wins(block: Block) -> bool:
    """True where of several results that an entry reaches the last write is there alone."""
    model = block.expected.copy()
    for j in np.flatnonzero(block.off.any(0)):
        reached = np.flatnonzero(np.abs(block.expected[:, j]) > block.tolerance[:, j])
        kept = reached[np.abs(block.got[reached, j]) > block.tolerance[reached, j]]
        if not 0 < len(kept) < len(reached) or (kept[-1] < reached[-1] and kept[0] > reached[0]):
            return False
        model[np.setdiff1d(reached, kept), j] = 0
    return block.fits(model)


def _statistics(block: Block) -> Iterator[Named]:
    """A mean or a norm that is taken for a constant: what is missing lies along 1 and x within each group."""
    shape = block.shape
    for axis in dict.fromkeys((len(shape) - 1, 0)):
        n = shape[axis] if shape else 0
        if n < 4:
            continue
        index = np.moveaxis(np.arange(block.x.size).reshape(shape), axis, -1).reshape(-1, n)
        apart, outside = block.got - block.expected, np.ones(block.got.shape, bool)
        held = True
        for group in index:
            here = np.ix_(group, group)
            outside[here] = False
            basis = np.linalg.qr(np.stack([np.ones(n), block.x[group]], 1))[0]
            left = apart[here] - apart[here] @ basis @ basis.T
            held &= bool((np.abs(left) <= SLACK * n * block.tolerance[here].max()).all())
        if held and not (block.off & outside).any():
            yield _named("statistics_held_constant", count=f"the entries along axis {axis}")
            return


def _parts_off(block: Block) -> Iterator[Named]:
    """Some rows or columns of the argument that are off, where all others are right."""
    off = block.off.any(0)
    if not block.known.any(0).all() or not block.shape:
        return
    for axis, n in enumerate(block.shape):
        wrong = np.any(off.reshape(block.shape), axis=tuple(i for i in range(len(block.shape)) if i != axis))
        at = np.flatnonzero(wrong)
        if 0 < len(at) <= n // 2:
            shown = ", ".join(map(str, at[:8])) + (", …" if len(at) > 8 else "")
            what = (
                "entries"
                if len(block.shape) == 1
                else ("rows", "columns")[axis]
                if len(block.shape) == 2
                else f"slices along axis {axis}"
            )
            yield _named("rows_only", count=f"{what} {shown} of {n}")
            return


def elsewhere(block: Block, at_output: Array, claimed_there: Array) -> Named | None:
    """A symptom of an elementwise function whose derivative is taken at another place.

    `at_output` (k,) are its true slopes at the value of the function, and `claimed_there` (k,) the claimed ones.
    """
    k = block.got.shape[1]
    diagonal = np.eye(k, dtype=bool)
    if (np.abs(block.expected) > block.tolerance)[~diagonal].any() or (np.abs(block.got) > block.tolerance)[
        ~diagonal
    ].any():
        return None
    limit = 1e-6 * np.abs(block.got[diagonal]).max()
    if np.abs(np.nan_to_num(at_output, nan=np.inf) - block.got[diagonal]).max() <= limit:
        return _named("at_output")
    if np.abs(np.nan_to_num(claimed_there, nan=np.inf) - block.expected[diagonal]).max() <= limit:
        return _named("at_input")
    return None


def swapped(blocks: dict[str, Block]) -> set[str]:
    """The names of two arguments whose gradients have changed places."""
    names = [name for name, block in blocks.items() if block.off.any()]
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            first, second = blocks[a], blocks[b]
            if first.shape == second.shape and first.fits(second.expected) and second.fits(first.expected):
                return {a, b}
    return set()
