import numpy as np
import pytest
from adversary import near

from minibp.activations import FAMILIES, FURTHER, activation_of
from minibp.check.oracles.estimate import oracle_arithmetic
from minibp.check.oracles.jax_autodiff.functions import ELEMENTWISE
from minibp.check.oracles.jax_autodiff.further_functions import further_function
from minibp.check.rounding.layer import activated, derivative

jax = pytest.importorskip("jax")
NAMES = [*FURTHER, "leaky_relu(0.2)", "leaky_relu(3)", "elu(0.1)", "elu(2)", "hard_sigmoid(0.2)"]
Z = np.concatenate(
    [np.linspace(-45, 45, 1001), [-1e200, -1e4, -700, -6, -3, -2.5, -1, -1e-300, 0, 1, 2.5, 3, 6, 700, 1e4]]
)


def slopes(function, z):
    """Values and derivatives by JAX, in float64."""
    with jax.enable_x64(True):
        return jax.device_get((jax.vmap(function)(z), jax.vmap(jax.grad(function))(z)))


@pytest.mark.parametrize("name", NAMES)
def test_values_and_derivatives_are_within_the_radius_of_an_oracle_from_tail_to_tail_and_at_kinks(name):
    activation, fp = activation_of(name), oracle_arithmetic()
    values, primes = slopes(further_function(activation), Z)
    at = near(Z)
    a = activated(at, activation, fp)
    p = derivative(at, a, activation, fp)
    # The package's own numbers have an error too.
    assert np.all(np.abs(values - a.value) <= 2 * a.error)
    beside = np.all([np.abs(Z - kink) > 1e-9 for kink in activation.kinks], axis=0) if activation.kinks else Z == Z
    assert np.all(np.abs(primes - p.value)[beside] <= 2 * p.error[beside])
    assert np.array_equal(primes[~beside], activation.prime(Z[~beside]))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_has_the_function_of_its_usual_member(name):
    if name in ELEMENTWISE:
        ours, theirs = slopes(further_function(activation_of(name)), Z), slopes(ELEMENTWISE[name], Z)
        assert np.array_equal(ours, theirs)
    else:
        assert name in FURTHER


def radius_exceeded(name, function, z):
    """True where a derivative by JAX is off by more than an oracle's is taken to be."""
    activation, fp = activation_of(name), oracle_arithmetic()
    at = near(z)
    p = derivative(at, activated(at, activation, fp), activation, fp)
    return np.abs(slopes(function, z)[1] - p.value) > p.error


@pytest.mark.parametrize(
    ("name", "theirs", "z"),
    [
        pytest.param("gelu_tanh", lambda z: jax.nn.gelu(z, approximate=True), -6.5, id="gelu, 1 - tanh²"),
        pytest.param("softsign", jax.nn.soft_sign, 1e6, id="soft_sign, a difference"),
    ],
)
def test_jaxs_own_lose_the_digits_that_these_keep(name, theirs, z):
    assert radius_exceeded(name, theirs, np.array([z])).all()


def test_jaxs_hard_tanh_has_another_convention_at_kinks():
    kinks = np.array([-1.0, 1.0])
    assert slopes(jax.nn.hard_tanh, kinks)[1].tolist() == [1.0, 1.0]
    assert activation_of("hard_tanh").prime(kinks).tolist() == [0.0, 0.0]
