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


class OfLogits:
    """Of parts that have kinks at 0, where JAX's slopes do not add up to that of the whole, which has none."""

    name = "of logits"

    def value(self, z, y):
        return (np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).sum(-1)

    def gradient(self, z, y):
        return 1 / (1 + np.exp(-z)) - y


@pytest.mark.parametrize(("z", "is_at_a_kink"), [(0.0, True), (1e-9, False), (-0.5, False)])
def test_where_kinks_meet_that_cancel_the_radius_is_as_large_as_the_jump(z, is_at_a_kink):
    problem = Problem(Network([[[1.0]]], [[0.0]], "identity"), OfLogits(), [[z]], [[0.25]])
    found = plain.estimate(stack_of_one(problem)).only()
    right = (1 + np.tanh(z / 2)) / 2 - 0.25
    for got, radius in ((found.gradient.nabla_b[0], found.radius.nabla_b[0]), (found.delta[0], found.delta_radius[0])):
        assert within(np.full(got.shape, right), got, radius).all()
        assert (radius > 0.1).all() if is_at_a_kink else (radius < 1e-12).all()


def test_few_programs_are_kept(monkeypatch):
    monkeypatch.setattr(plain, "KEPT", 2)
    monkeypatch.setattr(plain, "_PROGRAMS", {})
    for m in (1, 2, 3, 1):
        problem = Problem(Network([[[1.0]]], [[0.0]], Cube()), Quartic(), np.ones((m, 1)), np.ones((m, 1)))
        assert plain.estimate(stack_of_one(problem)).only().delta[0].tolist() == [[0.0]] * m
        assert len(plain._PROGRAMS) <= 2
    assert [key[-1] for key in plain._PROGRAMS] == [3, 1]


@pytest.mark.parametrize("activation", [NumpyOnly(), Masking()], ids=lambda activation: type(activation).__name__)
def test_functions_that_cannot_be_traced_make_it_unavailable(activation):
    problem = Problem(Network.random([3, 2], activation, rng=0), "quadratic", np.ones((2, 3)), np.ones((2, 2)))
    with pytest.raises(OracleUnavailable, match="JAX cannot trace this problem's functions"):
        plain.estimate(stack_of_one(problem))
