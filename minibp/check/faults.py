"""The catalogue of faults, and a backprop with a switch at every step.

The ids are fixed: what is built on reports relies on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minibp.arrays import Array, InputError
from minibp.check.fault import Fault, Formula
from minibp.check.layer_faults import FORWARD, RECURSION, activation, recursion, weighted_input
from minibp.check.output_faults import OUTPUT, output_error
from minibp.check.parameter_faults import BATCH, BIAS, L2_FAULTS, WEIGHT, bias, decay, shares, weight
from minibp.check.values import Values
from minibp.network import Gradient, Network
from minibp.problem import Problem

CATALOGUE: dict[str, Fault] = {
    fault.id: fault for fault in (*FORWARD, *OUTPUT, *RECURSION, *BIAS, *WEIGHT, *BATCH, *L2_FAULTS)
}
"""Every fault by its id; within one equation the simplest and commonest come first."""

RIGHT: dict[str, Formula] = {
    "z": weighted_input,
    "a": activation,
    "output": output_error,
    "recursion": recursion,
    "shares": shares,
    "bias": bias,
    "weight": weight,
    "l2_weights": decay,
}
"""Each step as its equation has it."""


@dataclass(frozen=True)
class Placed:
    """A fault in certain layers, or in all (None), in one of the ways that it is written, and with its constant."""

    fault: Fault
    layers: tuple[int, ...] | None = None
    way: int = 0
    constant: float | None = None

    def at(self, v: Values, layer: int) -> Any:
        """What it computes at a layer; None where it makes no difference."""
        if self.layers is not None and layer not in self.layers:
            return None
        found = self.fault.formulas[self.way](v, layer)
        if self.fault.along is None or found is None:
            return found
        return found + self.fault.along(v, layer) * (1.0 if self.constant is None else self.constant)


def backprop(v: Values, placed: Sequence[Placed] = ()) -> Gradient:
    """∂C/∂W and ∂C/∂b of a pass that has these faults; fills `v` on the way."""
    run_forward(v, placed)
    for layer in range(v.top, 1, -1):
        if layer == v.top:
            v.delta[layer] = step("output", v, layer, placed)
            v.raw[layer] = raw_output_error(v)
        else:
            v.delta[layer] = step("recursion", v, layer, placed)
            v.raw[layer] = v.raw[layer + 1] @ v.w[layer + 1]
        v.nabla_w[layer] = _nabla_w(v, layer, placed)
    nabla_w = tuple(v.nabla_w[layer] for layer in range(2, v.top + 1))
    return Gradient(nabla_w, tuple(_nabla_b(v, layer, placed) for layer in range(2, v.top + 1)))


def run_forward(v: Values, placed: Sequence[Placed] = ()) -> None:
    """Every z and a."""
    for layer in range(2, v.top + 1):
        v.z[layer] = step("z", v, layer, placed)
        v.a[layer] = step("a", v, layer, placed)


def raw_output_error(v: Values) -> Any:
    """∇_a C, before it is multiplied by σ'; where σ' has cancelled, δ^L itself."""
    return v.delta[v.top] if v.is_fused else v.nabla_a()


def step(name: str, v: Values, layer: int, placed: Sequence[Placed]) -> Any:
    """One step as the first fault there has it, or as it should be."""
    found = first(name, v, layer, placed)
    return RIGHT[name](v, layer) if found is None else found


def first(name: str, v: Values, layer: int, placed: Sequence[Placed]) -> Any:
    """What the first of these faults that is in this step and makes a difference computes; None if there is none."""
    for one in placed:
        if one.fault.step == name:
            found = one.at(v, layer)
            if found is not None:
                return found
    return None


def _share(v: Values, layer: int, placed: Sequence[Placed], own: str) -> Array:
    found: Array | None = first(own, v, layer, placed)
    whole: Array = step("shares", v, layer, placed)
    return whole if found is None else whole * v.m * found


def _nabla_w(v: Values, layer: int, placed: Sequence[Placed]) -> Any:
    v.share = _share(v, layer, placed, "shares_w")
    found = first("products", v, layer, placed)
    data = step("weight", v, layer, placed) if found is None else found
    return data + step("l2_weights", v, layer, placed) if v.alpha else data


def _nabla_b(v: Values, layer: int, placed: Sequence[Placed]) -> Any:
    v.share = _share(v, layer, placed, "shares_b")
    data = step("bias", v, layer, placed)
    added = first("l2_biases", v, layer, placed) if v.alpha else None
    return data if added is None else data + added


class Faulty:
    """A subject that is wrong in a known way: backprop with the given faults in it.

    >>> subject = Faulty(["hidden_derivative_missing"], "sigmoid", None, "quadratic")
    >>> weights, biases = [np.ones((2, 1)), np.ones((1, 2))], [np.ones(2), np.ones(1)]
    >>> nabla_w, nabla_b = subject(weights, biases, np.ones((1, 1)), np.zeros((1, 1)))
    >>> [array.shape for array in nabla_b]
    [(2,), (1,)]
    """

    def __init__(
        self,
        faults: Sequence[str | Placed],
        activation: Any,
        output_activation: Any,
        cost: Any,
        l2: float = 0.0,
    ) -> None:
        self.placed = tuple(one if isinstance(one, Placed) else Placed(fault_of(one)) for one in faults)
        self.given = activation, output_activation, cost, l2
        self.__name__ = " and ".join(one.fault.id for one in self.placed) or "right"

    def __call__(
        self, weights: Sequence[Array], biases: Sequence[Array], x: Array, y: Array
    ) -> tuple[list[Array], list[Array]]:
        activation, output_activation, cost, l2 = self.given
        network = Network(weights, biases, activation, output_activation)
        found = backprop(Values(Problem(network, cost, x, y, l2)), self.placed)
        return tuple([np.asarray(array, network.dtype) for array in kind] for kind in found)  # type: ignore[return-value]


def fault_of(name: str) -> Fault:
    """The fault of an id."""
    if name not in CATALOGUE:
        raise InputError(f"unknown fault {name!r}, expected one of {', '.join(CATALOGUE)}")
    return CATALOGUE[name]
