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
    r"""$\delta^l = \big((W^{l+1} - c\,\partial C/\partial W^{l+1})^{\mathsf T} \delta^{l+1}\big) \odot \sigma'(z^l)$.

    The output layer is right, layers below are off in proportion to c, the learning rate: training works, if worse, and
    with a smaller rate less is off. The constant is fitted.
    """
    return equation_22(p, l)


@fault(
    "hidden_derivative_at_activation",
    "recursion",
    summary="σ' is taken at a^l, not at z^l",
    remedy="Call σ' with z^l; if it is written in terms of a, as a(1-a), pass it a and do not apply σ again.",
    pieces=_factors(factors.at_activation),
)
def _prime_of_activation(p: PassState, l: int) -> Number:
    r"""$\delta^l = \big((W^{l+1})^{\mathsf T} \delta^{l+1}\big) \odot \sigma'(a^l)$.

    The output layer is right; those below are off, and too long where neurons saturate. With relu nothing is off.
    """
    return _times(p, l, factors.at_activation)


@fault(
    "hidden_derivative_missing",
    "recursion",
    summary="the factor σ'(z^l) is missing",
    remedy="Multiply (W^{l+1})ᵀ δ^{l+1} by σ'(z^l).",
    pieces=_factors(lambda p, l: p.ones(l)),
)
def _without_hidden_prime(p: PassState, l: int) -> Number:
    r"""$\delta^l = (W^{l+1})^{\mathsf T} \delta^{l+1}$.

    The output layer is right; every layer further down is longer, with sigmoids about 4 times and more a layer. A
    network with one hidden layer still learns.
    """
    return p.back(l)


@fault(
    "raw_error_propagated",
    "recursion",
    summary="what goes back through W^{l+1} is the error before it was multiplied by σ'(z^{l+1})",
    remedy="Propagate δ^{l+1} itself, with its factor σ'(z^{l+1}).",
    pieces=(Piece("error", lambda p, l: p.raw[l + 1]),),
)
def _raw_error(p: PassState, l: int) -> Number:
    r"""$\delta^l = \big((W^{l+1})^{\mathsf T} r^{l+1}\big) \odot \sigma'(z^l),\ r^l = (W^{l+1})^{\mathsf T} r^{l+1}$.

    The output layer is right, where r is ∇_a C; each layer below lacks the σ' of all layers above it. With (26) and one
    hidden layer nothing is off.
    """
    return (p.raw[l + 1] @ p.w[l + 1]) * p.prime(l)


@fault(
    "leaky_slope_dropped",
    "recursion",
    summary="the derivative is 0 where z^l < 0, not the leaky slope",
    remedy="Use the same slope for z < 0 in σ' as in σ.",
    pieces=_factors(factors.without_leaky_slope),
)
def _without_leaky_slope(p: PassState, l: int) -> Number:
    r"""$\delta^l = 0 \text{ where } z^l < 0$.

    The output layer is right; hidden neurons with z < 0 get nothing in place of a hundredth (with the usual slope of
    0.01): too little for a loose tolerance.
    """
    return _times(p, l, factors.without_leaky_slope)


@fault(
    "leaky_slope_sign_flipped",
    "recursion",
    summary="the derivative where z^l < 0 is minus the leaky slope",
    remedy="The slope for z < 0 is positive: σ(z) = αz has the derivative α.",
    pieces=_factors(factors.with_negative_leaky_slope),
)
def _with_negative_leaky_slope(p: PassState, l: int) -> Number:
    r"""$\delta^l = -\alpha\,(W^{l+1})^{\mathsf T} \delta^{l+1} \text{ where } z^l < 0$.

    The output layer is right; hidden neurons with z < 0 move the wrong way, by as little as the slope is small.
    """
    return _times(p, l, factors.with_negative_leaky_slope)


@fault(
    "weights_not_transposed",
    "recursion",
    summary="W^{l+1} is used where its transpose belongs",
    remedy="Use (W^{l+1})ᵀ δ^{l+1}; for rows of examples that is delta @ w.",
    pieces=(Piece("weights", lambda p, l: p.exact(p.w[l + 1].T) if p.is_square(l + 1) else None),),
)
def _not_transposed(p: PassState, l: int) -> Number:
    r"""$\delta^l = (W^{l+1} \delta^{l+1}) \odot \sigma'(z^l)$.

    With unequal widths an exception; with equal ones the output layer is right, and δ below has about the right length
    in an unrelated direction.
    """
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
    r"""$\delta^l = \big((W^{k})^{\mathsf T} \delta^{l+1}\big) \odot \sigma'(z^l), \quad k \ne l+1$.

    With unequal widths an exception; with equal ones the output layer is right, and δ below has an unrelated direction.
    """
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
    r"""$\delta^l = \big([b^{l+1}, w_{\cdot 1}, \dots, w_{\cdot n-1}]^{\mathsf T} \delta^{l+1}\big) \odot \sigma'(z^l)$.

    The output layer is right; below, every neuron gets the error of its neighbour, and the first one, or the last, that
    of the bias.
    """
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
    r"""$\delta^l = \sum_j \delta^{l+1}_j\,\mathbf 1 \odot \sigma'(z^l), \text{ or } \delta^{l+1} \odot \sigma'(z^l)$.

    The output layer is right; below, all neurons of a layer get the same error but for σ', whatever the weights are.
    """
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
    r"""$\delta^l = \big((W^{l+1})^{\mathsf T} \delta^{l+1}\big) \odot \sigma(z^l)$.

    The output layer is right; below, with tanh the sign follows a, with a sigmoid neurons near 1 get far too much. With
    relu the factor is z in place of 1.
    """
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
    r"""$\delta^l = \big((W^{l+1})^{\mathsf T} \delta^{l+1}\big) \odot \sigma'(z^{k}), \quad k = l \pm 1$.

    With unequal widths an exception; with equal ones the output layer is right, and below each neuron has the factor of
    another. Near z = 0, where σ' is flat, little is off.
    """
    return p.back(l) * p.prime_at(l, p.z[l + 1]) if p.is_square(l + 1) else None


@fault(
    "derivative_for_error",
    "recursion",
    summary="σ' is applied to (W^{l+1})ᵀ δ^{l+1} and replaces it",
    remedy="σ' takes z^l, and its result multiplies (W^{l+1})ᵀ δ^{l+1}.",
)
def _prime_of_error_alone(p: PassState, l: int) -> Number:
    r"""$\delta^l = \sigma'\big((W^{l+1})^{\mathsf T} \delta^{l+1}\big)$.

    The output layer is right; below, with a sigmoid or tanh, δ is positive whatever the error is, and goes to σ'(0) as
    the error goes to 0.
    """
    return p.prime_at(l, p.back(l))


@fault(
    "activation_for_error",
    "recursion",
    summary="a^{l+1} goes back through W^{l+1}, not δ^{l+1}",
    remedy="Propagate δ^{l+1}.",
    pieces=(Piece("error", lambda p, l: p.a[l + 1]),),
)
def _activation_propagated(p: PassState, l: int) -> Number:
    r"""$\delta^l = \big((W^{l+1})^{\mathsf T} a^{l+1}\big) \odot \sigma'(z^l)$.

    The output layer is right; below, δ does not depend on the targets, and does not go to 0 with the error.
    """
    return (p.a[l + 1] @ p.w[l + 1]) * p.prime(l)


@fault(
    "hidden_derivative_at_error",
    "recursion",
    summary="σ' is taken at (W^{l+1})ᵀ δ^{l+1}, not at z^l (for relu: the gradient is masked by its own sign)",
    remedy="Call σ' with z^l; for relu, mask where z^l ≤ 0.",
)
def _prime_of_error(p: PassState, l: int) -> Number:
    r"""$\delta^l = e \odot \sigma'(e), \quad e = (W^{l+1})^{\mathsf T} \delta^{l+1}$.

    The output layer is right; below, where errors are small, σ'(e) is about σ'(0), as if σ' were missing. With relu all
    negative errors are lost.
    """
    return p.back(l) * p.prime_at(l, p.back(l))


@fault(
    "hidden_derivative_twice",
    "recursion",
    summary="the factor σ'(z^l) is applied twice",
    remedy="Multiply by σ'(z^l) once.",
    pieces=_factors(factors.twice),
)
def _prime_twice(p: PassState, l: int) -> Number:
    r"""$\delta^l = \big((W^{l+1})^{\mathsf T} \delta^{l+1}\big) \odot \sigma'(z^l)^2$.

    The output layer is right; each layer below is shorter, with sigmoids by 4 and more. With relu nothing is off.
    """
    return _times(p, l, factors.twice)


@fault(
    "hidden_derivative_of_sigmoid",
    "recursion",
    summary="σ' is a(1-a), the sigmoid's, on another activation",
    remedy="Use the derivative of the layer's own activation.",
    pieces=_factors(factors.of_sigmoid),
)
def _prime_of_sigmoid(p: PassState, l: int) -> Number:
    r"""$\delta^l = \big((W^{l+1})^{\mathsf T} \delta^{l+1}\big) \odot a^l \odot (1 - a^l)$.

    The output layer is right; below, neurons with a < 0 or a > 1 have the wrong sign, and those with a = 0 get nothing.
    With sigmoids this is right.
    """
    return _times(p, l, factors.of_sigmoid)


@fault(
    "tanh_derivative_not_squared",
    "recursion",
    summary="the derivative of tanh is 1-a, not 1-a²",
    remedy="tanh' is 1 - a².",
    pieces=_factors(factors.tanh_not_squared),
)
def _tanh_not_squared(p: PassState, l: int) -> Number:
    r"""$\delta^l = \big((W^{l+1})^{\mathsf T} \delta^{l+1}\big) \odot (1 - a^l)$.

    The output layer is right; below, off by the factor 1/(1 + a): half near a = 1, of any size near a = −1.
    """
    return _times(p, l, factors.tanh_not_squared)


@fault(
    "elu_derivative_is_value",
    "recursion",
    summary="the derivative of elu where z^l < 0 is a, not a + α",
    remedy="For z < 0 elu' is α e^z, which is a + α.",
    pieces=_factors(factors.elu_value),
)
def _elu_value(p: PassState, l: int) -> Number:
    r"""$\delta^l = a^l \odot (W^{l+1})^{\mathsf T} \delta^{l+1} \text{ where } z^l < 0$.

    The output layer is right; below, neurons with z < 0 have the wrong sign, those with z > 0 are right.
    """
    return _times(p, l, factors.elu_value)


@fault(
    "silu_derivative_incomplete",
    "recursion",
    summary="the derivative of silu is σ(z) alone",
    remedy="silu' is σ(z) + z σ'(z).",
    pieces=_factors(factors.silu_first_term),
)
def _silu_first_term(p: PassState, l: int) -> Number:
    r"""$\delta^l = \big((W^{l+1})^{\mathsf T} \delta^{l+1}\big) \odot \mathrm{sigmoid}(z^l)$.

    The output layer is right; below, off by z σ'(z), at most 0.23, and nothing at z = 0: it trains all the same.
    """
    return _times(p, l, factors.silu_first_term)
