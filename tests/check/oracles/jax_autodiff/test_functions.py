import numpy as np
import pytest

from minibp import Activation, Cost
from minibp.activations import ACTIVATIONS, HIDDEN
from minibp.check.oracles.estimate import oracle_arithmetic
from minibp.check.oracles.jax_autodiff.functions import ELEMENTWISE, cost_term
from minibp.costs import COSTS

jax = pytest.importorskip("jax")


def test_its_derivatives_keep_their_accuracy_in_the_tails_where_those_of_jax_do_not():
    z = np.array([-700.0, -40.0, -1.0, 0.0, 1e-9, 0.7, 20.0, 40.0, 700.0])
    with jax.enable_x64(True):
        for name, activation in HIDDEN.items():
            got = jax.device_get(jax.vmap(jax.grad(ELEMENTWISE[name]))(z))
            assert np.allclose(got, activation.prime(z), rtol=1e-14, atol=1e-300), name
        theirs = float(jax.grad(jax.nn.sigmoid)(40.0))
    assert theirs == 0 < HIDDEN["sigmoid"].prime(np.array(40.0))


def test_xlas_functions_are_within_the_error_of_the_floating_point_model():
    """In units of u, against 80-bit arithmetic."""
    u, rng = 2.0**-53, np.random.default_rng(8)
    z = np.concatenate([rng.uniform(-700, 700, 20_000), rng.uniform(-2, 2, 20_000)])
    t = z.astype(np.longdouble)
    with jax.enable_x64(True):
        found = {
            "exp": (jax.numpy.exp(z), np.exp(t)),
            "expm1": (jax.numpy.expm1(z), np.expm1(t)),
            "tanh": (jax.numpy.tanh(z), np.tanh(t)),
            "log1p": (jax.numpy.log1p(np.exp(-np.abs(z))), np.log1p(np.exp(-np.abs(z)).astype(np.longdouble))),
            "log": (jax.numpy.log(np.abs(z)), np.log(np.abs(t))),
        }
        found = {name: (jax.device_get(got), want) for name, (got, want) in found.items()}
    for name, (got, want) in found.items():
        normal = np.abs(want) > 1e-307
        worst = float(np.max(np.abs(got[normal] - want[normal]) / np.abs(want[normal]))) / u
        assert worst <= oracle_arithmetic().f, (name, worst)


def test_what_is_not_the_packages_has_no_cost_here():
    assert cost_term(COSTS["cross_entropy"], ACTIVATIONS["softmax"]) == 3
    assert cost_term(COSTS["cross_entropy"], ACTIVATIONS["sigmoid"]) == 2
    assert cost_term(COSTS["cross_entropy"], Activation()) is None
    assert cost_term(Cost(), ACTIVATIONS["softmax"]) is None
