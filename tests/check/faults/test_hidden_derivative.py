import numpy as np
import pytest
from fault_settings import Columns, assert_rows, results, square_problem, state_of

from minibp.check.faults import hidden_derivative
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.fault import Fault
from minibp.check.faults.injection import FaultInstance

EXPECTED = {
    "slope_of_derivative_differs": ("leaky_relu", 0, lambda c, l: c.back[l + 1] * np.where(c.z[l] < 0, 0.2, 1)),
    "derivative_of_another_activation": ("sigmoid", 1, lambda c, l: c.back[l + 1] * (1 - np.tanh(c.z[l]) ** 2)),
    "hidden_derivative_form_at_z": ("tanh", 1, lambda c, l: c.back[l + 1] * (1 - c.z[l] ** 2)),
    "propagated_error_missing": ("tanh", 0, lambda c, l: c.prime[l](c.z[l])),
}
"""The activation, the index of the formula, and the result for one example."""


def test_every_fault_is_expected():
    assert EXPECTED.keys() == {one.id for one in vars(hidden_derivative).values() if isinstance(one, Fault)}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_fault_gives(name):
    activation, way, wrong = EXPECTED[name]
    problem = square_problem(activation)
    examples = [Columns(problem, row) for row in range(3)]
    fault = CATALOGUE[name]
    result = FaultInstance(fault, None, way, fault.typical).at(state_of(problem), 3)
    assert_rows(result, [wrong(c, 3) for c in examples], [c.delta[3] for c in examples])


@pytest.mark.parametrize("name", ["hidden_derivative_form_at_z", "propagated_error_missing"])
def test_on_the_identity_it_is_another_fault(name):
    assert not [one for one in results(name, square_problem("identity"), 3) if one is not None]


def test_a_slope_has_a_message_with_both():
    fault = CATALOGUE["slope_of_derivative_differs"]
    said = [fault.message(state_of(square_problem(name)), 3, 0, 0.2) for name in ("leaky_relu", "elu")]
    assert said == [
        "the derivative has slope 0.2, not 0.01, where z^l < 0",
        "the derivative has α 0.2, not 1, where z^l < 0",
    ]
