"""Complex step: the derivative is the imaginary part of the cost at a point moved by ih.

No subtraction, so no cancellation: the result is exact to rounding for smooth functions (Squire and Trapp, SIAM
Review 40, 1998). The step is so small that its truncation error, h² times the third derivative, is lost beside that
of underflow. Every weight and every bias is moved by itself, so that (23) and (24) are not assumed; the responses
of single examples to a move of z^l_j, which is what moving b^l_j does, are δ^l_j by definition (15). Functions of the
user's that are written for real numbers, with np.abs say, are continued analytically.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from minibp.activations import is_of_package
from minibp.arrays import Array
from minibp.check.oracles.continued_array import NotAnalytic
from minibp.check.oracles.continued_functions import with_continued
from minibp.check.oracles.estimate import COMPLEX_STEP, Estimate, OracleUnavailable, oracle_arithmetic, unresolved
from minibp.check.oracles.perturbation import Moves, Pass, biases, costs_at, crossings, forward, responses, weights
from minibp.check.problem_stack import Stack, stack_of_one
from minibp.check.rounding.own_functions import local_error, units_of
from minibp.check.rounding.whole_pass import bounds
from minibp.costs import COSTS, fuses
from minibp.network import Gradient
from minibp.problem import Problem

COLUMNS = 8
"""So many outputs are looked at to see whether a cost of the user's is analytic."""
STEP_CROSSES_A_KINK = "complex step crosses a kink"


def estimate(problem: Problem) -> Estimate:
    """The gradient of `problem`, entry by entry, and δ.

    Raises `OracleUnavailable` where an activation or a cost of the user's takes no complex numbers, or is not analytic.
    """
    return estimates(stack_of_one(problem)).only()


def estimates(stack: Stack) -> Estimate:
    """The same for a whole stack at once."""
    given, stack = stack, with_continued(stack)
    try:
        _check_analytic(stack)
        base = forward(stack, np.complex128)
        half = (stack.alpha / (2 * stack.m))[:, None, None]
        nabla_w = [half * ((w + 1j * COMPLEX_STEP) ** 2).imag / COMPLEX_STEP for w in stack.weights]
        nabla_b = [np.empty_like(b) for b in stack.biases]
        deltas = [np.empty(z.shape) for z in base.z]
        crossing_count = 0
        for i in range(len(base.z)):
            for move in weights(stack, base, i):
                derivatives, crossed = _derivatives(stack, base, i, move)
                nabla_w[i][:, move.j, move.k] += derivatives.mean(2)
                crossing_count += int(crossed.any(2).sum())
            for move in biases(stack, base, i):
                derivatives, crossed = _derivatives(stack, base, i, move)
                nabla_b[i][:, move.j] = derivatives.mean(2)
                deltas[i][:, :, move.j] = derivatives.mT
                crossing_count += int(crossed.any(2).sum() + crossed.sum())
    except TypeError as error:
        raise OracleUnavailable(f"a function of this problem takes no complex numbers: {error}") from None
    except NotAnalytic as error:
        raise OracleUnavailable(f"a function of this problem is not analytic: it calls {error}") from None
    rounding = bounds(given, oracle_arithmetic())
    gradient = Gradient(tuple(nabla_w), tuple(nabla_b))
    underflow = _underflow(stack, base, deltas)
    means = [error.mean((1, 2)) for error in underflow]
    radius = Gradient(
        tuple(map(_radius, gradient.nabla_w, rounding.gradient.nabla_w, [mean[:, None, None] for mean in means])),
        tuple(map(_radius, gradient.nabla_b, rounding.gradient.nabla_b, [mean[:, None] for mean in means])),
    )
    delta_radius = tuple(map(_radius, deltas, rounding.delta, underflow))
    costs = costs_at(stack, base.z[-1], base.a[-1]).real
    return Estimate(
        gradient=gradient,
        radius=radius,
        delta=tuple(deltas),
        delta_radius=delta_radius,
        z=tuple(z.real for z in base.z),
        z_radius=rounding.z,
        a=tuple(a.real for a in base.a),
        a_radius=rounding.a,
        cost=costs.mean(1) + stack.penalties(),
        cost_radius=rounding.cost,
        skipped=unresolved(crossing_count, (*radius.nabla_w, *radius.nabla_b, *delta_radius), STEP_CROSSES_A_KINK),
    )


def _derivatives(stack: Stack, base: Pass, i: int, move: Moves) -> tuple[Array, Array]:
    """Each example's ∂C/∂entry, (s, p, m), NaN where it crosses a kink; and a mask of these.

    Even h² can leave a kink, where z lies exactly on it.
    """
    moved = 1j * COMPLEX_STEP * move.dz[:, None]
    costs, perturbed = responses(stack, base, i, move.j, moved)
    crossed = crossings(stack, base, i, move.j, moved, perturbed)[:, 0]
    return np.where(crossed, np.nan, costs[:, 0].imag / COMPLEX_STEP), crossed


def _radius(value: Array, rounding: Array, underflow: Array) -> Array:
    """The radius of each entry, infinite where it is unresolved."""
    radius = rounding + underflow  # NaN where ∇_a C is 0/0, as (a − y)/(a(1 − a)) is at a saturated softmax
    return np.where(np.isnan(value) | np.isnan(radius), np.inf, radius)


def _underflow(stack: Stack, base: Pass, deltas: list[Array]) -> list[Array]:
    """The error of δ^l by underflow on the way from layer l to the cost: (s, m, 1) for each layer.

    Imaginary parts carry a factor h. The local error of a product or a function at z^l_j changes the cost |δ^l_j| times
    as much, however small the weights below have made the imaginary part; that of the last activation, |∇_a C| times.
    """
    tiny = oracle_arithmetic().tiny
    total = np.full((*stack.x.shape[:2], 1), tiny)
    if not fuses(stack.cost, stack.activations[-1]):
        with np.errstate(all="ignore"):
            propagated = np.abs(stack.cost.gradient(base.a[-1].real, stack.y)) * (1 + np.abs(base.z[-1].real))
        total = total + tiny * propagated.sum(2, keepdims=True)
    errors: list[Array] = []
    for i in reversed(range(len(deltas))):
        w = np.abs(stack.weights[i])
        before = np.abs(base.z[i - 1].real) if i else np.zeros_like(stack.x)
        local = 1 + w.shape[2] + (1 + before) @ w.mT
        total = total + tiny * (np.nan_to_num(np.abs(deltas[i])) * local).sum(2, keepdims=True)
        errors.insert(0, total)
    return errors


def _check_analytic(stack: Stack) -> None:
    """Raise `OracleUnavailable` where complex step and differences disagree on the derivative of a user's function.

    np.abs(z) and z.real are examples: they drop the imaginary part, and with it the derivative.
    """
    users = [activation for activation in stack.activations if not is_of_package(activation)]
    users_cost = COSTS.get(stack.cost.name) is not stack.cost
    if not users and not users_cost:
        return
    base = forward(stack, np.float64)
    for z, activation in zip(base.z, stack.activations, strict=True):
        if activation in users:
            _check_derivative(activation.name, activation.value, z)
    if users_cost:
        a = base.a[-1]
        for j in range(min(a.shape[-1], COLUMNS)):  # of a sum over several kinks both sides would be mixed
            _check_derivative(stack.cost.name, partial(_cost_of_output, stack, a, j), a[..., j])


def _cost_of_output(stack: Stack, a: Array, j: int, value: Array) -> Array:
    """The cost of each example as a function of one output."""
    return stack.cost.value(np.where(np.arange(a.shape[-1]) == j, value[..., None], a), stack.y)


def _check_derivative(name: str, function: Callable[[Array], Array], at: Array) -> None:
    h, fp = 1e-5, oracle_arithmetic()
    derivative = np.imag(function(at + 1j * COMPLEX_STEP)) / COMPLEX_STEP
    here, there = function(at), {step: function(at + step) for step in (h, h / 2, -h, -h / 2)}
    agrees = np.zeros(np.shape(derivative), bool)
    local, underflow = units_of(fp) * local_error(function, at), fp.tiny * (1 + np.abs(at).max())
    # Of both sides, and of either: at a kink, or beside one, the derivative is that of one side.
    for coarse, fine in (
        ((there[h] - there[-h]) / (2 * h), (there[h / 2] - there[-h / 2]) / h),
        ((there[h] - here) / h, (there[h / 2] - here) / (h / 2)),
        ((here - there[-h]) / h, (here - there[-h / 2]) / (h / 2)),
    ):
        # As for the finite differences: twice what the steps differ by, and rounding of value and argument over these.
        rounding = local + fp.f * fp.u * (np.abs(here) + np.abs(at).max() * np.abs(fine))
        agrees |= np.abs(derivative - fine) <= 2 * np.abs(coarse - fine) + 4 * rounding / h + underflow
        agrees |= np.isnan(derivative) | np.isnan(coarse) | np.isnan(fine)
    if not agrees.all():
        raise OracleUnavailable(f"{name} does not differentiate by complex step: it is not analytic (np.abs, .real?)")
