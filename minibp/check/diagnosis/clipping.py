"""The diagnosis of a gradient that is right but for being clipped: by value, by its norm, or by that of each array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minibp.arrays import Array
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import FaultInstance, run_pass
from minibp.check.faults.pass_state import PassState
from minibp.check.rounding.arithmetic import Arithmetic
from minibp.check.rounding.running_error import explains
from minibp.network import Gradient
from minibp.problem import Problem

SAME = 1e-6
"""How near two numbers have to be, relatively, to be looked at as one: what explains the gradient decides."""


def clipped(calls: Sequence[tuple[Problem, Gradient]], fp: Arithmetic, *, biases: bool = True) -> FaultInstance | None:
    """The clip that makes the right gradient of each of these problems what was returned for it; None without one."""
    for variant, limit in _limits(calls, biases=biases):
        instance = FaultInstance(CATALOGUE["gradient_clipped"], None, variant, limit)
        if all(_explains(instance, problem, got, fp, biases=biases) for problem, got in calls):
            return instance
    return None


def _limits(calls: Sequence[tuple[Problem, Gradient]], *, biases: bool) -> Iterator[tuple[int, float]]:
    """The formulas that have witnesses, each with its limit, the largest entry or norm that was returned.

    Two unequal ones that were cut to the same size are witnesses; or one, to a number of few digits, which it was not.
    """
    got, right = (
        [[*one.nabla_w, *(one.nabla_b if biases else ())] for one in gradients]
        for gradients in ([gradient for _, gradient in calls], [run_pass(PassState(problem)) for problem, _ in calls])
    )
    for variant, sizes_of in enumerate((_entries, _norms_of_all, _norms_of_each)):
        sizes, true = (np.concatenate([sizes_of(arrays) for arrays in each]) for each in (got, right))
        limit = float(sizes.max())
        cut = true[true > limit * (1 + SAME)]
        if not limit or not len(cut) or (sizes[true > limit * (1 + SAME)] < limit * (1 - SAME)).any():
            continue
        if np.ptp(cut) > SAME * limit or (_is_plain(limit) and not _is_plain(float(cut[0]))):
            yield variant, limit


def _is_plain(number: float) -> bool:
    """True of a number of three digits, but for rounding."""
    return abs(number - float(f"{number:.3g}")) <= 1e-12 * abs(number)


def _entries(arrays: Sequence[Array]) -> Array:
    return np.concatenate([np.abs(array).ravel() for array in arrays])


def _norms_of_all(arrays: Sequence[Array]) -> Array:
    return np.array([_norm(arrays)])


def _norms_of_each(arrays: Sequence[Array]) -> Array:
    return np.array([_norm([array]) for array in arrays])


def _norm(arrays: Sequence[Array]) -> float:
    return float(np.sqrt(sum(float((array * array).sum()) for array in arrays)))


def _explains(instance: FaultInstance, problem: Problem, got: Gradient, fp: Arithmetic, *, biases: bool) -> bool:
    state = PassState(problem, fp)
    run_pass(state)
    if not biases:  # a norm has none, either
        state.nabla_b = {layer: near * 0.0 for layer, near in state.nabla_b.items()}
    for layer, of_weights, of_biases in zip(state.layers, got.nabla_w, got.nabla_b, strict=True):
        weight, bias = instance.at(state, layer)
        if not explains(weight.loosened(state.read_error(layer, "weight")), of_weights):
            return False
        if biases and not explains(bias.loosened(state.read_error(layer, "bias")), of_biases):
            return False
    return True
