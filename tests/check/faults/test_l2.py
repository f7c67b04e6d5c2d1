import numpy as np
import pytest
from fault_settings import narrowing_problem, of_equations, results, state_of

from minibp.check.faults.l2 import equation_27
from minibp.check.rounding.running_error import explains

EXPECTED = {  # α is 0.7, and m is 3
    "l2_missing": lambda w, b: 0 * w,
    "l2_not_divided_by_m": lambda w, b: 0.7 * w,
    "l2_factor_two": lambda w, b: 0.7 * 2 / 3 * w,
    "l2_factor_half": lambda w, b: 0.7 / 6 * w,
    "l2_sign_flipped": lambda w, b: -0.7 / 3 * w,
    "l1_for_l2": lambda w, b: 0.7 / 3 * np.sign(w),
    "l2_on_biases": lambda w, b: 0.7 / 3 * b,
    "l2_ones_on_biases": lambda w, b: np.full(b.shape, 0.7 / 3),
}
"""The term that is added to ∂C/∂W or to ∂C/∂b."""


def test_every_fault_is_expected():
    assert EXPECTED.keys() == of_equations("(27)")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_fault_gives(name):
    problem = narrowing_problem("tanh")
    w, b = problem.network.weights[1], problem.network.biases[1]
    (result,) = results(name, problem, 3)
    expected = EXPECTED[name](w, b)
    assert result.shape == expected.shape
    assert explains(result, expected)


def test_the_equation():
    problem = narrowing_problem("tanh")
    assert explains(equation_27(state_of(problem), 3), 0.7 / 3 * problem.network.weights[1])
