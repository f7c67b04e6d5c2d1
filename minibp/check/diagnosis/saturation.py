"""The name of what keeps cross-entropy finite where outputs saturate: an epsilon, or a clip, and how large it is.

The subject is asked for outputs that are as small as one likes, and known in every digit: the last layer has no weights
there, but biases alone. What it makes of them shows an epsilon of any size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

from minibp.activations import sigmoid, softmax
from minibp.arrays import Array
from minibp.check.diagnosis.delta_readings import variants
from minibp.check.faults.injection import FaultInstance, run_forward
from minibp.check.faults.pass_state import PassState
from minibp.check.rounding.arithmetic import Arithmetic, arithmetic_of
from minibp.check.rounding.running_error import RunningError, explains
from minibp.costs import fuses
from minibp.network import Gradient, Network
from minibp.problem import Problem

DEPTHS = (5.0, 10.0, 16.0, 22.0, 28.0, 34.0, 40.0, 50.0, 65.0)
"""The weighted inputs −z of outputs: σ(−5) is 7e-3, σ(−65) is 6e-29, less than any epsilon that is in use."""
EXPONENTS = np.arange(-24.0, -1.0, 0.25)
"""Of the powers of ten that are tried first as epsilons."""
NARROWER = 54
"""Steps of a search among three numbers, in which their distance is halved each time: to the last digit."""

Call = Callable[[Problem], Gradient | None]
Make = Callable[[Network, Array, Array], Problem]


def guard(problem: Problem, call: Call, make: Make | None = None) -> tuple[str, str] | None:
    """The id and the message of the epsilon or clip that explains δ^L where outputs saturate; None where none does.

    `make` makes a problem of a network, x and y in the conventions of the subject.
    """
    output = problem.network.activations[-1]
    if not fuses(problem.cost, output) or output not in (sigmoid, softmax):
        return None
    fp = arithmetic_of(problem.dtype)
    asked = [(_state(probe, fp), result) for probe in _probes(problem, make) if (result := call(probe)) is not None]
    rows = [
        (state, result.nabla_b[-1].astype(np.float64)[None, :])
        for state, result in asked
        if np.isfinite(result.nabla_b[-1]).all()
    ]
    off = [(state, row) for state, row in rows if not explains(state.running(state.output_error()), row)]
    if not off:
        return None
    top = rows[0][0].top
    for variant in variants("output"):
        found = _fitted(variant, rows, top) if variant.fault.curves else None
        if found is not None and found.fault.message is not None and found.constant is not None:
            return found.fault.id, found.fault.message(rows[0][0], top, found.variant, found.constant)
    return None


def _probes(problem: Problem, make: Make | None) -> Iterator[Problem]:
    """The problem with one example and outputs that only biases make; the first is large in a softmax.

    Where y is 0, a clip is all that is left of δ; elsewhere quotients show what is added to them.
    """
    network = problem.network
    n, is_softmax = network.sizes[-1], network.activations[-1] is softmax
    targets = (np.full((1, n), 1 / n), np.eye(1, n)) if is_softmax else (np.full((1, n), 0.5), np.zeros((1, n)))
    for depth, y in product(DEPTHS, targets):
        b = np.full(n, -depth)
        if is_softmax:
            b[0] = 0.0
        weights = [*network.weights[:-1], np.zeros_like(network.weights[-1])]
        biases = [*network.biases[:-1], b.astype(problem.dtype)]
        probe = Network(weights, biases, network.activations)
        one, target = problem.x[:1], y.astype(problem.dtype)
        yield make(probe, one, target) if make else Problem(probe, problem.cost, one, target)


def _state(problem: Problem, fp: Arithmetic) -> PassState:
    """A pass in which σ' is not what code may compute otherwise: here it is written in terms of a."""
    state = PassState(problem.astype("float64"), fp)
    run_forward(state)
    return state


def _fitted(variant: FaultInstance, rows: list[tuple[PassState, Array]], top: int) -> FaultInstance | None:
    """The fault with the constant that explains all rows; None where none does."""
    plain = [(state.without_errors(), row) for state, row in rows]

    def at(constant: float) -> FaultInstance:
        return FaultInstance(variant.fault, None, variant.variant, float(constant))

    def distance(constant: float) -> float:
        total = 0.0
        for state, row in plain:
            predicted = at(constant).at(state, top)
            if predicted is None:
                return np.inf
            value = np.asarray(predicted)
            total += float((np.abs(value - row) / (np.abs(value) + np.abs(row) + np.finfo(float).tiny)).sum())
        return total

    best = float(min(10.0**EXPONENTS, key=distance))
    reach = 1.0
    for _ in range(NARROWER):
        reach /= 2
        best = min((best / (1 + reach), best, best * (1 + reach)), key=distance)
    for constant in (float(f"{best:.2g}"), best):  # a number of two digits, if it is one
        if all(_explains(at(constant), state, row, top) for state, row in rows):
            return at(constant)
    return None


def _explains(one: FaultInstance, state: PassState, row: Array, top: int) -> bool:
    predicted = one.at(state, top)
    if predicted is None:
        return False
    near: RunningError = state.running(predicted)
    return explains(near, row)
