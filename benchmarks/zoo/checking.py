"""One check of a function of the zoo: of its right derivative, or of a mutated one."""

from __future__ import annotations

import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

import minibp
from minibp.check.grad.points import pasted
from minibp.check.grad.resolution import STEADY
from zoo.entry import Array, Entry
from zoo.mutations import ROUNDED, Subject, mistakes
from zoo.points import called, draw, flat, jacobian, like
from zoo.resolution import tolerances

ANSWER_WITHIN = 30
"""Seconds after which a check is given up, as one that raises."""
SAME = 1e-9
"""A mistake that moves no slope by more than this part of the largest does not count."""
CLEARLY = 2.0
"""A mistake is resolved where it is so many times a tolerance."""
HALF_OF_DIGITS = 2.0**-26
"""√u of float64. A derivative that is rounded to fewer digits is right as far as these go, as is one that loses some in
its own sums: the check objects from where more than half of them are lost."""
CHECKS: dict[str, Callable[..., minibp.Report]] = {
    "grad": minibp.check_grad,
    "vjp": minibp.check_vjp,
    "jvp": minibp.check_jvp,
    "jacobian": minibp.check_jacobian,
}


class Case(NamedTuple):
    """A claim at a point: the right one, or a mutated one."""

    entry: Entry
    style: str
    point: Any
    seed: int
    claim: Callable[..., Any]
    mutation: str = ""
    change: Array | None = None
    """How far the mutated Jacobian is off, slope by slope."""


class Answer(NamedTuple):
    """What came of a case."""

    name: str
    family: str
    mutation: str
    verdict: str
    """That of the report; "exception"; of a mutated claim that is called correct "missed" or "unresolved"."""
    reason: str
    """The first note of what is undecided, or the first finding."""
    seed: int
    style: str
    point: str
    seconds: float


def seed_of(seed: int, *path: int) -> np.random.Generator:
    """The generator of one case."""
    return np.random.default_rng([seed, *path])


def right_case(entry: Entry, rng: np.random.Generator) -> Case | None:
    """The right claim at a drawn point; None where there is no point."""
    drawn = draw(entry, rng)
    return drawn and Case(entry, *drawn, int(rng.integers(2**31)), entry.claim)


def mutated_case(entry: Entry, rng: np.random.Generator, turn: int) -> tuple[Case | None, list[str]]:
    """A mutated claim at a drawn point, another one each turn; and the mistakes that make no difference there."""
    case = right_case(entry, rng)
    if case is None:
        return None, []
    with quietly():
        subject = Subject(entry, case.point, jacobian(entry, entry.claim, case.point))
        made = mistakes(subject)
        names = np.random.default_rng(0).permutation(list(made)).tolist()  # so that none follows the same one often
        start, same = turn % len(names), []
        for name in names[start:] + names[:start]:
            change = _change(subject, made[name])
            if change is not None and change.max() > SAME * subject.size:
                return case._replace(claim=made[name], mutation=name, change=change), same
            same.append(name)
    return None, same


def _change(subject: Subject, claim: Callable[..., Any]) -> Array | None:
    """How far each slope is off; of a vjp that is right along every result alone, along all of them."""
    entry, point = subject.entry, subject.point
    try:
        change = np.abs(jacobian(entry, claim, point) - subject.jacobian)
        if entry.kind == "vjp" and not change.any():
            c = np.resize([1.0, -1.0, 0.5], len(subject.jacobian))
            got = flat(called(claim, point, like(called(entry.f, point), c)))
            change = np.abs(got - c @ subject.jacobian)[None]
    except (ArithmeticError, ValueError, IndexError, np.linalg.LinAlgError):
        return None
    return change if np.isfinite(change).all() else None


def answer_of(case: Case) -> Answer:
    """Check, and judge the answer."""
    entry = case.entry
    seconds, reason, shown = 0.0, "", pasted(case.point)
    try:
        report = checked(entry, case.claim, case.point, case.seed)
        verdict, seconds = report.verdict, report.seconds
        shown = report.point or shown  # a point beside the one given, where that hides terms
        if verdict == "undecided":
            reason = report.notes[0]
        elif report.findings:
            reason = str(report.findings[0])
    except Exception as error:  # noqa: BLE001 - whatever a check raises is what is looked for
        verdict, reason = "exception", f"{type(error).__name__}: {error}"
    if case.change is not None and verdict == "correct":
        verdict = "missed" if is_resolved(case) else "unresolved"
    return Answer(entry.name, entry.family, case.mutation, verdict, reason, case.seed, case.style, shown, seconds)


def checked(
    entry: Entry, claim: Callable[..., Any], point: Any, seed: int, oracles: Sequence[str] | None = None
) -> minibp.Report:
    """The report of a claim, with the oracles that are asked by default, or some."""
    asked = {"oracles": tuple(oracles)} if oracles else {}
    check = CHECKS[entry.kind]
    with in_time(), quietly():
        return check(entry.f, claim, point, seed=seed, accuracy=entry.accuracy, raise_on_mismatch=False, **asked)


def is_resolved(case: Case) -> bool:
    """True where the engine tells some slope of the right claim more closely than the mistake is large.

    Of mistakes of rounding, which are noise of the claim, those count alone that leave less than half of the digits,
    are as far beyond what is told as noise has to be to be called unstable, and larger than what terms may leave that
    cancel.
    """
    assert case.change is not None
    try:
        with in_time(), quietly():
            known, hidden = tolerances(case.entry, case.point, case.seed)
            slopes = np.abs(jacobian(case.entry, case.entry.claim, case.point))
    except Exception:  # noqa: BLE001 - told of the check of the right claim
        return False
    if case.change.shape != known.shape:
        return False
    noise = case.mutation in ROUNDED
    least = np.maximum(HALF_OF_DIGITS * slopes, hidden) if noise else np.zeros_like(slopes)
    return bool(((case.change > (STEADY if noise else CLEARLY) * known) & (case.change > least)).any())


@contextmanager
def quietly() -> Iterator[None]:
    """Without NumPy's warnings and others."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def in_time() -> Iterator[None]:
    """Raise `TimeoutError` where there is no answer in time; without alarms, wait."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def give_up(*_: Any) -> None:
        raise TimeoutError(f"no answer within {ANSWER_WITHIN} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, ANSWER_WITHIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
