"""The diagnosis of stability: rounding that is magnified, distinguished from a wrong formula.

A formula that is right but unstable is right where neurons are not saturated, or it errs by chance: a move of inputs
and parameters by √u, which changes a right gradient and a wrong one by about as little, changes the error itself. A
wrong formula does neither.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minibp import batched
from minibp.activations import sigmoid, softmax
from minibp.arrays import Array
from minibp.check.diagnosis.saturation import Make, guard
from minibp.check.layout import gradient_layout, row_of_gradient
from minibp.check.rounding.arithmetic import Arithmetic, arithmetic_of, arithmetic_of_anyone
from minibp.check.rounding.running_error import RunningError
from minibp.check.rounding.whole_pass import bound
from minibp.check.tolerance import error_ratio, within
from minibp.costs import CrossEntropy
from minibp.network import Gradient, Network
from minibp.problem import Problem

UNSATURATED = 4.0
"""The largest |z| that counts as unsaturated; σ'(4) of the sigmoid is 0.02."""
NEIGHBOURS = 6
JUMP = 0.05
"""The part of an error that has to change with a move of √u to be called chance: a formula's own error changes by no
more than √u times its condition, 1e-8 in float64 and 3e-4 in float32 where that is ordinary."""

Call = Callable[[Problem], Gradient | None]
"""A call of the subject: its gradient, or None where it has none."""


def excess(problem: Problem, result: Gradient, fp: Arithmetic | None = None) -> tuple[Array, Array, Array]:
    """The error of every entry against the package's own gradient, the rounding of both, and their ratio.

    `fp` is the arithmetic of the result; by default that of anyone's code of its dtype.
    """
    exact = problem.astype("float64")
    ours = row_of_gradient(batched.backprop(exact.network, exact.cost, exact.x, exact.y, exact.l2).gradient)
    got = row_of_gradient(result)
    kinds = fp or arithmetic_of_anyone(problem.dtype), arithmetic_of("float64")
    spread = np.add(*(row_of_gradient(bound(exact, kind).gradient) for kind in kinds))
    return got - ours, spread, error_ratio(got, ours, spread)


def fails(problem: Problem, call: Call, fp: Arithmetic | None = None) -> bool:
    """True where the result is off, or missing."""
    result = call(problem)
    return result is None or bool((excess(problem, result, fp)[2] > 1).any())


def fails_below_the_output(problem: Problem, call: Call, fp: Arithmetic | None = None) -> bool:
    """True where the result for one example is right in the output layer, and off below."""
    result = call(problem) if problem.m == 1 else None
    if result is None:
        return False
    off = excess(problem, result, fp)[2] > 1
    top = len(problem.network.weights) + 1
    of_output = [off[one.start : one.stop].any() for one in gradient_layout(problem) if one.layer == top]
    return bool(off.any()) and not any(of_output)


def is_rounding(problem: Problem, call: Call, fp: Arithmetic | None = None) -> bool:
    """True where all that is off in this problem is rounding."""
    calm = scaled(problem, most=UNSATURATED)
    if not fails(calm, call, fp) or _is_noise(calm, call, fp) or _is_noise(problem, call, fp):
        return True
    return _is_noise(scaled(problem, least=1, most=UNSATURATED), call, fp)  # near 0 the noise may stand still


def scaled(problem: Problem, least: float = 0, most: float = np.inf) -> Problem:
    """The same problem, with the parameters of each layer scaled until its largest |z| is between `least` and `most`.

    A layer stays as it is where all its z are 0, or where the factor overflows.
    """
    network = problem.network
    weights, biases = [], []
    a = problem.x
    for w, b, activation in zip(network.weights, network.biases, network.activations, strict=True):
        with np.errstate(all="ignore"):
            largest = np.abs(a @ w.T + b).max()
            factor = np.clip(largest, least, most) / largest
        factor = (factor if np.isfinite(factor) else np.float64(1)).astype(w.dtype)
        weights.append(w * factor)
        biases.append(b * factor)
        a = activation.value(a @ weights[-1].T + biases[-1])
    return Problem(Network(weights, biases, network.activations), problem.cost, problem.x, problem.y, problem.l2)


def _is_noise(problem: Problem, call: Call, fp: Arithmetic | None) -> bool:
    """True where the error of the worst entry jumps when inputs and parameters move by √u of themselves."""
    result = call(problem)
    if result is None:
        return False
    error, spread, ratio = excess(problem, result, fp)
    at = int(np.argmax(ratio))
    errors = [error[at]]
    rng = np.random.default_rng(0)
    for _ in range(NEIGHBOURS):
        moved = _moved(problem, rng)
        there = call(moved)
        if there is None:
            return False
        errors.append(excess(moved, there, fp)[0][at])
    if not np.isfinite(errors).all():
        return False
    jump = float(np.ptp(errors))
    return jump > 2 * float(spread[at]) and jump > JUMP * float(np.abs(errors).max())


def _moved(problem: Problem, rng: np.random.Generator) -> Problem:
    """Another problem nearby: x alone would not do where it is 0, or where the first layers saturate."""
    step = float(np.sqrt(np.finfo(problem.dtype).eps))

    def move(array: Array) -> Array:
        return array * (1 + step * rng.uniform(-1, 1, array.shape)).astype(array.dtype)

    network = problem.network
    weights, biases = ([move(one) for one in kind] for kind in (network.weights, network.biases))
    nearby = Network(weights, biases, network.activations)
    return Problem(nearby, problem.cost, move(problem.x), problem.y, problem.l2)


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


GUARDED = "right where neurons are not saturated, and not where they are"


def reason(
    problem: Problem,
    layer: int,
    result: Gradient,
    call: Call | None = None,
    make: Make | None = None,
) -> tuple[str | None, str]:
    """The name of an unstable formula of the output, where it explains a layer, and the cause with its remedy.

    With the subject's call an epsilon, or a clip, in the output is found, too: it is a fault of the catalogue. `make`
    makes a problem in the conventions of the subject.
    """
    name = None
    top = len(problem.network.weights) + 1
    guarded = guard(problem, call, make) if call is not None and layer == top else None
    if guarded is not None:
        return guarded[0], f"{guarded[1]}: {GUARDED}"
    output = problem.network.activations[-1]
    if layer == top and type(problem.cost) is CrossEntropy and output is sigmoid and _divides(problem, result):
        name = "output_error_by_division"
    elif output is softmax and not all(np.isfinite(array).all() for array in result.nabla_b):
        name = "softmax_overflow"
    cause, remedy = REMEDIES.get(name or "", OTHER)
    return name, f"{cause}. {remedy}"


def _divides(problem: Problem, result: Gradient) -> bool:
    """True where ∂C/∂b^L is that of the quotients of ∇_a C, within the rounding that these magnify."""
    fp = arithmetic_of(problem.dtype)
    a = batched.feedforward(problem.network.astype("float64"), problem.x.astype(np.float64))
    output = RunningError(a, fp.u * (fp.f + 3) * a + fp.tiny, fp)
    y = problem.y.astype(np.float64)
    delta = ((1 - y) / (1 - output) - y / output) * (output * (1 - output))
    return bool(within(result.nabla_b[-1], (a - y).mean(0), delta.error.mean(0)).all())
