"""Central differences, each with a radius: its truncation error, and the rounding of C over the step.

C is evaluated where a weighted input z^l_j has moved by ±h/2. The truncation error of the difference is derived for the
package's functions (see `truncation`). Of a function that is not the package's own no derivatives are known: there C is
evaluated at ±h too. Where it is smooth the error of a central difference falls as h², so the two differ by three times
the error of the smaller; where a second derivative jumps it falls as h, and they differ by just that error. Twice their
difference covers both, but it is an estimate: several jumps within one step may be laid so as to defeat it.

Every weight is moved by itself: by (12) that moves z^l_j of each example no further than those steps did, so the
truncation error along z^l_j propagates to its difference, times ∂z^l_j/∂w.

Where a perturbation crosses a kink (relu's at 0, say) the points lie on different branches: such an entry is
unresolved, and is counted.
"""

from __future__ import annotations

import numpy as np

from minibp.arrays import Array
from minibp.check.oracles.estimate import Estimate, oracle_arithmetic, unresolved
from minibp.check.oracles.perturbation import Moves, Pass, biases, costs_at, crossings, forward, responses, weights
from minibp.check.oracles.truncation import is_derived, truncation
from minibp.check.problem_stack import Stack, stack_of_one
from minibp.check.rounding.arithmetic import Ball
from minibp.check.rounding.output_layer import Output, cost_error
from minibp.check.rounding.whole_pass import Bound, bounds
from minibp.network import Gradient
from minibp.problem import Problem

STEPS = np.array([0.5, -0.5])
LARGER = np.array([1.0, -1.0])
"""Steps beside `STEPS` where the truncation error has to be estimated, in units of h."""
DIFFERENCE_CROSSES_A_KINK = "finite difference crosses a kink"


def estimate(problem: Problem) -> Estimate:
    """The gradient of `problem`, entry by entry, and δ, each with a radius of its own."""
    return estimates(stack_of_one(problem)).only()


def estimates(stack: Stack, *, derived: bool | None = None) -> Estimate:
    """The same for a whole stack; truncation errors are `derived`, by default where they can be, or else estimated."""
    derived = is_derived(stack) if derived is None else derived
    base = forward(stack, np.float64)
    rounding = bounds(stack, oracle_arithmetic())
    gradient, radius = _empty(stack), _empty(stack)
    deltas = [np.empty(z.shape) for z in base.z]
    delta_radii = [np.empty(z.shape) for z in base.z]
    crossing_count = 0
    for i, gain in enumerate(_gains(stack, base)):
        steps = np.cbrt(rounding_unit()) / gain
        truncated, rounded = np.empty(base.z[i].mT.shape), np.empty(base.z[i].mT.shape)
        kinks = np.empty(rounded.shape, bool)
        for move in biases(stack, base, i, copies=4):
            j, step = move.j, steps[:, move.j, None]
            differences, truncated[:, j], rounded[:, j], crossed = _along_z(
                stack, base, rounding, i, move, step, derived=derived
            )
            error = truncated[:, j] + rounded[:, j] / step
            error = np.where(crossed | np.isnan(error), np.inf, error)
            gradient.nabla_b[i][:, j], radius.nabla_b[i][:, j] = differences.mean(2), error.mean(2)
            deltas[i][:, :, j], delta_radii[i][:, :, j] = differences.mT, error.mT
            kinks[:, j] = crossed
            crossing_count += int(crossed.any(2).sum() + crossed.sum())

        size = np.abs(base.a[i])
        step = steps[:, :, None] / np.maximum(size.max(1), 1)[:, None, :]
        beyond = kinks.astype(float) @ (size > 0) > 0
        for move in weights(stack, base, i, copies=2):
            differences, crossed = _differences(stack, base, i, move, step[:, move.j, move.k, None])
            gradient.nabla_w[i][:, move.j, move.k] = differences.mean(2)
            beyond[:, move.j, move.k] |= crossed.any(2)
        decay, decay_error = _decay_of_weights(stack, stack.weights[i], step)
        with np.errstate(invalid="ignore", over="ignore"):
            error = truncated @ size / stack.m + rounded.mean(2)[:, :, None] / step + decay_error
        gradient.nabla_w[i][:] += decay
        radius.nabla_w[i][:] = np.where(beyond | np.isnan(error), np.inf, error)
        crossing_count += int(beyond.sum())
    return Estimate(
        gradient=gradient,
        radius=radius,
        delta=tuple(deltas),
        delta_radius=tuple(delta_radii),
        z=tuple(base.z),
        z_radius=rounding.z,
        a=tuple(base.a),
        a_radius=rounding.a,
        cost=costs_at(stack, base.z[-1], base.a[-1]).mean(1) + stack.penalties(),
        cost_radius=rounding.cost,
        skipped=unresolved(crossing_count, (*radius.nabla_w, *radius.nabla_b, *delta_radii), DIFFERENCE_CROSSES_A_KINK),
    )


def _empty(stack: Stack) -> Gradient:
    return Gradient(tuple(map(np.empty_like, stack.weights)), tuple(map(np.empty_like, stack.biases)))


def rounding_unit() -> float:
    """u of float64, whose cube root balances truncation and rounding in a central difference."""
    return float(np.finfo(np.float64).eps) / 2


def _along_z(
    stack: Stack, base: Pass, rounding: Bound, i: int, move: Moves, step: Array, *, derived: bool
) -> tuple[Array, Array, Array, Array]:
    """Each example's ∂C/∂z_j, its truncation error, the rounding of two costs, and a mask of what may cross a kink.

    All are (s, p, m).
    """
    moved = (STEPS if derived else np.append(STEPS, LARGER))[:, None, None] * (step * move.dz)[:, None]
    costs, perturbed = responses(stack, base, i, move.j, moved)
    crossed: Array = np.any(crossings(stack, base, i, move.j, moved, perturbed), axis=1)
    differences = (costs[:, 0] - costs[:, 1]) / step
    if derived:
        truncated, beyond = truncation(stack, base, rounding, i, move.j, step / 2)
        crossed |= beyond
    else:
        truncated = 2 * np.abs((costs[:, 2] - costs[:, 3]) / (2 * step) - differences)
    # Two costs at the ends of the largest step, each off by its bound there; that of z is doubled, for the update of z
    # that the perturbed pass starts with.
    last = len(base.z) - 1
    output = Output(stack.cost, stack.activations[last], stack.y[:, None, None])
    z = perturbed[last][:, -2:]
    ends = Ball(z, np.broadcast_to(2 * rounding.z[last][:, None, None], z.shape))
    return differences, truncated, 2 * cost_error(output, ends, oracle_arithmetic()).max(1), crossed


def _differences(stack: Stack, base: Pass, i: int, move: Moves, step: Array) -> tuple[Array, Array]:
    """Each example's ∂C/∂entry, (s, p, m), and a mask of what crosses a kink."""
    moved = STEPS[:, None, None] * (step * move.dz)[:, None]
    costs, perturbed = responses(stack, base, i, move.j, moved)
    crossed: Array = np.any(crossings(stack, base, i, move.j, moved, perturbed), axis=1)
    return (costs[:, 0] - costs[:, 1]) / step, crossed


def _decay_of_weights(stack: Stack, w: Array, h: Array) -> tuple[Array, Array]:
    """The differences of the penalty, (27), with their errors: of one weight each, since those of all others cancel."""
    half = (stack.alpha / (2 * stack.m))[:, None, None]
    value = half * ((w + h / 2) ** 2 - (w - h / 2) ** 2) / h
    return value, half * 6 * rounding_unit() * (np.abs(w) + h) ** 2 / h


def _gains(stack: Stack, base: Pass) -> list[Array]:
    """A bound on how much a move of z_j is magnified on its way to the output: (s, n_l) for each layer, at least 1.

    A step is divided by it, so that no weighted input anywhere moves by more than the cube root of u, the scale on
    which every activation is nearly quadratic. In place of σ', which is being checked, stand secants of the values.
    """
    gains = [np.ones((len(stack.x), stack.sizes[-1]))]
    for i in range(len(base.z) - 2, -1, -1):
        z, value = base.z[i], stack.activations[i].value
        secant = np.abs(value(z + 1e-3) - value(z - 1e-3)).max(1) / 2e-3
        above = (np.abs(stack.weights[i + 1]).mT @ gains[0][:, :, None])[:, :, 0]
        gains.insert(0, np.maximum(1, secant * above))
    return gains
