"""How far an honest floating-point computation of a gradient may be off: a running error bound.

Beside a pass in float64 runs a second one, of magnitudes: every product, sum and function adds its own rounding to
the error that it inherits. A sum of n products, in whatever order, is off by at most γ_n = nu/(1 − nu) times the sum
of their magnitudes (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §3.1 and §3.3). Errors of z are
carried through σ and σ' over the whole interval that they span (see `sensitivity`), and products of two errors are
kept, so the bound also holds where a first-order one would not.
"""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from minibp.arrays import Array
from minibp.check.arithmetic import Arithmetic, Near, arithmetic_of, matmul, matmul_exact, times
from minibp.check.layer_rounding import activated, slope, weighted_input
from minibp.check.output_rounding import costs_of, output_error
from minibp.network import Gradient
from minibp.problem import Problem

__all__ = ["Bound", "arithmetic_of", "bound"]


class Bound(NamedTuple):
    """Largest absolute errors, shaped like what they bound; see `minibp.Backprop`."""

    cost: float
    costs: Array
    """Of the cost of each example, without L2: (m,)."""
    gradient: Gradient
    z: tuple[Array, ...]
    a: tuple[Array, ...]
    delta: tuple[Array, ...]


_BOUNDS: WeakKeyDictionary[Problem, dict[Arithmetic, Bound]] = WeakKeyDictionary()
"""What `bound` has answered, for as long as the problem lives: every oracle asks for the same."""


def bound(problem: Problem, arithmetic: Arithmetic) -> Bound:
    """The errors of z, a, δ, the cost and its gradient when `problem` is solved in `arithmetic`.

    >>> from minibp import Network
    >>> problem = Problem(Network([[[2.0]]], [[1.0]], "identity"), "quadratic", [[3.0]], [[5.0]])
    >>> bool(bound(problem, arithmetic_of("float64")).gradient.nabla_b[0][0] < 1e-14)
    True
    """
    answers = _BOUNDS.setdefault(problem, {})
    if arithmetic not in answers:
        with np.errstate(over="ignore", invalid="ignore"):
            answers[arithmetic] = _bound(problem.astype("float64"), arithmetic)
    return answers[arithmetic]


def _bound(problem: Problem, to: Arithmetic) -> Bound:
    network, m = problem.network, problem.m
    a = Near(problem.x, np.zeros_like(problem.x))
    zs, activations = [], [a]
    for w, b, activation in zip(network.weights, network.biases, network.activations, strict=True):
        z = weighted_input(a, w, b, to)
        a = activated(z, activation, to)
        zs.append(z)
        activations.append(a)
    costs = costs_of(problem, zs[-1], a, to)
    deltas = [output_error(problem, zs[-1], a, to)]
    for i in reversed(range(1, len(zs))):
        back = matmul_exact(deltas[0], network.weights[i], np.abs(network.weights[i]), to)
        deltas.insert(0, times(back, slope(zs[i - 1], activations[i], network.activations[i - 1], to), to))
    products = [matmul(delta.transposed, a, to) for delta, a in zip(deltas, activations, strict=False)]
    decays = [problem.l2.gradient(np.abs(w), m) for w in network.weights]
    penalty = problem.l2.value(network.weights, m)
    found = Bound(
        cost=float(_sum_of_rows(costs, to)) / m + to.tiny + _penalty_error(problem, penalty, to),
        costs=costs.error,
        gradient=Gradient(
            tuple(
                (product.error + 3 * to.u * product.size) / m + to.gamma(1) * decay + _flushed(problem, w, to)
                for product, decay, w in zip(products, decays, network.weights, strict=True)
            ),
            tuple(_sum_of_rows(delta, to) / m + to.tiny for delta in deltas),
        ),
        z=tuple(z.error for z in zs),
        a=tuple(a.error for a in activations),
        delta=tuple(delta.error for delta in deltas),
    )
    sizes = [near.size.max() for near in (*zs, *activations, costs, *deltas, *products)]
    peak = np.max([*sizes, penalty, *(decay.max() for decay in decays)])
    # Terms of a sum may be larger than the sum, but no larger than the error that they leave it, over u.
    return found if peak < to.huge * to.u else _unbounded(found)


def _sum_of_rows(rows: Near, to: Arithmetic) -> Array:
    """The error of a sum over examples, from which a mean is made."""
    return rows.error.sum(0) + to.gamma(len(rows.value)) * rows.size.sum(0)


def _penalty_error(problem: Problem, penalty: float, to: Arithmetic) -> float:
    """Of α/(2m) Σ w², whose factors may each be flushed to zero."""
    alpha, n = problem.l2.alpha, problem.network.n_parameters
    if not alpha:
        return 0.0
    squares = sum(float((w * w).sum()) for w in problem.network.weights)
    return to.gamma(n) * penalty + to.tiny * (squares + alpha * n)


def _flushed(problem: Problem, w: Array, to: Arithmetic) -> Array:
    """What underflow may take from ∂C/∂W: from its mean, and from α/m or w."""
    alpha = problem.l2.alpha
    return to.tiny * (1 + (np.abs(w) + alpha / problem.m if alpha else np.zeros_like(w)))


def _unbounded(found: Bound) -> Bound:
    """The same shapes, of infinite errors: what overflows, or may, can be anything."""

    def infinite(arrays: tuple[Array, ...]) -> tuple[Array, ...]:
        return tuple(np.full(array.shape, np.inf) for array in arrays)

    gradient = Gradient(infinite(found.gradient.nabla_w), infinite(found.gradient.nabla_b))
    costs = np.full(found.costs.shape, np.inf)
    return Bound(np.inf, costs, gradient, infinite(found.z), infinite(found.a), infinite(found.delta))
