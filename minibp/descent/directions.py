"""How a function changes along a direction, equation (1), and the direction in which it falls most, equation (2)."""

from __future__ import annotations

from typing import Any

import numpy as np

from minibp.arrays import Array, InputError, checked_point, read_only
from minibp.vectors import unit


def directional_derivative(grad_at_w: Any, v: Any, *, normalize: bool = True) -> float:
    """∇_v C = ∇C · v at a point, equation (1): how fast C changes along v.

    `grad_at_w` and v have one shape, whichever it is; integers are taken as float64. The value is the slope of C only
    for ‖v‖ = 1: v is divided by its norm, unless `normalize` is False. Raises `InputError` for shapes that differ, and
    for v = 0, which is no direction.

    >>> directional_derivative(np.array([3.0, 4.0]), np.array([0.0, 2.0]))
    4.0
    >>> directional_derivative(np.array([3.0, 4.0]), np.array([0.0, 2.0]), normalize=False)
    8.0
    """
    gradient, along = checked_point("grad_at_w", grad_at_w), checked_point("v", v)
    if along.shape != gradient.shape:
        raise InputError(f"v has shape {along.shape}, grad_at_w has shape {gradient.shape}: expected the same")
    if not along.any():
        raise InputError("v is 0, which is no direction")
    return float(np.vdot(gradient, unit(along) if normalize else along))


def steepest_descent_direction(grad_at_w: Any) -> Array:
    """−∇C/‖∇C‖, equation (2): of all v with ‖v‖ = 1 the one with the least ∇C · v. Shape and dtype of `grad_at_w`.

    Raises `InputError` where the gradient is 0: there C falls in no direction, to first order.

    >>> steepest_descent_direction(np.array([3.0, -4.0]))
    array([-0.6,  0.8])
    """
    gradient = checked_point("grad_at_w", grad_at_w)
    if not gradient.any():
        raise InputError("grad_at_w is 0: at a stationary point no direction is the steepest")
    return read_only(-unit(gradient))
