"""Faults of what is made from δ: ∂C/∂b (23), ∂C/∂W (24), the mean over examples (6) and L2 (27).

A mean is a sum in which every example has the share 1/m. Faults of the mean give it other shares.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.check.fault import Fault
from minibp.check.values import Values


def shares(v: Values, layer: int) -> Array:
    """What each example counts in the mean, equation (6)."""
    return _shares(v, 1 / v.m)


def bias(v: Values, layer: int) -> Any:
    """Equation (23), summed with the shares of the examples."""
    return v.share @ v.delta[layer]


def weight(v: Values, layer: int) -> Any:
    """Equation (24), summed with the shares of the examples."""
    return _products(v, layer, v.a[layer - 1])


def decay(v: Values, layer: int) -> Any:
    """What L2 adds to ∂C/∂W, by equation (27)."""
    return v.exact(v.w[layer]) * (v.alpha / v.m)


def _shares(v: Values, *values: float) -> Array:
    """The same share for all, or the first for all but the last, which has the second."""
    given = np.full(v.m, values[0])
    given[-1] = values[-1]
    return given.astype(v.problem.dtype)


def _first_only(v: Values, layer: int) -> Array:
    return np.eye(1, v.m, dtype=v.problem.dtype)[0]


def _last_dropped(v: Values, layer: int) -> Array:
    return _shares(v, 1 / (v.m - 1), 0.0) if v.m > 1 else _shares(v, 1.0)


def _last_dropped_of_all(v: Values, layer: int) -> Array:
    return _shares(v, 1 / v.m, 0.0) if v.m > 1 else _shares(v, 1.0)


def _products(v: Values, layer: int, below: Any) -> Any:
    return (v.delta[layer] * v.share[:, None]).T @ below


def _ones(n: int, v: Values) -> Array:
    return np.ones(n, v.problem.dtype)


def _over_neurons(v: Values, layer: int, divisor: int) -> Any:
    n = v.w[layer].shape[0]
    return bias(v, layer).sum() * _ones(n, v) * (1 / divisor) if n > 1 else None


def _own_activation(v: Values, layer: int) -> Any:
    return _products(v, layer, v.a[layer]) if v.is_square(layer) else None


def _weighted_input_below(v: Values, layer: int) -> Any:
    return _products(v, layer, v.z[layer - 1]) if layer > 2 else None


def _input(v: Values, layer: int) -> Any:
    return _products(v, layer, v.x) if layer > 2 and v.x.shape[1] == v.w[layer].shape[1] else None


def _transposed(v: Values, layer: int) -> Any:
    return weight(v, layer).T if v.is_square(layer) else None


def _of_means(v: Values, layer: int) -> Any:
    mean = _shares(v, 1 / v.m)
    return (mean @ v.delta[layer])[:, None] * (mean @ v.a[layer - 1])[None, :]


BIAS = (
    Fault(
        "bias_gradient_zero", "bias", "(23)", "∂C/∂b is 0", "Return δ^l, the mean over the examples, for b^l.",
        (lambda v, l: bias(v, l) * 0.0,),
    ),
    Fault(
        "bias_value_for_gradient", "bias", "(23)", "∂C/∂b is b itself", "Return δ^l, not b^l.",
        (lambda v, l: v.exact(v.b[l]),),
    ),
    Fault(
        "bias_gradient_summed_over_neurons", "bias", "(23)",
        "∂C/∂b is summed over the neurons too: a sum without an axis",
        "Sum over the examples alone: axis 0 for rows of examples, axis 1 with keepdims for columns.",
        (lambda v, l: _over_neurons(v, l, 1), lambda v, l: _over_neurons(v, l, v.w[l].shape[0])),
    ),
    Fault(
        "bias_gradient_not_averaged", "shares_b", "(23)", "∂C/∂b is summed over the examples, the rest is averaged",
        "Divide ∂C/∂b by the number of examples, as ∂C/∂W.", (lambda v, l: _shares(v, 1.0),),
    ),
)  # fmt: skip

WEIGHT = (
    Fault(
        "weight_gradient_zero", "weight", "(24)", "∂C/∂W is 0", "Return δ^l (a^{l-1})ᵀ for W^l.",
        (lambda v, l: weight(v, l) * 0.0,), tensor="nabla_w",
    ),
    Fault(
        "activation_same_layer", "weight", "(24)", "δ^l meets a^l, not a^{l-1}",
        "The activation is that of the layer below, from which the weight comes.", (_own_activation,), tensor="nabla_w",
    ),
    Fault(
        "weighted_input_for_activation", "weight", "(24)", "δ^l meets z^{l-1}, not a^{l-1}",
        "Use a^{l-1} = σ(z^{l-1}).", (_weighted_input_below,), tensor="nabla_w",
    ),
    Fault(
        "input_for_activation", "weight", "(24)", "δ^l meets x, not a^{l-1}",
        "x is a^1, and belongs to layer 2 alone.", (_input,), tensor="nabla_w",
    ),
    Fault(
        "weights_for_activation", "weight", "(24)", "δ^l_j is multiplied by w^l_jk, not by a^{l-1}_k",
        "Multiply δ^l_j by the activation at the weight's other end.",
        (lambda v, l: bias(v, l)[:, None] * v.w[l],), tensor="nabla_w",
    ),
    Fault(
        "outer_product_transposed", "weight", "(24)", "∂C/∂W is transposed, a^{l-1} (δ^l)ᵀ",
        "Its rows are the neurons of layer l: δ^l (a^{l-1})ᵀ.", (_transposed,), tensor="nabla_w",
    ),
    Fault(
        "weight_gradient_not_averaged", "shares_w", "(24)", "∂C/∂W is summed over the examples, the rest is averaged",
        "Divide ∂C/∂W by the number of examples, as ∂C/∂b.", (lambda v, l: _shares(v, 1.0),), tensor="nabla_w",
    ),
)  # fmt: skip

BATCH = (
    Fault(
        "sum_for_mean", "shares", "(6)", "examples are summed, not averaged",
        "Divide by the number of examples; if a sum is meant, say reduction=\"sum\".", (lambda v, l: _shares(v, 1.0),),
    ),
    Fault(
        "mean_twice", "shares", "(6)", "the mean over examples is taken twice",
        "Divide by the number of examples once.",
        (lambda v, l: _shares(v, 1 / v.m**2),),
    ),
    Fault(
        "mean_compounded", "shares", "(6)", "δ is divided by the number of examples again at every layer",
        "Divide once: δ^L, or the gradients at the end.", (lambda v, l: _shares(v, 1 / v.m ** (v.top - l + 1)),),
    ),
    Fault(
        "last_example_dropped", "shares", "(6)", "the last example is left out",
        "Mind the exclusive end of a slice or range.", (_last_dropped, _last_dropped_of_all),
    ),
    Fault(
        "first_example_only", "shares", "(6)", "only the first example counts",
        "Let the sum run over all rows; look for a return inside the loop, or an index 0.", (_first_only,),
    ),
    Fault(
        "mean_over_outputs", "shares", "(6)", "the mean is taken over the outputs too",
        "The cost sums over the outputs, (9) and (25): divide by the number of examples alone.",
        (lambda v, l: _shares(v, 1 / (v.m * v.w[v.top].shape[0])), lambda v, l: _shares(v, 1 / v.w[v.top].shape[0])),
    ),
    Fault(
        "features_for_examples", "shares", "(6)", "the divisor is the number of inputs, not of examples",
        "Divide by the number of examples: x.shape[0] where examples are rows, x.shape[1] where they are columns.",
        (lambda v, l: _shares(v, 1 / v.w[2].shape[1]),),
    ),
    Fault(
        "product_of_means", "products", "(6)", "∂C/∂W is the product of the means of δ and a, not the mean of products",
        "Sum δ^l (a^{l-1})ᵀ over the examples: delta.T @ a for rows.", (_of_means,), tensor="nabla_w",
    ),
)  # fmt: skip

L2_FAULTS = (
    Fault(
        "l2_missing", "l2_weights", "(27)", "∂C/∂W has no L2 term", "Add (α/m) W^l to ∂C/∂W^l.",
        (lambda v, l: decay(v, l) * 0.0,), tensor="nabla_w",
    ),
    Fault(
        "l2_not_divided_by_m", "l2_weights", "(27)", "the L2 term is α W, not divided by the number of examples",
        "Add (α/m) W^l.", (lambda v, l: decay(v, l) * float(v.m),), tensor="nabla_w",
    ),
    Fault(
        "l2_factor_two", "l2_weights", "(27)", "the L2 term is twice (α/m) W",
        "The derivative of α/(2m) w² is (α/m) w.", (lambda v, l: decay(v, l) * 2.0,), tensor="nabla_w",
    ),
    Fault(
        "l2_factor_half", "l2_weights", "(27)", "the L2 term is half of (α/m) W",
        "The derivative of α/(2m) w² is (α/m) w: the ½ is gone.", (lambda v, l: decay(v, l) * 0.5,), tensor="nabla_w",
    ),
    Fault(
        "l2_sign_flipped", "l2_weights", "(27)", "the L2 term is subtracted", "Add (α/m) W^l.",
        (lambda v, l: -decay(v, l),), tensor="nabla_w",
    ),
    Fault(
        "l1_for_l2", "l2_weights", "(27)", "the term is (α/m) sign(W), that of an L1 penalty", "Add (α/m) W^l.",
        (lambda v, l: v.exact(np.sign(v.w[l])) * (v.alpha / v.m),), tensor="nabla_w",
    ),
    Fault(
        "l2_on_biases", "l2_biases", "(27)", "(α/m) b is added to ∂C/∂b",
        "L2 is on weights alone, (28): leave the biases out.", (lambda v, l: v.exact(v.b[l]) * (v.alpha / v.m),),
    ),
    Fault(
        "l2_ones_on_biases", "l2_biases", "(27)", "α/m is added to every ∂C/∂b",
        "L2 is on weights alone, (28); look for a term that is broadcast.",
        (lambda v, l: v.exact(_ones(v.w[l].shape[0], v)) * (v.alpha / v.m),),
    ),
)  # fmt: skip
