"""The truncation error of a central difference of a cost: a derived bound, by Taylor polynomials with remainders.

Let φ(t) be the cost of one example when a weighted input has moved by t, and φ'' = A + B over |t| ≤ s, where A has the
Lipschitz constant M and B moves by at most J (see `jets`). Then, φ'(t) − φ'(0) being the integral of φ'',

    |(φ(s) − φ(−s))/2s − φ'(0)| ≤ M s²/6 + J s/4.

M comes from third derivatives; J from second ones that jump, elu's at 0 and Huber's at ±δ. Both are carried from the
moved z^l_j to the cost, with |σ'|, |σ''| and |σ'''| bounded over all that each weighted input reaches on the way: no
jump is missed, however many lie within one step.
"""

from __future__ import annotations

import numpy as np

from minibp.activations import Activation, sigmoid, softmax, softplus
from minibp.arrays import Array
from minibp.check.oracles import jets
from minibp.check.oracles.curvature import curvature_of
from minibp.check.oracles.jets import Jet, Outer, Reach, composed
from minibp.check.oracles.perturbation import Pass
from minibp.check.problem_stack import Stack
from minibp.check.rounding.activation_bounds import activation_bounds_of
from minibp.check.rounding.whole_pass import Bound
from minibp.costs import HUBER_DELTA, CategoricalCrossEntropy, Cost, CrossEntropy, Huber, Quadratic, fuses


def is_derived(stack: Stack) -> bool:
    """True where `truncation` knows the activations and the cost of these problems: those of the package."""
    *hidden, output = stack.activations
    if any(curvature_of(activation) is None for activation in hidden):
        return False
    if type(stack.cost) in (Quadratic, Huber):
        return output is softmax or curvature_of(output) is not None
    return type(stack.cost) in (CrossEntropy, CategoricalCrossEntropy) and output in (sigmoid, softmax)


def truncation(stack: Stack, base: Pass, rounding: Bound, i: int, j: Array, s: Array) -> tuple[Array, Array]:
    """A bound on |central difference − derivative| of each example's cost along z_j of `base.z[i]`, moved by ±s.

    j is (p,) and s (stack, p, 1). The second array is true where a kink may be crossed on the way, so that there is no
    bound. Both are (stack, p, m). Rounding is left out; `rounding` is that of `base`, whose z may lie beside a jump.
    """
    with np.errstate(all="ignore"):
        jet, crossed = _output_jets(stack, base, rounding, i, j, s)
        third, jump, beyond = _of_cost(stack, base, rounding, Reach.of(jet, s[..., None]))
        error = third * s**2 / 6 + jump * s / 4
    return np.where(np.isnan(error), np.inf, error), crossed | beyond


def _output_jets(stack: Stack, base: Pass, rounding: Bound, i: int, j: Array, s: Array) -> tuple[Jet, Array]:
    """The jets of the output's weighted inputs, (stack, p, m, n_L), and where a kink may be crossed before."""
    last = len(base.z) - 1
    if i == last:
        first = np.zeros((len(s), len(j), stack.m, stack.sizes[-1]))
        first[:, np.arange(len(j)), :, j] = 1
        zero = np.zeros_like(first)
        return Jet(first, zero, zero, 0.0), np.zeros(first.shape[:-1], bool)
    z = base.z[i].mT[:, j]
    zero = np.zeros_like(z)
    moved = Reach.of(Jet(np.ones_like(z), zero, zero, 0.0), s)
    a, crossed = _activated(stack.activations[i], z, rounding.z[i].mT[:, j], moved)
    jet = _spread(a, stack.weights[i + 1].mT[:, j, None, :])
    for k in range(i + 1, last):
        a, beyond = _activated(
            stack.activations[k], base.z[k][:, None], rounding.z[k][:, None], Reach.of(jet, s[..., None])
        )
        crossed |= beyond.any(-1)
        jet = a.through(stack.weights[k + 1].mT[:, None])
    return jet, crossed


def _spread(a: Jet, w: Array) -> Jet:
    """The jets of all weighted inputs of the next layer, from those of one neuron."""
    size = np.abs(w)
    jump = a.jump[..., None] * size if isinstance(a.jump, np.ndarray) else a.jump
    return Jet(a.first[..., None] * w, a.second[..., None] * w, a.third[..., None] * size, jump)


def _activated(activation: Activation, z: Array, off: Array, g: Reach) -> tuple[Jet, Array]:
    """The jets of σ(z), for z with errors of at most `off`, and where z may cross a kink."""
    crossed = np.zeros(g.moved.shape, bool)
    for kink in activation.kinks:  # what cannot leave it has taken no side
        crossed |= (np.abs(z - kink) <= g.moved) & (g.moved > 0)
    curvature = curvature_of(activation)
    assert curvature is not None
    e = g.moved + 2 * off
    jump = 0.0 if curvature.jump is None else curvature.jump(z, e)
    f = Outer(
        first=curvature.first(z),
        second=curvature.second(z),
        first_bound=activation_bounds_of(activation).lipschitz(z, e),
        second_bound=curvature.second_bound(z, e),
        third_bound=curvature.third_bound(z, e),
        jump=jump,
    )
    return composed(f, g), crossed


def _of_cost(stack: Stack, base: Pass, rounding: Bound, g: Reach) -> tuple[Array, Array | float, Array]:
    """M and J of each example's cost from its output's weighted inputs, and where these may cross a kink."""
    z, y, off = base.z[-1][:, None], stack.y[:, None], rounding.z[-1][:, None]
    output = stack.activations[-1]
    crossed = np.zeros(g.moved.shape[:-1], bool)
    if output is softmax:
        g = g._replace(moved=g.moved + 2 * off)
    if type(stack.cost) is CategoricalCrossEntropy:  # Σ_j y_j (ln Σ e^z − z_j)
        whole = jets.log_sum(z, g)
        total = y.sum(-1)
        return (
            total * whole.third + (y * g.jet.third).sum(-1),
            total * whole.jump + (y * g.jet.jump).sum(-1),
            crossed,
        )
    if type(stack.cost) is CrossEntropy and output is softmax:
        # Σ_j [ln Σ_k e^{z_k} − y_j z_j − (1 − y_j) ln Σ_{k≠j} e^{z_k}]
        whole, others, n = jets.log_sum(z, g), jets.log_sum_of_others(z, g), y.shape[-1]
        third = n * whole.third + (y * g.jet.third + (1 - y) * others.third).sum(-1)
        return third, n * whole.jump + (y * g.jet.jump + (1 - y) * others.jump).sum(-1), crossed
    if fuses(stack.cost, output):  # ln(1 + e^z) − y z, with the slope σ(z) − y
        jet = composed(_softplus_less_line(z, y, g.moved + 2 * off), g)
    else:
        if output is softmax:
            a = jets.softmax(z, g)
        else:
            a, beyond = _activated(output, z, off, g)
            crossed |= beyond.any(-1)
        r, reach = base.a[-1][:, None] - y, Reach.of(a, g.s)
        jet = composed(_of_residual(stack.cost, r, reach.moved + 2 * rounding.a[-1][:, None]), reach)
    return jet.third.sum(-1), np.sum(jet.jump, -1) if isinstance(jet.jump, np.ndarray) else 0.0, crossed


def _softplus_less_line(z: Array, y: Array, e: Array) -> Outer:
    """ln(1 + e^z) − y z."""
    curvature = curvature_of(softplus)
    assert curvature is not None
    first, second_bound = curvature.first(z) - y, curvature.second_bound(z, e)
    return Outer(
        first=first,
        second=curvature.second(z),
        first_bound=np.abs(first) + second_bound * e,
        second_bound=second_bound,
        third_bound=curvature.third_bound(z, e),
        jump=0.0,
    )


def _of_residual(cost: Cost, r: Array, e: Array) -> Outer:
    """½ r² or, for Huber's beyond ±δ, a straight line."""
    if type(cost) is Quadratic:
        return Outer(r, np.ones_like(r), np.abs(r) + e, np.ones_like(r), 0.0, 0.0)
    size = np.abs(r)
    return Outer(
        first=np.clip(r, -HUBER_DELTA, HUBER_DELTA),
        second=np.where(size <= HUBER_DELTA, 1.0, 0.0),
        first_bound=np.minimum(size + e, HUBER_DELTA),
        second_bound=np.where(size - e <= HUBER_DELTA, 1.0, 0.0),
        third_bound=0.0,
        jump=np.where(np.abs(size - HUBER_DELTA) <= e, 1.0, 0.0),
    )
