"""Faults of the forward pass, (13) and (14), and of the recursion, (22)."""

from __future__ import annotations

from typing import Any

import numpy as np

from minibp.activations import LEAKY_SLOPE, sigmoid
from minibp.check.fault import Fault
from minibp.check.values import Values

Number = Any


def weighted_input(v: Values, layer: int) -> Number:
    """Equation (13)."""
    return v.a[layer - 1] @ v.w[layer].T + v.b[layer]


def activation(v: Values, layer: int) -> Number:
    """Equation (14)."""
    return v.value(layer, v.z[layer])


def recursion(v: Values, layer: int) -> Number:
    """Equation (22)."""
    return v.back(layer) * v.prime(layer)


def _without_bias(v: Values, layer: int) -> Number:
    return v.a[layer - 1] @ v.w[layer].T


def _value_for_derivative(v: Values, layer: int) -> Number:
    return v.back(layer) * v.a[layer]


def _prime_of_next_layer(v: Values, layer: int) -> Number:
    return v.back(layer) * v.prime_at(layer, v.z[layer + 1]) if v.is_square(layer + 1) else None


def _prime_of_layer_below(v: Values, layer: int) -> Number:
    below = v.z[layer - 1] if layer > 2 else v.x
    return v.back(layer) * v.prime_at(layer, below) if v.is_square(layer) else None


def _not_transposed(v: Values, layer: int) -> Number:
    return (v.delta[layer + 1] @ v.w[layer + 1].T) * v.prime(layer) if v.is_square(layer + 1) else None


def _weights_below(v: Values, layer: int) -> Number:
    if v.w[layer].shape != v.w[layer + 1].shape:
        return None
    return (v.delta[layer + 1] @ v.w[layer]) * v.prime(layer)


def _weights_below_transposed(v: Values, layer: int) -> Number:
    if v.w[layer].T.shape != v.w[layer + 1].shape:
        return None
    return (v.delta[layer + 1] @ v.w[layer].T) * v.prime(layer)


def _weights_above(v: Values, layer: int) -> Number:
    if layer + 2 > v.top or v.w[layer + 2].shape != v.w[layer + 1].shape:
        return None
    return (v.delta[layer + 1] @ v.w[layer + 2]) * v.prime(layer)


def _moved_by_the_update(v: Values, layer: int) -> Number:
    return -((v.delta[layer + 1] @ v.nabla_w[layer + 1]) * v.prime(layer))


def _summed(v: Values, layer: int) -> Number:
    ones = np.ones((1, v.w[layer + 1].shape[1]), v.problem.dtype)
    return (v.delta[layer + 1].sum(axis=1, keepdims=True) * ones) * v.prime(layer)


def _reused(v: Values, layer: int) -> Number:
    return v.delta[layer + 1] * v.prime(layer) if v.is_square(layer + 1) else None


def _reused_whole(v: Values, layer: int) -> Number:
    return v.delta[layer + 1] if v.is_square(layer + 1) else None


def _raw_error(v: Values, layer: int) -> Number:
    return (v.raw[layer + 1] @ v.w[layer + 1]) * v.prime(layer)


def _leaky(v: Values, layer: int, slope: float) -> Number:
    if v.activation(layer).name != "leaky_relu":
        return None
    return v.where(v.plain(v.z[layer]) < 0, v.back(layer) * slope, v.back(layer))


def _elu_value(v: Values, layer: int) -> Number:
    if v.activation(layer).name != "elu":
        return None
    return v.where(v.plain(v.z[layer]) > 0, v.back(layer), v.back(layer) * v.a[layer])


def _tanh_not_squared(v: Values, layer: int) -> Number:
    return v.back(layer) * (1 - v.a[layer]) if v.activation(layer).name == "tanh" else None


def _silu_first_term(v: Values, layer: int) -> Number:
    if v.activation(layer).name != "silu":
        return None
    z = v.z[layer]
    if v.to is None:
        return v.back(layer) * sigmoid.value(z)
    # Softmax over (z, 0) is σ(z), tracked.
    pair = v.tracked(z)
    both = type(pair)(np.stack([pair.value, 0 * pair.value], -1), np.stack([pair.error, 0 * pair.error], -1), v.to)
    return v.back(layer) * v.softmax(both)[..., 0]


FORWARD = (
    Fault(
        "bias_omitted", "z", "(13)", "z^l is W^l a^{l-1}, the bias is left out",
        "Add b^l to the weighted input.", (_without_bias,),
    ),
    Fault(
        "activation_omitted", "a", "(14)", "a^l is z^l, the activation is left out",
        "Apply σ to z^l before it goes on to the next layer.", (lambda v, l: v.z[l],),
    ),
)  # fmt: skip

RECURSION = (
    Fault(
        "weights_already_updated", "recursion", "(22)",
        "the error goes back through weights that this very step has changed, W^{l+1} - c ∂C/∂W^{l+1}",
        "Compute all gradients first, with the weights of the forward pass, and update afterwards.",
        (recursion,), along=_moved_by_the_update,
    ),
    Fault(
        "hidden_derivative_at_activation", "recursion", "(22)", "σ' is taken at a^l, not at z^l",
        "Call σ' with z^l; if it is written in terms of a, as a(1-a), hand it a and nothing else.",
        (lambda v, l: v.back(l) * v.prime_at(l, v.a[l]),),
    ),
    Fault(
        "hidden_derivative_missing", "recursion", "(22)", "the factor σ'(z^l) is missing",
        "Multiply (W^{l+1})ᵀ δ^{l+1} by σ'(z^l).", (lambda v, l: v.back(l),),
    ),
    Fault(
        "raw_error_propagated", "recursion", "(22)",
        "what goes back through W^{l+1} is the error before it was multiplied by σ'(z^{l+1})",
        "Propagate δ^{l+1} itself, with its σ' in it.", (_raw_error,),
    ),
    Fault(
        "leaky_slope_dropped", "recursion", "(22)", "the derivative is 0 where z^l < 0, not the leaky slope",
        "Use the same slope for z < 0 in σ' as in σ.", (lambda v, l: _leaky(v, l, 0.0),),
    ),
    Fault(
        "leaky_slope_sign_flipped", "recursion", "(22)", "the derivative where z^l < 0 is minus the leaky slope",
        "The slope for z < 0 is positive: σ(z) = αz has the derivative α.", (lambda v, l: _leaky(v, l, -LEAKY_SLOPE),),
    ),
    Fault(
        "weights_not_transposed", "recursion", "(22)", "W^{l+1} is used where its transpose belongs",
        "Use (W^{l+1})ᵀ δ^{l+1}; for rows of examples that is delta @ w.", (_not_transposed,),
    ),
    Fault(
        "weights_wrong_layer", "recursion", "(22)", "the error goes back through the weights of another layer",
        "The weights between layers l and l+1 are W^{l+1}, those of the layer that the error comes from.",
        (_weights_below, _weights_below_transposed, _weights_above),
    ),
    Fault(
        "error_not_propagated", "recursion", "(22)", "δ^{l+1} is summed or reused; it never meets W^{l+1}",
        "Multiply δ^{l+1} by (W^{l+1})ᵀ.", (_summed, _reused, _reused_whole),
    ),
    Fault(
        "hidden_activation_for_derivative", "recursion", "(22)", "σ(z^l) stands where σ'(z^l) belongs",
        "Multiply by the derivative, σ'(z^l).", (_value_for_derivative,),
    ),
    Fault(
        "hidden_derivative_wrong_layer", "recursion", "(22)", "σ' is taken at the z of another layer",
        "δ^l takes σ'(z^l): the z of the layer that the error arrives at.",
        (_prime_of_next_layer, _prime_of_layer_below),
    ),
    Fault(
        "derivative_for_error", "recursion", "(22)", "σ' is applied to (W^{l+1})ᵀ δ^{l+1} and replaces it",
        "σ' takes z^l, and its result multiplies (W^{l+1})ᵀ δ^{l+1}.", (lambda v, l: v.prime_at(l, v.back(l)),),
    ),
    Fault(
        "activation_for_error", "recursion", "(22)", "a^{l+1} goes back through W^{l+1}, not δ^{l+1}",
        "Propagate δ^{l+1}.", (lambda v, l: (v.a[l + 1] @ v.w[l + 1]) * v.prime(l),),
    ),
    Fault(
        "hidden_derivative_at_error", "recursion", "(22)",
        "σ' is taken at (W^{l+1})ᵀ δ^{l+1}, not at z^l (for relu: the gradient is masked by its own sign)",
        "Call σ' with z^l; for relu, mask where z^l ≤ 0.", (lambda v, l: v.back(l) * v.prime_at(l, v.back(l)),),
    ),
    Fault(
        "hidden_derivative_twice", "recursion", "(22)", "the factor σ'(z^l) is there twice",
        "Multiply by σ'(z^l) once.", (lambda v, l: v.back(l) * v.prime(l) * v.prime(l),),
    ),
    Fault(
        "hidden_derivative_of_sigmoid", "recursion", "(22)", "σ' is a(1-a), the sigmoid's, on another activation",
        "Use the derivative of the layer's own activation.", (lambda v, l: v.back(l) * (v.a[l] * (1 - v.a[l])),),
    ),
    Fault(
        "tanh_derivative_not_squared", "recursion", "(22)", "the derivative of tanh is 1-a, not 1-a²",
        "tanh' is 1 - a².", (_tanh_not_squared,),
    ),
    Fault(
        "elu_derivative_is_value", "recursion", "(22)", "the derivative of elu where z^l < 0 is a, not a + α",
        "For z < 0 elu' is α e^z, which is a + α.", (_elu_value,),
    ),
    Fault(
        "silu_derivative_incomplete", "recursion", "(22)", "the derivative of silu is σ(z) alone",
        "silu' is σ(z) + z σ'(z).", (_silu_first_term,),
    ),
)  # fmt: skip
