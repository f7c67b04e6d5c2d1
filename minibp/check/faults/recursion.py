"""Faults of the recursion for the error of a hidden layer, (22); `hidden_derivative` has more of its factor σ'.

Most change one of three pieces, δ^l = (error @ weights) ⊙ factor: two that change different ones may come together.
"""

from __future__ import annotations

import numpy as np

from minibp.check.faults import factors
from minibp.check.faults.fault import Formula, Piece, fault
from minibp.check.faults.pass_state import Number, PassState


def equation_22(p: PassState, l: int) -> Number:
    """δ^l = (W^{l+1})ᵀ δ^{l+1} ⊙ σ'(z^l)."""
    return p.back(l) * p.prime(l)


def _factors(*formulas: Formula) -> tuple[Piece, ...]:
    return tuple(Piece("factor", formula) for formula in formulas)


def _times(p: PassState, l: int, factor: Formula) -> Number:
    found = factor(p, l)
    return None if found is None else p.back(l) * found


def _along_the_update(p: PassState, l: int) -> Number:
    return -((p.delta[l + 1] @ p.nabla_w[l + 1]) * p.prime(l))


@fault(
    "weights_already_updated",
    "recursion",
    summary="the error goes back through weights that this step has already updated, W^{l+1} - c ∂C/∂W^{l+1}",
    remedy="Compute all gradients first, with the weights of the forward pass, and update afterwards.",
    along=_along_the_update,
    typical=0.25,
    pieces=(Piece("weights", lambda p, l: p.exact(p.w[l + 1]), lambda p, l: -p.nabla_w[l + 1]),),
)
def _through_updated_weights(p: PassState, l: int) -> Number:
    return equation_22(p, l)


@fault(
    "hidden_derivative_at_activation",
    "recursion",
    summary="σ' is taken at a^l, not at z^l",
    remedy="Call σ' with z^l; if it is written in terms of a, as a(1-a), pass it a and do not apply σ again.",
    pieces=_factors(factors.at_activation),
)
def _prime_of_activation(p: PassState, l: int) -> Number:
    return _times(p, l, factors.at_activation)


@fault(
    "hidden_derivative_missing",
    "recursion",
    summary="the factor σ'(z^l) is missing",
    remedy="Multiply (W^{l+1})ᵀ δ^{l+1} by σ'(z^l).",
    pieces=_factors(lambda p, l: p.ones(l)),
)
def _without_hidden_prime(p: PassState, l: int) -> Number:
    return p.back(l)


@fault(
    "raw_error_propagated",
    "recursion",
    summary="what goes back through W^{l+1} is the error before it was multiplied by σ'(z^{l+1})",
    remedy="Propagate δ^{l+1} itself, with its factor σ'(z^{l+1}).",
    pieces=(Piece("error", lambda p, l: p.raw[l + 1]),),
)
def _raw_error(p: PassState, l: int) -> Number:
    return (p.raw[l + 1] @ p.w[l + 1]) * p.prime(l)


@fault(
    "leaky_slope_dropped",
    "recursion",
    summary="the derivative is 0 where z^l < 0, not the leaky slope",
    remedy="Use the same slope for z < 0 in σ' as in σ.",
    pieces=_factors(factors.without_leaky_slope),
)
def _without_leaky_slope(p: PassState, l: int) -> Number:
    return _times(p, l, factors.without_leaky_slope)


@fault(
    "leaky_slope_sign_flipped",
    "recursion",
    summary="the derivative where z^l < 0 is minus the leaky slope",
    remedy="The slope for z < 0 is positive: σ(z) = αz has the derivative α.",
    pieces=_factors(factors.with_negative_leaky_slope),
)
def _with_negative_leaky_slope(p: PassState, l: int) -> Number:
    return _times(p, l, factors.with_negative_leaky_slope)


@fault(
    "weights_not_transposed",
    "recursion",
    summary="W^{l+1} is used where its transpose belongs",
    remedy="Use (W^{l+1})ᵀ δ^{l+1}; for rows of examples that is delta @ w.",
    pieces=(Piece("weights", lambda p, l: p.exact(p.w[l + 1].T) if p.is_square(l + 1) else None),),
)
def _not_transposed(p: PassState, l: int) -> Number:
    return (p.delta[l + 1] @ p.w[l + 1].T) * p.prime(l) if p.is_square(l + 1) else None


def _weights_below_transposed(p: PassState, l: int) -> Number:
    if p.w[l].T.shape != p.w[l + 1].shape:
        return None
    return (p.delta[l + 1] @ p.w[l].T) * p.prime(l)


def _weights_above(p: PassState, l: int) -> Number:
    if l + 2 > p.top or p.w[l + 2].shape != p.w[l + 1].shape:
        return None
    return (p.delta[l + 1] @ p.w[l + 2]) * p.prime(l)


@fault(
    "weights_wrong_layer",
    "recursion",
    summary="the error goes back through the weights of another layer",
    remedy="The weights between layers l and l+1 are W^{l+1}, those of the layer that the error comes from.",
    variants=(_weights_below_transposed, _weights_above),
)
def _weights_below(p: PassState, l: int) -> Number:
    if p.w[l].shape != p.w[l + 1].shape:
        return None
    return (p.delta[l + 1] @ p.w[l]) * p.prime(l)


def _bias_for_last_input(p: PassState, l: int) -> Number:
    """[b, W] without its last column."""
    return p.exact(np.concatenate([p.b[l + 1][:, None], p.w[l + 1][:, :-1]], axis=1))


def _bias_for_first_input(p: PassState, l: int) -> Number:
    """[W, b] without its first column."""
    return p.exact(np.concatenate([p.w[l + 1][:, 1:], p.b[l + 1][:, None]], axis=1))


@fault(
    "bias_among_weights",
    "recursion",
    summary="the error goes back through b^{l+1}, too: of W^{l+1} and b^{l+1} in one matrix the wrong end is left out",
    remedy="Leave out the column of the biases: [:, 1:] where it is the first, [:, :-1] where it is the last.",
    variants=(lambda p, l: (p.delta[l + 1] @ _bias_for_first_input(p, l)) * p.prime(l),),
    pieces=(Piece("weights", _bias_for_last_input), Piece("weights", _bias_for_first_input)),
)
def _through_biases(p: PassState, l: int) -> Number:
    return (p.delta[l + 1] @ _bias_for_last_input(p, l)) * p.prime(l)


def _error_reused(p: PassState, l: int) -> Number:
    return p.delta[l + 1] * p.prime(l) if p.is_square(l + 1) else None


def _error_reused_without_prime(p: PassState, l: int) -> Number:
    return p.delta[l + 1] if p.is_square(l + 1) else None


@fault(
    "error_not_propagated",
    "recursion",
    summary="δ^{l+1} is summed or reused, and never multiplied by (W^{l+1})ᵀ",
    remedy="Multiply δ^{l+1} by (W^{l+1})ᵀ.",
    variants=(_error_reused, _error_reused_without_prime),
)
def _error_summed(p: PassState, l: int) -> Number:
    ones = np.ones((1, p.w[l + 1].shape[1]), p.problem.dtype)
    return (p.delta[l + 1].sum(axis=1, keepdims=True) * ones) * p.prime(l)


@fault(
    "hidden_activation_for_derivative",
    "recursion",
    summary="σ(z^l) stands where σ'(z^l) belongs",
    remedy="Multiply by the derivative, σ'(z^l).",
    pieces=_factors(factors.value),
)
def _value_for_prime(p: PassState, l: int) -> Number:
    return p.back(l) * p.a[l]


def _prime_of_layer_below(p: PassState, l: int) -> Number:
    below = p.z[l - 1] if l > 2 else p.x
    return p.back(l) * p.prime_at(l, below) if p.is_square(l) else None


@fault(
    "hidden_derivative_wrong_layer",
    "recursion",
    summary="σ' is taken at the z of another layer",
    remedy="δ^l takes σ'(z^l): the z of the layer that the error arrives at.",
    variants=(_prime_of_layer_below,),
)
def _prime_of_next_layer(p: PassState, l: int) -> Number:
    return p.back(l) * p.prime_at(l, p.z[l + 1]) if p.is_square(l + 1) else None


@fault(
    "derivative_for_error",
    "recursion",
    summary="σ' is applied to (W^{l+1})ᵀ δ^{l+1} and replaces it",
    remedy="σ' takes z^l, and its result multiplies (W^{l+1})ᵀ δ^{l+1}.",
)
def _prime_of_error_alone(p: PassState, l: int) -> Number:
    return p.prime_at(l, p.back(l))


@fault(
    "activation_for_error",
    "recursion",
    summary="a^{l+1} goes back through W^{l+1}, not δ^{l+1}",
    remedy="Propagate δ^{l+1}.",
    pieces=(Piece("error", lambda p, l: p.a[l + 1]),),
)
def _activation_propagated(p: PassState, l: int) -> Number:
    return (p.a[l + 1] @ p.w[l + 1]) * p.prime(l)


@fault(
    "hidden_derivative_at_error",
    "recursion",
    summary="σ' is taken at (W^{l+1})ᵀ δ^{l+1}, not at z^l (for relu: the gradient is masked by its own sign)",
    remedy="Call σ' with z^l; for relu, mask where z^l ≤ 0.",
)
def _prime_of_error(p: PassState, l: int) -> Number:
    return p.back(l) * p.prime_at(l, p.back(l))


@fault(
    "hidden_derivative_twice",
    "recursion",
    summary="the factor σ'(z^l) is applied twice",
    remedy="Multiply by σ'(z^l) once.",
    pieces=_factors(factors.twice),
)
def _prime_twice(p: PassState, l: int) -> Number:
    return _times(p, l, factors.twice)


@fault(
    "hidden_derivative_of_sigmoid",
    "recursion",
    summary="σ' is a(1-a), the sigmoid's, on another activation",
    remedy="Use the derivative of the layer's own activation.",
    pieces=_factors(factors.of_sigmoid),
)
def _prime_of_sigmoid(p: PassState, l: int) -> Number:
    return _times(p, l, factors.of_sigmoid)


@fault(
    "tanh_derivative_not_squared",
    "recursion",
    summary="the derivative of tanh is 1-a, not 1-a²",
    remedy="tanh' is 1 - a².",
    pieces=_factors(factors.tanh_not_squared),
)
def _tanh_not_squared(p: PassState, l: int) -> Number:
    return _times(p, l, factors.tanh_not_squared)


@fault(
    "elu_derivative_is_value",
    "recursion",
    summary="the derivative of elu where z^l < 0 is a, not a + α",
    remedy="For z < 0 elu' is α e^z, which is a + α.",
    pieces=_factors(factors.elu_value),
)
def _elu_value(p: PassState, l: int) -> Number:
    return _times(p, l, factors.elu_value)


@fault(
    "silu_derivative_incomplete",
    "recursion",
    summary="the derivative of silu is σ(z) alone",
    remedy="silu' is σ(z) + z σ'(z).",
    pieces=_factors(factors.silu_first_term),
)
def _silu_first_term(p: PassState, l: int) -> Number:
    return _times(p, l, factors.silu_first_term)
