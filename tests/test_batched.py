import ast
import inspect

import numpy as np
import pytest
from helpers import check_by_hand

from minibp import Network, batched, per_example
from minibp.check.layout import row_of_bound, row_of_pass
from minibp.check.oracles.estimate import oracle_arithmetic
from minibp.check.rounding.whole_pass import arithmetic_of, bound
from minibp.check.tolerance import within


def test_numbers_that_can_be_followed_by_hand():
    check_by_hand(batched)


def test_both_forms_agree_within_twice_the_bound(drawn):
    for problem in drawn:
        given = problem.network, problem.cost, problem.x, problem.y, problem.l2
        one, other = row_of_pass(batched.backprop(*given)), row_of_pass(per_example.backprop(*given))
        limit = row_of_bound(bound(problem, arithmetic_of(problem.dtype)))
        assert np.isfinite(limit).all(), problem
        assert within(one, other, limit, limit).all(), problem


def test_feedforward_is_the_last_activation(drawn):
    for problem in drawn[:50]:
        last = batched.backprop(problem.network, problem.cost, problem.x, problem.y).a[-1]
        assert np.array_equal(batched.feedforward(problem.network, problem.x), last)
        limit = bound(problem, arithmetic_of(problem.dtype)).a[-1]
        assert within(per_example.feedforward(problem.network, problem.x), last, limit, limit).all()


@pytest.mark.parametrize(
    ("activation", "output", "cost", "jitted"),
    [
        ("sigmoid", "sigmoid", "cross_entropy", False),
        ("sigmoid", "sigmoid", "cross_entropy", True),
        ("tanh", "softmax", "categorical_cross_entropy", True),
        ("silu", "softmax", "cross_entropy", True),
        ("elu", "softplus", "huber", True),
        ("leaky_relu", "softmax", "quadratic", True),
    ],
)
def test_jax_arrays_run_through_unchanged_also_compiled(activation, output, cost, jitted):
    jax = pytest.importorskip("jax")
    network = Network.random([3, 4, 3], activation, output, rng=3)
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((5, 3)), rng.dirichlet(np.ones(3), 5)

    def run(weights, biases, x, y):
        return batched.backprop(Network(weights, biases, activation, output), cost, x, y, 0.5)

    with jax.enable_x64(True):
        arguments = jax.tree.map(jax.numpy.asarray, (network.weights, network.biases, x, y))
        theirs = (jax.jit(run) if jitted else run)(*arguments)
        assert isinstance(theirs.gradient.nabla_w[0], jax.Array)
        theirs = jax.device_get(theirs)
    from minibp import Problem

    problem = Problem(network, cost, x, y, 0.5)
    ours = row_of_pass(batched.backprop(network, cost, x, y, 0.5))
    ours_off, theirs_off = (row_of_bound(bound(problem, fp)) for fp in (arithmetic_of("float64"), oracle_arithmetic()))
    assert np.isfinite(ours_off + theirs_off).all()
    assert within(ours, row_of_pass(theirs), ours_off, theirs_off).all()


def test_the_forms_share_no_code_of_their_own():
    for one, other in ((batched, "per_example"), (per_example, "batched")):
        names = {
            name
            for node in ast.walk(ast.parse(inspect.getsource(one)))
            if isinstance(node, ast.ImportFrom)
            for name in (node.module or "").split(".") + [alias.name for alias in node.names]
        }
        assert other not in names
