import numpy as np
import pytest
from fault_settings import square_problem, state_of

from minibp.activations import HIDDEN, activation_of
from minibp.check.faults import factors
from minibp.check.rounding.running_error import explains


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


EXPECTED = {
    "at_activation": ("tanh", lambda z, a: 1 - np.tanh(a) ** 2),
    "value": ("sigmoid", lambda z, a: sigmoid(z)),
    "twice": ("tanh", lambda z, a: (1 - a**2) ** 2),
    "of_sigmoid": ("tanh", lambda z, a: a * (1 - a)),
    "tanh_not_squared": ("tanh", lambda z, a: 1 - a),
    "elu_value": ("elu", lambda z, a: np.where(z > 0, 1, a)),
    "silu_first_term": ("silu", lambda z, a: sigmoid(z)),
    "without_leaky_slope": ("leaky_relu", lambda z, a: np.where(z < 0, 0, 1)),
    "with_negative_leaky_slope": ("leaky_relu", lambda z, a: np.where(z < 0, -0.01, 1)),
    "sigmoid_form_at_z": ("sigmoid", lambda z, a: z * (1 - z)),
    "tanh_form_at_z": ("tanh", lambda z, a: 1 - z**2),
    "alone": ("tanh", lambda z, a: 1 - a**2),
}
"""The activation of a layer, and the factor from z and a."""
OF_ONE = {
    "tanh_not_squared": "tanh",
    "elu_value": "elu",
    "silu_first_term": "silu",
    "without_leaky_slope": "leaky_relu",
    "with_negative_leaky_slope": "leaky_relu",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_factor_is(name):
    activation, expected = EXPECTED[name]
    p = state_of(square_problem(activation))
    assert explains(p.running(getattr(factors, name)(p, 3)), expected(p.z[3].value, p.a[3].value))


@pytest.mark.parametrize("name", OF_ONE)
@pytest.mark.parametrize("activation", ["sigmoid", "identity", "relu", "tanh", "elu", "silu", "leaky_relu"])
def test_a_factor_of_one_activation_is_none_for_others(name, activation):
    found = getattr(factors, name)(state_of(square_problem(activation)), 3)
    assert (found is None) is (activation != OF_ONE[name])


@pytest.mark.parametrize("activation", ["leaky_relu", "elu"])
def test_the_slope_is_what_one_part_is_multiplied_by(activation):
    p = state_of(square_problem(activation))
    rest, per, slope = (
        factors.without_slope(p, 3),
        factors.per_slope(p, 3),
        factors.slope_of(activation_of(activation)),
    )
    z = p.z[3].value
    assert ((rest.value == 0) == (z < 0)).all()
    assert explains(rest + per * slope, activation_of(activation).prime(z))
    assert factors.without_slope(state_of(square_problem("tanh")), 3) is None


@pytest.mark.parametrize("own", ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "identity"])
def test_another_derivative_is_never_the_own_one_nor_one_that_has_a_name(own):
    p = state_of(square_problem(own))
    z = p.z[3].value
    named = [factors.without_leaky_slope(p, 3), factors.silu_first_term(p, 3), p.a[3] if own == "sigmoid" else None]
    tried = 0
    for other in factors.OTHERS:
        found = other.formula(p, 3)
        if found is not None:
            tried += 1
            assert other.name != own
            assert not explains(p.running(found), activation_of(own).prime(z))
            assert not any(explains(p.running(found), one.value) for one in named if one is not None)
            if other.words.endswith("'(z)"):
                assert explains(p.running(found), HIDDEN[other.name].prime(z))
    assert tried >= 6
    for variant, other in enumerate(factors.OTHERS):
        message = factors.other_message(p, 3, variant, 0.0)
        assert message == f"{other.words} stands where {own}'(z) belongs"
