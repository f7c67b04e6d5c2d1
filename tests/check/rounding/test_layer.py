"""Each term of the errors of one layer: exceeded where it is halved or missing, and used up where it is there."""

import math

import numpy as np
import pytest
from adversary import ALMOST, EXACT, FINE, FLUSHING, Rounded, Worst, exp, flush, given, mp, near, rounded

from minibp import Activation
from minibp.activations import HIDDEN, LEAKY_SLOPE
from minibp.check.rounding.activation_bounds import activation_bounds_of
from minibp.check.rounding.arithmetic import Ball, arithmetic_of
from minibp.check.rounding.layer import activated, derivative, weighted_input

# ── z ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

N = 40


def of_layer(a, w, b, fp):
    """z of one neuron out of two, with all its weights alike."""
    weights = np.full((2, N), w)
    return weighted_input(Ball(np.full((3, N), a[0]), np.full((3, N), a[1])), weights, np.full(2, b), fp)


def test_z_is_the_sum_and_the_errors_of_a_pass_through_the_weights():
    z = of_layer((0.5, 0.25), -3.0, -7.0, EXACT)
    assert z.value.shape == (3, 2)
    assert np.all(z.value == -1.5 * N - 7)
    assert np.all(z.error == 0.75 * N)


def test_b_is_rounded_with_every_product_that_is_added_to_it():
    """Where b is the first term of the sum, as where it is a weight of an input of 1."""
    small = 1e-9
    total = Rounded(-7.0)
    for _ in range(N):
        total = total + Rounded(small) * 3.0
    worst = total.worst.roundings
    bound = float(of_layer((small, 0.0), 3.0, -7.0, FINE).error[0, 0]) / FINE.u
    assert worst <= bound
    assert bound * N / (N + 4) <= worst * (1 + 1e-6)  # 4 roundings to spare
    assert worst == pytest.approx(7 * N, rel=1e-6)


def test_float32_stays_within_where_b_is_the_first_weight():
    fp = arithmetic_of("float32")
    a, b = np.float32(0.9 * fp.u), np.float32(1)
    total = b
    for _ in range(N):
        total = total + a
    error = abs(float(total) - (1 + N * float(a)))
    # Each of the sums loses a whole a: 0.9 u of N, where N + 4 are granted.
    assert error == pytest.approx(0.9 * N * fp.u, rel=1e-5)
    assert (
        0.5 * of_layer((float(a), 0.0), 1.0, 1.0, fp).error[0, 0]
        <= error
        <= of_layer((float(a), 0.0), 1.0, 1.0, fp).error[0, 0]
    )


def test_products_have_the_roundings_of_a_sum_and_two_to_spare():
    # N of a sum, the 4 to spare of every sum, and two more, on the largest magnitude that a may have.
    term = rounded(Rounded(3.0 * 0.75), N + 4 + 2).worst.roundings
    own = of_layer((0.5, 0.25), -3.0, 0.0, FINE).error - of_layer((0.5, 0.25), -3.0, 0.0, EXACT).error
    assert np.allclose(own, FINE.u * N * term, rtol=1e-4, atol=0)  # float64 rounds the sum of 40 itself, by 2^-13 of u


def test_b_may_be_flushed():
    assert np.all(of_layer((0.0, 0.0), 1.0, ALMOST, FLUSHING).error >= ALMOST - flush(ALMOST))
    assert np.all(of_layer((0.0, 0.0), 1.0, ALMOST, FLUSHING).error <= ALMOST * (1 + 1e-5))
    assert np.all(of_layer((0.0, 0.0), 1.0, -ALMOST, FLUSHING).error == FLUSHING.tiny)
    assert np.all(of_layer((0.0, 0.0), 1.0, 0.0, FLUSHING).error == 0)


# ── a ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", HIDDEN)
def test_without_rounding_a_has_the_error_that_the_slope_makes_of_that_of_z(name):
    activation, facts = HIDDEN[name], activation_bounds_of(HIDDEN[name])
    for z in (-3.0, -0.5, 0.0, 0.5, 3.0):
        for e in (0.0, 0.25, 4.0):
            a = activated(near(z, e), activation, EXACT)
            assert a.value == activation.value(np.array(z))
            assert a.error == facts.lipschitz(np.array(z), np.array(e)) * e
            reached = [abs(float(activation.value(np.array(z + s * e)) - a.value[0])) for s in (-1, 1)]
            assert max(reached) <= a.error[0] * (1 + 1e-15)


def test_a_is_rounded_at_the_largest_magnitude_that_it_may_have():
    # 0.01 z has no second derivative, and both of its roundings are granted.
    computed = (rounded(Rounded(LEAKY_SLOPE)) * Rounded(-1.875)).worst.roundings
    got = activated(near(-1.0, 0.875), HIDDEN["leaky_relu"], FINE).error[0]
    assert got - LEAKY_SLOPE * 0.875 == pytest.approx(FINE.u * computed, rel=1e-3, abs=0)


@pytest.mark.parametrize("name", ["tanh", "elu", "softplus"])
def test_the_formulas_of_textbooks_add_their_own_term(name):
    activation, facts = HIDDEN[name], activation_bounds_of(HIDDEN[name])
    z = near([-3.0, -0.5, 0.5], 1e-6)
    a, loose = (activated(z, activation, FINE._replace(textbook=textbook)) for textbook in (False, True))
    added = facts.textbook(z.value, FINE.f)
    assert np.allclose(loose.error - a.error, FINE.u * added, rtol=1e-4, atol=0)
    p, steep = (derivative(z, a, activation, FINE._replace(textbook=textbook)) for textbook in (False, True))
    # 1 − a² makes 2|a| of an error of a.
    assert np.allclose(steep.error - p.error, FINE.u * 2 * added, rtol=1e-4, atol=0)
    a = given(1.0, Worst(float(added[0]), 0))
    assert (1 - a * a).worst.roundings == 2 * added[0] + 1  # the square is rounded too


class Cube(Activation):
    """Unlike those of the package it has small values and derivatives near 0."""

    name = "cube"

    def value(self, z):
        return z**3

    def prime(self, z):
        return 3 * z**2


CUBE = Cube()


def flushed_sigmoid(z):
    """In float64, but flushed as in float32."""
    return flush(1 / (1 + np.exp(-z)))


@pytest.mark.parametrize(
    ("activation", "z", "program"),
    [
        pytest.param(HIDDEN["tanh"], ALMOST, lambda z: flush(np.tanh(z)), id="tanh"),
        pytest.param(HIDDEN["elu"], -ALMOST, lambda z: flush(np.expm1(z)), id="elu"),
        pytest.param(HIDDEN["silu"], -87.34, lambda z: z * flushed_sigmoid(z), id="silu whose sigmoid is lost"),
        pytest.param(CUBE, ALMOST ** (1 / 3), lambda z: flush(z**3), id="one of the user's"),
    ],
)
def test_underflow_may_take_the_result_or_a_factor_of_z(activation, z, program):
    z = near(z)
    lost = np.abs(program(z.value) - activation.value(z.value))
    assert lost > 0
    bound = activated(z, activation, FLUSHING).error
    assert lost <= bound
    assert bound <= lost * 1.02  # 88.34 tiny are granted where silu loses 87.34


def test_underflow_takes_nothing_of_an_exact_0():
    for name in ("tanh", "elu", "silu", "leaky_relu", "relu", "identity"):
        assert activated(near(0.0), HIDDEN[name], FLUSHING).error == 0, name
    for name in ("relu", "identity"):
        for z in (-2.0, ALMOST, 2.0):
            assert activated(near(z), HIDDEN[name], FLUSHING).error == 0
            assert derivative(near(z), near(max(z, 0)), HIDDEN[name], FLUSHING).error == 0
    tiny = FLUSHING.tiny
    assert activated(near(0.0), HIDDEN["sigmoid"], FLUSHING).error == tiny  # a is ½
    assert activated(near(0.0), HIDDEN["softplus"], FLUSHING).error == tiny
    assert activated(near(0.0, 1e-60), HIDDEN["tanh"], FLUSHING).error >= tiny  # z may not be 0
    assert activated(near(1e-60), HIDDEN["tanh"], FLUSHING).error == tiny


def test_of_another_function_of_a_whole_layer_nothing_is_known():
    class Whole(Cube):
        elementwise = False

    assert np.all(np.isinf(activated(near([0.0, 1.0]), Whole(), FINE).error))


# ── σ' ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", HIDDEN)
def test_without_rounding_the_derivative_changes_as_far_as_z_may_be_off(name):
    activation, facts = HIDDEN[name], activation_bounds_of(HIDDEN[name])
    for z in (-3.0, -0.5, 0.0, 0.5, 3.0):
        for e in (0.0, 0.25, 4.0):
            p = derivative(near(z, e), near(activation.value(np.array(z))), activation, EXACT)
            assert p.value == activation.prime(np.array(z))
            assert p.error == facts.variation(np.array(z), np.array(e))
            reached = [abs(float(activation.prime(np.array(z + s * e)) - p.value[0])) for s in (-1, 1)]
            assert max(reached) <= p.error[0] * (1 + 1e-15) + 1e-16


def test_the_derivative_is_rounded_at_the_largest_magnitude_that_it_may_have():
    z, e = -1.0, 1e-4
    fp = FINE._replace(u=1e-3)
    value = (1 / exp(-Rounded(z + e))).worst.of(fp.f) * fp.u  # all that is granted to elu'
    worst = float(mp.exp(z + e) - mp.exp(z)) + value
    bound = derivative(near(z, e), near(math.expm1(z)), HIDDEN["elu"], fp).error[0]
    # The bound takes e·e^(z + e) for the change, more by e²/2 of it; the rounding of the change is 9·10⁻³ e.
    assert worst <= bound <= worst + math.exp(z) * e * e


def test_the_derivative_from_a_adds_its_own_term():
    facts = activation_bounds_of(HIDDEN["sigmoid"])
    z, fp = near([-3.0, 0.0, 2.0], 0.5), FINE._replace(prime_from_value=True)
    a = near(-HIDDEN["sigmoid"].value(z.value))  # only its magnitude is asked
    p = HIDDEN["sigmoid"].prime(z.value)
    added = derivative(z, a, HIDDEN["sigmoid"], fp).error - derivative(z, a, HIDDEN["sigmoid"], FINE).error
    largest = p + facts.variation(z.value, z.error)
    assert np.allclose(added, FINE.u * facts.from_value(z.value, np.abs(a.value), largest, FINE.f), rtol=1e-4, atol=0)


def test_at_a_kink_any_slope_is_granted_with_the_formulas_of_textbooks():
    anyone = FLUSHING._replace(textbook=True)
    for name, jump in (("relu", 1.0), ("leaky_relu", 1 - LEAKY_SLOPE)):
        a = near(0.0)
        assert derivative(near(0.0), a, HIDDEN[name], anyone).error == jump
        assert derivative(near(FLUSHING.tiny), a, HIDDEN[name], anyone).error == jump
        assert derivative(near(2 * FLUSHING.tiny), a, HIDDEN[name], anyone).error <= FLUSHING.tiny * 1.01
        assert derivative(near(-1.0, 1.0), a, HIDDEN[name], anyone).error == pytest.approx(jump, rel=1e-15)
        assert derivative(near(0.0), a, HIDDEN[name], FLUSHING).error <= FLUSHING.tiny


@pytest.mark.parametrize(
    ("activation", "z", "program"),
    [
        pytest.param(
            HIDDEN["silu"],
            -87.34,
            lambda z: flushed_sigmoid(z) * (1 + z * flushed_sigmoid(-z)),
            id="silu whose sigmoid is lost",
        ),
        pytest.param(CUBE, (ALMOST / 3) ** 0.5, lambda z: flush(3 * z**2), id="one of the user's"),
    ],
)
def test_underflow_may_take_the_derivative_or_a_factor_of_z(activation, z, program):
    z = near(z)
    lost = np.abs(program(z.value) - activation.prime(z.value))
    bound = derivative(z, near(activation.value(z.value)), activation, FLUSHING).error
    assert lost <= bound
    assert bound <= lost * 1.03  # 88.34 tiny are granted where silu' loses 86.34
