"""The points of a check: the one given and one beside it, or many that a strategy of Hypothesis draws."""

from __future__ import annotations

import re
import secrets
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array, InputError, checked_count
from minibp.check.grad.arguments import names_of_arguments
from minibp.check.grad.checks import Outcome, ask
from minibp.check.grad.question import Question, arguments_of
from minibp.check.grad.shared import asked_at
from minibp.check.grad.structure import Structure
from minibp.check.grad.watch import watching
from minibp.check.report.finding import Finding
from minibp.check.report.report import GradientMismatch, Report
from minibp.check.statistics import Statistics
from minibp.trees import children_of, is_numbers

EXAMPLES, SHRINKS = 50, 150
"""Points that are drawn by default, and points that are tried to find a smaller one that fails."""
BESIDE = 0.1
"""How far a second point is away where the first hides terms, in units of the size of x."""
ORDER = ("wrong", "unstable", "undecided", "correct")
"""Verdicts, the worst first."""
FAILED = frozenset({"wrong", "unstable"})


class Found(NamedTuple):
    """What came of all points: the outcome that counts, and the point where it was, if it is not the one given."""

    outcome: Outcome
    point: str
    calls: int
    """The calls of f at all points."""


def report_of(
    question: Question,
    x: Any,
    points: Any,
    examples: int | None,
    seed: int | None,
    raise_on_mismatch: bool,
    progress: Callable[[int, int], None] | None = None,
    executor: Executor | None = None,
) -> Report:
    """The report of a check at a point, or at those that a strategy draws."""
    __tracebackhide__ = True
    started = time.perf_counter()
    chosen = secrets.randbits(32) if seed is None else checked_count("seed", seed, least=0)
    strategy = _strategy_of(x, points)
    if strategy is None:
        if examples is not None:
            raise InputError("examples is given without points, expected a strategy to draw them from")
        if x is None:
            raise InputError("x is None, expected a point, or points=, a strategy of Hypothesis")
        found = at_one(question, x, chosen)
    else:
        count = EXAMPLES if examples is None else checked_count("examples", examples)
        with watching():
            found = at_many(question, strategy, count, chosen, progress, executor)
    outcome = found.outcome
    report = Report(
        verdict=outcome.verdict,
        findings=outcome.findings,
        counterexample=None,
        seed=chosen,
        seconds=time.perf_counter() - started,
        networks=0,
        entries=outcome.entries,
        skipped=outcome.skipped,
        statistics=outcome.statistics,
        notes=outcome.notes,
        calls=found.calls,
        point=found.point,
        again=f"seed={chosen}",
        errors=outcome.errors,
        agreement=outcome.agreement,
    )
    if raise_on_mismatch and report.verdict != "correct":
        raise GradientMismatch(report)
    return report


def _strategy_of(x: Any, points: Any) -> Any:
    """The strategy among the arguments, if any; `InputError` where there are two sources of points."""
    given = [value for value in (x, points) if is_strategy(value)]
    if points is not None and not is_strategy(points):
        raise InputError(f"points is a {type(points).__name__}, expected a strategy of Hypothesis")
    if points is not None and x is not None:
        raise InputError("x and points are both given, expected one of them")
    return given[0] if given else None


def is_strategy(value: Any) -> bool:
    """True of a strategy of Hypothesis, without an import of it."""
    return hasattr(type(value), "validate") and hasattr(type(value), "example") and hasattr(type(value), "map")


def at_one(question: Question, x: Any, seed: int) -> Found:
    """The check at x, and at a second point beside it where x hides terms."""
    outcome = ask(question, x, seed)
    with np.errstate(over="ignore"):
        hidden, beside = _beside(question, x, np.random.default_rng(seed))
    if outcome.verdict != "correct" or not hidden:
        return Found(outcome, "", outcome.calls)
    shown = " and ".join(hidden[:3])
    if not callable(question.claim):
        return Found(_noted(outcome, f"{shown}: terms that vanish there were not seen"), "", outcome.calls)
    try:
        second = ask(question, beside, seed)
    except InputError:
        second = None
    calls = outcome.calls + (second.calls if second else 0)
    if second is None or second.finite != outcome.finite:  # it is outside of the domain
        return Found(_noted(outcome, f"{shown}: terms that vanish there were not seen"), "", calls)
    if second.verdict != "wrong":
        more = "" if second.verdict == "correct" else f", which is {second.verdict}"
        said = f"{shown}, which hides terms: a second point beside it was checked too{more}"
        return Found(_noted(outcome, said), "", calls)
    note = f"{shown}: at the point itself all agrees, since terms vanish there; at a point beside it they are off"
    return Found(_noted(second, note), pasted(beside), calls)


def _noted(outcome: Outcome, note: str) -> Outcome:
    return outcome._replace(notes=(note, *outcome.notes))


def at_many(
    question: Question,
    strategy: Any,
    examples: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
    executor: Executor | None = None,
) -> Found:
    """The check at points of a strategy; of those that fail the smallest that shrinking finds."""
    from minibp.check.generation import draw, smallest

    outcomes: list[Outcome] = []
    unusable = ""
    drawn = draw(strategy, examples, seed)
    if progress is not None:
        progress(0, len(drawn))
    with closing(asked_at(question, drawn, seed, executor)) as answers:
        for number, answer in enumerate(answers):
            if progress is not None:
                progress(number + 1, len(drawn))
            if isinstance(answer, str):
                unusable = answer
                continue
            outcomes.append(answer)
            if answer.verdict in FAILED:
                break
    calls = sum(outcome.calls for outcome in outcomes)
    if outcomes and outcomes[-1].verdict in FAILED:
        failing = _Failing(question, outcomes[-1].verdict, seed)
        least = smallest(strategy, failing, seed, SHRINKS)
        point = drawn[number] if least is None else least
        note = f"point {len(outcomes)} of {examples} failed; the one that is shown is the smallest that was found"
        shown = ask(question, point, seed)
        return Found(_noted(shown, note), pasted(point), calls + failing.calls + shown.calls)
    if not outcomes:
        raise InputError(f"f could be used at none of {len(drawn)} points; at the last one: {unusable}")
    return Found(_merged(outcomes, len(drawn)), "", calls)


class _Failing:
    """True of points at which a check gives a verdict; after `SHRINKS` checks of no point that was not seen to."""

    def __init__(self, question: Question, verdict: str, seed: int) -> None:
        self.question, self.verdict, self.seed = question, verdict, seed
        self.seen: dict[str, bool] = {}
        self.calls = 0

    def __call__(self, point: Any) -> bool:
        """True where the check at the point gives the verdict."""
        name = pasted(point)
        if name not in self.seen:
            if len(self.seen) >= SHRINKS:
                return False
            try:
                found = ask(self.question, point, self.seed)
                self.seen[name], self.calls = found.verdict == self.verdict, self.calls + found.calls
            except InputError:
                self.seen[name] = False
        return self.seen[name]


def _merged(outcomes: list[Outcome], drawn: int) -> Outcome:
    """All outcomes together, none of them wrong."""
    verdicts = Counter(outcome.verdict for outcome in outcomes)
    statistics: dict[str, dict[str, Statistics]] = {}
    skipped: Counter[str] = Counter()
    agreement: dict[tuple[str, str], Statistics] = {}
    for outcome in outcomes:
        skipped.update(outcome.skipped)
        for pair, stats in outcome.agreement.items():
            agreement.setdefault(pair, Statistics()).merge(stats)
        for name, by_oracle in outcome.statistics.items():
            for oracle, stats in by_oracle.items():
                statistics.setdefault(name, {}).setdefault(oracle, Statistics()).merge(stats)
    verdict = "correct" if verdicts["correct"] > verdicts["undecided"] else "undecided"
    first = next(outcome for outcome in outcomes if outcome.verdict == verdict)
    notes = [f"{len(outcomes)} points were checked: " + ", ".join(f"{n} {name}" for name, n in verdicts.items())]
    if drawn > len(outcomes):
        notes.append(f"at {drawn - len(outcomes)} of {drawn} points f could not be used")
    if verdict == "undecided":
        notes = [*first.notes[:1], *notes]
    elif verdicts["undecided"]:
        notes.append(next(outcome for outcome in outcomes if outcome.verdict == "undecided").notes[0])
    entries = sum(outcome.entries for outcome in outcomes)
    findings: tuple[Finding, ...] = first.findings if verdict == "undecided" else ()
    return first._replace(
        verdict=verdict,
        findings=findings,
        notes=tuple(notes),
        skipped=dict(skipped),
        statistics=statistics,
        entries=entries,
        agreement=agreement,
    )


def _beside(question: Question, x: Any, rng: np.random.Generator) -> tuple[list[str], Any]:
    """The arrays of x that hide terms, as they are all 0 or all the same, and x with these moved."""
    hidden: list[str] = []
    several = isinstance(x, tuple) and not hasattr(x, "_fields")
    values = x if several else (x,)
    names = names_of_arguments(question.f if question.kind != "grad" else None, len(values), several=several)
    roots = list(zip(names, values, strict=True))

    def reading(label: str, value: Any) -> Array | None:
        array = np.asarray(value) if is_numbers(value) or isinstance(value, np.ndarray | float) else None
        usable = array is not None and array.dtype.kind in "fc" and (array.size > 1 or not array.any())
        return array if usable else None

    structure = Structure(roots, reading)
    moved: list[Any] = []
    for leaf, asked in zip(structure.leaves, arguments_of(question, x).structure.leaves, strict=True):
        array = leaf.array if asked.array is not None else None  # what is passed on is held
        same = array is not None and np.isfinite(array).all() and (array == array.flat[0]).all()
        if array is None or not same:
            moved.append(leaf.value)
            continue
        what = "0" if array.flat[0] == 0 else "the same"
        hidden.append(f"{leaf.name} is all {what}")
        size = float(np.abs(array.flat[0])) or 1.0
        noise = rng.standard_normal(array.shape)
        if array.dtype.kind == "c":
            noise = noise + 1j * rng.standard_normal(array.shape)
        beside = (array + BESIDE * size * noise).astype(array.dtype)
        moved.append(beside if array.ndim or isinstance(leaf.value, np.ndarray) else beside[()])
    built = structure.built(moved)
    return hidden, tuple(built) if several else built[0]


def pasted(value: Any) -> str:
    """A point as code that gives it again.

    >>> pasted({"w": np.array([1.0, 2.0], np.float32), "rate": 0.5})
    "{'w': np.array([1.0, 2.0], dtype='float32'), 'rate': 0.5}"
    """
    parts = None if is_numbers(value) or isinstance(value, np.ndarray) else children_of(value)
    if parts is None:
        return _pasted_leaf(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {pasted(entry)}" for key, entry in value.items()) + "}"
    inner = ", ".join(pasted(entry) for _, entry in parts[0])
    if isinstance(value, list):
        return f"[{inner}]"
    if type(value) is tuple:
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    named = ", ".join(f"{label[1:]}={pasted(entry)}" for label, entry in parts[0])
    return f"{type(value).__name__}({named})"


def _pasted_leaf(value: Any) -> str:
    """A number, an array or anything else as code."""
    if isinstance(value, np.ndarray):
        kind = "" if value.dtype == np.float64 else f", dtype={value.dtype.name!r}"
        numbers = re.sub(r"\b(inf|nan)\b", r"np.\1", str(value.tolist()))
        return f"np.array({numbers}{kind})"
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and not np.isfinite(plain):
        return f"float('{plain}')"
    return repr(plain)
