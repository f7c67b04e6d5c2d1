"""The gradient that JAX takes of a loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minibp.adapters.subject import Arrays, Subject, checked_counts, needed
from minibp.arrays import Array
from minibp.extras import how_to_install
from minibp.signatures import name_of_code


def jax_loss(
    loss: Callable[..., Any],
    sizes: Sequence[Sequence[int]] = ((2, 3, 2), (3, 3, 3, 3, 3)),
    batch_sizes: Sequence[int] = (1, 3),
) -> Subject:
    """A subject of a JAX loss: its `jax.grad`, with every custom_vjp in it.

    Parameters
    ----------
    loss : callable
        loss(weights, biases, x, y) returns a scalar, the mean over examples.
    sizes : sequence of sequences of int, optional
        The n_1, …, n_L to call it for. Default: one of unequal widths, and one of equal widths, which a transpose fits
        too.
    batch_sizes : sequence of int, optional
        The numbers of examples to call it for. Default (1, 3).

    Returns
    -------
    Subject
        Computes on the CPU, in the dtype of the parameters; takes other sizes, too.

    Raises
    ------
    InputError
        For sizes that are no counts.
    ModuleNotFoundError
        Where JAX is not installed.

    Notes
    -----
    JAX compiles for half a second for every new shape, which is why a check calls it for few.

    Examples
    --------
    >>> import numpy as np
    >>> from minibp import adapters
    >>> subject = adapters.jax_loss(lambda weights, biases, x, y: (weights[0] ** 2).sum() + biases[0].sum())
    >>> subject([np.ones((1, 2))], [np.ones(1)], np.ones((1, 2)), np.ones((1, 1)))
    ([array([[2., 2.]])], [array([1.])])
    """
    chosen = tuple(checked_counts(f"sizes[{i}]", one) for i, one in enumerate(sizes))
    return Subject(_JaxLoss(loss), name_of_code(loss), chosen, checked_counts("batch_sizes", batch_sizes))


class _JaxLoss:
    """The compiled gradient of a loss, which cannot be pickled: it is compiled anew where it arrives."""

    def __init__(self, loss: Callable[..., Any]) -> None:
        self.loss = loss
        self.jax = needed("jax", "adapters.jax_loss", how_to_install("jax"))
        self.gradient = self.jax.jit(self.jax.grad(loss, argnums=(0, 1)))

    def __call__(self, weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
        with self.jax.enable_x64(True), self.jax.default_device(self.jax.devices("cpu")[0]):
            nabla_w, nabla_b = self.gradient(list(weights), list(biases), x, y)
            return [np.array(array) for array in nabla_w], [np.array(array) for array in nabla_b]

    def __reduce__(self) -> tuple[Any, ...]:
        return _JaxLoss, (self.loss,)
