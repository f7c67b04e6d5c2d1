"""A fault is one small deviation from one equation: a decorated function that computes what the mistake gives.

    @fault("hidden_derivative_missing", "recursion", summary="the factor σ'(z^l) is missing", remedy="Multiply …")
    def _without_derivative(p, l):
        return p.back(l)

A file holds the faults of its equations, in the order in which they are tried: the simplest and commonest first. The
docstring of the function has two paragraphs: the formula, in TeX, and how the mistake shows in the numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from inspect import cleandoc
from typing import NamedTuple

from minibp.activations import Activation
from minibp.arrays import Array
from minibp.check.faults.pass_state import Number, PassState

Formula = Callable[[PassState, int], Number]
"""The result of a step at a layer; None where the fault changes nothing there (unequal widths, another activation)."""
Curve = Callable[[PassState, int, float], Number]
"""The same of a fault with a constant, which comes last."""


class Piece(NamedTuple):
    """The one of the three pieces of (22) that a fault changes: δ^l = (error @ weights) ⊙ factor."""

    name: str
    """"error", "weights" or "factor"."""
    formula: Formula
    along: Formula | None = None
    """For a fault with a constant c: the piece is formula + c · along."""


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
    "gradient": Step("(6)", "nabla_w"),
}
"""The steps of a pass, at each of which it may go wrong.

`shares` are what each example counts in the mean (6) of both gradients, `shares_b` and `shares_w` in one of them;
`products` are the terms of the mean for ∂C/∂W. `gradient` is what is done to the whole gradient at last.
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
    curves: tuple[Curve, ...] = ()
    """For a fault with a constant that its result is not linear in: the formulas with any constant."""
    suggest: Callable[[PassState, int, Array], Array] | None = None
    """The constants that each entry of a result of the step would come of, where they follow from it."""
    other: Callable[[Activation, float], Activation | None] | None = None
    """For a layer that has another activation, in (14) and in its derivative: that activation, with its constant."""
    typical: float | None = None
    """A usual value of the constant; None for a fault without one."""
    pieces: tuple[Piece, ...] = ()
    """For a fault of (22) that changes one piece of it: that piece, for each formula."""
    message: Callable[[PassState, int, int, float], str] | None = None
    """The mistake with its particulars, from a pass, a layer, the index of the formula and the constant."""
    text: str = ""
    """The docstring of what computes it: its formula in TeX, an empty line, and how it shows in the numbers."""

    @property
    def tex(self) -> str:
        """The formula of the mistake, in TeX; "" where docstrings are left out of the program."""
        return self.text.partition("\n\n")[0].strip("$.")

    @property
    def shows(self) -> str:
        """How the mistake shows in the numbers, and where it does not; likewise."""
        return " ".join(self.text.partition("\n\n")[2].split())

    @property
    def updates_weights(self) -> bool:
        """True where the result depends on ∂C/∂W of the layer above, that of the whole batch."""
        return any(piece.name == "weights" and piece.along is not None for piece in self.pieces)

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
    typical: float | None = None,
    pieces: tuple[Piece, ...] = (),
    message: Callable[[PassState, int, int, float], str] | None = None,
) -> Callable[[Formula], Fault]:
    """The decorator that makes a fault of the function that computes it; `variants` are other ways to write it.

    >>> @fault("bias_twice", "z", summary="b^l is added twice", remedy="Add b^l once.")
    ... def _with_two_biases(p, l):
    ...     "$z^l = W^l a^{l-1} + 2 b^l$."
    ...     return p.a[l - 1] @ p.w[l].T + 2 * p.b[l]
    >>> _with_two_biases.id, _with_two_biases.equation, _with_two_biases.tensor, _with_two_biases.tex
    ('bias_twice', '(13)', 'nabla_b', 'z^l = W^l a^{l-1} + 2 b^l')
    """

    def decorate(formula: Formula) -> Fault:
        formulas = (formula, *variants)
        return Fault(
            id, step, summary, remedy, formulas, along,
            typical=typical, pieces=pieces, message=message, text=_text_of(formula),
        )  # fmt: skip

    return decorate


def fault_with_constant(
    id: str,  # noqa: A002 (as the field)
    step: str,
    *,
    summary: str,
    remedy: str,
    typical: float,
    variants: tuple[Curve, ...] = (),
    suggest: Callable[[PassState, int, Array], Array] | None = None,
    other: Callable[[Activation, float], Activation | None] | None = None,
    message: Callable[[PassState, int, int, float], str] | None = None,
) -> Callable[[Curve], Fault]:
    """The same of a function of the constant, too: one that the result is not linear in.

    >>> @fault_with_constant("bias_squared", "z", summary="…", remedy="…", typical=2.0)
    ... def _with_a_power(p, l, c):
    ...     return p.a[l - 1] @ p.w[l].T + p.b[l] ** c
    >>> _with_a_power.typical, len(_with_a_power.curves)
    (2.0, 1)
    """

    def decorate(curve: Curve) -> Fault:
        curves = (curve, *variants)
        formulas = tuple(partial(_at, one, typical) for one in curves)
        return Fault(
            id, step, summary, remedy, formulas,
            curves=curves, suggest=suggest, other=other, typical=typical, message=message, text=_text_of(curve),
        )  # fmt: skip

    return decorate


def _text_of(function: Callable[..., Number]) -> str:
    return cleandoc(function.__doc__ or "")


def _at(curve: Curve, constant: float, p: PassState, l: int) -> Number:
    return curve(p, l, constant)
