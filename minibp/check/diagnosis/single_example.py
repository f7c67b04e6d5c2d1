"""The diagnosis of single examples: the faults that explain a gradient, equation by equation, from upstream values.

With one example, (23) makes the subject's own ∂C/∂b^l its δ^l; or, where that is what is wrong, (24) gives δ^l from
∂C/∂W^l. So δ^L is held to (17), δ^l to (22) given the subject's δ^{l+1}, and ∂C/∂W^l to (24) given its δ^l, each alone.
Of all readings of a layer the cheapest is taken: the one with the fewest faults and unexplained equations.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby, product
from typing import TypeAlias

from minibp.arrays import Array
from minibp.check.diagnosis.delta_readings import SingleExample, right_delta, sources, variants
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import RIGHT, FaultInstance, raw_output_error, run_forward
from minibp.check.faults.pass_state import Number, PassState
from minibp.check.rounding.arithmetic import Arithmetic
from minibp.check.rounding.running_error import RunningError, explains

UNKNOWN = 3.0
"""The cost of an equation that no fault explains; a named fault costs 1."""


@dataclass
class Part:
    """One equation at one layer: the faults that explain it; none and `off` where nothing does."""

    candidates: tuple[FaultInstance, ...] = ()
    off: bool = False

    @property
    def cost(self) -> float:
        """1 for a fault, UNKNOWN for an equation that none explains, else 0."""
        return UNKNOWN * self.off if not self.candidates else 1.0

    @property
    def first(self) -> FaultInstance | None:
        """The fault that is named; None where none explains the equation, or where it holds."""
        return self.candidates[0] if self.candidates else None

    @property
    def wrong(self) -> bool:
        """True where the equation does not hold."""
        return self.off or bool(self.candidates)


@dataclass
class LayerReading:
    """A reading of one layer: its δ for each example, and the faults of each equation."""

    deltas: list[RunningError]
    parts: dict[str, Part]

    @property
    def cost(self) -> float:
        """The cost of all equations of this layer."""
        return sum(part.cost for part in self.parts.values())


@dataclass
class Explanation:
    """The faults of each layer, given that the forward pass has those of `forward`."""

    forward: tuple[FaultInstance, ...]
    examples: Sequence[SingleExample]
    states: list[PassState]
    layers: dict[int, LayerReading] = field(default_factory=dict)

    @property
    def cost(self) -> float:
        """The cost of all layers and of the forward pass; a fault in several layers counts in each."""
        return len(self.forward) + sum(reading.cost for reading in self.layers.values())

    @property
    def has_unknown(self) -> bool:
        """True where no fault explains an equation that does not hold."""
        return any(part.off for reading in self.layers.values() for part in reading.parts.values())

    def instances(self) -> list[FaultInstance]:
        """The first explanation of everything, layer by layer."""
        found = list(self.forward)
        for layer, reading in self.layers.items():
            for part in reading.parts.values():
                found += [_for_this_layer(one, layer) for one in part.candidates[:1]]
        return found


def explain(examples: Sequence[SingleExample], fp: Arithmetic) -> Explanation:
    """The cheapest explanation of these results.

    Forward passes with faults are tried only where the right one leaves an equation unexplained; a quick search picks
    one.
    """
    best = _given_forward((), examples, fp)
    top = len(examples[0].problem.network.weights) + 1
    for count in (1, 2):
        if not best.has_unknown:
            break
        promising: tuple[FaultInstance, ...] = ()
        least = math.inf
        for faults in _forward_faults(top, count):
            quick = _given_forward(faults, examples, fp, thorough=False, limit=least)
            if quick.cost < least:
                promising, least = faults, quick.cost
        chosen = _given_forward(promising, examples, fp)
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
    examples: Sequence[SingleExample],
    fp: Arithmetic,
    *,
    thorough: bool = True,
    limit: float = math.inf,
) -> Explanation:
    """The layers from the output down, or as far as the cost stays below `limit`.

    Where it is not thorough, δ^l is ∂C/∂b^l but for L2, for one network, and no fault of δ^L comes with one of (6).
    """
    if not thorough:
        examples = [one for one in examples if one.problem.network is examples[0].problem.network]
    states = [PassState(example.problem, fp) for example in examples]
    for state in states:
        run_forward(state, forward)
    found = Explanation(forward, examples, states)
    for layer in range(states[0].top, 1, -1):
        reading = _read(states, examples, layer, thorough=thorough)
        found.layers[layer] = reading
        for state, example, delta in zip(states, examples, reading.deltas, strict=True):
            state.delta[layer] = delta
            state.nabla_w[layer] = example.nabla_w(layer)
            above = layer + 1
            state.raw[layer] = raw_output_error(state) if layer == state.top else state.raw[above] @ state.w[above]
        if found.cost >= limit:
            break
    return found


def _read(states: list[PassState], examples: Sequence[SingleExample], layer: int, *, thorough: bool) -> LayerReading:
    """The cheapest reading of a layer."""
    best: LayerReading | None = None
    for i, deltas in enumerate(sources(states, examples, layer)):
        candidate = _reading(states, examples, layer, deltas, thorough=thorough)
        if best is None or candidate.cost < best.cost:
            best = candidate
        if best.cost <= 1 or (i == 2 and not thorough):
            break
    assert best is not None
    return best


def _reading(
    states: list[PassState],
    examples: Sequence[SingleExample],
    layer: int,
    deltas: list[RunningError],
    *,
    thorough: bool,
) -> LayerReading:
    """The reading of a layer, given that this is its δ."""
    parts = _delta_parts(states, layer, deltas, thorough=thorough)
    for state, delta in zip(states, deltas, strict=True):
        state.delta[layer] = delta
    parts.update(_tensor_parts(states, layer, "bias", "l2_biases", [one.nabla_b(layer) for one in examples]))
    parts.update(_tensor_parts(states, layer, "weight", "l2_weights", [one.nabla_w(layer) for one in examples]))
    return LayerReading(deltas, parts)


def _delta_parts(states: list[PassState], layer: int, deltas: list[RunningError], *, thorough: bool) -> dict[str, Part]:
    """The faults of (17), (26) or (22) that explain δ^l, given the layers above.

    A fault of the mean may appear with a single example already, as a factor of δ^L.
    """
    candidates = _Candidates(states, layer, deltas)
    if candidates.explain(None, None):
        return {"delta": Part()}
    if layer < states[0].top:
        found = candidates.that_explain("recursion", None)
        return {"delta": Part(found, off=not found)}
    for scale in [None, *variants("shares")]:
        if scale is not None and candidates.explain(None, scale):
            return {"delta": Part(), "scale": Part((scale,))}
        found = candidates.that_explain("output", scale) if scale is None or thorough else ()
        if found:
            return {"delta": Part(found), "scale": Part((scale,) if scale else ())}
    return {"delta": Part(off=True)}


class _Candidates:
    """The predictions of one δ^l by every fault, each computed once."""

    def __init__(self, states: list[PassState], layer: int, deltas: list[RunningError]) -> None:
        self.states, self.layer, self.deltas = states, layer, deltas
        self.right = [state.running(right_delta(state, layer)) for state in states]
        self.fitted: dict[str, list[FaultInstance]] = {}
        self.predictions: dict[tuple[FaultInstance, int], RunningError | None] = {}

    def that_explain(self, step: str, scale: FaultInstance | None) -> tuple[FaultInstance, ...]:
        """The faults of a step that explain δ^l, with this fault of the mean or none."""
        if step not in self.fitted:
            self.fitted[step] = [_fitted(variant, self.states, self.layer, self.deltas) for variant in variants(step)]
        return _one_of_each_fault(variant for variant in self.fitted[step] if self.explain(variant, scale))

    def explain(self, variant: FaultInstance | None, scale: FaultInstance | None) -> bool:
        """True where one fault, and one of the mean, predict δ^l in all networks."""
        for i, (state, right, delta) in enumerate(zip(self.states, self.right, self.deltas, strict=True)):
            found = right if variant is None else self._predicted(variant, i)
            if found is None and scale is not None:
                return False  # with a fault of the mean, one that makes no difference here would seem to explain too
            predicted = right if found is None else found
            if scale is not None:
                predicted = predicted * scale.at(state, self.layer)[0]
            if not explains(RunningError(predicted.value, predicted.error + delta.error, predicted.fp), delta.value):
                return False
        return True

    def _predicted(self, variant: FaultInstance, i: int) -> RunningError | None:
        if (variant, i) not in self.predictions:
            found = variant.at(self.states[i], self.layer)
            self.predictions[variant, i] = None if found is None else self.states[i].running(found)
        return self.predictions[variant, i]


def _fitted(variant: FaultInstance, states: list[PassState], layer: int, deltas: list[RunningError]) -> FaultInstance:
    """The same fault with its constant by least squares."""
    along, formula = variant.fault.along, variant.fault.formulas[variant.variant]
    if along is None:
        return variant
    steps = [state.plain(along(state, layer)) for state in states]
    gaps = [delta.value - state.plain(formula(state, layer)) for state, delta in zip(states, deltas, strict=True)]
    square = sum(float((step * step).sum()) for step in steps)
    projection = sum(float((step * gap).sum()) for step, gap in zip(steps, gaps, strict=True))
    constant = projection / square if square else 0.0
    return FaultInstance(variant.fault, variant.layers, variant.variant, constant)


Pair: TypeAlias = tuple[FaultInstance | None, FaultInstance | None]
"""A fault of (23) or (24), and one of L2; None where there is no such fault."""


def _tensor_parts(states: list[PassState], layer: int, step: str, added: str, got: list[Array]) -> dict[str, Part]:
    """The faults of ∂C/∂b or ∂C/∂W given δ: of the step that makes it of δ, and of the term that L2 adds."""

    @cache
    def predicted(name: str, variant: FaultInstance | None, i: int) -> Number:
        return _by_variant(variant, name, states[i], layer)

    def fits(pair: Pair) -> bool:
        for i, array in enumerate(got):
            data, penalty = predicted(step, pair[0], i), predicted(added, pair[1], i) if states[i].alpha else None
            read = states[i].read_error(layer, step)
            if not explains((data if penalty is None else data + penalty).loosened(read), array):
                return False
        return True

    penalties = variants(added) if states[0].alpha else []
    pairs = sorted(product([None, *variants(step)], [None, *penalties]), key=_fault_count)
    for _, equally_many in groupby(pairs, key=_fault_count):
        fitting = [pair for pair in equally_many if fits(pair)]
        if fitting:
            first = fitting[0]
            return {
                step: Part(_one_of_each_fault(one for one, other in fitting if one and other is first[1])),
                added: Part(_one_of_each_fault(other for one, other in fitting if other and one is first[0])),
            }
    return {step: Part(off=True), added: Part()}


def _fault_count(pair: Pair) -> int:
    return sum(fault is not None for fault in pair)


def _by_variant(variant: FaultInstance | None, step: str, state: PassState, layer: int) -> Number:
    """The result of a step by a fault, or by its equation; None where it adds nothing, as L2 on biases should."""
    found = None if variant is None else variant.at(state, layer)
    if found is None and step in RIGHT:
        found = RIGHT[step](state, layer)
    return found


def _one_of_each_fault(found: Iterable[FaultInstance]) -> tuple[FaultInstance, ...]:
    """The first variant of each fault."""
    first: dict[str, FaultInstance] = {}
    for one in found:
        first.setdefault(one.fault.id, one)
    return tuple(first.values())


def _for_this_layer(one: FaultInstance, layer: int) -> FaultInstance:
    return FaultInstance(one.fault, (layer,), one.variant, one.constant)
