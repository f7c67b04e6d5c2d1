"""A fault is one small deviation from one equation: a decorated function that computes what the mistake gives.

    @fault("hidden_derivative_missing", "recursion", summary="the factor σ'(z^l) is missing", remedy="Multiply …")
    def _without_derivative(p, l):
        return p.back(l)

A file holds the faults of its equations, in the order in which they are tried: the simplest and commonest first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from minibp.check.faults.pass_state import Number, PassState

Formula = Callable[[PassState, int], Number]
"""The result of a step at a layer; None where the fault changes nothing there (unequal widths, another activation)."""


class Step(NamedTuple):
    """One computation of a pass, at one layer."""

    equation: str
    """The number of its equation; "" stands for the equation of δ^L, (17) or (26)."""
    tensor: str
    """The gradient in which a fault of the step shows first."""


PASS_STEPS = {
    "z": Step("(13)", "nabla_b"),
    "a": Step("(14)", "nabla_b"),
    "output": Step("", "nabla_b"),
    "recursion": Step("(22)", "nabla_b"),
    "bias": Step("(23)", "nabla_b"),
    "weight": Step("(24)", "nabla_w"),
    "shares": Step("(6)", "nabla_b"),
    "shares_b": Step("(23)", "nabla_b"),
    "shares_w": Step("(24)", "nabla_w"),
    "products": Step("(6)", "nabla_w"),
    "l2_weights": Step("(27)", "nabla_w"),
    "l2_biases": Step("(27)", "nabla_b"),
}
"""The steps of a pass, at each of which it may go wrong.

`shares` are what each example counts in the mean (6) of both gradients, `shares_b` and `shares_w` in one of them;
`products` are the terms of the mean for ∂C/∂W.
"""


@dataclass(frozen=True)
class Fault:
    """One entry of the catalogue."""

    id: str
    step: str
    summary: str
    """The mistake, as a clause."""
    remedy: str
    """Its correction, as a sentence."""
    formulas: tuple[Formula, ...]
    """The result of the mistake; more than one where the same mistake is written in several ways, the commonest first.
    """
    along: Formula | None = None
    """For a fault with a constant c, which is fitted: the result is formulas[0] + c · along."""

    @property
    def equation(self) -> str:
        """The number of the equation that it breaks; "" stands for the equation of δ^L, (17) or (26)."""
        return PASS_STEPS[self.step].equation

    @property
    def tensor(self) -> str:
        """The gradient in which it shows first."""
        return PASS_STEPS[self.step].tensor


def fault(
    id: str,  # noqa: A002 (as the field)
    step: str,
    *,
    summary: str,
    remedy: str,
    variants: tuple[Formula, ...] = (),
    along: Formula | None = None,
) -> Callable[[Formula], Fault]:
    """The decorator that makes a fault of the function that computes it; `variants` are other ways to write it.

    >>> @fault("bias_twice", "z", summary="b^l is added twice", remedy="Add b^l once.")
    ... def _with_two_biases(p, l):
    ...     return p.a[l - 1] @ p.w[l].T + 2 * p.b[l]
    >>> _with_two_biases.id, _with_two_biases.equation, _with_two_biases.tensor
    ('bias_twice', '(13)', 'nabla_b')
    """

    def decorate(formula: Formula) -> Fault:
        return Fault(id, step, summary, remedy, (formula, *variants), along)

    return decorate
