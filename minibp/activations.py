"""An activation turns a weighted input z into an activation a; its derivative stands beside it.

Every function here is stable for all finite z (softmax, for all whose differences are finite), and its `value` also
takes complex z (for complex-step differentiation): both branch on the sign of the real part and only ever exponentiate
what is not positive. Arrays may come from any array-API namespace.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minibp.arrays import Array, InputError, is_complex, namespace

LEAKY_SLOPE = 0.01
ELU_ALPHA = 1.0


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
    Complex step calls `value` with complex z, too. Where it takes none, or is not analytic (np.abs, say), that oracle
    says so and leaves the problem to the others.

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

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Pickled by name where it is the package's, so that there stays one of each."""
        if ACTIVATIONS.get(self.name) is self:
            return activation_of, (self.name,)
        return super().__reduce__()


class Identity(Activation):
    """a = z."""

    name = "identity"

    def value(self, z: Array) -> Array:
        return z

    def prime(self, z: Array) -> Array:
        return namespace(z).ones_like(z)


class Sigmoid(Activation):
    """σ(z) = 1/(1 + e^−z), equation (8); σ'(z) = σ(z) σ(−z), accurate in both tails, where a(1 − a) is not."""

    name = "sigmoid"
    bounds = (0.0, 1.0)

    def value(self, z: Array) -> Array:
        xp = namespace(z)
        e = _exp_of_minus_abs(z)
        return xp.where(xp.real(z) >= 0, 1.0, e) / (1 + e)

    def prime(self, z: Array) -> Array:
        e = _exp_of_minus_abs(z)
        return e / (1 + e) ** 2


class Tanh(Activation):
    """a = tanh z; tanh' = 1/cosh², written so that it neither overflows nor cancels."""

    name = "tanh"
    bounds = (-1.0, 1.0)

    def value(self, z: Array) -> Array:
        return namespace(z).tanh(z)

    def prime(self, z: Array) -> Array:
        e = _exp_of_minus_abs(z) ** 2
        return 4 * e / (1 + e) ** 2


class Relu(Activation):
    """a = max(z, 0); the derivative at 0 is taken to be 0."""

    name = "relu"
    bounds = (0.0, math.inf)
    kinks = (0.0,)

    def value(self, z: Array) -> Array:
        xp = namespace(z)
        return xp.where(xp.real(z) > 0, z, xp.zeros_like(z))

    def prime(self, z: Array) -> Array:
        xp = namespace(z)
        return xp.where(z > 0, xp.ones_like(z), xp.zeros_like(z))


class LeakyRelu(Activation):
    """a = z where z ≥ 0, else 0.01 z; the derivative at 0 is taken to be 1."""

    name = "leaky_relu"
    kinks = (0.0,)

    def value(self, z: Array) -> Array:
        xp = namespace(z)
        return xp.where(xp.real(z) >= 0, z, LEAKY_SLOPE * z)

    def prime(self, z: Array) -> Array:
        xp = namespace(z)
        return xp.where(z >= 0, xp.ones_like(z), LEAKY_SLOPE * xp.ones_like(z))


class Elu(Activation):
    """a = z where z > 0, else e^z − 1 (α = 1, so that the derivative has no jump)."""

    name = "elu"
    bounds = (-ELU_ALPHA, math.inf)

    def value(self, z: Array) -> Array:
        xp = namespace(z)
        return xp.where(xp.real(z) > 0, z, ELU_ALPHA * xp.expm1(_not_positive(z)))

    def prime(self, z: Array) -> Array:
        return ELU_ALPHA * namespace(z).exp(_not_positive(z))


class Softplus(Activation):
    """a = ln(1 + e^z); its derivative is the sigmoid."""

    name = "softplus"
    bounds = (0.0, math.inf)

    def value(self, z: Array) -> Array:
        xp = namespace(z)
        return xp.where(xp.real(z) >= 0, z, xp.zeros_like(z)) + log_one_and_decay(z)

    def prime(self, z: Array) -> Array:
        return sigmoid.value(z)


class Silu(Activation):
    """a = z σ(z), also called swish; a' = σ(z)(1 + z σ(−z))."""

    name = "silu"
    bounds = (-0.28, math.inf)

    def value(self, z: Array) -> Array:
        return z * sigmoid.value(z)

    def prime(self, z: Array) -> Array:
        return sigmoid.value(z) * (1 + z * sigmoid.value(-z))


class Softmax(Activation):
    """a_j = e^{z_j} / Σ_k e^{z_k} over the last axis; an output activation."""

    name = "softmax"
    bounds = (0.0, 1.0)
    elementwise = False

    def value(self, z: Array) -> Array:
        xp = namespace(z)
        e = xp.exp(z - xp.max(xp.real(z), axis=-1, keepdims=True))
        return e / xp.sum(e, axis=-1, keepdims=True)

    def prime(self, z: Array) -> Array:
        xp = namespace(z)
        s = self.value(z)
        eye = xp.eye(s.shape[-1], dtype=s.dtype)
        return s[..., :, None] * (eye - s[..., None, :])

    def backward(self, z: Array, nabla_a: Array) -> Array:
        xp = namespace(z)
        s = self.value(z)
        return s * (nabla_a - xp.sum(nabla_a * s, axis=-1, keepdims=True))


def is_adoptable(given: object, *methods: str) -> bool:
    """True of an object, not a class, that has these methods."""
    return not isinstance(given, type) and all(callable(getattr(given, method, None)) for method in methods)


def adopt(wrapper: Any, theirs: Any, *methods: str) -> None:
    """Give a wrapper the name and these methods of a caller's activation or cost that derives from neither class."""
    wrapper.theirs, wrapper.name = theirs, str(getattr(theirs, "name", type(theirs).__name__))
    for method in methods:
        setattr(wrapper, method, getattr(theirs, method))


class _AdoptedActivation(Activation):
    """An object that has `value` and `prime` but does not derive from Activation."""

    def __init__(self, theirs: Any) -> None:
        adopt(self, theirs, "value", "prime")
        self.bounds = getattr(theirs, "bounds", self.bounds)
        self.kinks = tuple(getattr(theirs, "kinks", self.kinks))
        self.elementwise = bool(getattr(theirs, "elementwise", self.elementwise))


def log_one_and_decay(z: Array) -> Array:
    """ln(1 + e^−|z|): what softplus has beyond max(z, 0)."""
    xp, e = namespace(z), _exp_of_minus_abs(z)
    # The same as 2 artanh(e / (2 + e)), which unlike log1p keeps a small e in complex arithmetic too.
    return 2 * xp.atanh(e / (2 + e)) if is_complex(z) else xp.log1p(e)


def _exp_of_minus_abs(z: Array) -> Array:
    """e^−|z|: never above 1, and analytic in the direction of z's imaginary part."""
    xp = namespace(z)
    return xp.exp(xp.where(xp.real(z) >= 0, -z, z) if is_complex(z) else -xp.abs(z))


def _not_positive(z: Array) -> Array:
    """z where it is not positive, else 0, so that the branch that is not taken cannot overflow."""
    xp = namespace(z)
    return xp.where(xp.real(z) > 0, xp.zeros_like(z), z)


sigmoid = Sigmoid()
softplus = Softplus()
softmax = Softmax()
HIDDEN: dict[str, Activation] = {
    activation.name: activation
    for activation in (Identity(), sigmoid, Tanh(), Relu(), LeakyRelu(), Elu(), softplus, Silu())
}
ACTIVATIONS: dict[str, Activation] = {**HIDDEN, softmax.name: softmax}


def activation_of(given: object) -> Activation:
    """The activation of a name, or the object itself.

    >>> activation_of("tanh")
    tanh
    """
    if isinstance(given, Activation):
        return given
    if isinstance(given, str):
        if given not in ACTIVATIONS:
            raise InputError(f"unknown activation {given!r}, expected one of {', '.join(ACTIVATIONS)}")
        return ACTIVATIONS[given]
    if is_adoptable(given, "value", "prime"):
        return _AdoptedActivation(given)
    raise InputError(f"activation is {given!r}, expected a name or an object with value(z) and prime(z)")


def activations_of(given: object, output: object, layers: int) -> tuple[Activation, ...]:
    """One activation for each of the `layers` layers 2..L, from one for all or a sequence of one a layer."""
    if isinstance(given, Sequence) and not isinstance(given, str):
        if len(given) != layers:
            raise InputError(f"{len(given)} activations for {layers} layers, expected one a layer after the input")
        chosen = [activation_of(one) for one in given]
    else:
        chosen = [activation_of(given)] * layers
    if output is not None:
        chosen[-1] = activation_of(output)
    for layer, activation in enumerate(chosen[:-1], start=2):
        if not activation.elementwise:
            raise InputError(f"{activation.name} is an output activation, and layer {layer} is hidden")
    return tuple(chosen)
