"""The contract of a backward pass: linear in the cotangent, of the point given, and gentle with what it gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.arguments import Arguments, Breach, Misuse
from minibp.check.grad.claim import Claim, GradientClaim, TangentClaim
from minibp.check.grad.function import Function
from minibp.check.grad.parsed import parsed
from minibp.check.grad.run_to_run import granted, run_to_run
from minibp.check.grad.watch import Hang, call
from minibp.foreign import roundoff
from minibp.user_error import description_of

SLACK = 1024.0
"""Two sums of the same products agree to within so many units of the last place of their terms."""
AS_HALF_ROUNDS = 2.0**-6
"""What is apart by less than this part may be so since half precision is used."""
LARGEST = 1e300
"""Tangents are no larger, so that multiples of them do not overflow."""


def again(claim: Claim, c: Array, before: Array) -> None:
    """Raise `Breach` where a claim, called again at the same point, gives anything else."""
    try:
        after = claim.row(c)
    except Misuse as misuse:
        raise Breach(f"{misuse}; an earlier call at the same x gave a result") from misuse
    if not np.array_equal(before, after, equal_nan=True):
        apart = run_to_run(before, after, lambda: claim.row(c), float(np.max(claim.unit)))
        if apart is not None:
            claim.varies = True
            return
        k = int(np.flatnonzero(~((before == after) | (np.isnan(before) & np.isnan(after))))[0])
        label, index, part = claim.arguments.place(k)
        place = claim.name + label.removeprefix("x") + "".join(f"[{i}]" for i in index) + part
        if claim.by_name:
            place = f"{claim.name} by {label}" + (f"[{', '.join(map(str, index))}]" if index else "") + part
        raise Breach(
            f"{place} is {before[k]:.17g} and then {after[k]:.17g} at the same x, expected the same number"
            ": it is random, or keeps state"
        )


def the_same_twice(claim: Claim | TangentClaim, call: Callable[[Array], Array], v: Array) -> None:
    """Raise `Breach` where a claim gives another result at a second call."""
    first, second = call(v), call(v)
    if not np.array_equal(first, second, equal_nan=True):
        if run_to_run(first, second, lambda: call(v), float(np.max(claim.unit))) is not None:
            claim.varies = True
            return
        k = int(np.flatnonzero(~((first == second) | (np.isnan(first) & np.isnan(second))))[0])
        raise Breach(
            f"entry {k} of {claim.name} is {first[k]:.17g} and then {second[k]:.17g} at the same x, expected the same"
            " number: it is random, or keeps state"
        )


def columns_broken(claim: TangentClaim, rng: np.random.Generator) -> Iterator[tuple[str, str]]:
    """The same of a Jacobian-vector product, which is linear in the tangent."""
    arguments = claim.arguments
    size = np.where(arguments.movable, np.minimum(arguments.scale, LARGEST), 0)
    a, b = (rng.choice([-1.0, 1.0], len(arguments)) * size for _ in range(2))
    given = max(roundoff(leaf.array.dtype.name) for leaf in arguments.structure.leaves if leaf.array is not None)
    unit = np.maximum(claim.unit, max(claim.roundoff, given))  # tangents are rounded as the arguments are
    twice = _not_linear(claim.column, a, b, claim.column(a), unit)
    if twice is not None:
        yield "", f"{claim.name} is not linear in the tangent: {twice}"


def _not_linear(call: Callable[[Array], Array], a: Array, b: Array, first: Array, unit: Array) -> str | None:
    """What shows that a function that should be linear is not; None where nothing does.

    Four times as much, and the negative, a linear function of floating-point numbers gives to the last bit. Of a sum
    of arguments terms may cancel that do not in the summands: all that can be asked is half of the digits of what is
    put in.
    """
    for label, factor in (("4a", 4.0), ("-a", -1.0)):
        other = call(factor * a)
        off = np.abs(other - factor * first) > SLACK * unit * np.abs(factor * first) + 1e-290
        if off.any():
            k = int(np.argmax(off))
            return f"entry {k} of the result for {label} is {other[k]:.6g}, of that for a it is {first[k]:.6g}"
    second, both = call(b), call(2 * a - 3 * b)
    apart, expected = np.abs(both - (2 * first - 3 * second)), 2 * first - 3 * second
    limit = np.sqrt(unit) * max(np.abs(first).max(), np.abs(second).max(), np.abs(a).max())
    apart = np.where(np.isfinite(expected), apart, 0)  # multiples of large numbers overflow
    if (apart > limit).any():
        k = int(np.nanargmax(apart))
        little = apart[k] <= AS_HALF_ROUNDS * np.abs(expected).max()
        like = ", apart as a coarse arithmetic rounds, which arithmetic= is for" if little else ""
        return (
            f"entry {k} of the result for 2a - 3b is {both[k]:.6g}, of those for a and b it is {expected[k]:.6g}{like}"
        )
    return None


def broken(claim: GradientClaim, rng: np.random.Generator) -> Iterator[tuple[str, str]]:
    """What of the contract a vector-Jacobian product breaks: an id of `symptoms` or "", and a sentence."""
    function = claim.function
    m = len(function)
    c = rng.choice([-1.0, 1.0], m) * rng.uniform(1, 2, m)
    d = rng.choice([-1.0, 1.0], m) * rng.uniform(1, 2, m)
    first = claim.row(c)
    nothing = claim.row(np.zeros(m))
    if np.nan_to_num(nothing).any():
        yield "cotangent_ignored", f"{claim.name} of a cotangent of zeros is not 0"
        return
    unit = np.maximum(claim.unit, max(roundoff_of_result(function), function.returned, claim.roundoff))
    twice = _not_linear(claim.row, c, d, first, unit)
    if twice is not None:
        yield "", f"{claim.name} is not linear in the cotangent: {twice}"
    stale = list(_stale(claim, c, first, rng))
    yield from stale or _layouts(claim, c, first)


def roundoff_of_result(function: Function) -> float:
    """The unit roundoff of the dtype that cotangents have, which is that of the result of f."""
    return max(roundoff(leaf.array.dtype.name) for leaf in function.result.leaves if leaf.array is not None)


def _stale(claim: GradientClaim, c: Array, first: Array, rng: np.random.Generator) -> Iterator[tuple[str, str]]:
    """Whether what f was called with last makes a difference: beside the point, or with the entries of arrays reversed.

    What f keeps may be a mask, or where the largest entry is, which are the same beside the point.
    """
    function, arguments = claim.function, claim.arguments
    beside = arguments.flat + np.where(arguments.movable, arguments.scale, 0) * rng.uniform(0.05, 0.1, len(arguments))
    for other in (beside, _reversed(arguments)):
        try:
            if not np.isfinite(function(other)).all():
                continue
        except Hang:  # f need not end there
            continue
        after = claim.row(c)
        if claim.varies and (np.abs(after - first) <= granted(first, float(np.max(claim.unit)))).all():
            continue
        if not np.array_equal(after, first, equal_nan=True):
            yield "stale_state", f"{claim.name} gives another result after f was called at another point"
            return


def _reversed(arguments: Arguments) -> Array:
    """The point with the entries of each array the other way round."""
    other = arguments.flat.copy()
    for leaf, part in arguments.structure.parts():
        if not leaf.is_complex:
            other[part] = other[part][::-1]
    return other


def _layouts(claim: GradientClaim, c: Array, first: Array) -> Iterator[tuple[str, str]]:
    """Cotangents that are stored in other ways, as broadcasting and slicing upstream make them."""
    function = claim.function
    function(claim.arguments.flat)
    unit = np.maximum(claim.unit, claim.roundoff)
    limit = SLACK * unit * np.abs(first).max(initial=0.0) + 1e-290
    ones = np.ones(len(function))
    by_ones = claim.row(ones)
    same = SLACK * unit * np.abs(by_ones).max(initial=0.0) + 1e-290
    for kind, row, expected, slack in (
        ("not contiguous", c, first, limit),
        ("in another memory order", c, first, limit),
        ("read-only", c, first, limit),
        ("expanded, of stride 0", ones, by_ones, same),
    ):
        if row is ones and not function.kept.all():
            continue  # it would be 1 where what f returns is not finite, too
        try:
            result, changed = _with_layout(claim, function, row, kind)
        except Exception as error:  # noqa: BLE001 -- whatever it is that the code raises
            yield "", f"{claim.name} raised {description_of(error)}, of a cotangent that is {kind}"
            continue
        if changed:
            yield "", f"{claim.name} changed its cotangent in place, expected it to be left as it is"
            return
        apart = np.abs(result - expected)
        if (apart > slack).any():
            yield "", f"{claim.name} gives another result for the same cotangent where that is {kind}"


def _with_layout(claim: GradientClaim, function: Function, c: Array, kind: str) -> tuple[Array, bool]:
    """The row of a cotangent whose arrays are stored in another way, and whether they were written to."""
    whole = np.zeros(len(function.kept))
    whole[function.kept] = c
    leaves = function.result.unpacked(whole)
    stored = [
        _stored(leaf, kind) if given.array is not None else leaf
        for leaf, given in zip(leaves, function.result.leaves, strict=True)
    ]
    before = [
        np.array(leaf) for leaf, given in zip(stored, function.result.leaves, strict=True) if given.array is not None
    ]
    (built,) = function.result.built(stored)
    arguments = claim.arguments
    with call(f"{claim.name}, called with a cotangent that is {kind},", of_f=False):
        result = claim.claim(*arguments.at(arguments.flat), built)
    after = [leaf for leaf, given in zip(stored, function.result.leaves, strict=True) if given.array is not None]
    changed = not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before, after, strict=True))
    found = parsed(claim.name, result, arguments.structure, arguments.names, arguments.several, "x")
    return found.row, changed


def _stored(array: Array, kind: str) -> Array:
    if not array.size:
        return array
    if kind == "read-only":
        kept = array.copy()
        kept.flags.writeable = False
        return kept
    if kind == "not contiguous":
        wide = np.zeros((*array.shape, 2), array.dtype) if array.ndim else array
        if not array.ndim:
            return array
        wide[..., 0] = array
        return np.asarray(wide[..., 0])
    if kind == "in another memory order":
        # Of images, channels last, as frameworks store them; of all else columns first.
        return np.moveaxis(np.moveaxis(array, 1, -1).copy(), -1, 1) if array.ndim == 4 else np.asfortranarray(array)
    return np.broadcast_to(array.flat[0], array.shape)  # all entries of it are the same
