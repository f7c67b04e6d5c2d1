"""Faults of the mean over examples, (6).

A mean is a sum in which every example has the share 1/m. Faults of the mean give it other shares.
"""

from __future__ import annotations

import numpy as np

from minibp.arrays import Array
from minibp.check.faults.fault import fault
from minibp.check.faults.pass_state import Number, PassState


def equation_6(p: PassState, l: int) -> Array:
    """The share of each example in the mean, 1/m."""
    return p.equal_shares(1 / p.m)


@fault(
    "sum_for_mean",
    "shares",
    summary="examples are summed, not averaged",
    remedy='Divide by the number of examples; if a sum is meant, pass reduction="sum".',
)
def _sum(p: PassState, l: int) -> Array:
    r"""$\nabla C = \sum_x \nabla C_x$.

    Every entry is m times too long, but for L2's part: the best learning rate depends on the batch size. With one
    example nothing is off.
    """
    return p.equal_shares(1.0)


@fault(
    "mean_twice",
    "shares",
    summary="the mean over examples is taken twice",
    remedy="Divide by the number of examples once.",
)
def _mean_of_mean(p: PassState, l: int) -> Array:
    r"""$\nabla C = \tfrac{1}{m^2} \sum_x \nabla C_x$.

    Every entry is m times too short, but for L2's part. With one example nothing is off.
    """
    return p.equal_shares(1 / p.m**2)


@fault(
    "mean_compounded",
    "shares",
    summary="δ is divided by the number of examples again at every layer",
    remedy="Divide once: δ^L, or the gradients at the end.",
)
def _mean_at_every_layer(p: PassState, l: int) -> Array:
    r"""$\nabla C^l = \tfrac{1}{m^{L-l+1}} \sum_x \nabla C_x^l$.

    The output layer is right, each layer below is m times shorter once more: lower layers hardly learn, as with
    gradients that vanish. With one example nothing is off.
    """
    return p.equal_shares(1 / p.m ** (p.top - l + 1))


def _without_last_of_all(p: PassState, l: int) -> Array:
    """The sum leaves out the last example, the divisor counts it."""
    return p.equal_shares(1 / p.m, last=0.0) if p.m > 1 else p.equal_shares(1.0)


@fault(
    "last_example_dropped",
    "shares",
    summary="the last example is left out",
    remedy="Check the end of the slice or range: it is exclusive.",
    variants=(_without_last_of_all,),
)
def _without_last(p: PassState, l: int) -> Array:
    r"""$\nabla C = \tfrac{1}{m-1} \sum_{x \ne x_m} \nabla C_x$.

    Every entry is off, by less the larger the batch is: at m = 100 by about a hundredth. With one example nothing is
    off.
    """
    return p.equal_shares(1 / (p.m - 1), last=0.0) if p.m > 1 else p.equal_shares(1.0)


@fault(
    "first_example_only",
    "shares",
    summary="only the first example counts",
    remedy="Sum over all rows; look for a return inside the loop, or an index 0.",
)
def _first_only(p: PassState, l: int) -> Array:
    r"""$\nabla C = \nabla C_{x_1}$.

    The gradient does not change with the other examples; training goes on, as with a batch of one. With one example
    nothing is off.
    """
    return np.eye(1, p.m, dtype=p.problem.dtype)[0]


def _divided_by_outputs(p: PassState, l: int) -> Array:
    return p.equal_shares(1 / p.w[p.top].shape[0])


@fault(
    "mean_over_outputs",
    "shares",
    summary="the mean is taken over the outputs too",
    remedy="The cost sums over the outputs, (9) and (25): divide by the number of examples alone.",
    variants=(_divided_by_outputs,),
)
def _mean_over_outputs(p: PassState, l: int) -> Array:
    r"""$\nabla C = \tfrac{1}{m\,n_L} \sum_x \nabla C_x$.

    Every entry is n_L times too short, as of a mean over all entries of a − y. With one output nothing is off.
    """
    return p.equal_shares(1 / (p.m * p.w[p.top].shape[0]))


@fault(
    "features_for_examples",
    "shares",
    summary="the divisor is the number of inputs, not of examples",
    remedy="Divide by the number of examples: x.shape[0] where examples are rows, x.shape[1] where they are columns.",
)
def _divided_by_inputs(p: PassState, l: int) -> Array:
    r"""$\nabla C = \tfrac{1}{n_1} \sum_x \nabla C_x$.

    Every entry is off by the factor m/n_1, the number of rows over that of columns of x. Where the two are equal
    nothing is.
    """
    return p.equal_shares(1 / p.w[2].shape[1])


@fault(
    "product_of_means",
    "products",
    summary="∂C/∂W is the product of the means of δ and a, not the mean of products",
    remedy="Sum δ^l (a^{l-1})ᵀ over the examples: delta.T @ a for rows.",
)
def _product_of_means(p: PassState, l: int) -> Number:
    r"""$\partial C/\partial W^l = \overline{\delta^l}\;\overline{a^{l-1}}^{\mathsf T}$.

    ∂C/∂b is right; ∂C/∂W lacks how δ and a vary together over the batch, which is little where examples are alike. With
    one example nothing is off.
    """
    mean = equation_6(p, l)
    return (mean @ p.delta[l])[:, None] * (mean @ p.a[l - 1])[None, :]
