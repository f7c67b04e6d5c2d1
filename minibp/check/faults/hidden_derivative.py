"""Further faults of σ' in the recursion, (22): another slope, another activation's, in another form, or alone."""

from __future__ import annotations

from minibp.check.faults import factors
from minibp.check.faults.fault import Formula, Piece, fault
from minibp.check.faults.pass_state import Number, PassState


def _times(factor: Formula, p: PassState, l: int) -> Number:
    found = factor(p, l)
    return None if found is None else p.back(l) * found


def _variant(factor: Formula) -> Formula:
    def of_factor(p: PassState, l: int) -> Number:
        return _times(factor, p, l)

    return of_factor


def _along_the_slope(p: PassState, l: int) -> Number:
    return p.back(l) * factors.per_slope(p, l)


@fault(
    "slope_of_derivative_differs",
    "recursion",
    summary="the derivative where z^l < 0 has another slope c than σ has",
    remedy="Use the same constant in σ' as in σ.",
    along=_along_the_slope,
    typical=0.2,
    pieces=(Piece("factor", factors.without_slope, factors.per_slope),),
    message=factors.derivative_slope_message,
)
def _with_another_slope(p: PassState, l: int) -> Number:
    r"""$\delta^l = c\,(W^{l+1})^{\mathsf T} \delta^{l+1} \text{ where } z^l < 0$.

    The output layer is right; below, neurons with z < 0 are off by the factor c/α, the others are right. The constant
    is fitted.
    """
    return _times(factors.without_slope, p, l)


@fault(
    "derivative_of_another_activation",
    "recursion",
    summary="σ' is that of another activation",
    remedy="Use the derivative of the layer's own activation.",
    variants=tuple(_variant(other.formula) for other in factors.OTHERS[1:]),
    pieces=tuple(Piece("factor", other.formula) for other in factors.OTHERS),
    message=factors.other_message,
)
def _of_another(p: PassState, l: int) -> Number:
    r"""$\delta^l = \big((W^{l+1})^{\mathsf T} \delta^{l+1}\big) \odot \tau'(z^l), \quad \tau \ne \sigma$.

    The output layer is right; below, off by the ratio of the two derivatives, neuron by neuron; the report says whose
    it is.
    """
    return _times(factors.OTHERS[0].formula, p, l)


@fault(
    "hidden_derivative_form_at_z",
    "recursion",
    summary="σ' is written in terms of a, as a(1-a) or 1-a², and given z^l",
    remedy="Give that form a^l, or use a function of z for σ'.",
    variants=(_variant(factors.tanh_form_at_z),),
    pieces=tuple(Piece("factor", form) for form in factors.FORMS_AT_Z),
)
def _form_at_z(p: PassState, l: int) -> Number:
    r"""$\delta^l = \big((W^{l+1})^{\mathsf T} \delta^{l+1}\big) \odot z^l \odot (1 - z^l), \text{ or } 1 - (z^l)^2$.

    The output layer is right; below, of any size, with the wrong sign where z < 0 or |z| > 1. For small |z| the form of
    tanh hides it, 1 − z² being about 1 − a².
    """
    return _times(factors.sigmoid_form_at_z, p, l)


@fault(
    "propagated_error_missing",
    "recursion",
    summary="δ^l is σ'(z^l) alone, without the error from the layer above",
    remedy="Multiply σ'(z^l) by (W^{l+1})ᵀ δ^{l+1}.",
)
def _prime_alone(p: PassState, l: int) -> Number:
    r"""$\delta^l = \sigma'(z^l)$.

    The output layer is right; below, δ is positive, does not depend on the targets, and does not go to 0 with the
    error.
    """
    return factors.alone(p, l)
