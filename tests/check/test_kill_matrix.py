from minibp.check.faults import CATALOGUE
from minibp.check.kill_matrix import Row, _cells, is_complete, kill_matrix, summary, table


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
    row = _cells(("sigmoid", "identity", "huber"), seed=0, only=["huber_not_clipped"])["huber_not_clipped"]
    assert (row.listed, row.twins) == (1, {"output_derivative_missing"})
    assert row.to_dict()["twins"] == ["output_derivative_missing"]
    same = _cells(("relu", "identity", "quadratic"), seed=0, only=["tanh_derivative_not_squared"])
    assert same["tanh_derivative_not_squared"].same_as_right == 2


def test_a_fault_that_is_not_caught_is_seen():
    assert not is_complete({"x": Row(changed=2, caught=1)})
