import numpy as np
import pytest
from case_ids import written_out
from hypothesis import given
from hypothesis import strategies as st

from minibp import Network, batched
from minibp.check.rounding.whole_pass import arithmetic_of, bound
from minibp.check.tolerance import within
from minibp.costs import cost_of
from minibp.problem import Problem
from minibp.strategies import problems
from minibp.training.scores import Examples


@given(problems())
def test_the_cost_is_that_of_the_batched_form_without_l2(problem):
    found = Examples(problem.x, problem.y).score(problem.network, problem.cost)
    plain = Problem(problem.network, problem.cost, problem.x, problem.y)
    limit = 2 * bound(plain, arithmetic_of(problem.dtype)).cost
    with np.errstate(all="ignore"):
        expected = batched.backprop(problem.network, problem.cost, problem.x, problem.y).cost
    assert found.total == problem.m
    if np.isfinite(limit):
        assert within(found.cost, expected, limit)


@pytest.mark.parametrize("part_bytes", [1, 200, 1 << 22])
@pytest.mark.parametrize("small_product", [1, 100, 10**6])
def test_parts_make_no_difference(part_bytes, small_product):
    rng = np.random.default_rng(0)
    network = Network.random([5, 4, 3], rng=1)
    x, y = rng.random((50, 5)), np.eye(3)[rng.integers(0, 3, 50)]
    cost = cost_of("cross_entropy")
    found = Examples(x, y).score(network, cost, part_bytes=part_bytes, small_product=small_product)
    outputs = batched.feedforward(network, x)
    assert found.right == (outputs.argmax(axis=1) == y.argmax(axis=1)).sum()
    assert 0 < found.right < 50
    # 50 sums of positive numbers, each to within some roundings of the functions.
    assert found.cost == pytest.approx(batched.backprop(network, "cross_entropy", x, y).cost, rel=1e-13)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=8))
def test_one_neuron_says_1_where_its_output_is_above_a_half(inputs):
    """(8): σ(w x + b) > ½."""
    x = np.array(inputs)[:, None]
    network = Network([[[1.0]]], [[0.0]])
    y = (x > 0).astype(float)
    found = Examples(x, y).score(network, cost_of("quadratic"))
    assert found.right == len(x) - np.count_nonzero((x > 0) & (batched.feedforward(network, x) == 0.5))
    assert Examples(x, 1 - y).score(network, cost_of("quadratic")).right == len(x) - found.right


@pytest.mark.parametrize("y", [[[0.5]], [[0.0, 0.0]], [[1.0, 1.0]], [[0.9, 0.1]], [[2.0, -1.0]]], ids=written_out)
def test_targets_that_are_no_classes_have_no_right_answers(y):
    network = Network.random([2, len(y[0])], rng=0)
    x = np.ones((1, 2))
    found = Examples(x, np.array(y)).score(network, cost_of("quadratic"))
    assert (found.right, found.accuracy) == (None, None)
    # ½ Σ (a − y)² of one example: sums of two squares, with a few roundings in either form.
    assert found.cost == pytest.approx(batched.backprop(network, "quadratic", x, y).cost, rel=1e-14)


def test_a_cost_that_overflows_is_told_and_not_warned_of():
    network = Network([[[1e200]]], [[0.0]], "identity")
    found = Examples(np.array([[1e200]]), np.array([[1.0]])).score(network, cost_of("quadratic"))
    assert found.cost == np.inf
