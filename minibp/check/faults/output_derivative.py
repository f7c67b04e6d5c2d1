"""Faults of σ' in the output error, (17) and (26): those that are made in hidden layers, made at the output."""

from __future__ import annotations

from minibp.check.faults import factors
from minibp.check.faults.fault import Formula, fault
from minibp.check.faults.pass_state import Number, PassState


def _times(factor: Formula, p: PassState, l: int) -> Number:
    """∇_a C ⊙ a factor; None for softmax, whose derivative is no factor."""
    found = factor(p, l) if p.activations[l].elementwise else None
    return None if found is None else p.nabla_a() * found


def _variant(factor: Formula) -> Formula:
    def of_factor(p: PassState, l: int) -> Number:
        return _times(factor, p, l)

    return of_factor


@fault(
    "output_activation_for_derivative",
    "output",
    summary="σ(z^L) stands where σ'(z^L) belongs",
    remedy="Multiply by the derivative, σ'(z^L).",
)
def _value_for_prime(p: PassState, l: int) -> Number:
    r"""$\delta^L = \nabla_a C \odot \sigma(z^L)$.

    Every layer is off; behind a sigmoid outputs near 1 get far too much and those near 0 about what is right, behind
    tanh the sign follows a.
    """
    return _times(factors.value, p, l)


@fault(
    "output_derivative_of_sigmoid",
    "output",
    summary="σ' is a(1-a), the sigmoid's, on another activation",
    remedy="Use the derivative of the output's own activation.",
)
def _prime_of_sigmoid(p: PassState, l: int) -> Number:
    r"""$\delta^L = \nabla_a C \odot a^L \odot (1 - a^L)$.

    Every layer is off; where a > 1 or a < 0, as with identity, relu or tanh, the sign is wrong. Behind a sigmoid this
    is right.
    """
    return None if p.activations[l].name == "sigmoid" else _times(factors.of_sigmoid, p, l)


@fault(
    "output_tanh_derivative_not_squared",
    "output",
    summary="the derivative of tanh is 1-a, not 1-a²",
    remedy="tanh' is 1 - a².",
)
def _tanh_not_squared(p: PassState, l: int) -> Number:
    r"""$\delta^L = \nabla_a C \odot (1 - a^L)$.

    Every layer is off by the factor 1/(1 + a): half as long near a = 1, of any length near a = −1. At a = 0 it is
    right.
    """
    return _times(factors.tanh_not_squared, p, l)


@fault(
    "output_elu_derivative_is_value",
    "output",
    summary="the derivative of elu where z^L < 0 is a, not a + α",
    remedy="For z < 0 elu' is α e^z, which is a + α.",
)
def _elu_value(p: PassState, l: int) -> Number:
    r"""$\delta^L = \nabla_a C \odot a^L \text{ where } z^L < 0$.

    Outputs with z > 0 are right; the others have the wrong sign, since a < 0 there.
    """
    return _times(factors.elu_value, p, l)


@fault(
    "output_silu_derivative_incomplete",
    "output",
    summary="the derivative of silu is σ(z) alone",
    remedy="silu' is σ(z) + z σ'(z).",
)
def _silu_first_term(p: PassState, l: int) -> Number:
    r"""$\delta^L = \nabla_a C \odot \mathrm{sigmoid}(z^L)$.

    Right at z = 0 and nearly right far out; in between off by z σ'(z), at most 0.23.
    """
    return _times(factors.silu_first_term, p, l)


@fault(
    "output_leaky_slope_dropped",
    "output",
    summary="the derivative is 0 where z^L < 0, not the leaky slope",
    remedy="Use the same slope for z < 0 in σ' as in σ.",
)
def _without_leaky_slope(p: PassState, l: int) -> Number:
    r"""$\delta^L = 0 \text{ where } z^L < 0$.

    Outputs with z < 0 have no error where a small one belongs: off by one part in a hundred with the usual slope of
    0.01, so that it trains all the same.
    """
    return _times(factors.without_leaky_slope, p, l)


@fault(
    "output_leaky_slope_sign_flipped",
    "output",
    summary="the derivative where z^L < 0 is minus the leaky slope",
    remedy="The slope for z < 0 is positive: σ(z) = αz has the derivative α.",
)
def _with_negative_leaky_slope(p: PassState, l: int) -> Number:
    r"""$\delta^L = -\alpha\,\nabla_a C \text{ where } z^L < 0$.

    Outputs with z < 0 move the wrong way, slowly: off by one part in fifty with the usual slope of 0.01.
    """
    return _times(factors.with_negative_leaky_slope, p, l)


def _along_the_slope(p: PassState, l: int) -> Number:
    return p.nabla_a() * factors.per_slope(p, l)


@fault(
    "output_slope_of_derivative_differs",
    "output",
    summary="the derivative where z^L < 0 has another slope c than σ has",
    remedy="Use the same constant in σ' as in σ.",
    along=_along_the_slope,
    typical=0.2,
    message=factors.derivative_slope_message,
)
def _with_another_slope(p: PassState, l: int) -> Number:
    r"""$\delta^L = c\,\nabla_a C \text{ where } z^L < 0$.

    Outputs with z < 0 are off by the factor c/α, the others are right. The constant is fitted.
    """
    return _times(factors.without_slope, p, l)


@fault(
    "output_derivative_of_another_activation",
    "output",
    summary="σ' is that of another activation",
    remedy="Use the derivative of the output's own activation.",
    variants=tuple(_variant(other.formula) for other in factors.OTHERS[1:]),
    message=factors.other_message,
)
def _of_another(p: PassState, l: int) -> Number:
    r"""$\delta^L = \nabla_a C \odot \tau'(z^L), \quad \tau \ne \sigma$.

    Every layer is off, by the ratio of the two derivatives at each output; the report says whose derivative it is.
    """
    return _times(factors.OTHERS[0].formula, p, l)


@fault(
    "output_derivative_form_at_z",
    "output",
    summary="σ' is written in terms of a, as a(1-a) or 1-a², and given z^L",
    remedy="Give that form a^L, or use a function of z for σ'.",
    variants=(_variant(factors.tanh_form_at_z),),
)
def _form_at_z(p: PassState, l: int) -> Number:
    r"""$\delta^L = \nabla_a C \odot z^L \odot (1 - z^L), \text{ or } 1 - (z^L)^2$.

    Every layer is off, of any size and with the wrong sign where z < 0 or |z| > 1. Near z = ½ it can look right.
    """
    return _times(factors.sigmoid_form_at_z, p, l)


@fault(
    "output_derivative_at_error",
    "output",
    summary="σ' is taken at ∇_a C, not at z^L",
    remedy="Call σ' with z^L.",
)
def _prime_at_error(p: PassState, l: int) -> Number:
    r"""$\delta^L = g \odot \sigma'(g), \quad g = \nabla_a C$.

    Every layer is off; where errors are small, σ'(g) is about σ'(0), as if σ' were constant.
    """
    return p.nabla_a() * p.prime_at(l, p.nabla_a()) if p.activations[l].elementwise else None


@fault(
    "output_derivative_for_error",
    "output",
    summary="σ' is applied to ∇_a C and replaces it",
    remedy="σ' takes z^L, and its result multiplies ∇_a C.",
)
def _prime_of_error_alone(p: PassState, l: int) -> Number:
    r"""$\delta^L = \sigma'(g), \quad g = \nabla_a C$.

    δ^L has one sign, whatever the targets are: with a sigmoid or tanh every entry is positive.
    """
    return p.prime_at(l, p.nabla_a()) if p.activations[l].elementwise else None


@fault(
    "cost_gradient_missing",
    "output",
    summary="δ^L is σ'(z^L) alone, without ∇_a C",
    remedy="Multiply σ'(z^L) by ∇_a C.",
)
def _prime_alone(p: PassState, l: int) -> Number:
    r"""$\delta^L = \sigma'(z^L)$.

    The gradient does not depend on the targets; outputs fall at every step.
    """
    return factors.alone(p, l) if p.activations[l].elementwise else None
