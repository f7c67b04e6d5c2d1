"""The candidates for what is wrong with one δ^l: every fault of its equation, held to it in all networks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from minibp.check.diagnosis.constants import confirmation, fitted, is_confirmed
from minibp.check.diagnosis.delta_readings import right_delta, variants
from minibp.check.faults.injection import FaultInstance
from minibp.check.faults.pairs import may_pair, paired
from minibp.check.faults.pass_state import Number, PassState
from minibp.check.rounding.running_error import RunningError, explains

Refused: TypeAlias = frozenset[tuple[str, int]]
"""Faults with a constant by id and layer, where too few equations confirm it."""


@dataclass(frozen=True)
class Search:
    """How far a search goes, and what it leaves out."""

    thorough: bool = True
    """If not, δ^l is ∂C/∂b^l but for L2, for one network, and no fault of δ^L comes with one of (6)."""
    biases: bool = True
    """True where ∂C/∂b is there, and δ may be read from it."""
    refused: Refused = frozenset()


class Candidates:
    """The predictions of one δ^l by every fault, each computed once."""

    def __init__(self, states: list[PassState], layer: int, deltas: list[RunningError], search: Search) -> None:
        self.states, self.layer, self.deltas, self.search = states, layer, deltas, search
        self.right = [state.running(right_delta(state, layer)) for state in states]
        self.fitted: dict[str, list[FaultInstance]] = {}
        self.predictions: dict[tuple[FaultInstance, int], RunningError | None] = {}

    def that_explain(self, step: str, scale: FaultInstance | None) -> tuple[FaultInstance, ...]:
        """The faults of a step that explain δ^l, with this fault of the mean or none.

        Where one does without a constant, no other is told: a constant may be fitted to more.
        """
        if step not in self.fitted:
            tried = [one for one in variants(step) if self.search.thorough or not one.fault.curves]
            self.fitted[step] = [self._fitted(variant) for variant in tried]
        found = [one for one in self.fitted[step] if self._is_possible(one) and self.explain(one, scale)]
        return one_of_each_fault([one for one in found if one.constant is None] or found)

    def pairs_that_explain(self) -> tuple[FaultInstance, ...]:
        """The first pair of faults of (22), in different pieces of it, that explains δ^l.

        A constant of theirs has to be confirmed by this layer alone.
        """
        pieces = [one for one in variants("recursion") if one.fault.pieces]
        for one, other in combinations(pieces, 2):
            if may_pair(one, other):
                both = self._fitted(paired(one, other))
                if self._is_possible(both) and self.explain(both, None) and self._is_confirmed(both):
                    return (both,)
        return ()

    def _fitted(self, variant: FaultInstance) -> FaultInstance:
        """The fault with its constant, without one where it does not explain even one example that it is fitted to."""
        if variant.fault.along is None and not variant.fault.curves:
            return variant
        deltas = [delta.value for delta in self.deltas]
        one = fitted(variant, self.states[:1], self.layer, deltas[:1])
        if one.constant is not None and not self._explains(one.at(self.states[0], self.layer), 0):
            return variant
        return fitted(variant, self.states, self.layer, deltas)

    def _is_confirmed(self, one: FaultInstance) -> bool:
        return one.constant is None or is_confirmed(confirmation(one, self.states, self.layer, self.deltas), [])

    def _is_possible(self, one: FaultInstance) -> bool:
        """True of a fault without a constant, or with one that is found and not refused."""
        if one.fault.along is None and not one.fault.curves:
            return True
        return one.constant is not None and (one.fault.id, self.layer) not in self.search.refused

    def explain(self, variant: FaultInstance | None, scale: FaultInstance | None) -> bool:
        """True where one fault, and one of the mean, predict δ^l in all networks."""
        for i, (state, right) in enumerate(zip(self.states, self.right, strict=True)):
            found = right if variant is None else self._predicted(variant, i)
            if found is None and scale is not None:
                return False  # with a fault of the mean, one that makes no difference here would seem to explain too
            predicted = right if found is None else found
            if scale is not None:
                predicted = predicted * scale.at(state, self.layer)[0]
            if not self._explains(predicted, i):
                return False
        return True

    def _explains(self, predicted: Number, i: int) -> bool:
        delta, near = self.deltas[i], self.states[i].running(predicted)
        return explains(near.loosened(delta.error), delta.value)

    def _predicted(self, variant: FaultInstance, i: int) -> RunningError | None:
        if (variant, i) not in self.predictions:
            found = variant.at(self.states[i], self.layer)
            self.predictions[variant, i] = None if found is None else self.states[i].running(found)
        return self.predictions[variant, i]


def one_of_each_fault(found: Iterable[FaultInstance]) -> tuple[FaultInstance, ...]:
    """The first variant of each fault."""
    first: dict[str, FaultInstance] = {}
    for one in found:
        first.setdefault(one.fault.id, one)
    return tuple(first.values())
