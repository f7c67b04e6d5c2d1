"""An activation as anyone may write one: σ, with its derivative beside it; and parts of stable formulas."""

from __future__ import annotations

import math
from contextlib import suppress
from numbers import Real
from typing import Any

from minibp.arrays import Array, InputError, is_complex, namespace


class Activation:
    """σ of equation (14), elementwise unless said otherwise.

    To add one, write `value` and `prime`; `backward` follows from them.

    Attributes
    ----------
    name : str
        Name in messages and reports.
    bounds : tuple of float
        Open interval in which all outputs lie, up to rounding. Default (−∞, ∞).
    kinks : tuple of float
        All z at which σ' jumps; `prime` states the convention there. Default ().
    elementwise : bool
        False where an output depends on all z of its layer, as softmax's do. Default True.

    Notes
    -----
    Complex step calls `value` with complex z, too, to which np.abs, np.sign and their like are continued. Where it
    takes none, or is not analytic (np.round, say), that oracle says so and leaves the problem to the others.

    Examples
    --------
    >>> import numpy as np
    >>> import minibp
    >>> class Square(minibp.Activation):
    ...     name = "square"
    ...     def value(self, z): return z * z
    ...     def prime(self, z): return 2 * z
    >>> Square().backward(np.array([3.0]), np.array([10.0]))
    array([60.])
    """

    name: str = ""
    bounds: tuple[float, float] = (-math.inf, math.inf)
    kinks: tuple[float, ...] = ()
    elementwise: bool = True

    def value(self, z: Array) -> Array:
        """The activation a = σ(z): equation (14).

        Parameters
        ----------
        z : ndarray of shape (..., n)
            Weighted inputs, real or complex.

        Returns
        -------
        ndarray of shape (..., n)
            Activations, of the dtype of z.
        """
        raise NotImplementedError(f"{type(self).__name__} has no value(z)")

    def prime(self, z: Array) -> Array:
        """The derivative σ'(z).

        Parameters
        ----------
        z : ndarray of shape (..., n)
            Weighted inputs, real.

        Returns
        -------
        ndarray of shape (..., n)
            Derivatives, of the dtype of z; for softmax the Jacobian ∂a_j/∂z_k, of shape (..., n, n).
        """
        raise NotImplementedError(f"{type(self).__name__} has no prime(z)")

    def backward(self, z: Array, nabla_a: Array) -> Array:
        """∂C/∂z from ∂C/∂a: the product of (16) and (17).

        Parameters
        ----------
        z : ndarray of shape (..., n)
            Weighted inputs, real.
        nabla_a : ndarray of shape (..., n)
            ∂C/∂a.

        Returns
        -------
        ndarray of shape (..., n)
            ∂C/∂a ⊙ σ'(z); for softmax the product with its Jacobian.
        """
        return nabla_a * self.prime(z)

    def __repr__(self) -> str:
        return self.name or type(self).__name__


def is_adoptable(given: object, *methods: str) -> bool:
    """True of an object, not a class, that has these methods."""
    return not isinstance(given, type) and all(callable(getattr(given, method, None)) for method in methods)


def adopt(wrapper: Any, theirs: Any, *methods: str) -> None:
    """Give a wrapper the name and these methods of a caller's activation or cost that derives from neither class."""
    wrapper.theirs, wrapper.name = theirs, str(getattr(theirs, "name", type(theirs).__name__))
    for method in methods:
        setattr(wrapper, method, getattr(theirs, method))


class AdoptedActivation(Activation):
    """An object that has `value` and `prime` but does not derive from Activation."""

    def __init__(self, theirs: Any) -> None:
        adopt(self, theirs, "value", "prime")
        self.bounds = getattr(theirs, "bounds", self.bounds)
        self.kinks = tuple(getattr(theirs, "kinks", self.kinks))
        self.elementwise = bool(getattr(theirs, "elementwise", self.elementwise))


def log_one_and_decay(z: Array) -> Array:
    """ln(1 + e^−|z|): what softplus has beyond max(z, 0)."""
    xp, e = namespace(z), exp_of_minus_abs(z)
    # The same as 2 artanh(e / (2 + e)), which unlike log1p keeps a small e in complex arithmetic too.
    return 2 * xp.atanh(e / (2 + e)) if is_complex(z) else xp.log1p(e)


def exp_of_minus_abs(z: Array) -> Array:
    """e^−|z|: never above 1, and analytic in the direction of z's imaginary part."""
    xp = namespace(z)
    return xp.exp(xp.where(xp.real(z) >= 0, -z, z) if is_complex(z) else -xp.abs(z))


def not_positive(z: Array) -> Array:
    """z where it is not positive, else 0, so that the branch that is not taken cannot overflow."""
    xp = namespace(z)
    return xp.where(xp.real(z) > 0, xp.zeros_like(z), z)


def logistic(z: Array) -> Array:
    """1/(1 + e^−z), equation (8)."""
    xp, e = namespace(z), exp_of_minus_abs(z)
    return xp.where(xp.real(z) >= 0, 1.0, e) / (1 + e)


def checked_constant(name: str, value: Any) -> float:
    """The constant of an activation, a finite number above 0, as a float."""
    constant = math.nan
    if isinstance(value, Real):
        with suppress(OverflowError):  # of a whole number
            constant = float(value)
    if not 0 < constant < math.inf:
        raise InputError(f"{name} is {value!r}, expected a finite number above 0")
    return constant


def name_of_member(family: str, constant: float, usual: float) -> str:
    """The name of a family's activation that has this constant; the one with the usual constant has the family's.

    >>> name_of_member("elu", 0.10, usual=1.0), name_of_member("elu", 2.0, usual=1.0), name_of_member("elu", 1.0, 1.0)
    ('elu(0.1)', 'elu(2)', 'elu')
    """
    return family if constant == usual else f"{family}({repr(constant).removesuffix('.0')})"
