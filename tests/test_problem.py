import pickle

import numpy as np
import pytest
from hypothesis import given

import minibp
from minibp import Network, Problem
from minibp.strategies import problems


@given(problems())
def test_its_repr_makes_it_again(problem):
    again = eval(repr(problem), {"Problem": minibp.Problem, "Network": minibp.Network, "np": np})
    for other in (again, pickle.loads(pickle.dumps(problem))):
        assert other.network == problem.network
        assert other.cost is problem.cost
        assert other.l2 == problem.l2
        assert np.array_equal(other.x, problem.x)
        assert np.array_equal(other.y, problem.y)
        assert other.x.dtype == problem.x.dtype


def test_without_l2_there_is_no_penalty():
    problem = Problem(Network([[[2.0]]], [[1.0]], "identity"), "quadratic", [[3.0]], [[5.0]])
    assert problem.l2.alpha == 0


def test_it_is_frozen():
    problem = Problem(Network.random([2, 1], rng=0), "quadratic", np.ones((3, 2)), np.ones((3, 1)))
    assert (problem.m, problem.dtype) == (3, "float64")
    with pytest.raises(AttributeError, match="frozen: x cannot be set"):
        problem.x = 1
    with pytest.raises(AttributeError, match="frozen: x cannot be deleted"):
        del problem.x


def test_astype_keeps_the_numbers():
    problem = Problem(Network.random([2, 1], dtype="float32", rng=0), "quadratic", np.ones((3, 2)), np.ones((3, 1)))
    assert problem.astype("float32") is problem
    assert np.array_equal(problem.astype("float64").network.weights[0], problem.network.weights[0])


def test_its_repr_makes_it_again_also_where_the_networks_is_short():
    problem = Problem(Network.random([40, 30, 2], rng=0), "quadratic", np.ones((1, 40)), np.ones((1, 2)))
    assert repr(problem.network).startswith("<Network 40-30-2")
    again = eval(repr(problem), {"Problem": minibp.Problem, "Network": minibp.Network, "np": np})
    assert again.network == problem.network
