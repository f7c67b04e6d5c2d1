"""The conclusion of a comparison: the verdict, the findings of the diagnosis, and the smallest failing problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from minibp.check.backprop.comparison import Comparison, kind_of
from minibp.check.diagnosis.conventions import in_convention
from minibp.check.diagnosis.depth import with_depth
from minibp.check.diagnosis.findings import diagnose
from minibp.check.diagnosis.other_claims import other_claim
from minibp.check.diagnosis.own_cost import cost_finding
from minibp.check.diagnosis.stability import (
    UNSATURATED,
    fails,
    fails_below_the_output,
    is_rounding,
    reason,
    scaled,
)
from minibp.check.faults.injection import needs_equal_widths
from minibp.check.generation import smallest
from minibp.check.oracles.jax_autodiff import compilation_cache
from minibp.check.oracles.jax_autodiff import oracle as jax_oracle
from minibp.check.report.finding import Finding
from minibp.check.report.network_errors import network_errors
from minibp.check.report.report import Report
from minibp.check.report.tensor_errors import TensorErrors
from minibp.check.report.wording import ORACLE_NAMES
from minibp.check.subject.calling import is_of_state, is_one_for_all, name_of, repeats
from minibp.check.subject.specification import ONE
from minibp.costs import fuses
from minibp.problem import Problem
from minibp.text import counted

SLOW_SECONDS = 2.0
"""The time to load JAX's program from the cache, at most: one that takes longer was compiled, and a note says so."""
SHRINK_CALLS = 400
"""Most calls of the subject in the search for the smallest failing problem."""
AGAIN = 8
"""So many failing problems are asked twice before what is off counts as rounding: chance may hide that calls differ."""
OVERFLOW = (
    "the gradient is right where numbers are moderate. Exponentiate only what is not positive, or use NumPy's "
    "functions, which give infinity"
)


class Conclusion:
    """What a comparison comes to."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.subject, self.setting, self.seed = comparison.subject, comparison.setting, comparison.seed
        self.call, self.fp, self.name = comparison.call, comparison.fp, name_of(comparison.subject)

    def report(self) -> Report:
        """The verdict, its findings and the evidence."""
        failing = [problem for problem, *_ in self.comparison.mismatches]
        notes = self._notes()
        example = self._smallest_without_gradient() if self.comparison.without_gradient else None
        verdict, findings = self._of_contract()
        if failing:
            rounding = not (verdict == "correct" and findings)
            rounding = rounding and all(is_rounding(problem, self.call, self.fp) for problem in failing)
            if rounding and (state := self._of_state(failing)):
                rounding, findings = False, [state]
            verdict = "unstable" if rounding else "wrong"
            example = self._smallest(lambda problem: fails(problem, self.call, self.fp), SHRINK_CALLS) or failing[0]
            found = self._unstable(example) if rounding else self._mistakes(failing, example)
            example = example if rounding or not found else self._showing(found[0], example)
            findings, raised = self._with_explained(findings, found)
            notes += raised
            findings = [finding for finding in findings if is_of_state(finding)] or findings  # the rest comes of it
        else:
            found, note = self._of_cost()
            findings += found
            notes += note
            if not self.comparison.evidence.has_compared() and not findings:
                verdict = "undecided"
                notes.append("no oracle could bound its own error on any entry")
        if findings and verdict == "correct":
            verdict = "wrong"
        claim = self._other_claim(findings) if verdict == "wrong" else ""
        if claim:
            notes.insert(0, claim)
            findings = [one for one in findings if one.fault] or findings[:1]  # the rest comes of the claim
        return self.comparison.evidence.report(
            verdict,
            seed=self.seed,
            findings=findings,
            counterexample=example,
            notes=notes,
            again=f"seed={self.seed}",
            errors=self._errors(example),
        )

    def _errors(self, example: Problem | None) -> tuple[TensorErrors, ...]:
        """The errors in the failing problem, or else in that of the largest error / tolerance."""
        gradient = None if example is None else self.call(example)
        if example is None and self.comparison.shown is not None:
            _, example, gradient = self.comparison.shown
        return () if example is None or gradient is None else network_errors(example, gradient, self.fp)

    def _of_contract(self) -> tuple[str, list[Finding]]:
        """The verdict, and the findings on the calling contract, as far as these go."""
        findings = list(self.comparison.contract_findings.values())
        if self._only_overflows():
            return "unstable", [replace(one, message=f"{one.message}; {OVERFLOW}") for one in findings]
        if self.comparison.without_gradient:
            findings = with_depth(findings, self.subject, self.setting, self.seed)
        return "correct", findings

    def _of_state(self, failing: list[Problem]) -> Finding | None:
        """A finding that two calls differ by more than rounding, which chance may have hidden before."""
        for problem in failing[:AGAIN]:
            for finding in repeats(self.subject, problem, self.setting.claim).findings:
                if is_of_state(finding):
                    return finding
        return None

    def _with_explained(self, contract: list[Finding], found: list[Finding]) -> tuple[list[Finding], list[str]]:
        """All findings; a breach of the contract that comes of a named mistake is a note beside it.

        A product by the wrong side of W raises where widths differ; a sum without an axis has no axes.
        """
        raising = self.comparison.without_gradient
        named = [one for one in found if one.fault]
        raises = raising and all(any(needs_equal_widths(one.fault or "", p) for one in named) for p in raising)
        sums = any(one.tensor == "nabla_b" and one.equation == "(23)" for one in named)
        notes: dict[int, str] = {}
        for one in contract:
            if raises and one.message.startswith("raised"):
                notes[id(one)] = f"where widths differ {self.name} {one.message}"
            elif sums and is_one_for_all(one):
                notes[id(one)] = one.message
        return [one for one in contract if id(one) not in notes] + found, [*notes.values()]

    def _mistakes(self, failing: list[Problem], example: Problem) -> list[Finding]:
        """The findings of the diagnosis; none where what is off is the rounding of arrays of fewer digits."""
        if self._has_fewer_digits():
            coarse = self.setting.claim.arithmetic("float32")
            if not any(fails(problem, self.call, coarse) for problem in failing):
                return []
            self.fp = coarse
        return self._wrong(failing, example)

    def _other_claim(self, findings: list[Finding]) -> str:
        """Another claim by which the code is correct; "" where there is none, or where it is not about gradients."""
        off = self.comparison.mismatches or self.comparison.without_gradient
        if not off or any(map(is_of_state, findings)):
            return ""
        return other_claim(self.subject, self.setting, self.seed)

    def _notes(self) -> list[str]:
        """Remarks on the oracles, and on what the subject returned."""
        notes = [f"{ORACLE_NAMES[name]} was not asked: {why}" for name, why in self.comparison.absent.items()]
        if jax_oracle.prepared() > SLOW_SECONDS:
            notes.append(f"JAX compiled its program for {jax_oracle.prepared():.1f} s, which it does once")
        notes += filter(None, [compilation_cache.advice()])
        if self.comparison.outvoted:
            entries = counted(self.comparison.outvoted, "gradient entry", "gradient entries")
            notes.append(
                f"finite differences alone disagreed on {entries}: of your own functions their error is estimated, "
                "not derived, and a high-accuracy oracle agrees there"
            )
        if self.setting.rate is not None:
            eta = repr(self.setting.rate).removesuffix(".0")
            notes.append(f"η = {eta} is fitted: a factor of the whole gradient is not told from it")
        if self.setting.outputs == ONE:
            notes.append(f"{self.name} takes labels of one output, 0 and 1, and of several none")
        if self.setting.few_shapes:
            sizes = " and ".join("-".join(map(str, one)) for one in self.setting.sizes or ())
            notes.append(f"JAX compiles {self.name} for each shape: networks of the sizes {sizes} alone were drawn")
        if self.setting.domain != "any numbers":
            name = self.setting.cost.name
            notes.append(f"targets are drawn as {self.setting.domain}: {name} is not finite at others")
        return [*notes, *self.comparison.remarks]

    def _has_fewer_digits(self) -> bool:
        """True where arrays of fewer digits than the parameters' were returned."""
        return any(" has dtype " in one.message for one in self.comparison.contract_findings.values())

    def _only_overflows(self) -> bool:
        """True where all that is missing is missing since a number overflowed, and is right where z is moderate."""
        if not self.comparison.overflowed or len(self.comparison.overflowed) < len(self.comparison.without_gradient):
            return False
        calm = [scaled(problem, most=UNSATURATED) for problem in self.comparison.overflowed]
        return not any(fails(problem, self.call, self.fp) for problem in calm)

    def _of_cost(self) -> tuple[list[Finding], list[str]]:
        """The finding or the note on the cost that comes with the gradient, where the two disagree."""
        problems = self.setting.given or self.setting.bases(self.seed)
        finding, note = cost_finding(lambda problem: self.comparison.result(problem).cost, problems, self.fp, self.name)
        return [finding] if finding else [], [note] if note else []

    def _smallest(self, holds: Callable[[Problem], bool], calls: int) -> Problem | None:
        """The simplest problem for which this holds, of those found with a limited number of calls."""
        if self.setting.given:
            rows = [self.setting.rows(p, i, i + 1) for p in self.setting.given for i in range(p.m)]
            return next((one for one in [*rows[:calls], *self.setting.given] if holds(one)), None)
        seen: dict[str, bool] = {}

        def once(problem: Problem) -> bool:
            key = repr(problem)
            if key not in seen:  # a problem that is replayed has the same result
                seen[key] = len(seen) < calls and holds(problem)
            return seen[key]

        found = next(filter(once, self.setting.simplest()), None)
        found = found or smallest(self.setting.strategy(), once, self.seed)
        return found if found is not None and holds(found) else None

    def _smallest_without_gradient(self) -> Problem:
        """The smallest problem that the subject returns nothing usable for; the findings then speak of it."""
        example = self._smallest(lambda problem: self.call(problem) is None, SHRINK_CALLS)
        example = example or self.comparison.without_gradient[0]
        for finding in self.comparison.result(example).findings:
            if kind_of(finding) in self.comparison.contract_findings:
                self.comparison.contract_findings[kind_of(finding)] = finding
        return example

    def _showing(self, first: Finding, example: Problem) -> Problem:
        """The example; or one with hidden layers, where these are wrong first and it failed for another reason."""
        if first.equation != "(22)" or len(example.network.weights) > 1:
            return example
        found = self._smallest(lambda problem: fails_below_the_output(problem, self.call, self.fp), SHRINK_CALLS)
        return found or example

    def _wrong(self, failing: list[Problem], example: Problem) -> list[Finding]:
        """The findings on well-conditioned networks; where there are none, on those that failed."""
        depth = len(example.network.weights)
        for problems in (self.setting.bases(self.seed), self.setting.bases(self.seed, depth), [example], failing[:1]):
            claim = self.setting.claim
            found = diagnose(
                self.call, problems, self.fp, self.name,
                biases=claim.biases, rows=self.setting.rows, sums=claim.reduction == "sum",
            )  # fmt: skip
            if found:
                found = in_convention(found, problems, self.setting.claim.reduction)
                return [self._in_words(finding) for finding in found]
        _, mismatch, oracle = self.comparison.mismatches[0]
        return [Finding.of_mismatch(mismatch, self.name, oracle)]

    def _in_words(self, finding: Finding) -> Finding:
        """The finding, in words for a mean where a sum was specified: divided by m it is a mean taken twice."""
        if self.setting.claim.reduction == "sum" and finding.fault == "mean_twice":
            return replace(finding, message='the examples are averaged, and reduction="sum" says that they are summed')
        return finding

    def _unstable(self, example: Problem) -> list[Finding]:
        """The place and the cause of the lost digits, in the smallest problem that shows them to the oracles."""
        again = Comparison(self.subject, self.setting, self.seed)
        again.look([example])
        problem, mismatch, oracle = (again.mismatches or self.comparison.mismatches)[0]
        held = self.call(problem)
        assert held is not None
        layer = mismatch.segment.layer or 0
        call = self.call if self.setting.claim.biases else None  # what is asked of an output is asked by biases
        fault, message = reason(problem, layer, held, call, self.setting.problem)
        equation = "(22)"
        if layer == len(problem.network.weights) + 1:
            equation = "(26)" if fuses(problem.cost, problem.network.activations[-1]) else "(17)"
        finding = Finding.of_mismatch(mismatch, self.name, oracle)
        return [replace(finding, equation=equation, fault=fault, message=message)]
