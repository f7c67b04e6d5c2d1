"""The layout of a pass as one row of numbers, in the order in which the equations depend on each other.

z and a from the input up, the cost, δ from the output down, then ∂C/∂b and ∂C/∂W. The first entry that is off is then
the cause, and what follows from it comes later.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.faults.pass_state import by_layer
from minibp.costs import fuses
from minibp.network import Backprop, Gradient
from minibp.problem import Problem

if TYPE_CHECKING:
    from minibp.check.oracles.estimate import Estimate
    from minibp.check.rounding.whole_pass import Bound

EQUATIONS = {
    "(13)": "z^l = W^l a^{l-1} + b^l",
    "(14)": "a^l = σ(z^l)",
    "(9)(25)": "C without L2",
    "(17)": "δ^L = ∇_a C ⊙ σ'(z^L)",
    "(26)": "δ^L = a^L - y",
    "(22)": "δ^l = ((W^{l+1})ᵀ δ^{l+1}) ⊙ σ'(z^l)",
    "(23)": "∂C/∂b^l = δ^l",
    "(24)": "∂C/∂W^l = δ^l (a^{l-1})ᵀ",
    "(27)": "C and ∂C/∂W with α/(2m) Σ w²",
    "(1)": "∇C · v, the slope of C along v",
}
"""The equations that a pass is held to, in the order of their dependence."""


class Segment(NamedTuple):
    """The place of one tensor in the row of numbers, and the equation that defines it."""

    equation: str
    layer: int | None
    tensor: str
    shape: tuple[int, ...]
    start: int
    stop: int


def layout(problem: Problem) -> list[Segment]:
    """The segments of a problem's row of numbers."""
    network = problem.network
    return segments(network.sizes, problem.m, fuses(problem.cost, network.activations[-1]), problem.l2.alpha > 0)


@lru_cache(maxsize=100)
def segments(sizes: tuple[int, ...], m: int, fused: bool, l2: bool) -> list[Segment]:
    """The segments of a row of numbers, from all that they depend on."""
    top = len(sizes)
    parts: list[tuple[str, int | None, str, tuple[int, ...]]] = []
    for layer in range(2, top + 1):
        rows = (m, sizes[layer - 1])
        parts += [("(13)", layer, "z", rows), ("(14)", layer, "a", rows)]
    parts.append(("(27)" if l2 else "(9)(25)", None, "cost", ()))
    for layer in range(top, 1, -1):
        equation = "(22)" if layer < top else "(26)" if fused else "(17)"
        parts.append((equation, layer, "delta", (m, sizes[layer - 1])))
    for layer in range(top, 1, -1):
        parts.append(("(23)", layer, "nabla_b", (sizes[layer - 1],)))
    for layer in range(top, 1, -1):
        parts.append(("(27)" if l2 else "(24)", layer, "nabla_w", (sizes[layer - 1], sizes[layer - 2])))
    found, start = [], 0
    for equation, of_layer, tensor, shape in parts:
        stop = start + math.prod(shape)
        found.append(Segment(equation, of_layer, tensor, shape, start, stop))
        start = stop
    return found


def misshapen(problem: Problem, held: Backprop | Gradient) -> tuple[Segment, str] | None:
    """The first tensor of a pass that has another shape or dtype than its equation gives it, and a message."""
    gradient = held.gradient if isinstance(held, Backprop) else held
    found: dict[str, dict[Any, Any]] = {tensor: by_layer(arrays) for tensor, arrays in gradient._asdict().items()}
    if isinstance(held, Backprop):
        found |= {"z": by_layer(held.z), "a": by_layer(held.a[1:]), "cost": {None: held.cost}}
        found["delta"] = by_layer(held.delta)
    for segment in layout(problem):
        if segment.tensor not in found:
            continue
        arrays = found[segment.tensor]
        array = np.asarray(arrays[segment.layer]) if segment.layer in arrays else None
        if array is None or array.shape != segment.shape or array.dtype != problem.dtype:
            got = "is missing" if array is None else f"has shape {array.shape} and dtype {array.dtype}"
            return segment, f"{segment.tensor} {got}, expected shape {segment.shape} and dtype {problem.dtype}"
    return None


def row_of_pass(held: Backprop) -> Array:
    """The row of numbers of a pass."""
    return _row(held.z, held.a, held.cost, held.delta, held.gradient.nabla_b, held.gradient.nabla_w)


def row_of_bound(bound: Bound) -> Array:
    """The bounds of their rounding errors."""
    return _row(bound.z, bound.a, bound.cost, bound.delta, bound.gradient.nabla_b, bound.gradient.nabla_w)


def rows_of_estimate(estimate: Estimate) -> tuple[Array, Array]:
    """The row of numbers of an oracle, and that of its radii."""
    e = estimate
    return (
        _row(e.z, e.a, e.cost, e.delta, e.gradient.nabla_b, e.gradient.nabla_w),
        _row(e.z_radius, e.a_radius, e.cost_radius, e.delta_radius, e.radius.nabla_b, e.radius.nabla_w),
    )


def _row(
    z: tuple[Array, ...],
    a: tuple[Array, ...],
    cost: Any,
    delta: tuple[Array, ...],
    nabla_b: tuple[Array, ...],
    nabla_w: tuple[Array, ...],
) -> Array:
    """One row for each problem of a stack; a starts with x, which is no result."""
    forward = [array for pair in zip(z, a[1:], strict=True) for array in pair]
    arrays = (*forward, np.asarray(cost), *reversed(delta), *reversed(nabla_b), *reversed(nabla_w))
    stacked = z[0].shape[: z[0].ndim - 2]
    return np.concatenate([array.reshape(*stacked, -1) for array in arrays], axis=-1, dtype=np.float64)


def gradient_layout(problem: Problem) -> list[Segment]:
    """The segments of ∂C/∂b and ∂C/∂W alone, as a subject returns them."""
    whole = [segment for segment in layout(problem) if segment.tensor in ("nabla_b", "nabla_w")]
    first = whole[0].start
    return [one._replace(start=one.start - first, stop=one.stop - first) for one in whole]


def row_of_gradient(gradient: Gradient) -> Array:
    """The row of numbers of ∂C/∂b and ∂C/∂W alone."""
    arrays = (*reversed(gradient.nabla_b), *reversed(gradient.nabla_w))
    return np.concatenate([array.ravel() for array in arrays], dtype=np.float64)
