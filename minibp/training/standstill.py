"""Why an epoch moved no parameter: neurons that training has saturated, or steps that are lost in rounding."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minibp.activations import Activation
from minibp.arrays import Array
from minibp.costs import CategoricalCrossEntropy, Cost, CrossEntropy
from minibp.network import Network
from minibp.text import counted
from minibp.training.scores import SCORED_BYTES, Examples
from minibp.user_functions import checked_cost, with_checked_functions
from minibp.workspace.plan import slices


def moved(before: Network, after: Network) -> bool:
    """True where any parameter has another value."""
    return not all(
        np.array_equal(old, new)
        for old, new in zip(before.weights + before.biases, after.weights + after.biases, strict=True)
    )


def got_saturated(first: Network, network: Network, examples: Examples, cost: Cost) -> str:
    """Of a network that an epoch did not move: which layers training has saturated, while the cost could be lower.

    "" where it could not be, or where `first`, with which training began, was saturated already.
    """
    now, begun = saturation(network, examples, cost), saturation(first, examples, cost)
    if now.at_minimum or not set(now.layers) - set(begun.layers):
        return ""
    are = "is" if now.neurons == 1 else "are"
    return (
        f"no parameter moved, as {counted(now.neurons, 'neuron')}, all of {now.named()}, "
        f"{are} saturated at every example"
    )


def why_still(network: Network, examples: Examples, cost: Cost, eta: float) -> str:
    """The reason why no parameter moves of a network that training has not saturated."""
    now = saturation(network, examples, cost)
    if now.at_minimum:
        return "the outputs are the best that there are for this cost"
    if now.layers:
        return f"all neurons of {now.named()} are saturated at every example, as they were before the first step"
    return f"each step is 0 to within the rounding of the parameters, with eta {eta:g}"


class Saturation(NamedTuple):
    """Layers that cannot learn, and a mark where nothing is left to be learned."""

    layers: tuple[int, ...]
    """Those where σ'(z) of every neuron is below the rounding of 1 at every example."""
    neurons: int
    """Number of neurons in these layers."""
    at_minimum: bool
    """True where no output could be better, to within rounding."""

    def named(self) -> str:
        """The layers in words."""
        return f"layer{'s' if len(self.layers) > 1 else ''} {' and '.join(map(str, self.layers))}"


def saturation(network: Network, examples: Examples, cost: Cost) -> Saturation:
    """The saturation of a network, from one pass over all examples, (13) and (14)."""
    network, cost = with_checked_functions(network), checked_cost(cost)
    rounding = float(np.finfo(network.dtype).eps)
    largest, off = [0.0] * len(network.weights), 0.0
    with np.errstate(all="ignore"):
        for rows in slices(len(examples.x), max(network.sizes) * examples.x.itemsize, SCORED_BYTES):
            a = examples.x[rows]
            for i, (w, b, activation) in enumerate(
                zip(network.weights, network.biases, network.activations, strict=True)
            ):
                z = a @ w.T + b
                largest[i] = max(largest[i], _largest_slope(activation, z))
                a = activation.value(z)
            off = max(off, float(np.abs(_output_error(cost, a, examples.y[rows])).max()))
    layers = tuple(i + 2 for i, slope in enumerate(largest) if slope < rounding)
    return Saturation(layers, sum(network.sizes[layer - 1] for layer in layers), off <= rounding)


def _largest_slope(activation: Activation, z: Array) -> float:
    """The largest |σ'(z)|; of softmax, whose Jacobian is large, 1: its neurons are not saturated one by one."""
    return float(np.abs(activation.prime(z)).max()) if activation.elementwise else 1.0


def _output_error(cost: Cost, a: Array, y: Array) -> Array:
    """∇_a C, which is 0 where no output could be better; a − y of the cross-entropies, whose ∇_a C is not 0 there."""
    return a - y if isinstance(cost, (CrossEntropy, CategoricalCrossEntropy)) else cost.gradient(a, y)
