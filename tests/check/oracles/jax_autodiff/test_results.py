import numpy as np
import pytest
from helpers import problem_of

from minibp.check.oracles.estimate import oracle_arithmetic
from minibp.check.oracles.jax_autodiff.results import Results, estimate_of, signs
from minibp.check.problem_stack import Stack, stack_of_one
from minibp.check.rounding.whole_pass import arithmetic_of, bound, bounds


def test_directions_are_signs_fresh_for_each_problem_and_the_same_for_the_same(drawn):
    seen = set()
    for problem in drawn[:30]:
        direction = signs(stack_of_one(problem))
        numbers = np.concatenate([array.ravel() for arrays in direction for array in arrays])
        assert set(np.abs(numbers).tolist()) == {1.0}
        again = signs(Stack.of([problem]))
        assert all(np.array_equal(*pair) for pair in zip(direction.nabla_w, again.nabla_w, strict=True))
        if numbers.size > 30:
            seen.add(numbers[:30].tobytes())
    assert len(seen) > 10


def results_of(problem):
    """Results of the right shapes, whose numbers are all different."""
    sizes, m = problem.network.sizes, problem.m
    numbers = iter(range(1, 10_000))

    def array(*shape):
        return np.array([next(numbers) for _ in range(int(np.prod(shape)))], float).reshape(1, *shape)

    z, a, probes = (tuple(array(m, n) for n in sizes[1:]) for _ in range(3))
    nabla_w = tuple(array(n, k) for n, k in zip(sizes[1:], sizes, strict=False))
    nabla_b = tuple(array(n) for n in sizes[1:])
    return Results(array(), z, a[:-1], a[-1], nabla_w, nabla_b, probes, array())


def test_delta_is_m_times_the_gradient_at_the_probes_and_its_radius_grows_by_that_rounding():
    stack = stack_of_one(problem_of([3, 4, 2], m=5))
    results = results_of(problem_of([3, 4, 2], m=5))
    estimate = estimate_of(stack, signs(stack), results)
    rounding, fp = bounds(stack, oracle_arithmetic()).delta, oracle_arithmetic()
    for delta, radius, probes, error in zip(
        estimate.delta, estimate.delta_radius, results.probes, rounding, strict=True
    ):
        assert np.array_equal(delta, 5 * probes)
        assert np.allclose(radius - error, 2 * fp.u * np.abs(delta), rtol=1e-2)


def test_every_result_has_its_place():
    problem = problem_of([3, 4, 2], m=5)
    stack, results = stack_of_one(problem), results_of(problem)
    estimate = estimate_of(stack, signs(stack), results)
    assert estimate.gradient == (results.nabla_w, results.nabla_b)
    assert estimate.z == results.z
    assert estimate.a[0] is stack.x
    assert estimate.a[1:] == (*results.a, results.output)
    assert (estimate.cost, estimate.slopes[0].value) == (results.cost, results.slope)


def test_the_radius_of_the_slope_is_that_of_all_entries_together():
    problem = problem_of([3, 4, 2], m=5)
    estimate = estimate_of(stack_of_one(problem), signs(stack_of_one(problem)), results_of(problem)).only()
    total = sum(array.sum() for arrays in estimate.radius for array in arrays)
    assert estimate.slopes[0].radius == pytest.approx(total, rel=1e-14)


def test_the_radius_is_that_of_the_floating_point_model_of_oracles():
    problem = problem_of([3, 2], m=2)
    stack = stack_of_one(problem)
    radius = estimate_of(stack, signs(stack), results_of(problem)).only().radius.nabla_w[0]
    assert np.all(radius > bound(problem, arithmetic_of("float64")).gradient.nabla_w[0])
    assert np.all(radius < 1e-14)
