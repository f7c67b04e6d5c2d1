"""One step of gradient descent on a batch, equations (28) and (29), with parameters of its own.

What is clever here, and what it saves: ∂C/∂W is not made. One BLAS call adds −η/k times the product of (24) to W while
it multiplies W by 1 − ηα/m, where SciPy is installed; W is then read and written once, and not three times. BLAS also
adds products to biases. And a step is a list of calls that is made once for buffers that batches come in again and
again, so that little Python runs.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minibp.activations import Activation
from minibp.arrays import Array, checked_count
from minibp.costs import Cost
from minibp.network import Network
from minibp.workspace.kernels import Step, scalar_like
from minibp.workspace.plan import Passes, aligned


class BatchStep:
    """Steps w ← (1 − decay) w − η ∂C_0/∂w and b ← b − η ∂C_0/∂b, C_0 being the mean cost of a batch without L2.

    `decay` is ηα/m, m being the size of the whole training set (29). x (k, n_1) and y (k, n_L), k ≤ batch_size, are
    arrays of the network's dtype in C order, finite and fit for the cost: the caller has seen to that. `fused` says
    whether (29) and (24) are one BLAS call; None, that they are where SciPy is installed.

    >>> from minibp.costs import cost_of
    >>> step = BatchStep(Network([[[2.0]]], [[1.0]], "identity"), cost_of("quadratic"), 1, eta=0.5, decay=0.25)
    >>> move = step.bind(np.array([[3.0]]), np.array([[5.0]]))
    >>> move()
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
        self._weights = [_aligned_copy(w) for w in network.weights]
        self._biases = [_aligned_copy(b) for b in network.biases]
        self._batch_size = checked_count("batch_size", batch_size)
        self._blas = None if fused is False else _blas(network.dtype, needed=bool(fused))
        self._passes = Passes(
            self._weights,
            self._biases,
            network.activations,
            cost,
            self._batch_size,
            moving=True,
            gemm=self._blas and self._blas.gemm,
        )
        self._passes.guarded = True  # a step cannot be taken back to be done again
        self._minus_eta, self._kept = -eta, 1 - decay
        self._ones = np.ones(self._batch_size, dtype)
        self._change_w = [] if self._blas else [np.empty_like(w) for w in self._weights]
        self._change_b = [] if self._blas else [np.empty_like(b) for b in self._biases]
        self._context = contextvars.copy_context()
        self._context.run(np.seterr, all="ignore")

    def bind(self, x: Array, y: Array) -> Step:
        """A function that moves the parameters by one step at each call, with what is then in x and y."""
        return partial(self._context.run, _run_all, self._context.run(self._steps, x, y))

    def network(self) -> Network | None:
        """The parameters as they are now; None where they are no longer finite."""
        return network_of(self._weights, self._biases, self._activations)

    def _steps(self, x: Array, y: Array) -> list[Step]:
        plan = self._passes.plan(len(x), self._moved)
        return [*self._passes.bound_steps(plan, x, y), *self._moved(0, plan.delta, x)]

    def _moved(self, i: int, delta: Array, a: Array) -> list[Step]:
        """(29) with (24), and (28) with (23), of one layer; δ is summed, so that η is divided by k (7)."""
        w, b, minus_eta = self._weights[i], self._biases[i], self._minus_eta / len(delta)  # (7)
        ones = self._ones[: len(delta)]
        if self._blas is not None:
            # In BLAS's order of memory, columns first: Wᵀ ← (1 − decay) Wᵀ − η/k aᵀ δ, and b ← b − η/k δᵀ 1. Arguments
            # by position, with those between at their defaults: by name they take a quarter of a microsecond more.
            return [
                partial(self._blas.gemm, minus_eta, a.T, delta.T, self._kept, w.T, 0, 1, 1),  # (29) with (24)
                partial(self._blas.gemv, minus_eta, delta.T, ones, 1.0, b, 0, 1, 0, 1, 0, 1),  # (28) with (23)
            ]
        change_w, change_b = self._change_w[i], self._change_b[i]
        rate = scalar_like(minus_eta, w)
        steps: list[Step] = [partial(np.dot, delta.T, a, change_w), partial(np.multiply, change_w, rate, change_w)]
        if self._kept != 1:
            steps.append(partial(np.multiply, w, scalar_like(self._kept, w), w))
        return [
            *steps,
            partial(np.add, w, change_w, w),
            partial(np.dot, ones, delta, change_b),
            partial(np.multiply, change_b, rate, change_b),
            partial(np.add, b, change_b, b),
        ]


def _run_all(steps: list[Step]) -> None:
    for step in steps:
        step()


def network_of(weights: Sequence[Array], biases: Sequence[Array], activations: Sequence[Activation]) -> Network | None:
    """A network of these parameters; None where one is not finite."""
    if not all(np.isfinite(array).all() for array in (*weights, *biases)):
        return None
    return Network(weights, biases, activations)


def _aligned_copy(array: Array) -> Array:
    """One that can be written to."""
    copy = aligned(array.shape, array.dtype)
    np.copyto(copy, array)
    return copy


class _Blas(NamedTuple):
    """SciPy's C ← β C + α A B and y ← β y + α A x of one dtype, in place."""

    gemm: Callable[..., Any]
    gemv: Callable[..., Any]


def _blas(dtype: str, *, needed: bool) -> _Blas | None:
    """None where SciPy is not installed and not needed."""
    try:
        from scipy.linalg import blas  # type: ignore[import-untyped] # it ships no types
    except ModuleNotFoundError:
        if needed:
            raise
        return None
    return _Blas(blas.dgemm, blas.dgemv) if dtype == "float64" else _Blas(blas.sgemm, blas.sgemv)
