"""A backprop that makes given faults: every step as the first fault of that step has it, or as its equation does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minibp.activations import Activation
from minibp.arrays import Array
from minibp.check.faults.batch import equation_6
from minibp.check.faults.catalogue import CATALOGUE, fault_of
from minibp.check.faults.fault import Fault, Formula
from minibp.check.faults.forward import equation_13, equation_14
from minibp.check.faults.l2 import equation_27
from minibp.check.faults.output import equation_17_or_26
from minibp.check.faults.parameters import equation_23, equation_24
from minibp.check.faults.pass_state import Number, PassState
from minibp.check.faults.recursion import equation_22
from minibp.network import Gradient, Network
from minibp.problem import Problem

RIGHT: dict[str, Formula] = {
    "z": equation_13,
    "a": equation_14,
    "output": equation_17_or_26,
    "recursion": equation_22,
    "shares": equation_6,
    "bias": equation_23,
    "weight": equation_24,
    "l2_weights": equation_27,
}
"""The equation of each step; the other steps of a pass are deviations alone."""


@dataclass(frozen=True)
class FaultInstance:
    """A fault in certain layers, or in all (None), by one of its formulas, and with its constant."""

    fault: Fault
    layers: tuple[int, ...] | None = None
    variant: int = 0
    """The index in `fault.formulas`."""
    constant: float | None = None

    def at(self, p: PassState, l: int) -> Number:
        """The result of the step at a layer; None where the fault changes nothing."""
        if self.layers is not None and l not in self.layers:
            return None
        if self.fault.curves and self.constant is not None:
            return self.fault.curves[self.variant](p, l, self.constant)
        result = self.fault.formulas[self.variant](p, l)
        if self.fault.along is None or result is None:
            return result
        return result + self.fault.along(p, l) * (1.0 if self.constant is None else self.constant)

    def piece_at(self, p: PassState, l: int, name: str) -> Number:
        """The piece of (22) of this name, as the fault has it; None where it changes another, or nothing."""
        piece = self.fault.pieces[self.variant] if self.fault.pieces else None
        if piece is None or piece.name != name or (self.layers is not None and l not in self.layers):
            return None
        result = piece.formula(p, l)
        if piece.along is None or result is None:
            return result
        return result + piece.along(p, l) * (1.0 if self.constant is None else self.constant)

    def activation_at(self, p: PassState, l: int) -> Activation:
        """The activation of a layer: the pass's own, or another in its place."""
        given = p.activations[l]
        if self.fault.other is None or (self.layers is not None and l not in self.layers):
            return given
        constant = self.fault.typical if self.constant is None else self.constant
        return given if constant is None else self.fault.other(given, constant) or given


def run_pass(p: PassState, faults: Sequence[FaultInstance] = ()) -> Gradient:
    """∂C/∂W and ∂C/∂b of a pass that has these faults; fills `p` on the way."""
    run_forward(p, faults)
    for l in reversed(p.layers):
        if l == p.top:
            p.delta[l] = compute_step("output", p, l, faults)
        else:
            p.delta[l] = compute_step("recursion", p, l, faults)
        p.raw[l] = raw_error(p, l, faults)
        p.nabla_w[l] = _nabla_w(p, l, faults)
        p.nabla_b[l] = _nabla_b(p, l, faults)
    pairs = {l: _deviation("gradient", p, l, faults) or (p.nabla_w[l], p.nabla_b[l]) for l in p.layers}
    return Gradient(tuple(pairs[l][0] for l in p.layers), tuple(pairs[l][1] for l in p.layers))


def run_forward(p: PassState, faults: Sequence[FaultInstance] = ()) -> None:
    """Every z and a; a layer whose activation is another has that one from here on."""
    for l in p.layers:
        for one in faults:
            p.activations[l] = one.activation_at(p, l)
        p.z[l] = compute_step("z", p, l, faults)
        p.a[l] = compute_step("a", p, l, faults)


def raw_error(p: PassState, l: int, faults: Sequence[FaultInstance] = ()) -> Number:
    """The error of a layer before it is multiplied by σ', gone back through the weights that δ goes back through."""
    if l == p.top:
        return raw_output_error(p)
    for instance in faults:
        weights = instance.piece_at(p, l, "weights")
        if weights is not None:
            return p.raw[l + 1] @ weights
    return p.raw[l + 1] @ p.w[l + 1]


def raw_output_error(p: PassState) -> Number:
    """∇_a C, before it is multiplied by σ'; where σ' has cancelled, δ^L itself."""
    return p.delta[p.top] if p.is_fused else p.nabla_a()


def compute_step(name: str, p: PassState, l: int, faults: Sequence[FaultInstance]) -> Number:
    """The result of a step by the first of these faults that changes it, or by its equation."""
    result = _deviation(name, p, l, faults)
    return RIGHT[name](p, l) if result is None else result


def _deviation(name: str, p: PassState, l: int, faults: Sequence[FaultInstance]) -> Number:
    """The result of a step by the first of these faults that changes it; None if none does."""
    for instance in faults:
        if instance.fault.step == name:
            result = instance.at(p, l)
            if result is not None:
                return result
    return None


def _nabla_w(p: PassState, l: int, faults: Sequence[FaultInstance]) -> Number:
    p.share = _share(p, l, faults, "shares_w")
    products = _deviation("products", p, l, faults)
    data = compute_step("weight", p, l, faults) if products is None else products
    return data + compute_step("l2_weights", p, l, faults) if p.alpha else data


def _nabla_b(p: PassState, l: int, faults: Sequence[FaultInstance]) -> Number:
    p.share = _share(p, l, faults, "shares_b")
    data = compute_step("bias", p, l, faults)
    penalty = _deviation("l2_biases", p, l, faults) if p.alpha else None
    return data if penalty is None else data + penalty


def _share(p: PassState, l: int, faults: Sequence[FaultInstance], of_tensor: str) -> Array:
    """The share of each example in the mean of one tensor; a fault of that tensor's mean alone is a factor."""
    factor: Array | None = _deviation(of_tensor, p, l, faults)
    share: Array = compute_step("shares", p, l, faults)
    return share if factor is None else share * p.m * factor


def needs_equal_widths(name: str, problem: Problem) -> bool:
    """True where a fault of this id cannot be made in some layer of a network, though it can in others like it.

    A product by the wrong side of a matrix raises where the widths differ.
    """
    fault = CATALOGUE.get(name)
    if fault is None or len(set(problem.network.sizes)) == 1:
        return False
    p = PassState(problem.astype("float64"))
    run_pass(p)
    layers = [l for l in p.layers if fault.step != "recursion" or l < p.top]
    return any(all(formula(p, l) is None for formula in fault.formulas) for l in layers)


class FaultyBackprop:
    """A subject that is wrong in a known way: backprop with the given faults in it.

    >>> subject = FaultyBackprop(["hidden_derivative_missing"], "sigmoid", None, "quadratic")
    >>> weights, biases = [np.ones((2, 1)), np.ones((1, 2))], [np.ones(2), np.ones(1)]
    >>> nabla_w, nabla_b = subject(weights, biases, np.ones((1, 1)), np.zeros((1, 1)))
    >>> [array.shape for array in nabla_b]
    [(2,), (1,)]
    """

    def __init__(
        self,
        faults: Sequence[str | FaultInstance],
        activation: Any,
        output_activation: Any,
        cost: Any,
        l2: float = 0.0,
    ) -> None:
        self.faults = tuple(one if isinstance(one, FaultInstance) else FaultInstance(fault_of(one)) for one in faults)
        self.setting = activation, output_activation, cost, l2
        self.__name__ = " and ".join(one.fault.id for one in self.faults) or "right"

    def __call__(
        self, weights: Sequence[Array], biases: Sequence[Array], x: Array, y: Array
    ) -> tuple[list[Array], list[Array]]:
        activation, output_activation, cost, l2 = self.setting
        network = Network(weights, biases, activation, output_activation)
        gradient = run_pass(PassState(Problem(network, cost, x, y, l2)), self.faults)
        return tuple([np.asarray(array, network.dtype) for array in kind] for kind in gradient)  # type: ignore[return-value]
