import sys
from itertools import product

import numpy as np
import pytest
from helpers import DECAY, ETA, expected, parameters, problem_of, saturated
from users import Cube, Quartic

from minibp import Network, Problem, Workspace, batched
from minibp.activations import HIDDEN
from minibp.arrays import FLOAT_DTYPES
from minibp.check.layout import row_of_gradient
from minibp.check.tolerance import within
from minibp.costs import cost_of
from minibp.drawing import pairings
from minibp.training.fused_step import BatchStep


def stepped(problem, **options):
    step = BatchStep(problem.network, problem.cost, problem.m, eta=ETA, **options)
    step.bind(problem.x, problem.y)()
    return parameters(step.network())


@pytest.mark.parametrize(
    ("dtype", "fused", "decay"),
    [("float32", True, 0.0), ("float32", False, DECAY), ("float64", True, DECAY), ("float64", False, 0.0)],
)
def test_a_step_is_the_plain_one_within_rounding(dtype, fused, decay):
    pytest.importorskip("scipy")
    for (output, cost), hidden in list(product(pairings(), HIDDEN))[::3]:
        problem = problem_of([5, 4, 3, 3], hidden, output.name, cost.name, dtype)
        want, limit = expected(problem, decay)
        assert within(stepped(problem, decay=decay, fused=fused), want, limit).all(), (hidden, output, cost)
        assert not within(stepped(problem, decay=decay + 1e-3, fused=fused), want, limit).all()


@pytest.mark.parametrize("fused", [True, False])
def test_many_steps_with_batches_of_several_sizes_follow_the_gradient(fused):
    pytest.importorskip("scipy")
    problem = problem_of([300, 6, 2], "tanh", m=40)
    step = BatchStep(problem.network, problem.cost, 40, eta=ETA, decay=DECAY, fused=fused)
    network = problem.network
    for k in (40, 40, 7, 1, 33, 40):
        x, y = problem.x[:k], problem.y[:k]
        gradient = Workspace(network, problem.cost, k).gradient(x, y)
        weights = [(1 - DECAY) * w - ETA * g for w, g in zip(network.weights, gradient.nabla_w, strict=True)]
        biases = [b - ETA * g for b, g in zip(network.biases, gradient.nabla_b, strict=True)]
        network = Network(weights, biases, network.activations)
        step.bind(x, y)()
        assert np.allclose(parameters(step.network()), parameters(network), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("dtype", FLOAT_DTYPES)
@pytest.mark.parametrize("fused", [True, False])
def test_neurons_beyond_the_end_of_exp_leave_the_parameters_finite(dtype, fused):
    pytest.importorskip("scipy")
    problem = saturated("sigmoid", "cross_entropy", dtype)
    want, limit = expected(problem, 0.0)
    got = stepped(problem, fused=fused)
    assert np.isfinite(got).all()
    assert within(got, want, limit).all()


def test_the_network_that_it_began_with_is_left_alone():
    problem = problem_of([3, 4, 2])
    before = parameters(problem.network)
    first = stepped(problem)
    assert np.array_equal(parameters(problem.network), before)
    assert np.array_equal(stepped(problem), first)
    assert not np.array_equal(first, before)


def test_functions_of_the_users():
    rng = np.random.default_rng(5)
    problem = Problem(
        Network.random([3, 4, 2], Cube(), "tanh", rng=rng), Quartic(), rng.random((6, 3)), rng.random((6, 2))
    )
    gradient = batched.backprop(problem.network, problem.cost, problem.x, problem.y).gradient
    want = parameters(problem.network) - ETA * row_of_gradient(gradient)
    assert np.allclose(stepped(problem), want, rtol=1e-12)


def test_without_scipy_it_takes_the_plain_form(monkeypatch):
    problem = problem_of([3, 4, 2])
    plain = stepped(problem, fused=False)
    monkeypatch.setitem(sys.modules, "scipy.linalg", None)
    assert np.array_equal(stepped(problem), plain)
    with pytest.raises(ModuleNotFoundError):
        BatchStep(problem.network, cost_of("quadratic"), 1, eta=1.0, fused=True)
