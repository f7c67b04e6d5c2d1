import mpmath
import numpy as np
import pytest

from minibp import Activation
from minibp.activations import ACTIVATIONS, HIDDEN
from minibp.check.oracles.curvature import curvature_of

Z = np.array([-40.0, -7.3, -3.0, -2.4, -1.3, -0.66, -0.3, -1e-3, 1e-3, 0.2, 0.9, 1.32, 2.4, 5.0, 30.0])
E = np.array([1e-9, 1e-3, 0.1, 1.0, 4.0])
MPMATH = {
    "identity": lambda t: t,
    "sigmoid": lambda t: 1 / (1 + mpmath.exp(-t)),
    "tanh": mpmath.tanh,
    "relu": lambda t: t if t > 0 else 0 * t,
    "leaky_relu": lambda t: t if t >= 0 else t / 100,
    "elu": lambda t: t if t > 0 else mpmath.expm1(t),
    "softplus": lambda t: mpmath.log1p(mpmath.exp(t)),
    "silu": lambda t: t / (1 + mpmath.exp(-t)),
}
JUMPS_AT_ZERO = {"relu", "leaky_relu", "elu"}


def derivative(name, t, order):
    """By mpmath's differences in 60 digits, from the side of 0 that t is on where something jumps there."""
    side = int(np.sign(t)) if name in JUMPS_AT_ZERO else 0
    with mpmath.workdps(60):
        return float(mpmath.diff(MPMATH[name], mpmath.mpf(t), order, direction=side, h=mpmath.mpf(10) ** -20))


def test_every_elementwise_activation_of_the_package_is_known():
    assert [name for name in ACTIVATIONS if curvature_of(ACTIVATIONS[name]) is None] == ["softmax"]


def test_a_borrowed_name_is_not_believed():
    class Mine(Activation):
        name = "tanh"

    assert curvature_of(Mine()) is None


@pytest.mark.parametrize("name", HIDDEN)
def test_the_derivatives_are_those_of_the_activation(name):
    facts = curvature_of(HIDDEN[name])
    for order, ours in ((1, facts.first(Z)), (2, facts.second(Z))):
        exact = np.array([derivative(name, t, order) for t in Z])
        assert np.allclose(ours, exact, rtol=1e-13, atol=1e-17), (name, order)


@pytest.mark.parametrize("name", HIDDEN)
def test_bounds_hold_over_the_interval_and_are_attained_where_it_is_narrow(name):
    facts = curvature_of(HIDDEN[name])
    for order, bound in ((2, facts.second_bound), (3, facts.third_bound)):
        for e in E:
            points = Z[:, None] + e * np.linspace(-1, 1, 9)
            points[points == 0] = -1e-300  # beside a jump: the side that has the larger derivatives
            exact = np.array([[abs(derivative(name, t, order)) for t in row] for row in points]).max(1)
            ours = bound(Z, np.full_like(Z, e))
            assert np.all(exact <= ours * (1 + 1e-9) + 1e-17), (name, order, e)
            if e <= 1e-3:
                # The two terms of silu's derivatives cancel in part, further out nearly: that is not made use of.
                room, where = (3.0, np.abs(Z) < 2) if name == "silu" else (1.02, np.abs(Z) >= 0)
                assert np.all(ours[where] <= room * exact[where] + 1e-17), (name, order, e)


def test_the_second_derivative_of_elu_jumps_at_zero_and_no_other_does():
    assert [name for name in HIDDEN if curvature_of(HIDDEN[name]).jump is not None] == ["elu"]
    jump = curvature_of(HIDDEN["elu"]).jump(np.array([-1e-3, 0.0, 1e-3, 2e-3]), np.full(4, 1e-3))
    assert jump.tolist() == [1.0, 1.0, 1.0, 0.0]
