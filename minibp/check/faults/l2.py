"""Faults of the L2 term of the gradient, (27)."""

from __future__ import annotations

import numpy as np

from minibp.check.faults.fault import fault
from minibp.check.faults.pass_state import Number, PassState


def equation_27(p: PassState, l: int) -> Number:
    """The L2 term of ∂C/∂W^l, (α/m) W^l."""
    return p.exact(p.w[l]) * (p.alpha / p.m)


@fault(
    "l2_missing",
    "l2_weights",
    summary="∂C/∂W has no L2 term",
    remedy="Add (α/m) W^l to ∂C/∂W^l.",
)
def _no_term(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial W^l = \partial C_0/\partial W^l$.

    ∂C/∂b is right; ∂C/∂W lacks (α/m) W, the more the larger the weights are. With α = 0 nothing is off.
    """
    return equation_27(p, l) * 0.0


@fault(
    "l2_not_divided_by_m",
    "l2_weights",
    summary="the L2 term is α W, not divided by the number of examples",
    remedy="Add (α/m) W^l.",
)
def _not_divided(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial W^l = \partial C_0/\partial W^l + \alpha W^l$.

    ∂C/∂b is right; the penalty is m times too strong, and weights shrink. With one example nothing is off.
    """
    return equation_27(p, l) * float(p.m)


@fault(
    "l2_factor_two",
    "l2_weights",
    summary="the L2 term is twice (α/m) W",
    remedy="The derivative of α/(2m) w² is (α/m) w.",
)
def _twice_the_term(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial W^l = \partial C_0/\partial W^l + \tfrac{2\alpha}{m} W^l$.

    ∂C/∂b is right; the penalty is twice as strong, as of α/m Σ w² without the ½.
    """
    return equation_27(p, l) * 2.0


@fault(
    "l2_factor_half",
    "l2_weights",
    summary="the L2 term is half of (α/m) W",
    remedy="The derivative of α/(2m) w² is (α/m) w: the ½ cancels.",
)
def _half_of_the_term(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial W^l = \partial C_0/\partial W^l + \tfrac{\alpha}{2m} W^l$.

    ∂C/∂b is right; the penalty is half as strong.
    """
    return equation_27(p, l) * 0.5


@fault(
    "l2_sign_flipped",
    "l2_weights",
    summary="the L2 term is subtracted",
    remedy="Add (α/m) W^l.",
)
def _term_subtracted(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial W^l = \partial C_0/\partial W^l - \tfrac{\alpha}{m} W^l$.

    ∂C/∂b is right; weights grow where they should decay.
    """
    return -equation_27(p, l)


@fault(
    "l1_for_l2",
    "l2_weights",
    summary="the term is (α/m) sign(W), that of an L1 penalty",
    remedy="Add (α/m) W^l.",
)
def _sign_of_weights(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial W^l = \partial C_0/\partial W^l + \tfrac{\alpha}{m}\,\mathrm{sign}(W^l)$.

    ∂C/∂b is right; small weights are pulled to 0 as strongly as large ones. Where |w| is about 1 it looks right.
    """
    return p.exact(np.sign(p.w[l])) * (p.alpha / p.m)


@fault(
    "l2_on_biases",
    "l2_biases",
    summary="(α/m) b is added to ∂C/∂b",
    remedy="L2 is on weights alone, (28): leave the biases out.",
)
def _term_of_biases(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial b^l = \partial C_0/\partial b^l + \tfrac{\alpha}{m} b^l$.

    ∂C/∂W is right; biases decay, too. With biases of 0 nothing is off.
    """
    return p.exact(p.b[l]) * (p.alpha / p.m)


@fault(
    "l2_ones_on_biases",
    "l2_biases",
    summary="α/m is added to every ∂C/∂b",
    remedy="L2 is on weights alone, (28); look for a term that is broadcast.",
)
def _ones_on_biases(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial b^l = \partial C_0/\partial b^l + \tfrac{\alpha}{m}$.

    ∂C/∂W is right; every bias has the same number too much, and falls.
    """
    return p.exact(np.ones(p.w[l].shape[0], p.problem.dtype)) * (p.alpha / p.m)
