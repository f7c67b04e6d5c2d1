"""Right backprops of sigmoid networks by other conventions than those of the equations."""

from functools import partial

import numpy as np
from subjects import sigmoid


def backprop(
    weights,
    biases,
    x,
    y,
    *,
    rows=lambda y, n: y,
    factor=1.0,
    divisor=len,
    with_biases=True,
    decay=lambda m: 0.0,
    cost=None,
):
    """One pass: `rows` makes targets of y, `divisor` is that of the sums, `decay` the factor of W in ∂C/∂W."""
    a = [x]
    for w, b in zip(weights, biases, strict=True):
        a.append(sigmoid(a[-1] @ w.T + (b if with_biases else 0)))
    y = rows(y, a[-1].shape[1])
    delta = x.dtype.type(factor) * (a[-1] - y) * a[-1] * (1 - a[-1])
    nabla_w, nabla_b = [], []
    for i in reversed(range(len(weights))):
        penalty = x.dtype.type(decay(len(x))) * weights[i]
        nabla_w.insert(0, delta.T @ a[i] / x.dtype.type(divisor(x)) + penalty)
        nabla_b.insert(0, delta.sum(0) / x.dtype.type(divisor(x)))
        if i:
            delta = (delta @ weights[i]) * a[i] * (1 - a[i])
    if cost is not None:
        return cost(a[-1], y, weights), nabla_w, nabla_b
    return (nabla_w, nabla_b) if with_biases else nabla_w


def of_labels(y, n):
    return y[:, None].astype(float) if n == 1 else np.eye(n)[y]


def of_largest(y, n):
    """What code makes of its targets that keeps the place of the largest alone."""
    return np.round(y) if n == 1 else np.eye(n, dtype=y.dtype)[y.argmax(1)]


def one(x):
    return 1


SUM = {"divisor": one}
L2 = 0.3
CLAIMS = {
    "labels": ({"targets": "labels"}, {"rows": of_labels}),
    "one-hot": ({"targets": "one_hot"}, {"rows": of_largest}),
    "signs": ({"targets": "signs"}, {"rows": lambda y, n: np.sign(y)}),
    "plus or minus one": ({"targets": "signs"}, {"rows": lambda y, n: np.where(y >= 0, 1.0, -1.0)}),
    "a third of the cost": ({"cost_scale": 1 / 3}, {"factor": 1 / 3}),
    "twice the cost": ({"cost_scale": 2}, {"factor": 2}),
    "no biases": ({"biases": False}, {"with_biases": False}),
    "a sum": ({"reduction": "sum"}, SUM),
    "a penalty over nothing": ({"l2": L2, "l2_over": "nothing"}, {"decay": lambda m: L2}),
    "a penalty over nothing beside a sum": (
        {"l2": L2, "l2_over": "nothing", "reduction": "sum"},
        {"decay": lambda m: L2, **SUM},
    ),
    "a penalty beside ten times the cost": ({"l2": L2, "cost_scale": 10}, {"decay": lambda m: L2 / m, "factor": 10}),
    "all at once": (
        {"l2": L2, "l2_over": "nothing", "cost_scale": 2, "targets": "labels", "biases": False},
        {"decay": lambda m: L2, "factor": 2, "rows": of_labels, "with_biases": False},
    ),
}
"""By name: the claim, as arguments of `check_backprop`, and the code for which it is right."""


def code_of(name, **changed):
    """The right code of a claim, or one with something changed."""
    found = partial(backprop, **{**CLAIMS[name][1], **changed})
    found.__name__ = "code"
    return found
