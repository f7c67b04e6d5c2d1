"""The claim of a subject: how its cost, its targets and its biases differ from those of the equations.

The oracles differentiate (9), (25) and (27) as they are: the mean over the examples, plus α/(2m) Σ w². A claim says how
a problem is handed to code with other conventions, and how what it returns is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minibp.arrays import Array, InputError
from minibp.check.rounding.arithmetic import SPARE, Arithmetic, arithmetic_of_anyone
from minibp.check.subject.conventions import L2_OVER, REDUCTIONS, TARGETS
from minibp.inputs import checked_rate
from minibp.network import Gradient, Network
from minibp.problem import Problem

EXTRA_ROUNDINGS = 3
"""Of each term, where a cost is a multiple: the factor itself, the product with it, and the division on reading."""


@dataclass(frozen=True)
class Claim:
    """The conventions of a subject, checked."""

    reduction: str = "mean"
    """Of the gradient over the examples."""
    targets: str = "soft"
    biases: bool = True
    """False where the code has none: they are 0, and ∂C/∂b is not compared."""
    cost_scale: float = 1.0
    """The cost of the examples is so many times the one that is named; the penalty is not multiplied."""
    l2_over: str = "examples"
    """The penalty is α/(2m) Σ w²; or α/2 Σ w² where it is over nothing."""
    scale_error: float = 0.0
    """The relative error of `cost_scale`, where it was fitted."""

    @classmethod
    def checked(
        cls,
        reduction: Any = "mean",
        targets: Any = "soft",
        biases: Any = True,
        cost_scale: Any = 1.0,
        l2_over: Any = "examples",
    ) -> Claim:
        """The claim, or one `InputError`."""
        for name, given, known in (
            ("reduction", reduction, REDUCTIONS),
            ("targets", targets, TARGETS),
            ("l2_over", l2_over, L2_OVER),
        ):
            if not isinstance(given, str) or given not in known:
                raise InputError(f"{name} is {given!r}, expected {' or '.join(map(repr, known))}")
        if not isinstance(biases, bool | np.bool_):
            raise InputError(f"biases is {biases!r}, expected True, or False for code that has none")
        return cls(reduction, targets, bool(biases), checked_rate("cost_scale", cost_scale), l2_over)

    def alpha(self, l2: float, m: int) -> float:
        """α of (27) for which the oracles' gradient is that of the subject on m examples, once it is read."""
        over = m if self.l2_over == "nothing" and self.reduction == "mean" else 1
        return l2 * over / self.cost_scale

    def problem(self, network: Network, cost: Any, x: Array, y: Array, l2: float) -> Problem:
        """The problem of these examples, as the oracles solve it; `l2` is α as the subject has it."""
        if not self.biases and any(b.any() for b in network.biases):
            network = Network(network.weights, [0 * b for b in network.biases], network.activations)
        return Problem(network, cost, x, self.target_rows(y), self.alpha(l2, len(x)))

    def target_rows(self, y: Array) -> Array:
        """Rows of targets of this kind: the nearest ones to any numbers; those of this kind stay as they are."""
        if self.targets == "soft":
            return y
        if self.targets == "signs":
            return np.where(y > 0, 1, -1).astype(y.dtype)
        m, n = y.shape
        if n == 1:
            return (y > 0.5).astype(y.dtype)
        largest = np.where(np.ptp(y, axis=1) > 0, y.argmax(1), np.arange(m) % n)
        return np.eye(n, dtype=y.dtype)[largest]

    def given_targets(self, y: Array) -> Array:
        """The targets as the subject gets them: rows, or the number of the column that holds the 1."""
        if self.targets != "labels":
            return y
        return np.asarray(y[:, 0] if y.shape[1] == 1 else y.argmax(1), np.int64)

    def rows_of(self, y: Any, n: int, dtype: str) -> Any:
        """Targets as a user has them, as rows of n outputs: labels become rows with a single 1."""
        array = np.asarray(y)
        if self.targets != "labels":
            return y
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise InputError(f"y has shape {array.shape} and dtype {array.dtype}, expected one integer an example")
        if array.size and not 0 <= array.min() <= array.max() < max(n, 2):
            raise InputError(f"y has labels from {array.min()} to {array.max()}, expected 0 to {max(n, 2) - 1}")
        return array[:, None].astype(dtype) if n == 1 else np.eye(n, dtype=dtype)[array]

    def read(self, gradient: Gradient, problem: Problem) -> Gradient:
        """The gradient of the mean cost that is named, from the one that the subject returned."""
        divisor = self.cost_scale * (problem.m if self.reduction == "sum" else 1)
        nabla_w, nabla_b = (tuple(np.asarray(array / array.dtype.type(divisor)) for array in kind) for kind in gradient)
        return Gradient(nabla_w, nabla_b if self.biases else tuple(map(np.zeros_like, problem.network.biases)))

    def read_cost(self, cost: float, problem: Problem) -> float:
        """The mean cost that is named, from the one that the subject returned."""
        return cost / (self.cost_scale * (problem.m if self.reduction == "sum" else 1))

    def arithmetic(self, dtype: str, rate: float | None = None) -> Arithmetic:
        """The floating-point model of a subject with this claim.

        A cost that is a multiple rounds every term three times more. By γ every term is granted u at least 1 + SPARE
        times, so that u is larger by that ratio. What underflows or overflows does so before it is divided.
        """
        scale = self.cost_scale
        fp = arithmetic_of_anyone(dtype, rate and rate * scale)._replace(has_biases=self.biases)
        if scale == 1:
            return fp
        u = fp.u + (EXTRA_ROUNDINGS * fp.u + self.scale_error) / (1 + SPARE)
        return fp._replace(u=u, tiny=fp.tiny * max(1, 1 / scale), huge=fp.huge / max(1, scale))
