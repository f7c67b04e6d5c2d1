"""Complex step: the derivative is the imaginary part of the cost at a point moved by ih.

No subtraction, so no cancellation: the result is exact to rounding for smooth functions (Squire and Trapp, SIAM
Review 40, 1998). The step is so small that what it leaves out, h² times the third derivative, is lost beside what
underflow may take. Every weight and every bias is moved by itself, so that (23) and (24) are not assumed; the responses
of single examples to a move of z^l_j, which is what moving b^l_j does, are δ^l_j by definition (15).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minibp.activations import ACTIVATIONS
from minibp.arrays import Array
from minibp.check.estimate import COMPLEX_STEP, Estimate, OracleUnavailable, oracle_arithmetic, untold
from minibp.check.perturbed import Pass, crossings, forward, moves, responses
from minibp.check.rounding import bound
from minibp.costs import COSTS, fuses
from minibp.network import Gradient
from minibp.problem import Problem

CROSSES_A_KINK = "complex step crosses a kink"


def estimate(problem: Problem) -> Estimate:
    """The gradient of `problem`, entry by entry, and δ.

    Raises `OracleUnavailable` where an activation or a cost of the user's takes no complex numbers, or is not analytic.
    """
    problem = problem.astype("float64")
    network, m = problem.network, problem.m
    try:
        _check_analytic(problem)
        base = forward(problem, np.complex128)
        half = problem.l2.alpha / (2 * m)
        nabla_w = [half * ((w + 1j * COMPLEX_STEP) ** 2).imag / COMPLEX_STEP for w in network.weights]
        nabla_b = [np.empty_like(b) for b in network.biases]
        deltas = [np.empty(z.shape) for z in base.z]
        lost = 0
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
                lost += int(crossed.any(1).sum() + crossed[bias].sum())
    except TypeError as error:
        raise OracleUnavailable(f"a function of this problem takes no complex numbers: {error}") from None
    rounding = bound(problem, oracle_arithmetic())
    gradient = Gradient(tuple(nabla_w), tuple(nabla_b))
    lost_below = _underflow(problem, base, deltas)
    means = [one.mean() for one in lost_below]
    radius = Gradient(*(tuple(map(_told, *pair, means)) for pair in zip(gradient, rounding.gradient, strict=True)))
    delta_radius = tuple(map(_told, deltas, rounding.delta, lost_below))
    costs = problem.cost.value_at(base.z[-1], base.a[-1], problem.y, network.activations[-1]).real
    return Estimate(
        gradient=gradient,
        radius=radius,
        delta=tuple(deltas),
        delta_radius=delta_radius,
        z=tuple(z.real for z in base.z),
        z_radius=rounding.z,
        a=tuple(a.real for a in base.a),
        a_radius=rounding.a,
        cost=float(costs.mean() + problem.l2.value(network.weights, m)),
        cost_radius=rounding.cost,
        skipped=untold(lost, (*radius.nabla_w, *radius.nabla_b, *delta_radius), CROSSES_A_KINK),
    )


def _told(value: Array, error: Array, lost: Array) -> Array:
    """The radius, infinite where nothing was told."""
    return np.where(np.isnan(value), np.inf, error + lost)


def _underflow(problem: Problem, base: Pass, deltas: list[Array]) -> list[Array]:
    """What underflow on the way from a layer to the cost may take from its slopes: (m, 1) for each layer.

    Imaginary parts carry a factor h. What a product or a function loses of them at z^l_j is felt |δ^l_j| times in the
    cost, however small the weights below have made it; what the last activation loses, |∇_a C| times.
    """
    network, tiny = problem.network, oracle_arithmetic().tiny
    total = np.full((problem.m, 1), tiny)
    if not fuses(problem.cost, network.activations[-1]):
        with np.errstate(all="ignore"):
            felt = np.abs(problem.cost.gradient(base.a[-1].real, problem.y)) * (1 + np.abs(base.z[-1].real))
        total = total + tiny * felt.sum(1, keepdims=True)
    found: list[Array] = []
    for i in reversed(range(len(deltas))):
        w = np.abs(network.weights[i])
        before = np.abs(base.z[i - 1].real) if i else np.zeros((problem.m, w.shape[1]))
        lost = 1 + w.shape[1] + (1 + before) @ w.T
        total = total + tiny * (np.nan_to_num(np.abs(deltas[i])) * lost).sum(1, keepdims=True)
        found.insert(0, total)
    return found


def _check_analytic(problem: Problem) -> None:
    """Raise `OracleUnavailable` where a function of the user's has another slope by complex step than by differences.

    np.abs(z) and z.real are such: the imaginary part is lost in them, and with it the derivative.
    """
    base = forward(problem, np.float64)
    for z, activation in zip(base.z, problem.network.activations, strict=True):
        if ACTIVATIONS.get(activation.name) is not activation:
            _check_slopes(activation.name, activation.value, z)
    if COSTS.get(problem.cost.name) is not problem.cost:
        _check_slopes(problem.cost.name, lambda a: problem.cost.value(a, problem.y), base.a[-1])


def _check_slopes(name: str, function: Callable[[Array], Array], at: Array) -> None:
    h, by = 1e-5, oracle_arithmetic()
    slope = np.imag(function(at + 1j * COMPLEX_STEP)) / COMPLEX_STEP
    coarse, fine = ((function(at + step) - function(at - step)) / (2 * step) for step in (h, h / 2))
    # As for the finite differences: twice what the steps differ by, and rounding of value and argument over the step.
    rounding = by.f * by.u * (np.abs(function(at)) + np.abs(at).max() * np.abs(fine))
    if (np.abs(slope - fine) > 2 * np.abs(coarse - fine) + 4 * rounding / h).any():
        raise OracleUnavailable(f"{name} does not differentiate by complex step: it is not analytic (np.abs, .real?)")
