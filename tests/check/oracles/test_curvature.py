import mpmath
import numpy as np
import pytest

from minibp import Activation
from minibp.activations import ACTIVATIONS, FURTHER, HIDDEN, activation_of
from minibp.check.oracles.curvature import curvature_of
from minibp.further_activations import SELU_ALPHA, SELU_SCALE

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
FURTHER_MPMATH = {
    "gelu": lambda t: t * mpmath.ncdf(t),
    "gelu_tanh": lambda t: t / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (t + mpmath.mpf(0.044715) * t**3))),
    "mish": lambda t: t * mpmath.tanh(mpmath.log1p(mpmath.exp(t))),
    "softsign": lambda t: t / (1 + abs(t)),
    "hard_sigmoid": lambda t: min(max(t / 6 + mpmath.mpf(0.5), mpmath.mpf(0)), mpmath.mpf(1)),
    "hard_sigmoid(0.2)": lambda t: min(max(mpmath.mpf(0.2) * t + mpmath.mpf(0.5), mpmath.mpf(0)), mpmath.mpf(1)),
    "hard_tanh": lambda t: min(max(t, mpmath.mpf(-1)), mpmath.mpf(1)),
    "hard_swish": lambda t: t * min(max(t + 3, mpmath.mpf(0)), mpmath.mpf(6)) / 6,
    "relu6": lambda t: min(max(t, mpmath.mpf(0)), mpmath.mpf(6)),
    "selu": lambda t: mpmath.mpf(SELU_SCALE) * (t if t > 0 else mpmath.mpf(SELU_ALPHA) * mpmath.expm1(t)),
    "leaky_relu(0.2)": lambda t: t if t >= 0 else mpmath.mpf(0.2) * t,
    "elu(0.1)": lambda t: t if t > 0 else mpmath.mpf(0.1) * mpmath.expm1(t),
}
MPMATH |= FURTHER_MPMATH
JUMPS_AT_ZERO = {"relu", "leaky_relu", "elu", "softsign", "relu6", "selu", "leaky_relu(0.2)", "elu(0.1)"}


def derivative(name, t, order):
    """By mpmath's differences in 60 digits, from the side of 0 that t is on where something jumps there."""
    side = int(np.sign(t)) if name in JUMPS_AT_ZERO else 0
    with mpmath.workdps(60):
        return float(mpmath.diff(MPMATH[name], mpmath.mpf(t), order, direction=side, h=mpmath.mpf(10) ** -20))


def test_every_elementwise_activation_of_the_package_is_known():
    assert [name for name in ACTIVATIONS if curvature_of(ACTIVATIONS[name]) is None] == ["softmax"]
    assert FURTHER_MPMATH.keys() >= FURTHER.keys()
    assert curvature_of(activation_of("elu(0.1)")) is curvature_of(activation_of("elu(0.1)"))


def test_a_borrowed_name_is_not_believed():
    class Mine(Activation):
        name = "tanh"

    assert curvature_of(Mine()) is None


@pytest.mark.parametrize("name", [*HIDDEN, *FURTHER_MPMATH])
def test_the_derivatives_are_those_of_the_activation(name):
    facts = curvature_of(activation_of(name))
    z = Z[~np.isin(Z, activation_of(name).kinks)]
    for order, ours in ((1, facts.first(z)), (2, facts.second(z))):
        exact = np.array([derivative(name, t, order) for t in z])
        assert np.allclose(ours, exact, rtol=1e-13, atol=1e-17), (name, order)


@pytest.mark.parametrize("name", [*HIDDEN, *FURTHER_MPMATH])
def test_bounds_hold_over_the_interval_and_are_attained_where_it_is_narrow(name):
    facts = curvature_of(activation_of(name))
    for order, bound in ((2, facts.second_bound), (3, facts.third_bound)):
        for e in E:
            points = Z[:, None] + e * np.linspace(-1, 1, 5)
            points[points == 0] = -1e-300  # beside a jump: the side that has the larger derivatives
            for kink in set(activation_of(name).kinks) - {0.0}:
                points[np.abs(points - kink) < 1e-12] += 1e-9  # mpmath's differences do not know it
            exact = np.array([[abs(derivative(name, t, order)) for t in row] for row in points]).max(1)
            ours = bound(Z, np.full_like(Z, e))
            assert np.all(exact <= ours * (1 + 1e-9) + 1e-17), (name, order, e)
            if e <= 1e-3:
                # The two terms of silu's derivatives cancel in part, further out nearly: that is not made use of.
                room, where = (3.0, np.abs(Z) < 2) if name == "silu" else (1.02, np.abs(Z) >= 0)
                assert np.all(ours[where] <= room * exact[where] + 1e-17), (name, order, e)


def test_the_second_derivatives_of_elu_and_softsign_jump_at_zero_and_no_others_do():
    jumping = {name for name in MPMATH if curvature_of(activation_of(name)).jump is not None}
    assert jumping == {"elu", "elu(0.1)", "selu", "softsign"}
    beside = np.array([-1e-3, 2e-3])
    for name, size in (("elu(0.1)", 0.1), ("selu", SELU_SCALE * SELU_ALPHA), ("softsign", 4.0)):
        found = curvature_of(activation_of(name)).jump(beside, np.full(2, 1e-3))
        assert found.tolist() == [pytest.approx(size), 0.0], name
    jump = curvature_of(HIDDEN["elu"]).jump(np.array([-1e-3, 0.0, 1e-3, 2e-3]), np.full(4, 1e-3))
    assert jump.tolist() == [1.0, 1.0, 1.0, 0.0]
