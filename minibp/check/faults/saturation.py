"""Faults of δ^L that keep cross-entropy finite where outputs saturate: an epsilon in its quotients, or clipped outputs.

They err by about ε where neurons are not saturated, which rounding may hide, and by anything where they are.
"""

from __future__ import annotations

import numpy as np

from minibp.activations import softmax
from minibp.arrays import Array
from minibp.check.faults.fault import fault_with_constant
from minibp.check.faults.pass_state import Number, PassState, softmax_backward
from minibp.check.rounding.running_error import RunningError
from minibp.costs import CategoricalCrossEntropy, CrossEntropy


def _through(p: PassState, l: int, nabla_a: Number) -> Number:
    """∇_a C through the derivative of the output."""
    if p.activations[l] is softmax:
        return softmax_backward(p.a[l], nabla_a)
    return nabla_a * _from_value(p, l) if p.activations[l].elementwise else None


def _from_value(p: PassState, l: int) -> Number:
    """σ' in terms of a, as it is written here: where a is 1, this is 0."""
    return p.a[l] * (1 - p.a[l]) if p.activations[l].name == "sigmoid" else p.prime(l)


def _in_quotients(p: PassState, l: int, epsilon: float) -> Number:
    a = p.a[l]
    if isinstance(p.problem.cost, CategoricalCrossEntropy):
        return _through(p, l, -(p.y / (a + epsilon)))
    if not isinstance(p.problem.cost, CrossEntropy):
        return None
    return _through(p, l, (1 - p.y) / ((1 - a) + epsilon) - p.y / (a + epsilon))


def _in_product(p: PassState, l: int, epsilon: float) -> Number:
    """(a − y)/(a(1 − a) + ε)."""
    if not isinstance(p.problem.cost, CrossEntropy):
        return None
    return _through(p, l, (p.a[l] - p.y) / (p.a[l] * (1 - p.a[l]) + epsilon))


def _in_output(p: PassState, l: int, epsilon: float) -> Number:
    """a + ε in both quotients."""
    if not isinstance(p.problem.cost, CrossEntropy):
        return None
    a = p.a[l] + epsilon
    return _through(p, l, (1 - p.y) / (1 - a) - p.y / a)


def _epsilon_message(p: PassState, l: int, variant: int, epsilon: float) -> str:
    where = ("the divisors a and 1 - a", "the divisor a(1 - a)", "a")[variant]
    return f"δ^L is that of a cost with ε = {epsilon:.3g} added to {where}"


@fault_with_constant(
    "epsilon_in_cost",
    "output",
    summary="an epsilon c is added in the quotients, or in the logarithms, of cross-entropy",
    remedy="Use δ^L = a^L - y, (26): nothing is divided there, and no epsilon is needed.",
    typical=1e-6,
    variants=(_in_product, _in_output),
    message=_epsilon_message,
)
def _with_epsilon(p: PassState, l: int, epsilon: float) -> Number:
    r"""$\delta^L = \Big(\frac{1-y}{1-a+c} - \frac{y}{a+c}\Big) \odot \sigma'(z^L)$.

    Off by about one part c/a of an entry, which no loose tolerance sees; where an output has saturated, δ^L is 0 in
    place of ±1. The constant is fitted.
    """
    return _in_quotients(p, l, epsilon)


def clipped(p: PassState, numbers: Number, low: float, high: float) -> Number:
    """Numbers that are cut off at both ends; what is cut off is exact."""
    value = np.clip(p.plain(numbers), low, high)
    if p.fp is None:
        return value.astype(p.problem.dtype)
    return RunningError(value, np.minimum(numbers.error, high - low), p.fp)


def _residual_of_clipped(p: PassState, l: int, epsilon: float) -> Number:
    return clipped(p, p.a[l], epsilon, 1 - epsilon) - p.y if p.is_fused else None


def _quotients_of_clipped(p: PassState, l: int, epsilon: float) -> Number:
    a = clipped(p, p.a[l], epsilon, 1 - epsilon)
    if isinstance(p.problem.cost, CategoricalCrossEntropy):
        return _through(p, l, -(p.y / a))
    if not isinstance(p.problem.cost, CrossEntropy):
        return None
    return _through(p, l, (1 - p.y) / (1 - a) - p.y / a)


def _clipped_throughout(p: PassState, l: int, epsilon: float) -> Number:
    """Of the clipped output σ' is taken, too, which then cancels."""
    a = clipped(p, p.a[l], epsilon, 1 - epsilon)
    if not isinstance(p.problem.cost, CrossEntropy) or p.activations[l].name != "sigmoid":
        return None
    return ((1 - p.y) / (1 - a) - p.y / a) * (a * (1 - a))


def _suggested_clip(p: PassState, l: int, delta: Array) -> Array:
    """The distance of δ + y from 0 or 1, where that is not a; NaN elsewhere."""
    shown = delta + p.y
    right = p.plain(p.a[l])
    suggested: Array = np.where(np.abs(shown - right) > 1e-9 * right, np.minimum(shown, 1 - shown), np.nan)
    return suggested


@fault_with_constant(
    "output_clipped",
    "output",
    summary="a^L is clipped to [c, 1-c] before δ^L is computed",
    remedy="Use δ^L = a^L - y, (26), with a^L as it is; a clip is for the logarithms of the cost alone.",
    typical=0.4,
    variants=(_quotients_of_clipped, _clipped_throughout),
    suggest=_suggested_clip,
    message=lambda p, l, variant, epsilon: f"a^L is clipped to [{epsilon:.3g}, 1 - {epsilon:.3g}]",
)
def _clipped(p: PassState, l: int, epsilon: float) -> Number:
    r"""$\delta^L = \mathrm{clip}(a^L, c, 1-c) - y$.

    Right where every output is within [c, 1 − c]; beyond, an error that should go to 0 stays at c. The constant is
    fitted.
    """
    return _residual_of_clipped(p, l, epsilon)
