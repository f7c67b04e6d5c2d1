from itertools import pairwise

import numpy as np
import pytest
from subjects import backprop

import minibp
from minibp import InputError, adapters, check_backprop

FEW = {"examples": 15, "seed": 1, "raise_on_mismatch": False}


def as_columns(weights, biases, x, y):
    a, activations = x, [x]
    for w, b in zip(weights, biases, strict=True):
        a = 1 / (1 + np.exp(-(w @ a + b)))
        activations.append(a)
    delta = (a - y) * a * (1 - a) / x.shape[1]
    nabla_w, nabla_b = [], []
    for i in reversed(range(len(weights))):
        nabla_w.insert(0, delta @ activations[i].T)
        nabla_b.insert(0, delta.sum(axis=1, keepdims=True))
        delta = (weights[i].T @ delta) * activations[i] * (1 - activations[i])
    return nabla_w, nabla_b


def test_examples_as_columns():
    assert check_backprop(adapters.columns(as_columns), **FEW).verdict == "correct"

    def without_axis(*arguments):
        nabla_w, nabla_b = as_columns(*arguments)
        return nabla_w, [b[:, 0] for b in nabla_b]

    assert check_backprop(adapters.columns(without_axis), **FEW).verdict == "correct"


def test_one_example_a_call():
    def one(weights, biases, x, y):
        return backprop(weights, biases, x[None], y[None])

    assert check_backprop(adapters.per_example(one), **FEW).verdict == "correct"
    wrong = adapters.per_example(lambda *given: [[2 * array for array in kind] for kind in one(*given)])
    assert check_backprop(wrong, **FEW).findings[0].fault == "cost_factor_two"


@pytest.mark.parametrize("order", ["layers", "weights_first", "layers_by_columns", "weights_first_by_columns"])
def test_one_parameter_vector(order):
    def gradient(theta, x, y, sizes):
        letter = "F" if order.endswith("columns") else "C"
        shapes = [(n, k) for k, n in pairwise(sizes)]
        layers = [part for n, k in shapes for part in ((n, k), (n,))]
        parts = layers if order.startswith("layers") else [*shapes, *((n,) for n, _ in shapes)]
        cuts = np.cumsum([int(np.prod(part)) for part in parts])
        arrays = [one.reshape(part, order=letter) for one, part in zip(np.split(theta, cuts[:-1]), parts, strict=True)]
        weights, biases = [one for one in arrays if one.ndim == 2], [one for one in arrays if one.ndim == 1]
        nabla_w, nabla_b = backprop(weights, biases, x, y)
        queues = {2: iter(nabla_w), 1: iter(nabla_b)}
        return np.concatenate([next(queues[len(part)]).ravel(letter) for part in parts])

    assert check_backprop(adapters.flat(gradient, order=order), **FEW).verdict == "correct"
    with pytest.raises(InputError, match="order is 'sideways'"):
        adapters.flat(gradient, order="sideways")
    short = check_backprop(adapters.flat(lambda theta, *_: theta[1:], order=order), **FEW)
    assert "one entry for each of theta" in short.findings[0].message


def test_a_jax_loss_with_a_derivative_of_its_own():
    import jax
    import jax.numpy as jnp

    def loss_with(prime):
        @jax.custom_vjp
        def sigma(z):
            return jax.nn.sigmoid(z)

        sigma.defvjp(lambda z: (sigma(z), sigma(z)), lambda a, g: (g * prime(a),))

        def loss(weights, biases, x, y):
            a = x
            for w, b in zip(weights, biases, strict=True):
                a = sigma(a @ w.T + b)
            return ((a - y) ** 2).sum() / (2 * x.shape[0]) + 0 * jnp.sum(a)

        return adapters.jax_loss(loss, sizes=[(3, 3, 3, 3)], batch_sizes=[1, 2])

    assert check_backprop(loss_with(lambda a: a * (1 - a)), **FEW).verdict == "correct"
    report = check_backprop(loss_with(lambda a: a), **FEW)
    assert report.verdict == "wrong"
    assert "hidden_activation_for_derivative" in [one.fault for one in report.findings]


def test_torch_modules():
    torch = pytest.importorskip("torch", reason="torch is not installed")

    class Halved(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z):
            a = torch.sigmoid(z)
            ctx.save_for_backward(a)
            return a

        @staticmethod
        def backward(ctx, g):
            (a,) = ctx.saved_tensors
            return g * a * (1 - a) * 0.5

    class Net(torch.nn.Module):
        def __init__(self, sizes, sigma):
            super().__init__()
            pairs = pairwise(sizes)
            self.layers = torch.nn.ModuleList([torch.nn.Linear(n, k) for n, k in pairs])
            self.sigma = sigma

        def forward(self, x):
            for layer in self.layers:
                x = self.sigma(layer(x))
            return x

    def loss(a, y):
        return ((a - y) ** 2).sum() / (2 * len(y))

    assert check_backprop(adapters.torch_module(Net((3, 4, 2), torch.sigmoid), loss), **FEW).verdict == "correct"
    made = adapters.torch_module(lambda sizes: Net(sizes, torch.sigmoid), torch.nn.functional.mse_loss)
    assert check_backprop(made, **FEW).verdict == "wrong"
    assert check_backprop(adapters.torch_module(Net((3, 4, 2), Halved.apply), loss), **FEW).verdict == "wrong"
    with pytest.raises(InputError, match="expected some, all with a bias"):
        adapters.torch_module(torch.nn.Linear(2, 2, bias=False), loss)


def test_a_library_that_is_missing_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError, match="needs torch, which is not installed: pip install torch"):
        adapters.torch_module(None, None)
    assert minibp.adapters is adapters
