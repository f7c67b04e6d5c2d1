"""The diagnosis of single examples: the faults that explain a gradient, equation by equation, from upstream values.

With one example, (23) makes the subject's own ∂C/∂b^l its δ^l; or, where that is what is wrong, (24) gives δ^l from
∂C/∂W^l. So δ^L is held to (17), δ^l to (22) given the subject's δ^{l+1}, and ∂C/∂W^l to (24) given its δ^l, each alone.
Of all readings of a layer the cheapest is taken: the one with the fewest faults and unexplained equations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby, product
from typing import TypeAlias

from minibp.arrays import Array
from minibp.check.diagnosis.candidates import Candidates, Refused, Search, one_of_each_fault
from minibp.check.diagnosis.constants import Confirmation, confirmation, forward_slopes, is_confirmed
from minibp.check.diagnosis.delta_readings import SingleExample, sources, variants
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import RIGHT, FaultInstance, raw_error, run_forward
from minibp.check.faults.pairs import FaultPair
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
        """1 for a fault, 2 for two at once, UNKNOWN for an equation that none explains, else 0."""
        if not self.candidates:
            return UNKNOWN * self.off
        return 2.0 if isinstance(self.candidates[0].fault, FaultPair) else 1.0

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
    clip: FaultInstance | None = None
    """The clip of a gradient that is right but for it."""

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


def explain(
    examples: Sequence[SingleExample],
    fp: Arithmetic,
    *,
    biases: bool = True,
    clip: Callable[[], FaultInstance | None] = lambda: None,
) -> Explanation:
    """The cheapest explanation of these results; without biases, of ∂C/∂W alone.

    A clip of the whole gradient, and forward passes with faults, are tried only where the right forward pass leaves an
    equation unexplained; of the latter a quick search picks one.
    """
    whole, quick = Search(biases=biases), Search(thorough=False, biases=biases)
    best = _confirmed((), examples, fp, whole)
    if best.has_unknown:
        best.clip = clip()
        if best.clip is not None:
            return best
    top = len(examples[0].problem.network.weights) + 1
    for count in (1, 2):
        if not best.has_unknown:
            break
        promising: tuple[FaultInstance, ...] = ()
        least = math.inf
        sloped = [(one,) for one in forward_slopes(examples, fp)] if count == 1 else []
        for faults in [*sloped, *_forward_faults(top, count, biases=biases)]:
            found = _given_forward(faults, examples, fp, quick, limit=least)
            if found.cost < least:
                promising, least = faults, found.cost
        if promising:
            chosen = _confirmed(promising, examples, fp, whole)
            best = chosen if chosen.cost < best.cost else best
    return best


def _forward_faults(top: int, count: int, *, biases: bool) -> Iterable[tuple[FaultInstance, ...]]:
    """One fault of the forward pass, in all layers or in one; or two."""
    scopes = [None, *((layer,) for layer in range(2, top + 1))]
    without_biases, without_activations = (
        [FaultInstance(CATALOGUE[name], scope) for scope in scopes] for name in ("bias_omitted", "activation_omitted")
    )
    if not biases:  # where b is 0 nothing is omitted
        return [(one,) for one in without_activations] if count == 1 else []
    if count == 2:
        return product(without_biases, without_activations)
    return [(one,) for one in without_biases + without_activations]


def _confirmed(
    forward: tuple[FaultInstance, ...], examples: Sequence[SingleExample], fp: Arithmetic, search: Search
) -> Explanation:
    """The explanation without faults whose constant is fitted to as few equations as determine it."""
    while True:
        found = _given_forward(forward, examples, fp, search)
        more = _unconfirmed(found)
        if not more:
            return found
        search = replace(search, refused=search.refused | more)


def _unconfirmed(found: Explanation) -> Refused:
    """The faults, by layer, whose constant neither its own layer confirms nor the same one in another layer."""
    by_fault: dict[str, dict[int, Confirmation]] = {}
    for layer, reading in found.layers.items():
        for one in reading.parts["delta"].candidates:
            if one.constant is not None:
                told = confirmation(one, found.states, layer, reading.deltas)
                by_fault.setdefault(one.fault.id, {})[layer] = told
    return frozenset(
        (name, layer)
        for name, of_layers in by_fault.items()
        for layer, mine in of_layers.items()
        if not is_confirmed(mine, [theirs for other, theirs in of_layers.items() if other != layer])
    )


def _given_forward(
    forward: tuple[FaultInstance, ...],
    examples: Sequence[SingleExample],
    fp: Arithmetic,
    search: Search,
    *,
    limit: float = math.inf,
) -> Explanation:
    """The layers from the output down, or as far as the cost stays below `limit`."""
    if not search.thorough:
        examples = [one for one in examples if one.problem.network is examples[0].problem.network]
    states = [PassState(example.problem, fp) for example in examples]
    for state in states:
        run_forward(state, forward)
    found = Explanation(forward, examples, states)
    for layer in range(states[0].top, 1, -1):
        reading = _read(states, examples, layer, search)
        found.layers[layer] = reading
        first = reading.parts["delta"].candidates[:1]
        for state, example, delta in zip(states, examples, reading.deltas, strict=True):
            state.delta[layer] = delta
            state.nabla_w[layer] = example.nabla_w(layer)
            state.raw[layer] = raw_error(state, layer, first)
        if found.cost >= limit:
            break
    return found


def _read(states: list[PassState], examples: Sequence[SingleExample], layer: int, search: Search) -> LayerReading:
    """The cheapest reading of a layer; where no fault explains its δ, two at once may."""
    best: LayerReading | None = None
    for i, deltas in enumerate(sources(states, examples, layer, biases=search.biases)):
        candidate = _reading(states, examples, layer, deltas, search)
        if best is None or candidate.cost < best.cost:
            best = candidate
        if best.cost <= 1 or (i == 2 and not search.thorough):
            break
    assert best is not None
    if search.thorough and best.parts["delta"].off and layer < states[0].top:
        both = Candidates(states, layer, best.deltas, search).pairs_that_explain()
        best.parts["delta"] = Part(both, off=not both)
    return best


def _reading(
    states: list[PassState],
    examples: Sequence[SingleExample],
    layer: int,
    deltas: list[RunningError],
    search: Search,
) -> LayerReading:
    """The reading of a layer, given that this is its δ."""
    parts = _delta_parts(states, layer, deltas, search)
    for state, delta in zip(states, deltas, strict=True):
        state.delta[layer] = delta
    if search.biases:
        parts.update(_tensor_parts(states, layer, "bias", "l2_biases", [one.nabla_b(layer) for one in examples]))
    else:
        parts.update(bias=Part(), l2_biases=Part())
    parts.update(_tensor_parts(states, layer, "weight", "l2_weights", [one.nabla_w(layer) for one in examples]))
    return LayerReading(deltas, parts)


def _delta_parts(states: list[PassState], layer: int, deltas: list[RunningError], search: Search) -> dict[str, Part]:
    """The faults of (17), (26) or (22) that explain δ^l, given the layers above.

    A fault of the mean may appear with a single example already, as a factor of δ^L.
    """
    candidates = Candidates(states, layer, deltas, search)
    if candidates.explain(None, None):
        return {"delta": Part()}
    if layer < states[0].top:
        found = candidates.that_explain("recursion", None)
        return {"delta": Part(found, off=not found)}
    for scale in [None, *variants("shares")]:
        if scale is not None and candidates.explain(None, scale):
            return {"delta": Part(), "scale": Part((scale,))}
        found = candidates.that_explain("output", scale) if scale is None or search.thorough else ()
        if found:
            return {"delta": Part(found), "scale": Part((scale,) if scale else ())}
    return {"delta": Part(off=True)}


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
                step: Part(one_of_each_fault(one for one, other in fitting if one and other is first[1])),
                added: Part(one_of_each_fault(other for one, other in fitting if other and one is first[0])),
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


def _for_this_layer(one: FaultInstance, layer: int) -> FaultInstance:
    return FaultInstance(one.fault, (layer,), one.variant, one.constant)
