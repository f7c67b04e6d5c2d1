"""One question about the derivatives of any function, equation (1), asked at one point, and what came of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import InputError
from minibp.check.grad import contract
from minibp.check.grad.arguments import Arguments, Breach, Misuse
from minibp.check.grad.claim import Claim, GradientClaim, MatrixClaim, TangentClaim, name_of
from minibp.check.grad.column import UNSTABLE, WRONG, Cell
from minibp.check.grad.conclusion import (
    outcomes,
    remarks,
    said_by_the_code,
    settle_conjugates,
    told_of_nan,
    told_of_symmetry,
    unresolved,
    verdict_of,
)
from minibp.check.grad.engine import Engine
from minibp.check.grad.findings import Findings
from minibp.check.grad.function import Function
from minibp.check.grad.jacobian import tensor_errors
from minibp.check.grad.low_precision import UNITS, WRITTEN, granted
from minibp.check.grad.question import Question, arguments_of, quietly
from minibp.check.grad.second_order import GradientOf
from minibp.check.grad.steps import LITTLE
from minibp.check.grad.structure import numbers_of
from minibp.check.grad.watch import Hang, watching
from minibp.check.report.finding import Finding
from minibp.check.report.symptoms import SYMPTOMS
from minibp.check.report.tensor_errors import TensorErrors
from minibp.check.report.wording import ORACLE_NAMES
from minibp.check.statistics import Statistics
from minibp.foreign import type_of
from minibp.trees import children_of, is_numbers


class Outcome(NamedTuple):
    """What one point gave."""

    verdict: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    skipped: dict[str, int]
    statistics: dict[str, Any]
    entries: int
    subject: str
    calls: int
    finite: int
    """The number of results that are finite at the point, and are compared."""
    errors: tuple[TensorErrors, ...]
    agreement: dict[tuple[str, str], Statistics]


def ask(question: Question, x: Any, seed: int) -> Outcome:
    """The check at one point; `InputError` where f or the claim cannot be used there."""
    arguments = arguments_of(question, x)
    rng = np.random.default_rng(seed)
    with watching(), quietly(question.oracles):
        return _Asked(question, arguments, rng).outcome()


class _Asked:
    """One question at one point."""

    def __init__(self, question: Question, arguments: Arguments, rng: np.random.Generator) -> None:
        self.question, self.arguments, self.rng = question, arguments, rng
        self.notes: list[str] = []
        self.skipped: dict[str, int] = {}
        self.findings: list[Finding] = []
        self.name = self._name()
        self.engine: Engine | None = None
        self.claim: Claim | TangentClaim | None = None
        self.function: Function | None = None

    def _name(self) -> str:
        claim, default = self.question.claim, self.question.kind
        name = name_of(claim, default) if callable(claim) else default
        own = getattr(self.question.f, "__name__", None)
        return default if name == own and name != "<lambda>" else name

    def outcome(self) -> Outcome:
        """Ask, and say what came of it."""
        try:
            verdict = self._verdict()
        except Hang as hang:
            verdict, self.findings = "undecided", []
            self.notes.insert(0, str(hang))
        engine, function = self.engine, self.function
        notes = (*self.notes, *(engine.notes if engine else ()), *self.arguments.notes)
        statistics = {self.name: engine.statistics} if engine and engine.statistics else {}
        results = len(function) if function and self.question.kind != "grad" else 1
        return Outcome(
            verdict,
            tuple(self.findings),
            notes,
            self.skipped,
            statistics,
            len(self.arguments) * results,
            self.name,
            self._calls(),
            len(function) if function else 0,
            tensor_errors(self.question.kind, engine) if engine and engine.columns else (),
            engine.agreement if engine else {},
        )

    def _calls(self) -> int:
        """The number of calls of f, also where it is the gradient of f that is compared."""
        function, asked = self.function, int(self.question.kind == "hvp")  # whether it is a gradient itself
        if function is None:
            return asked
        return asked + (function.f.function.calls if isinstance(function.f, GradientOf) else function.calls)

    def _verdict(self) -> str:
        question, subject, verdict = self.question, "f", "undecided"
        try:
            self.function = function = self._made_function()
            subject, verdict = self.name, "wrong"
            self.claim = claim = self._made_claim(function)
            if question.arithmetic is not None:
                self.notes.append(f"{self.name} is granted the rounding of {WRITTEN[question.arithmetic]}")
            self.engine = engine = Engine(function, claim, self.rng, oracles=question.oracles, calls=question.calls)
            engine.run()
            self._check_again(function)
        except Misuse as misuse:
            raise InputError(str(misuse)) from (misuse.__cause__ or misuse)
        except Breach as breach:
            return self._broken(breach, subject, verdict)
        return self._concluded(function, claim, engine)

    def _made_function(self) -> Function:
        question, floor = self.question, None
        f = question.f
        if question.kind in {"hessian", "hvp"} and not self._is_gradient():
            f = gradient = GradientOf(f, self.arguments, self.rng, question.oracles)
            floor = gradient.floor
            self.notes.append(f"second derivatives are those of the gradient of f by {ORACLE_NAMES[gradient.source]}")
        name = "f" if f is question.f else "the gradient of f"
        return Function(
            name, f, self.arguments, self.rng, scalar=question.kind == "grad", accuracy=question.accuracy, floor=floor
        )

    def _is_gradient(self) -> bool:
        """True where f is the gradient of something: it returns what is shaped like its arguments."""
        if self.question.kind == "hessian":
            return False
        result = self.arguments.called("f", self.question.f)
        numbers = numbers_of(result)
        return numbers is None or numbers[0].size != 1 or (len(self.arguments) == 1 and numbers[0].ndim > 0)

    def _made_claim(self, function: Function) -> Claim | TangentClaim:
        question, name = self.question, self.name
        self._check_claim(function)
        m, n = len(function), len(self.arguments)
        if question.kind in {"jvp", "hvp"}:
            tangents = self._in_its_arithmetic(TangentClaim(name, function, question.claim))
            v = np.where(self.arguments.movable, self.rng.choice([-1.0, 1.0], n) * self.arguments.scale, 0)
            contract.the_same_twice(tangents, tangents.column, v)
            return tangents
        if question.kind in {"jacobian", "hessian"}:
            matrix = self._in_its_arithmetic(MatrixClaim(name, function, question.claim))
            if not matrix.constant:
                contract.the_same_twice(matrix, lambda c: matrix.row(c, self.arguments.flat), np.ones(m))
            return matrix
        claim = GradientClaim(name, function, question.claim, takes_cotangent=question.kind == "vjp")
        claim = self._in_its_arithmetic(claim)
        c = np.ones(m) if question.kind == "grad" else self.rng.choice([-1.0, 1.0], m)
        if not claim.constant:
            contract.again(claim, c, claim.row(c))
        return claim

    def _in_its_arithmetic(self, claim: Any) -> Any:
        """The claim, granted the rounding of the arithmetic that it computes in."""
        if self.question.arithmetic is not None:
            claim.compute_in(granted(self.question.arithmetic), UNITS[self.question.arithmetic])
        return claim

    def _check_claim(self, function: Function) -> None:
        """Raise `InputError` where what is claimed is neither a function nor numbers."""
        claim, kind = self.question.claim, self.question.kind
        if callable(claim):
            return
        if kind in {"vjp", "jvp", "hvp"}:
            raise InputError(f"{self.name} is a {type_of(claim)}, expected a function")
        parts = claim if self.arguments.several and isinstance(claim, tuple | list) else [claim]
        shapes = [leaf.array.shape for leaf in self.arguments.structure.leaves if leaf.array is not None]
        expected = f"an array of shape {shapes[0]}" if len(shapes) == 1 else f"a tuple of arrays of shapes {shapes}"
        if kind != "grad":
            expected = "a matrix"
        for i, (part, value) in enumerate(zip(parts, self.arguments.values, strict=False)):
            label = f"{self.name}[{i}]" if len(parts) > 1 else self.name
            passed_on = all(
                leaf.array is None for leaf in self.arguments.structure.leaves if leaf.name == self.arguments.names[i]
            )
            structured = children_of(value) is not None and not is_numbers(value)
            if passed_on or structured or hasattr(part, "toarray"):
                continue
            if numbers_of(part) is None and not is_numbers(part):
                got = f"has dtype {part.dtype}" if isinstance(part, np.ndarray) else f"is a {type_of(part)}"
                raise InputError(f"{label} {got}, expected a function or {expected}")

    def _check_again(self, function: Function) -> None:
        """f once more at the end, at the point and at some nearby: what is random at times, or adds up, shows late."""
        try:
            function.expect_the_same()
            function.expect_what_was_seen()
        except Breach as breach:
            raise _Unsteady(str(breach)) from breach

    def _broken(self, breach: Breach, subject: str, verdict: str) -> str:
        if isinstance(breach, _Unsteady):
            subject, verdict = "f", "undecided"
            self.engine = None
        self.findings = [Finding(None, None, self._tensor(), subject=subject, message=str(breach))]
        if verdict == "undecided":
            self.notes.append(str(breach))
        return verdict

    def _tensor(self) -> str:
        return "grad" if self.question.kind == "grad" else self.question.kind

    def _concluded(self, function: Function, claim: Claim | TangentClaim, engine: Engine) -> str:
        question = self.question
        if any(leaf.is_complex for leaf in self.arguments.structure.leaves):
            self.notes.append(settle_conjugates(self.name, engine))
        counts = outcomes(engine)
        self.notes += claim.notes
        breaches = list(claim.breaches)
        told = told_of_nan(engine) if breaches else ""
        self.findings += [
            Finding(
                None, None, self._tensor(), subject=self.name, message=breach + (told if "finite" in breach else "")
            )
            for breach in breaches
        ]
        value = getattr(claim, "value", None)
        if value is not None:
            self._compare_value(function, value)
        ignored = self._check_contract(claim)
        if any(finding.fault == "stale_state" for finding in self.findings):
            return "wrong"  # all else may come of it
        self.skipped, said = unresolved(counts, engine)
        self.notes += said
        bad = [cell for column in engine.columns for cell in column.cells((WRONG, UNSTABLE))]
        if bad:
            self._describe(bad, Findings(question.kind, self.name, function, claim, engine), ignored=ignored)
        if question.kind == "hessian":
            self.notes += told_of_symmetry(self.name, claim, self.arguments)
        self.notes += [*remarks(self.name, function, claim, engine), *said_by_the_code(question.f, off=bool(bad))]
        if self.findings and not bad:
            return "wrong"
        if bad:
            return "wrong" if any(cell.outcome == WRONG for cell in bad) or breaches else "unstable"
        verdict, why = verdict_of(counts, function, engine)
        self.notes[:0] = [why] if why else []
        return verdict

    def _describe(self, bad: list[Cell], named: Findings, *, ignored: bool) -> None:
        """Add the findings of what is off."""
        entries = named.of(bad, ignored=ignored)
        if ignored:  # said once, by the contract
            entries = [finding for finding in entries if finding.fault != "cotangent_ignored"]
        if any(finding.fault == "coarser_arithmetic" for finding in entries):  # of which sums are not linear
            self.findings = [finding for finding in self.findings if "is not linear" not in finding.message]
        self.findings += entries
        self.notes += named.notes
        if all(abs(cell.got - cell.expected) <= LITTLE * abs(cell.expected) for cell in bad):
            self.notes.append(
                "all that is off is off by less than a thousandth: where f is a solver, or an iteration that stops"
                " early, accuracy= says how well it is known"
            )

    def _check_contract(self, claim: Claim | TangentClaim) -> bool:
        """Add what a backward pass breaks of its contract; True where it does not use the cotangent."""
        try:
            if isinstance(claim, TangentClaim):
                broken = list(contract.columns_broken(claim, self.rng))
            elif isinstance(claim, GradientClaim) and claim.takes_cotangent:
                broken = list(contract.broken(claim, self.rng))
            else:
                return False
        except Breach as breach:
            broken = [("", str(breach))]
        made = [
            Finding(
                None, None, self._tensor(), symptom or None, self.name, message=message,
                looks=(SYMPTOMS[symptom].summary,) if symptom else (),
            )
            for symptom, message in broken
        ]  # fmt: skip
        stale = [finding for finding in made if finding.fault == "stale_state"]
        self.findings = stale or self.findings + made
        return any(symptom == "cotangent_ignored" for symptom, _ in broken)

    def _compare_value(self, function: Function, value: float) -> None:
        expected, tolerance = float(function.given[0]), float(function.noise[0])
        if not abs(value - expected) <= tolerance:
            self.findings.append(
                Finding("(1)", None, "value", None, self.name, None, value, expected, tolerance, "f",
                        message="the value that comes with the gradient is not that of f")
            )  # fmt: skip


class _Unsteady(Breach):
    """f is not the same function at the end as at the beginning."""
