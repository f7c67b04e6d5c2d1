"""Central differences with two step sizes, from which the error of the smaller is estimated.

C is evaluated at ±h and ±h/2. Where C is smooth the error of a central difference falls as h², so the two differ by
three times the error of the smaller; where a second derivative jumps it falls as h, and they differ by just that
error. Twice their difference covers both, though several jumps within one step could be laid so as to defeat it.
Rounding adds the error bound of C, divided by the step.

Where a perturbation crosses a kink (relu's at 0, say) the four points lie on different branches: such an entry is
told nothing about, and is counted.
"""

from __future__ import annotations

import numpy as np

from minibp.arrays import Array
from minibp.check.arithmetic import Near
from minibp.check.estimate import Estimate, oracle_arithmetic, untold
from minibp.check.output_rounding import cost_error
from minibp.check.perturbed import Pass, crossings, forward, moves, responses
from minibp.check.rounding import Bound, bound
from minibp.network import Gradient
from minibp.problem import Problem

STEPS = np.array([1.0, -1.0, 0.5, -0.5])
CROSSES_A_KINK = "finite difference crosses a kink"


def estimate(problem: Problem) -> Estimate:
    """The gradient of `problem`, entry by entry, and δ, each with a radius of its own."""
    problem = problem.astype("float64")
    network, m = problem.network, problem.m
    base = forward(problem, np.float64)
    rounding = bound(problem, oracle_arithmetic())
    gains = _gains(problem, base)
    gradient, radius = _empty(problem), _empty(problem)
    deltas = [np.empty(z.shape) for z in base.z]
    delta_radii = [np.empty(z.shape) for z in base.z]
    lost = 0
    for i, (gain, n_in) in enumerate(zip(gains, network.sizes, strict=False)):
        for j, k, dz in moves(problem, base, i, copies=len(STEPS)):
            h = np.cbrt(rounding_unit()) / (gain[j] * np.maximum(np.abs(dz).max(1), 1))
            slopes, error, crossed = _differences(problem, base, rounding, i, j, dz, h)
            values, radii = slopes.mean(1), error.mean(1)
            bias = k == n_in
            at = j[~bias], k[~bias]
            decay, decay_error = _decay(problem, network.weights[i][at], h[~bias])
            gradient.nabla_w[i][at], radius.nabla_w[i][at] = values[~bias] + decay, radii[~bias] + decay_error
            gradient.nabla_b[i][j[bias]], radius.nabla_b[i][j[bias]] = values[bias], radii[bias]
            lost += int(crossed.any(1).sum() + crossed[bias].sum())
            deltas[i][:, j[bias]], delta_radii[i][:, j[bias]] = slopes[bias].T, error[bias].T
    output = network.activations[-1]
    costs = problem.cost.value_at(base.z[-1], base.a[-1], problem.y, output)
    return Estimate(
        gradient=gradient,
        radius=radius,
        delta=tuple(deltas),
        delta_radius=tuple(delta_radii),
        z=tuple(base.z),
        z_radius=rounding.z,
        a=tuple(base.a),
        a_radius=rounding.a,
        cost=float(costs.mean() + problem.l2.value(network.weights, m)),
        cost_radius=rounding.cost,
        skipped=untold(lost, (*radius.nabla_w, *radius.nabla_b, *delta_radii), CROSSES_A_KINK),
    )


def _empty(problem: Problem) -> Gradient:
    network = problem.network
    return Gradient(tuple(map(np.empty_like, network.weights)), tuple(map(np.empty_like, network.biases)))


def rounding_unit() -> float:
    """u of float64, whose cube root balances truncation and rounding in a central difference."""
    return float(np.finfo(np.float64).eps) / 2


def _differences(
    problem: Problem, base: Pass, rounding: Bound, i: int, j: Array, dz: Array, h: Array
) -> tuple[Array, Array, Array]:
    """Each example's ∂C/∂entry, its radius and whether it crosses a kink, all (p, m)."""
    step = h[:, None]
    moved = STEPS[:, None, None] * (step * dz)
    costs, seen = responses(problem, base, i, j, moved)
    coarse, fine = (costs[0] - costs[1]) / (2 * step), (costs[2] - costs[3]) / step
    # Two costs at the ends of the larger step, each off by its bound there; that of z is doubled, for the update of z
    # that the perturbed pass starts with.
    ends = seen[len(base.z) - 1][:2]
    noise = 2 * cost_error(problem, Near(ends, 2 * rounding.z[-1]), oracle_arithmetic()).max(0) / step
    crossed: Array = np.any(crossings(problem, base, i, j, moved, seen), axis=0)
    return fine, np.where(crossed, np.inf, 2 * np.abs(coarse - fine) + noise), crossed


def _decay(problem: Problem, w: Array, h: Array) -> tuple[Array, Array]:
    """The penalty's own difference, (27): that of one weight, since those of all others cancel."""
    half = problem.l2.alpha / (2 * problem.m)
    value = half * ((w + h / 2) ** 2 - (w - h / 2) ** 2) / h
    return value, half * 6 * rounding_unit() * (np.abs(w) + h) ** 2 / h


def _gains(problem: Problem, base: Pass) -> list[Array]:
    """How far a move of z_j is magnified on its way to the output, at most: (n_l,) for each layer, at least 1.

    A step is divided by it, so that no weighted input anywhere moves by more than the cube root of u, the scale on
    which every activation is nearly quadratic. Slopes are secants of the values, since σ' is what is being checked.
    """
    network = problem.network
    gains = [np.ones(network.sizes[-1])]
    for i in range(len(base.z) - 2, -1, -1):
        z, value = base.z[i], network.activations[i].value
        slope = np.abs(value(z + 1e-3) - value(z - 1e-3)).max(0) / 2e-3
        gains.insert(0, np.maximum(1, slope * (np.abs(network.weights[i + 1]).T @ gains[0])))
    return gains
