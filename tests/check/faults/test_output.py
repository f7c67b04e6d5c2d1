import numpy as np
import pytest
from fault_settings import Columns, assert_rows, of_equations, results, square_problem, state_of

from minibp.check.faults import output_derivative, saturation
from minibp.check.faults.fault import Fault
from minibp.check.faults.output import equation_17_or_26
from minibp.check.rounding.running_error import explains

QUADRATIC = "sigmoid", "quadratic"
SOFTMAX = "softmax", "quadratic"
EXPECTED = {
    "softmax_jacobian_diagonal": [(SOFTMAX, 0, lambda c: (c.a[5] - c.y) * c.a[5] * (1 - c.a[5]))],
    "output_derivative_missing": [
        (QUADRATIC, 0, lambda c: c.a[5] - c.y),
        (("sigmoid", "huber"), 1, lambda c: c.a[5] - c.y),
    ],
    "output_derivative_at_activation": [
        (QUADRATIC, 0, lambda c: (c.a[5] - c.y) * c.prime[5](c.a[5])),
        (SOFTMAX, 0, lambda c: jacobian(softmax(c.a[5])) @ (c.a[5] - c.y)),
    ],
    "output_derivative_extra": [
        (QUADRATIC, 0, lambda c: (c.a[5] - c.y) * c.prime[5](c.z[5]) ** 2),
        (SOFTMAX, 0, lambda c: jacobian(c.a[5]) @ jacobian(c.a[5]) @ (c.a[5] - c.y)),
        (SOFTMAX, 1, lambda c: c.a[5] * (1 - c.a[5]) * (jacobian(c.a[5]) @ (c.a[5] - c.y))),
    ],
    "output_sign_flipped": [(QUADRATIC, 0, lambda c: (c.y - c.a[5]) * c.prime[5](c.z[5]))],
    "cost_factor_two": [(QUADRATIC, 0, lambda c: 2 * (c.a[5] - c.y) * c.prime[5](c.z[5]))],
    "cost_factor_half": [(("sigmoid", "cross_entropy"), 0, lambda c: (c.a[5] - c.y) / 2)],
    "error_times_one_minus_error": [(QUADRATIC, 0, lambda c: (c.a[5] - c.y) * (1 - c.a[5] + c.y))],
    "output_error_zero": [(QUADRATIC, 0, lambda c: 0 * c.y)],
    "cross_entropy_second_term_missing": [
        (("sigmoid", "cross_entropy"), 0, lambda c: -c.y / c.a[5] * c.prime[5](c.z[5])),
    ],
    "huber_not_clipped": [(("identity", "huber"), 0, lambda c: c.a[5] - c.y)],
}  # fmt: skip
"""Output activation and cost, the index of the formula, and the result for one example."""

CASES = [(name, i) for name, cases in EXPECTED.items() for i in range(len(cases))]
CHANGES_NOTHING = {
    ("softmax_jacobian_diagonal", 0): QUADRATIC,
    ("output_derivative_missing", 1): ("identity", "quadratic"),
    ("output_derivative_extra", 1): QUADRATIC,
    ("cross_entropy_second_term_missing", 0): QUADRATIC,
    ("huber_not_clipped", 0): QUADRATIC,
}


def softmax(v):
    return np.exp(v) / np.exp(v).sum()


def jacobian(s):
    return np.diag(s) - np.outer(s, s)


def test_every_fault_is_expected():
    elsewhere = {
        one.id for one in (*vars(output_derivative).values(), *vars(saturation).values()) if isinstance(one, Fault)
    }
    assert EXPECTED.keys() == of_equations("") - elsewhere


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_fault_gives(name, case):
    setting, way, wrong = EXPECTED[name][case]
    problem = square_problem("tanh", *setting)
    examples = [Columns(problem, row) for row in range(3)]
    assert_rows(results(name, problem, 5)[way], [wrong(c) for c in examples], [c.delta[5] for c in examples])


@pytest.mark.parametrize(("name", "way"), CHANGES_NOTHING)
def test_on_other_outputs_and_costs_it_cannot_be_made(name, way):
    assert results(name, square_problem("tanh", *CHANGES_NOTHING[name, way]), 5)[way] is None


def test_the_equations():
    for setting in (QUADRATIC, SOFTMAX, ("sigmoid", "cross_entropy")):
        problem = square_problem("tanh", *setting)
        expected = np.stack([Columns(problem, row).delta[5] for row in range(3)])
        assert explains(equation_17_or_26(state_of(problem), 5), expected)
