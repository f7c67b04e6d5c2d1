"""Complex step: the derivative is the imaginary part of the cost at a point moved by ih.

No subtraction, so no cancellation: the result is exact to rounding for smooth functions (Squire and Trapp, SIAM
Review 40, 1998). The step is so small that even its square is lost beside what underflow may take. Every weight and
every bias is moved by itself, so that (23) and (24) are not assumed; the responses of single examples to a move of
z^l_j, which is what moving b^l_j does, are δ^l_j by definition (15).
"""

from __future__ import annotations

import numpy as np

from minibp.arrays import Array
from minibp.check.estimate import COMPLEX_STEP, Estimate, OracleUnavailable, oracle_arithmetic
from minibp.check.perturbed import crossings, forward, moves, responses
from minibp.check.rounding import bound
from minibp.network import Gradient
from minibp.problem import Problem

CROSSES_A_KINK = "complex step crosses a kink"


def estimate(problem: Problem) -> Estimate:
    """The gradient of `problem`, entry by entry, and δ.

    Raises `OracleUnavailable` where an activation or a cost of the user's takes no complex numbers.
    """
    problem = problem.astype("float64")
    network, m = problem.network, problem.m
    try:
        base = forward(problem, np.complex128)
        nabla_w = [
            problem.l2.alpha / (2 * m) * ((w + 1j * COMPLEX_STEP) ** 2).imag / COMPLEX_STEP for w in network.weights
        ]
        nabla_b = [np.empty_like(b) for b in network.biases]
        deltas = [np.empty(z.shape) for z in base.z]
        for i, n_in in enumerate(network.sizes[:-1]):
            for j, k, dz in moves(problem, base, i):
                costs, seen = responses(problem, base, i, j, 1j * COMPLEX_STEP * dz)
                # Even h² can leave a kink, where z lies exactly on it.
                crossed = crossings(problem, base, i, j, 1j * COMPLEX_STEP * dz, seen)
                slopes = np.where(crossed, np.nan, costs.imag / COMPLEX_STEP)
                mean = slopes.mean(1)
                bias = k == n_in
                nabla_w[i][j[~bias], k[~bias]] += mean[~bias]
                nabla_b[i][j[bias]] = mean[bias]
                deltas[i][:, j[bias]] = slopes[bias].T
    except TypeError as error:
        raise OracleUnavailable(f"a function of this problem takes no complex numbers: {error}") from None
    radius = bound(problem, oracle_arithmetic())
    gradient = Gradient(tuple(nabla_w), tuple(nabla_b))
    lost = sum(int(np.isnan(array).sum()) for array in (*nabla_w, *nabla_b, *deltas))
    output = network.activations[-1]
    costs = problem.cost.value_at(base.z[-1], base.a[-1], problem.y, output).real
    return Estimate(
        gradient=gradient,
        radius=Gradient(*(tuple(map(_told, *pair)) for pair in zip(gradient, radius.gradient, strict=True))),
        delta=tuple(deltas),
        delta_radius=tuple(map(_told, deltas, radius.delta)),
        z=tuple(z.real for z in base.z),
        z_radius=radius.z,
        a=tuple(a.real for a in base.a),
        a_radius=radius.a,
        cost=float(costs.mean() + problem.l2.value(network.weights, m)),
        cost_radius=radius.cost,
        skipped={CROSSES_A_KINK: lost} if lost else {},
    )


def _told(value: Array, error: Array) -> Array:
    """The radius, infinite where a kink was crossed; an exact 0 may have become h²."""
    return np.where(np.isnan(value), np.inf, error + oracle_arithmetic().tiny)
