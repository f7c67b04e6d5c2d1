"""The fast form: the equations of `batched` with every buffer allocated once and written to again for each batch.

What is clever here, and what it saves: a pass is a list of calls that was made beforehand, so that hardly any Python
runs between them; layers too large for the processor's cache are gone through in parts that fit, so that elementwise
work does not wait for memory; δ^L is divided by m, so that no gradient need be; and Wᵀ is at hand in the order of
memory in which products run fastest.
"""

from __future__ import annotations

import contextvars
import math
from functools import partial
from typing import Any

import numpy as np

from minibp.arrays import Array, InputError, checked_array, checked_count, is_foreign, read_only
from minibp.costs import CategoricalCrossEntropy, CrossEntropy, Huber, Quadratic, cost_of
from minibp.inputs import checked_inputs, checked_l2, checked_rows
from minibp.network import Gradient, Network
from minibp.workspace.kernels import Step, scalar_like
from minibp.workspace.plan import CACHE_LINE, Passes, Plan, aligned, product, slices


class Workspace:
    """The gradient of one network and cost, without allocating.

    The equations of `minibp.batched`, with every buffer allocated once and written to again for each batch.

    Parameters
    ----------
    network : Network
        W^l, b^l and σ of each layer, in NumPy arrays.
    cost : str or Cost
        Name of a cost, or an object with `value(a, y)` and `gradient(a, y)`.
    batch_size : int
        Most examples in a batch, at least 1.
    l2 : float or L2, optional
        α of equation (27), at least 0. Default 0.

    Raises
    ------
    InputError
        Where the arguments do not fit together.

    Notes
    -----
    Activations and costs of the user's own are called for their values, and allocate those. The buffers are the
    workspace's: one thread at a time.

    Examples
    --------
    >>> import numpy as np
    >>> import minibp
    >>> network = minibp.Network([[[2.0]]], [[1.0]], "identity")
    >>> work = minibp.Workspace(network, "quadratic", 10)
    >>> work.gradient(np.array([[3.0]]), np.array([[5.0]]))
    Gradient(nabla_w=(array([[6.]]),), nabla_b=(array([2.]),))
    """

    def __init__(self, network: Network, cost: Any, batch_size: int, l2: Any = 0.0) -> None:
        if not isinstance(network, Network):
            raise InputError(f"network is {network!r}, expected a minibp.Network")
        if any(map(is_foreign, network.weights)):
            raise InputError("the network's parameters are not NumPy's: `minibp.batched` takes others")
        self._network, self._cost = network, cost_of(cost)
        self._cost.check_output(network.activations[-1], network.sizes[-1])
        self._l2 = checked_l2(l2, network.dtype)
        self._batch_size = checked_count("batch_size", batch_size)
        self._passes = Passes(network.weights, network.biases, network.activations, self._cost, self._batch_size)

        self._dtype = dtype = np.dtype(network.dtype)
        self._ones, self._ones_across = np.ones(self._batch_size, dtype), np.ones(network.sizes[-1], dtype)
        self._sums = np.empty(self._batch_size, dtype)
        self._nabla_w = [aligned(w.shape, dtype) for w in network.weights]
        self._nabla_b = [aligned(b.shape, dtype) for b in network.biases]
        self._nabla_b[0], self._nabla_w[0], self._telling = _one_buffer(network.weights[0].shape, dtype)
        self._gradient = Gradient(_views(self._nabla_w), _views(self._nabla_b))

        self._bits = np.dtype(f"u{dtype.itemsize}")
        self._bits_of_one = int(np.ones((), dtype).view(self._bits))
        self._plans: dict[tuple[int, ...], tuple[Plan, list[Step]]] = {}
        # Exponentials overflow on the way to the right limit; whatever is not finite in the end is looked at then.
        self._context = contextvars.copy_context()
        self._context.run(np.seterr, all="ignore")

    def gradient(self, x: Array, y: Array) -> Gradient:
        """∂C/∂W and ∂C/∂b, the mean over the examples: equations (13) to (27).

        Parameters
        ----------
        x : ndarray of shape (k, n_1)
            Examples, k ≤ `batch_size`. Read in place where it is of the network's dtype and in C order, else copied
            first.
        y : ndarray of shape (k, n_L)
            Targets, likewise.

        Returns
        -------
        Gradient
            Read-only views of the workspace's buffers, valid until the next call. Overflow leaves infinities or NaN,
            without a warning.

        Raises
        ------
        InputError
            Where x and y do not fit the network and the cost, and for more rows than `batch_size`.
        """
        planned = self._plans.get(x.shape) if self._is_plain(x) else None
        if planned is None or not self._is_plain(y) or y.shape != planned[0].y_shape:
            x, y, planned = self._prepared(x, y)
        if not self._context.run(self._run, *planned, x, y):
            checked_rows(self._network, x)
            if not self._passes.guarded:
                self._passes.guarded = True
                self._plans.clear()
                return self.gradient(x, y)
        return self._gradient

    def _run(self, plan: Plan, decay: list[Step], x: Array, y: Array) -> bool:
        """All equations in order; whether what came out is finite."""
        self._check_targets(y)
        self._passes.run(plan, x, y)
        np.dot(self._ones[: len(x)], plan.delta, self._nabla_b[0])  # (23)
        # BLAS takes a product of a number and a row to be 0 where the number is, also where the row is not finite.
        (np.dot if plan.delta.size > 1 else np.multiply)(plan.delta.T, x, self._nabla_w[0])  # (24)
        for step in decay:
            step()
        return math.isfinite(np.dot(self._telling, self._telling))

    def _collect(self, i: int, delta: Array, a: Array) -> list[Step]:
        """(23) and (24) of one layer."""
        ones = self._ones[: len(delta)]
        return [partial(np.dot, ones, delta, self._nabla_b[i]), product(delta.T, a, self._nabla_w[i])]

    def _decay(self, k: int) -> list[Step]:
        """(27): (α/k) W is added to ∂C/∂W, where there is L2."""
        steps: list[Step] = []
        if self._l2.alpha:
            for w, nabla_w in zip(self._network.weights, self._nabla_w, strict=True):
                rate = scalar_like(self._l2.alpha / k, w)
                for part in slices(len(w), w[0].nbytes):
                    decay, sums = np.empty_like(w[part]), nabla_w[part]
                    steps += [partial(np.multiply, w[part], rate, decay), partial(np.add, sums, decay, sums)]
        return steps

    def _is_plain(self, array: Any) -> bool:
        """True where `array` can be read in place."""
        return type(array) is np.ndarray and array.dtype == self._dtype and array.flags.c_contiguous

    def _prepared(self, x: Any, y: Any) -> tuple[Array, Array, tuple[Plan, list[Step]]]:
        """x and y as they are needed, and the plan for as many rows."""
        for name, array in (("x", x), ("y", y)):
            if is_foreign(array):
                raise InputError(f"{name} is a {type(array).__name__}, expected NumPy's: `minibp.batched` takes others")
        _, _, x, y = checked_inputs(self._network, self._cost, x, y, self._l2)
        if len(x) > self._batch_size:
            raise InputError(f"x has {len(x)} rows, this workspace was made for at most {self._batch_size}")
        if x.shape not in self._plans:
            if len(self._plans) > 1:  # beside the first, which most batches have, the last is kept
                self._plans.popitem()
            self._plans[x.shape] = self._passes.plan(len(x), self._collect), self._decay(len(x))
        return x, y, self._plans[x.shape]

    def _check_targets(self, y: Array) -> None:
        """Reject what `cost.check_targets` rejects; nearly all is seen to be right without asking it."""
        flat, kind = y.reshape(-1), type(self._cost)
        if kind in (Quadratic, Huber):
            fine = math.isfinite(np.dot(flat, flat))
        else:
            # As whole numbers, what is not within [0, 1] is more than 1.
            fine = np.maximum.reduce(flat.view(self._bits)) <= self._bits_of_one
            fine = fine and (kind is CrossEntropy or (kind is CategoricalCrossEntropy and self._are_distributions(y)))
        if not fine:
            checked_array("y", y, ndim=2)
            self._cost.check_targets(y)

    def _are_distributions(self, y: Array) -> bool:
        """True where rows sum to 1 within half of the cost's slack, which leaves as much for the rounding of sums."""
        n, off = y.shape[1], self._sums[: len(y)]
        np.dot(y, self._ones_across, off)
        np.subtract(off, self._ones[: len(y)], off)
        np.absolute(off, off)
        return bool(np.maximum.reduce(off) <= n * float(np.finfo(np.float32).eps) / 2)


def _one_buffer(shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[Array, Array, Array]:
    """∂C/∂b^2, then ∂C/∂W^2, and as one row of numbers the former and the first row of the latter.

    That row tells whether all was finite. What is not in x makes its column of ∂C/∂W^2 so, also where δ is 0; a δ that
    is not makes all below it in its example so, down to ∂C/∂b^2.
    """
    n_out, n_in = shape
    line = CACHE_LINE // dtype.itemsize
    start = -(-n_out // line) * line
    block = aligned((start + n_out * n_in,), dtype)
    return block[start - n_out : start], block[start:].reshape(shape), block[start - n_out : start + n_in]


def _views(buffers: list[Array]) -> tuple[Array, ...]:
    return tuple(read_only(buffer.view()) for buffer in buffers)
