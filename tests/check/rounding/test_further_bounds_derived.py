"""Each bound is just what one program errs by at the worst: the program that it is derived from.

Where honest programs differ, this one has the roundings of the worst of them in every step, and those that a bound has
to spare. How many there are is written here; how much each counts follows from the arithmetic of `adversary`.
"""

import numpy as np
import pytest
from activation_limits import bounds_of, limits_of
from adversary import (
    Rounded,
    Worst,
    cosh,
    exact_product,
    exact_sum,
    exp,
    expit,
    given,
    library,
    mp,
    normal_cdf,
    rounded,
    tanh,
    true_sigmoid,
)
from further_programs import HALF, constant

from minibp.activations import activation_of
from minibp.check.rounding.activation_bounds import activation_bounds_of
from minibp.further_activations import SELU_ALPHA, SELU_SCALE

LEFT, RIGHT = (-20.0, -3.0, -0.7, -1e-3), (1e-3, 0.4, 1.7, 5.0, 30.0)
BOTH = (*LEFT, *RIGHT)
NEAR = (-8.9, -3.0, -0.7, -1e-3)
"""On the left, where formulas that saturate have not yet done so."""
INSIDE = (-2.9, -2.4, -1.1, -1e-3, 0.3, 1.1, 2.4, 2.9)
"""Between the kinks of hard_swish, and those that are also between the kinks of hard_sigmoid(0.2):"""
WELL_INSIDE = INSIDE[1:-1]
OUTSIDE = (-20.0, -3.01, 3.01, 20.0)


def nothing(z):
    return Rounded(0)


# ── hard ones, elu, softsign ────────────────────────────────────────────────────────────────────────────────────────


def hard_sigmoid(slope):
    """A product with a rounded slope, a sum, and one to spare: (z + 3)/6 has both of its roundings at the sum."""
    return lambda z: rounded(constant(slope) * z + 0.5)


def sixth(z):
    return constant(mp.mpf(1) / 6) * z


def hard_swish(z):
    """The same times z, with one to spare."""
    return rounded(z * rounded(sixth(z) + 0.5))


def hard_swish_prime(z):
    """hard_sigmoid(z) + z/6, with one to spare."""
    return rounded((sixth(z) + 0.5) + sixth(z))


def elu_value(size, constants):
    """3 functions and 3 operations, the most that stable forms of e^z − 1 have, and one to spare."""
    return lambda z: rounded(library(Rounded(size * mp.expm1(z.value)), 3), 4 + constants)


def elu_prime(size, constants):
    """e^z may be a quotient, 1/e^−z."""
    return lambda z: rounded(library(Rounded(size * mp.exp(z.value))), 1 + constants)


def elu_from_value(size, constants):
    """a + λα, whose sum is not above λα."""

    def program(z):
        a = size * abs(mp.expm1(z.value))
        return exact_sum(rounded(Rounded(size), constants + 1), -given(a, Worst((4 + constants) * a, 3 * a)))

    return program


def elu_textbook(size, constants):
    """e^z − 1, of which e^z may be a quotient, and one to spare."""
    return lambda z: exact_sum(rounded(library(Rounded(size * mp.exp(z.value))), 2 + constants), -size)


def softsign_difference(z):
    """1/(1 + |z|) − |z|/(1 + |z|)², with a library's power, and one to spare."""
    return 1 / (1 + abs(z)) - rounded(abs(z) / rounded((1 + abs(z)) * (1 + abs(z))))


# ── gelu ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def cdf(z):
    """Φ(z): √2, a quotient of it, the product with z, and half of z² in e^{−z²/2}, which Φ has in its tail."""
    return normal_cdf(rounded(z, 4))


def gelu(z):
    """With one to spare."""
    return rounded(z * cdf(z))


def gelu_prime(z):
    """Φ(z) + z φ(z): the sum rounds both; φ may be e^{−(z/√2)²}, its exponent two roundings of a square, and two more.

    To spare are 3 of Φ; and 3 of z φ(z) beside its sum, its product, the quotient by √(2π), and that root.
    """
    exponent = rounded(Rounded(-(z.value**2) / 2), 3 + 2 + 1)
    return exact_sum(rounded(cdf(z), 1 + 3), exact_product(rounded(exp(exponent), 4 + 3), z.value / mp.sqrt(2 * mp.pi)))


def gelu_quotient(z):
    """Φ(z) as a/z: a product and a quotient more."""
    return rounded(Rounded(mp.ncdf(z.value)), 2)


def half_of_saturated(z, error):
    """½z + ½z t with a t of −1."""
    return exact_sum(HALF * z, HALF * z * given(-1, error))


# ── gelu_tanh ───────────────────────────────────────────────────────────────────────────────────────────────────────


def doubled(z):
    """v and v' of z σ(v)."""
    factor, cube = 2 * mp.sqrt(2 / mp.pi), mp.mpf(0.044715)
    return factor * (z + cube * z**3), factor * (1 + 3 * cube * z**2)


def gate(z):
    """σ(v): in v three constants, three factors of z, three products of these, and the sum."""
    return expit(rounded(Rounded(doubled(z.value)[0]), 3 + 3 + 3 + 1))


def gelu_tanh(z):
    """A product, and a sigmoid or a tanh of 3 or 4 operations."""
    return rounded(z * gate(z), 4)


def gelu_tanh_prime(z):
    """σ(v) + z σ'(v) v'; σ'(v), of the square of cosh, has the error of v at most, and of v itself |v| is left.

    v' has 9: three of the constant, two of 3·0.044715, its product with z², that square, the sum and the last product.
    Its products with z and with a quotient have 3, the square of cosh 1, the sum of all 1, and 3 are to spare.
    """
    v, slope = doubled(z.value)
    second = abs(z.value) * slope * true_sigmoid(v) * true_sigmoid(-v)
    return exact_sum(rounded(gate(z), 5), given(second, Worst((9 + 3 + 1 + 1 + 3 + 10 * abs(v)) * second, 2 * second)))


def square_from(t):
    """1 − t², by a library's power."""
    return exact_sum(1, -rounded(t * t))


def gelu_tanh_from_value(z):
    """½z(1 − t²) ½v', of a t near 1."""
    return exact_product(square_from(given(1, Worst(4, 1))), z.value * doubled(z.value)[1] / 4)


# ── mish ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def softplus(z):
    """With all the error that is granted to it."""
    value = mp.log1p(mp.exp(z.value))
    return given(value, Worst(4 * value, 2 * value))


def mish(z):
    """With two to spare, for a tanh by squares."""
    return rounded(z * tanh(softplus(z)), 2)


def mish_prime(z):
    """t + z σ(z)/cosh²: a sigmoid of 3 operations; the sum rounds both; 2 of t are to spare, and 3 of what is added."""
    sigmoid = true_sigmoid(z.value)
    root = cosh(softplus(z))
    second = z * given(sigmoid, Worst(3 * sigmoid, sigmoid)) / (root * root)
    return exact_sum(rounded(tanh(softplus(z)), 1 + 2), rounded(second, 1 + 3))


def mish_from_value(z):
    """t + z σ(z)(1 − t²), whose difference is granted 2; and e^z ω/δ² with 3 functions, 8 operations, and 3z."""
    t = rounded(tanh(softplus(z)))
    factor = abs(z.value) * true_sigmoid(z.value)
    difference = given(1, Worst(2 * float(factor), 0))
    of_paper = given(t.value, Worst(float((8 + 3 * max(z.value, 0)) * t.value), 3 * t.value))
    return exact_sum(exact_product(t, 2 * t.value * factor), exact_sum(difference, of_paper))


def mish_textbook(z):
    """z tanh(ln(1 + e^z)): the logarithm has the textbook's error of softplus, of a quotient's 3 operations."""
    t = mp.tanh(mp.log1p(mp.exp(z.value)))
    return exact_product(given(1, Worst(3, 1)), z.value * (1 - t * t))


ELUS = {
    "elu": (mp.mpf(1), 0),
    "elu(0.1)": (mp.mpf(0.1), 2),  # α, and a product with it
    "elu(2)": (mp.mpf(2), 2),
    "selu": (mp.mpf(SELU_ALPHA) * mp.mpf(SELU_SCALE), 4),  # α and λ, and a product with each
}
LINEAR = {"leaky_relu(0.2)": 0.2, "leaky_relu(3)": 3}
UNROUNDED = ("value", "prime", "from value", "textbook")
DERIVED = [
    *(("value", name, LEFT, lambda z, slope=slope: constant(slope) * z) for name, slope in LINEAR.items()),
    *(("prime", name, LEFT, lambda z, slope=slope: constant(slope)) for name, slope in LINEAR.items()),
    *((kind, name, RIGHT, nothing) for name in (*LINEAR, "elu", "elu(0.1)", "elu(2)") for kind in UNROUNDED),
    *(("value", name, LEFT, elu_value(*of)) for name, of in ELUS.items()),
    *(("prime", name, (*LEFT, 0.0), elu_prime(*of)) for name, of in ELUS.items()),
    *(("from value", name, (*LEFT, 0.0), elu_from_value(*of)) for name, of in ELUS.items()),
    *(("textbook", name, (*LEFT, 0.0), elu_textbook(*of)) for name, of in ELUS.items()),
    ("value", "selu", RIGHT, lambda z: constant(SELU_SCALE) * z),
    ("prime", "selu", RIGHT, lambda z: constant(SELU_SCALE)),
    *((kind, "selu", RIGHT, nothing) for kind in UNROUNDED[2:]),
    ("value", "hard_sigmoid", INSIDE, hard_sigmoid(mp.mpf(1 / 6))),
    ("value", "hard_sigmoid(0.2)", WELL_INSIDE, hard_sigmoid(mp.mpf(0.2))),
    ("prime", "hard_sigmoid", INSIDE, lambda z: constant(mp.mpf(1 / 6))),
    ("value", "hard_sigmoid", OUTSIDE, nothing),
    ("value", "hard_swish", INSIDE, hard_swish),
    ("prime", "hard_swish", INSIDE, hard_swish_prime),
    ("value", "hard_swish", OUTSIDE[2:], lambda z: z * 6 / 6),
    ("value", "hard_swish", OUTSIDE[:2], nothing),
    ("prime", "hard_swish", OUTSIDE, nothing),
    ("value", "softsign", BOTH, lambda z: z * (1 / (1 + abs(z)))),
    ("prime", "softsign", BOTH, lambda z: 1 / rounded((1 + abs(z)) * (1 + abs(z)))),
    ("from value", "softsign", BOTH, softsign_difference),
    ("value", "gelu", (-36.0, *BOTH), gelu),
    ("prime", "gelu", (-36.0, *BOTH), gelu_prime),
    ("from value", "gelu", BOTH, gelu_quotient),
    ("textbook", "gelu", NEAR, lambda z: half_of_saturated(z, Worst(0, 1))),
    ("textbook", "gelu", RIGHT, nothing),
    ("value", "gelu_tanh", BOTH, gelu_tanh),
    ("prime", "gelu_tanh", BOTH, gelu_tanh_prime),
    ("from value", "gelu_tanh", (*NEAR, *RIGHT[:-1]), gelu_tanh_from_value),
    ("textbook", "gelu_tanh", NEAR, lambda z: half_of_saturated(z, Worst(4, 1))),
    ("textbook", "gelu_tanh", RIGHT, nothing),
    ("value", "mish", (-600.0, *BOTH), mish),
    ("prime", "mish", (-600.0, *BOTH), mish_prime),
    ("from value", "mish", (*LEFT, *RIGHT[:-1], 19.0), mish_from_value),
    ("textbook", "mish", (*LEFT, *RIGHT[:-1]), mish_textbook),
]


@pytest.mark.parametrize(
    ("kind", "name", "places", "program"),
    [pytest.param(*row, id=f"{row[0]}-{row[1]} at {row[2][0]}") for row in DERIVED],
)
def test_the_bound_is_what_its_program_errs_by(kind, name, places, program):
    for z in places:
        worst, bound = program(Rounded(z)).worst, limits_of(name, z)[kind]
        assert tuple(bound) == pytest.approx(tuple(map(float, worst)), rel=1e-9, abs=1e-15 * float(sum(worst))), z


# ── ends ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def last(program):
    """The largest |z| left of 0 at which a program in float64 still has digits to lose."""
    z = -np.linspace(0, 40, 401)
    with np.errstate(over="ignore"):
        return abs(z[program(z)].min())


ERF = np.vectorize(lambda t: float(mp.erf(mp.mpf(float(t)))))
SATURATED = {
    "gelu": lambda z: 1 + ERF(z / np.sqrt(2)) > 0,
    "gelu_tanh": lambda z: 1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)) > 0,
    "mish": lambda z: 1 + np.exp(z) > 1,
}
"""Where a sum is not yet that of exact numbers, in float64: in float32 it is so sooner."""


@pytest.mark.parametrize(("name", "slack"), [("gelu", 1.1), ("gelu_tanh", 1.3), ("mish", 1.1)])
def test_what_a_textbooks_formula_loses_ends_where_its_function_saturates(name, slack):
    far, end = limits_of(name, -300.0)["textbook"], last(SATURATED[name])
    there = limits_of(name, -end)["textbook"]
    for at_end, beyond in zip(there, far, strict=True):
        assert at_end * (1 - 1e-9) <= beyond <= at_end * slack


def test_differences_of_squares_lose_nothing_where_tanh_is_1():
    end = last(lambda z: np.tanh(np.log1p(np.exp(-z))) < 1)
    assert 18 < end < 20
    # Of mish: 2 functions of a square that is near 1, times |z|, and the 3 of the other form.
    assert 2 * end + 3 <= limits_of("mish", 300.0)["from value"].library <= 2.2 * end + 3
    end = last(SATURATED["gelu_tanh"])
    at_end, beyond = (limits_of("gelu_tanh", z)["from value"].library for z in (end, 300.0))
    assert at_end <= beyond <= 1.3**3 * at_end  # |z| v', a cube


def test_the_cubed_exponential_of_mish_ends_where_it_overflows():
    end = np.log(np.finfo(np.float64).max) / 3
    at_end, beyond = (limits_of("mish", z)["from value"].roundings for z in (end, 1e4))
    assert at_end <= beyond <= 1.02 * at_end


@pytest.mark.parametrize("name", ["hard_sigmoid", "hard_sigmoid(0.2)", "hard_swish"])
def test_a_sum_may_be_rounded_on_both_sides_of_its_kink_and_no_further(name):
    """What is clipped errs beyond the kink too, by the rounding of its sum: 4u of z, 2^−22 of it in float32."""
    activation = activation_of(name)
    for kink in activation.kinks:
        for share, granted in ((1 + 2.0**-21, True), (1 + 2.0**-20 * 1.001, False)):
            there = limits_of(name, kink * share)
            exact = 2 * max(float(activation.value(np.float64(kink))), 0) if name == "hard_swish" else 0
            assert (there["value"].roundings > exact + 0.1) == granted, (kink, share)
            if name == "hard_swish":
                assert (there["prime"].roundings > 0.1) == granted, (kink, share)
    slope = Rounded(mp.mpf(getattr(activation, "slope", 1 / 6)))
    kink = activation.kinks[1]
    # The sum's roundings are of two halves and of 1; a kink that is computed is a quotient by a rounded slope.
    of_sum = (constant(slope.value) * Rounded(kink) + 0.5).worst.roundings / float(slope.value)
    of_kink = (0.5 / constant(slope.value)).worst.roundings
    assert activation_bounds_of(activation).reach == pytest.approx(of_sum + of_kink, rel=1e-9)


# name, z, e, the largest |σ'| on [z − e, z + e], whose end is a kink
ENDS = [
    ("leaky_relu(3)", -1.0, 1.0, 3.0),
    ("leaky_relu(3)", 1.0, 1.0, 1.0),  # 0 belongs to the right
    ("leaky_relu(0.2)", -1.0, 1.0, 1.0),
    ("elu(0.1)", -1.0, 1.0, 0.1),  # 0 belongs to the left
    ("elu(2)", 1.0, 1.0, 2.0),
    ("hard_sigmoid", 4.0, 1.0, 0.0),  # a kink belongs to what is flat
    ("hard_sigmoid", -4.0, 1.0, 0.0),
    ("hard_tanh", 2.0, 1.0, 0.0),
    ("hard_tanh", -2.0, 1.0, 0.0),
    ("relu6", 7.0, 1.0, 0.0),
    ("relu6", -1.0, 1.0, 0.0),
    ("hard_swish", -4.0, 1.0, 0.0),
    ("hard_swish", 4.0, 1.0, 1.0),
]


@pytest.mark.parametrize(
    ("name", "z", "e", "largest"), [pytest.param(*row, id=f"{row[0]} at {row[1]}") for row in ENDS]
)
def test_a_kink_at_the_end_of_an_interval_has_the_slope_of_its_convention(name, z, e, largest):
    assert bounds_of(name, z, e)[0] == pytest.approx(largest, rel=1e-15)


def test_the_slope_of_hard_swish_changes_between_its_kinks_only():
    for z, e, change in ((4.0, 1.0, 0.5), (-4.0, 1.0, 0.5), (5.0, 1.0, 0.0), (-5.0, 1.0, 0.0), (20.0, 3.0, 0.0)):
        assert bounds_of("hard_swish", z, e)[1] == change
