import numpy as np

from minibp import Finding, Network, Problem
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.verify.kill_matrix import Row, add_finding, is_complete, kill_matrix, summary, table


def cells(*setting, only):
    """The row of one fault in one setting."""
    return kill_matrix(seed=0, settings=[setting], only=[only])[only]


def test_a_slope_that_is_missing_is_told_from_one_at_the_wrong_place():
    """Where a^l is 0 the slope of relu is a matter of convention: that must explain nothing."""
    for name in ("hidden_derivative_missing", "hidden_derivative_at_activation"):
        row = cells("relu", "sigmoid", "quadratic", only=name)
        assert row.changed == row.named
    assert cells("leaky_relu", "identity", "huber", only="l2_on_biases").named == 2


def test_faults_are_caught_placed_and_named():
    matrix = kill_matrix(seed=3, settings=[("leaky_relu", "softmax", "quadratic")], only=list(CATALOGUE)[::5])
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
    add_finding(row, CATALOGUE["raw_error_propagated"], (2,), finding, problem)
    assert (row.listed, row.placed, row.named, row.indistinguishable) == (1, 1, 0, {"hidden_derivative_missing"})
    keys = ["tried", "same_as_right", "changed", "caught", "placed", "named", "listed", "twins"]
    assert list(row.to_dict()) == keys  # of the report, which are fixed
    assert row.to_dict()["twins"] == ["hidden_derivative_missing"]
    same = cells("relu", "identity", "quadratic", only="tanh_derivative_not_squared")
    assert same.equivalent == 2


def test_a_fault_that_is_not_caught_is_seen():
    assert not is_complete({"x": Row(changed=2, caught=1)})
