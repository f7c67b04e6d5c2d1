import numpy as np
import pytest
from hypothesis import given, settings

import minibp
from minibp import Gradient, Network, Problem
from minibp.check.oracles import complex_step
from minibp.check.oracles.estimate import OracleUnavailable
from minibp.check.report import network_errors as module
from minibp.check.report.network_errors import network_errors
from minibp.check.rounding.arithmetic import arithmetic_of
from minibp.strategies import problems

PROBLEM = Problem(Network.random([3, 4, 2], "tanh", rng=1), "quadratic", np.ones((2, 3)), np.zeros((2, 2)))


def own_gradient(problem):
    return minibp.batched.backprop(problem.network, problem.cost, problem.x, problem.y, problem.l2).gradient


@given(problems())
@settings(max_examples=20)
def test_the_packages_own_gradient_is_within_its_tolerance(problem):
    errors = network_errors(problem, own_gradient(problem), arithmetic_of(problem.dtype))
    layers = range(2, len(problem.network.sizes) + 1)
    assert [(one.name, one.layer) for one in errors] == [
        (name, layer) for name in ("nabla_b", "nabla_w") for layer in reversed(layers)
    ]
    assert not any(one.off for one in errors)


def test_a_wrong_entry_is_the_one_that_is_off():
    nabla_w, nabla_b = own_gradient(PROBLEM)
    changed = nabla_w[1].copy()
    changed[1, 2] *= 1.001
    errors = network_errors(PROBLEM, Gradient((nabla_w[0], changed), nabla_b), arithmetic_of("float64"))
    (off,) = [one for one in errors if one.off]
    assert (off.name, off.layer) == ("nabla_w", 3)
    assert np.argwhere(off.ratio > 1).tolist() == [[1, 2]]
    assert off.got[1, 2] == changed[1, 2]
    assert off.expected[1, 2] == pytest.approx(nabla_w[1][1, 2], rel=1e-14)


def test_without_any_oracle_there_is_nothing_to_draw(monkeypatch):
    def unavailable(problem):
        raise OracleUnavailable("not for this one")

    monkeypatch.setattr(complex_step, "estimate", unavailable)
    monkeypatch.setattr(module.finite_difference, "estimate", unavailable)
    monkeypatch.setattr(module.jax_oracle, "fits_padding", lambda stack: False)
    assert network_errors(PROBLEM, own_gradient(PROBLEM), arithmetic_of("float64")) == ()
