"""Rounding that has been magnified, told from a wrong formula.

A formula that is right but unstable is right where neurons are not saturated, or it errs by chance: a move of the input
by √u, which changes a right gradient and a wrong one by about as little, changes the error itself. A wrong formula
does neither.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minibp import batched
from minibp.activations import sigmoid, softmax
from minibp.arrays import Array
from minibp.check.arithmetic import Arithmetic, Near, arithmetic_of
from minibp.check.compare import row_of_gradient
from minibp.check.rounding import bound
from minibp.check.tracked import Tracked
from minibp.costs import CrossEntropy
from minibp.network import Gradient, Network
from minibp.problem import Problem

UNSATURATED = 4.0
"""The largest |z| of a tamed network; σ'(4) of the sigmoid is 0.02."""
NEIGHBOURS = 6

Ask = Callable[[Problem], Gradient | None]


def excess(problem: Problem, answer: Gradient) -> tuple[Array, Array, Array]:
    """The error of every entry against the package's own gradient, what rounding of both explains, and their ratio."""
    exact = problem.astype("float64")
    ours = row_of_gradient(batched.backprop(exact.network, exact.cost, exact.x, exact.y, exact.l2).gradient)
    error = row_of_gradient(answer) - ours
    mine, own = (row_of_gradient(bound(exact, arithmetic_of(kind)).gradient) for kind in (problem.dtype, "float64"))
    spread = mine + own
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(error == 0, 0, np.abs(error) / spread)
    ratio[np.isnan(ratio)] = np.inf
    ratio[~np.isfinite(spread)] = 0
    return error, spread, ratio


def fails(problem: Problem, ask: Ask) -> bool:
    """Whether an answer is off, or missing."""
    answer = ask(problem)
    return answer is None or bool((excess(problem, answer)[2] > 1).any())


def is_rounding(problem: Problem, ask: Ask) -> bool:
    """Whether what is off in this problem is rounding alone."""
    calm = tamed(problem)
    return not fails(calm, ask) or _is_noise(calm, ask) or _is_noise(problem, ask)


def tamed(problem: Problem) -> Problem:
    """The same problem, with the parameters of each layer scaled until no |z| exceeds UNSATURATED."""
    network = problem.network
    weights, biases = [], []
    a = problem.x
    changed = False
    for w, b, activation in zip(network.weights, network.biases, network.activations, strict=True):
        with np.errstate(over="ignore", invalid="ignore"):
            largest = float(np.abs(a @ w.T + b).max())
        factor = np.asarray(UNSATURATED / largest if largest > UNSATURATED else 1.0, w.dtype)
        changed |= bool(factor != 1)
        weights.append(w * factor)
        biases.append(b * factor)
        a = activation.value(a @ weights[-1].T + biases[-1])
    if not changed:
        return problem
    return Problem(Network(weights, biases, network.activations), problem.cost, problem.x, problem.y, problem.l2)


def _is_noise(problem: Problem, ask: Ask) -> bool:
    """Whether the error of the worst entry jumps when the inputs move by √u of themselves."""
    answer = ask(problem)
    if answer is None:
        return False
    error, spread, ratio = excess(problem, answer)
    at = int(np.argmax(ratio))
    errors = [error[at]]
    rng = np.random.default_rng(0)
    step = float(np.sqrt(np.finfo(problem.dtype).eps))
    for _ in range(NEIGHBOURS):
        x = problem.x * (1 + step * rng.uniform(-1, 1, problem.x.shape)).astype(problem.dtype)
        moved = Problem(problem.network, problem.cost, x, problem.y, problem.l2)
        there = ask(moved)
        if there is None:
            return False
        errors.append(excess(moved, there)[0][at])
    if not np.isfinite(errors).all():
        return False
    jump = float(np.ptp(errors))
    return jump > 2 * float(spread[at]) and jump > 0.05 * float(np.abs(errors).max())


REMEDIES = {
    "output_error_by_division": (
        "δ^L is (-y/a + (1-y)/(1-a)) times σ': where a has rounded to 0 or 1 this is 0/0, and digits are lost before",
        "Use δ^L = a^L - y, (26): the derivative has cancelled.",
    ),
    "softmax_overflow": (
        "e^z overflows in the softmax",
        "Subtract the largest z of the row first; the softmax does not change.",
    ),
}
OTHER = (
    "it is right where neurons are not saturated, and loses its digits where they are",
    "Write σ and σ' so that they hold in both tails: exponentiate only what is not positive, and do not form 1 - a.",
)


def reason(problem: Problem, layer: int, answer: Gradient) -> tuple[str | None, str]:
    """The name of an unstable formula of the output, where it explains a layer, and what to say of it."""
    name = None
    top = len(problem.network.weights) + 1
    output = problem.network.activations[-1]
    if layer == top and type(problem.cost) is CrossEntropy and output is sigmoid and _divides(problem, answer):
        name = "output_error_by_division"
    elif output is softmax and not all(np.isfinite(array).all() for array in answer.nabla_b):
        name = "softmax_overflow"
    what, remedy = REMEDIES.get(name or "", OTHER)
    return name, f"{what}. {remedy}"


def _divides(problem: Problem, answer: Gradient) -> bool:
    """Whether ∂C/∂b^L is what the quotients of ∇_a C come to, within the rounding that these magnify."""
    to: Arithmetic = arithmetic_of(problem.dtype)
    a = batched.feedforward(problem.network.astype("float64"), problem.x.astype(np.float64))
    near_a: Near = Near(a, to.u * (to.f + 3) * a + to.tiny)
    v = Tracked(near_a.value, near_a.error, to)
    y = problem.y.astype(np.float64)
    delta = ((1 - y) / (1 - v) - y / v) * (v * (1 - v))
    error = delta.error.mean(0)
    got = answer.nabla_b[-1]
    off = np.abs(got - (a - y).mean(0)) > 4 * to.u
    off |= ~np.isfinite(got)
    return bool((~np.isfinite(error[off]) | (np.abs(got - (a - y).mean(0))[off] <= error[off])).all())
