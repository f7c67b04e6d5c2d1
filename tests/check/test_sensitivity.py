import numpy as np
import pytest

from minibp import Activation
from minibp.activations import HIDDEN, activation_of
from minibp.check.sensitivity import sensitivity_of

RNG = np.random.default_rng(0)
Z = np.concatenate([RNG.uniform(-3, 3, 60), RNG.uniform(-60, 60, 30), [0.0, -1e-3, 1e-3]])[:, None]
E = np.array([1e-12, 1e-3, 0.1, 1.0, 20.0])
BETWEEN = np.linspace(-1, 1, 201)[:, None, None]


@pytest.mark.parametrize("name", HIDDEN)
def test_slope_and_bend_hold_over_the_whole_interval(name):
    activation, facts = HIDDEN[name], sensitivity_of(HIDDEN[name])
    z, e = np.broadcast_arrays(Z, E)
    points = z + e * BETWEEN
    # What is compared is itself rounded: a few units in the last place of numbers up to 1.1.
    assert np.all(np.abs(activation.prime(points)).max(0) <= facts.slope(z, e) * (1 + 1e-12) + 1e-14)
    change = np.abs(activation.prime(points) - activation.prime(z)).max(0)
    assert np.all(change <= facts.bend(z, e) * (1 + 1e-12) + 1e-14)


@pytest.mark.parametrize("name", HIDDEN)
def test_they_are_not_far_above_what_happens(name):
    activation, facts = HIDDEN[name], sensitivity_of(HIDDEN[name])
    z, e = np.broadcast_arrays(Z, E[:2])
    slope = np.abs(activation.prime(z + e * BETWEEN)).max(0)
    # silu' vanishes at −1.28, and its bound does not.
    wide = facts.slope(z, e) > 3 * slope + 1e-12
    assert wide.mean() < (0.3 if name == "silu" else 0.01)


def test_an_exact_zero_stays_on_its_side_of_a_kink():
    facts = sensitivity_of(HIDDEN["relu"])
    assert facts.exact
    assert facts.bend(np.array([0.0]), np.array([0.0])) == [0.0]
    assert facts.bend(np.array([0.0]), np.array([1e-300])) == [1.0]
    assert not sensitivity_of(HIDDEN["sigmoid"]).exact


class Cube(Activation):
    name = "relu"  # a borrowed name is not believed

    def value(self, z):
        return z**3

    def prime(self, z):
        return 3 * z**2


class Adopted:
    name = "relu"
    value, prime = Cube.value, Cube.prime


@pytest.mark.parametrize("given", [Cube(), Adopted()], ids=["subclass", "adopted"])
def test_unknown_activations_are_sampled(given):
    facts = sensitivity_of(activation_of(given))
    z, e = np.array([2.0]), np.array([0.1])
    assert facts.slope(z, e) >= 3 * 2.1**2
    assert facts.bend(z, e) >= 3 * 2.1**2 - 12
    assert facts.value_rounding(z, z**3, 8.0) > 0
    assert facts.prime_rounding(z, z**3, 3 * z**2, 8.0) > 0
    assert not facts.exact
