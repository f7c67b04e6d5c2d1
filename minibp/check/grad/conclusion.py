"""What the comparisons at one point come to: the verdict, and what there is to say of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from minibp.check.grad.arguments import Arguments
from minibp.check.grad.claim import LAST_DIGITS, Claim, MatrixClaim, TangentClaim
from minibp.check.grad.column import DIFFERENCES, OUTCOMES, RIGHT, WRONG
from minibp.check.grad.engine import Engine
from minibp.check.grad.formats import FORMATS
from minibp.check.grad.function import Function
from minibp.check.grad.own_noise import SMALLEST
from minibp.check.grad.resolution import RESOLVED
from minibp.check.report.wording import ORACLE_NAMES

REASONS = {
    "kink": "at a kink of f, where the claimed value lies between the slopes on both sides",
    "unresolved": "whose slope is lost in the rounding of f",
    "small": "resolved only in relation to the largest slope",
    "silent": "off by no more than the rounding of a long chain, or of larger slopes beside them, of a claim whose own"
    " does not show",
    "jump": "where f jumps at the point itself",
    "steps": "where f has steps, across which the claim may be right",
    "doubtful": "off by what rounding may be that does not show at points nearby, or by little more than a measured"
    " tolerance",
    "disputed": "as another oracle tells it, where finite differences tell another slope",
    "flat": "claimed to be 0, where f does not move over short steps, and does over longer ones",
}
"""What is said of entries of which this comes."""
SUMMED = "which were checked in sums with random signs alone"
SETTLING = ("right", "kink", "silent")
WHY = {
    "unresolved": "the slope is lost in the rounding of f"
    "; where f is a sum that hardly changes, weight its terms, or move x",
    "small": "most slopes are told only in relation to the largest, beside which f has lost the others; scale the"
    " arguments or results alike, or check them one by one",
    "jump": "f jumps at the point, and has no slope there; move x",
    "steps": "f has steps near the point; see accuracy=",
    "doubtful": "the claim is off by more than its last digits, and by no more than rounding may be that does not show"
    " at points nearby, as of terms that cancel, of a series that f cuts off, or what a matrix of large condition"
    " amplifies; move x, or look for a mistake of this size",
    "disputed": "finite differences contradict the claim and the oracle that agrees with it: move x, or see"
    " whether f loses the imaginary part of complex numbers",
    "flat": "f does not move over short steps, and does over longer ones: a slope of 0 is right of what f computes, and"
    " another of what it stands for; see accuracy=",
}
"""What is said of a check that is undecided since most entries, or any that are doubtful, are so."""


def outcomes(engine: Engine) -> Counter[str]:
    """The number of comparisons of which each outcome came."""
    counts: Counter[str] = Counter()
    for column in engine.columns:
        counts.update({OUTCOMES[k]: int(count) for k, count in enumerate(np.bincount(column.outcome)) if count})
    return counts


def unresolved(counts: Counter[str], engine: Engine) -> tuple[dict[str, int], list[str]]:
    """Entries that are not simply right or wrong, counted by reason; of slopes along directions notes."""
    if engine.every:
        return {reason: counts[outcome] for outcome, reason in REASONS.items() if counts[outcome]}, []
    said = [
        f"{counts[outcome]} of {counts.total()} slopes are {reason}"
        for outcome, reason in REASONS.items()
        if counts[outcome]
    ]
    return {SUMMED: engine.summed} if engine.summed else {}, said


def verdict_of(counts: Counter[str], function: Function, engine: Engine) -> tuple[str, str]:
    """Where nothing is off: "correct" or "undecided", and what is said of it first, if anything."""
    lost = counts["unresolved"] + counts["jump"] + counts["steps"]
    told = any(((np.abs(column.got) > column.tolerance) & (column.outcome == RIGHT)).any() for column in engine.columns)
    unsaid = counts["unresolved"] + counts["small"]
    nothing = unsaid and not told and not counts["kink"]  # all that is told are slopes of about 0
    doubts = [name for name in ("doubtful", "disputed", "flat") if counts[name]]
    settled = sum(counts[name] for name in SETTLING)
    if not nothing and not doubts and settled > lost and settled >= lost + counts["small"]:
        at_kinks = counts["kink"] and not counts["right"]
        return "correct", "all that is claimed is at kinks of f, and lies between the slopes nearby" if at_kinks else ""
    if function.coarse and counts["unresolved"] and not doubts:
        return "undecided", "f computes in half precision, in which slopes are lost; check it in float32 or float64"
    return "undecided", WHY[max(doubts or ["unresolved", "jump", "steps", "small"], key=lambda name: counts[name])]


def settle_conjugates(name: str, engine: Engine) -> str:
    """Call right what is, by complex arguments, a gradient in JAX's convention throughout; say which one it is."""
    single = [column for column in engine.columns if column.is_entry]
    turned, straight, off = False, False, False
    for column in single:
        wrong = column.outcome == WRONG
        off |= bool(wrong.any())
        conjugate = np.abs(column.got + column.expected) <= column.tolerance
        if engine.arguments.place(int(column.moves[0]))[2] != ".imag":
            conjugate[:] = False
        else:
            straight |= bool(((column.outcome == RIGHT) & ~conjugate).any())
        turned |= bool((wrong & ~conjugate).any())
    if not off or turned or straight:
        which = "∂/∂Re + i ∂/∂Im, as PyTorch has it" if not off else "neither ∂/∂Re + i ∂/∂Im nor its conjugate"
        return f"by complex arguments {name} gives {which}"
    for column in single:
        column.outcome[column.outcome == WRONG] = RIGHT
    engine.columns = single
    return f"by complex arguments {name} gives ∂/∂Re - i ∂/∂Im, as JAX has it; a descent needs its conjugate"


def remarks(name: str, function: Function, claim: Claim | TangentClaim, engine: Engine) -> list[str]:
    """How many entries were checked, what f computes in, and where the tolerance comes from."""
    found = []
    if engine.every:
        single = [column.outcome for column in engine.columns if column.is_entry]
        off, count = sum(int((outcome == WRONG).sum()) for outcome in single), sum(map(len, single))
        held = f"all {count:,} entries were checked" if count > 1 else "the one entry was checked"
        found.append(held + (f", {off:,} {'is' if off == 1 else 'are'} off" if off else ""))
    unit = float(function.unit.max())
    for kind, of_format in FORMATS:
        if unit == of_format:
            coarse = ", too coarse for finite differences to tell much" if unit > 2.0**-20 else ""
            found.append(f"f computes in {kind}{coarse}")
    differ = [one for one, varies in (("f", bool(function.varies.any())), (name, claim.varies)) if varies]
    if differ:
        verb = "differs" if len(differ) == 1 else "differ"
        last = f", f by {float(function.varies.max()):.1g}" if function.varies.any() else ""
        subjects = " and ".join(differ)
        found.append(f"{subjects} {verb} from call to call in the last digits{last}, as sums in another order do")
    known = f"f is known to within {float(function.noise.max()):.1g}"
    if engine.claimed.derived:
        return [*found, f"the rounding error of {name} is derived; that of f is measured: {known}"]
    own = "left to the oracles" if claim.constant_or_columns else "what it differs by between points nearby"
    return [*found, f"the tolerance is measured: {known}, the rounding of {name} is {own}"]


def told_of_nan(engine: Engine) -> str:
    """The slope that is told of the first entry that is claimed to be no number."""
    for column in engine.columns:
        bad = np.flatnonzero(~np.isfinite(column.got))
        value, radius = column.values.get(DIFFERENCES, (column.got, column.got))
        if column.is_entry and len(bad) and radius[bad[0]] <= RESOLVED * abs(value[bad[0]]):
            return f"; {ORACLE_NAMES[DIFFERENCES]} give {float(value[bad[0]]):.6g}"
    return ""


def told_of_symmetry(name: str, claim: Claim | TangentClaim, arguments: Arguments) -> list[str]:
    """Whether a Hessian is symmetric, which all are of functions with second derivatives that are continuous."""
    matrix = claim.found if isinstance(claim, MatrixClaim) else None
    if matrix is None or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        return []
    unit, size = float(claim.unit.max()), np.abs(matrix)
    limit = unit**0.5 * np.maximum(size, size.T) + LAST_DIGITS * unit * size.max() + SMALLEST  # half of the digits
    apart = np.abs(matrix - matrix.T) / limit
    i, k = (int(at) for at in np.unravel_index(int(apart.argmax()), apart.shape))
    if apart[i, k] <= 1:
        return [f"{name} is symmetric"]
    places = [f"{label}{list(index) if index else ''}{part}" for label, index, part in map(arguments.place, (i, k))]
    one, other = f"{matrix[i, k]:.6g}", f"{matrix[k, i]:.6g}"
    return [f"{name} is not symmetric: by {places[0]} and {places[1]} it is {one}, and the other way round {other}"]


def said_by_the_code(f: Any, *, off: bool) -> list[str]:
    """What an adapter says of how it calls a function and, where derivatives are off, of what may be why."""
    notes = getattr(f, "minibp_notes", None)
    return list(notes(off=off)) if callable(notes) else []
