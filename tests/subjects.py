"""Backprops that somebody might have written, right and wrong."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def backprop(weights, biases, x, y, delta_of=lambda a, y: (a - y) * a * (1 - a), without_prime=(), bias=np.mean):
    activations = [x]
    for w, b in zip(weights, biases, strict=True):
        activations.append(sigmoid(activations[-1] @ w.T + b))
    delta = delta_of(activations[-1], y)
    nabla_w, nabla_b = [], []
    for i in reversed(range(len(weights))):
        nabla_w.insert(0, delta.T @ activations[i] / x.dtype.type(len(x)))
        nabla_b.insert(0, bias(delta, axis=0))
        if i:
            delta = delta @ weights[i]
            if i + 1 not in without_prime:
                delta = delta * activations[i] * (1 - activations[i])
    return nabla_w, nabla_b


def fused(weights, biases, x, y):
    return backprop(weights, biases, x, y, lambda a, y: a - y)


def by_division(weights, biases, x, y):
    return backprop(weights, biases, x, y, lambda a, y: (-y / a + (1 - y) / (1 - a)) * (a * (1 - a)))


def sums(weights, biases, x, y):
    return [[array * x.dtype.type(len(x)) for array in kind] for kind in backprop(weights, biases, x, y)]


def is_seen_wrong(subject, **claim):
    """True where the comparison with the oracles shows a mistake, on well-conditioned networks of sigmoids."""
    from minibp.check.backprop.comparison import Comparison  # which needs JAX
    from minibp.check.subject.claim import Claim
    from minibp.check.subject.specification import Setting

    setting = Setting.checked("sigmoid", None, "quadratic", claim.pop("l2", 0.0), Claim(**claim), "float64", subject)
    comparison = Comparison(subject, setting, seed=0)
    comparison.look(setting.bases(0))
    return bool(comparison.mismatches)
