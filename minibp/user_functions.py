"""Activations and costs of the user's own, with a look at what each call returns; the package's are left alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from minibp.activations import Activation, is_of_package
from minibp.arrays import Array, InputError, is_complex
from minibp.costs import COSTS, Cost
from minibp.network import Network


def with_checked_functions(network: Network) -> Network:
    """The network itself, or one of the same arrays where an activation of the user's checks what it returns."""
    activations = tuple(map(checked_activation, network.activations))
    if activations == network.activations:
        return network
    checked = object.__new__(Network)
    for name in Network.__slots__:
        object.__setattr__(checked, name, getattr(network, name))
    object.__setattr__(checked, "activations", activations)
    return checked


def checked_activation(activation: Activation) -> Activation:
    """The activation itself where it is the package's, else one that checks what its functions return."""
    own = is_of_package(activation) or isinstance(activation, _CheckedActivation)
    return activation if own else _CheckedActivation(activation)


def checked_cost(cost: Cost) -> Cost:
    """The cost itself where it is the package's, else one that checks what its functions return."""
    return cost if COSTS.get(cost.name) is cost or isinstance(cost, _CheckedCost) else _CheckedCost(cost)


class _CheckedActivation(Activation):
    def __init__(self, theirs: Activation) -> None:
        self.theirs, self.name = theirs, theirs.name or type(theirs).__name__
        self.bounds, self.kinks, self.elementwise = theirs.bounds, theirs.kinks, theirs.elementwise

    def value(self, z: Array) -> Array:
        return _checked_result(f"value(z) of activation {self.name}", self.theirs.value(z), z, z.shape)

    def prime(self, z: Array) -> Array:
        shape = z.shape if self.elementwise else (*z.shape, z.shape[-1])
        return _checked_result(f"prime(z) of activation {self.name}", self.theirs.prime(z), z, shape)

    def backward(self, z: Array, nabla_a: Array) -> Array:
        if _is(self.theirs.backward, Activation.backward):
            return super().backward(z, nabla_a)
        found = self.theirs.backward(z, nabla_a)
        return _checked_result(f"backward(z, nabla_a) of activation {self.name}", found, z, z.shape)


class _CheckedCost(Cost):
    def __init__(self, theirs: Cost) -> None:
        self.theirs, self.name = theirs, theirs.name or type(theirs).__name__

    def value(self, a: Array, y: Array) -> Array:
        return _checked_result(f"value(a, y) of cost {self.name}", self.theirs.value(a, y), a, a.shape[:-1])

    def gradient(self, a: Array, y: Array) -> Array:
        return _checked_result(f"gradient(a, y) of cost {self.name}", self.theirs.gradient(a, y), a, a.shape)

    def value_at(self, z: Array, a: Array, y: Array, activation: Activation) -> Array:
        if _is(self.theirs.value_at, Cost.value_at):
            return self.value(a, y)
        found = self.theirs.value_at(z, a, y, _users_activation(activation))
        return _checked_result(f"value_at(z, a, y, activation) of cost {self.name}", found, z, z.shape[:-1])

    def delta(self, z: Array, a: Array, y: Array, activation: Activation) -> Array:
        if _is(self.theirs.delta, Cost.delta):
            return super().delta(z, a, y, activation)
        found = self.theirs.delta(z, a, y, _users_activation(activation))
        return _checked_result(f"delta(z, a, y, activation) of cost {self.name}", found, z, z.shape)


def _is(method: Any, inherited: Any) -> bool:
    return getattr(method, "__func__", None) is inherited


def _users_activation(activation: Activation) -> Activation:
    """The object that the user gave: their own functions may ask which it is."""
    return activation.theirs if isinstance(activation, _CheckedActivation) else activation


def _checked_result(name: str, found: Any, like: Array, shape: tuple[int, ...]) -> Array:
    """The result of a function, where it is real numbers of that shape, in an array unless the shape is ()."""
    if shape == () and isinstance(found, (int, float)):
        return np.asarray(found, like.dtype)
    if not hasattr(found, "dtype") or not hasattr(found, "shape"):
        raise InputError(f"{name} returned a {type(found).__name__}, expected an array of shape {tuple(shape)}")
    if tuple(found.shape) != tuple(shape):
        raise InputError(f"{name} returned shape {tuple(found.shape)}, expected {tuple(shape)}")
    if getattr(found.dtype, "kind", "f") not in "fiubV" or is_complex(found):  # V: other libraries' short floats
        raise InputError(f"{name} returned dtype {found.dtype}, expected real numbers such as {like.dtype}")
    result: Array = found
    return result
