"""The gradient of a scalar function as a function of its own, so that second derivatives are its Jacobian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.arguments import Arguments, Breach
from minibp.check.grad.autodiff import Autodiff
from minibp.check.grad.complex_step import ComplexStep
from minibp.check.grad.differences import slopes
from minibp.check.grad.doubts import GROSS, SLIGHT
from minibp.check.grad.function import Function
from minibp.check.grad.parsed import matched
from minibp.check.grad.projected import Projected
from minibp.check.oracles.estimate import OracleUnavailable

DIRECTIONS = 3
"""Directions along which a gradient is held against differences before it is used."""
WIDER = 16.0
"""Steps of the differences that a gradient is made of, in units of those that tell one slope best."""


class GradientOf:
    """∇f by JAX, by the complex step or by differences, the first that can follow f: a function of the same arguments.

    `source` says which, and `floor` (n,) how far its entries may be off.
    """

    def __init__(self, f: Callable[..., Any], arguments: Arguments, rng: np.random.Generator, oracles: Any) -> None:
        self.f, self.arguments = f, arguments
        self.function = Function("f", f, arguments, rng, scalar=True)
        self.floor = np.zeros(len(arguments))
        self.source, self.by = "", self._by_differences
        for name, opened in (("jax", self._open_jax), ("complex_step", self._open_complex)):
            if name in oracles and opened():
                return
        self._open_differences()

    def __call__(self, *args: Any) -> Any:
        pairs = zip(self.by(args), self.arguments.structure.leaves, strict=True)
        built = self.arguments.structure.built([None if leaf.array is None else part for part, leaf in pairs])
        return tuple(built) if self.arguments.several else built[0]

    def _open_jax(self) -> bool:
        try:
            autodiff = Autodiff(self.function)  # without rules of the user's own
            self.jax, self.places = autodiff.jax, autodiff.places
            self.slope = self.jax.grad(lambda *given: autodiff.traced(*given)[0], tuple(range(len(self.places))))
            self.compiled = self.jax.jit(self.slope)
            self.by, self.source = self._by_jax, "jax"
            row = self._row(self._as_tuple(self(*self.arguments.at(self.arguments.flat, np.float64))))
        except Exception:  # noqa: BLE001 -- JAX raises many kinds of what it cannot trace
            return False
        return self._agrees(row)

    def _as_tuple(self, result: Any) -> tuple[Any, ...]:
        return result if self.arguments.several else (result,)

    def _agrees(self, row: Array) -> bool:
        """True where differences along a few directions tell the same gradient: rules and stops may lie."""
        seen, rng = Projected(self.function, None), self.function.rng
        for _ in range(DIRECTIONS):
            v = np.where(self.arguments.movable, rng.choice([-1.0, 1.0], len(row)) * self.arguments.scale, 0.0)
            sides = slopes(seen, v, 1.0, 1.0)
            apart = abs(float((row[v != 0] * v[v != 0]).sum()) - float(sides.value[0]))
            if not np.isfinite(sides.radius[0]) or apart > GROSS * sides.radius[0] + SLIGHT * np.abs(row * v).max():
                return False
        return True

    def _open_complex(self) -> bool:
        try:
            self.step = ComplexStep(self.function)
            value, _ = self.step.along(self._unit(0), float(self.arguments.scale[0]))
            sides = slopes(Projected(self.function, None), self._unit(0), float(self.arguments.scale[0]), 1.0)
            if not np.abs(value - sides.value)[0] <= GROSS * sides.radius[0] + SLIGHT * np.abs(value[0]):
                return False
        except OracleUnavailable:
            return False
        self.by, self.source = self._by_complex, "complex_step"
        return True

    def _open_differences(self) -> None:
        self.by, self.source = self._by_differences, "finite_difference"
        seen = Projected(self.function, None)
        self.steps = np.array(
            [
                WIDER * float(np.nan_to_num(slopes(seen, self._unit(k), base, 1.0).step[0], nan=2.0**-13 * base))
                for k, base in enumerate(self.arguments.scale)
            ]
        )
        x = self.arguments.flat
        if not np.isfinite(self._differences(x, 1.0)).all():
            raise Breach("f has no gradient that differences could tell at x")
        self.floor = np.abs(self._differences(x, 1.0) - self._differences(x, 0.5))

    def _by_jax(self, args: tuple[Any, ...]) -> list[Any]:
        leaves = _leaves_of(args, self.arguments)
        given = [self.jax.numpy.asarray(leaves[i]) for i in self.places]
        try:
            parts = self.compiled(*given)
        except self.jax.errors.ConcretizationTypeError:  # it branches on its values
            parts = self.slope(*given)
        for i, part in zip(self.places, parts, strict=True):
            leaves[i] = part
        return leaves

    def _by_complex(self, args: tuple[Any, ...]) -> list[Any]:
        x = self._row(args)
        row = np.array([self.step.at(x, self._unit(k), float(base))[0] for k, base in enumerate(self.arguments.scale)])
        return self._unpacked(row)

    def _by_differences(self, args: tuple[Any, ...]) -> list[Any]:
        return self._unpacked(self._differences(self._row(args), 1.0))

    def _differences(self, x: Array, by: float) -> Array:
        """Central differences of two steps, extrapolated."""
        found = np.empty(len(x))
        for k, step in enumerate(self.steps * by):
            quotients = []
            for h in (step, step / 2):
                after, before = x.copy(), x.copy()
                after[k] += h
                before[k] -= h
                quotients.append((self.function(after)[0] - self.function(before)[0]) / (after[k] - before[k]))
            found[k] = (4 * quotients[1] - quotients[0]) / 3
        return found

    def _unit(self, k: int) -> Array:
        return np.asarray(np.arange(len(self.arguments)) == k, np.float64)

    def _row(self, args: tuple[Any, ...]) -> Array:
        leaves = _leaves_of(args, self.arguments)
        pairs = zip(leaves, self.arguments.structure.leaves, strict=True)
        if any(np.iscomplexobj(leaf) and not given.is_complex for leaf, given in pairs):
            raise TypeError("the gradient is computed from real arguments")
        arrays = [
            np.asarray(leaf) if given.array is not None else None
            for leaf, given in zip(leaves, self.arguments.structure.leaves, strict=True)
        ]
        return self.arguments.structure.row(arrays)

    def _unpacked(self, row: Array) -> list[Any]:
        if not np.isfinite(row).all():
            raise ValueError("the gradient is not finite there")
        return self.arguments.structure.unpacked(row, np.float64)


def _leaves_of(args: tuple[Any, ...], arguments: Arguments) -> list[Any]:
    """The leaves of arguments that are shaped like those of the check."""
    found = matched("x", list(zip(arguments.names, args, strict=True)), arguments.structure)
    return [value for _, value in found]
