"""The rounding error bound of an honest floating-point computation of a gradient: a running error bound.

Beside a pass in float64 runs a second one, of magnitudes: every product, sum and function adds its local
error to the propagated one. A sum of n products, in whatever order, is off by at most γ_n = nu/(1 − nu) times the sum
of their magnitudes (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §3.1 and §3.3). Errors of z are
propagated through σ and σ' over the whole interval that they span (see `activation_bounds`), and products of two errors
are kept, so the bound also holds where a first-order one would not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from minibp.arrays import Array
from minibp.check.problem_stack import Stack, stack_of_one
from minibp.check.rounding.arithmetic import Arithmetic, Ball, arithmetic_of, matmul, matmul_exact, regrouped, times
from minibp.check.rounding.layer import activated, derivative, weighted_input
from minibp.check.rounding.output_layer import Output, costs_of, output_error
from minibp.network import Gradient
from minibp.problem import Problem

__all__ = ["Bound", "arithmetic_of", "bound"]


class Bound(NamedTuple):
    """Largest absolute errors, shaped like what they bound; see `minibp.Backprop`. Of a stack, with its axis first."""

    cost: Any
    costs: Array
    """Of the cost of each example, without L2: (m,)."""
    gradient: Gradient
    z: tuple[Array, ...]
    a: tuple[Array, ...]
    delta: tuple[Array, ...]


_BOUNDS: WeakKeyDictionary[Stack, dict[Arithmetic, Bound]] = WeakKeyDictionary()
"""The results of `bounds`, for as long as the stack lives: the comparison with every oracle needs the same."""


def bound(problem: Problem, arithmetic: Arithmetic) -> Bound:
    """The errors of z, a, δ, the cost and its gradient when `problem` is solved in `arithmetic`.

    >>> from minibp import Network
    >>> problem = Problem(Network([[[2.0]]], [[1.0]], "identity"), "quadratic", [[3.0]], [[5.0]])
    >>> bool(bound(problem, arithmetic_of("float64")).gradient.nabla_b[0][0] < 1e-14)
    True
    """
    return _only(bounds(stack_of_one(problem), arithmetic))


def bounds(stack: Stack, arithmetic: Arithmetic) -> Bound:
    """The same for a whole stack at once."""
    known = _BOUNDS.setdefault(stack, {})
    if arithmetic not in known:
        with np.errstate(over="ignore", invalid="ignore"):
            known[arithmetic] = _bounds(stack, arithmetic)
    return known[arithmetic]


def _bounds(stack: Stack, fp: Arithmetic) -> Bound:
    m, count = stack.m, len(stack.x)
    a = Ball(stack.x, np.zeros_like(stack.x))
    zs, activations = [], [a]
    for w, b, activation in zip(stack.weights, stack.biases, stack.activations, strict=True):
        z = weighted_input(a, w, b[:, None, :], fp)
        a = activated(z, activation, fp)
        zs.append(z)
        activations.append(a)
    output = Output(stack.cost, stack.activations[-1], stack.y)
    costs = costs_of(output, zs[-1], a, fp)
    deltas = [output_error(output, zs[-1], a, fp)]
    for i in reversed(range(1, len(zs))):
        back = matmul_exact(deltas[0], stack.weights[i], np.abs(stack.weights[i]), fp)
        prime = derivative(zs[i - 1], activations[i], stack.activations[i - 1], fp)
        deltas.insert(0, times(back, prime, fp, regrouped(deltas[0], stack.weights[i], fp)))
    products = [matmul(delta.transposed, a, fp) for delta, a in zip(deltas, activations, strict=False)]
    decays = [(stack.alpha / m)[:, None, None] * np.abs(w) for w in stack.weights]
    penalties = stack.penalties()
    found = Bound(
        cost=_sum_of_rows(costs.error, costs.size, fp, -1) / m + fp.tiny + _penalty_error(stack, penalties, fp),
        costs=costs.error,
        gradient=Gradient(
            tuple(
                (product.error + 3 * fp.u * product.size) / m
                + fp.gamma(1) * decay
                + _flushed(stack, w, fp)
                + fp.read_error(w)
                for product, decay, w in zip(products, decays, stack.weights, strict=True)
            ),
            tuple(
                _sum_of_rows(delta.error, delta.size, fp, -2) / m
                + fp.tiny
                + (fp.read_error(b) if fp.has_biases else np.inf)
                for delta, b in zip(deltas, stack.biases, strict=True)
            ),
        ),
        z=tuple(z.error for z in zs),
        a=tuple(a.error for a in activations),
        delta=tuple(delta.error for delta in deltas),
    )
    sizes = [ball.size.reshape(count, -1).max(1) for ball in (*zs, *activations, costs, *deltas, *products)]
    peaks = np.max([*sizes, penalties, *(decay.max((1, 2)) for decay in decays)], axis=0)
    # Terms of a sum may be larger than the sum, but no larger than the error that they leave it, over u.
    known = peaks < fp.huge * fp.u
    return found if known.all() else _unbounded(found, ~known)


def _sum_of_rows(error: Array, size: Array, fp: Arithmetic, axis: int) -> Array:
    """The error of a sum over examples, from which a mean is made."""
    return error.sum(axis) + fp.gamma(error.shape[axis]) * size.sum(axis)


def _penalty_error(stack: Stack, penalties: Array, fp: Arithmetic) -> Array:
    """Of α/(2m) Σ w², which may be flushed to zero, as may each of its factors."""
    n = sum(w[0].size for w in stack.weights) + sum(b[0].size for b in stack.biases)
    squares = sum((w * w).sum((1, 2)) for w in stack.weights)
    return np.where(stack.alpha, fp.gamma(n) * penalties + fp.tiny * (1 + squares + stack.alpha * n), 0.0)


def _flushed(stack: Stack, w: Array, fp: Arithmetic) -> Array:
    """The loss by underflow in ∂C/∂W: from its mean, from (α/m) w, and from α/m or w."""
    alpha = stack.alpha[:, None, None]
    return fp.tiny * (1 + np.where(alpha, 1 + np.abs(w) + alpha / stack.m, 0.0))


def _unbounded(found: Bound, which: Array) -> Bound:
    """The same with infinite errors for `which` problems, in which something may overflow."""
    return _mapped(found, lambda array: np.where(which.reshape(-1, *(1,) * (array.ndim - 1)), np.inf, array))


def _only(found: Bound) -> Bound:
    """The bound of the only problem of a stack."""
    return _mapped(found, lambda array: array[0])


def _mapped(found: Bound, function: Callable[[Array], Array]) -> Bound:
    def each(arrays: tuple[Array, ...]) -> tuple[Array, ...]:
        return tuple(map(function, arrays))

    gradient = Gradient(each(found.gradient.nabla_w), each(found.gradient.nabla_b))
    return Bound(function(found.cost), function(found.costs), gradient, each(found.z), each(found.a), each(found.delta))
