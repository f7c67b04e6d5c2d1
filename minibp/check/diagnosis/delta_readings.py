"""The readings of δ^l in the gradient that a subject returned for one example.

∂C/∂b^l is δ^l, by (23). Where that is wrong, ∂C/∂W^l = δ^l (a^{l-1})ᵀ determines δ^l too, by (24).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import RIGHT, FaultInstance
from minibp.check.faults.pass_state import Number, PassState, by_layer
from minibp.check.rounding.running_error import RunningError
from minibp.network import Gradient
from minibp.problem import Problem


class SingleExample(NamedTuple):
    """A problem of one example, and the gradient that a subject returned for it, in float64."""

    problem: Problem
    result: Gradient

    def nabla_b(self, layer: int) -> Array:
        """∂C/∂b^l."""
        return by_layer(self.result.nabla_b)[layer]

    def nabla_w(self, layer: int) -> Array:
        """∂C/∂W^l."""
        return by_layer(self.result.nabla_w)[layer]


def sources(
    states: list[PassState], examples: Sequence[SingleExample], layer: int, *, biases: bool = True
) -> Iterator[list[RunningError]]:
    """δ^l from ∂C/∂b^l, with and without L2 on biases; from ∂C/∂W^l; and as its equation has it.

    Without biases ∂C/∂b^l tells nothing.
    """
    if biases:
        yield from _of_biases(states, examples, layer)
    for penalty in [None, *variants("l2_weights")] if states[0].alpha else [None]:
        for base, transposed in (
            (_below, False), (_of_layer, False), (_z_below, False), (_x, False), (_weights, False), (_below, True),
        ):  # fmt: skip
            found = [
                _divided(state, example.nabla_w(layer), layer, base(state, layer), penalty, transposed)
                for state, example in zip(states, examples, strict=True)
            ]
            if all(delta is not None for delta in found):
                yield [delta for delta in found if delta is not None]
    yield [state.running(right_delta(state, layer)) for state in states]


def _of_biases(states: list[PassState], examples: Sequence[SingleExample], layer: int) -> Iterator[list[RunningError]]:
    """δ^l from ∂C/∂b^l, with and without L2 on biases."""
    fp = states[0].fp
    assert fp is not None
    rows = [
        RunningError.exact(example.nabla_b(layer), fp).loosened(fp.read_error(state.b[layer]))[None, :]
        for state, example in zip(states, examples, strict=True)
    ]
    yield rows
    if states[0].alpha:
        yield [row - state.alpha * state.b[layer] for row, state in zip(rows, states, strict=True)]
        yield [row - np.float64(state.alpha) for row, state in zip(rows, states, strict=True)]


def _below(state: PassState, layer: int) -> Number:
    return state.a[layer - 1]


def _of_layer(state: PassState, layer: int) -> Number:
    return state.a[layer] if state.is_square(layer) else state.a[layer - 1]


def _z_below(state: PassState, layer: int) -> Number:
    return state.z[layer - 1] if layer > 2 else state.x


def _x(state: PassState, layer: int) -> Number:
    return state.x if state.x.shape[1] == state.w[layer].shape[1] else state.a[layer - 1]


def _weights(state: PassState, layer: int) -> Number:
    return state.exact(state.w[layer])


def _divided(
    state: PassState, nabla_w: Array, layer: int, base: RunningError, penalty: FaultInstance | None, transposed: bool
) -> RunningError | None:
    """δ^l from ∂C/∂W^l = δ^l baseᵀ: each row's component along the base, which may be another for each row."""
    data = RunningError.exact(nabla_w, base.fp).loosened(base.fp.read_error(state.w[layer]))
    if state.alpha:
        added = None if penalty is None else penalty.at(state, layer)
        data = data - (RIGHT["l2_weights"](state, layer) if added is None else added)
    if transposed and state.is_square(layer):
        data = data.T
    square = (base * base).sum(axis=1)
    if not (square.value > 2 * square.error).all():
        return None
    return ((data * base).sum(axis=1) / square)[None, :]


def right_delta(state: PassState, layer: int) -> Number:
    """δ^l by its equation, given the layer above: (17), (26) or (22)."""
    return RIGHT["output" if layer == state.top else "recursion"](state, layer)


@cache
def variants(step: str) -> tuple[FaultInstance, ...]:
    """Every fault of a step, by each of its formulas."""
    faults = [fault for fault in CATALOGUE.values() if fault.step == step]
    return tuple(FaultInstance(fault, None, variant) for fault in faults for variant in range(len(fault.formulas)))
