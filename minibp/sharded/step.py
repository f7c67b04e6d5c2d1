"""One step of gradient descent on many devices, equations (28) and (29): parameters stay on them from step to step."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.batched import backprop
from minibp.costs import Cost
from minibp.network import Network
from minibp.sharded.devices import jax_library
from minibp.sharded.layout import Layout, as_numpy, in_both_precisions, traced
from minibp.sharded.processes import whole
from minibp.workspace.kernels import Step


class ShardedStep:
    """Steps w ← (1 − decay) w − η ∂C_0/∂w and b ← b − η ∂C_0/∂b, C_0 being the mean cost of a batch without L2.

    `decay` is ηα/m, m being the size of the whole training set (29). x (k, n_1) and y (k, n_L) are NumPy's, of the
    network's dtype, finite and fit for the cost: the caller has seen to that. With several processes, all bind and call
    the same, and each puts on its own devices the rows that these have.

    The step is one program: the gradient with its all-reduce, and the update, whose result takes the place of the
    parameters in memory.

    >>> from minibp.costs import cost_of
    >>> from minibp.sharded.devices import mesh
    >>> network = Network([[[2.0]]], [[1.0]], "identity")
    >>> step = ShardedStep(network, cost_of("quadratic"), mesh(1), eta=0.5, decay=0.25)
    >>> step.bind(np.array([[3.0]]), np.array([[5.0]]))()
    >>> step.network()
    Network([np.array([[-1.5]])], [np.array([0.0])], ['identity'])
    """

    def __init__(self, network: Network, cost: Cost, mesh: Any, *, eta: float, decay: float = 0.0) -> None:
        self._network, self._cost, self._eta, self._kept = network, cost, eta, 1 - decay
        self._layout = Layout(mesh, network)
        with in_both_precisions():
            self._parameters = self._layout.parameters(network)
            self._gather = jax_library().jit(lambda parameters: parameters, out_shardings=self._layout.everywhere)
        self._programs: dict[int, Any] = {}

    def bind(self, x: Array, y: Array) -> Step:
        """A function that moves the parameters by one step at each call, with what is then in x and y."""
        return partial(self._move, self.compiled(len(x)), x, y)

    def network(self) -> Network | None:
        """The parameters as they are now; None where they are no longer finite."""
        with in_both_precisions(), whole():
            weights, biases = (tuple(map(as_numpy, kind)) for kind in self._gather(self._parameters))
        if not all(np.isfinite(array).all() for array in weights + biases):
            return None
        return Network(weights, biases, self._network.activations)

    def compiled(self, k: int) -> Any:
        """The program for batches of k rows."""
        if k not in self._programs:
            self._programs[k] = self._compile(k)
        return self._programs[k]

    def _move(self, program: Any, x: Array, y: Array) -> None:
        with in_both_precisions(), whole():
            self._parameters = program(*self._parameters, *self._layout.examples(x, y))
            jax_library().block_until_ready(self._parameters)  # an error is this step's, and so are its seconds

    def _compile(self, k: int) -> Any:
        activations, cost, eta, kept = self._network.activations, self._cost, self._eta, self._kept
        layout = self._layout

        def moved(weights: Any, biases: Any, x: Any, y: Any) -> Any:
            nabla_w, nabla_b = backprop(Network(weights, biases, activations), cost, x, y).gradient  # (7)
            return (
                tuple(kept * w - eta * g for w, g in zip(weights, nabla_w, strict=True)),  # (29)
                tuple(b - eta * g for b, g in zip(biases, nabla_b, strict=True)),  # (28)
            )

        with in_both_precisions(), traced():
            program = jax_library().jit(moved, donate_argnums=(0, 1), out_shardings=(layout.weights, layout.biases))
            return program.lower(*layout.shapes(self._network, k)).compile()
