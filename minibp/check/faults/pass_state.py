"""The state of one pass, layer by layer and by the article's letters: the arrays that a formula of the catalogue uses.

The same formulas serve two purposes. On plain arrays they make a backprop that is wrong in a known way; on
running-error numbers they predict the result of such a backprop, and how far rounding may take it from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias, TypeVar

import numpy as np

from minibp.activations import Activation, sigmoid, softmax
from minibp.arrays import Array
from minibp.check.rounding.arithmetic import Arithmetic, Ball
from minibp.check.rounding.layer import activated, derivative
from minibp.check.rounding.output_layer import Output, cost_gradient, output_error, residual
from minibp.check.rounding.running_error import RunningError
from minibp.costs import Huber, Quadratic, fuses
from minibp.problem import Problem

Parameter = TypeVar("Parameter")
Number: TypeAlias = Any
"""An array of a pass: plain, or of running-error numbers."""


def by_layer(parameters: Iterable[Parameter]) -> dict[int, Parameter]:
    """Parameters or their gradients, which a network lists, by the number of the layer: 2, …, L.

    >>> by_layer(["W of the hidden layer", "W of the output layer"])[2]
    'W of the hidden layer'
    """
    return dict(enumerate(parameters, start=2))


def softmax_backward(s: Number, g: Number) -> Number:
    """The product of the softmax's Jacobian at the output s and a vector g, for every example."""
    return s * (g - (g * s).sum(axis=-1, keepdims=True))


class PassState:
    """Arrays of one problem; dictionaries are by layer, 1..L, and rows are examples as everywhere.

    `w`, `b`, `x` and `y` are given. z, a, δ, the error before it is multiplied by σ' (`raw`) and ∂C/∂W are filled in
    by the code that runs or reads a pass. With an arithmetic all of these are running-error numbers, without one they
    are plain.
    """

    def __init__(self, problem: Problem, fp: Arithmetic | None = None) -> None:
        self.problem = problem
        self.fp = fp
        self.w: dict[int, Array] = by_layer(problem.network.weights)
        self.b: dict[int, Array] = by_layer(problem.network.biases)
        self.activations: dict[int, Activation] = by_layer(problem.network.activations)
        self.layers = tuple(self.w)
        """The layers that have parameters, 2..L."""
        self.top = self.layers[-1]
        """L, the number of the output layer."""
        self.m = problem.m
        self.alpha = problem.l2.alpha
        self.x = self.exact(problem.x)
        self.y = problem.y
        self.z: dict[int, Number] = {}
        self.a: dict[int, Number] = {1: self.x}
        self.delta: dict[int, Number] = {}
        self.raw: dict[int, Number] = {}
        self.nabla_w: dict[int, Number] = {}
        self.nabla_b: dict[int, Number] = {}
        self.share: Array = np.ones(problem.m, problem.dtype)
        """The weight of each example in a sum over them."""
        self._primes: dict[int, Number] = {}

    def without_errors(self) -> PassState:
        """The same pass in plain float64 numbers, without what these may be off by."""
        twin = PassState(self.problem.astype("float64"))
        twin.activations, twin.share = self.activations, self.share
        for name in ("z", "a", "delta", "raw", "nabla_w", "nabla_b"):
            setattr(twin, name, {l: self.plain(numbers) for l, numbers in getattr(self, name).items()})
        return twin

    def exact(self, array: Array) -> Number:
        """An array as this pass's kind of number."""
        return array if self.fp is None else RunningError.exact(array, self.fp)

    def read_error(self, layer: int, step: str) -> Array:
        """The error of ∂C/∂W^l, of step "weight", or of ∂C/∂b^l, where it is read from parameters after a step."""
        parameter = self.w[layer] if step == "weight" else self.b[layer]
        return np.zeros(()) if self.fp is None else self.fp.read_error(parameter)

    @property
    def is_fused(self) -> bool:
        """True where δ^L is a^L − y, equation (26)."""
        return fuses(self.problem.cost, self.activations[self.top])

    def is_square(self, layer: int) -> bool:
        """True where W^l has as many rows as columns."""
        return bool(self.w[layer].shape[0] == self.w[layer].shape[1])

    def value(self, layer: int, z: Number) -> Number:
        """σ_l(z)."""
        return self.value_of(self.activations[layer], z)

    def value_of(self, activation: Activation, z: Number) -> Number:
        """σ(z) of this activation."""
        return activation.value(z) if self.fp is None else self._running(activated(z, activation, self.fp))

    def prime(self, layer: int) -> Number:
        """σ_l'(z^l)."""
        if layer not in self._primes:
            self._primes[layer] = self._prime(self.activations[layer], self.z[layer], self.fp)
        return self._primes[layer]

    def prime_at(self, layer: int, v: Number) -> Number:
        """σ_l'(v) where another than z^l was taken for it.

        There relu' is 0 at 0: a^l often is 0, and if any slope were granted there, any result would be explained.
        """
        return self.prime_of(self.activations[layer], v)

    def prime_of(self, activation: Activation, v: Number) -> Number:
        """σ'(v) of this activation, with relu' 0 at 0."""
        return self._prime(activation, v, None if self.fp is None else self.fp._replace(textbook=False))

    def _prime(self, activation: Activation, v: Number, fp: Arithmetic | None) -> Number:
        return (
            activation.prime(v)
            if fp is None
            else self._running(derivative(v, activated(v, activation, fp), activation, fp))
        )

    def ones(self, layer: int) -> Number:
        """1 for every neuron of a layer, and every example."""
        return self.exact(np.ones((self.m, len(self.w[layer])), self.problem.dtype))

    def softmax(self, v: Number) -> Number:
        """Softmax over the neurons of a layer."""
        return softmax.value(v) if self.fp is None else self._running(activated(v, softmax, self.fp))

    def sigmoid(self, v: Number) -> Number:
        """1/(1 + e^{-v}); for running-error numbers the softmax of (v, 0), which is the same."""
        if self.fp is None:
            return sigmoid.value(v)
        v = self.running(v)
        pair = RunningError(np.stack([v.value, 0 * v.value], -1), np.stack([v.error, 0 * v.error], -1), self.fp)
        return self.softmax(pair)[..., 0]

    def equal_shares(self, share: float, last: float | None = None) -> Array:
        """The same share for every example, but for the last where another is given for it."""
        shares: Array = np.full(self.m, share)
        if last is not None:
            shares[-1] = last
        return shares.astype(self.problem.dtype)

    def nabla_a(self) -> Number:
        """∇_a C at the output."""
        a = self.a[self.top]
        if self.fp is None:
            return self.problem.cost.gradient(a, self.y)
        return self._running(cost_gradient(self._output(), residual(a, self.y, self.fp), a, self.fp))

    def output_error(self) -> Number:
        """δ^L as it should be: (17) or (26)."""
        z, a, activation = self.z[self.top], self.a[self.top], self.activations[self.top]
        if self.fp is None:
            if activation is softmax and isinstance(self.problem.cost, Quadratic | Huber):
                return softmax_backward(a, self.nabla_a())  # from a, also where a is not what it should be
            return self.problem.cost.delta(z, a, self.y, activation)
        return self._running(output_error(self._output(), z, a, self.fp))

    def _output(self) -> Output:
        return Output(self.problem.cost, self.activations[self.top], self.y)

    def back(self, layer: int) -> Number:
        """(W^{l+1})ᵀ δ^{l+1}, for every example."""
        return self.delta[layer + 1] @ self.w[layer + 1]

    def where(self, mask: Array, chosen: Any, other: Any) -> Number:
        """`chosen` where `mask` is true, else `other`."""
        if self.fp is None:
            return np.where(mask, chosen, other).astype(self.problem.dtype)
        left, right = self.running(chosen), self.running(other)
        return RunningError(np.where(mask, left.value, right.value), np.where(mask, left.error, right.error), self.fp)

    def plain(self, numbers: Number) -> Array:
        """The numbers alone, without what they may be off by."""
        return numbers.value if isinstance(numbers, Ball) else numbers

    def running(self, numbers: Number) -> RunningError:
        """Numbers of either kind as running-error numbers."""
        assert self.fp is not None
        return numbers if isinstance(numbers, RunningError) else RunningError.exact(numbers, self.fp)

    def _running(self, near: Ball) -> RunningError:
        assert self.fp is not None
        return RunningError(near.value, near.error, self.fp)
