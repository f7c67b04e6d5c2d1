"""What one pass holds, layer by layer and by the article's letters: what a formula of the catalogue may use.

The same formulas serve two purposes. On plain arrays they make a backprop that is wrong in a known way; on tracked
numbers they tell what such a backprop would give, and how far rounding may take it from there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minibp.activations import Activation, softmax
from minibp.arrays import Array
from minibp.check.arithmetic import Arithmetic, Near
from minibp.check.layer_rounding import activated, slope
from minibp.check.output_rounding import Output, cost_gradient, output_error, residual
from minibp.check.tracked import Tracked
from minibp.costs import Huber, Quadratic, fuses
from minibp.problem import Problem


class Values:
    """Arrays of one problem; dictionaries are by layer, 1..L, and rows are examples as everywhere.

    `w`, `b`, `x` and `y` are given. z, a, δ, the error before it is multiplied by σ' (`raw`) and ∂C/∂W are filled in
    by whoever runs or reads a pass. With an arithmetic all of these are tracked, without one they are plain.
    """

    def __init__(self, problem: Problem, to: Arithmetic | None = None) -> None:
        self.problem = problem
        self.to = to
        self.top = len(problem.network.weights) + 1
        """L, the number of the output layer."""
        self.m = problem.m
        self.alpha = problem.l2.alpha
        self.w: dict[int, Array] = dict(enumerate(problem.network.weights, start=2))
        self.b: dict[int, Array] = dict(enumerate(problem.network.biases, start=2))
        self.x = self.exact(problem.x)
        self.y = problem.y
        self.z: dict[int, Any] = {}
        self.a: dict[int, Any] = {1: self.x}
        self.delta: dict[int, Any] = {}
        self.raw: dict[int, Any] = {}
        self.nabla_w: dict[int, Any] = {}
        self.share: Array = np.ones(problem.m, problem.dtype)
        """What each example counts in a sum over them."""
        self._primes: dict[int, Any] = {}

    def exact(self, array: Array) -> Any:
        """An array as this pass's kind of number."""
        return array if self.to is None else Tracked.exact(array, self.to)

    def activation(self, layer: int) -> Activation:
        """σ of a layer."""
        return self.problem.network.activations[layer - 2]

    @property
    def is_fused(self) -> bool:
        """Whether δ^L is a^L − y, equation (26)."""
        return fuses(self.problem.cost, self.activation(self.top))

    def is_square(self, layer: int) -> bool:
        """Whether W^l has as many rows as columns."""
        return bool(self.w[layer].shape[0] == self.w[layer].shape[1])

    def value(self, layer: int, z: Any) -> Any:
        """σ_l(z)."""
        if self.to is None:
            return self.activation(layer).value(z)
        return self._tracked(activated(z, self.activation(layer), self.to))

    def prime(self, layer: int) -> Any:
        """σ_l'(z^l)."""
        if layer not in self._primes:
            self._primes[layer] = self._prime(layer, self.z[layer], self.to)
        return self._primes[layer]

    def prime_at(self, layer: int, v: Any) -> Any:
        """σ_l'(v) where another than z^l was taken for it.

        There relu' is 0 at 0: a^l often is 0, and if any slope were granted there, any result would be explained.
        """
        return self._prime(layer, v, None if self.to is None else self.to._replace(textbook=False))

    def _prime(self, layer: int, v: Any, to: Arithmetic | None) -> Any:
        activation = self.activation(layer)
        return (
            activation.prime(v) if to is None else self._tracked(slope(v, activated(v, activation, to), activation, to))
        )

    def softmax(self, v: Any) -> Any:
        """Softmax over the neurons of a layer."""
        return softmax.value(v) if self.to is None else self._tracked(activated(v, softmax, self.to))

    def nabla_a(self) -> Any:
        """∇_a C at the output."""
        a = self.a[self.top]
        if self.to is None:
            return self.problem.cost.gradient(a, self.y)
        return self._tracked(cost_gradient(self._output(), residual(a, self.y, self.to), a, self.to))

    def output_error(self) -> Any:
        """δ^L as it should be: (17) or (26)."""
        z, a = self.z[self.top], self.a[self.top]
        if self.to is None:
            if self.activation(self.top) is softmax and isinstance(self.problem.cost, Quadratic | Huber):
                g = self.nabla_a()  # from a, also where a is not what it should be
                return a * (g - (g * a).sum(axis=-1, keepdims=True))
            return self.problem.cost.delta(z, a, self.y, self.activation(self.top))
        return self._tracked(output_error(self._output(), z, a, self.to))

    def _output(self) -> Output:
        return Output(self.problem.cost, self.activation(self.top), self.y)

    def back(self, layer: int) -> Any:
        """(W^{l+1})ᵀ δ^{l+1}, for every example."""
        return self.delta[layer + 1] @ self.w[layer + 1]

    def where(self, mask: Array, chosen: Any, other: Any) -> Any:
        """`chosen` where `mask` is true, else `other`."""
        if self.to is None:
            return np.where(mask, chosen, other).astype(self.problem.dtype)
        left, right = self.tracked(chosen), self.tracked(other)
        return Tracked(np.where(mask, left.value, right.value), np.where(mask, left.error, right.error), self.to)

    def plain(self, numbers: Any) -> Array:
        """The numbers alone, without what they may be off by."""
        return numbers.value if isinstance(numbers, Near) else numbers

    def tracked(self, numbers: Any) -> Tracked:
        """Numbers of either kind as tracked ones."""
        assert self.to is not None
        return numbers if isinstance(numbers, Tracked) else Tracked.exact(numbers, self.to)

    def _tracked(self, near: Near) -> Tracked:
        assert self.to is not None
        return Tracked(near.value, near.error, self.to)
