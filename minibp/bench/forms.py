"""The package's own forms of the gradient, ready to be timed, and the GEMM-only baseline."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minibp import batched as batched_form
from minibp import per_example as per_example_form
from minibp.arrays import Array
from minibp.bench.equality import distance
from minibp.network import Gradient
from minibp.problem import Problem
from minibp.workspace.workspace import Workspace


class Prepared(NamedTuple):
    """A contender with one problem at hand."""

    call: Callable[[], Any]
    """The call that is timed, done when it returns."""
    error: Callable[[Any], float]
    """The error of the result of `call` against the batched form; 1 is the tolerance."""


def per_example(problem: Problem) -> Prepared:
    """`per_example.backprop`: a loop over the examples."""
    return _pass(per_example_form.backprop, problem)


def batched(problem: Problem) -> Prepared:
    """`batched.backprop`: all examples at once."""
    return _pass(batched_form.backprop, problem)


def _pass(form: Callable[..., Any], problem: Problem) -> Prepared:
    call = partial(form, problem.network, problem.cost, problem.x, problem.y)
    return Prepared(call, lambda result: distance(problem, result.gradient))


def workspace(problem: Problem) -> Prepared:
    """`Workspace.gradient`: every buffer allocated beforehand."""
    work = Workspace(problem.network, problem.cost, problem.m)
    return Prepared(partial(work.gradient, problem.x, problem.y), lambda gradient: distance(problem, gradient))


class Products(NamedTuple):
    """The arrays that the matrix products of one gradient read and write; see `minibp.Backprop` for what they are."""

    weights: tuple[Array, ...]
    a: tuple[Array, ...]
    """a^1 = x to a^{L−1}."""
    delta: tuple[Array, ...]
    z: tuple[Array, ...]
    """Gets W a of (13), without b."""
    nabla_w: tuple[Array, ...]
    """Gets the sum of (24) over the examples."""
    carried: tuple[Array, ...]
    """Gets Wᵀδ of (22), for all layers but the lowest."""

    def run(self) -> Products:
        """Forward, then backward: every product that a gradient needs, and nothing else."""
        for a, w, z in zip(self.a, self.weights, self.z, strict=True):
            np.matmul(a, w.T, out=z)
        for i in reversed(range(len(self.weights))):
            np.matmul(self.delta[i].T, self.a[i], out=self.nabla_w[i])
            if i:
                np.matmul(self.delta[i], self.weights[i], out=self.carried[i - 1])
        return self


def products_of(problem: Problem) -> Products:
    """The products on the numbers that a pass has, so that they meet the same zeros and the same magnitudes."""
    weights = problem.network.weights
    found = batched_form.backprop(problem.network, problem.cost, problem.x, problem.y)
    return Products(
        weights,
        found.a[:-1],
        found.delta,
        tuple(map(np.empty_like, found.z)),
        tuple(map(np.empty_like, weights)),
        tuple(map(np.empty_like, found.a[1:-1])),
    )


def products(problem: Problem) -> Prepared:
    """The GEMM-only baseline: matrix products by `np.matmul` into buffers from W as the network has it.

    The unit of all other figures. A form can take less where it has Wᵀ in another order of memory, or calls BLAS by
    `np.dot`: with one example, say, where the products are of vectors.
    """
    made = products_of(problem)
    network, m = problem.network, problem.m
    slopes = [activation.prime for activation in network.activations[:-1]]

    def error(result: Products) -> float:
        """The gradient made of the products: ∂C/∂W from (24), and ∂C/∂b from (13) and (22)."""
        zs = [z + b for z, b in zip(result.z, network.biases, strict=True)]
        below = [wd * prime(z) for wd, prime, z in zip(result.carried, slopes, zs, strict=False)]
        deltas = [
            *below,
            problem.cost.delta(zs[-1], network.activations[-1].value(zs[-1]), problem.y, network.activations[-1]),
        ]
        nabla_w = tuple(sums / m for sums in result.nabla_w)
        return distance(problem, Gradient(nabla_w, tuple(delta.sum(0) / m for delta in deltas)))

    return Prepared(made.run, error)
