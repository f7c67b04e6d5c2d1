"""The specification of a subject: its activations, cost, L2, conventions and dtype; and problems that fit it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice, pairwise, product
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from minibp.activations import Activation, activation_of, activations_of
from minibp.arrays import Array, InputError, checked_dtype
from minibp.batched import backprop
from minibp.check.generation import draw
from minibp.check.subject.claim import Claim
from minibp.check.subject.given import Given
from minibp.check.subject.target_domain import DOMAINS, domain_of
from minibp.costs import Cost, cost_of
from minibp.inputs import checked_l2
from minibp.network import Network
from minibp.problem import Problem
from minibp.strategies import layer_sizes, problems

DEFAULT_DEPTH = 4
"""Layers after the input in the networks for diagnosis: a first, a middle and a last hidden one, and the output."""
DEFAULT_BATCH = 3
ANY, SEVERAL, ONE = "any", "several", "one"
"""Numbers of outputs: labels are of as many classes as there are outputs, or of two classes where there is one."""
SIMPLEST, SIMPLEST_DEPTH = 20, 3
"""Shapes of the simplest problems at most, and layers after the input where their number is not fixed."""


@dataclass(frozen=True)
class Setting:
    """One activation for all hidden layers, or one a layer; the number of layers is then fixed."""

    activations: tuple[Activation, ...]
    """Of the layers 2..L where their number is fixed; else of the hidden ones and of the output."""
    layers: int | None
    cost: Cost
    l2: float
    """α as the subject has it; `claim` turns it into that of (27)."""
    claim: Claim
    dtype: str
    sizes: tuple[tuple[int, ...], ...] | None = None
    """The only sizes that the subject can be called with, where it says so."""
    batch_sizes: tuple[int, ...] | None = None
    domain: str = "any numbers"
    """The targets that are drawn for a cost of the user's own."""
    rate: float | None = None
    """η that was fitted to the subject's steps, as a part of the cost's scale."""
    few_shapes: bool = False
    """True where the sizes are few since JAX compiles the subject for each."""
    outputs: str = ANY
    """The number of outputs of the networks that are drawn, where sizes are not fixed."""
    given: tuple[Problem, ...] = ()
    """The problems to check, where the user has some; else they are drawn."""

    @classmethod
    def checked(
        cls, activation: Any, output_activation: Any, cost: Any, l2: Any, claim: Claim, dtype: Any, subject: Any
    ) -> Setting:
        """The arguments of a check, or one `InputError`."""
        fixed = isinstance(activation, Sequence) and not isinstance(activation, str)
        sizes = getattr(subject, "sizes", None)
        layers = len(activation) if fixed else None
        if sizes and layers:
            fitting = tuple(one for one in sizes if len(one) == layers + 1)
            if not fitting:
                raise InputError(f"{layers} activations, one a layer, and the subject takes sizes {sizes} alone")
            sizes = fitting
        given = list(activation) if fixed else activation_of(activation)
        activations = activations_of(given, output_activation, layers or 2)
        chosen = cost_of(cost)
        for width in {one[-1] for one in sizes} if sizes else {2}:
            chosen.check_output(activations[-1], width)
        kind = checked_dtype("dtype", dtype)
        chosen.check_targets(claim.target_rows(np.array([[1.0, 0.0]])))
        alpha = checked_l2(l2, kind).alpha
        batch_sizes = getattr(subject, "batch_sizes", None)
        domain = domain_of(chosen, activations[-1]) if claim.targets == "soft" else "any numbers"
        outputs = SEVERAL if claim.targets == "labels" and not sizes else ANY
        return cls(activations, layers, chosen, alpha, claim, kind, sizes, batch_sizes, domain, outputs=outputs)

    @classmethod
    def of(cls, given: Given, claim: Claim, subject: Any) -> Setting:
        """That of problems which the user has."""
        problems, first = given.problems, given.problems[0]
        sizes = tuple(dict.fromkeys(one.network.sizes for one in problems))
        batch_sizes = getattr(subject, "batch_sizes", None)
        activations, depth = first.network.activations, len(first.network.weights)
        return cls(activations, depth, first.cost, given.l2, claim, first.dtype, sizes, batch_sizes, given=problems)

    def strategy(self) -> SearchStrategy[Problem]:
        """Problems of any conditioning."""
        any_sizes = layer_sizes(layers=self.layers).map(self._with_outputs)
        sizes = st.sampled_from(self.sizes) if self.sizes else any_sizes
        drawn = problems(
            sizes=sizes,
            activation=list(self.activations[:-1]) if self.layers else self.activations[0],
            output_activation=self.activations[-1],
            cost=self.cost,
            l2=0.0,
            dtype=self.dtype,
            examples=st.sampled_from(self.batch_sizes) if self.batch_sizes else None,
        )
        return drawn.map(lambda one: self.problem(one.network, one.x, DOMAINS[self.domain](one.y)))

    def drawn(self, count: int, seed: int) -> list[Problem]:
        """The problems of a check: well-conditioned ones, saturated ones, and so many that are drawn."""
        return [*self.bases(seed), *self.saturated(seed), *draw(self.strategy(), count, seed)]

    def problem(self, network: Network, x: Array, y: Array) -> Problem:
        """The problem of these examples, with the cost, the L2 and the conventions of the subject."""
        return self.claim.problem(network, self.cost, x, y, self.l2)

    def rows(self, problem: Problem, start: int, stop: int) -> Problem:
        """The problem of some of its examples."""
        return self.problem(problem.network, problem.x[start:stop], problem.y[start:stop])

    def simplest(self) -> Iterator[Problem]:
        """Problems in which all numbers are 1, or 0 in targets, from the smallest: what search finds, in most cases."""
        depths = (self.layers,) if self.layers else range(1, SIMPLEST_DEPTH + 1)
        drawn = (shape for depth in depths for shape in sorted(product((1, 2), repeat=depth + 1), key=sum))
        shapes = list(dict.fromkeys(tuple(self._with_outputs(shape)) for shape in drawn))
        if self.sizes:
            shapes = sorted(self.sizes, key=sum)
        batches = sorted(self.batch_sizes or (1, 2))[:2]
        for m, shape in product(batches, shapes[:SIMPLEST]):
            hidden = list(self.activations[:-1]) if self.layers else [self.activations[0]] * (len(shape) - 2)
            pairs = list(pairwise(shape))
            weights = [np.ones((n, below), self.dtype) for below, n in pairs]
            biases = [np.ones(n, self.dtype) for _, n in pairs]
            network = Network(weights, biases, [*hidden, self.activations[-1]])
            for y in (np.ones((m, shape[-1])), np.eye(m, shape[-1]), np.zeros((m, shape[-1]))):
                x, targets = np.ones((m, shape[0]), self.dtype), DOMAINS[self.domain](y.astype(self.dtype))
                with suppress(InputError):  # a cost that has no such targets
                    yield self.problem(network, x, targets)

    def bases(self, seed: int, layers: int | None = None) -> list[Problem]:
        """Well-conditioned problems of one depth: of equal widths, which transposes need, and of unequal ones."""
        rng = np.random.default_rng(seed)
        depth = self.layers or layers or DEFAULT_DEPTH
        varied = [2, *islice(cycle((5, 3, 4)), depth)]
        shapes: list[Sequence[int]] = [[3] * (depth + 1), [4] * (depth + 1), varied]
        if self.sizes:
            depth = max(len(one) for one in self.sizes) - 1
            shapes = [one for one in self.sizes if len(one) == depth + 1]
        else:
            shapes = list(map(self._with_outputs, shapes))
        allowed = self.batch_sizes or (DEFAULT_BATCH,)
        m = max((size for size in allowed if size <= DEFAULT_BATCH), default=1)
        return [self._base(list(shape), m, rng) for shape in shapes]

    def _with_outputs(self, sizes: Sequence[int]) -> list[int]:
        """Sizes with as many outputs as the subject takes."""
        *below, n = sizes
        return [*below, {ANY: n, SEVERAL: max(n, 2), ONE: 1}[self.outputs]]

    def saturated(self, seed: int) -> list[Problem]:
        """The same with their parameters magnified, so that neurons saturate: where unstable formulas show."""
        found = []
        for problem in self.bases(seed):
            network = problem.network
            for factor in np.asarray([10, 100], self.dtype):
                weights, biases = ([factor * one for one in kind] for kind in (network.weights, network.biases))
                larger = Network(weights, biases, network.activations)
                found.append(self.problem(larger, problem.x, problem.y))
        return found

    def _base(self, shape: list[int], m: int, rng: np.random.Generator) -> Problem:
        """A problem in which every example reaches every layer: no layer is all zero, as relu's may be."""
        for _ in range(100):
            hidden = list(self.activations[:-1]) if self.layers else [self.activations[0]] * (len(shape) - 2)
            network = Network.random(shape, [*hidden, self.activations[-1]], None, self.dtype, rng)
            x = rng.standard_normal((m, shape[0])).astype(self.dtype)
            problem = self.problem(network, x, self._targets(m, shape[-1], rng))
            held = backprop(problem.network, self.cost, problem.x, problem.y)
            if all((np.abs(array).max(1) > 1e-3).all() for array in (*held.a, *held.delta)):
                break
        return problem

    def _targets(self, m: int, n: int, rng: np.random.Generator) -> Array:
        if self.cost.name not in ("cross_entropy", "categorical_cross_entropy"):
            return DOMAINS[self.domain](rng.standard_normal((m, n)).astype(self.dtype))
        y = rng.random((m, n)) + 0.1
        if self.cost.name == "categorical_cross_entropy":
            return (y / y.sum(1, keepdims=True)).astype(self.dtype)
        return (y / 1.2).astype(self.dtype)
