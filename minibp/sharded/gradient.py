"""The gradient by the batched form, unchanged, as a program that XLA divides among devices."""

from __future__ import annotations

from typing import Any

from minibp.arrays import InputError
from minibp.batched import backprop
from minibp.costs import cost_of
from minibp.inputs import checked_inputs, checked_l2
from minibp.network import Gradient, Network
from minibp.sharded.devices import checked_mesh, jax_library
from minibp.sharded.layout import Layout, as_numpy, in_both_precisions, traced
from minibp.sharded.processes import whole


class ShardedGradient:
    """The gradient of a network's cost, with examples and if wanted neurons divided among devices.

    Parameters
    ----------
    network : Network
        Its parameters in NumPy arrays; they are put on the devices once.
    cost : str or Cost
        Name of a cost, or an object with `value(a, y)` and `gradient(a, y)`, which JAX can trace.
    l2 : float or L2, optional
        α of equation (27), at least 0. Default 0.
    mesh : jax.sharding.Mesh or int, optional
        From `minibp.sharded.mesh`, or a number of devices. Default None: all devices.

    Raises
    ------
    InputError
        Where the arguments do not fit together.
    ModuleNotFoundError
        Where JAX is not installed.

    Notes
    -----
    What is compiled is `minibp.batched.backprop`, once for each number of rows. Each device has the rows of x and y
    that are its own; each sum over examples, (23) and (24), is an all-reduce that XLA adds. Rows of a number that the
    mesh does not divide, and layers of such a number of neurons, are computed on every device: the result is the same,
    the time is not.

    Examples
    --------
    >>> import minibp
    >>> network = minibp.Network([[[2.0]]], [[1.0]], "identity")
    >>> minibp.sharded.ShardedGradient(network, "quadratic", mesh=1).gradient([[3.0]], [[5.0]])
    Gradient(nabla_w=(array([[6.]]),), nabla_b=(array([2.]),))
    """

    def __init__(self, network: Network, cost: Any, l2: Any = 0.0, *, mesh: Any = None) -> None:
        if not isinstance(network, Network):
            raise InputError(f"network is {network!r}, expected a minibp.Network")
        self._network, self._cost = network, cost_of(cost)
        self._l2 = checked_l2(l2, network.dtype)
        self._cost.check_output(network.activations[-1], network.sizes[-1])
        self._layout = Layout(checked_mesh(mesh), network)
        with in_both_precisions():
            self._parameters = self._layout.parameters(network)
        self._programs: dict[int, Any] = {}

    def gradient(self, x: Any, y: Any) -> Gradient:
        """The gradient at some examples.

        Parameters
        ----------
        x : array_like of shape (m, n_1)
            Examples, one a row. With several processes, all pass the same.
        y : array_like of shape (m, n_L)
            Targets, one row an example.

        Returns
        -------
        Gradient
            In NumPy arrays.

        Raises
        ------
        InputError
            Where x and y do not fit the network.
        """
        inputs = checked_inputs(self._network, self._cost, x, y, self._l2, copy=False)
        program = self.compiled(len(inputs.x))
        with in_both_precisions(), whole():
            found = program(*self._parameters, *self._layout.examples(inputs.x, inputs.y))
            return Gradient(*(tuple(map(as_numpy, kind)) for kind in found))

    def compiled(self, m: int) -> Any:
        """The program for m rows.

        Parameters
        ----------
        m : int
            Number of examples.

        Returns
        -------
        jax.stages.Compiled
            For `minibp.sharded.collectives`.
        """
        if m not in self._programs:
            self._programs[m] = self._compile(m)
        return self._programs[m]

    def _compile(self, m: int) -> Any:
        activations, cost, l2, layout = self._network.activations, self._cost, self._l2, self._layout

        def gradient(weights: Any, biases: Any, x: Any, y: Any) -> Any:
            return tuple(backprop(Network(weights, biases, activations), cost, x, y, l2).gradient)

        with in_both_precisions(), traced():
            program = jax_library().jit(gradient, out_shardings=layout.everywhere)
            return program.lower(*layout.shapes(self._network, m)).compile()
