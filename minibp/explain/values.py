"""The numbers of a pass at hand by layer, as the equations have them: z^l is `z[l]`."""

from __future__ import annotations

import numpy as np

from minibp import batched, component
from minibp.arrays import Array
from minibp.explain.example import Example, stepped
from minibp.explain.notation import given, shown
from minibp.network import Backprop


class Values:
    """Everything that is computed on the way, in full."""

    def __init__(self, example: Example) -> None:
        self.example, network = example, example.network
        arguments = network, example.cost, example.x[None], example.y[None], example.l2
        self.passed = component.backprop(*arguments)
        self.difference = largest_difference(self.passed, batched.backprop(*arguments))
        """The largest difference to `minibp.batched.backprop`, of any number."""
        self.last = len(network.sizes)
        self.layers = range(2, self.last + 1)
        """Those after the input."""
        self.w = dict(zip(self.layers, network.weights, strict=True))
        self.b = dict(zip(self.layers, network.biases, strict=True))
        self.sigma = dict(zip(self.layers, network.activations, strict=True))
        self.z = {l: self.passed.z[l - 2][0] for l in self.layers}
        self.a = {l: a[0] for l, a in enumerate(self.passed.a, start=1)}
        self.prime = {l: self.sigma[l].prime(self.z[l]) for l in self.layers}
        self.delta = {l: self.passed.delta[l - 2][0] for l in self.layers}
        self.nabla_w = dict(zip(self.layers, self.passed.gradient.nabla_w, strict=True))
        self.plain_nabla_w = {l: np.outer(self.delta[l], self.a[l - 1]) for l in self.layers}
        """Without L2."""
        self.cost = float(self.passed.cost)
        self.plain_cost = self._plain_cost(self.passed)
        self.stepped = stepped(network, self.passed.gradient, example.eta)
        """The network after one step of gradient descent."""
        self.after = component.backprop(self.stepped, *arguments[1:])
        self.plain_cost_after = self._plain_cost(self.after)

    def _plain_cost(self, passed: Backprop) -> float:
        example = self.example
        return float(example.cost.value_at(passed.z[-1][0], passed.a[-1][0], example.y, self.sigma[self.last]))

    def text_of_a(self, l: int, k: int) -> str:
        """a^l_k as it is shown: the input is given."""
        return given(self.a[l][k]) if l == 1 else shown(self.a[l][k])


def largest_difference(one: Backprop, other: Backprop) -> float:
    """The largest difference between any number of two passes and the same of the other."""
    numbers = [
        np.concatenate([np.ravel(part) for part in (passed.cost, *passed.z, *passed.a, *passed.delta, *_flat(passed))])
        for passed in (one, other)
    ]
    return float(np.abs(numbers[0] - numbers[1]).max())


def _flat(passed: Backprop) -> tuple[Array, ...]:
    return (*passed.gradient.nabla_w, *passed.gradient.nabla_b)
