"""A subject, `subject(weights, biases, x, y) -> (nabla_w, nabla_b)`, made out of other shapes of code.

Each returns a `Subject`, which a check can call. Where the code is written for certain sizes, the subject says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from minibp.arrays import Array, InputError

Arrays = Sequence[Array]


@dataclass(frozen=True)
class Subject:
    """What is called, and the only sizes (n_1, …, n_L) and numbers of examples that it takes; None for any."""

    call: Callable[[Arrays, Arrays, Array, Array], Any]
    __name__: str
    sizes: tuple[tuple[int, ...], ...] | None = None
    batch_sizes: tuple[int, ...] | None = None

    def __call__(self, weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
        return self.call(weights, biases, x, y)


def per_example(f: Callable[..., Any]) -> Subject:
    """Code that takes one example, f(weights, biases, x (n_1,), y (n_L,)); the mean of what it returns is taken.

    L2 therefore belongs in f with α/m, or is left out and l2=0 said.

    >>> subject = per_example(lambda weights, biases, x, y: ([np.outer(y, x)], [y]))
    >>> subject([np.ones((1, 2))], [np.ones(1)], np.ones((2, 2)), np.array([[1.0], [3.0]]))
    ([array([[2., 2.]])], [array([2.])])
    """

    def call(weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
        answers = [f(weights, biases, one, target) for one, target in zip(x, y, strict=True)]
        kinds = zip(*answers, strict=True)
        return tuple([sum(arrays[1:], arrays[0]) / len(x) for arrays in zip(*kind, strict=True)] for kind in kinds)

    return Subject(call, _name(f))


def columns(f: Callable[..., Any]) -> Subject:
    """Code with examples as columns: x (n_1, m), y (n_L, m), biases (n, 1); its ∂C/∂b of (n, 1) become (n,).

    What has another shape is handed on as it is.

    >>> subject = columns(lambda weights, biases, x, y: ([y @ x.T], [y.sum(axis=1, keepdims=True)]))
    >>> subject([np.ones((1, 2))], [np.ones(1)], np.ones((2, 2)), np.array([[1.0], [3.0]]))
    ([array([[4., 4.]])], [array([4.])])
    """

    def call(weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
        nabla_w, nabla_b = f(weights, [b[:, None] for b in biases], x.T.copy(), y.T.copy())
        return list(nabla_w), [
            given[:, 0] if np.shape(given) == (len(b), 1) else given for given, b in zip(nabla_b, biases, strict=True)
        ]

    return Subject(call, _name(f))


def flat(f: Callable[..., Any], sizes: Sequence[int] | None = None, order: str = "layers") -> Subject:
    """Code with one parameter vector: f(theta, x, y) for the `sizes` given, or f(theta, x, y, sizes) for any.

    theta is W², b², W³, b³, … with order="layers", all W and then all b with "weights_first"; matrices go row by row,
    or column by column with "layers_by_columns" and "weights_first_by_columns". It returns a vector as long as theta.

    >>> subject = flat(lambda theta, x, y: theta, sizes=(2, 1))
    >>> subject([np.array([[1.0, 2.0]])], [np.array([3.0])], np.ones((1, 2)), np.ones((1, 1)))
    ([array([[1., 2.]])], [array([3.])])
    """
    kind, _, by = order.partition("_by_")
    if kind not in ("layers", "weights_first") or by not in ("", "columns"):
        raise InputError(f"order is {order!r}, expected 'layers' or 'weights_first', with '_by_columns' or without")
    letter: Any = "F" if by else "C"
    fixed = None if sizes is None else (tuple(sizes),)

    def call(weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
        parts = [*weights, *biases]
        n = len(weights)
        turn = [i for pair in zip(range(n), range(n, 2 * n), strict=True) for i in pair]
        turn = turn if kind == "layers" else list(range(2 * n))
        theta = np.concatenate([parts[i].ravel(letter) for i in turn])
        widths = (weights[0].shape[1], *(w.shape[0] for w in weights))
        answer = np.asarray(f(theta, x, y) if fixed else f(theta, x, y, widths))
        if answer.shape != theta.shape:
            raise InputError(f"returned shape {answer.shape}, expected {theta.shape}, one entry for each of theta")
        cuts = np.cumsum([parts[i].size for i in turn])[:-1]
        found = dict(zip(turn, np.split(answer, cuts), strict=True))
        arrays = [found[i].reshape(parts[i].shape, order=letter) for i in range(2 * n)]
        return arrays[:n], arrays[n:]

    return Subject(call, _name(f), fixed)


def jax_loss(
    loss: Callable[..., Any],
    sizes: Sequence[Sequence[int]] = ((2, 3, 2), (3, 3, 3, 3, 3)),
    batch_sizes: Sequence[int] = (1, 3),
) -> Subject:
    """A JAX function loss(weights, biases, x, y) of a scalar, with whatever custom_vjp is in it: its `jax.grad`.

    JAX compiles for every shape anew, half a second each, so there are few.

    >>> subject = jax_loss(lambda weights, biases, x, y: (weights[0] ** 2).sum() + biases[0].sum())
    >>> nabla_w, nabla_b = subject([np.ones((1, 2))], [np.ones(1)], np.ones((1, 2)), np.ones((1, 1)))
    >>> nabla_w[0], nabla_b[0]
    (array([[2., 2.]]), array([1.]))
    """
    jax = _needed("jax", "pip install 'minibp[jax]'")
    gradient = jax.jit(jax.grad(loss, argnums=(0, 1)))

    def call(weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
        with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
            found = gradient(list(weights), list(biases), x, y)
            return tuple([np.array(array) for array in kind] for kind in found)

    return Subject(call, _name(loss), tuple(map(tuple, sizes)), tuple(batch_sizes))


def torch_module(module: Any, loss: Callable[..., Any]) -> Subject:
    """A torch.nn.Module's own backward, and that of every autograd.Function in it.

    `module` has torch.nn.Linear layers with biases, in their order; or it is a function that makes one of `sizes`.
    `loss(output, y)` returns a scalar tensor. A parameter that no gradient reaches has the gradient 0. The module is
    left as it was.
    """
    torch = _needed("torch", "pip install torch")
    fixed = isinstance(module, torch.nn.Module)

    def call(weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
        widths = (weights[0].shape[1], *(w.shape[0] for w in weights))
        made = deepcopy(module) if fixed else module(widths)
        made = made.to(getattr(torch, weights[0].dtype.name))
        layers = _linear(torch, made)
        with torch.no_grad():
            for layer, w, b in zip(layers, weights, biases, strict=True):
                layer.weight.copy_(torch.from_numpy(w))
                layer.bias.copy_(torch.from_numpy(b))
        made.zero_grad()
        loss(made(torch.from_numpy(x)), torch.from_numpy(y)).backward()
        kinds = [layer.weight for layer in layers], [layer.bias for layer in layers]
        return tuple([_grad(parameter) for parameter in kind] for kind in kinds)

    sizes = None
    if fixed:
        found = _linear(torch, module)
        sizes = ((found[0].in_features, *(layer.out_features for layer in found)),)
    return Subject(call, _name(module), sizes)


def _linear(torch: Any, module: Any) -> list[Any]:
    layers = [layer for layer in module.modules() if isinstance(layer, torch.nn.Linear)]
    if not layers or any(layer.bias is None for layer in layers):
        raise InputError(f"{type(module).__name__} has {len(layers)} Linear layers, expected some, all with a bias")
    return layers


def _grad(parameter: Any) -> Array:
    array: Array = np.zeros(tuple(parameter.shape), parameter.detach().numpy().dtype)
    return array if parameter.grad is None else parameter.grad.numpy().copy()


def _needed(name: str, command: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError:
        message = f"this adapter needs {name}, which is not installed: {command}"
        raise ModuleNotFoundError(message, name=name) from None


def _name(f: Any) -> str:
    return str(getattr(f, "__name__", type(f).__name__))
