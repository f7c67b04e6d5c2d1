import ast
import inspect

import numpy as np
import pytest
from helpers import NETWORK, X, Y, check_by_hand
from hypothesis import given
from users import Cube, Quartic

from minibp import Network, Problem, batched, check_backprop, component, per_example, strategies
from minibp.activations import activation_of
from minibp.check.layout import row_of_bound, row_of_gradient, row_of_pass
from minibp.check.rounding.whole_pass import arithmetic_of, bound
from minibp.check.tolerance import within
from minibp.workspace.workspace import Workspace


def test_numbers_that_can_be_followed_by_hand():
    check_by_hand(component)


def test_every_index_is_where_the_equations_have_it():
    # No two weights, activations or errors are alike, so that no index passes for another:
    # z² = (1·2 + 3·5 + 4·7 + 1, 6·2 − 1·5 + 2·7 − 1) = (46, 20), z³ = (2·46 − 3·20, 5·46 + 1·20) = (32, 250)
    network = Network(
        [[[1.0, 3.0, 4.0], [6.0, -1.0, 2.0]], [[2.0, -3.0], [5.0, 1.0]]], [[1.0, -1.0], [0.0, 0.0]], "identity"
    )
    found = component.backprop(network, "quadratic", [[2.0, 5.0, 7.0]], [[30.0, 249.0]])
    assert [z.tolist() for z in found.z] == [[[46.0, 20.0]], [[32.0, 250.0]]]
    # δ³ = (2, 1), δ² = (2·2 + 5·1, −3·2 + 1·1) = (9, −5)
    assert [delta.tolist() for delta in found.delta] == [[[9.0, -5.0]], [[2.0, 1.0]]]
    assert found.gradient.nabla_w[0].tolist() == [[18.0, 45.0, 63.0], [-10.0, -25.0, -35.0]]
    assert found.gradient.nabla_w[1].tolist() == [[92.0, 40.0], [46.0, 20.0]]


def test_sigma_prime_is_taken_at_z_of_its_own_neuron():
    # relu: z² = (−1, 2), so that δ²_1 = 0 and δ²_2 = w³_12 δ³ = 4·(8 − 5)
    network = Network([[[-1.0], [2.0]], [[3.0, 4.0]]], [[0.0, 0.0], [0.0]], "relu", "identity")
    found = component.backprop(network, "quadratic", [[1.0]], [[5.0]])
    assert found.delta[0].tolist() == [[0.0, 12.0]]


def test_the_output_error_is_16_or_26():
    z, y = np.array([[0.5, -1.0]]), np.array([[1.0, 0.0]])
    network = Network([np.diag(z[0])], [[0.0, 0.0]])
    (a,) = 1 / (1 + np.exp(-z))
    quadratic, cross = (component.backprop(network, name, [[1.0, 1.0]], y) for name in ("quadratic", "cross_entropy"))
    assert np.allclose(quadratic.delta[-1][0], (a - y[0]) * a * (1 - a), rtol=1e-15)
    assert cross.delta[-1][0].tolist() == [a[0] - 1, a[1]]


def test_the_mean_is_over_examples_and_l2_over_all_of_them():
    x, y = np.array([[1.0, 2.0], [0.0, 0.0], [1.0, -1.0]]), np.array([[10.0], [1.0], [0.0]])
    whole = component.backprop(NETWORK, "quadratic", x, y, l2=3.0)
    single = [component.backprop(NETWORK, "quadratic", x[i : i + 1], y[i : i + 1]) for i in range(3)]
    squares = sum((w * w).sum() for w in NETWORK.weights)
    assert np.isclose(whole.cost, np.mean([one.cost for one in single]) + squares / 2, rtol=1e-15)
    for l, w in enumerate(NETWORK.weights):
        assert np.allclose(whole.gradient.nabla_w[l], np.mean([one.gradient.nabla_w[l] for one in single], axis=0) + w)
        assert np.allclose(whole.gradient.nabla_b[l], np.mean([one.gradient.nabla_b[l] for one in single], axis=0))


@given(strategies.problems())
def test_it_agrees_with_the_other_forms_within_twice_the_bound(problem):
    arguments = problem.network, problem.cost, problem.x, problem.y, problem.l2
    with np.errstate(all="ignore"):
        found = component.backprop(*arguments)
        others = [form.backprop(*arguments) for form in (per_example, batched)]
        workspace = Workspace(problem.network, problem.cost, problem.m, problem.l2).gradient(problem.x, problem.y)
    limits = bound(problem, arithmetic_of(problem.dtype))
    limit = row_of_bound(limits)
    known = np.isfinite(limit)
    for other in others:
        assert within(row_of_pass(found)[known], row_of_pass(other)[known], limit[known], limit[known]).all()
    one, other = row_of_gradient(found.gradient), row_of_gradient(workspace)
    assert within(one, other, limit[-len(one) :], limit[-len(one) :])[known[-len(one) :]].all()
    kinds = {array.dtype.name for array in (*sum(found.gradient, ()), *found.z, *found.a, *found.delta)}
    assert kinds == {problem.dtype}


@given(strategies.problems())
def test_feedforward_is_the_last_activation(problem):
    with np.errstate(all="ignore"):
        last = component.backprop(problem.network, problem.cost, problem.x, problem.y).a[-1]
        assert np.array_equal(component.feedforward(problem.network, problem.x), last)


@pytest.mark.parametrize("cost", ["quadratic", "own"])
@pytest.mark.parametrize("output", ["sigmoid", "softmax", "gelu", "own"])
def test_functions_of_ones_own_and_further_ones(output, cost):
    network = Network.random([3, 4, 2], Cube(), Cube() if output == "own" else activation_of(output), rng=1)
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((3, 3)), rng.standard_normal((3, 2))
    given = network, Quartic() if cost == "own" else cost, x, y, 0.5
    assert np.allclose(
        row_of_pass(component.backprop(*given)), row_of_pass(per_example.backprop(*given)), rtol=1e-10, atol=1e-14
    )


def test_what_underflows_in_w_times_sigma_prime_is_within_the_bound_though_a_large_error_multiplies_it():
    # w σ'(z) is 2e-46, which is 0 in float32, where w δ is −1: δ² of this order is 0, and of the order of (21) −2e-35.
    network = Network([[[1.0]], [[1e-11]]], [[-80.0], [0.0]], ["sigmoid", "identity"]).astype("float32")
    problem = Problem(network, "quadratic", [[0.0]], [[1e11]])
    found = component.backprop(network, "quadratic", problem.x, problem.y)
    exact = -np.exp(-80.0) * float(network.weights[1][0, 0]) * 1e11
    assert found.delta[0][0, 0] == 0
    assert abs(exact) <= bound(problem, arithmetic_of("float32")).delta[0][0, 0]
    report = check_backprop(
        lambda weights, biases, x, y: component.backprop(
            Network(weights, biases, ["sigmoid", "identity"]), "quadratic", x, y
        ).gradient,
        network=network, x=problem.x, y=problem.y, dtype="float32", seed=1, raise_on_mismatch=False,
    )  # fmt: skip
    assert report.verdict in {"correct", "undecided"}, report


def test_results_are_frozen_and_inputs_left_alone():
    x = X.copy()
    found = component.backprop(NETWORK, "quadratic", x, Y)
    x[0, 0] = 99
    assert found.a[0][0, 0] == 1
    for array in (*found.gradient.nabla_w, *found.gradient.nabla_b, *found.z, *found.a, *found.delta):
        assert not array.flags.writeable


def test_there_is_no_l2_unless_it_is_asked_for():
    huge = Network([[[1e200]]], [[0.0]], "identity")
    assert component.backprop(huge, "quadratic", [[1e-200]], [[1.0]]).cost == 0


def test_it_shares_no_code_with_the_other_forms_and_multiplies_no_matrices():
    tree = ast.parse(inspect.getsource(component))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not modules & {"minibp.batched", "minibp.per_example", "minibp.workspace.workspace"}
    assert not any(isinstance(node, ast.MatMult) for node in ast.walk(tree))
