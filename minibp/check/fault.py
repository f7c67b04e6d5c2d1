"""A fault is one small deviation from one equation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minibp.check.values import Values

Formula = Callable[[Values, int], Any]
"""What a step gives at a layer; None where the fault makes no difference there (unequal widths, another activation)."""

STEPS = (
    "z", "a", "output", "recursion", "shares", "shares_b", "shares_w", "bias", "weight", "products", "l2_weights",
    "l2_biases",
)  # fmt: skip
"""The steps of a pass at each of which it may go wrong: (13), (14), (17), (22), (6), and so on down to L2."""


@dataclass(frozen=True)
class Fault:
    """One entry of the catalogue."""

    id: str
    step: str
    equation: str
    """The number of the equation that it breaks; "" stands for the equation of δ^L, (17) or (26)."""
    summary: str
    """What the code does instead, as a clause."""
    remedy: str
    """How to mend it, as a sentence."""
    formulas: tuple[Formula, ...]
    """What it computes; more than one where the same slip is written in several ways, the commonest first."""
    along: Formula | None = None
    """For a fault with a constant c: the result is formulas[0] + c · along."""
    tensor: str = "nabla_b"
    """Where it shows first."""
