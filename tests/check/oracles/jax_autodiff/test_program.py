import numpy as np
import pytest
from oracle_checks import check_shapes, worst_of_radius

from minibp import Network, Problem
from minibp.check.layout import rows_of_estimate
from minibp.check.oracles.jax_autodiff import plain
from minibp.check.oracles.jax_autodiff.program import SEPARATE, TOGETHER
from minibp.check.problem_stack import Stack, stack_of_one
from minibp.check.tolerance import within
from minibp.check.verify.soak import drawn as drawn_stack


def check_near(estimate, other):
    """Both resolve the same entries, and agree on them within the sum of their radii."""
    (got, error), (expected, its_error) = map(rows_of_estimate, (estimate, other))
    resolved = np.isfinite(error)
    assert np.array_equal(resolved, np.isfinite(its_error))
    assert within(got, expected, error, error)[resolved].all()


def plain_cases():
    """Every activation and every term of a cost once: each problem without padding is compiled by itself."""
    rng = np.random.default_rng(5)
    for hidden, output, cost in (
        (["sigmoid", "silu"], "sigmoid", "cross_entropy"),
        (["tanh", "relu"], "softmax", "cross_entropy"),
        (["softplus", "elu"], "softmax", "categorical_cross_entropy"),
        (["leaky_relu", "identity"], "tanh", "quadratic"),
        (["silu", "tanh"], "elu", "huber"),
    ):
        network = Network.random([5, 4, 3, 3], [*hidden, output], rng=rng)
        yield Problem(network, cost, rng.standard_normal((4, 5)), rng.dirichlet(np.ones(3), 4), 0.3)


def test_padding_changes_nothing():
    problems = list(plain_cases())
    for problem, padded in zip(problems, SEPARATE.estimates([*map(stack_of_one, problems)]), strict=True):
        unpadded = plain.estimate(stack_of_one(problem))
        assert worst_of_radius(problem, unpadded.only()) <= 1
        check_near(padded, unpadded)


def test_every_problem_of_a_stack_is_within_its_radius_and_near_what_it_is_alone():
    rng = np.random.default_rng(1)
    for count in (1, 5, TOGETHER.places, *[3] * 20):
        part = drawn_stack(rng, count)
        (whole,) = TOGETHER.estimates([Stack.of(part)])
        for s, problem in enumerate(part[:5]):
            check_shapes(problem, whole.of(s))
            assert worst_of_radius(problem, whole.of(s)) <= 1, problem
            (alone,) = SEPARATE.estimates([stack_of_one(problem)])
            check_near(whole.of(s), alone.only())


def test_problems_of_one_call_do_not_touch_each_other(drawn):
    """A small problem between two large ones is the same to the bit as by itself."""
    stacks = [stack_of_one(problem) for problem in drawn if SEPARATE.fits(stack_of_one(problem))]
    stacks = sorted(stacks, key=lambda stack: (sum(stack.sizes), stack.m))
    small, large = stacks[0], stacks[-1]
    (first,) = SEPARATE.estimates([small])
    _, between, _ = SEPARATE.estimates([large, small, large])
    for got, expected in zip(rows_of_estimate(between), rows_of_estimate(first), strict=True):
        assert np.array_equal(got, expected)


def stack_of(sizes, m=2):
    network = Network.random(sizes, "tanh", rng=0)
    return stack_of_one(Problem(network, "quadratic", np.ones((m, sizes[0])), np.ones((m, sizes[-1]))))


@pytest.mark.parametrize("program", [pytest.param(SEPARATE, id="separate"), pytest.param(TOGETHER, id="together")])
def test_a_program_fits_what_is_no_larger_than_its_padding(program):
    assert program.fits(stack_of([16] * (program.depth + 1), 8))
    assert not program.fits(stack_of([16] * (program.depth + 2), 8))
    assert not program.fits(stack_of([17, 2]))
    assert not program.fits(stack_of([2, 17, 2]))
    assert not program.fits(stack_of([2, 2], 9))


def test_the_largest_problem_that_fits_is_solved():
    problem = stack_of([16] * (SEPARATE.depth + 1), 8)
    (estimate,) = SEPARATE.estimates([problem])
    assert [d.shape for d in estimate.delta] == [(1, 8, 16)] * SEPARATE.depth
    assert all((d != 0).all() for d in estimate.delta)
