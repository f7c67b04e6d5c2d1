"""What is wrong with the mean over examples, (6), and with L2's division by m, (27).

A batch is held to what the subject itself says of its examples one by one, so that nothing that is wrong with a single
example is blamed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.diagnosis.delta_readings import ways
from minibp.check.diagnosis.single_example import UNKNOWN, Explanation, Part
from minibp.check.faults.injection import RIGHT, FaultInstance, compute_step, raw_output_error, run_forward, run_pass
from minibp.check.faults.pass_state import PassState
from minibp.check.rounding.arithmetic import Arithmetic
from minibp.check.rounding.running_error import RunningError, near
from minibp.network import Gradient
from minibp.problem import Problem


class Batch(NamedTuple):
    """What a subject answered to several examples, and where each of them stands among the single ones."""

    problem: Problem
    answer: Gradient
    rows: tuple[int, ...]


@dataclass
class Average:
    """How a batch is made from its examples: one fault of (6) or none, and what is left at each layer and tensor."""

    mean: Part
    parts: dict[tuple[str, int], Part]

    @property
    def cost(self) -> float:
        """How much has to be explained; a fault in several layers counts once."""
        named = {part.candidates[0].fault.id for part in self.parts.values() if part.candidates}
        return self.mean.cost + len(named) + UNKNOWN * sum(part.off for part in self.parts.values())


def averaged(batches: Sequence[Batch], single: Explanation, fp: Arithmetic) -> Average:
    """The cheapest account of these batches, given what was found of single examples."""
    views = [_stacked(batch, single, fp) for batch in batches]
    seen = _scale(single)
    best: Average | None = None
    for way in [seen] if seen else ways("shares"):
        tried = _with_mean(way, batches, views, single, None if seen else way)
        if best is None or tried.cost < best.cost:
            best = tried
        if best.cost == 0:
            break
    assert best is not None
    return best


def _scale(single: Explanation) -> FaultInstance | None:
    """A fault of the mean that a single example showed already, as a factor."""
    part = single.layers[max(single.layers)].parts.get("scale", Part())
    return part.candidates[0] if part.candidates else None


def _stacked(batch: Batch, single: Explanation, fp: Arithmetic) -> PassState:
    """The examples of a batch with the subject's own δ of each; errors are those of a pass with the same faults."""
    v = PassState(batch.problem, fp)
    run_forward(v, single.forward)
    named = single.instances()
    simulated = PassState(batch.problem, fp)
    run_pass(simulated, named)
    moved = False
    for layer in range(v.top, 1, -1):
        read = [single.values[row].delta[layer] for row in batch.rows]
        rows = np.concatenate([one.value for one in read])
        model = simulated.delta[layer]
        largest = max(float(np.abs(model.value).max()), fp.tiny)
        error = 2 * model.error * max(1.0, float(np.abs(rows).max()) / largest)
        # Where δ was read from a tensor with something else in it, it is known less well.
        v.delta[layer] = RunningError(rows, np.maximum(error, np.concatenate([one.error for one in read])), fp)
        moved = moved or any(one.constant is not None for one in single.layers[layer].parts["delta"].candidates[:1])
        if moved:  # weights that were updated with the whole batch give other δ than those updated with one example
            v.delta[layer] = compute_step("recursion", v, layer, named)
        v.nabla_w[layer] = batch.answer.nabla_w[layer - 2]
        v.raw[layer] = raw_output_error(v) if layer == v.top else v.raw[layer + 1] @ v.w[layer + 1]
    return v


def _with_mean(
    way: FaultInstance | None,
    batches: Sequence[Batch],
    views: Sequence[PassState],
    single: Explanation,
    named: FaultInstance | None,
) -> Average:
    parts: dict[tuple[str, int], Part] = {}
    for layer, reading in single.layers.items():
        for tensor, (kind, own, added) in {
            "nabla_b": ("bias", "shares_b", "l2_biases"),
            "nabla_w": ("weight", "shares_w", "l2_weights"),
        }.items():
            if reading.parts[kind].off:
                continue
            got = [getattr(batch.answer, tensor)[layer - 2] for batch in batches]
            parts[tensor, layer] = _tensor(way, views, layer, reading.parts, (kind, own, added), got)
    return Average(Part((named,) if named else ()), parts)


def _tensor(
    way: FaultInstance | None,
    views: Sequence[PassState],
    layer: int,
    parts: dict[str, Part],
    steps: tuple[str, str, str],
    got: Sequence[Array],
) -> Part:
    """What is left to be explained of one tensor."""
    kind, own, added = steps
    data = parts[kind].candidates[0] if parts[kind].candidates else None
    penalty = parts[added].candidates[0] if parts[added].candidates else None
    found: list[FaultInstance] = []
    for extra, share, products, decay in _deviations(kind, own, penalty):
        if all(
            _agrees(v, layer, seen, (way, share), data, products, (added, decay))
            for v, seen in zip(views, got, strict=True)
        ):
            if extra is None:
                return Part()
            found.append(extra)
    return Part(tuple(found), off=not found)


def _deviations(
    kind: str, own: str, penalty: FaultInstance | None
) -> Iterator[tuple[FaultInstance | None, FaultInstance | None, FaultInstance | None, Any]]:
    """The right way first; then one fault more: of this tensor's mean, of its products, of L2's division."""
    yield None, None, None, penalty
    yield None, None, None, "scaled"  # L2 is in what was summed
    for one in ways(own)[1:]:
        yield one, one, None, penalty
    if kind == "weight":
        for one in ways("products")[1:]:
            yield one, None, one, penalty
        for one in ways("l2_weights")[1:]:
            if one is not None and one.fault.id == "l2_not_divided_by_m":
                yield one, None, None, one


def _agrees(
    v: PassState,
    layer: int,
    seen: Array,
    means: tuple[FaultInstance | None, FaultInstance | None],
    data: FaultInstance | None,
    products: FaultInstance | None,
    penalty: tuple[str, Any],
) -> bool:
    whole, own = means
    v.share = RIGHT["shares"](v, layer)
    if whole is not None:
        v.share = _relative(whole, v, layer)
    factor = float(v.share[0]) * v.m
    if own is not None:
        v.share = v.share * v.m * own.at(v, layer)
    kind = "bias" if seen.ndim == 1 else "weight"
    made = None if products is None else products.at(v, layer)
    if made is None and data is not None:
        made = data.at(v, layer)
    predicted = RIGHT[kind](v, layer) if made is None else made
    name, decay = penalty
    if v.alpha:
        more = None if decay is None or decay == "scaled" else decay.at(v, layer)
        if more is None and name in RIGHT:
            more = RIGHT[name](v, layer)
        if more is not None:
            predicted = predicted + (more * factor if decay == "scaled" else more)
    return near(v.running(predicted), seen)


def _relative(whole: FaultInstance, v: PassState, layer: int) -> Array:
    """The shares of a batch in units of what a single example had."""
    one = PassState(Problem(v.problem.network, v.problem.cost, v.problem.x[:1], v.problem.y[:1], v.problem.l2))
    share: Array = whole.at(v, layer) / whole.at(one, layer)[0]
    return share
