import math

import numpy as np
import pytest
from users import Cube, Quartic

from minibp import Activation, Cost, Network, Problem
from minibp.check.oracles.continued_functions import with_continued
from minibp.check.problem_stack import stack_of_one

H = 1e-30


class OfLogits(Cost):
    """Binary cross-entropy of logits without an overflow: its parts have kinks at 0, and itself it has none."""

    def value(self, z, y):
        return (np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).sum(-1)

    def gradient(self, z, y):
        return 1 / (1 + np.exp(-z)) - y


class ByMath(Cube):
    def value(self, z):
        return np.array([math.exp(one) for one in z.ravel()]).reshape(z.shape)


class Named(Quartic):
    """A cost that asks which activation it is for."""

    def value_at(self, z, a, y, activation):
        assert isinstance(activation, Cube)
        return np.abs(z - y).sum(-1)


def continued_of(activation, cost):
    network = Network([[[1.0]]], [[0.0]], activation)
    return with_continued(stack_of_one(Problem(network, cost, [[1.0]], [[3.0]])))


def test_the_packages_functions_stay():
    stack = stack_of_one(Problem(Network([[[1.0]]], [[0.0]], "relu"), "huber", [[1.0]], [[3.0]]))
    assert with_continued(stack) is stack


@pytest.mark.parametrize("z", [-800.0, -1.5, -0.0, 0.0, 1e-8, 2.0, 800.0])
@pytest.mark.parametrize("side", [1, -1])
def test_parts_with_kinks_keep_the_slope_of_the_whole(z, side):
    cost = continued_of("identity", OfLogits()).cost
    value = cost.value(np.array([z + side * 1j * H]), np.array([0.25]))
    assert type(value) is np.ndarray
    assert value.imag / H * side == pytest.approx((1 + np.tanh(z / 2)) / 2 - 0.25, abs=1e-15)
    assert cost.value(np.array([z]), np.array([0.25])) == value.real


def test_log1p_keeps_its_digits():
    class Logarithm(Cube):
        def value(self, z):
            return np.log1p(z)

    (activation,) = continued_of(Logarithm(), "quadratic").activations
    z = np.array([1e-12 + 1j * H])
    assert activation.value(z).real == pytest.approx(math.log1p(1e-12), rel=1e-15)
    assert activation.prime(np.array([2.0])) == 12.0


def test_a_function_that_drops_the_imaginary_part_raises():
    (activation,) = continued_of(ByMath(), "quadratic").activations
    with pytest.raises(TypeError):
        activation.value(np.array([1 + 1j * H]))


def test_a_cost_that_asks_for_the_activation_gets_the_users():
    stack = continued_of(Cube(), Named())
    value = stack.cost.value_at(np.array([1 - 1j * H]), np.array([1.0]), np.array([3.0]), stack.activations[0])
    assert value.imag == H
    assert isinstance(stack.activations[0], Activation)
    assert stack.cost.gradient(np.array([1.0]), np.array([3.0])) == -8.0
