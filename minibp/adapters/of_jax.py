"""The gradient that JAX takes of a loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minibp.adapters.subject import Arrays, Subject, counted, name_of_code, needed
from minibp.arrays import Array
from minibp.extras import how_to_install


def jax_loss(
    loss: Callable[..., Any],
    sizes: Sequence[Sequence[int]] = ((2, 3, 2), (3, 3, 3, 3, 3)),
    batch_sizes: Sequence[int] = (1, 3),
) -> Subject:
    """A JAX function loss(weights, biases, x, y) of a scalar, with whatever custom_vjp is in it: its `jax.grad`.

    The loss takes the mean over examples itself. It runs on the CPU, in float64 where the parameters are. JAX
    compiles for half a second for every new shape, so that the subject asks for few: `sizes` (by default unequal
    widths, and equal ones, which a transpose fits too) and `batch_sizes`; others are answered too.
    Raises `ModuleNotFoundError` where there is no JAX.

    >>> subject = jax_loss(lambda weights, biases, x, y: (weights[0] ** 2).sum() + biases[0].sum())
    >>> subject([np.ones((1, 2))], [np.ones(1)], np.ones((1, 2)), np.ones((1, 1)))
    ([array([[2., 2.]])], [array([1.])])
    """
    chosen = tuple(counted(f"sizes[{i}]", one) for i, one in enumerate(sizes))
    return Subject(_JaxLoss(loss), name_of_code(loss), chosen, counted("batch_sizes", batch_sizes))


class _JaxLoss:
    """What JAX compiled cannot be pickled, so that it is compiled anew where it arrives."""

    def __init__(self, loss: Callable[..., Any]) -> None:
        self.loss = loss
        self.jax = needed("jax", "jax_loss", how_to_install("jax"))
        self.gradient = self.jax.jit(self.jax.grad(loss, argnums=(0, 1)))

    def __call__(self, weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
        with self.jax.enable_x64(True), self.jax.default_device(self.jax.devices("cpu")[0]):
            nabla_w, nabla_b = self.gradient(list(weights), list(biases), x, y)
            return [np.array(array) for array in nabla_w], [np.array(array) for array in nabla_b]

    def __reduce__(self) -> tuple[Any, ...]:
        return _JaxLoss, (self.loss,)
