"""Faults of the forward pass, (13) and (14)."""

from __future__ import annotations

from minibp.check.faults.fault import fault
from minibp.check.faults.pass_state import Number, PassState


def equation_13(p: PassState, l: int) -> Number:
    """z^l = W^l a^{l-1} + b^l."""
    return p.a[l - 1] @ p.w[l].T + p.b[l]


def equation_14(p: PassState, l: int) -> Number:
    """a^l = σ(z^l)."""
    return p.value(l, p.z[l])


@fault(
    "bias_omitted",
    "z",
    summary="z^l is W^l a^{l-1}, without the bias",
    remedy="Add b^l to the weighted input.",
)
def _without_bias(p: PassState, l: int) -> Number:
    return p.a[l - 1] @ p.w[l].T


@fault(
    "activation_omitted",
    "a",
    summary="a^l is z^l, without the activation function",
    remedy="Apply σ to z^l before passing it to the next layer.",
)
def _weighted_input_alone(p: PassState, l: int) -> Number:
    return p.z[l]
