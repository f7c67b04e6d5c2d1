"""A problem is all that a gradient depends on: a network, a cost, L2, x and y."""

from __future__ import annotations

from typing import Any

from minibp.arrays import Array
from minibp.costs import L2, Cost
from minibp.inputs import checked_inputs
from minibp.network import Network, shown_array, shown_network


class Problem:
    """Frozen and checked: what is in a Problem fits together. Its repr is Python that makes it again.

    x is (m, n_1) and y (m, n_L), in the dtype of the network. Raises `InputError` as `backprop` does.

    >>> Problem(Network([[[2.0]]], [[1.0]], "identity"), "quadratic", [[3.0]], [[5.0]], l2=0.5).m
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
        """How many examples there are."""
        return int(self.x.shape[0])

    @property
    def dtype(self) -> str:
        """The dtype of the parameters and of x and y."""
        return self.network.dtype

    def astype(self, dtype: Any) -> Problem:
        """The same numbers, rounded to `dtype` where that holds fewer digits."""
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
