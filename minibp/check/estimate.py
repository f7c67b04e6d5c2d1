"""What an oracle answers: a gradient, and how far each entry of it may itself be off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from minibp.arrays import Array
from minibp.check.rounding import Bound
from minibp.network import Gradient


class OracleUnavailable(RuntimeError):
    """This oracle cannot treat this problem; the message says why."""


class Slope(NamedTuple):
    """∇C · v along one direction v, equation (1), and how far it may be off."""

    direction: Gradient
    value: float
    radius: float


@dataclass(frozen=True)
class Estimate:
    """All arrays are float64, whatever the problem's dtype. A radius of infinity means: not told.

    `gradient` and `radius` are shaped like the parameters; `delta` is per example, (m, n_l) a layer; z and a are
    those of the oracle's own forward pass. Each comes with its radius.
    """

    gradient: Gradient
    radius: Gradient
    delta: tuple[Array, ...]
    delta_radius: tuple[Array, ...]
    z: tuple[Array, ...]
    z_radius: tuple[Array, ...]
    a: tuple[Array, ...]
    a_radius: tuple[Array, ...]
    cost: float
    cost_radius: float
    slopes: tuple[Slope, ...] = ()
    skipped: dict[str, int] = field(default_factory=dict)
    """Entries whose radius is infinite, counted by reason."""


def forward_radii(bound: Bound) -> dict[str, object]:
    """The radii of an oracle's forward pass, from the rounding bound alone."""
    return {"z_radius": bound.z, "a_radius": bound.a, "cost_radius": bound.cost}
