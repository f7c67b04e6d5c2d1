"""An activation turns a weighted input z into an activation a; its derivative stands beside it.

Every function here is stable for all finite z (softmax, for all whose differences are finite), and its `value` also
takes complex z (for complex-step differentiation): both branch on the sign of the real part and only ever exponentiate
what is not positive. Arrays are NumPy's or JAX's. `further_activations` has more of them. A name
stands for one object, however often it is asked for.
"""

from __future__ import annotations

import copyreg
import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress

from minibp.activation import (
    Activation,
    AdoptedActivation,
    checked_constant,
    exp_of_minus_abs,
    is_adoptable,
    log_one_and_decay,
    logistic,
    name_of_member,
    not_positive,
)
from minibp.arrays import Array, InputError, namespace
from minibp.further_activations import FURTHER, HardSigmoid

__all__ = [
    "ACTIVATIONS",
    "FAMILIES",
    "FURTHER",
    "HIDDEN",
    "Activation",
    "activation_of",
    "activations_of",
    "is_of_package",
    "sigmoid",
    "softmax",
    "softplus",
]

LEAKY_SLOPE = 0.01
ELU_ALPHA = 1.0


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
        return logistic(z)

    def prime(self, z: Array) -> Array:
        e = exp_of_minus_abs(z)
        return e / (1 + e) ** 2


class Tanh(Activation):
    """a = tanh z; tanh' = 1/cosh², written so that it neither overflows nor cancels."""

    name = "tanh"
    bounds = (-1.0, 1.0)

    def value(self, z: Array) -> Array:
        return namespace(z).tanh(z)

    def prime(self, z: Array) -> Array:
        e = exp_of_minus_abs(z) ** 2
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
    """a = z where z ≥ 0, else slope·z; the derivative at 0 is taken to be 1.

    Parameters
    ----------
    slope : float, optional
        Slope where z < 0, above 0. Default 0.01.
    """

    constant = "slope"
    kinks = (0.0,)

    def __init__(self, slope: float = LEAKY_SLOPE) -> None:
        self.slope = checked_constant("slope", slope)
        self.name = name_of_member("leaky_relu", self.slope, LEAKY_SLOPE)

    def value(self, z: Array) -> Array:
        xp = namespace(z)
        return xp.where(xp.real(z) >= 0, z, self.slope * z)

    def prime(self, z: Array) -> Array:
        xp = namespace(z)
        return xp.where(z >= 0, xp.ones_like(z), self.slope * xp.ones_like(z))


class Elu(Activation):
    """a = z where z > 0, else α(e^z − 1); unless α is 1 the derivative jumps at 0, and is taken to be α there.

    Parameters
    ----------
    alpha : float, optional
        α, above 0. Default 1.
    """

    constant = "alpha"

    def __init__(self, alpha: float = ELU_ALPHA) -> None:
        self.alpha = checked_constant("alpha", alpha)
        self.name = name_of_member("elu", self.alpha, ELU_ALPHA)
        self.bounds = (-self.alpha, math.inf)
        self.kinks = () if self.alpha == 1 else (0.0,)

    def value(self, z: Array) -> Array:
        xp = namespace(z)
        return xp.where(xp.real(z) > 0, z, self.alpha * xp.expm1(not_positive(z)))

    def prime(self, z: Array) -> Array:
        xp = namespace(z)
        return xp.where(z > 0, 1.0, self.alpha * xp.exp(not_positive(z)))


class Softplus(Activation):
    """a = ln(1 + e^z); its derivative is the sigmoid."""

    name = "softplus"
    bounds = (0.0, math.inf)

    def value(self, z: Array) -> Array:
        xp = namespace(z)
        return xp.where(xp.real(z) >= 0, z, xp.zeros_like(z)) + log_one_and_decay(z)

    def prime(self, z: Array) -> Array:
        return logistic(z)


class Silu(Activation):
    """a = z σ(z), also called swish; a' = σ(z)(1 + z σ(−z))."""

    name = "silu"
    bounds = (-0.28, math.inf)

    def value(self, z: Array) -> Array:
        return z * logistic(z)

    def prime(self, z: Array) -> Array:
        return logistic(z) * (1 + z * logistic(-z))


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


sigmoid = Sigmoid()
softplus = Softplus()
softmax = Softmax()
HIDDEN: dict[str, Activation] = {
    activation.name: activation
    for activation in (Identity(), sigmoid, Tanh(), Relu(), LeakyRelu(), Elu(), softplus, Silu())
}
ACTIVATIONS: dict[str, Activation] = {**HIDDEN, softmax.name: softmax}


FAMILIES: dict[str, type[LeakyRelu | Elu | HardSigmoid]] = {
    "leaky_relu": LeakyRelu,
    "elu": Elu,
    "hard_sigmoid": HardSigmoid,
}
"""Activations with a constant, which stands in parentheses after the name."""
_OBJECTS: dict[str, Activation] = {**ACTIVATIONS, **FURTHER}
"""The one object of each name of the package's; those with a constant come in when they are first asked for."""
_CLASSES = frozenset(map(type, _OBJECTS.values()))


def is_of_package(activation: Activation) -> bool:
    """True of one of the package's activations: its name alone says all of it.

    >>> is_of_package(activation_of("elu(0.1)"))
    True
    """
    return _OBJECTS.get(activation.name) is activation


def activation_of(given: object) -> Activation:
    """The activation of a name, or the object itself.

    >>> activation_of("tanh"), activation_of("leaky_relu(0.20)")
    (tanh, leaky_relu(0.2))
    """
    if isinstance(given, Activation):
        return _OBJECTS.setdefault(given.name, given) if type(given) in _CLASSES else given
    if isinstance(given, str):
        return _named(given)
    if is_adoptable(given, "value", "prime"):
        return AdoptedActivation(given)
    raise InputError(f"activation is {given!r}, expected a name or an object with value(z) and prime(z)")


def _named(name: str) -> Activation:
    if name in _OBJECTS:
        return _OBJECTS[name]
    found = re.fullmatch(r"\s*(\w+)\s*\(([^()]*)\)\s*", name)
    if found is not None and found[1] in FAMILIES:
        with suppress(ValueError):  # which an InputError is too
            return activation_of(FAMILIES[found[1]](float(found[2])))
    forms = [f"{family}({member.constant})" for family, member in FAMILIES.items()]
    raise InputError(
        f"unknown activation {name!r}, expected one of {', '.join([*ACTIVATIONS, *FURTHER, *forms])}, "
        "where slope and alpha are finite numbers above 0"
    )


def _by_name(activation: Activation) -> tuple[Callable[[object], Activation], tuple[str]]:
    return activation_of, (activation.name,)


for _class in _CLASSES:  # pickled and copied by name, so that there stays one of each
    copyreg.pickle(_class, _by_name)


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
