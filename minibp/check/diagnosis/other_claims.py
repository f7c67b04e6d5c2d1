"""The diagnosis of claims: another convention than the one that was claimed, by which the code would be correct."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from minibp import batched
from minibp.check.diagnosis.own_cost import DENOMINATOR, near_fraction
from minibp.check.diagnosis.stability import fails
from minibp.check.layout import row_of_gradient
from minibp.check.rounding.whole_pass import bound
from minibp.check.subject.calling import Subject, call
from minibp.check.subject.specification import Setting
from minibp.network import Gradient
from minibp.problem import Problem

WORDS = {
    "soft": "any targets",
    "one_hot": "one-hot targets",
    "labels": "labels, integers from 0",
    "signs": "targets of 1 and -1",
}


def other_claim(subject: Subject, setting: Setting, seed: int) -> str:
    """The words for another claim by which the code is correct on well-conditioned networks; "" where there is none.

    Nor is there where it is correct on these as it is claimed: what is wrong is something else then.
    """
    if _is_correct(subject, setting, seed):
        return ""
    return next((words for other, code, words in _others(subject, setting, seed) if _is_correct(code, other, seed)), "")


def _is_correct(subject: Subject, setting: Setting, seed: int) -> bool:
    """True where all gradients that the subject returns on well-conditioned networks are right, and there are some."""
    problems = setting.bases(seed)
    if 1 in (setting.batch_sizes or (1,)):  # of one batch size a mean and a part of a sum are the same
        problems += [setting.rows(problem, 0, 1) for problem in problems]
    fp = setting.claim.arithmetic(setting.dtype, getattr(subject, "rate", None))

    def called(problem: Problem) -> Gradient | None:
        return call(subject, problem, setting.claim).gradient

    answered = [problem for problem in problems if called(problem) is not None]
    return bool(answered) and not any(fails(problem, called, fp) for problem in answered)


def _others(subject: Subject, setting: Setting, seed: int) -> Iterator[tuple[Setting, Subject, str]]:
    """Settings with one claim changed, the code for them, and what to say where the code is correct for it."""
    claim = setting.claim
    for other in getattr(subject, "alternatives", ()):
        yield setting, other.subject, other.words
    for targets, words in WORDS.items():
        if targets != claim.targets and (targets != "signs" or _takes_signs(setting)):
            changed = replace(setting, claim=replace(claim, targets=targets))
            yield changed, subject, f'correct for {words}: pass targets="{targets}"'
    if claim.biases and _ignores_biases(subject, setting, seed):
        unbiased = replace(setting, claim=replace(claim, biases=False))
        yield unbiased, subject, "correct for a network without biases: pass biases=False"
    other_reduction = "mean" if claim.reduction == "sum" else "sum"
    reduced = replace(setting, claim=replace(claim, reduction=other_reduction))
    yield reduced, subject, f'correct for the {other_reduction} over the examples: pass reduction="{other_reduction}"'
    for base in (setting, reduced):
        pass_reduction = "" if base is setting else f', reduction="{other_reduction}"'
        factor = factor_of(subject, base, seed)
        if factor is not None and factor.ratio > 0 and factor.ratio != 1:
            scale = base.claim.cost_scale * near_fraction(factor.ratio, factor.error)
            scaled = replace(base, claim=replace(base.claim, cost_scale=scale))
            said = f"cost_scale={_said(scale)}{pass_reduction}"
            yield scaled, subject, f"correct for {scale:.6g} times this cost: pass {said}"
        if setting.l2:
            over = "nothing" if claim.l2_over == "examples" else "examples"
            penal = replace(base, claim=replace(base.claim, l2_over=over))
            formula = "α/2 Σ w²" if over == "nothing" else "α/(2m) Σ w²"
            yield penal, subject, f'correct for the penalty {formula}: pass l2_over="{over}"{pass_reduction}'


def _ignores_biases(subject: Subject, setting: Setting, seed: int) -> bool:
    """True where the derivatives by the weights are the same, bit for bit, whatever the biases are."""
    claim, problem = replace(setting.claim, biases=False), setting.bases(seed)[-1]
    unbiased = claim.problem(problem.network, problem.cost, problem.x, problem.y, setting.l2)
    both = [call(subject, one, claim).gradient for one in (problem, unbiased)]
    kinds = [one.nabla_w for one in both if one is not None]
    return len(kinds) == len(both) and all(map(np.array_equal, *kinds))


def _takes_signs(setting: Setting) -> bool:
    """True where the cost is defined for negative targets."""
    return setting.cost.name not in ("cross_entropy", "categorical_cross_entropy")


class Factor(NamedTuple):
    """How many times as large a gradient is as the one that is claimed."""

    ratio: float
    error: float
    """Relative, by the bounds of both."""


def factor_of(subject: Subject, setting: Setting, seed: int) -> Factor | None:
    """The ratio of the gradient of the examples to the one that is claimed, at the entry that tells it best.

    Where there is a penalty, of those by biases, which have none, unless the cost does not depend on any. None where
    there is no such ratio.
    """
    problem = setting.bases(seed)[-1]
    result = call(subject, problem, setting.claim).gradient
    if result is None:
        return None
    exact = problem.astype("float64")
    held = batched.backprop(exact.network, exact.cost, exact.x, exact.y, exact.l2).gradient
    limits = bound(exact, setting.claim.arithmetic(setting.dtype, getattr(subject, "rate", None))).gradient
    if setting.l2 and setting.claim.biases and held.nabla_b[-1].any():
        ours, got, limit = (each.nabla_b[-1] for each in (held, result, limits))
    else:
        ours, got, limit = map(row_of_gradient, (held, result, limits))
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.where(np.isfinite(got) & (got != 0), limit / np.abs(got), np.inf)
    at = int(np.argmin(np.where(ours != 0, errors, np.inf)))
    return Factor(float(got[at] / ours[at]), float(errors[at])) if ours[at] and np.isfinite(errors[at]) else None


def _said(scale: float) -> str:
    """A factor as it is passed: a fraction, or all digits."""
    fraction = Fraction(scale).limit_denominator(DENOMINATOR)
    return str(fraction) if float(fraction) == scale else repr(scale)
