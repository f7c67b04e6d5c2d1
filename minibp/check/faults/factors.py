"""Factors that stand where σ'(z^l) belongs: the same mistakes are made in hidden layers, (22), and at the output, (17).

A factor is 1 for every neuron and example where σ' is; None where the mistake changes nothing with that activation.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from minibp.activations import ELU_ALPHA, HIDDEN, LEAKY_SLOPE, Activation, Elu, LeakyRelu
from minibp.arrays import Array
from minibp.check.faults.fault import Formula
from minibp.check.faults.pass_state import Number, PassState


def at_activation(p: PassState, l: int) -> Number:
    """σ'(a^l)."""
    return p.prime_at(l, p.a[l])


def value(p: PassState, l: int) -> Number:
    """σ(z^l)."""
    return p.a[l]


def twice(p: PassState, l: int) -> Number:
    """σ'(z^l)²."""
    return p.prime(l) * p.prime(l)


def of_sigmoid(p: PassState, l: int) -> Number:
    """a(1 − a)."""
    return p.a[l] * (1 - p.a[l])


def tanh_not_squared(p: PassState, l: int) -> Number:
    """1 − a for tanh."""
    return 1 - p.a[l] if p.activations[l].name == "tanh" else None


def elu_value(p: PassState, l: int) -> Number:
    """a where z < 0, for elu."""
    return p.where(p.plain(p.z[l]) > 0, p.ones(l), p.a[l]) if isinstance(p.activations[l], Elu) else None


def silu_first_term(p: PassState, l: int) -> Number:
    """The sigmoid alone, for silu."""
    return p.sigmoid(p.z[l]) if p.activations[l].name == "silu" else None


def _leaky(p: PassState, l: int, slope: float) -> Number:
    if not isinstance(p.activations[l], LeakyRelu):
        return None
    return p.where(p.plain(p.z[l]) < 0, p.ones(l) * slope, p.ones(l))


def without_leaky_slope(p: PassState, l: int) -> Number:
    """Relu's derivative, for leaky relu."""
    return _leaky(p, l, 0.0)


def with_negative_leaky_slope(p: PassState, l: int) -> Number:
    """Leaky relu's derivative with the opposite slope."""
    return _leaky(p, l, -slope_of(p.activations[l]))


def slope_of(activation: Activation) -> float:
    """The constant of σ' where z < 0: the slope of leaky relu, the α of elu."""
    if isinstance(activation, Elu):
        return float(getattr(activation, "alpha", ELU_ALPHA))
    return float(getattr(activation, "slope", LEAKY_SLOPE))


def has_slope(p: PassState, l: int) -> bool:
    """True where σ has another constant where z < 0: leaky relu and elu."""
    return isinstance(p.activations[l], LeakyRelu | Elu)


def without_slope(p: PassState, l: int) -> Number:
    """σ' where z is positive, else 0: what a slope is added to."""
    if not has_slope(p, l):
        return None
    return p.where(_below_0(p, l), p.ones(l) * 0.0, p.ones(l))


def per_slope(p: PassState, l: int) -> Number:
    """What the slope is multiplied by: 1 where z < 0 for leaky relu, e^z for elu."""
    curve = p.prime_of(HIDDEN["elu"], p.z[l]) if isinstance(p.activations[l], Elu) else p.ones(l)
    return p.where(_below_0(p, l), curve, p.ones(l) * 0.0)


def _below_0(p: PassState, l: int) -> Array:
    z = p.plain(p.z[l])
    below: Array = z <= 0 if isinstance(p.activations[l], Elu) else z < 0
    return below


def name_of_slope(activation: Activation) -> str:
    """The word for the constant."""
    return "α" if isinstance(activation, Elu) else "slope"


def derivative_slope_message(p: PassState, l: int, variant: int, slope: float) -> str:
    """The slope of σ' that was found, and that of σ."""
    activation = p.activations[l]
    return f"the derivative has {name_of_slope(activation)} {slope:.6g}, not {slope_of(activation):.6g}, where z^l < 0"


class Other(NamedTuple):
    """The derivative of another activation, as it is written."""

    name: str
    words: str
    formula: Formula


SAME = {
    ("leaky_relu", "relu"),  # leaky_slope_dropped
    ("sigmoid", "softplus"),  # hidden_activation_for_derivative
    ("silu", "softplus"),  # silu_derivative_incomplete
}
"""Activations, and others whose derivative in place of theirs is a fault with a name of its own."""


def _of_another(name: str, p: PassState, l: int) -> Number:
    own = p.activations[l].name
    if own.split("(")[0] == name or (own.split("(")[0], name) in SAME:
        return None
    return p.prime_of(HIDDEN[name], p.z[l])


def _one_minus_square(p: PassState, l: int) -> Number:
    return None if p.activations[l].name == "tanh" else 1 - p.a[l] * p.a[l]


OTHERS = (
    *(
        Other(name, f"{name}'(z)", partial(_of_another, name))
        for name in ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu")
    ),
    Other("tanh", "1 - a², tanh's,", _one_minus_square),
)
"""a(1 - a), the sigmoid's, is a fault of its own."""


def other_message(p: PassState, l: int, variant: int, constant: float) -> str:
    """Which derivative stands where which belongs."""
    return f"{OTHERS[variant].words} stands where {p.activations[l].name}'(z) belongs"


def sigmoid_form_at_z(p: PassState, l: int) -> Number:
    """z(1 − z); on the identity that is a(1 − a), which has a name of its own."""
    return None if p.activations[l].name == "identity" else p.z[l] * (1 - p.z[l])


def tanh_form_at_z(p: PassState, l: int) -> Number:
    """1 − z²."""
    return None if p.activations[l].name == "identity" else 1 - p.z[l] * p.z[l]


def alone(p: PassState, l: int) -> Number:
    """σ'(z^l) without an error; on the identity that is what σ' of an error is, too."""
    return None if p.activations[l].name == "identity" else p.prime(l)


FORMS_AT_Z = (sigmoid_form_at_z, tanh_form_at_z)
"""Derivatives in terms of a, given z."""
