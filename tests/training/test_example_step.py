from itertools import product

import pytest
from helpers import DECAY, ETA, expected, parameters, problem_of

from minibp.activations import HIDDEN
from minibp.check.tolerance import within
from minibp.drawing import pairings
from minibp.training.example_step import ExampleStep


def stepped(problem, decay, eta=ETA):
    step = ExampleStep(problem.network, problem.cost, eta=eta, decay=decay)
    step.bind(problem.x, problem.y)()
    return parameters(step.network())


@pytest.mark.parametrize(("dtype", "decay"), [("float32", DECAY), ("float64", 0.0), ("float64", DECAY)])
def test_a_step_is_the_plain_one_within_rounding(dtype, decay):
    for (output, cost), hidden in list(product(pairings(), HIDDEN))[::3]:
        problem = problem_of([5, 4, 3, 3], hidden, output.name, cost.name, dtype)
        want, limit = expected(problem, decay)
        assert within(stepped(problem, decay), want, limit).all(), (hidden, output, cost)
        assert not within(stepped(problem, decay + 1e-3), want, limit).all()


def test_parameters_that_are_not_finite_stay_so():
    problem = problem_of([3, 4, 2], "relu", "identity", "quadratic")
    step = ExampleStep(problem.network, problem.cost, eta=1e308)
    for _ in range(3):
        step.bind(1e3 * problem.x, problem.y)()
    assert step.network() is None
