"""The rounding granted to σ and σ' against programs whose every rounding is at its worst."""

import math

import numpy as np
import pytest
from activation_limits import F, granted, limits_of, points
from activation_programs import ANY, CANCELS, FROM_VALUE, PRIME, TEXTBOOK, VALUE
from adversary import Rounded, Worst, exact_sum, exp, log1p

from minibp.activations import HIDDEN
from minibp.check.rounding.activation_bounds import activation_bounds_of


def run(kind, name, program, z):
    if kind == "from value":
        return program(Rounded(z), granted(name, z), granted("sigmoid", z)).worst
    return program(Rounded(z)).worst


PROGRAMS = {"value": VALUE, "prime": PRIME, "from value": FROM_VALUE, "textbook": CANCELS}
CASES = [pytest.param(kind, name, id=f"{kind}-{name}") for kind, table in PROGRAMS.items() for name in table]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_no_program_exceeds_the_bound(kind, name):
    for number, (program, limits) in enumerate(PROGRAMS[kind][name]):
        for z in points(limits):
            worst, bound = run(kind, name, program, z), limits_of(name, z)[kind]
            for f in F:
                # 1e-9: z rounds in float64, and ln(3)/2 is where Cody and Waite's sum is at its worst.
                assert worst.of(f) <= bound.of(f) * (1 + 1e-9), (number, z, f)


@pytest.mark.parametrize("name", TEXTBOOK)
def test_no_textbook_formula_exceeds_the_bound_of_values_and_its_own_term(name):
    for number, (program, limits) in enumerate(TEXTBOOK[name]):
        for z in points(limits):
            worst, bound = program(Rounded(z)).worst, limits_of(name, z)
            for f in F:
                assert worst.of(f) <= (bound["value"].of(f) + bound["textbook"].of(f)) * (1 + 1e-9), (number, z, f)


# kind, name, z, the share of the constant that some program uses there, and that of the coefficient of f (None where
# there is none). Of a doubled coefficient no program uses that share; a halved one some program exceeds.
USED = [
    ("value", "sigmoid", 0.0, 2 / 3, None),  # a sum and a quotient, and one rounding to spare
    ("value", "sigmoid", -40.0, 2 / 3, 1),
    ("value", "tanh", math.log(3) / 2, 3 / 4, 1),  # Cody and Waite's two sums and a quotient of 4
    ("value", "tanh", 20.0, None, 1),
    ("value", "leaky_relu", -3.0, 1, None),
    ("value", "elu", -1e-6, 3 / 4, 2 / 3),  # Kahan's 3 operations of 4, 2 functions of 3
    ("value", "softplus", 0.0, 0.97, None),  # (2 + ln 2)/(4 ln 2)
    ("value", "softplus", -40.0, None, 1),
    ("value", "silu", 0.3, 3 / 5, None),
    ("value", "silu", -40.0, 3 / 5, 1),
    ("prime", "sigmoid", 20.0, 1, 1),
    ("prime", "tanh", 20.0, 5 / 8, 1),
    ("prime", "leaky_relu", -1.0, 1, None),
    ("prime", "elu", -1.0, 1, 1),
    ("prime", "softplus", -20.0, 2 / 3, 1),
    ("prime", "silu", -300.0, 0.87, 0.99),  # (7|z| − 5)/8(|z| + 1), and (2|z| − 1)/2(|z| + 1)
    ("prime", "silu", 1e-6, 5 / 8, 1 / 2),
    ("prime", "silu", 1.3, 0.58, None),  # 1/2 + 3x/8(1 + x) with x = zσ(−z)
    ("from value", "sigmoid", 0.0, 2 / 3, None),  # a difference and a product of 3
    ("from value", "sigmoid", 20.0, 1, 1),
    ("from value", "sigmoid", -20.0, 5 / 6, 1),
    ("from value", "tanh", 20.0, 1, 1),
    ("from value", "tanh", 1e-6, 1 / 2, None),  # only the difference
    ("from value", "elu", -1e-6, 1, 1),
    ("from value", "elu", -40.0, 4 / 5, 1),
    ("from value", "silu", 300.0, 0.62, None),  # 5z/8(1 + z)
    ("from value", "silu", -300.0, 0.62, 0.99),
    ("from value", "silu", 0.0, 0.62, 1 / 2),
    ("textbook", "tanh", 20.0, 1, 1),
    ("textbook", "elu", -1e-6, 1, 1),
    ("textbook", "elu", -3.0, 1, 1),
    ("textbook", "softplus", 40.0, 1, 1),
]


@pytest.mark.parametrize(
    ("kind", "name", "z", "constant", "coefficient"),
    [pytest.param(*row, id=f"{row[0]}-{row[1]} at {row[2]:.2g}") for row in USED],
)
def test_some_program_uses_most_of_the_bound(kind, name, z, constant, coefficient):
    runs = [run(kind, name, program, z) for program, (low, high) in PROGRAMS[kind][name] if low <= z <= high]
    bound = limits_of(name, z)[kind]
    if constant is not None:
        assert max(one.roundings for one in runs) >= constant * bound.roundings * (1 - 1e-5)
    if coefficient is not None:
        assert max(one.library for one in runs) >= coefficient * bound.library * (1 - 1e-5)


# σ' of softplus as 1 − e^−a: for z > 0 the error of a and of e^−a meet; for z ≤ 0 the difference is exact, and what
# counts is e^−a, which is near 1.


def softplus_from_value(z):
    if z > 0:
        return 1 - exp(-granted("softplus", z))
    return exact_sum(1, -exp(-log1p(exp(Rounded(z)))))


def test_softplus_from_its_value_is_within_what_is_granted_for_it():
    for z in points(ANY):
        worst, bound = softplus_from_value(z).worst, limits_of("softplus", z)
        for f in F:
            allowed = bound["prime"].of(f) + bound["from value"].of(f)
            # Another function than a correctly rounded one, near e^0, is granted among the formulas of textbooks.
            allowed += 2 * bound["textbook"].of(f) if z <= 0 and f > 1 else 0
            assert worst.of(f) <= allowed * (1 + 1e-9), (z, f)


def test_softplus_from_its_value_uses_its_own_terms():
    for z in np.linspace(0.01, 0.9, 20):  # ln(1 + e^0.9) < 5/4, up to where its roundings alone stay within
        worst, bound = softplus_from_value(z).worst, limits_of("softplus", z)
        assert 0.6 * bound["from value"].roundings <= worst.roundings <= bound["from value"].roundings
        assert worst.library >= 0.7 * (bound["prime"].library + bound["from value"].library)
    assert limits_of("softplus", 0.0)["from value"] == Worst(1.0, 0.0)  # 1 − 1/2 is exact too
    for z, f in ((-40.0, 1.0), (40.0, 0.0)):
        worst, bound = softplus_from_value(z).worst, limits_of("softplus", z)["from value"]
        assert bound.of(f) * (1 - 1e-9) <= worst.of(f) <= bound.of(f) * (1 + 1e-9)


def test_functions_that_do_not_round_are_granted_nothing():
    for name in ("identity", "relu"):
        for z in (-2.0, 0.0, 2.0):
            assert set(limits_of(name, z).values()) == {Worst(0.0, 0.0)}
        assert activation_bounds_of(HIDDEN[name]).exact
    assert set(limits_of("leaky_relu", 0.0).values()) == {Worst(0.0, 0.0)}
    for z in (1e-300, 0.5, 2.0):
        for name in ("leaky_relu", "elu"):
            assert set(limits_of(name, z).values()) == {Worst(0.0, 0.0)}
    assert limits_of("leaky_relu", -2.0)["from value"] == Worst(0.0, 0.0)
    assert not any(activation_bounds_of(HIDDEN[name]).exact for name in set(HIDDEN) - {"identity", "relu"})
