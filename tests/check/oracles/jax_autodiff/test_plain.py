import numpy as np
import pytest
from users import Cube, Quartic

from minibp import Activation, Network, Problem
from minibp.check.oracles import complex_step
from minibp.check.oracles.estimate import OracleUnavailable
from minibp.check.oracles.jax_autodiff import plain
from minibp.check.problem_stack import stack_of_one
from minibp.check.tolerance import within


class NumpyOnly(Cube):
    def value(self, z):
        return np.array(z.tolist()) ** 3


class Masking(Cube):
    def value(self, z):
        return z - z[z < 0].sum()


class Bell(Activation):
    name = "bell"
    bounds = (0.0, 1.0)

    def value(self, z):
        return 1 / (1 + z * z)

    def prime(self, z):
        return -2 * z / (1 + z * z) ** 2


@pytest.mark.parametrize(
    ("activation", "cost"),
    [
        pytest.param(Cube(), Quartic(), id="activation and cost"),
        pytest.param(Bell(), "cross_entropy", id="output of the textbook's cross-entropy"),
    ],
)
def test_functions_of_the_users_are_traced(activation, cost):
    rng = np.random.default_rng(7)
    problem = Problem(Network.random([3, 2], activation, rng=rng), cost, rng.random((2, 3)), rng.random((2, 2)))
    ours, theirs = complex_step.estimate(problem), plain.estimate(stack_of_one(problem)).only()
    (got, radius), (expected, its_radius) = ((one.gradient.nabla_w[0], one.radius.nabla_w[0]) for one in (ours, theirs))
    assert np.isfinite(radius + its_radius).all()
    assert within(got, expected, radius, its_radius).all()


@pytest.mark.parametrize("activation", [NumpyOnly(), Masking()], ids=lambda activation: type(activation).__name__)
def test_functions_that_cannot_be_traced_make_it_unavailable(activation):
    problem = Problem(Network.random([3, 2], activation, rng=0), "quadratic", np.ones((2, 3)), np.ones((2, 2)))
    with pytest.raises(OracleUnavailable, match="JAX cannot trace this problem's functions"):
        plain.estimate(stack_of_one(problem))
