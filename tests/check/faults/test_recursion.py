import numpy as np
import pytest
from fault_settings import Columns, assert_rows, narrowing_problem, of_equations, results, square_problem, state_of

from minibp.check.faults import hidden_derivative
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.fault import Fault
from minibp.check.faults.injection import FaultInstance
from minibp.check.faults.recursion import equation_22
from minibp.check.rounding.running_error import explains

EXPECTED = {
    "hidden_derivative_at_activation": [lambda c, l: c.back[l + 1] * c.prime[l](c.a[l])],
    "hidden_derivative_missing": [lambda c, l: c.back[l + 1]],
    "raw_error_propagated": [lambda c, l: c.w[4].T @ c.w[5].T @ (c.a[5] - c.y) * c.prime[3](c.z[3])],  # of layer 3 of 5
    "leaky_slope_dropped": [lambda c, l: np.where(c.z[l] < 0, 0, c.back[l + 1])],
    "leaky_slope_sign_flipped": [lambda c, l: np.where(c.z[l] < 0, -0.01, 1) * c.back[l + 1]],
    "weights_not_transposed": [lambda c, l: c.w[l + 1] @ c.delta[l + 1] * c.prime[l](c.z[l])],
    "weights_wrong_layer": [
        lambda c, l: c.w[l].T @ c.delta[l + 1] * c.prime[l](c.z[l]),
        lambda c, l: c.w[l] @ c.delta[l + 1] * c.prime[l](c.z[l]),
        lambda c, l: c.w[l + 2].T @ c.delta[l + 1] * c.prime[l](c.z[l]),
    ],
    "bias_among_weights": [
        lambda c, l: np.c_[c.b[l + 1], c.w[l + 1]][:, :-1].T @ c.delta[l + 1] * c.prime[l](c.z[l]),
        lambda c, l: np.c_[c.w[l + 1], c.b[l + 1]][:, 1:].T @ c.delta[l + 1] * c.prime[l](c.z[l]),
    ],
    "error_not_propagated": [
        lambda c, l: sum(c.delta[l + 1]) * c.prime[l](c.z[l]),
        lambda c, l: c.delta[l + 1] * c.prime[l](c.z[l]),
        lambda c, l: c.delta[l + 1],
    ],
    "hidden_activation_for_derivative": [lambda c, l: c.back[l + 1] * c.sigma[l](c.z[l])],
    "hidden_derivative_wrong_layer": [
        lambda c, l: c.back[l + 1] * c.prime[l](c.z[l + 1]),
        lambda c, l: c.back[l + 1] * c.prime[l](c.z[l - 1]),
    ],
    "derivative_for_error": [lambda c, l: c.prime[l](c.back[l + 1])],
    "activation_for_error": [lambda c, l: c.w[l + 1].T @ c.a[l + 1] * c.prime[l](c.z[l])],
    "hidden_derivative_at_error": [lambda c, l: c.back[l + 1] * c.prime[l](c.back[l + 1])],
    "hidden_derivative_twice": [lambda c, l: c.back[l + 1] * c.prime[l](c.z[l]) ** 2],
    "hidden_derivative_of_sigmoid": [lambda c, l: c.back[l + 1] * c.a[l] * (1 - c.a[l])],
    "tanh_derivative_not_squared": [lambda c, l: c.back[l + 1] * (1 - np.tanh(c.z[l]))],
    "elu_derivative_is_value": [lambda c, l: c.back[l + 1] * np.where(c.z[l] < 0, np.exp(c.z[l]) - 1, 1)],
    "silu_derivative_incomplete": [lambda c, l: c.back[l + 1] / (1 + np.exp(-c.z[l]))],
}
"""The results for one example, by each way to write the mistake."""

OF_ONE_ACTIVATION = {
    "leaky_slope_dropped": "leaky_relu",
    "leaky_slope_sign_flipped": "leaky_relu",
    "tanh_derivative_not_squared": "tanh",
    "elu_derivative_is_value": "elu",
    "silu_derivative_incomplete": "silu",
}


def test_every_fault_is_expected():
    elsewhere = {one.id for one in vars(hidden_derivative).values() if isinstance(one, Fault)}
    assert EXPECTED.keys() | {"weights_already_updated"} == of_equations("(22)") - elsewhere


@pytest.mark.parametrize("name", EXPECTED)
def test_a_fault_gives(name):
    problem = square_problem(OF_ONE_ACTIVATION.get(name, "tanh"))
    examples = [Columns(problem, row) for row in range(3)]
    for result, wrong in zip(results(name, problem, 3), EXPECTED[name], strict=True):
        assert_rows(result, [wrong(c, 3) for c in examples], [c.delta[3] for c in examples])


def test_weights_that_were_updated_are_those_minus_c_times_the_gradient():
    problem = square_problem("sigmoid")
    p = state_of(problem)
    result = FaultInstance(CATALOGUE["weights_already_updated"], constant=0.25).at(p, 3)
    examples = [Columns(problem, row) for row in range(3)]
    updated = p.w[4] - 0.25 * p.nabla_w[4].value
    expected = [updated.T @ c.delta[4] * c.prime[3](c.z[3]) for c in examples]
    assert_rows(result, expected, [c.delta[3] for c in examples])


@pytest.mark.parametrize("name", OF_ONE_ACTIVATION)
def test_a_fault_of_one_activation_changes_no_other(name):
    assert results(name, square_problem("sigmoid"), 3) == [None]


@pytest.mark.parametrize("name", ["weights_not_transposed", "weights_wrong_layer", "hidden_derivative_wrong_layer"])
def test_between_layers_of_unequal_widths_it_cannot_be_made(name):
    assert not [result for result in results(name, narrowing_problem("sigmoid"), 3) if result is not None]


def test_between_layers_of_unequal_widths_an_error_can_be_summed_not_reused():
    summed, *reused = results("error_not_propagated", narrowing_problem("sigmoid"), 3)
    assert summed.shape == (3, 3)
    assert reused == [None, None]


def test_the_layer_below_the_second_is_the_input():
    problem = square_problem("sigmoid")
    result = results("hidden_derivative_wrong_layer", problem, 2)[1]
    for row in range(3):
        c = Columns(problem, row)
        assert explains(result[row], c.back[3] * c.prime[2](c.x))


def test_the_equation():
    problem = square_problem("tanh")
    assert explains(equation_22(state_of(problem), 3), np.stack([Columns(problem, row).delta[3] for row in range(3)]))
