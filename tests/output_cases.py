"""Output layers of every kind: a cost, an activation and targets."""

import numpy as np
from users import Quartic

from minibp import Activation
from minibp.activations import activation_of, sigmoid, softmax
from minibp.check.rounding.arithmetic import Ball
from minibp.costs import COSTS

QUADRATIC, HUBER = COSTS["quadratic"], COSTS["huber"]
CROSS, CATEGORICAL = COSTS["cross_entropy"], COSTS["categorical_cross_entropy"]
IDENTITY, TANH = activation_of("identity"), activation_of("tanh")


class Half(Activation):
    """A user's sigmoid of z/2."""

    name = "half"
    bounds = (0.0, 1.0)

    def value(self, z):
        return sigmoid.value(z / 2)

    def prime(self, z):
        return sigmoid.prime(z / 2) / 2


class Warm(Activation):
    """A user's softmax of another temperature."""

    name = "warm"
    elementwise = False

    def value(self, z):
        return softmax.value(z / 2)

    def backward(self, z, nabla_a):
        return softmax.backward(z / 2, nabla_a) / 2


HALF, WARM, QUARTIC = Half(), Warm(), Quartic()


def near(values, errors=0.0):
    values = np.array(values, float)
    return Ball(values, np.broadcast_to(np.array(errors, float), values.shape))


def one_hot(n, j):
    return np.eye(n)[j]


Z = [0.4, -1.3, 0.9]
Z_ERRORS = [0.02, 0.3, 0.1]
CASES = {
    "quadratic_identity": (QUADRATIC, IDENTITY, [0.9, -1.3, 0.2]),
    "quadratic_tanh": (QUADRATIC, TANH, [1.5, -2.0, 0.2]),
    "quadratic_softmax": (QUADRATIC, softmax, [-0.5, 1.5, 0.2]),
    "huber_identity": (HUBER, IDENTITY, [0.9, 3.0, 0.1]),  # one far inside of the corner, one outside, one near it
    "huber_softmax": (HUBER, softmax, [-1.9, 1.5, 0.2]),
    "cross_entropy_sigmoid": (CROSS, sigmoid, [0.9, 0.0, 1.0]),
    "cross_entropy_softmax": (CROSS, softmax, [0.9, 0.0, 1.0]),
    "cross_entropy_of_a_user": (CROSS, HALF, [0.9, 0.1, 0.3]),
    "categorical_cross_entropy": (CATEGORICAL, softmax, [0.5, 0.25, 0.375]),
    "quartic_identity": (QUARTIC, IDENTITY, [0.9, -1.1, 0.2]),
    "quartic_sigmoid": (QUARTIC, sigmoid, [0.9, -1.1, 0.2]),
    "quartic_softmax": (QUARTIC, softmax, [0.9, -1.1, 0.2]),
}
