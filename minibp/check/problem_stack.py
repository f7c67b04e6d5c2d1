"""A stack of problems of one shape and with the same functions, so that one array operation serves all of them.

Everything has one more axis than in a `Problem`, the first, and is float64. A single problem is a stack of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from minibp.activations import Activation
from minibp.arrays import Array
from minibp.costs import Cost
from minibp.problem import Problem


@dataclass(frozen=True, eq=False)
class Stack:
    """s problems: weights are (s, n_l, n_{l−1}), biases (s, n_l), x (s, m, n_1), y (s, m, n_L) and α (s,)."""

    sizes: tuple[int, ...]
    activations: tuple[Activation, ...]
    cost: Cost
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    x: Array
    y: Array
    alpha: Array

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> Stack:
        """Problems of one shape, with the same functions.

        >>> from minibp import Network
        >>> problem = Problem(Network.random([3, 4, 2], rng=0), "quadratic", np.ones((5, 3)), np.ones((5, 2)))
        >>> [w.shape for w in Stack.of([problem, problem]).weights]
        [(2, 4, 3), (2, 2, 4)]
        """
        first = problems[0].network
        return cls(
            first.sizes,
            first.activations,
            problems[0].cost,
            _stacked([problem.network.weights for problem in problems]),
            _stacked([problem.network.biases for problem in problems]),
            np.stack([problem.x for problem in problems], dtype=np.float64),
            np.stack([problem.y for problem in problems], dtype=np.float64),
            np.array([problem.l2.alpha for problem in problems]),
        )

    @property
    def m(self) -> int:
        """The number of examples of each problem."""
        return int(self.x.shape[1])

    def penalties(self) -> Array:
        """α/(2m) Σ w² of each problem, (s,): equation (27)."""
        squares = sum((w * w).sum((1, 2)) for w in self.weights)
        return np.where(self.alpha, self.alpha / (2 * self.m) * squares, 0.0)


def _stacked(parameters: list[tuple[Array, ...]]) -> tuple[Array, ...]:
    """Layer by layer."""
    return tuple(np.stack(layer, dtype=np.float64) for layer in zip(*parameters, strict=True))


_STACKS: WeakKeyDictionary[Problem, Stack] = WeakKeyDictionary()


def stack_of_one(problem: Problem) -> Stack:
    """The stack of this problem alone: the same object for as long as the problem lives."""
    if problem not in _STACKS:
        _STACKS[problem] = Stack.of([problem])
    return _STACKS[problem]
