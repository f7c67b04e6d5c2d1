"""The results of JAX for a stack, and the estimate that is made of them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from minibp.check.oracles.estimate import Estimate, Slope, oracle_arithmetic
from minibp.check.problem_stack import Stack
from minibp.check.rounding.whole_pass import Bound, bounds
from minibp.network import Gradient


class Results(NamedTuple):
    """Of a stack: a tuple of arrays, one a layer, where there is one for each layer."""

    cost: Any
    z: Any
    a: Any
    """Without the output's."""
    output: Any
    nabla_w: Any
    nabla_b: Any
    probes: Any
    """The gradient with respect to what is added to z: δ by (15), over m."""
    slope: Any


def signs(stack: Stack) -> Gradient:
    """A direction of signs ±1 for each problem: other ones for another stack, the same ones for the same stack."""
    content = (*stack.weights, *stack.biases, stack.x, stack.y)
    rng = np.random.default_rng(zlib.crc32(b"".join(array.tobytes() for array in content)))
    drawn = [rng.integers(0, 2, array.shape) * 2.0 - 1 for array in (*stack.weights, *stack.biases)]
    return Gradient(tuple(drawn[: len(stack.weights)]), tuple(drawn[len(stack.weights) :]))


def _with_differences(radius: Bound, m: int, results: Results, beside: Sequence[Results]) -> Bound:
    for other in beside:
        nabla_w, nabla_b, delta = (
            tuple(
                error + m_or_1 * np.nan_to_num(np.abs(there - here), nan=np.inf)
                for error, here, there in zip(errors, getattr(results, name), getattr(other, name), strict=True)
            )
            for name, errors, m_or_1 in (
                ("nabla_w", radius.gradient.nabla_w, 1),
                ("nabla_b", radius.gradient.nabla_b, 1),
                ("probes", radius.delta, m),
            )
        )
        radius = radius._replace(gradient=Gradient(nabla_w, nabla_b), delta=delta)
    return radius


def estimate_of(stack: Stack, direction: Gradient, results: Results, beside: Sequence[Results] = ()) -> Estimate:
    """The results for a stack, with the radius that rounding in XLA leaves them.

    What they differ by from those at points within the error of z, `beside`, is a part of it.
    """
    fp = oracle_arithmetic()
    radius = _with_differences(bounds(stack, fp), stack.m, results, beside)
    delta = tuple(stack.m * each for each in results.probes)
    # C is a mean, so δ comes divided by m, and is multiplied by it again.
    delta_radius = tuple(e + 2 * fp.u * np.abs(d) + stack.m * fp.tiny for e, d in zip(radius.delta, delta, strict=True))
    spread = sum(entries.reshape(len(entries), -1).sum(1) for kind in radius.gradient for entries in kind)
    return Estimate(
        gradient=Gradient(results.nabla_w, results.nabla_b),
        radius=radius.gradient,
        delta=delta,
        delta_radius=delta_radius,
        z=results.z,
        z_radius=radius.z,
        a=(stack.x, *results.a, results.output),
        a_radius=radius.a,
        cost=results.cost,
        cost_radius=radius.cost,
        slopes=(Slope(direction, results.slope, spread),),
    )
