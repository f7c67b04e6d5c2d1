import numpy as np
import pytest
from fault_settings import Columns, assert_rows, of_equations, results, square_problem, state_of

from minibp.check.faults.forward import equation_13, equation_14
from minibp.check.rounding.running_error import explains

EXPECTED = {
    "bias_omitted": (lambda c, l: c.w[l] @ c.a[l - 1], lambda c, l: c.z[l]),
    "activation_omitted": (lambda c, l: c.z[l], lambda c, l: c.a[l]),
}
"""The result for one example, and the right one."""


def test_every_fault_is_expected():
    assert EXPECTED.keys() | {"slope_differs"} == of_equations("(13)", "(14)")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_fault_gives(name):
    problem = square_problem("sigmoid")
    examples = [Columns(problem, row) for row in range(3)]
    wrong, right = EXPECTED[name]
    (result,) = results(name, problem, 3)
    assert_rows(result, [wrong(c, 3) for c in examples], [right(c, 3) for c in examples])


def test_the_equations():
    problem = square_problem("tanh")
    p = state_of(problem)
    assert explains(equation_13(p, 3), np.stack([Columns(problem, row).z[3] for row in range(3)]))
    assert explains(equation_14(p, 3), np.stack([Columns(problem, row).a[3] for row in range(3)]))
