"""The same step in the source's form: the gradients of a mini-batch one example after another, their mean, one update.

It is there to be read and to be compared with `step`: it makes every gradient, and takes some twenty times as long.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from minibp.arrays import Array
from minibp.costs import Cost
from minibp.network import Network
from minibp.per_example import backprop
from minibp.training.fused_step import network_of
from minibp.workspace.kernels import Step


class ExampleStep:
    """Steps w ← (1 − decay) w − η ∂C_0/∂w and b ← b − η ∂C_0/∂b, equations (7), (28) and (29), by `per_example`.

    Arguments and calls are those of `BatchStep`.

    >>> from minibp.costs import cost_of
    >>> step = ExampleStep(Network([[[2.0]]], [[1.0]], "identity"), cost_of("quadratic"), eta=0.5, decay=0.25)
    >>> step.bind(np.array([[3.0]]), np.array([[5.0]]))()
    >>> step.network()
    Network([np.array([[-1.5]])], [np.array([0.0])], ['identity'])
    """

    def __init__(self, network: Network, cost: Cost, *, eta: float, decay: float = 0.0) -> None:
        self._network: Network | None = network
        self._cost, self._eta, self._decay = cost, eta, decay

    def bind(self, x: Array, y: Array) -> Step:
        """A function that moves the parameters by one step at each call, with what is then in x and y."""
        return partial(self._move, x, y)

    def _move(self, x: Array, y: Array) -> None:
        """One step; parameters that are not finite stay so."""
        network = self._network
        if network is None:
            return
        with np.errstate(all="ignore"):
            nabla_w, nabla_b = backprop(network, self._cost, x, y).gradient  # (1/k) Σ of (7)
            kept = 1 - self._decay  # 1 − ηα/m
            weights = [kept * w - self._eta * g for w, g in zip(network.weights, nabla_w, strict=True)]  # (7), (29)
            biases = [b - self._eta * g for b, g in zip(network.biases, nabla_b, strict=True)]  # (7), (28)
        self._network = network_of(weights, biases, network.activations)

    def network(self) -> Network | None:
        """The parameters as they are now; None where they are no longer finite."""
        return self._network
