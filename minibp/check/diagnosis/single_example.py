"""Which faults explain a gradient, equation by equation, from the subject's own upstream values.

With one example, (23) makes the subject's own ∂C/∂b^l its δ^l; or, where that is what is wrong, (24) gives δ^l from
∂C/∂W^l. So δ^L is held to (17), δ^l to (22) given the subject's δ^{l+1}, and ∂C/∂W^l to (24) given its δ^l, each alone.
Of all ways to read a layer the one is taken that leaves the least to be explained.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.check.diagnosis.delta_readings import Single, right_delta, sources, ways
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import RIGHT, FaultInstance, raw_output_error, run_forward
from minibp.check.faults.pass_state import PassState
from minibp.check.rounding.arithmetic import Arithmetic
from minibp.check.rounding.running_error import RunningError, near

UNKNOWN = 3.0
"""What it costs to leave an equation unexplained, a named fault costing 1."""


@dataclass
class Part:
    """One equation at one layer: the faults that explain it; none and `off` where nothing does."""

    candidates: tuple[FaultInstance, ...] = ()
    off: bool = False

    @property
    def cost(self) -> float:
        """How much has to be explained."""
        return UNKNOWN * self.off if not self.candidates else 1.0

    @property
    def wrong(self) -> bool:
        """Whether the equation does not hold."""
        return self.off or bool(self.candidates)


@dataclass
class LayerReading:
    """How one layer was read: its δ for each example, and what is wrong with each equation."""

    deltas: list[RunningError]
    parts: dict[str, Part]

    @property
    def cost(self) -> float:
        """How much has to be explained in this layer."""
        return sum(part.cost for part in self.parts.values())


@dataclass
class Explanation:
    """What is wrong in each layer, given that the forward pass has the faults of `forward`."""

    forward: tuple[FaultInstance, ...]
    singles: Sequence[Single]
    values: list[PassState]
    layers: dict[int, LayerReading] = field(default_factory=dict)

    @property
    def cost(self) -> float:
        """How much has to be explained in all; a fault in several layers counts in each."""
        return len(self.forward) + sum(reading.cost for reading in self.layers.values())

    @property
    def has_unknown(self) -> bool:
        """Whether an equation is off for no reason known."""
        return any(part.off for reading in self.layers.values() for part in reading.parts.values())

    def instances(self) -> list[FaultInstance]:
        """The first explanation of everything, layer by layer."""
        found = list(self.forward)
        for layer, reading in self.layers.items():
            for part in reading.parts.values():
                found += [_only(one, layer) for one in part.candidates[:1]]
        return found


def explain(singles: Sequence[Single], fp: Arithmetic) -> Explanation:
    """The cheapest explanation of these answers.

    Forward passes with faults are tried only where the right one leaves something unknown: a quick look picks one.
    """
    best = _given_forward((), singles, fp)
    top = len(singles[0].problem.network.weights) + 1
    for count in (1, 2):
        if not best.has_unknown:
            break
        promising: tuple[FaultInstance, ...] = ()
        least = math.inf
        for faults in _forward_faults(top, count):
            quick = _given_forward(faults, singles, fp, thorough=False, limit=least)
            if quick.cost < least:
                promising, least = faults, quick.cost
        chosen = _given_forward(promising, singles, fp)
        best = chosen if chosen.cost < best.cost else best
    return best


def _forward_faults(top: int, count: int) -> Iterable[tuple[FaultInstance, ...]]:
    """One fault of the forward pass, in all layers or in one; or two."""
    scopes = [None, *((layer,) for layer in range(2, top + 1))]
    biases, activations = (
        [FaultInstance(CATALOGUE[name], scope) for scope in scopes] for name in ("bias_omitted", "activation_omitted")
    )
    return product(biases, activations) if count == 2 else [(one,) for one in biases + activations]


def _given_forward(
    forward: tuple[FaultInstance, ...],
    singles: Sequence[Single],
    fp: Arithmetic,
    *,
    thorough: bool = True,
    limit: float = math.inf,
) -> Explanation:
    """The layers from the output down, or as far as the cost stays below `limit`.

    Where it is not thorough, δ^l is ∂C/∂b^l but for L2, for one network, and no fault of δ^L comes with one of (6).
    """
    singles = singles if thorough else [one for one in singles if one.problem.network is singles[0].problem.network]
    values = [PassState(single.problem, fp) for single in singles]
    for v in values:
        run_forward(v, forward)
    found = Explanation(forward, singles, values)
    for layer in range(values[0].top, 1, -1):
        reading = _read(values, singles, layer, thorough=thorough)
        found.layers[layer] = reading
        for v, single, delta in zip(values, singles, reading.deltas, strict=True):
            v.delta[layer] = delta
            v.nabla_w[layer] = single.nabla_w(layer)
            v.raw[layer] = raw_output_error(v) if layer == v.top else v.raw[layer + 1] @ v.w[layer + 1]
        if found.cost >= limit:
            break
    return found


def _read(values: list[PassState], singles: Sequence[Single], layer: int, *, thorough: bool) -> LayerReading:
    """The cheapest way to read a layer."""
    best: LayerReading | None = None
    for i, deltas in enumerate(sources(values, singles, layer)):
        tried = _judged(values, singles, layer, deltas, thorough=thorough)
        if best is None or tried.cost < best.cost:
            best = tried
        if best.cost <= 1 or (i == 2 and not thorough):
            break
    assert best is not None
    return best


def _judged(
    values: list[PassState], singles: Sequence[Single], layer: int, deltas: list[RunningError], *, thorough: bool
) -> LayerReading:
    """What is wrong in a layer, should this be its δ."""
    parts = _delta_parts(values, layer, deltas, thorough=thorough)
    for v, delta in zip(values, deltas, strict=True):
        v.delta[layer] = delta
        v.share = np.ones(1)
    parts.update(_sum_of(values, layer, "bias", "l2_biases", [single.nabla_b(layer) for single in singles]))
    parts.update(_sum_of(values, layer, "weight", "l2_weights", [single.nabla_w(layer) for single in singles]))
    return LayerReading(deltas, parts)


def _delta_parts(values: list[PassState], layer: int, deltas: list[RunningError], *, thorough: bool) -> dict[str, Part]:
    """Whether δ^l is as it should be, given what lies above, or which faults make it what it is.

    A fault of the mean may show with a single example already, as a factor of δ^L.
    """
    suspects = _Suspects(values, layer, deltas)
    if suspects.explains(None, None):
        return {"delta": Part()}
    if layer < values[0].top:
        found = suspects.explaining("recursion", None)
        return {"delta": Part(found, off=not found)}
    for scale in [None, *ways("shares")[1:]]:
        if scale is not None and suspects.explains(None, scale):
            return {"delta": Part(), "scale": Part((scale,))}
        found = suspects.explaining("output", scale) if scale is None or thorough else ()
        if found:
            return {"delta": Part(found), "scale": Part((scale,) if scale else ())}
    return {"delta": Part(off=True)}


class _Suspects:
    """What every fault would make of one δ^l, computed once."""

    def __init__(self, values: list[PassState], layer: int, deltas: list[RunningError]) -> None:
        self.values, self.layer, self.deltas = values, layer, deltas
        self.right = [v.running(right_delta(v, layer)) for v in values]
        self.fitted: dict[str, list[FaultInstance]] = {}
        self.made: dict[tuple[FaultInstance, int], Any] = {}

    def explaining(self, step: str, scale: FaultInstance | None) -> tuple[FaultInstance, ...]:
        """The faults of a step that explain δ^l, with this fault of the mean or none."""
        if step not in self.fitted:
            self.fitted[step] = [
                _fitted(way, self.values, self.layer, self.deltas) for way in ways(step) if way is not None
            ]
        return _one_way_each([way for way in self.fitted[step] if self.explains(way, scale)])

    def explains(self, way: FaultInstance | None, scale: FaultInstance | None) -> bool:
        """Whether one fault, and one of the mean, make δ^l what it is in all networks."""
        for i, (v, one, delta) in enumerate(zip(self.values, self.right, self.deltas, strict=True)):
            found = one if way is None else self._made(way, i)
            if found is None and scale is not None:
                return False  # with a fault of the mean, one that makes no difference here would seem to explain too
            predicted = one if found is None else found
            if not _agree(predicted if scale is None else predicted * scale.at(v, self.layer)[0], delta):
                return False
        return True

    def _made(self, way: FaultInstance, i: int) -> RunningError | None:
        if (way, i) not in self.made:
            found = way.at(self.values[i], self.layer)
            self.made[way, i] = None if found is None else self.values[i].running(found)
        made: RunningError | None = self.made[way, i]
        return made


def _agree(predicted: RunningError, delta: RunningError) -> bool:
    return near(RunningError(predicted.value, predicted.error + delta.error, predicted.fp), delta.value)


def _fitted(way: FaultInstance, values: list[PassState], layer: int, deltas: list[RunningError]) -> FaultInstance:
    """The same fault with its constant by least squares."""
    if way.fault.along is None:
        return way
    steps = [v.plain(way.fault.along(v, layer)) for v in values]
    gaps = [
        delta.value - v.plain(way.fault.formulas[way.variant](v, layer))
        for v, delta in zip(values, deltas, strict=True)
    ]
    square = sum(float((one * one).sum()) for one in steps)
    along = sum(float((one * gap).sum()) for one, gap in zip(steps, gaps, strict=True))
    return FaultInstance(way.fault, way.layers, way.variant, along / square if square else 0.0)


def _sum_of(values: list[PassState], layer: int, step: str, added: str, got: list[Array]) -> dict[str, Part]:
    """What is wrong with ∂C/∂b or ∂C/∂W: with what δ gives, and with what L2 adds."""
    more = values[0].alpha > 0
    known: dict[tuple[str, FaultInstance | None, int], Any] = {}

    def term(name: str, way: FaultInstance | None, i: int) -> Any:
        if (name, way, i) not in known:
            known[name, way, i] = _or_right(way, name, values[i], layer)
        return known[name, way, i]

    def explains(way: FaultInstance | None, other: FaultInstance | None) -> bool:
        for i, seen in enumerate(got):
            data, extra = term(step, way, i), term(added, other, i) if more else None
            if not near(data if extra is None else data + extra, seen):
                return False
        return True

    if explains(None, None):
        return {step: Part(), added: Part()}
    matches = [pair for pair in product(ways(step), ways(added) if more else [None]) if explains(*pair)]
    if not matches:
        return {step: Part(off=True), added: Part()}
    least = min((way is not None) + (other is not None) for way, other in matches)
    matches = [(way, other) for way, other in matches if (way is not None) + (other is not None) == least]
    return {
        step: Part(_one_way_each([way for way, other in matches if way is not None and other is matches[0][1]])),
        added: Part(_one_way_each([other for way, other in matches if other is not None and way is matches[0][0]])),
    }


def _or_right(way: FaultInstance | None, step: str, v: PassState, layer: int) -> Any:
    """What a way of a step gives, or the right one; None for nothing at all, as L2 on biases should be."""
    found = None if way is None else way.at(v, layer)
    if found is None and step in RIGHT:
        found = RIGHT[step](v, layer)
    return found


def _one_way_each(found: list[FaultInstance]) -> tuple[FaultInstance, ...]:
    return tuple({one.fault.id: one for one in reversed(found)}.values())[::-1]


def _only(one: FaultInstance, layer: int) -> FaultInstance:
    return FaultInstance(one.fault, (layer,), one.variant, one.constant)
