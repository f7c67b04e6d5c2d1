import numpy as np
import pytest
from fault_settings import Columns, assert_rows, results, square_problem, state_of

from minibp.check.faults import output_derivative
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.fault import Fault
from minibp.check.faults.injection import FaultInstance


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


EXPECTED = {
    "output_activation_for_derivative": ("tanh", 0, lambda g, z, a: g * a),
    "output_derivative_of_sigmoid": ("tanh", 0, lambda g, z, a: g * a * (1 - a)),
    "output_tanh_derivative_not_squared": ("tanh", 0, lambda g, z, a: g * (1 - a)),
    "output_elu_derivative_is_value": ("elu", 0, lambda g, z, a: g * np.where(z > 0, 1, a)),
    "output_silu_derivative_incomplete": ("silu", 0, lambda g, z, a: g * sigmoid(z)),
    "output_leaky_slope_dropped": ("leaky_relu", 0, lambda g, z, a: g * (z >= 0)),
    "output_leaky_slope_sign_flipped": ("leaky_relu", 0, lambda g, z, a: g * np.where(z < 0, -0.01, 1)),
    "output_slope_of_derivative_differs": ("leaky_relu", 0, lambda g, z, a: g * np.where(z < 0, 0.2, 1)),
    "output_derivative_of_another_activation": ("sigmoid", 1, lambda g, z, a: g * (1 - np.tanh(z) ** 2)),
    "output_derivative_form_at_z": ("sigmoid", 0, lambda g, z, a: g * z * (1 - z)),
    "output_derivative_at_error": ("sigmoid", 0, lambda g, z, a: g * sigmoid(g) * (1 - sigmoid(g))),
    "output_derivative_for_error": ("sigmoid", 0, lambda g, z, a: sigmoid(g) * (1 - sigmoid(g))),
    "cost_gradient_missing": ("tanh", 0, lambda g, z, a: 1 - a**2),
}
"""The output activation, the index of the formula, and the result from ∇_a C, z and a of one example."""


def test_every_fault_is_expected():
    assert EXPECTED.keys() == {one.id for one in vars(output_derivative).values() if isinstance(one, Fault)}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_fault_gives(name):
    output, way, wrong = EXPECTED[name]
    problem = square_problem("sigmoid", output)
    examples = [Columns(problem, row) for row in range(3)]
    fault = CATALOGUE[name]
    result = FaultInstance(fault, None, way, fault.typical).at(state_of(problem), 5)
    expected = [wrong(c.a[5] - c.y, c.z[5], c.a[5]) for c in examples]
    assert_rows(result, expected, [c.delta[5] for c in examples])


@pytest.mark.parametrize("name", EXPECTED)
def test_the_derivative_of_softmax_is_no_factor(name):
    assert not [one for one in results(name, square_problem("tanh", "softmax"), 5) if one is not None]


def test_of_cross_entropy_the_factor_multiplies_the_quotients():
    problem = square_problem("tanh", "sigmoid", "cross_entropy")
    (result,) = results("output_activation_for_derivative", problem, 5)
    examples = [Columns(problem, row) for row in range(3)]
    expected = [((1 - c.y) / (1 - c.a[5]) - c.y / c.a[5]) * c.a[5] for c in examples]
    assert_rows(result, expected, [c.delta[5] for c in examples])
