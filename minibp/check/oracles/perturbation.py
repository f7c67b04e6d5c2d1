"""Forward passes in which one weighted input has moved, for the complex step and for finite differences.

Changing w^l_jk or b^l_j moves z^l_j alone, so a perturbed pass starts at layer l, with one changed column. Moves are
made many at once, and for many problems at once: axes are problem, copy, move, example and neuron, in this order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.problem_stack import Stack
from minibp.costs import needs_only_z

CHUNK_BYTES = 120_000
"""Of the largest array of one batch of perturbed passes: the system maps and unmaps larger ones page by page."""


class Pass(NamedTuple):
    """The unperturbed z and a (a starts with x), each (s, m, n_l), in the arithmetic of the perturbed ones."""

    z: list[Array]
    a: list[Array]


def forward(stack: Stack, dtype: type) -> Pass:
    """Equations (13) and (14) in `dtype`, float or complex."""
    a: Array = stack.x.astype(dtype)
    zs, activations = [], [a]
    for w, b, activation in zip(stack.weights, stack.biases, stack.activations, strict=True):
        z = a @ w.mT + b[:, None, :]
        a = activation.value(z)
        zs.append(z)
        activations.append(a)
    return Pass(zs, activations)


def costs_at(stack: Stack, z: Array, a: Array | None = None) -> Array:
    """C of each example without L2, (s, …, m), at output weighted inputs (s, …, m, n_L).

    a is σ(z), where it is at hand.
    """
    output = stack.activations[-1]
    y = stack.y.reshape(len(stack.y), *(1,) * (z.ndim - 3), *stack.y.shape[1:])
    if a is None:
        a = z if needs_only_z(stack.cost, output) else output.value(z)
    return stack.cost.value_at(z, a, y, output)


def responses(stack: Stack, base: Pass, i: int, j: Array, dz: Array) -> tuple[Array, dict[int, Array]]:
    """The cost of each example when z_j of `base.z[i]` has moved by dz, for many moves at once.

    j is (p,) and dz (s, c, p, m). Returns costs (s, c, p, m), without L2, and the perturbed weighted inputs by layer
    index: (s, c, p, m, n), of all layers whose neurons all move.
    """
    last = len(base.z) - 1
    moved = base.z[i].mT[:, None, j] + dz
    perturbed = {}
    if i == last:
        is_j = np.arange(stack.sizes[-1]) == j[:, None, None]
        z = np.where(is_j, moved[..., None], base.z[i][:, None, None])
        perturbed[i] = z
    else:
        change = stack.activations[i].value(moved) - base.a[i + 1].mT[:, None, j]
        z = base.z[i + 1][:, None, None] + change[..., None] * stack.weights[i + 1].mT[:, None, j, None, :]
        perturbed[i + 1] = z
        for k in range(i + 2, last + 1):
            a = stack.activations[k - 1].value(z)
            product = a.reshape(len(a), -1, a.shape[-1]) @ stack.weights[k].mT + stack.biases[k][:, None, :]
            z = product.reshape(*a.shape[:-1], -1)
            perturbed[k] = z
    return costs_at(stack, z), perturbed


def crossings(stack: Stack, base: Pass, i: int, j: Array, dz: Array, perturbed: dict[int, Array]) -> Array:
    """A mask of the `responses` that leave the side of a kink that the unperturbed pass is on: (s, c, p, m).

    Beyond a kink another branch is taken, with another derivative. What lies exactly on the kink and stays there has
    left no side: `value` and `prime` state a convention for it.
    """
    crossed = np.zeros(dz.shape, bool)
    if not any(activation.kinks for activation in stack.activations[i:]):
        return crossed
    for kink in stack.activations[i].kinks:
        before = base.z[i].mT[:, None, j]
        crossed |= np.sign((before + dz).real - kink) != np.sign(before.real - kink)
    for layer, z in perturbed.items():
        for kink in stack.activations[layer].kinks:
            side = np.sign(base.z[layer].real - kink)[:, None, None]
            crossed |= (np.sign(z.real - kink) != side).any(-1)
    return crossed


class Moves(NamedTuple):
    """Some parameters of one layer, and how each moves z_j per unit."""

    j: Array
    """The neuron, (p,)."""
    k: Array
    """The neuron of the layer before, (p,); n_in stands for the bias."""
    dz: Array
    """∂z_j/∂entry for each example, (s, p, m): a_k for w_jk by (12), 1 for b_j."""


def biases(stack: Stack, base: Pass, i: int, copies: int = 1, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Moves]:
    """All biases of `base.z[i]`, in batches; each move will be made `copies` times at once."""
    n_out, n_in = stack.weights[i].shape[1:]
    for part in _batches(stack, base, i, n_out, copies, chunk_bytes):
        yield Moves(part, np.full(part.shape, n_in), np.ones((len(stack.x), len(part), stack.m)))


def weights(stack: Stack, base: Pass, i: int, copies: int = 1, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Moves]:
    """All weights of `base.z[i]`, likewise."""
    n_out, n_in = stack.weights[i].shape[1:]
    a = np.ascontiguousarray(base.a[i].real.mT)
    for part in _batches(stack, base, i, n_out * n_in, copies, chunk_bytes):
        j, k = np.divmod(part, n_in)
        yield Moves(j, k, a[:, k])


def _batches(stack: Stack, base: Pass, i: int, count: int, copies: int, chunk_bytes: int) -> Iterator[Array]:
    widest = max(stack.sizes[min(i + 2, len(stack.weights)) :])
    step = max(1, chunk_bytes // (len(stack.x) * copies * stack.m * widest * base.z[i].itemsize))
    for start in range(0, count, step):
        yield np.arange(start, min(start + step, count))
