"""The diagnosis of a cost that comes with a gradient: whether the gradient is that of this cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from minibp import batched
from minibp.arrays import Array
from minibp.check.report.finding import Finding
from minibp.check.rounding.arithmetic import Arithmetic
from minibp.check.rounding.whole_pass import bound
from minibp.check.tolerance import within
from minibp.costs import CategoricalCrossEntropy, CrossEntropy
from minibp.problem import Problem

FAULT = "cost_disagrees"
DENOMINATOR = 64
"""A factor is taken as a fraction with a divisor of at most this, where one is near."""


class CostPair(NamedTuple):
    """A cost that a subject returned, and what it should be."""

    problem: Problem
    got: float
    data: float
    """The mean over the examples."""
    penalty: float
    tolerance: float

    @property
    def expected(self) -> float:
        """The cost by (9), (25) or (27)."""
        return self.data + self.penalty


def cost_finding(
    cost_at: Callable[[Problem], float | None], problems: Sequence[Problem], fp: Arithmetic, name: str
) -> tuple[Finding | None, str]:
    """A finding on a cost that is another than that of the gradient; or a note, where half of its digits agree.

    What is off by less comes of an epsilon inside a logarithm, say, which the gradient does not have. Where outputs
    saturate, or the cost is near 0, such an epsilon changes more, and is looked for.
    """
    pairs = [pair for pair in (_pair(problem, cost_at(problem), fp) for problem in problems) if pair is not None]
    off = [pair for pair in pairs if not within(np.array(pair.got), pair.expected, pair.tolerance)]
    if not off:
        return None, ""
    worst = max(off, key=lambda pair: abs(pair.got - pair.expected) / (abs(pair.expected) or 1))
    if abs(worst.got - worst.expected) <= math.sqrt(fp.u) * abs(worst.expected):
        share = abs(worst.got - worst.expected) / abs(worst.expected)
        return None, f"the cost that {name} returns is off by {share:.1g} of its value, its gradient is not"
    guard = _guard(pairs, worst, math.sqrt(fp.u))
    if guard:
        return None, f"the cost that {name} returns {guard}, its gradient has none"
    equation = "(25)" if isinstance(worst.problem.cost, CrossEntropy | CategoricalCrossEntropy) else "(9)"
    constant, how = _explained(pairs)
    return Finding(
        "(27)" if worst.penalty else equation, None, "cost", FAULT, name, (), worst.got, worst.expected,
        worst.tolerance, "core",
        message=f"the cost that is returned and the gradient disagree{how}",
        constant=constant,
    ), ""  # fmt: skip


GUARDS: dict[str, Callable[[Array, float], Array]] = {
    "has {:.2g} added in its logarithms": lambda p, epsilon: p + epsilon,
    "has its logarithms clipped at {:.2g}": np.maximum,
}
"""What keeps the logarithm of a probability finite."""
LEAST_EPSILON = 1e-300
HALVINGS = 60
"""Of the interval of its logarithm, in which an epsilon is looked for: until its last digits are found."""


def _guard(pairs: Sequence[CostPair], worst: CostPair, most: float) -> str:
    """The epsilon of at most `most` that explains all costs, in words; "" where there is none."""
    for words, guarded in GUARDS.items():
        low, high = math.log(LEAST_EPSILON), math.log(most)
        for _ in range(HALVINGS):  # the larger it is, the less is the cost
            middle = (low + high) / 2
            low, high = (middle, high) if _guarded_cost(worst, guarded, math.exp(middle)) > worst.got else (low, middle)
        epsilon = math.exp(low)
        if all(abs(_guarded_cost(pair, guarded, epsilon) - pair.got) <= pair.tolerance for pair in pairs):
            return words.format(epsilon)
    return ""


def _guarded_cost(pair: CostPair, guarded: Callable[[Array, float], Array], epsilon: float) -> float:
    """The cost with an epsilon in its logarithms; NaN of a cost that has none."""
    exact = pair.problem.astype("float64")
    a, y = batched.feedforward(exact.network, exact.x), exact.y
    terms = y * np.log(guarded(a, epsilon))
    if isinstance(exact.cost, CrossEntropy):
        terms = terms + (1 - y) * np.log(guarded(1 - a, epsilon))
    elif not isinstance(exact.cost, CategoricalCrossEntropy):
        return math.nan
    return pair.penalty - float(terms.sum(-1).mean())


def _pair(problem: Problem, got: float | None, fp: Arithmetic) -> CostPair | None:
    if got is None:
        return None
    exact = problem.astype("float64")
    held = batched.backprop(exact.network, exact.cost, exact.x, exact.y, exact.l2)
    penalty = float(exact.l2.value(exact.network.weights, exact.m))
    # From a, as textbooks write it, and not from z: ln a has the error of a over a, and so has ln(1 − a).
    steep = np.abs(exact.cost.gradient(held.a[-1], exact.y)) * (np.abs(held.a[-1]) + 1)
    of_outputs = float((fp.f + 3) * fp.u * steep.sum(-1).mean())
    error = float(bound(exact, fp).cost) + of_outputs
    if not math.isfinite(error):  # a is so near to 0 or 1 that the logarithm of what is left may be anything
        return None
    return CostPair(problem, got, float(held.cost) - penalty, penalty, error)


def _explained(pairs: Sequence[CostPair]) -> tuple[float | None, str]:
    """The factor of the cost, where one explains several costs, and in words what is off."""
    outputs = [float(pair.problem.y.shape[1]) for pair in pairs]
    ones = [1.0] * len(pairs)
    whole, data = [pair.expected for pair in pairs], [pair.data for pair in pairs]
    nothing, penalties = [0.0] * len(pairs), [pair.penalty for pair in pairs]
    for terms, added, divisors, words in (
        (whole, nothing, ones, "the cost is {c} times the one whose gradient it is"),
        (data, nothing, ones, "the cost is {c} times the one whose gradient it is, without the penalty of (27)"),
        (data, penalties, ones, "in the cost the examples count {c} times, and the penalty of (27) once"),
        (whole, nothing, outputs, "the cost is {c}/n times the one whose gradient it is, n being the outputs"),
    ):
        shares = [term / divisor for term, divisor in zip(terms, divisors, strict=True)]
        at = int(np.argmax(np.abs(shares)))
        if not shares[at]:
            continue
        ratio = (pairs[at].got - added[at]) / shares[at]
        c = near_fraction(ratio, pairs[at].tolerance / abs(shares[at] * ratio) if ratio else 0.0)
        fits = [
            abs(pair.got - more - c * share) <= 2 * (1 + abs(c)) * pair.tolerance
            for pair, share, more in zip(pairs, shares, added, strict=True)
        ]
        if len(pairs) > 1 and all(fits):
            if c == 1:
                return None, ": the cost leaves out the penalty of (27)"
            return c, ": " + words.format(c=f"{c:.6g}")
    return None, ""


def near_fraction(ratio: float, error: float) -> float:
    """The fraction that a ratio, measured with a relative error, is meant to be; or the ratio where none is so near."""
    near = float(Fraction(ratio).limit_denominator(DENOMINATOR)) if math.isfinite(ratio) else ratio
    return near if abs(near - ratio) <= error * abs(ratio) else ratio
