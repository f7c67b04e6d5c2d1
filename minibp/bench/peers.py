"""The same gradient by other people's libraries, as each is meant to be used.

All get the cost from the weighted inputs of the output layer, Σ ln(1 + e^z) − y z, as all of their own fused functions
do; the gradient is taken with respect to every weight and bias, and to nothing else.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.bench.equality import PEER_ERROR, distance
from minibp.bench.forms import Prepared
from minibp.network import Gradient
from minibp.problem import Problem


def library(name: str) -> Any:
    """A module that is loaded where it is used, and has no types here."""
    return import_module(name)


def jax_jit(problem: Problem) -> Prepared:
    """`jax.jit(jax.grad(cost))`, compiled beforehand, with all arrays on the device."""
    jax = library("jax")

    jax.config.update("jax_enable_x64", problem.dtype == "float64")
    numbers = jax.numpy

    def cost(weights: list[Any], biases: list[Any], x: Any, y: Any) -> Any:
        z = _weighted_input(weights, biases, x, jax.nn.sigmoid)
        return (numbers.logaddexp(0, z) - y * z).sum() / len(x)

    gradient = jax.jit(jax.grad(cost, argnums=(0, 1)))
    given = jax.device_put((list(problem.network.weights), list(problem.network.biases), problem.x, problem.y))
    return Prepared(lambda: jax.block_until_ready(gradient(*given)), partial(_error_ratio, problem))


def torch_eager(problem: Problem) -> Prepared:
    """`torch.autograd.grad` of `binary_cross_entropy_with_logits`, eagerly."""
    torch = library("torch")

    weights, biases = (
        [torch.tensor(array, requires_grad=True) for array in kind]
        for kind in (problem.network.weights, problem.network.biases)
    )
    x, y = torch.tensor(problem.x), torch.tensor(problem.y)
    cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits

    def call() -> tuple[Any, ...]:
        a = x
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            a = torch.sigmoid(torch.nn.functional.linear(a, w, b))
        z = torch.nn.functional.linear(a, weights[-1], biases[-1])
        cost = cross_entropy(z, y, reduction="sum") / len(x)
        found: tuple[Any, ...] = torch.autograd.grad(cost, [*weights, *biases])
        return found

    def error(found: tuple[Any, ...]) -> float:
        arrays = [array.numpy() for array in found]
        return _error_ratio(problem, (arrays[: len(weights)], arrays[len(weights) :]))

    return Prepared(call, error)


def autograd_grad(problem: Problem) -> Prepared:
    """`autograd.grad`."""
    autograd, anp = library("autograd"), library("autograd.numpy")

    def cost(parameters: tuple[list[Any], list[Any]]) -> Any:
        z = _weighted_input(*parameters, problem.x, lambda z: 1 / (1 + anp.exp(-z)))
        return anp.sum(anp.logaddexp(zero, z) - problem.y * z) / problem.m

    zero = problem.x.dtype.type(0)
    parameters = (list(problem.network.weights), list(problem.network.biases))
    return Prepared(partial(autograd.grad(cost), parameters), partial(_error_ratio, problem))


def mygrad_backward(problem: Problem) -> Prepared:
    """`Tensor.backward` of MyGrad, from constant inputs."""
    mygrad, sigmoid = library("mygrad"), library("mygrad.nnet.activations").sigmoid

    weights, biases = (
        [mygrad.tensor(array, copy=True) for array in kind]
        for kind in (problem.network.weights, problem.network.biases)
    )
    x, y, zero = problem.x, problem.y, problem.x.dtype.type(0)

    def call() -> tuple[list[Array], list[Array]]:
        a: Any = x
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            a = sigmoid(mygrad.matmul(a, w.T) + b)
        z = mygrad.matmul(a, weights[-1].T) + biases[-1]
        (mygrad.sum(mygrad.logaddexp(zero, z) - y * z) / len(x)).backward()
        return [w.grad for w in weights], [b.grad for b in biases]

    return Prepared(call, partial(_error_ratio, problem))


def sklearn_backprop(problem: Problem) -> Prepared:
    """`MLPClassifier._backprop`, what its `fit` calls for each batch, on lists and coefficients made beforehand.

    Its loss for a sigmoid output is the cross-entropy, summed over outputs and averaged over examples: the same
    gradient. It computes the loss too, as it does in `fit`.
    """
    network, depth = problem.network, len(problem.network.weights)
    model = library("sklearn.neural_network").MLPClassifier(network.sizes[1:-1], activation="logistic", alpha=0.0)
    model.n_layers_, model.n_outputs_, model.out_activation_ = depth + 1, network.sizes[-1], "logistic"
    model.loss = "log_loss"
    model.coefs_ = [np.array(w.T, order="C") for w in network.weights]
    model.intercepts_ = [np.array(b) for b in network.biases]
    activations: list[Any] = [problem.x, *[None] * depth]
    deltas: list[Any] = [None] * depth
    coef_grads: list[Any] = [None] * depth
    intercept_grads: list[Any] = [None] * depth
    # Since 1.7 it also takes weights of the examples.
    weighted = "sample_weight" in inspect.signature(model._backprop).parameters  # noqa: SLF001 (this is what fit calls)
    given = (problem.x, problem.y, *([None] if weighted else []), activations, deltas, coef_grads, intercept_grads)

    def error(found: tuple[float, list[Array], list[Array]]) -> float:
        return _error_ratio(problem, ([w.T for w in found[1]], found[2]))

    return Prepared(partial(model._backprop, *given), error)  # noqa: SLF001


def _weighted_input(weights: list[Any], biases: list[Any], x: Any, sigmoid: Callable[[Any], Any]) -> Any:
    """z^L, of any library whose arrays have the operators of NumPy's."""
    a = x
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        a = sigmoid(a @ w.T + b)
    return a @ weights[-1].T + biases[-1]


def _error_ratio(problem: Problem, found: tuple[list[Any], list[Any]]) -> float:
    nabla_w, nabla_b = (tuple(map(np.asarray, kind)) for kind in found)
    return distance(problem, Gradient(nabla_w, nabla_b), PEER_ERROR)
