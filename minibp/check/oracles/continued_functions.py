"""Activations and costs of the user's own, continued to complex numbers: with np.abs, np.sign and others in them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from minibp.activations import Activation, is_of_package
from minibp.arrays import Array, is_complex
from minibp.check.oracles.continued_array import ContinuedArray, continued
from minibp.check.problem_stack import Stack
from minibp.costs import COSTS, Cost


def with_continued(stack: Stack) -> Stack:
    """The stack itself, or one in which functions of the user's are continued to complex numbers.

    >>> from minibp import Cost, Network, Problem
    >>> from minibp.check.problem_stack import stack_of_one
    >>> class Absolute(Cost):
    ...     def value(self, a, y): return np.abs(a - y).sum(-1)
    ...     def gradient(self, a, y): return np.sign(a - y)
    >>> problem = Problem(Network([[[1.0]]], [[0.0]], "identity"), Absolute(), [[1.0]], [[3.0]])
    >>> complex(with_continued(stack_of_one(problem)).cost.value(np.array([1 + 0.5j]), np.array([3.0])))
    (2-0.5j)
    """
    activations = tuple(one if is_of_package(one) else _ContinuedActivation(one) for one in stack.activations)
    cost = stack.cost if COSTS.get(stack.cost.name) is stack.cost else _ContinuedCost(stack.cost)
    if activations == stack.activations and cost is stack.cost:
        return stack
    return replace(stack, activations=activations, cost=cost)


class _ContinuedActivation(Activation):
    def __init__(self, theirs: Activation) -> None:
        self.theirs, self.name = theirs, theirs.name or type(theirs).__name__
        self.bounds, self.kinks, self.elementwise = theirs.bounds, theirs.kinks, theirs.elementwise

    def value(self, z: Array) -> Array:
        return _called(self.theirs.value, z)

    def prime(self, z: Array) -> Array:
        return self.theirs.prime(z)


class _ContinuedCost(Cost):
    def __init__(self, theirs: Cost) -> None:
        self.theirs, self.name = theirs, theirs.name or type(theirs).__name__

    def value(self, a: Array, y: Array) -> Array:
        return _called(self.theirs.value, a, y)

    def gradient(self, a: Array, y: Array) -> Array:
        return self.theirs.gradient(a, y)

    def value_at(self, z: Array, a: Array, y: Array, activation: Activation) -> Array:
        theirs = activation.theirs if isinstance(activation, _ContinuedActivation) else activation
        return _called(self.theirs.value_at, z, a, y, theirs)


def _called(function: Callable[..., Any], *arguments: Any) -> Array:
    """The result for complex numbers, which takes the continued forms of NumPy's functions; of real ones as it is."""
    if not any(isinstance(one, np.ndarray) and is_complex(one) for one in arguments):
        return function(*arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            found = function(*(continued(one) if isinstance(one, np.ndarray) else one for one in arguments))
        except np.exceptions.ComplexWarning as warning:
            raise TypeError(str(warning)) from None
    return found.view(np.ndarray) if isinstance(found, ContinuedArray) else np.asarray(found)
