"""Forward passes in which one weighted input has moved: what complex step and finite differences have in common.

Changing w^l_jk or b^l_j moves z^l_j alone, so a perturbed pass starts at layer l, with one changed column.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.problem import Problem

CHUNK_ENTRIES = 1_000_000
"""Numbers in the largest array of one batch of perturbed passes."""


class Pass(NamedTuple):
    """The unperturbed z and a (a starts with x), in the arithmetic of the perturbed ones."""

    z: list[Array]
    a: list[Array]


def forward(problem: Problem, dtype: type) -> Pass:
    """Equations (13) and (14) in `dtype`, float or complex."""
    a: Array = problem.x.astype(dtype)
    zs, activations = [], [a]
    network = problem.network
    for w, b, activation in zip(network.weights, network.biases, network.activations, strict=True):
        z = a @ w.T + b
        a = activation.value(z)
        zs.append(z)
        activations.append(a)
    return Pass(zs, activations)


def responses(problem: Problem, base: Pass, i: int, j: Array, dz: Array) -> tuple[Array, dict[int, Array]]:
    """The cost of each example when z_j of `base.z[i]` has moved by dz, for many moves at once.

    j is (p,) and dz (..., p, m). Returns costs (..., p, m), without L2, and the perturbed weighted inputs as pairs of
    layer index and array: that of the neuron itself, (..., p, m), then of whole layers, (..., p, m, n).
    """
    network, last = problem.network, len(base.z) - 1
    moved = base.z[i].T[j] + dz
    seen = {}
    if i == last:
        own = np.arange(network.sizes[-1]) == j[:, None, None]
        z = np.where(own, moved[..., None], base.z[i])
        seen[i] = z
    else:
        gained = network.activations[i].value(moved) - base.a[i + 1].T[j]
        z = base.z[i + 1] + gained[..., None] * network.weights[i + 1].T[j][:, None, :]
        seen[i + 1] = z
        for k in range(i + 2, last + 1):
            z = network.activations[k - 1].value(z) @ network.weights[k].T + network.biases[k]
            seen[k] = z
    output = network.activations[-1]
    return problem.cost.value_at(z, output.value(z), problem.y, output), seen


def crossings(problem: Problem, base: Pass, i: int, j: Array, dz: Array, seen: dict[int, Array]) -> Array:
    """Which of `responses` leave the side of a kink that the unperturbed pass is on: (..., p, m).

    Beyond a kink another branch is taken, with a derivative of its own. What lies exactly on the kink and stays there
    has left no side: `value` and `prime` state a convention for it.
    """
    crossed = np.zeros(dz.shape, bool)
    for kink in problem.network.activations[i].kinks:
        before = base.z[i].T[j]
        crossed |= np.sign((before + dz).real - kink) != np.sign(before.real - kink)
    for layer, z in seen.items():
        for kink in problem.network.activations[layer].kinks:
            crossed |= (np.sign(z.real - kink) != np.sign(base.z[layer].real - kink)).any(-1)
    return crossed


class Moves(NamedTuple):
    """Some parameters of one layer, and how each moves z_j per unit."""

    j: Array
    """The neuron, (p,)."""
    k: Array
    """The neuron of the layer before, (p,); n_in stands for the bias."""
    dz: Array
    """∂z_j/∂entry for each example, (p, m): a_k for w_jk by (12), 1 for b_j."""


def moves(problem: Problem, base: Pass, i: int, copies: int = 1) -> Iterator[Moves]:
    """All weights and biases of `base.z[i]`, in batches; each move will be made `copies` times at once."""
    n_out, n_in = problem.network.weights[i].shape
    dz = np.concatenate([base.a[i].real.T, np.ones((1, problem.m))])
    widest = max(problem.network.sizes[i + 1 :])
    step = max(1, CHUNK_ENTRIES // (copies * problem.m * widest))
    for start in range(0, n_out * (n_in + 1), step):
        j, k = np.divmod(np.arange(start, min(start + step, n_out * (n_in + 1))), n_in + 1)
        yield Moves(j, k, dz[k])
