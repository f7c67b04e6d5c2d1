"""Faults of the whole gradient: it is clipped, by value or by its norm, as training may want it, and a gradient not."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from minibp.check.faults.fault import fault_with_constant
from minibp.check.faults.pass_state import Number, PassState
from minibp.check.faults.saturation import clipped
from minibp.check.rounding.running_error import RunningError

Pair = tuple[Number, Number]
"""∂C/∂W and ∂C/∂b of a layer."""


def _by_value(p: PassState, l: int, c: float) -> Pair:
    return clipped(p, p.nabla_w[l], -c, c), clipped(p, p.nabla_b[l], -c, c)


def norm(p: PassState, arrays: Iterable[Number]) -> Number:
    """The Euclidean norm of all entries of some arrays."""
    squares = sum((array * array).sum() for array in arrays)
    if p.fp is None:
        return np.sqrt(squares)
    root = np.atleast_1d(np.sqrt(squares.value))
    return RunningError(root, squares.error / np.maximum(root, p.fp.tiny) + 2 * p.fp.u * root, p.fp)


def _scaled(p: PassState, array: Number, length: Number, c: float) -> Number:
    """An array times c over a length, where that is longer than c."""
    if (p.plain(length) <= c).all():
        return array
    if p.fp is None:
        return (array * (c / length)).astype(p.problem.dtype)
    return array * (c / length)


def _by_norm(p: PassState, l: int, c: float) -> Pair:
    length = norm(p, [*p.nabla_w.values(), *p.nabla_b.values()])
    return _scaled(p, p.nabla_w[l], length, c), _scaled(p, p.nabla_b[l], length, c)


def _by_norm_of_each(p: PassState, l: int, c: float) -> Pair:
    of_weights, of_biases = p.nabla_w[l], p.nabla_b[l]
    return (
        _scaled(p, of_weights, norm(p, [of_weights]), c),
        _scaled(p, of_biases, norm(p, [of_biases]), c),
    )


def _message(p: PassState, l: int, variant: int, c: float) -> str:
    how = (
        f"every entry beyond ±{c:.6g} is cut off there",
        f"the whole gradient is scaled to the norm {c:.6g} where its norm is larger",
        f"each array is scaled to the norm {c:.6g} where its norm is larger",
    )
    return f"the gradient is clipped: {how[variant]}"


@fault_with_constant(
    "gradient_clipped",
    "gradient",
    summary="the gradient is clipped at c",
    remedy="Return the gradient as it is, and clip it where it is applied.",
    typical=0.05,
    variants=(_by_norm, _by_norm_of_each),
    message=_message,
)
def _clipped_by_value(p: PassState, l: int, c: float) -> Pair:
    r"""$g \mapsto \mathrm{clip}(g, -c, c), \text{ or } g \cdot \min(1, c/\lVert g \rVert)$.

    Right wherever the gradient is small; beyond c entries are cut off, or all are scaled. Where all is clipped other
    mistakes do not show. The constant is fitted.
    """
    return _by_value(p, l, c)
