"""The result of an oracle: a gradient, and a radius that bounds the error of each of its entries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.rounding.arithmetic import Arithmetic, arithmetic_of
from minibp.network import Gradient

COMPLEX_STEP = 1e-150
"""h. The step errs by h²|f'''|/6: lost beside what underflow may take, 2e-308/h, while |f'''| is below 1e142."""
ORACLE_ERROR = 16.0
"""Relative error of one library function of an oracle, in units of u: XLA's, and each part of NumPy's complex ones."""


def oracle_arithmetic() -> Arithmetic:
    """The floating-point model of all oracles: float64, its functions a few ulp worse than NumPy's real ones.

    A complex product rounds twice in each part, and imaginary parts carry a factor h, so that underflow comes sooner.
    """
    real = arithmetic_of("float64", ORACLE_ERROR, prime_from_value=False)
    return real._replace(u=2 * real.u, tiny=real.tiny / COMPLEX_STEP, through_values=True)


class OracleUnavailable(RuntimeError):
    """The error of an oracle that cannot treat a problem; the message says why."""


def unresolved(crossed: int, radii: Iterable[Array], reason: str) -> dict[str, int]:
    """Unresolved entries, counted: `crossed` of them for `reason`, the others since numbers overflow."""
    total = sum(int((~np.isfinite(array)).sum()) for array in radii)
    counts = {reason: crossed, "values overflow in float64": total - crossed}
    return {cause: count for cause, count in counts.items() if count}


class Slope(NamedTuple):
    """∇C · v along one direction v, equation (1), and its radius. Of a stack, with its axis first."""

    direction: Gradient
    value: Any
    radius: Any


@dataclass(frozen=True)
class Estimate:
    """The gradient, the pass and the slopes by one oracle, in float64; an entry of infinite radius is unresolved.

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
    """Unresolved entries, counted by reason."""

    def of(self, place: int) -> Estimate:
        """The estimate of one problem of a stack."""

        def each(arrays: tuple[Array, ...]) -> tuple[Array, ...]:
            return tuple(array[place] for array in arrays)

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
            cost=self.cost[place],
            cost_radius=self.cost_radius[place],
            slopes=tuple(Slope(both(s.direction), s.value[place], s.radius[place]) for s in self.slopes),
            skipped=self.skipped,
        )

    def only(self) -> Estimate:
        """The estimate of the only problem of a stack."""
        return self.of(0)
