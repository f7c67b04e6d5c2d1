"""A function seen through combinations of its results, of which there are too many to compare each."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.function import Function

TAIL = 7.0
"""Errors along random signs exceed so many times the root of their squares once in 10^10 (Hoeffding's inequality)."""


class Projected:
    """The combinations (rows, m) of a function's results: a function with `rows` results."""

    def __init__(self, function: Function, combinations: Array | None) -> None:
        self.function, self.combinations = function, combinations
        self.arguments, self.rng, self.accuracy, self.name = (
            function.arguments,
            function.rng,
            function.accuracy,
            function.name,
        )
        self.refresh()

    def refresh(self) -> None:
        """Take over the function's noise as it is known now."""
        function = self.function
        self.at = self._combined(function.at)
        self.noise = self._spread(function.noise)
        self.rounding = self._spread(function.rounding)
        self.span = self._spread(function.span)
        self.singular = function.singular if self.combinations is None else np.full(len(self), function.singular.any())
        self.unit = function.unit if self.combinations is None else np.full(len(self.at), float(function.unit.max()))

    def moved_to(self, x: Array) -> Projected:
        """The same function seen from another point."""
        other = copy.copy(self)
        other.arguments = copy.copy(self.arguments)
        other.arguments.flat = x
        other.at = self(x)
        return other

    def __len__(self) -> int:
        return len(self.at)

    def __call__(self, flat: Array) -> Array:
        return self._combined(self.function(flat))

    def rounded(self, flat: Array) -> Array:
        """The point that f computes with for this one."""
        return self.function.rounded(flat)

    def estimate(self, value: Array, radius: Array) -> tuple[Array, Array]:
        """Combinations of slopes of all results, and their radii."""
        return self._combined(value), self._spread(radius)

    def cotangents(self) -> Array:
        """The combinations, one a row."""
        return np.eye(len(self.function)) if self.combinations is None else self.combinations

    def _combined(self, values: Array) -> Any:
        return values if self.combinations is None else self.combinations @ values

    def _spread(self, errors: Array) -> Array:
        if self.combinations is None:
            return errors
        with np.errstate(invalid="ignore"):
            if len(self.function) > TAIL**2:
                return np.asarray(TAIL * np.sqrt(self.combinations**2 @ errors**2))
            return np.asarray(np.abs(self.combinations) @ errors)
