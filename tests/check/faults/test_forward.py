import numpy as np
import pytest
from fault_settings import Columns, assert_rows, of_equations, results, square_problem, state_of

from minibp.activations import activation_of
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.forward import equation_13, equation_14, with_slope
from minibp.check.faults.injection import FaultInstance, run_pass
from minibp.check.faults.pass_state import PassState
from minibp.check.rounding.arithmetic import arithmetic_of
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


OF_SLOPE = {
    "leaky_relu": (lambda z: np.where(z >= 0, z, 0.2 * z), lambda z: np.where(z >= 0, 1, 0.2)),
    "elu": (lambda z: np.where(z > 0, z, 0.2 * np.expm1(z)), lambda z: np.where(z > 0, 1, 0.2 * np.exp(z))),
}
"""σ and σ' with the slope 0.2."""


@pytest.mark.parametrize("name", OF_SLOPE)
def test_another_slope_is_in_the_value_and_in_the_derivative(name):
    value, prime = OF_SLOPE[name]
    problem = square_problem(name)
    instance = FaultInstance(CATALOGUE["slope_differs"], (3,), constant=0.2)
    p = PassState(problem, arithmetic_of("float64"))
    run_pass(p, [instance])
    z = p.z[3].value
    assert explains(p.a[3], value(z))
    assert not explains(p.a[3], problem.network.activations[1].value(z))
    assert explains(p.delta[3], (p.delta[4].value @ p.w[4]) * prime(z))
    assert explains(p.a[2], problem.network.activations[0].value(p.z[2].value))  # of the other layers nothing changes
    plain = PassState(problem)
    run_pass(plain, [instance])
    assert np.allclose(plain.a[3], value(plain.z[3]), rtol=1e-14)


def test_an_activation_without_a_slope_has_no_other():
    assert [with_slope(activation_of(name), 0.2) for name in ("relu", "tanh", "softplus")] == [None] * 3
    assert results("slope_differs", square_problem("tanh"), 3) == [None]


@pytest.mark.parametrize(
    ("name", "slope", "message"),
    [
        ("leaky_relu", 0.2, 'slope 0.2, not 0.01: if it is meant, pass activation="leaky_relu(0.2)"'),
        ("leaky_relu", 0.0, 'slope 0, not 0.01: if it is meant, pass activation="relu"'),
        ("leaky_relu", -0.01, "slope -0.01, not 0.01"),
        ("elu", 0.5, 'α 0.5, not 1: if it is meant, pass activation="elu(0.5)"'),
    ],
)
def test_the_message_says_how_to_say_the_slope_that_is_used(name, slope, message):
    assert CATALOGUE["slope_differs"].message(state_of(square_problem(name)), 3, 0, slope) == message


@pytest.mark.parametrize("name", ["leaky_relu", "elu"])
def test_slopes_are_suggested_where_z_is_negative(name):
    p = state_of(square_problem(name))
    other = with_slope(activation_of(name), 0.3)
    found = CATALOGUE["slope_differs"].suggest(p, 3, other.value(p.z[3].value))
    below = p.z[3].value < 0
    assert below.any()
    assert np.allclose(found[below], 0.3, rtol=1e-12)
    assert np.isnan(found[~below]).all()
