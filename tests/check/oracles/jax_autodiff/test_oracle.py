import numpy as np
import pytest
from oracle_checks import check_shapes, worst_of_radius

from minibp import Network, Problem
from minibp.activations import HIDDEN
from minibp.check.oracles.jax_autodiff import oracle as jax_oracle
from minibp.check.problem_stack import stack_of_one
from minibp.costs import COSTS

jax = pytest.importorskip("jax")


def test_it_is_within_its_radius(drawn):
    for problem, estimate in zip(drawn, jax_oracle.estimate_each([*map(stack_of_one, drawn)]), strict=True):
        check_shapes(problem, estimate.only())
        assert worst_of_radius(problem, estimate.only()) <= 1, problem


def test_one_at_a_time_or_hundreds_are_the_same_to_the_bit(drawn):
    for problem, together in zip(drawn[:40], jax_oracle.estimate_each([*map(stack_of_one, drawn[:40])]), strict=True):
        alone = jax_oracle.estimate(problem)
        for one, other in zip(alone.gradient.nabla_w, together.only().gradient.nabla_w, strict=True):
            assert np.array_equal(one, other)
        assert alone.slopes[0].value == together.slopes[0].value[0]


def test_what_does_not_fit_the_padding_is_served_without():
    rng = np.random.default_rng(6)
    for sizes, m in (([20, 3, 2], 3), ([3] * 10, 2), ([3, 2], 9)):
        problem = Problem(
            Network.random(sizes, "tanh", rng=rng), "quadratic", rng.random((m, sizes[0])), rng.random((m, sizes[-1]))
        )
        assert not jax_oracle.fits_padding(stack_of_one(problem))
        estimate = jax_oracle.estimate(problem)
        check_shapes(problem, estimate)
        assert worst_of_radius(problem, estimate) <= 1


def test_it_shares_no_derivative_with_the_package():
    """σ' and ∇_a C of the package are never asked: with both broken, the estimate is the same."""
    problem = Problem(Network.random([3, 2], rng=0), "quadratic", np.ones((2, 3)), np.ones((2, 2)))
    before = jax_oracle.estimate(problem).gradient.nabla_w[0]
    patch = pytest.MonkeyPatch()
    try:
        patch.setattr(type(HIDDEN["sigmoid"]), "prime", lambda self, z: 0 * z)
        patch.setattr(type(COSTS["quadratic"]), "gradient", lambda self, a, y: 0 * a)
        after = jax_oracle.estimate(problem).gradient.nabla_w[0]
    finally:
        patch.undo()
    assert np.array_equal(before, after)


def test_callers_configuration_of_jax_is_left_as_it_is():
    assert jax.numpy.ones(1).dtype == np.float32
    jax_oracle.estimate(Problem(Network.random([3, 2], rng=0), "quadratic", np.ones((2, 3)), np.ones((2, 2))))
    assert jax.numpy.ones(1).dtype == np.float32
    assert jax.config.values["jax_compilation_cache_dir"] is None


def test_the_slopes_of_a_problem_are_those_of_the_same_numbers_in_double_precision():
    problem = Problem(Network.random([3, 2], dtype="float32", rng=0), "quadratic", np.ones((2, 3)), np.ones((2, 2)))
    single_precision, double = (jax_oracle.estimate(each).slopes[0] for each in (problem, problem.astype("float64")))
    assert single_precision.value == double.value
    assert np.array_equal(single_precision.direction.nabla_w[0], double.direction.nabla_w[0])
