import numpy as np
import pytest
from fault_settings import Columns, narrowing_problem, of_equations, results, state_of

from minibp import Problem
from minibp.check.faults.batch import equation_6
from minibp.check.rounding.running_error import explains

SHARES = {
    "sum_for_mean": [[1, 1, 1]],
    "mean_twice": [[1 / 9, 1 / 9, 1 / 9]],
    "mean_compounded": [[1 / 27, 1 / 27, 1 / 27]],  # in layer 3 of 5: at δ^5, δ^4 and δ^3
    "last_example_dropped": [[1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 0]],
    "first_example_only": [[1, 0, 0]],
    "mean_over_outputs": [[1 / 9, 1 / 9, 1 / 9], [1 / 3, 1 / 3, 1 / 3]],  # of 3 examples and 3 outputs
    "features_for_examples": [[1 / 2, 1 / 2, 1 / 2]],
}
"""What each of three examples counts, by each way to write the mistake; the network has two inputs."""


def test_every_fault_is_expected():
    assert SHARES.keys() | {"product_of_means", "gradient_clipped"} == of_equations("(6)")


@pytest.mark.parametrize("name", SHARES)
def test_a_fault_gives_shares(name):
    found = results(name, narrowing_problem("tanh"), 3)
    assert [shares.tolist() for shares in found] == SHARES[name]


def test_one_example_is_never_dropped():
    whole = narrowing_problem("tanh")
    alone = Problem(whole.network, whole.cost, whole.x[:1], whole.y[:1], whole.l2)
    assert [shares.tolist() for shares in results("last_example_dropped", alone, 3)] == [[1], [1]]


def test_the_product_of_means_is_not_the_mean_of_products():
    problem = narrowing_problem("tanh")
    examples = [Columns(problem, row) for row in range(3)]
    (result,) = results("product_of_means", problem, 3)
    delta, a = (sum(column) / 3 for column in zip(*((c.delta[3], c.a[2]) for c in examples), strict=True))
    assert explains(result, np.outer(delta, a))
    assert not explains(result, sum(np.outer(c.delta[3], c.a[2]) for c in examples) / 3)


def test_the_equation():
    assert equation_6(state_of(narrowing_problem("tanh")), 3).tolist() == [1 / 3, 1 / 3, 1 / 3]
