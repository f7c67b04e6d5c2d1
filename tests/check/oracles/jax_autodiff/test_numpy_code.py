import math
from functools import partial

import numpy as np
import numpy.linalg
import pytest
from numpy import tanh as t_of_numpy

import minibp
from minibp.costs import cost_of

jax = pytest.importorskip("jax", reason="JAX is not installed")
from minibp.check.oracles.jax_autodiff.numpy_code import in_jax  # noqa: E402 (needs JAX)

SCALE = 2.0


def gate(z):
    return np.where(z > 0, z, 0.5 * z)


def closure():
    factor, xp = 3.0, np

    def inside(z):
        return factor * xp.exp(z) + gate(z)

    return inside


class Own:
    slope = 0.25

    def value(self, z):
        return self.part(z) + np.maximum(z, self.slope * z)

    def part(self, z):
        return np.log1p(np.exp(-np.abs(z)))


FUNCTIONS = {
    "a global": lambda z: SCALE * np.sin(z),
    "another function": lambda z: gate(z) * z,
    "a name imported": lambda z: z + t_of_numpy(z),
    "a lambda inside": lambda z: sum(map(lambda u: np.cosh(u) * u, [z, 2 * z])),  # noqa: C417 (for the lambda)
    "a closure": closure(),
    "a method with others": Own().value,
    "partial": partial(lambda a, z: np.power(np.abs(z) + a, 1.5), 1.0),
    "a comprehension": lambda z: sum(np.cos(k * z) for k in range(3)),
    "linalg": lambda z: z * np.linalg.norm(z),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_code_in_numpy_is_traced_and_has_the_same_values_and_slopes(name):
    f, z, h = FUNCTIONS[name], np.array([0.3, -1.2, 2.0]), 1e-6
    with jax.enable_x64(True):
        value, slope = jax.jvp(jax.jit(in_jax(f)), (z,), (np.ones(3),))
    assert np.allclose(value, f(z), rtol=1e-14)
    assert np.allclose(slope, (f(z + h) - f(z - h)) / (2 * h), rtol=1e-6, atol=1e-8)


def test_nothing_of_the_users_is_changed():
    f, own = FUNCTIONS["another function"], Own()
    in_jax(f), in_jax(own.value)
    assert f.__globals__["np"] is np
    assert gate(np.array([1.0])).tolist() == [1.0]
    assert type(own.value(np.array([1.0]))) is np.ndarray


def test_what_is_no_python_function_stays():
    assert in_jax(math.exp) is math.exp
    assert in_jax(np.exp) is np.exp


def test_own_costs_in_numpy_have_all_three_oracles():
    class FromLogits:
        """Softmax cross-entropy of the largest target, as many write it: digits cancel in it."""

        name = "from logits"

        def value(self, z, y):
            top = z.real.max(-1, keepdims=True)
            picked = np.take_along_axis(z, y.argmax(-1)[..., None], -1)
            return (top + np.log(np.exp(z - top).sum(-1, keepdims=True)) - picked)[..., 0]

        def gradient(self, z, y):
            e = np.exp(z - z.max(-1, keepdims=True))
            return e / e.sum(-1, keepdims=True) - np.eye(z.shape[-1])[y.argmax(-1)]

    own = cost_of(FromLogits())

    def mine(weights, biases, x, y, factor=1.0):
        network = minibp.Network(weights, biases, ["relu"] * (len(weights) - 1) + ["identity"])
        nabla_w, nabla_b = minibp.batched.backprop(network, own, x, y).gradient
        return nabla_w, [factor * b for b in nabla_b]

    options = {"activation": "relu", "output_activation": "identity", "cost": FromLogits(), "examples": 20}
    report = minibp.check_backprop(mine, seed=0, **options)
    assert not any("was not asked" in note for note in report.notes)
    wrong = partial(mine, factor=1 + 1e-9)
    assert minibp.check_backprop(wrong, seed=0, raise_on_mismatch=False, **options).verdict == "wrong"
