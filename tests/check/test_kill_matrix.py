import numpy as np

from minibp import Finding, Network, Problem
from minibp.check.faults import CATALOGUE
from minibp.check.kill_matrix import Row, _cells, _place, is_complete, kill_matrix, summary, table


def test_a_slope_that_is_missing_is_told_from_one_at_the_wrong_place():
    """Where a^l is 0 the slope of relu is a matter of convention: that must explain nothing."""
    for name in ("hidden_derivative_missing", "hidden_derivative_at_activation"):
        row = _cells(("relu", "sigmoid", "quadratic"), seed=0, only=[name])[name]
        assert row.changed == row.named
    assert _cells(("leaky_relu", "identity", "huber"), seed=0, only=["l2_on_biases"])["l2_on_biases"].named == 2


def test_faults_are_caught_placed_and_named():
    matrix = kill_matrix(seed=3, settings=[("leaky_relu", "softmax", "quadratic")], only=list(CATALOGUE)[::4])
    total = Row()
    for row in matrix.values():
        total.add(row)
    assert total.changed == total.caught > 15
    assert total.placed >= 0.98 * total.changed
    assert total.named >= 0.95 * total.changed
    assert is_complete(matrix)
    assert all(name in table(matrix) for name in matrix)
    assert "caught 100.0%" in summary(matrix)


def test_faults_that_are_the_same_function_are_said_to_be():
    problem = Problem(Network.random([2, 3, 1], rng=0), "quadratic", np.ones((2, 2)), np.ones((2, 1)))
    finding = Finding("(22)", 2, "nabla_b", "hidden_derivative_missing", also=("raw_error_propagated",), layers=(2,))
    row = Row()
    _place(row, CATALOGUE["raw_error_propagated"], (2,), finding, problem)
    assert (row.listed, row.placed, row.named, row.twins) == (1, 1, 0, {"hidden_derivative_missing"})
    assert row.to_dict()["twins"] == ["hidden_derivative_missing"]
    same = _cells(("relu", "identity", "quadratic"), seed=0, only=["tanh_derivative_not_squared"])
    assert same["tanh_derivative_not_squared"].same_as_right == 2


def test_a_fault_that_is_not_caught_is_seen():
    assert not is_complete({"x": Row(changed=2, caught=1)})
