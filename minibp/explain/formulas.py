"""Activations and costs written out for a calculator: each formula in letters, and with the numbers put in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from minibp.activations import Activation, Elu, LeakyRelu
from minibp.costs import HUBER_DELTA, Cost
from minibp.explain.notation import HALF, MINUS, added, factor, given, negated, product, shown


class Formula(NamedTuple):
    """A formula in letters, and with numbers; these are empty where there is nothing to compute."""

    letters: str
    numbers: str = ""
    equation: str = ""


def value_of(activation: Activation, z: Sequence[float], j: int) -> Formula:
    """a_j = σ(z_j) of a layer, j counted from 0."""
    if not activation.elementwise:
        powers = [f"e^{shown(one)}" for one in z]
        return Formula("e^z_j/Σ_k e^z_k", f"{powers[j]}/({added(powers)})")
    letters, template = _VALUES[_family(activation)](activation, z[j])
    return Formula(letters, _with_numbers(template, z[j], 0.0))


def prime_of(activation: Activation, z: float, a: float) -> Formula:
    """σ'(z) of an elementwise activation, from z and a = σ(z)."""
    letters, template = _PRIMES[_family(activation)](activation, z)
    equation = "(8)" if activation.name == "sigmoid" else ""
    return Formula(letters, _with_numbers(template, z, a), equation)


def cost_of_outputs(cost: Cost, a: Sequence[float], y: Sequence[float], layer: int) -> Formula:
    """C of one example, without L2."""
    pairs = [(shown(one), given(target)) for one, target in zip(a, y, strict=True)]
    a_j = f"a^{layer}_j"
    if cost.name == "quadratic":
        squares = [f"({_less(*pair)})²" for pair in pairs]
        total = f"({added(squares)})" if len(squares) > 1 else squares[0]
        return Formula(f"{HALF} Σ_j ({a_j} − y_j)²", f"{HALF}·{total}", "(9)")
    if cost.name == "cross_entropy":
        logs = [
            term
            for (one, target), wanted in zip(pairs, y, strict=True)
            for term in (product(target, f"ln({one})"), product(given(1 - wanted), f"ln(1 − {one})"))
        ]
        return Formula(f"−Σ_j [y_j ln {a_j} + (1 − y_j) ln(1 − {a_j})]", f"−({added(logs)})", "(25)")
    if cost.name == "categorical_cross_entropy":
        logs = [product(target, f"ln({one})") for one, target in pairs]
        return Formula(f"−Σ_j y_j ln {a_j}", f"−({added(logs)})")
    terms = [_huber(pair, one - target) for pair, one, target in zip(pairs, a, y, strict=True)]
    return Formula(f"Σ_j h({a_j} − y_j), h(r) = {HALF} r² for |r| ≤ 1, else |r| − {HALF}", added(terms))


def slope_of_cost(cost: Cost, a: float, y: float) -> Formula:
    """∂C/∂a_j of one output."""
    less = _less(shown(a), given(y))
    if cost.name == "cross_entropy":
        return Formula("(a − y)/(a (1 − a))", f"({less})/({shown(a)}·(1 − {shown(a)}))")
    if cost.name == "huber":
        return Formula("a − y, within −1 and 1", less if abs(a - y) <= HUBER_DELTA else "")
    return Formula("a − y", less)


def _huber(pair: tuple[str, str], r: float) -> str:
    if abs(r) <= HUBER_DELTA:
        return f"{HALF}·({_less(*pair)})²"
    return f"({_less(*(pair if r > 0 else pair[::-1]))} − {HALF})"


def _less(a: str, y: str) -> str:
    """a − y in numbers."""
    return f"{a} − {factor(y)}"


def _with_numbers(template: str, z: float, a: float) -> str:
    """A template with z, −z, z as a factor, a and a as a factor put in."""
    z_text, a_text = shown(z), shown(a)
    return template.format(z=z_text, minus_z=negated(z_text), fz=factor(z_text), a=a_text, fa=factor(a_text))


def _family(activation: Activation) -> str:
    return activation.name.partition("(")[0]


Rule = Callable[[Activation, float], tuple[str, str]]
"""From an activation and z: its formula in letters, and the template of the numbers for this z."""


def _always(letters: str, template: str) -> Rule:
    return lambda activation, z: (letters, template)


def _leaky(activation: Activation, z: float) -> tuple[str, str]:
    assert isinstance(activation, LeakyRelu)
    slope = given(activation.slope)
    return f"z for z ≥ 0, else {slope} z", "" if z >= 0 else f"{slope}·{{fz}}"


def _leaky_prime(activation: Activation, z: float) -> tuple[str, str]:
    assert isinstance(activation, LeakyRelu)
    return f"1 for z ≥ 0, else {given(activation.slope)}", ""


def _elu(activation: Activation, z: float) -> tuple[str, str]:
    assert isinstance(activation, Elu)
    times = "" if activation.alpha == 1 else f"{given(activation.alpha)}·"
    return f"z for z > 0, else {times}(e^z − 1)", "" if z > 0 else f"{times}(e^{{z}} − 1)"


def _elu_prime(activation: Activation, z: float) -> tuple[str, str]:
    assert isinstance(activation, Elu)
    times = "" if activation.alpha == 1 else f"{given(activation.alpha)}·"
    return f"1 for z > 0, else {times}e^z", "" if z > 0 else f"{times}e^{{z}}"


_LOGISTIC = "1/(1 + e^{minus_z})"
_VALUES: dict[str, Rule] = {
    "identity": _always("z", ""),
    "sigmoid": _always(f"1/(1 + e^{MINUS}z)", _LOGISTIC),
    "tanh": _always("tanh z", "tanh({z})"),
    "relu": _always("max(z, 0)", "max({z}, 0)"),
    "leaky_relu": _leaky,
    "elu": _elu,
    "softplus": _always("ln(1 + e^z)", "ln(1 + e^{z})"),
    "silu": _always(f"z/(1 + e^{MINUS}z)", "{z}/(1 + e^{minus_z})"),
}
_PRIMES: dict[str, Rule] = {
    "identity": _always("1", ""),
    "sigmoid": _always("a (1 − a)", "{a}·(1 − {a})"),
    "tanh": _always("1 − a²", "1 − {fa}²"),
    "relu": _always("1 for z > 0, else 0", ""),
    "leaky_relu": _leaky_prime,
    "elu": _elu_prime,
    "softplus": _always(f"1/(1 + e^{MINUS}z)", _LOGISTIC),
    "silu": _always(f"(1 + z/(1 + e^z))/(1 + e^{MINUS}z)", "(1 + {fz}/(1 + e^{z}))/(1 + e^{minus_z})"),
}
