"""The network and the example of a worked pass: drawn from a seed, of few digits, so that they can be typed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from minibp import component
from minibp.activations import ACTIVATIONS, Activation, activation_of, activations_of
from minibp.arrays import Array, InputError
from minibp.costs import Cost, cost_of
from minibp.inputs import checked_l2
from minibp.network import Gradient, Network, checked_sizes

MOST_WEIGHTS = 60
MOST_LAYERS = MOST_NEURONS = 9
"""More could not be read; and an index has one digit, so that w^2_12 has the indices 1 and 2."""
MOST_L2 = 100.0
TRIES = 200
"""Networks that are drawn at most until one has numbers of a size that is easily read."""
LARGEST_Z, LEAST_Z, LEAST_DELTA = 4.0, 0.005, 0.005
"""Easily read: every |z| is between the two, and no δ below the last but for exact zeros, of which no layer is full."""
ETAS = tuple(float(f"{digit}e-{power}") for power in range(1, 7) for digit in (5, 2, 1))
"""The learning rates that are tried, the largest first: 0.5, 0.2, 0.1, 0.05, …"""


class Example(NamedTuple):
    """A network, a cost, one example and a learning rate."""

    network: Network
    cost: Cost
    x: Array
    y: Array
    l2: float
    eta: float
    seed: int


def example_of(
    sizes: Sequence[int], activation: str, output_activation: str | None, cost: str, l2: float, seed: int
) -> Example:
    """The example of a seed: of the networks that it draws, the first whose numbers are easily read."""
    widths, chosen = checked_sizes(sizes), cost_of(cost)
    expect_readable(widths)
    activations = activations_of(activation, output_activation, len(widths) - 1)
    for one in activations:
        expect_written_out(one)
    chosen.check_output(activations[-1], widths[-1])
    if not activations[-1].elementwise and widths[-1] == 1:
        raise InputError(
            "softmax over one neuron is always 1, which leaves nothing to learn: expected 2 or more outputs"
        )
    alpha = checked_l2(l2, "float64").alpha
    if alpha > MOST_L2:
        raise InputError(f"l2 is {alpha:g}, expected at most {MOST_L2:g}, so that its numbers can be read")
    best = max(_tries(widths, activations, chosen, seed), key=lambda one: one[0])[1]
    return Example(*best, alpha, _eta(*best, alpha), seed)


def expect_readable(sizes: Sequence[int]) -> None:
    """Reject a network that is too large to be read."""
    weights = sum(below * above for below, above in pairwise(sizes))
    if weights > MOST_WEIGHTS or max(sizes) > MOST_NEURONS or len(sizes) > MOST_LAYERS:
        raise InputError(
            f"{len(sizes)} layers, the widest of {max(sizes):,}, with {weights:,} weights are too many to be read: "
            f"expected at most {MOST_LAYERS} layers of at most {MOST_NEURONS} neurons, with {MOST_WEIGHTS} weights"
        )


def expect_written_out(activation: Activation) -> None:
    """Reject an activation that no pocket calculator has the functions for."""
    family = activation.name.partition("(")[0]
    if family not in ACTIVATIONS or type(activation) is not type(activation_of(family)):
        raise InputError(
            f"{activation.name} is not written out for a calculator, expected one of {', '.join(ACTIVATIONS)}"
        )


def stepped(network: Network, gradient: Gradient, eta: float) -> Network:
    """The network one step along −∇C."""
    weights = [w - eta * nabla for w, nabla in zip(network.weights, gradient.nabla_w, strict=True)]
    biases = [b - eta * nabla for b, nabla in zip(network.biases, gradient.nabla_b, strict=True)]
    return Network(weights, biases, network.activations)


Drawn = tuple[Network, Cost, Array, Array]


def _tries(
    sizes: Sequence[int], activations: Sequence[Activation], cost: Cost, seed: int
) -> Iterator[tuple[float, Drawn]]:
    """Networks and examples, each with how easily it is read; one that is read easily enough is the last."""
    rng = np.random.default_rng(seed)
    for _ in range(TRIES):
        weights = [_tenths(rng, 9, (above, below)) for below, above in pairwise(sizes)]
        biases = [_tenths(rng, 5, (n,)) for n in sizes[1:]]
        network = Network(weights, biases, activations)
        x, y = np.abs(_tenths(rng, 9, (sizes[0],))), _target(rng, cost, activations[-1], sizes[-1])
        passed = component.backprop(network, cost, x[None], y[None])
        largest = max(float(np.abs(z).max()) for z in passed.z)
        least = min(float(np.abs(delta[delta != 0]).min(initial=np.abs(delta).max())) for delta in passed.delta)
        at_zero = min(float(np.abs(z).min()) for z in passed.z)  # where some σ have a kink, and rounding a sign
        ease = min(LARGEST_Z / max(largest, LARGEST_Z), least / LEAST_DELTA, at_zero / LEAST_Z, 1.0)
        yield ease, (network, cost, x, y)
        if ease == 1:
            return


def _tenths(rng: np.random.Generator, most: int, shape: tuple[int, ...]) -> Array:
    """Numbers of one decimal, up to `most` tenths, none of them 0."""
    return rng.integers(1, most + 1, shape) * rng.choice([-1, 1], shape) / 10


def _target(rng: np.random.Generator, cost: Cost, output: Activation, n: int) -> Array:
    """A target that fits the cost and the output: a 1 among 0s, or numbers of one decimal that outputs can have."""
    low, high = output.bounds
    if (low, high) == (0, 1):
        return np.eye(max(n, 2))[rng.integers(max(n, 2))][:n]
    tenths = _tenths(rng, 9, (n,))
    return np.abs(tenths) if low > -1 else tenths


def _eta(network: Network, cost: Cost, x: Array, y: Array, alpha: float) -> float:
    """The largest of `ETAS` with which a step lowers the cost by a third of what its gradient promises."""
    before = component.backprop(network, cost, x[None], y[None], alpha)
    promised = sum(float((nabla * nabla).sum()) for nabla in sum(before.gradient, ()))
    for eta in ETAS:
        after = component.backprop(stepped(network, before.gradient, eta), cost, x[None], y[None], alpha)
        if before.cost - after.cost >= eta * promised / 3:
            return eta
    return ETAS[-1]
