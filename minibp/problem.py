"""A problem is all that a gradient depends on: a network, a cost, L2, x and y."""

from __future__ import annotations

from typing import Any

from minibp.arrays import Array
from minibp.costs import L2, Cost
from minibp.inputs import checked_inputs
from minibp.network import Network, shown_array, shown_network


class Problem:
    """A network, a cost, L2, x and y that fit together: all that a gradient depends on.

    Frozen. Its repr is Python that makes it again, bit for bit, where the activations and the cost are the package's.

    Parameters
    ----------
    network : Network
        W^l, b^l and σ of each layer.
    cost : str or Cost
        Name of a cost, or an object with `value(a, y)` and `gradient(a, y)`.
    x : array_like of shape (m, n_1)
        Examples, one a row: finite floats, which are converted to the dtype of the network.
    y : array_like of shape (m, n_L)
        Targets, likewise.
    l2 : float or L2, optional
        α of equation (27), at least 0. Default 0.

    Attributes
    ----------
    network : Network
        As given.
    cost : Cost
        The cost as an object.
    l2 : L2
        α as an `L2`.
    x : ndarray of shape (m, n_1)
        Read-only, of the dtype of the network.
    y : ndarray of shape (m, n_L)
        Likewise.

    Raises
    ------
    InputError
        Where the arguments do not fit together.

    Examples
    --------
    >>> import minibp
    >>> network = minibp.Network([[[2.0]]], [[1.0]], "identity")
    >>> minibp.Problem(network, "quadratic", [[3.0]], [[5.0]], l2=0.5).m
    1
    """

    __slots__ = ("__weakref__", "cost", "l2", "network", "x", "y")

    network: Network
    cost: Cost
    l2: L2
    x: Array
    y: Array

    def __init__(self, network: Network, cost: Any, x: Any, y: Any, l2: Any = 0.0) -> None:
        checked = checked_inputs(network, cost, x, y, l2)
        for name, value in {"network": network, **checked._asdict()}.items():
            object.__setattr__(self, name, value)

    @property
    def m(self) -> int:
        """Number of examples."""
        return int(self.x.shape[0])

    @property
    def dtype(self) -> str:
        """The dtype of the parameters and of x and y."""
        return self.network.dtype

    def astype(self, dtype: Any) -> Problem:
        """The problem with its numbers rounded to another dtype.

        Parameters
        ----------
        dtype : {"float64", "float32"}
            Dtype of the parameters, x and y.

        Returns
        -------
        Problem
            The problem itself where it has that dtype.

        Raises
        ------
        InputError
            For another dtype, and for numbers that overflow in float32.
        """
        network = self.network.astype(dtype)
        return self if network is self.network else Problem(network, self.cost, self.x, self.y, self.l2)

    def __repr__(self) -> str:
        x, y = shown_array(self.x), shown_array(self.y)
        return f"Problem({shown_network(self.network)}, {self.cost.name!r}, {x}, {y}, l2={self.l2.alpha!r})"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Problem is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Problem is frozen: {name} cannot be deleted")

    def __reduce__(self) -> tuple[Any, ...]:
        return Problem, (self.network, self.cost, self.x, self.y, self.l2)
