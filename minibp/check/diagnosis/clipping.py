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
"""How near two numbers have to be, relatively, to be looked at as one limit: what explains the gradient decides."""


def clipped(calls: Sequence[tuple[Problem, Gradient]], fp: Arithmetic, *, biases: bool = True) -> FaultInstance | None:
    """The clip that makes the right gradient of each of these problems what was returned for it; None without one."""
    for variant, limit in _limits([gradient for _, gradient in calls]):
        instance = FaultInstance(CATALOGUE["gradient_clipped"], None, variant, limit)
        if all(_explains(instance, problem, got, fp, biases=biases) for problem, got in calls):
            return instance
    return None


def _limits(gradients: Sequence[Gradient]) -> Iterator[tuple[int, float]]:
    """The formulas that there are several witnesses of, each with its limit: entries, or norms, that are as large."""
    arrays = [[*one.nabla_w, *one.nabla_b] for one in gradients]
    entries = np.concatenate([np.abs(array).ravel() for each in arrays for array in each])
    whole = np.array([_norm(each) for each in arrays])
    single = np.array([_norm([array]) for each in arrays for array in each])
    for variant, sizes in enumerate((entries, whole, single)):
        limit = float(sizes.max())
        if limit and (sizes >= limit * (1 - SAME)).sum() > 1:
            yield variant, limit


def _norm(arrays: Sequence[Array]) -> float:
    return float(np.sqrt(sum(float((array * array).sum()) for array in arrays)))


def _explains(instance: FaultInstance, problem: Problem, got: Gradient, fp: Arithmetic, *, biases: bool) -> bool:
    state = PassState(problem, fp)
    predicted = run_pass(state, [instance])
    for step, kind, theirs in (("weight", predicted.nabla_w, got.nabla_w), ("bias", predicted.nabla_b, got.nabla_b)):
        for layer, near, array in zip(state.layers, kind, theirs, strict=True):
            if (biases or step == "weight") and not explains(near.loosened(state.read_error(layer, step)), array):  # type: ignore[attr-defined]
                return False
    return True
