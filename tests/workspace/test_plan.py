import numpy as np
import pytest
from helpers import NETWORK, X, Y, problem_of

from minibp import batched
from minibp.workspace.plan import CACHE_LINE, PART_BYTES, Passes, aligned, slices


def passes(network, cost, batch_size, **options):
    return Passes(network.weights, network.biases, network.activations, cost, batch_size, **options)


@pytest.mark.parametrize(
    ("rows", "row_bytes", "part_bytes", "stops"),
    [(10, 8, 32, [4, 8, 10]), (3, 8, 1, [1, 2, 3]), (4, 8, 32, [4]), (0, 8, 32, []), (2, PART_BYTES, None, [1, 2])],
    ids=["several", "rows wider than a part", "one", "none", "default"],
)
def test_slices_cover_the_rows_once(rows, row_bytes, part_bytes, stops):
    found = list(slices(rows, row_bytes, part_bytes))
    assert [one.stop for one in found] == stops
    assert [one.start for one in found] == [0, *stops][: len(stops)]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_arrays_begin_where_a_cache_line_does(dtype):
    for n in range(1, 20):
        found = aligned((n, 3), np.dtype(dtype))
        assert found.__array_interface__["data"][0] % CACHE_LINE == 0
        assert (found.shape, found.dtype) == ((n, 3), dtype)
        assert found.flags.c_contiguous


def test_a_plan_collects_what_the_gradient_needs_from_the_output_down():
    collected = []
    problem = problem_of([3, 5, 4, 2], "tanh", m=3)
    own = passes(problem.network, problem.cost, 3)
    plan = own.plan(3, lambda i, delta, a: [lambda: collected.append((i, delta.copy(), a.copy()))])
    own.run(plan, problem.x, problem.y)
    expected = batched.backprop(problem.network, problem.cost, problem.x, problem.y)
    assert [i for i, _, _ in collected] == [2, 1]
    for i, delta, a in collected:
        # Sums of at most five products, and functions of a few roundings.
        assert np.allclose(3 * delta, expected.delta[i], rtol=0, atol=1e-14)
        assert np.allclose(a, expected.a[i], rtol=0, atol=1e-14)
    assert np.allclose(3 * plan.delta, expected.delta[0], rtol=0, atol=1e-14)


@pytest.mark.parametrize(("moving", "factor"), [(False, 1), (True, 2)])
def test_an_error_is_divided_by_the_number_of_examples_unless_parameters_move(moving, factor):
    own = passes(NETWORK, problem_of([2, 2, 1], cost="quadratic").cost, 4, moving=moving)
    plan = own.plan(2, lambda i, delta, a: [])
    own.run(plan, np.repeat(X, 2, 0), np.repeat(Y, 2, 0))
    # By hand δ² is (27, −9) of each example.
    assert plan.delta.tolist() == [[13.5 * factor, -4.5 * factor]] * 2


def test_the_steps_of_a_run_can_be_bound_to_arrays_that_stay():
    own = passes(NETWORK, problem_of([2, 2, 1], cost="quadratic").cost, 1)
    plan = own.plan(1, lambda i, delta, a: [])
    x, y = X.copy(), Y.copy()
    steps = own.bound_steps(plan, x, y)
    for step in steps:
        step()
    assert plan.delta.tolist() == [[27.0, -9.0]]
    y += 9  # then the output is right
    for step in steps:
        step()
    assert plan.delta.tolist() == [[0.0, 0.0]]
