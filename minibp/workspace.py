"""The fast form: the equations of `batched` with every buffer allocated once and written to again for each batch.

What is clever here, and what it saves: a pass is a list of calls that was made beforehand, so that hardly any Python
runs between them; layers too large for the processor's cache are gone through in parts that fit, so that elementwise
work does not wait for memory; δ^L is divided by m, so that no gradient need be; and Wᵀ is at hand in the order of
memory in which products run fastest.
"""

from __future__ import annotations

import contextvars
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array, InputError, checked_array, checked_count, is_foreign, read_only
from minibp.costs import CategoricalCrossEntropy, CrossEntropy, Huber, Quadratic, cost_of
from minibp.inputs import checked_inputs, checked_l2, checked_rows
from minibp.kernels import Rows, Step, has_output_steps, kernel_of, number, output_steps, own_functions
from minibp.network import Gradient, Network

PART_BYTES = 1 << 17
"""Of one buffer in one part: the four that elementwise steps use then fit into a core's second-level cache."""
CACHE_LINE = 64
"""Bytes."""


class _Plan(NamedTuple):
    """One pass over k examples, but for the steps that read x and y."""

    y_shape: tuple[int, ...]
    w_t: Array
    """W^2 transposed: x is multiplied by it first of all."""
    z: Array
    forward: list[Step]
    a: Array
    """a^L."""
    delta: Array
    """δ^L: gets a^L − y, or what the user's cost says."""
    backward: list[Step]
    outer: Callable[[Array, Array, Array], object]
    delta_t: Array
    """δ^2 transposed: `outer` of it and x is ∂C/∂W^2."""
    decay: list[Step]


class Workspace:
    """The gradient of one network and cost, for batches of up to `batch_size` examples, without allocating.

    Activations and costs of the user's own are asked for their values, and allocate what they do. One thread at a
    time: the buffers are the workspace's. Raises `InputError` for arguments that do not fit together.

    >>> work = Workspace(Network([[[2.0]]], [[1.0]], "identity"), "quadratic", 10)
    >>> work.gradient(np.array([[3.0]]), np.array([[5.0]]))
    Gradient(nabla_w=(array([[6.]]),), nabla_b=(array([2.]),))
    """

    def __init__(self, network: Network, cost: Any, batch_size: int, l2: Any = 0.0) -> None:
        if not isinstance(network, Network):
            raise InputError(f"network is {network!r}, expected a minibp.Network")
        if any(map(is_foreign, network.weights)):
            raise InputError("the network's parameters are not NumPy's: `minibp.batched` takes others")
        output = network.activations[-1]
        self._network, self._cost = network, cost_of(cost)
        self._cost.check_output(output, network.sizes[-1])
        self._l2 = checked_l2(l2, network.dtype)
        self._batch_size = k = checked_count("batch_size", batch_size)
        self._dtype = dtype = np.dtype(network.dtype)
        self._known = has_output_steps(self._cost, output)
        self._kernels = [kernel_of(activation) for activation in network.activations]
        if not self._known:
            self._kernels[-1] = own_functions(output)

        self._z = [_aligned((k, n), dtype) for n in network.sizes[1:]]
        self._a = [
            z if kernel.in_place else _aligned(z.shape, dtype) for z, kernel in zip(self._z, self._kernels, strict=True)
        ]
        self._delta = [_aligned(z.shape, dtype) for z in self._z]
        self._ones, self._ones_across, self._sums = (
            np.ones(k, dtype),
            np.ones(network.sizes[-1], dtype),
            np.empty(k, dtype),
        )
        self._transposed = [_filled(w.T, w.T.shape, dtype) for w in network.weights]
        self._bias = [
            _filled(-b if kernel.negated else b, next(self._parts(i, k)).z.shape, dtype)
            for i, (b, kernel) in enumerate(zip(network.biases, self._kernels, strict=True))
        ]
        self._nabla_w = [_aligned(w.shape, dtype) for w in network.weights]
        self._nabla_b = [_aligned(b.shape, dtype) for b in network.biases]
        self._nabla_b[0], self._nabla_w[0], self._telling = _together(network.weights[0].shape, dtype)
        self._gradient = Gradient(_views(self._nabla_w), _views(self._nabla_b))

        self._bits = np.dtype(f"u{dtype.itemsize}")
        self._bits_of_one = int(np.ones((), dtype).view(self._bits))
        self._guarded = False
        self._plans: dict[tuple[int, ...], _Plan] = {}
        # Exponentials overflow on the way to the right limit; whatever is not finite in the end is looked at then.
        self._context = contextvars.copy_context()
        self._context.run(np.seterr, all="ignore")

    def gradient(self, x: Array, y: Array) -> Gradient:
        """∂C/∂W and ∂C/∂b, the mean over the rows of x (k, n_1) and y (k, n_L), k ≤ batch_size: (13) to (27).

        Read-only views of the workspace's buffers, valid until the next call. x and y are read where they are if
        they are NumPy arrays of the network's dtype in C order, and copied first if not. Overflow leaves infinities
        or NaN, without a warning. Raises `InputError` as `batched.backprop` does, and for too many rows.
        """
        plan = self._plans.get(x.shape) if self._is_plain(x) else None
        if plan is None or not self._is_plain(y) or y.shape != plan.y_shape:
            x, y, plan = self._prepared(x, y)
        if not self._context.run(self._run, plan, x, y):
            checked_rows(self._network, x)
            if not self._guarded:
                self._guarded = True
                self._plans.clear()
                return self.gradient(x, y)
        return self._gradient

    def _run(self, plan: _Plan, x: Array, y: Array) -> bool:
        """All equations in order; whether what came out is finite."""
        self._check_targets(y)
        np.dot(x, plan.w_t, plan.z)  # (13)
        for step in plan.forward:
            step()
        if self._known:
            np.subtract(plan.a, y, plan.delta)
        else:
            z, output = self._z[-1][: len(x)], self._network.activations[-1]
            np.copyto(plan.delta, self._cost.delta(z, plan.a, y, output))  # (17)
        for step in plan.backward:
            step()
        plan.outer(plan.delta_t, x, self._nabla_w[0])  # (24)
        for step in plan.decay:
            step()
        return math.isfinite(np.dot(self._telling, self._telling))

    def _plan(self, k: int) -> _Plan:
        """A pass over k examples."""
        z, a, delta = ([buffer[:k] for buffer in kind] for kind in (self._z, self._a, self._delta))
        parts = [list(self._parts(i, k)) for i in range(len(z))]
        forward: list[Step] = []
        for i, kernel in enumerate(self._kernels):
            if i:
                forward.append(partial(np.dot, a[i - 1], self._w_t(i, k), z[i]))  # (13)
            for rows in parts[i]:
                bias = self._bias[i][: len(rows.z)]
                forward.append(partial(np.subtract if kernel.negated else np.add, bias, rows.z, rows.z))
                forward += (kernel.guard(rows) if self._guarded else []) + kernel.forward(rows)  # (14)
        backward: list[Step] = []
        for rows in parts[-1] if self._known else []:
            backward += output_steps(self._cost, self._network.activations[-1], rows)  # (17), (26)
        if k > 1:
            backward.append(partial(np.divide, delta[-1], number(k, delta[-1]), delta[-1]))  # (6)
        for i in reversed(range(len(z))):
            backward.append(partial(np.dot, self._ones[:k], delta[i], self._nabla_b[i]))  # (23)
            if i:
                backward.append(partial(np.dot, delta[i].T, a[i - 1], self._nabla_w[i]))  # (24)
                backward.append(partial(np.dot, delta[i], self._network.weights[i], delta[i - 1]))
                for rows in parts[i - 1]:
                    backward += self._kernels[i - 1].backward(rows)  # (22)
        delta_t = delta[0].T
        # BLAS takes a product of a number and a row to be 0 where the number is, also where the row is not finite.
        outer = np.multiply if delta_t.size == 1 else np.dot
        return _Plan(
            a[-1].shape, self._w_t(0, k), z[0], forward, a[-1], delta[-1], backward, outer, delta_t, self._decay(k)
        )

    def _w_t(self, i: int, k: int) -> Array:
        """Wᵀ in the order of memory with which a product of k rows was measured to run faster."""
        w, w_t = self._network.weights[i], self._transposed[i]
        plain = len(w_t) > 256 and (k < 32 or (i == 0 and self._dtype == np.float64))
        return w.T if plain else w_t

    def _decay(self, k: int) -> list[Step]:
        """(27): (α/k) W is added to ∂C/∂W, where there is L2."""
        steps: list[Step] = []
        if self._l2.alpha:
            for w, nabla_w in zip(self._network.weights, self._nabla_w, strict=True):
                rate = number(self._l2.alpha / k, w)
                for part in _slices(len(w), w[0].nbytes):
                    decay, sums = np.empty_like(w[part]), nabla_w[part]
                    steps += [partial(np.multiply, w[part], rate, decay), partial(np.add, sums, decay, sums)]
        return steps

    def _parts(self, i: int, k: int) -> Iterator[Rows]:
        """The buffers of one layer for k examples, in parts of whole rows."""
        for part in _slices(k, self._z[i][0].nbytes):
            yield Rows(self._z[i][part], self._a[i][part], self._delta[i][part])

    def _is_plain(self, array: Any) -> bool:
        """Whether `array` can be read as it is."""
        return type(array) is np.ndarray and array.dtype == self._dtype and array.flags.c_contiguous

    def _prepared(self, x: Any, y: Any) -> tuple[Array, Array, _Plan]:
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
            self._plans[x.shape] = self._plan(len(x))
        return x, y, self._plans[x.shape]

    def _check_targets(self, y: Array) -> None:
        """Refuse what `cost.check_targets` refuses; nearly all is seen to be right without asking it."""
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
        """Whether all rows sum to 1 within half of the cost's slack, which leaves as much for the rounding of sums."""
        n, off = y.shape[1], self._sums[: len(y)]
        np.dot(y, self._ones_across, off)
        np.subtract(off, self._ones[: len(y)], off)
        np.absolute(off, off)
        return bool(np.maximum.reduce(off) <= n * float(np.finfo(np.float32).eps) / 2)


def _slices(rows: int, row_bytes: int) -> Iterator[slice]:
    """0..rows in slices of about PART_BYTES."""
    step = max(1, PART_BYTES // row_bytes)
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def _aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An array that begins where a cache line does, so that no load of a vector crosses one."""
    size = math.prod(shape) * dtype.itemsize
    raw = np.empty(size + CACHE_LINE, np.uint8)
    start = -raw.__array_interface__["data"][0] % CACHE_LINE
    return raw[start : start + size].view(dtype).reshape(shape)


def _filled(values: Array, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    array = _aligned(shape, dtype)
    np.copyto(array, values)
    return array


def _together(shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[Array, Array, Array]:
    """∂C/∂b^2, then ∂C/∂W^2, and as one row of numbers the former and the first row of the latter.

    That row tells whether all was finite. What is not in x makes its column of ∂C/∂W^2 so, also where δ is 0; a δ that
    is not makes all below it in its example so, down to ∂C/∂b^2.
    """
    n_out, n_in = shape
    line = CACHE_LINE // dtype.itemsize
    start = -(-n_out // line) * line
    block = _aligned((start + n_out * n_in,), dtype)
    return block[start - n_out : start], block[start:].reshape(shape), block[start - n_out : start + n_in]


def _views(buffers: list[Array]) -> tuple[Array, ...]:
    return tuple(read_only(buffer.view()) for buffer in buffers)
