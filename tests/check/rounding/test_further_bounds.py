"""Bounds of the further activations: suprema over intervals, and programs whose every rounding is at its worst."""

import numpy as np
import pytest
from activation_limits import F, bounds_of, digits, granted, intervals, limits_of, own_rounding, points
from adversary import Rounded, mp, near
from further_programs import CANCELS, FROM_VALUE, PRIME, TEXTBOOK, TEXTBOOK_PRIME, VALUE

from minibp.activations import FAMILIES, activation_of
from minibp.check.rounding.activation_bounds import activation_bounds_of
from minibp.check.rounding.arithmetic import arithmetic_of
from minibp.check.rounding.further_bounds import further_bounds_of
from minibp.check.rounding.layer import activated, derivative
from minibp.further_activations import FURTHER, SELU_ALPHA, SELU_SCALE

NAMES = [*FURTHER, "leaky_relu(0.2)", "leaky_relu(3)", "elu(0.1)", "elu(2)", "hard_sigmoid(0.2)"]
EXACT = {"hard_tanh", "relu6"}


def sigmoid(t):
    return 1 / (1 + mp.exp(-t))


def gelu_tanh(t):
    factor, cube = 2 * mp.sqrt(2 / mp.pi), mp.mpf(0.044715)
    v, slope = factor * (t + cube * t**3), factor * (1 + 3 * cube * t**2)
    return sigmoid(v) + t * sigmoid(v) * sigmoid(-v) * slope


def mish(t):
    e = mp.exp(t)
    square = e * (2 + e)
    return square / (square + 2) + t * 4 * (1 + e) * e / (square + 2) ** 2


def of_elu(alpha, scale=1):
    return lambda t: mp.mpf(scale) if t > 0 else mp.mpf(scale) * mp.mpf(alpha) * mp.exp(t)


def between(low, high, slope):
    return lambda t: mp.mpf(slope) if low < t < high else mp.mpf(0)


TRUE_PRIME = {
    "gelu": lambda t: mp.ncdf(t) + t * mp.npdf(t),
    "gelu_tanh": gelu_tanh,
    "mish": mish,
    "softsign": lambda t: 1 / (1 + abs(t)) ** 2,
    "hard_sigmoid": between(-3, 3, 1 / 6),
    "hard_sigmoid(0.2)": between(-2.5, 2.5, 0.2),
    "hard_tanh": between(-1, 1, 1),
    "hard_swish": lambda t: mp.mpf(0) if t <= -3 else mp.mpf(1) if t >= 3 else t / 3 + mp.mpf(0.5),
    "relu6": between(0, 6, 1),
    "selu": of_elu(SELU_ALPHA, SELU_SCALE),
    "elu(0.1)": of_elu(0.1),
    "elu(2)": of_elu(2),
    "leaky_relu(0.2)": lambda t: mp.mpf(1) if t >= 0 else mp.mpf(0.2),
    "leaky_relu(3)": lambda t: mp.mpf(1) if t >= 0 else mp.mpf(3),
}
TURNS = {
    "gelu": [-mp.sqrt(2), mp.sqrt(2)],
    "gelu_tanh": [mp.findroot(lambda t: mp.diff(gelu_tanh, t), s * 1.4) for s in (-1, 1)],
    "mish": [mp.findroot(lambda t: mp.diff(mish, t), start) for start in (-2.2, 1.5)],
    "softsign": [0],
}
"""Where σ' turns; between these points and its kinks it is monotone."""


def suprema(name, z, e):
    """sup |σ'| and sup |σ'(t) − σ'(z)| over t in [z − e, z + e]: at its ends, at turns, and on both sides of kinks."""
    prime = TRUE_PRIME[name]
    with digits(e):
        low, high = mp.mpf(z) - mp.mpf(e), mp.mpf(z) + mp.mpf(e)
        inside = [kink for kink in activation_of(name).kinks if low < kink < high]
        off = mp.mpf(10) ** (10 - mp.dps)
        beside = [kink + sign * min(off, (high - low) / 8) for kink in inside for sign in (-1, 0, 1)]
        places = [low, high, *beside, *(turn for turn in TURNS.get(name, ()) if low < turn < high)]
        return (
            max(abs(prime(t)) for t in places),
            max(abs(prime(t) - prime(mp.mpf(z))) for t in places),
        )


@pytest.mark.parametrize("name", NAMES)
def test_slope_and_bend_are_not_below_the_supremum(name):
    for z, e in [
        *intervals(),
        *((z, e) for z in (-3.0, -2.5, -1.0, 1.0, 2.0, 2.5, 3.0, 6.0) for e in (0.0, 1e-9, 0.5, 7.0)),
    ]:
        relative, absolute = own_rounding(z, e)
        for bound, supremum in zip(bounds_of(name, z, e), suprema(name, z, e), strict=True):
            # 1e-16: of σ' itself float64 keeps so much where its two terms cancel.
            assert supremum <= bound * (1 + relative) + absolute + 1e-16 * (e > 0), (z, e)


@pytest.mark.parametrize("name", NAMES)
def test_slope_is_the_supremum(name):
    for z, e in intervals():
        if any(abs(abs(z - kink) - e) <= 1e-12 * abs(z) for kink in activation_of(name).kinks):
            continue  # at an end that is a kink either slope is right
        relative, absolute = own_rounding(z, e)
        assert bounds_of(name, z, e)[0] <= suprema(name, z, e)[0] * (1 + relative) + absolute + 1e-15, (z, e)


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh", "mish", "softsign", "selu", "elu(0.1)", "hard_swish"])
def test_bend_is_tight_where_e_is_small(name):
    for z in (-5.0, -2.0, -0.7, 0.3, 1.0, 2.5):
        bound, supremum = bounds_of(name, z, 1e-6)[1], float(suprema(name, z, 1e-6)[1])
        assert bound <= supremum * (1 + 1e-4) + 1e-15, z


def test_bend_of_a_kink_is_its_jump():
    for name, kink, jump in (
        ("hard_sigmoid", 3.0, 1 / 6),
        ("hard_sigmoid(0.2)", -2.5, 0.2),
        ("hard_sigmoid", -3.0, 1 / 6),
        ("hard_tanh", 1.0, 1.0),
        ("hard_tanh", -1.0, 1.0),
        ("relu6", 6.0, 1.0),
        ("relu6", 0.0, 1.0),
        ("leaky_relu(0.2)", 0.0, 0.8),
        ("leaky_relu(3)", 0.0, 2.0),
        ("hard_swish", -3.0, 0.5),
        ("hard_swish", 3.0, 0.5),
        ("elu(2)", 0.0, 1.0),
        ("selu", 0.0, SELU_SCALE * (SELU_ALPHA - 1)),
    ):
        assert bounds_of(name, kink, 0.0)[1] == 0, name
        assert bounds_of(name, kink, 1e-9)[1] == pytest.approx(jump, rel=1e-8), name
        assert bounds_of(name, kink + 1e-3, 1e-9)[1] <= 1e-9, name


# ── programs ────────────────────────────────────────────────────────────────────────────────────────────────────────

PROGRAMS = {"value": VALUE, "prime": PRIME}
CASES = [pytest.param(kind, name, id=f"{kind}-{name}") for kind, table in PROGRAMS.items() for name in table]


def test_all_that_round_have_programs():
    rounding = {name for name in NAMES if not activation_bounds_of(activation_of(name)).exact}
    assert {*NAMES} - rounding == EXACT
    assert VALUE.keys() == PRIME.keys() == rounding - {"leaky_relu(3)", "elu(2)"}


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_no_program_exceeds_the_bound(kind, name):
    for number, (program, limits) in enumerate(PROGRAMS[kind][name]):
        for z in points(limits):
            worst, bound = program(Rounded(z)).worst, limits_of(name, z)[kind]
            for f in F:
                assert worst.of(f) <= bound.of(f) * (1 + 1e-9), (number, z, f)


@pytest.mark.parametrize("name", FROM_VALUE)
def test_no_derivative_from_a_exceeds_the_bound_and_its_own_term(name):
    for number, (program, limits) in enumerate(FROM_VALUE[name]):
        for z in points(limits):
            worst, bound = program(Rounded(z), granted(name, z)).worst, limits_of(name, z)
            for f in F:
                assert worst.of(f) <= (bound["prime"].of(f) + bound["from value"].of(f)) * (1 + 1e-9), (number, z, f)


@pytest.mark.parametrize("name", TEXTBOOK)
def test_no_textbook_formula_exceeds_the_bound_of_values_and_its_own_term(name):
    for number, (program, limits) in enumerate(TEXTBOOK[name]):
        for z in points(limits):
            worst, bound = program(Rounded(z)).worst, limits_of(name, z)
            for f in F:
                assert worst.of(f) <= (bound["value"].of(f) + bound["textbook"].of(f)) * (1 + 1e-9), (number, z, f)


@pytest.mark.parametrize("name", TEXTBOOK_PRIME)
def test_no_derivative_of_a_textbook_exceeds_all_that_is_granted_to_it(name):
    for number, (program, limits) in enumerate(TEXTBOOK_PRIME[name]):
        for z in points(limits):
            worst, bound = program(Rounded(z)).worst, limits_of(name, z)
            for f in F:
                allowed = bound["prime"].of(f) + bound["from value"].of(f) + 2 * bound["textbook"].of(f)
                assert worst.of(f) <= allowed * (1 + 1e-9), (number, z, f)


@pytest.mark.parametrize("name", CANCELS)
def test_the_term_of_the_textbook_is_needed(name):
    for program, limits in CANCELS[name]:
        for z in points(limits):
            worst, bound = program(Rounded(z)).worst, limits_of(name, z)
            assert worst.of(8.0) > 2 * bound["value"].of(8.0), z
            assert worst.of(8.0) > 0.5 * bound["textbook"].of(8.0), z


# kind, name, z, the share of the constant that some program uses there, and that of the coefficient of f.
USED = [
    ("value", "leaky_relu(0.2)", -3.0, 1, None),
    ("value", "elu(0.1)", -0.3, 1 / 3, 1 / 3),  # constants: 2 of 6; one function where Kahan's has 3
    ("value", "selu", 1.7, 1, None),
    ("value", "gelu", -5.0, 0.7, 0.95),
    ("value", "gelu", 1.0, 0.5, 1),
    ("value", "gelu_tanh", -3.0, 0.5, 0.99),
    ("value", "mish", -5.0, 0.7, 0.99),
    ("value", "softsign", 1.7, 1, None),
    ("value", "hard_sigmoid", -2.9, 0.9, None),
    ("value", "hard_swish", -2.9, 0.75, None),
    ("value", "hard_swish", 20.0, 1, None),
    ("prime", "gelu", -5.0, 0.75, 0.99),
    ("prime", "gelu_tanh", -3.0, 0.45, 0.99),
    ("prime", "mish", -5.0, 0.5, 0.99),
    ("prime", "softsign", 1.7, 1, None),
    ("prime", "hard_sigmoid(0.2)", 1.0, 1, None),
    ("prime", "hard_swish", 1.7, 0.6, None),
]


@pytest.mark.parametrize(
    ("kind", "name", "z", "constant", "coefficient"),
    [pytest.param(*row, id=f"{row[0]}-{row[1]} at {row[2]:.2g}") for row in USED],
)
def test_some_program_uses_much_of_the_bound(kind, name, z, constant, coefficient):
    runs = [program(Rounded(z)).worst for program, (low, high) in PROGRAMS[kind][name] if low <= z <= high]
    bound = limits_of(name, z)[kind]
    assert max(one.roundings for one in runs) >= constant * bound.roundings * (1 - 1e-5)
    if coefficient is not None:
        assert max(one.library for one in runs) >= coefficient * bound.library * (1 - 1e-5)


# ── places ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["hard_sigmoid", "hard_sigmoid(0.2)", "hard_swish"])
def test_a_kink_is_where_the_rounding_of_an_honest_sum_may_have_it(name):
    """Masks by a sum and by z may differ within a few u of the kink: both slopes are granted there, and only there."""
    fp = arithmetic_of("float32")
    activation = activation_of(name)
    slope = activation_of("hard_sigmoid").slope if name == "hard_swish" else activation.slope
    kink = np.float32(activation.kinks[1])
    z = kink + np.spacing(kink) * np.arange(-64, 65, dtype=np.float32)
    p = derivative(near(z), near(activation.value(z.astype(float))), activation, fp)
    masks = [
        np.float32(slope) * z + np.float32(0.5) < 1,
        z / np.float32(1 / slope) + np.float32(0.5) < 1,
        z < kink,
    ]
    differ = np.any([mask != masks[-1] for mask in masks], axis=0)
    assert differ.any() or name == "hard_sigmoid(0.2)"
    granted_both = p.error > 0.1
    assert np.all(granted_both[differ])
    assert granted_both.sum() <= 16
    assert not granted_both[[0, -1]].any()


def test_each_is_made_once_and_of_every_class():
    for name in NAMES:
        activation = activation_of(name)
        assert further_bounds_of(activation) is further_bounds_of(activation)
        assert activation_bounds_of(activation) is further_bounds_of(activation)
    for family in FAMILIES:  # the usual member has the constants of the family
        assert activation_bounds_of(activation_of(family)) is further_bounds_of(activation_of(family))


@pytest.mark.parametrize("name", NAMES)
def test_the_packages_own_numbers_in_float32_are_within(name):
    activation, fp = activation_of(name), arithmetic_of("float32", prime_from_value=False)
    rng = np.random.default_rng(3)
    z = np.concatenate([rng.uniform(-s, s, 4000) for s in (1e-3, 1, 7, 30)]).astype(np.float32)
    at = near(z)
    a = activated(at, activation, fp)
    p = derivative(at, a, activation, fp)
    assert np.all(np.abs(activation.value(z) - a.value) <= a.error)
    assert np.all(np.abs(activation.prime(z) - p.value) <= p.error)
    assert np.isfinite(a.error).all()


def test_no_bound_overflows_however_far_out():
    z = np.array([-1e300, -1e160, -1e5, 1e5, 1e160, 1e300])
    for name in NAMES:
        activation = activation_of(name)
        facts = activation_bounds_of(activation)
        a, p = np.abs(activation.value(z)), np.abs(activation.prime(z))
        with np.errstate(over="raise", invalid="raise"):
            found = [
                facts.lipschitz(z, np.zeros(6)),
                facts.variation(z, np.zeros(6)),
                facts.prime_rounding(z, a, p, 8.0),
                facts.from_value(z, a, p, 8.0),
                facts.textbook(z, 8.0),
            ]
        assert np.isfinite(found).all(), name
        assert np.max(found) <= 1e6, name
