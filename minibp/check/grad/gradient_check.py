"""A claimed gradient of any scalar function of arrays, held against independent oracles: equation (1), ∇_v C = ∇C · v.

Every entry is checked where there are few; of many, the slopes along random signs are. The tolerance is measured,
not chosen: the oracle's radius, and the rounding of the claimed gradient, which is what it differs by between points
a few ulps apart.
"""

from __future__ import annotations

import secrets
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from minibp.arrays import Array, InputError, checked_count
from minibp.check.grad.arguments import Arguments, Breach, Misuse
from minibp.check.grad.claim import Claim, returned_dtype
from minibp.check.grad.likeness import likenesses
from minibp.check.grad.noise import LAST, grant, restricted
from minibp.check.grad.slopes import Autodiff, ComplexStep, Surroundings
from minibp.check.grad.verdict import TOLD, Judged, Seen, contradicted, judge
from minibp.check.oracles.estimate import OracleUnavailable
from minibp.check.report.finding import Finding
from minibp.check.report.report import GradientMismatch, Report
from minibp.check.report.wording import ORACLE_NAMES
from minibp.check.statistics import Statistics

ENTRIES, SECONDS = 1000, 20.0
"""Every entry is checked where there are at most so many, and f is so fast that it takes at most so long."""
CALLS, DIRECTIONS, FINDINGS = 60, 4, 5
"""About as many calls of f as one direction takes; directions of a large x; findings that are shown."""
MODERATE = (1 / 4, 1 / 16, 1 / 64)
"""Where saturation is left: x times these."""
AT_A_KINK = "at a kink of f, where the claimed value lies between the slopes on both sides"
UNSEEN = "where JAX has another value, as at the kinks that were looked at"
UNTOLD = "whose slope is lost in the rounding of f"


def check_grad(
    f: Callable[..., Any], grad: Any, x: Any, *, seed: int | None = None, raise_on_mismatch: bool = True
) -> Report:
    """Check the claimed gradient of a scalar function at a point: equation (1).

    Parameters
    ----------
    f : callable
        f(x) returns a real number, or f(*x) where x is a tuple. It gets NumPy arrays, and may return arrays of JAX or
        PyTorch.
    grad : callable, array_like or tuple of them
        grad(x) returns the gradient, shaped like x and of its dtype, or grad(*x) a tuple of such; or the gradient
        itself.
    x : array_like or tuple of array_like
        The point: arrays of any shape, float64 or float32, or numbers; integers are taken as float64.
    seed : int, optional
        Chooses directions and steps. Default None: a new one, which the report names.
    raise_on_mismatch : bool, optional
        Raise an error for any verdict but "correct". Default True.

    Returns
    -------
    Report
        Its verdict is "correct"; "wrong"; "unstable", where the gradient is right but for its own rounding, which is
        far greater than need be; or "undecided", where no oracle could bound its own error.

    Raises
    ------
    GradientMismatch
        Where the verdict is not "correct"; it carries the report.
    InputError
        Where f is no function, raises at x, or returns anything but one real number; where grad is neither a function
        nor numbers, or raises at x; and where the seed or x cannot be used: x has booleans or is not finite, is a list
        of arrays, or an array of another library than NumPy and JAX.

    Notes
    -----
    Oracles are finite differences, the complex step where f takes complex numbers and is analytic near x, and JAX where
    it is installed and can trace f. f is taken as it computes: of an iteration that stops early they give the slope of
    its result. At a kink any value between the slopes on both sides may be claimed.

    A gradient of another shape or dtype, or one that is not finite, differs between two calls or modifies x, is wrong;
    where f or grad raises away from x, it has no value there. Where f is not finite at x, differs between two calls or
    modifies x, the verdict is "undecided".

    Examples
    --------
    >>> import numpy as np
    >>> import minibp
    >>> minibp.check_grad(lambda x: np.sin(x).sum(), np.cos, np.array([1.0, 2.0])).verdict
    'correct'
    """
    __tracebackhide__ = True  # of a test's failure pytest shows the test and the report
    started = time.perf_counter()
    if not callable(f):
        raise InputError(f"f is a {type(f).__name__}, expected a function")
    arguments = Arguments(x)
    grad = arguments.checked_claim(grad)
    chosen = secrets.randbits(32) if seed is None else checked_count("seed", seed, least=0)
    check = _Check(f, grad, arguments, np.random.default_rng(chosen))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        verdict = check.run()
    report = Report(
        verdict=verdict,
        findings=tuple(check.findings),
        counterexample=None,
        seed=chosen,
        seconds=time.perf_counter() - started,
        networks=0,
        entries=len(arguments),
        skipped=dict(check.skipped),
        statistics={check.name: check.statistics} if check.statistics else {},
        notes=(*check.notes, *arguments.notes),
        again=f"seed={chosen}",
    )
    if raise_on_mismatch and verdict != "correct":
        raise GradientMismatch(report)
    return report


class _Check:
    """One check: its oracles, and what has been seen so far."""

    def __init__(
        self,
        f: Callable[..., Any],
        grad: Any,
        arguments: Arguments,
        rng: np.random.Generator,
        *,
        moderate: bool = False,
    ) -> None:
        self.f, self.grad, self.arguments, self.rng = f, grad, arguments, rng
        self.name = str(getattr(grad, "__name__", type(grad).__name__)) if callable(grad) else "grad"
        self.findings: list[Finding] = []
        self.skipped: Counter[str] = Counter()
        self.statistics: dict[str, Statistics] = {}
        self.notes: list[str] = []
        self.sharp: dict[str, ComplexStep | Autodiff] = {}
        self.moderate = moderate
        self.largest = 0.0
        self.told = 0

    def run(self) -> str:
        """The verdict."""
        n = len(self.arguments)
        subject, verdict = "f", "undecided"
        try:
            began = time.perf_counter()
            returned = returned_dtype(self.f, self.arguments)
            seconds = (time.perf_counter() - began) / 2
            subject, verdict = self.name, "wrong"
            self.claim = Claim(self.name, self.grad, self.arguments, returned, self.rng)
            subject, verdict = "f", "undecided"
            self.near = Surroundings(self.f, self.arguments, self.rng)
        except Misuse as misuse:
            if self.moderate:
                return "undecided"
            raise InputError(str(misuse)) from (misuse.__cause__ or misuse)
        except Breach as breach:
            self.findings.append(Finding(None, None, "grad", subject=subject, message=str(breach)))
            if verdict == "undecided":
                self.notes.append(str(breach))
            return verdict
        self.notes += self.near.notes
        for name, oracle in (("jax", Autodiff), ("complex_step", ComplexStep)):
            try:
                self.sharp[name] = oracle(self.near)
            except OracleUnavailable as reason:
                self.notes.append(f"{ORACLE_NAMES[name]} was left out: {reason}")
        self.every = n <= ENTRIES and n * CALLS * seconds <= SECONDS
        if self.every:
            judged = self._judged(restricted(np.ones(n), np.array([k])) for k in range(n))
            self._describe(judged)
        else:
            judged = self._judged(self.rng.choice([-1.0, 1.0], (DIRECTIONS, n)))
            self.notes.append(f"of {n:,} entries the slopes along {DIRECTIONS} directions of random signs were checked")
            judged += self._named(judged)
        own = "what it differs by nearby" if self.claim.callable else "left to the oracles"
        self.notes.append(
            f"the tolerance is measured: f is known to within {self.near.noise:.1g}, the gradient's rounding is {own}"
        )
        return self._concluded(judged)

    def _seen(self, v: Array) -> Seen:
        """Ask all oracles for the slope along v."""
        got, allowed, quiet = self.claim.along(v)
        step = self.sharp.get("complex_step")
        if isinstance(step, ComplexStep) and self.claim.unit.max() > self.near.unit:
            single = step.in_single(v)
            allowed, quiet = allowed + single, quiet + single
        sharp: dict[str, tuple[float, float]] = {}
        for name, oracle in list(self.sharp.items()):
            try:
                sharp[name] = oracle.along(v)
            except OracleUnavailable as reason:
                self._leave_out(name, str(reason))
        return Seen(v, got, allowed, quiet, self.near.sides(v), sharp)

    def _leave_out(self, name: str, reason: str) -> None:
        del self.sharp[name]
        self.statistics.pop(name, None)
        self.notes.append(f"{ORACLE_NAMES[name]} was left out: {reason}")

    def _judged(self, ways: Iterable[Array]) -> list[Judged]:
        """What comes of each direction; an oracle that the differences contradict anywhere is left out."""
        seen = [self._seen(v) for v in ways]
        for name in list(self.sharp):
            if any(contradicted(one.sides, *one.sharp[name]) for one in seen):
                self._leave_out(name, "finite differences contradict it")
        self.largest = max([self.largest, *(np.nan_to_num(abs(one.sides.slope[0])) for one in seen)])
        return [self._judge(one) for one in seen]

    def _judge(self, seen: Seen) -> Judged:
        seen = seen._replace(sharp={name: seen.sharp[name] for name in self.sharp})
        unit = float(self.claim.unit.max())
        judged, told = judge(seen, self.largest, unit)
        for one in told:
            stats = self.statistics.setdefault(one.oracle, Statistics())
            stats.add("(1)", one.excess, 1)
            if unit < 1e-10:
                stats.add_relative_tolerances(np.array([one.expected]), np.array([one.tolerance]))
        return judged

    def _named(self, judged: list[Judged]) -> list[Judged]:
        """Entries that are off, or blocks of them, where JAX or a direction tells that some are."""
        autodiff = self.sharp.get("jax")
        if isinstance(autodiff, Autodiff):
            got, unit = self.claim.value, self.claim.unit
            tolerance = autodiff.noise + self.claim.noise + 2 * LAST * np.maximum(unit, self.near.unit) * np.abs(got)
            ratio = np.abs(got - autodiff.value) / (tolerance + np.finfo(np.float64).tiny)
            off = int((ratio > 1).sum())
            size = np.maximum(np.maximum(np.abs(got), np.abs(autodiff.value)), 1e-4 * self.largest)
            self.statistics.setdefault("jax", Statistics()).add(
                "(1)", float(ratio.max(initial=0, where=ratio <= 1)), len(got) - off
            )
            self.told = int(((ratio <= 1) & ((tolerance <= TOLD * size) | (ratio == 0))).sum())
            self.notes.append(f"{ORACLE_NAMES['jax']} told every entry" + (f", {off:,} of them are off" if off else ""))
            suspects = [k for k in np.argsort(-ratio)[: 4 * FINDINGS] if ratio[k] > 1]
            found = self._judged([restricted(np.ones(len(got)), np.array([k])) for k in suspects])
            if any(one.outcome == "wrong" for one in found):
                return [one for one in found if one.outcome != "right"]
            if off > len(suspects):
                self.skipped[UNSEEN] = off - len(suspects)
        off_ways = [one for one in judged if one.outcome == "wrong"]
        return [self._narrowed(max(off_ways, key=lambda one: one.excess))] if off_ways else []

    def _narrowed(self, judged: Judged) -> Judged:
        """Halve the entries that a direction moves for as long as one of the halves is off."""
        moves = np.flatnonzero(judged.seen.v)
        while len(moves) > 1:
            for half in np.array_split(moves, 2):
                part = self._judge(self._seen(restricted(judged.seen.v, half)))
                if part.outcome == "wrong":
                    judged, moves = part, half
                    break
            else:
                self.notes.append(f"what is off lies among entries {moves[0]:,} to {moves[-1]:,} in order")
                return judged
        return self._judge(self._seen(np.abs(judged.seen.v)))

    def _describe(self, judged: list[Judged]) -> None:
        """Notes on entries that were checked one by one."""
        off = [one for one in judged if one.outcome == "wrong"]
        self.notes.append(f"all {len(judged):,} entries were checked" + (f", {len(off):,} are off" if off else ""))
        rows = [(k, one) for k, one in enumerate(judged) if one.outcome in {"right", "wrong"}]
        if off:
            numbers = np.array([(one.seen.got, one.expected, one.tolerance) for _, one in rows]).T
            self.notes += likenesses(self.arguments, np.array([k for k, _ in rows]), *numbers)

    def _concluded(self, judged: list[Judged]) -> str:
        """The verdict, with the findings."""
        outcomes = Counter(one.outcome for one in judged)
        for outcome, reason in (("kink", AT_A_KINK), ("untold", UNTOLD)):
            if outcomes[outcome] and self.every:
                self.skipped[reason] = outcomes[outcome]
            elif outcomes[outcome]:
                self.notes.append(f"{outcomes[outcome]} of {len(judged)} directions are {reason}")
        bad = [one for one in judged if one.outcome in {"wrong", "unstable"}]
        bad.sort(key=lambda one: (one.outcome != "wrong", np.count_nonzero(one.seen.v), -one.excess))
        entries = [one for one in bad if np.count_nonzero(one.seen.v) == 1]
        bad = entries or bad  # what is off along a direction is off since an entry of it is
        self.findings += [self._finding(one) for one in bad[:FINDINGS]]
        if bad:
            return "wrong" if outcomes["wrong"] and not self._magnifies(bad) else "unstable"
        if outcomes["right"] + self.told > outcomes["untold"]:
            return "correct"
        at_kinks = outcomes["kink"] > outcomes["untold"]
        self.notes.insert(0, "all that is claimed is at kinks of f" if at_kinks else "the slope is lost in rounding")
        return "undecided"

    def _magnifies(self, bad: list[Judged]) -> bool:
        """Whether errors are some last digits of what the gradient is at moderate points, and it is right there.

        1 − a² is such for a = tanh z where z is large: no noise shows, since it is the same at all points nearby.
        """
        if self.moderate or not self.claim.callable:
            return False
        checks = []
        for factor in MODERATE:
            arrays = tuple(array.dtype.type(factor) * array for array in self.arguments.arrays)
            there = Arguments(arrays if self.arguments.several else arrays[0])
            checks.append(_Check(self.f, self.grad, there, self.rng, moderate=True))
        largest = np.abs(self.claim.value).max()
        for check in checks:
            try:
                row, _ = check.arguments.gradient(self.name, check.arguments.called(self.name, self.grad))
            except Breach:
                continue
            largest = max(largest, np.abs(row).max())
        limits = (
            grant(one.seen.v, np.full(len(self.arguments), largest), 0 * self.claim.noise, self.claim.unit)
            for one in bad
        )
        small = all(one.error <= limit for one, limit in zip(bad, limits, strict=True))
        return small and any(check.run() == "correct" for check in checks)

    def _finding(self, one: Judged) -> Finding:
        at = np.flatnonzero(one.seen.v)
        tensor, entry = self.arguments.place(int(at[0])) if len(at) == 1 else ("slope", None)
        numbers = one.seen.got, one.expected, one.tolerance
        return Finding("(1)", None, tensor, None, self.name, entry, *numbers, one.oracle)
