"""A pass of (13) to (22) as a list of calls made beforehand, over buffers that are written to again for each batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minibp.activations import Activation
from minibp.arrays import Array
from minibp.costs import Cost
from minibp.memory import check_fits
from minibp.user_functions import checked_activation, checked_cost
from minibp.workspace.kernels import Rows, Step, has_output_steps, kernel_of, output_steps, own_functions, scalar_like

PART_BYTES = 1 << 17
"""Of one buffer in one part: the four that elementwise steps use then fit into a core's second-level cache."""
CACHE_LINE = 64
"""Bytes."""


class Plan(NamedTuple):
    """One pass over k examples, but for the steps that read x and y."""

    y_shape: tuple[int, ...]
    w_t: Array
    """W^2 transposed: x is multiplied by it first of all."""
    z: Array
    forward: list[Step]
    a: Array
    """a^L."""
    error: Array
    """δ^L: gets a^L − y, or what the user's cost says."""
    backward: list[Step]
    delta: Array
    """δ^2, for the parameters of layer 2: it is divided by k, as those above are, where parameters do not move."""


class Passes:
    """Passes over up to `batch_size` examples with parameters that stay where they are in memory.

    `moving` says that their values change from pass to pass; δ is then not divided by k, since steps are scaled anyway.
    `gemm`, BLAS's C ← β C + α A B in place, is then used where it is given: to add a product to biases takes two calls,
    where to lay biases out and to add them to a product takes four.
    """

    def __init__(
        self,
        weights: Sequence[Array],
        biases: Sequence[Array],
        activations: Sequence[Activation],
        cost: Cost,
        batch_size: int,
        *,
        moving: bool = False,
        gemm: Callable[..., Any] | None = None,
    ) -> None:
        self.weights, self.biases, self._moving, self._gemm = weights, biases, moving, gemm
        self._activations, self._cost = activations, cost
        self._known = has_output_steps(cost, activations[-1])
        self.kernels = [kernel_of(activation) for activation in activations]
        if not self._known:
            self.kernels[-1] = own_functions(activations[-1])
        dtype = weights[0].dtype
        buffers = 3 * batch_size * sum(map(len, weights)) * dtype.itemsize  # z, a and δ
        check_fits(f"a pass over batches of {batch_size:,} examples", buffers)
        self._z = [aligned((batch_size, len(w)), dtype) for w in weights]
        self._a = [
            z if kernel.in_place else aligned(z.shape, dtype) for z, kernel in zip(self._z, self.kernels, strict=True)
        ]
        self._delta = [aligned(z.shape, dtype) for z in self._z]
        self._transposed = [w.T if moving else _filled(w.T, w.T.shape) for w in weights]
        # A bias for every example of a part, since ufuncs that broadcast take longer and allocate.
        self._tiles = (
            []
            if gemm
            else [
                _filled(-b if kernel.negated else b, next(self._parts(i, batch_size)).z.shape)
                for i, (b, kernel) in enumerate(zip(biases, self.kernels, strict=True))
            ]
        )
        self.guarded = False
        """True where kernels guard against exponentials that overflow: needed only where they do."""

    def plan(self, k: int, collect: Callable[[int, Array, Array], list[Step]]) -> Plan:
        """A pass over k examples; `collect(i, δ, a)` is what is done with δ of `weights[i]` and a of the layer below.

        It is asked for all layers but the lowest, and done after δ has been passed on to the layer below.
        """
        z, a, delta = ([buffer[:k] for buffer in kind] for kind in (self._z, self._a, self._delta))
        parts = [list(self._parts(i, k)) for i in range(len(z))]
        forward: list[Step] = []
        for i, kernel in enumerate(self.kernels):
            forward += self._product(i, a[i - 1], z[i]) if i else []
            if self._moving and self._gemm is None:
                forward += _bias_copies(self.biases[i], self._tiles[i], negated=kernel.negated)
            for rows in parts[i]:
                if self._gemm is None:
                    tile = self._tiles[i][: len(rows.z)]
                    forward.append(partial(np.subtract if kernel.negated else np.add, tile, rows.z, rows.z))
                forward += (kernel.guard(rows) if self.guarded else []) + kernel.forward(rows)  # (14)
        backward: list[Step] = []
        for rows in parts[-1] if self._known else []:
            backward += output_steps(self._cost, self._activations[-1], rows)  # (17), (26)
        if k > 1 and not self._moving:
            backward.append(partial(np.divide, delta[-1], scalar_like(k, delta[-1]), delta[-1]))  # (6)
        for i in reversed(range(1, len(z))):
            backward.append(product(delta[i], self.weights[i], delta[i - 1]))
            backward += collect(i, delta[i], a[i - 1])
            for rows in parts[i - 1]:
                backward += self.kernels[i - 1].backward(rows)  # (22)
        return Plan(a[-1].shape, self._w_t(0, k), z[0], forward, a[-1], delta[-1], backward, delta[0])

    def run(self, plan: Plan, x: Array, y: Array) -> None:
        """All of a plan, of parameters that BLAS's own calls do not add to; `plan.delta` is then δ^2."""
        assert self._gemm is None
        np.dot(x, plan.w_t, plan.z)  # (13)
        for step in plan.forward:
            step()
        self._error(plan, y)()
        for step in plan.backward:
            step()

    def bound_steps(self, plan: Plan, x: Array, y: Array) -> list[Step]:
        """The steps of `run`, for an x and a y that stay where they are in memory."""
        return [*self._product(0, x, plan.z), *plan.forward, self._error(plan, y), *plan.backward]

    def _error(self, plan: Plan, y: Array) -> Step:
        """From a^L to a^L − y, or to δ^L of the user's cost."""
        if self._known:
            return partial(np.subtract, plan.a, y, plan.error)
        z, cost, activation = self._z[-1][: len(y)], checked_cost(self._cost), checked_activation(self._activations[-1])
        return lambda: np.copyto(plan.error, cost.delta(z, plan.a, y, activation))  # (17)

    def _product(self, i: int, a: Array, z: Array) -> list[Step]:
        """a Wᵀ of (13); by BLAS's own call, all of z, or of −z where the kernel says so."""
        if self._gemm is None:
            return [product(a, self._w_t(i, len(a)), z)]
        sign = -1.0 if self.kernels[i].negated else 1.0
        # In BLAS's order of memory, columns first: zᵀ ← ± (zᵀ + W aᵀ), z having been b.
        gemm = partial(self._gemm, sign, self.weights[i].T, a.T, sign, z.T, 1, 0, 1)
        return [partial(np.copyto, z, self.biases[i]), gemm]

    def _w_t(self, i: int, k: int) -> Array:
        """Wᵀ in the order of memory with which a product of k rows was measured to run faster."""
        w, w_t = self.weights[i], self._transposed[i]
        plain = len(w_t) > 256 and (k < 32 or (i == 0 and w.dtype == np.float64))
        return w.T if plain else w_t

    def _parts(self, i: int, k: int) -> Iterator[Rows]:
        """The buffers of one layer for k examples, in parts of whole rows."""
        for part in slices(k, self._z[i][0].nbytes):
            yield Rows(self._z[i][part], self._a[i][part], self._delta[i][part])


def product(left: Array, right: Array, into: Array) -> Step:
    """left · right.

    BLAS takes a column times a number to be 0 where the number is, also where the column is not finite.
    """
    if right.size == 1:
        return partial(np.multiply, left, right.reshape(()), into)
    return partial(np.dot, left, right, into)


def _bias_copies(b: Array, tile: Array, *, negated: bool) -> list[Step]:
    """b, or −b, into every row of a tile."""
    if not negated:
        return [partial(np.copyto, tile, b)]
    opposite = np.empty_like(b)
    return [partial(np.negative, b, opposite), partial(np.copyto, tile, opposite)]


def slices(rows: int, row_bytes: int, part_bytes: int | None = None) -> Iterator[slice]:
    """0..rows in slices of about `part_bytes`, by default PART_BYTES."""
    step = max(1, (part_bytes or PART_BYTES) // row_bytes)
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An array that begins where a cache line does, so that no load of a vector crosses one."""
    size = math.prod(shape) * dtype.itemsize
    raw = np.empty(size + CACHE_LINE, np.uint8)
    start = -raw.__array_interface__["data"][0] % CACHE_LINE
    return raw[start : start + size].view(dtype).reshape(shape)


def _filled(values: Array, shape: tuple[int, ...]) -> Array:
    array = aligned(shape, values.dtype)
    np.copyto(array, values)
    return array
