"""Faults of the gradients of the parameters: ∂C/∂b (23) and ∂C/∂W (24)."""

from __future__ import annotations

import numpy as np

from minibp.arrays import Array
from minibp.check.faults.fault import fault
from minibp.check.faults.pass_state import Number, PassState


def equation_23(p: PassState, l: int) -> Number:
    """∂C/∂b^l = δ^l, summed with the shares of the examples."""
    return p.share @ p.delta[l]


def equation_24(p: PassState, l: int) -> Number:
    """∂C/∂W^l = δ^l (a^{l-1})ᵀ, summed with the shares of the examples."""
    return _products_with(p, l, p.a[l - 1])


def _products_with(p: PassState, l: int, below: Number) -> Number:
    return (p.delta[l] * p.share[:, None]).T @ below


@fault(
    "bias_gradient_zero",
    "bias",
    summary="∂C/∂b is 0",
    remedy="Return δ^l, the mean over the examples, for b^l.",
)
def _bias_zero(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial b^l = 0$.

    ∂C/∂W is right, and the network still learns, with the biases that it started with.
    """
    return equation_23(p, l) * 0.0


@fault(
    "bias_value_for_gradient",
    "bias",
    summary="∂C/∂b is b itself",
    remedy="Return δ^l, not b^l.",
)
def _bias_itself(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial b^l = b^l$.

    ∂C/∂W is right; biases decay to 0. With biases of 0 it looks like a gradient of 0.
    """
    return p.exact(p.b[l])


def _over_neurons(p: PassState, l: int, divisor: int) -> Number:
    n = p.w[l].shape[0]
    return equation_23(p, l).sum() * np.ones(n, p.problem.dtype) * (1 / divisor) if n > 1 else None


def _mean_over_neurons(p: PassState, l: int) -> Number:
    return _over_neurons(p, l, p.w[l].shape[0])


def _over_neurons_of_each_example(p: PassState, l: int) -> Number:
    """A sum over the wrong axis: one number an example, which fits where there are as many neurons, or is broadcast."""
    n = p.w[l].shape[0]
    if n == 1 or p.m not in (1, n):
        return None
    return (p.delta[l] * p.share[:, None]).sum(axis=1) * np.ones(n, p.problem.dtype)


def _mean_of_each_example(p: PassState, l: int) -> Number:
    n = p.w[l].shape[0]
    if n == 1 or p.m not in (1, n):
        return None
    return p.delta[l].sum(axis=1) * (np.ones(n, p.problem.dtype) / n)


@fault(
    "bias_gradient_summed_over_neurons",
    "bias",
    summary="∂C/∂b is summed over the neurons too: a sum without an axis",
    remedy="Sum over the examples alone: axis 0 for rows of examples, axis 1 with keepdims for columns.",
    variants=(_mean_over_neurons, _over_neurons_of_each_example, _mean_of_each_example),
)
def _sum_over_neurons(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial b^l_j = \sum_i \delta^l_i$.

    ∂C/∂W is right; all biases of a layer have the same gradient, one number that is broadcast. With one neuron a layer
    nothing is off.
    """
    return _over_neurons(p, l, 1)


@fault(
    "bias_gradient_not_averaged",
    "shares_b",
    summary="∂C/∂b is summed over the examples, the rest is averaged",
    remedy="Divide ∂C/∂b by the number of examples, as ∂C/∂W.",
)
def _bias_summed(p: PassState, l: int) -> Array:
    r"""$\partial C/\partial b^l = \sum_x \delta^l$.

    ∂C/∂W is right, ∂C/∂b is m times too long. With one example nothing is off.
    """
    return p.equal_shares(1.0)


@fault(
    "bias_gradient_averaged_twice",
    "shares_b",
    summary="∂C/∂b is averaged over the examples twice, ∂C/∂W once",
    remedy="Sum δ^l over the examples for b^l where it is divided by their number already.",
)
def _bias_averaged_twice(p: PassState, l: int) -> Array:
    r"""$\partial C/\partial b^l = \tfrac{1}{m^2} \sum_x \delta^l$.

    ∂C/∂W is right, ∂C/∂b is m times too short: biases hardly move. With one example nothing is off.
    """
    return p.equal_shares(1 / p.m**2)


@fault(
    "weight_gradient_zero",
    "weight",
    summary="∂C/∂W is 0",
    remedy="Return δ^l (a^{l-1})ᵀ for W^l.",
)
def _weight_zero(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial W^l = 0$.

    ∂C/∂b is right; weights stay as they are, or decay by L2.
    """
    return equation_24(p, l) * 0.0


@fault(
    "activation_same_layer",
    "weight",
    summary="δ^l is multiplied by a^l, not by a^{l-1}",
    remedy="Use the activation of the layer below, from which the weight comes.",
)
def _own_activation(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial W^l = \delta^l (a^l)^{\mathsf T}$.

    ∂C/∂b is right. With unequal widths a wrong shape; with equal ones an unrelated direction.
    """
    return _products_with(p, l, p.a[l]) if p.is_square(l) else None


@fault(
    "weighted_input_for_activation",
    "weight",
    summary="δ^l is multiplied by z^{l-1}, not by a^{l-1}",
    remedy="Use a^{l-1} = σ(z^{l-1}).",
)
def _weighted_input_below(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial W^l = \delta^l (z^{l-1})^{\mathsf T}$.

    ∂C/∂b is right, and so is layer 2, whose input is x; above, too long where neurons saturate, and nearly right for
    small |z| with tanh.
    """
    return _products_with(p, l, p.z[l - 1]) if l > 2 else None


@fault(
    "input_for_activation",
    "weight",
    summary="δ^l is multiplied by x, not by a^{l-1}",
    remedy="x is a^1, and belongs to layer 2 alone.",
)
def _network_input(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial W^l = \delta^l x^{\mathsf T}$.

    ∂C/∂b is right, and so is layer 2. Above, a wrong shape where widths differ from the number of inputs, else an
    unrelated direction.
    """
    return _products_with(p, l, p.x) if l > 2 and p.x.shape[1] == p.w[l].shape[1] else None


@fault(
    "weights_for_activation",
    "weight",
    summary="δ^l_j is multiplied by w^l_jk, not by a^{l-1}_k",
    remedy="Multiply δ^l_j by the activation at the weight's other end, a^{l-1}_k.",
)
def _times_weights(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial w^l_{jk} = \delta^l_j\,w^l_{jk}$.

    ∂C/∂b is right; ∂C/∂W has the signs of the weights in each row, or all of them turned.
    """
    return equation_23(p, l)[:, None] * p.w[l]


@fault(
    "outer_product_transposed",
    "weight",
    summary="∂C/∂W is transposed, a^{l-1} (δ^l)ᵀ",
    remedy="Its rows are the neurons of layer l: δ^l (a^{l-1})ᵀ.",
)
def _transposed(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial W^l = a^{l-1} (\delta^l)^{\mathsf T}$.

    ∂C/∂b is right. With unequal widths a wrong shape; with equal ones the length is right, and the direction is not.
    """
    return equation_24(p, l).T if p.is_square(l) else None


@fault(
    "weight_gradient_not_averaged",
    "shares_w",
    summary="∂C/∂W is summed over the examples, the rest is averaged",
    remedy="Divide ∂C/∂W by the number of examples, as ∂C/∂b.",
)
def _weight_summed(p: PassState, l: int) -> Array:
    r"""$\partial C/\partial W^l = \sum_x \delta^l (a^{l-1})^{\mathsf T}$.

    ∂C/∂b is right, ∂C/∂W is m times too long, but for L2's part. With one example nothing is off.
    """
    return p.equal_shares(1.0)


@fault(
    "weight_gradient_averaged_twice",
    "shares_w",
    summary="∂C/∂W is averaged over the examples twice, ∂C/∂b once",
    remedy="Do not divide δ^l (a^{l-1})ᵀ by the number of examples where δ^l is divided by it already.",
)
def _weight_averaged_twice(p: PassState, l: int) -> Array:
    r"""$\partial C/\partial W^l = \tfrac{1}{m^2} \sum_x \delta^l (a^{l-1})^{\mathsf T}$.

    ∂C/∂b is right, ∂C/∂W is m times too short, but for L2's part. With one example nothing is off.
    """
    return p.equal_shares(1 / p.m**2)
