"""Faults of the output error, (17) and (26)."""

from __future__ import annotations

from typing import Any

from minibp.activations import softmax
from minibp.check.fault import Fault
from minibp.check.values import Values


def output_error(v: Values, layer: int) -> Any:
    """Equation (17), or (26)."""
    return v.output_error()


def _elementwise(v: Values) -> bool:
    return v.activation(v.top).elementwise


def _softmax_backward(s: Any, g: Any) -> Any:
    return s * (g - (g * s).sum(axis=-1, keepdims=True))


def _without_derivative(v: Values, layer: int) -> Any:
    return v.nabla_a()


def _residual(v: Values, layer: int) -> Any:
    if v.activation(layer).name == "identity":  # no derivative is missing there
        return None
    return v.a[layer] - v.y


def _twice(v: Values, layer: int) -> Any:
    """δ^L with one derivative of the output more than it should have."""
    delta = v.output_error()
    if _elementwise(v):
        return delta * v.prime(layer)
    return _softmax_backward(v.a[layer], delta)


def _times_diagonal(v: Values, layer: int) -> Any:
    if _elementwise(v):
        return None
    return v.output_error() * (v.a[layer] * (1 - v.a[layer]))


def _at_activation(v: Values, layer: int) -> Any:
    g = v.nabla_a()
    if _elementwise(v):
        return g * v.prime_at(layer, v.a[layer])
    return _softmax_backward(v.softmax(v.a[layer]), g)


def _diagonal(v: Values, layer: int) -> Any:
    if v.activation(layer) is not softmax:
        return None
    return v.nabla_a() * (v.a[layer] * (1 - v.a[layer]))


def _half_of_cross_entropy(v: Values, layer: int) -> Any:
    if v.problem.cost.name != "cross_entropy" or not v.is_fused:
        return None
    return -(v.y * (1 - v.a[layer]))


def _not_clipped(v: Values, layer: int) -> Any:
    if v.problem.cost.name != "huber":
        return None
    r = v.a[layer] - v.y
    return r * v.prime(layer) if _elementwise(v) else _softmax_backward(v.a[layer], r)


OUTPUT = (
    Fault(
        "softmax_jacobian_diagonal", "output", "", "the softmax's Jacobian is only its diagonal, s(1-s)",
        "Use the whole Jacobian: δ^L = s ⊙ (g - Σ g ⊙ s) with g = ∇_a C.", (_diagonal,),
    ),
    Fault(
        "output_derivative_missing", "output", "", "the factor σ'(z^L) is missing",
        "Multiply ∇_a C by σ'(z^L); only with (26), cross-entropy on a sigmoid, does it cancel.",
        (_without_derivative, _residual),
    ),
    Fault(
        "output_derivative_at_activation", "output", "", "σ' is taken at a^L, not at z^L",
        "Call σ' with z^L; if it is written in terms of a, as a(1-a), hand it a and nothing else.", (_at_activation,),
    ),
    Fault(
        "output_derivative_extra", "output", "", "δ^L has a factor σ'(z^L) too many",
        "With (26) σ' has cancelled, and δ^L is a^L - y; otherwise multiply by σ'(z^L) once.",
        (_twice, _times_diagonal),
    ),
    Fault(
        "output_sign_flipped", "output", "", "δ^L has the wrong sign, as from y - a for a - y",
        "Use a^L - y; the sign must fit the one of the update, w - η ∂C/∂w.", (lambda v, l: -v.output_error(),),
    ),
    Fault(
        "cost_factor_two", "output", "", "δ^L is twice what it should be",
        "Keep the ½ of the cost ½‖a - y‖², or count it in what you compare with.",
        (lambda v, l: v.output_error() * 2.0,),
    ),
    Fault(
        "cost_factor_half", "output", "", "δ^L is half of what it should be",
        "The derivative of ½(a - y)² is a - y; the ½ is gone.", (lambda v, l: v.output_error() * 0.5,),
    ),
    Fault(
        "error_times_one_minus_error", "output", "", "δ^L is (a-y) ⊙ (1-(a-y)): σ' of the error, written e(1-e)",
        "σ' takes z^L, or a^L where it is written a(1-a); it never takes the error.",
        (lambda v, l: (v.a[l] - v.y) * (1 - (v.a[l] - v.y)),),
    ),
    Fault(
        "output_error_zero", "output", "", "δ^L is 0",
        "Look for a comparison, a rounding or a detached copy between the cost and δ^L.",
        (lambda v, l: v.output_error() * 0.0,),
    ),
    Fault(
        "cross_entropy_second_term_missing", "output", "", "only y ln a was differentiated, not (1-y) ln(1-a)",
        "Differentiate both terms of (25); together they give a^L - y.", (_half_of_cross_entropy,),
    ),
    Fault(
        "huber_not_clipped", "output", "", "the error is not clipped at ±1, as huber's gradient is",
        "Use clip(a - y, -1, 1).", (_not_clipped,),
    ),
)  # fmt: skip
