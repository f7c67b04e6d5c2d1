"""One step of gradient descent on a batch, equations (28) and (29), with parameters of its own.

What is clever here, and what it saves: ∂C/∂W is not made. One BLAS call adds −η times the product of (24) to W while
it multiplies W by 1 − ηα/m, where SciPy is installed; W is then read and written once, and not three times.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from minibp.activations import Activation
from minibp.arrays import Array, checked_count
from minibp.costs import Cost
from minibp.kernels import Step, number
from minibp.network import Network
from minibp.passes import Passes, Plan, aligned


class BatchStep:
    """Steps w ← (1 − decay) w − η ∂C_0/∂w and b ← b − η ∂C_0/∂b, C_0 being the mean cost of a batch without L2.

    `decay` is ηα/m, m being the size of the whole training set (29). x (k, n_1) and y (k, n_L), k ≤ batch_size, are
    arrays of the network's dtype in C order, finite and fit for the cost: who calls has seen to that. `fused` says
    whether (29) and (24) are one BLAS call; None, that they are where SciPy is installed.

    >>> from minibp.costs import cost_of
    >>> step = BatchStep(Network([[[2.0]]], [[1.0]], "identity"), cost_of("quadratic"), 1, eta=0.5, decay=0.25)
    >>> step(np.array([[3.0]]), np.array([[5.0]]))
    >>> step.network()
    Network([np.array([[-1.5]])], [np.array([0.0])], ['identity'])
    """

    def __init__(
        self,
        network: Network,
        cost: Cost,
        batch_size: int,
        *,
        eta: float,
        decay: float = 0.0,
        fused: bool | None = None,
    ) -> None:
        dtype = np.dtype(network.dtype)
        self._activations = network.activations
        self._weights = [_copied(w) for w in network.weights]
        self._biases = [_copied(b) for b in network.biases]
        self._batch_size = checked_count("batch_size", batch_size)
        self._passes = Passes(self._weights, self._biases, network.activations, cost, self._batch_size, moving=True)
        self._passes.guarded = True  # a step cannot be taken back to be done again
        self._minus_eta, self._kept = -eta, 1 - decay
        # δ times this, summed over the examples, is what b changes by.
        self._downhill = np.full(self._batch_size, -eta, dtype)
        self._gemm = None if fused is False else _gemm(network.dtype, needed=bool(fused))
        self._change_w = [] if self._gemm else [np.empty_like(w) for w in self._weights]
        self._change_b = [np.empty_like(b) for b in self._biases]
        self._plans: dict[int, tuple[Plan, list[Step]]] = {}
        self._context = contextvars.copy_context()
        self._context.run(np.seterr, all="ignore")

    def __call__(self, x: Array, y: Array) -> None:
        """Move the parameters by one step."""
        if len(x) not in self._plans:
            plan = self._passes.plan(len(x), self._moved)
            self._plans[len(x)] = plan, self._moved_biases(0, plan.delta)
        self._context.run(self._run, *self._plans[len(x)], x, y)

    def network(self) -> Network | None:
        """The parameters as they are now; None where they are no longer finite."""
        return network_of(self._weights, self._biases, self._activations)

    def _run(self, plan: Plan, last: list[Step], x: Array, y: Array) -> None:
        self._passes.run(plan, x, y)
        for step in self._moved_weights(0, plan.delta, x):
            step()
        for step in last:
            step()

    def _moved(self, i: int, delta: Array, a: Array) -> list[Step]:
        return [*self._moved_weights(i, delta, a), *self._moved_biases(i, delta)]

    def _moved_weights(self, i: int, delta: Array, a: Array) -> list[Step]:
        """(29) of one layer, with (24)."""
        w = self._weights[i]
        if self._gemm is not None:
            # In BLAS's order of memory, columns first: Wᵀ ← (1 − decay) Wᵀ − η aᵀ δ.
            return [partial(self._gemm, self._minus_eta, a.T, delta.T, self._kept, w.T, trans_b=True, overwrite_c=True)]
        change = self._change_w[i]
        steps: list[Step] = [
            partial(np.dot, delta.T, a, change),
            partial(np.multiply, change, number(self._minus_eta, w), change),
        ]
        if self._kept != 1:
            steps.append(partial(np.multiply, w, number(self._kept, w), w))
        return [*steps, partial(np.add, w, change, w)]

    def _moved_biases(self, i: int, delta: Array) -> list[Step]:
        """(28) of one layer, with (23)."""
        b, change = self._biases[i], self._change_b[i]
        return [partial(np.dot, self._downhill[: len(delta)], delta, change), partial(np.add, b, change, b)]


def network_of(weights: Sequence[Array], biases: Sequence[Array], activations: Sequence[Activation]) -> Network | None:
    """A network of these parameters; None where one is not finite."""
    if not all(np.isfinite(array).all() for array in (*weights, *biases)):
        return None
    return Network(weights, biases, activations)


def _copied(array: Array) -> Array:
    """One that can be written to."""
    copy = aligned(array.shape, array.dtype)
    np.copyto(copy, array)
    return copy


def _gemm(dtype: str, *, needed: bool) -> Callable[..., Any] | None:
    """SciPy's C ← β C + α A B of this dtype, in place; None where SciPy is not installed and not needed."""
    try:
        from scipy.linalg import blas  # type: ignore[import-untyped] # it ships no types
    except ModuleNotFoundError:
        if needed:
            raise
        return None
    gemm: Callable[..., Any] = blas.dgemm if dtype == "float64" else blas.sgemm
    return gemm
