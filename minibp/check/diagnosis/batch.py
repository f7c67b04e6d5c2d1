"""The diagnosis of batches: faults of the mean over examples, (6), and of L2's division by m, (27).

A batch is compared with what the subject itself returned for its examples one by one, so that no fault of a single
example is named again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.diagnosis.delta_readings import variants
from minibp.check.diagnosis.single_example import UNKNOWN, Explanation, Part
from minibp.check.faults.injection import RIGHT, FaultInstance, compute_step, raw_error, run_forward, run_pass
from minibp.check.faults.pass_state import Number, PassState, by_layer
from minibp.check.rounding.arithmetic import Arithmetic
from minibp.check.rounding.running_error import RunningError, explains
from minibp.network import Gradient
from minibp.problem import Problem


class Batch(NamedTuple):
    """The gradient that a subject returned for several examples, and the index of each among the single examples."""

    problem: Problem
    result: Gradient
    rows: tuple[int, ...]


@dataclass
class Average:
    """The explanation of batches: at most one fault of (6) for all tensors, and the faults of each layer and tensor."""

    mean: Part
    parts: dict[tuple[str, int], Part]

    @property
    def cost(self) -> float:
        """The cost of all that is explained or left unexplained; a fault in several layers counts once."""
        named = {part.candidates[0].fault.id for part in self.parts.values() if part.candidates}
        return self.mean.cost + len(named) + UNKNOWN * sum(part.off for part in self.parts.values())

    @property
    def rank(self) -> tuple[float, int]:
        """The cost; then the number of tensors that are explained one by one: all of them at once is the simpler."""
        return self.cost, sum(bool(part.candidates) for part in self.parts.values())


class _Steps(NamedTuple):
    """The steps of a pass that one tensor is made by."""

    data: str
    shares: str
    """Faults of this tensor's mean alone."""
    penalty: str


STEPS_BY_TENSOR = {
    "nabla_b": _Steps("bias", "shares_b", "l2_biases"),
    "nabla_w": _Steps("weight", "shares_w", "l2_weights"),
}


@dataclass(frozen=True)
class _Model:
    """One tensor of a batch as certain faults would make it; None where there is no fault of that step."""

    steps: _Steps
    shares: FaultInstance | None
    """Of the mean of all tensors."""
    data: FaultInstance | None
    penalty: FaultInstance | None
    tensor_shares: FaultInstance | None = None
    products: FaultInstance | None = None
    averages_penalty: bool = False
    """True where L2 is added to each example's gradient, so that a fault of the mean scales it, too."""

    def predict(self, state: PassState, layer: int) -> RunningError:
        """∂C/∂b^l or ∂C/∂W^l, in running-error numbers."""
        mean = RIGHT["shares"](state, layer) if self.shares is None else _relative(self.shares, state, layer)
        weighted = _with_shares(state, mean)
        if self.tensor_shares is not None:
            weighted = _with_shares(state, mean * state.m * self.tensor_shares.at(weighted, layer))
        data = self._data(weighted, layer)
        penalty = self.penalty_of(weighted, layer)
        if penalty is not None and self.averages_penalty:
            penalty = penalty * (float(mean[0]) * state.m)
        return state.running(data if penalty is None else data + penalty)

    def _data(self, state: PassState, layer: int) -> Number:
        for fault in (self.products, self.data):
            result = None if fault is None else fault.at(state, layer)
            if result is not None:
                return result
        return RIGHT[self.steps.data](state, layer)

    def penalty_of(self, state: PassState, layer: int) -> Number:
        """The term of L2; None where there is none, as on biases."""
        if not state.alpha:
            return None
        result = None if self.penalty is None else self.penalty.at(state, layer)
        if result is None and self.steps.penalty in RIGHT:
            return RIGHT[self.steps.penalty](state, layer)
        return result


def averaged(
    batches: Sequence[Batch], explanation: Explanation, fp: Arithmetic, *, biases: bool = True, sums: bool = False
) -> Average:
    """The cheapest explanation of these batches, given that of their single examples.

    Without biases ∂C/∂b is left out. If the subject sums, it has updated weights by m times what it gave.
    """
    if explanation.clip is not None:
        return Average(Part(), {})
    states = [_state_of(batch, explanation, fp, sums=sums) for batch in batches]
    factor = _factor_of(explanation)
    best: Average | None = None
    for shares in [factor] if factor else [None, *variants("shares")]:
        mean = Part((shares,) if shares and not factor else ())
        candidate = Average(mean, _parts(shares, batches, states, explanation, biases=biases))
        if best is None or candidate.rank < best.rank:
            best = candidate
        if best.cost == 0:
            break
    assert best is not None
    return best


def _factor_of(explanation: Explanation) -> FaultInstance | None:
    """The fault of the mean that single examples show already, as a factor."""
    part = explanation.layers[max(explanation.layers)].parts.get("scale", Part())
    return part.candidates[0] if part.candidates else None


def _state_of(batch: Batch, explanation: Explanation, fp: Arithmetic, *, sums: bool) -> PassState:
    """The examples of a batch with the subject's own δ of each; errors are those of a pass with the same faults."""
    state = PassState(batch.problem, fp)
    run_forward(state, explanation.forward)
    faults = explanation.instances()
    simulated = PassState(batch.problem, fp)
    run_pass(simulated, faults)
    nabla_w = by_layer(batch.result.nabla_w)
    depends_on_batch = False
    for layer in range(state.top, 1, -1):
        read = [explanation.states[row].delta[layer] for row in batch.rows]
        rows = np.concatenate([delta.value for delta in read])
        model = simulated.delta[layer]
        largest = max(float(np.abs(model.value).max()), fp.tiny)
        error = 2 * model.error * max(1.0, float(np.abs(rows).max()) / largest)
        # δ that was read from a tensor with another term in it has a larger error.
        state.delta[layer] = RunningError(rows, np.maximum(error, np.concatenate([delta.error for delta in read])), fp)
        first = explanation.layers[layer].parts["delta"].candidates[:1]
        depends_on_batch = depends_on_batch or any(fault.fault.updates_weights for fault in first)
        if depends_on_batch:  # weights that were updated with the whole batch give other δ than with one example
            state.delta[layer] = compute_step("recursion", state, layer, faults)
        state.nabla_w[layer] = nabla_w[layer] * (batch.problem.m if sums else 1)
        state.raw[layer] = raw_error(state, layer, faults)
    return state


def _parts(
    shares: FaultInstance | None,
    batches: Sequence[Batch],
    states: Sequence[PassState],
    explanation: Explanation,
    *,
    biases: bool,
) -> dict[tuple[str, int], Part]:
    """The faults of each tensor of each layer, given that of the mean; of those that one example explains."""
    found: dict[tuple[str, int], Part] = {}
    for layer, reading in explanation.layers.items():
        for tensor, steps in STEPS_BY_TENSOR.items():
            if not reading.parts[steps.data].off and (biases or tensor == "nabla_w"):
                data, penalty = (reading.parts[step].first for step in (steps.data, steps.penalty))
                model = _Model(steps, shares, data, penalty)
                got = [by_layer(getattr(batch.result, tensor))[layer] for batch in batches]
                rows = [
                    [by_layer(getattr(explanation.examples[row].result, tensor))[layer] for row in batch.rows]
                    for batch in batches
                ]
                singles = [[explanation.states[row] for row in batch.rows] for batch in batches]
                if all(map(partial(_is_sum_of_rows, model, layer), states, got, singles, rows)):
                    found[tensor, layer] = Part()
                else:
                    found[tensor, layer] = _part(model, states, layer, got)
    return found


def _is_sum_of_rows(
    model: _Model,
    layer: int,
    state: PassState,
    got: Array,
    singles: Sequence[PassState],
    rows: Sequence[Array],
) -> bool:
    """True where a batch's tensor is the sum, by these shares, of what was returned for its examples one by one.

    Then (6) holds by its definition, whatever is wrong with the examples. L2, which is in each of them, is not summed.
    """
    shares = RIGHT["shares"](state, layer) if model.shares is None else _relative(model.shares, state, layer)
    total = state.running(np.zeros(got.shape))
    for share, single, row in zip(shares, singles, rows, strict=True):
        near = single.running(row).loosened(single.read_error(layer, model.steps.data))
        penalty = model.penalty_of(single, layer)
        total = total + (near if penalty is None else near - penalty) * float(share)
    penalty = model.penalty_of(state, layer)
    predicted = total if penalty is None else total + penalty
    return explains(predicted.loosened(state.read_error(layer, model.steps.data)), got)


def _part(base: _Model, states: Sequence[PassState], layer: int, got: Sequence[Array]) -> Part:
    """The faults that one tensor has beside those of the base, each enough alone."""
    found: list[FaultInstance] = []
    for extra, model in _deviations(base):
        pairs = zip(states, got, strict=True)
        if all(
            explains(model.predict(state, layer).loosened(state.read_error(layer, base.steps.data)), array)
            for state, array in pairs
        ):
            if extra is None:
                return Part()
            found.append(extra)
    return Part(tuple(found), off=not found)


def _deviations(base: _Model) -> Iterator[tuple[FaultInstance | None, _Model]]:
    """Models without a further fault; then one fault more: of this tensor's mean, its products, L2's division."""
    yield None, base
    yield None, replace(base, penalty=None, averages_penalty=True)
    if base.data is not None:  # and other ways to write its fault, which one example does not tell apart
        for other in variants(base.steps.data):
            if other.fault is base.data.fault and other.variant != base.data.variant:
                yield None, replace(base, data=other)
    for fault in variants(base.steps.shares):
        yield fault, replace(base, tensor_shares=fault)
    if base.steps.data == "weight":
        for fault in variants("products"):
            yield fault, replace(base, products=fault)
        for fault in variants("l2_weights"):
            if fault.fault.id == "l2_not_divided_by_m":
                yield fault, replace(base, penalty=fault)


def _with_shares(state: PassState, shares: Array) -> PassState:
    """The same pass with other shares of the examples in its sums."""
    weighted = copy(state)
    weighted.share = shares
    return weighted


def _relative(fault: FaultInstance, state: PassState, layer: int) -> Array:
    """The shares of a batch in units of that of a single example."""
    problem = state.problem
    one = PassState(Problem(problem.network, problem.cost, problem.x[:1], problem.y[:1], problem.l2))
    shares: Array = fault.at(state, layer) / fault.at(one, layer)[0]
    return shares
