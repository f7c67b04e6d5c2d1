"""The directional derivative, equation (1), and the direction of steepest descent, equation (2)."""

from __future__ import annotations

from typing import Any

import numpy as np

from minibp.arrays import Array, InputError, checked_vector, read_only
from minibp.vectors import unit


def directional_derivative(grad_at_w: Any, v: Any, *, normalize: bool = True) -> float:
    """∇_v C = ∇C · v at a point, the rate at which C changes along v: equation (1).

    Parameters
    ----------
    grad_at_w : array_like
        ∇C at the point, of any shape; integers are taken as float64.
    v : array_like
        Direction, of the same shape, not 0.
    normalize : bool, optional
        Divide v by its norm: the value is the slope of C only for ‖v‖ = 1. Default True.

    Returns
    -------
    float
        ∇C · v.

    Raises
    ------
    InputError
        For shapes that differ, numbers that are not finite, and v = 0, which is no direction.

    Examples
    --------
    >>> import minibp
    >>> minibp.directional_derivative([3.0, 4.0], [0.0, 2.0])
    4.0
    >>> minibp.directional_derivative([3.0, 4.0], [0.0, 2.0], normalize=False)
    8.0
    """
    gradient, along = checked_vector("grad_at_w", grad_at_w), checked_vector("v", v)
    if along.shape != gradient.shape:
        raise InputError(f"v has shape {along.shape}, grad_at_w has shape {gradient.shape}: expected the same")
    if not along.any():
        raise InputError("v is 0, which is no direction")
    return float(np.vdot(gradient, unit(along) if normalize else along))


def steepest_descent_direction(grad_at_w: Any) -> Array:
    """−∇C/‖∇C‖, of all v with ‖v‖ = 1 the one with the least ∇C · v: equation (2).

    Parameters
    ----------
    grad_at_w : array_like
        ∇C at the point, of any shape; integers are taken as float64.

    Returns
    -------
    ndarray
        Read-only, of the shape and dtype of `grad_at_w`.

    Raises
    ------
    InputError
        Where the gradient is 0, where C falls in no direction to first order, or is not finite.

    Examples
    --------
    >>> import minibp
    >>> minibp.steepest_descent_direction([3.0, -4.0])
    array([-0.6,  0.8])
    """
    gradient = checked_vector("grad_at_w", grad_at_w)
    if not gradient.any():
        raise InputError("grad_at_w is 0: at a stationary point no direction is the steepest")
    return read_only(-unit(gradient))
