"""What an oracle answers: a gradient, and how far each entry of it may itself be off."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.arithmetic import Arithmetic, arithmetic_of
from minibp.network import Gradient

COMPLEX_STEP = 1e-150
"""h. The step errs by h²|f'''|/6: lost beside what underflow may take, 2e-308/h, while |f'''| is below 1e142."""
ORACLE_ERROR = 16.0
"""Relative error of one library function of an oracle, in units of u: XLA's, and each part of NumPy's complex ones."""


def oracle_arithmetic() -> Arithmetic:
    """The arithmetic granted to all oracles: float64, its functions a few ulp worse than NumPy's real ones.

    A complex product rounds twice in each part, and imaginary parts carry a factor h, so that underflow comes sooner.
    """
    real = arithmetic_of("float64", ORACLE_ERROR, prime_from_value=False)
    return real._replace(u=2 * real.u, tiny=real.tiny / COMPLEX_STEP)


class OracleUnavailable(RuntimeError):
    """This oracle cannot treat this problem; the message says why."""


def untold(crossed: int, radii: Iterable[Array], reason: str) -> dict[str, int]:
    """Why entries have no finite radius: `crossed` of them for `reason`, the others since numbers overflow."""
    every = sum(int((~np.isfinite(array)).sum()) for array in radii)
    counts = {reason: crossed, "values overflow in float64": every - crossed}
    return {why: count for why, count in counts.items() if count}


class Slope(NamedTuple):
    """∇C · v along one direction v, equation (1), and how far it may be off. Of a stack, with its axis first."""

    direction: Gradient
    value: Any
    radius: Any


@dataclass(frozen=True)
class Estimate:
    """All arrays are float64, whatever the problem's dtype. A radius of infinity means: not told.

    `gradient` and `radius` are shaped like the parameters; `delta` is per example, (m, n_l) a layer; z and a are
    those of the oracle's own forward pass. Each comes with its radius. Of a stack, all have its axis first.
    """

    gradient: Gradient
    radius: Gradient
    delta: tuple[Array, ...]
    delta_radius: tuple[Array, ...]
    z: tuple[Array, ...]
    z_radius: tuple[Array, ...]
    a: tuple[Array, ...]
    a_radius: tuple[Array, ...]
    cost: Any
    cost_radius: Any
    slopes: tuple[Slope, ...] = ()
    skipped: dict[str, int] = field(default_factory=dict)
    """Entries whose radius is infinite, counted by reason."""

    def of(self, place: int) -> Estimate:
        """That of one problem of a stack."""
        return self._mapped(lambda array: array[place])

    def only(self) -> Estimate:
        """That of the only problem of a stack."""
        return self.of(0)

    def stacked(self) -> Estimate:
        """That of a stack of this problem alone."""
        return self._mapped(lambda array: np.asarray(array)[None])

    def _mapped(self, function: Callable[[Any], Any]) -> Estimate:
        def each(arrays: tuple[Array, ...]) -> tuple[Array, ...]:
            return tuple(map(function, arrays))

        def both(gradient: Gradient) -> Gradient:
            return Gradient(each(gradient.nabla_w), each(gradient.nabla_b))

        return Estimate(
            gradient=both(self.gradient),
            radius=both(self.radius),
            delta=each(self.delta),
            delta_radius=each(self.delta_radius),
            z=each(self.z),
            z_radius=each(self.z_radius),
            a=each(self.a),
            a_radius=each(self.a_radius),
            cost=function(self.cost),
            cost_radius=function(self.cost_radius),
            slopes=tuple(Slope(both(one.direction), function(one.value), function(one.radius)) for one in self.slopes),
            skipped=self.skipped,
        )
