"""Bounds of σ and σ' over an interval against the supremum in 50 digits, and the estimates for unknown functions."""

import math

import numpy as np
import pytest
from activation_limits import bounds_of, digits, intervals, own_rounding
from adversary import Worst, exp, given, mp, true_sigmoid, true_silu_prime

from minibp import Activation
from minibp.activations import HIDDEN, LEAKY_SLOPE, activation_of
from minibp.check.rounding.activation_bounds import activation_bounds_of

TRUE_PRIME = {
    "identity": lambda t: mp.mpf(1),
    "sigmoid": lambda t: true_sigmoid(t) * true_sigmoid(-t),
    "tanh": lambda t: 4 * true_sigmoid(2 * t) * true_sigmoid(-2 * t),
    "relu": lambda t: mp.mpf(t > 0),
    "leaky_relu": lambda t: mp.mpf(1) if t >= 0 else mp.mpf(LEAKY_SLOPE),
    "elu": lambda t: mp.exp(min(t, 0)),
    "softplus": true_sigmoid,
    "silu": true_silu_prime,
}
SILU_TURN = mp.findroot(lambda t: t * mp.tanh(t / 2) - 2, 2.4)  # silu'' = σ'(t)(2 − t tanh(t/2))
TURNS = {"sigmoid": [0], "tanh": [0], "silu": [-SILU_TURN, SILU_TURN]}
"""Where σ' turns; between these points it is monotone, so that its extremes are there or at the ends."""


def suprema(name, z, e):
    """sup |σ'| and sup |σ'(t) − σ'(z)| over t in [z − e, z + e]."""
    prime = TRUE_PRIME[name]
    with digits(e):
        low, high = mp.mpf(z) - mp.mpf(e), mp.mpf(z) + mp.mpf(e)
        points = [low, high, *(turn for turn in TURNS.get(name, ()) if low < turn < high)]
        # On the right σ' is near 1, and what changes is 1 − σ'(t) = σ'(−t).
        side = -1 if name in ("softplus", "silu") and z > 0 else 1
        change = max(abs(prime(side * t) - prime(side * mp.mpf(z))) for t in points)
        return max(abs(prime(t)) for t in points), change


@pytest.mark.parametrize("name", HIDDEN)
def test_slope_and_bend_are_not_below_the_supremum(name):
    for z, e in intervals():
        relative, absolute = own_rounding(z, e)
        for bound, supremum in zip(bounds_of(name, z, e), suprema(name, z, e), strict=True):
            assert supremum <= bound * (1 + relative) + absolute, (z, e)


@pytest.mark.parametrize("name", sorted(set(HIDDEN) - {"silu"}))
def test_slope_is_the_supremum(name):
    for z, e in intervals():
        relative, absolute = own_rounding(z, e)
        assert bounds_of(name, z, e)[0] <= suprema(name, z, e)[0] * (1 + relative) + absolute, (z, e)


@pytest.mark.parametrize(
    ("z", "factor"),
    [
        pytest.param(0.0, 1, id="at 0"),
        pytest.param(float(SILU_TURN), 1.0002, id="at its largest, 1.0998"),
        pytest.param(-30.0, 31 / 29, id="on the left, where |z| + 1 stands for |z| − 1"),
        pytest.param(-600.0, 601 / 599, id="far on the left"),
    ],
)
def test_slope_of_silu_is_tight_where_its_terms_count(z, factor):
    assert bounds_of("silu", z, 1e-9)[0] <= float(suprema("silu", z, 1e-9)[0]) * factor * (1 + 1e-8)


def first_order(name, z):
    """How far bend, to first order in e, may be above the supremum: it is e·sup |σ''|."""
    if name == "silu":  # the two terms of σ'(z)(2 − z tanh(z/2)) are added
        return abs((2 + abs(z)) / (2 - z * math.tanh(z / 2)))
    return 1


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("sigmoid", [-30, -2, -0.01, 0.01, 2, 30]),
        ("tanh", [-15, -1, -0.01, 0.01, 1, 15]),
        ("elu", [-600, -2, -0.01, 0]),
        ("softplus", [-600, -2, 0, 2, 600]),
        ("silu", [-600, -30, -1, 0, 1, 30, 600]),
    ],
    ids=lambda value: value if isinstance(value, str) else "points",
)
def test_bend_is_tight_where_e_is_small(name, points):
    for z in points:
        e = 1e-7 * max(abs(z), 1) * min(abs(z) or 1, 1)
        # The next order: |σ'''/σ''| ≤ 4(1 + 1/|z|), over both sides of the interval.
        excess = 8 * e * (1 + (1 / abs(z) if z else 1))
        assert bounds_of(name, z, e)[1] <= float(suprema(name, z, e)[1]) * first_order(name, z) * (1 + excess), z


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_bend_is_twice_the_supremum_where_the_second_derivative_is_0(name):
    # |σ''| grows from 0 to c·e: e times that, where the change is half of it.
    assert bounds_of(name, 0.0, 1e-4)[1] <= 2 * float(suprema(name, 0.0, 1e-4)[1]) * (1 + 1e-7)


def test_bend_of_a_kink_is_its_jump_and_0_on_either_side():
    for name, jump in (("relu", 1.0), ("leaky_relu", 1 - LEAKY_SLOPE)):
        for z, e in intervals():
            assert bounds_of(name, z, e)[1] == (jump if e and abs(z) <= e else 0), (name, z, e)
    assert bounds_of("elu", 2.0, 2.0)[1] == 0  # the interval begins at 0, and has one slope
    assert bounds_of("elu", 0.0, 0.1)[1] == 0.1  # nowhere in it is the slope above 1
    assert bounds_of("identity", 1.0, 1.0) == (1.0, 0.0)


# ── activations of unknown form ─────────────────────────────────────────────────────────────────────────────────────


class Cube(Activation):
    name = "relu"  # a borrowed name is not believed

    def value(self, z):
        return z**3

    def prime(self, z):
        return 3 * z**2


class Adopted:
    name = "relu"
    value, prime = Cube.value, Cube.prime


class Falling(Cube):
    """Steepest on the left."""

    def prime(self, z):
        return 3 * (z - 4) ** 2


@pytest.mark.parametrize("theirs", [Cube(), Adopted()], ids=["subclass", "adopted"])
def test_what_lies_between_three_samples_may_be_twice_as_large(theirs):
    facts = activation_bounds_of(activation_of(theirs))
    z, e = np.array([2.0]), np.array([0.1])
    assert facts.lipschitz(z, e) == pytest.approx(2 * 3 * 2.1**2)
    assert facts.variation(z, e) == pytest.approx(2 * (3 * 2.1**2 - 12))
    assert not facts.exact
    assert facts.from_value(z, z**3, 12.0, 8.0) == 0


def test_every_sample_counts():
    z, e = np.array([0.0]), np.array([0.1])
    assert activation_bounds_of(Falling()).lipschitz(z, e) == pytest.approx(2 * 3 * 4.1**2)
    assert activation_bounds_of(Falling()).variation(z, e) == pytest.approx(2 * 3 * (4.1**2 - 16))

    class Dip(Cube):
        def prime(self, z):
            return 5 - z**2

    assert activation_bounds_of(Dip()).lipschitz(z, e) == pytest.approx(10)


def test_four_library_functions_are_granted_for_an_unknown_value_and_four_before_it():
    def worst(z, before, after):
        """Of e^z, by so many functions before it, and by itself and others after it, each with its own error."""
        return exp(given(z, Worst(0, before * abs(z)))).worst.library + (after - 1) * math.exp(z)

    class Exp(Cube):
        value = prime = staticmethod(np.exp)

    facts, f = activation_bounds_of(Exp()), 8.0
    for point in (-3.0, 0.0, 0.5, 5.0):
        z = np.array([point])
        a = np.exp(z)
        assert facts.value_rounding(z, a, f) == pytest.approx(f * worst(point, 4, 4))
        # σ'' is sampled beside z, and doubled as every sample is: 1e-7 of it is lost to the difference.
        assert facts.prime_rounding(z, a, a, f) == pytest.approx(f * worst(point, 8, 4), rel=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("clip", [250.0, 500.0])
def test_a_sigmoid_of_clipped_inputs_errs_by_what_is_granted(clip, sign):
    bounds = activation_bounds_of(activation_of("sigmoid"))
    sigmoid = activation_of("sigmoid")
    for z in sign * np.array([200.0, 250.0, 251.0, 300.0, 600.0, 1e4]):
        granted = float(bounds.clipped(z, np.zeros(())))
        for of in (sigmoid.value, sigmoid.prime):
            assert abs(of(np.clip(z, -clip, clip)) - of(z)) <= granted
        assert granted in (0.0, np.exp(-250.0))
        assert (granted > 0) == (abs(z) > 250)
    assert float(bounds.clipped(np.float64(249.0), np.float64(2.0))) > 0  # an interval that reaches beyond


@pytest.mark.parametrize("name", sorted(set(HIDDEN) - {"sigmoid"}))
def test_no_other_activation_is_granted_a_clip(name):
    assert not activation_bounds_of(activation_of(name)).clipped(np.array([-300.0, 300.0]), np.zeros(2)).any()
