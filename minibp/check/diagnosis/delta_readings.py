"""Where the δ of a layer can be read in what a subject answers to one example.

∂C/∂b^l is δ^l, by (23). Should that be what is wrong, ∂C/∂W^l = δ^l (a^{l-1})ᵀ tells it too, by (24).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import RIGHT, FaultInstance
from minibp.check.faults.pass_state import PassState
from minibp.check.rounding.running_error import RunningError
from minibp.network import Gradient
from minibp.problem import Problem


class Single(NamedTuple):
    """What a subject answered to one example, in float64."""

    problem: Problem
    answer: Gradient

    def nabla_b(self, layer: int) -> Array:
        """∂C/∂b^l."""
        return self.answer.nabla_b[layer - 2]

    def nabla_w(self, layer: int) -> Array:
        """∂C/∂W^l."""
        return self.answer.nabla_w[layer - 2]


def sources(values: list[PassState], singles: Sequence[Single], layer: int) -> Iterator[list[RunningError]]:
    """δ^l as ∂C/∂b^l gives it, with and without L2 on biases; as ∂C/∂W^l gives it; and as it should be."""
    fp = values[0].fp
    assert fp is not None
    rows = [RunningError.exact(single.nabla_b(layer)[None, :], fp) for single in singles]
    yield rows
    if values[0].alpha:
        yield [row - v.alpha * v.b[layer] for row, v in zip(rows, values, strict=True)]
        yield [row - np.float64(v.alpha) for row, v in zip(rows, values, strict=True)]
    for penalty in ways("l2_weights") if values[0].alpha else [None]:
        for base, transposed in (
            (_below, False), (_own, False), (_z_below, False), (_x, False), (_weights, False), (_below, True),
        ):  # fmt: skip
            found = [
                _divided(v, single.nabla_w(layer), layer, base(v, layer), penalty, transposed)
                for v, single in zip(values, singles, strict=True)
            ]
            if all(one is not None for one in found):
                yield [one for one in found if one is not None]
    yield [v.running(right_delta(v, layer)) for v in values]


def _below(v: PassState, layer: int) -> Any:
    return v.a[layer - 1]


def _own(v: PassState, layer: int) -> Any:
    return v.a[layer] if v.is_square(layer) else v.a[layer - 1]


def _z_below(v: PassState, layer: int) -> Any:
    return v.z[layer - 1] if layer > 2 else v.x


def _x(v: PassState, layer: int) -> Any:
    return v.x if v.x.shape[1] == v.w[layer].shape[1] else v.a[layer - 1]


def _weights(v: PassState, layer: int) -> Any:
    return v.exact(v.w[layer])


def _divided(
    v: PassState, nabla_w: Array, layer: int, base: RunningError, penalty: FaultInstance | None, transposed: bool
) -> RunningError | None:
    """δ^l from ∂C/∂W^l = δ^l baseᵀ: each row's component along the base, which may be another for each row."""
    data = RunningError.exact(nabla_w, base.fp)
    if v.alpha:
        added = None if penalty is None else penalty.at(v, layer)
        data = data - (RIGHT["l2_weights"](v, layer) if added is None else added)
    if transposed and v.is_square(layer):
        data = data.T
    square = (base * base).sum(axis=1)
    if not (square.value > 2 * square.error).all():
        return None
    return ((data * base).sum(axis=1) / square)[None, :]


def right_delta(v: PassState, layer: int) -> Any:
    """δ^l as it should be, given what lies above: (17), (26) or (22)."""
    return RIGHT["output" if layer == v.top else "recursion"](v, layer)


def ways(step: str) -> list[FaultInstance | None]:
    """None for the right way, then every fault of a step in each of its ways."""
    faults = [fault for fault in CATALOGUE.values() if fault.step == step]
    return [None, *(FaultInstance(fault, None, way) for fault in faults for way in range(len(fault.formulas)))]
