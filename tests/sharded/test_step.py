import numpy as np
import pytest
import sharded_programs
from helpers import ETA, problem_of

from minibp.sharded.devices import mesh
from minibp.sharded.step import ShardedStep

pytest.importorskip("jax", reason="JAX is not installed")


@pytest.fixture(scope="module")
def outcomes():
    return sharded_programs.outcomes("steps")


@pytest.mark.parametrize("check", sharded_programs.names("steps"))
def test_on_eight_devices(outcomes, check):
    assert outcomes[check] == ""


def test_parameters_that_overflow_are_told():
    problem = problem_of([3, 2], dtype="float32")
    step = ShardedStep(problem.network, problem.cost, mesh(1), eta=1e38)
    move = step.bind(np.full_like(problem.x, 1e30), problem.y)
    assert step.network() is not None
    move()
    assert step.network() is None


def test_the_network_that_it_began_with_is_left_alone():
    problem = problem_of([3, 4, 2])
    before = [w.copy() for w in problem.network.weights]
    step = ShardedStep(problem.network, problem.cost, mesh(1), eta=ETA)
    step.bind(problem.x, problem.y)()
    assert all(map(np.array_equal, problem.network.weights, before))
    assert step.network() != problem.network
