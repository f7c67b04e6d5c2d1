"""Where the arrays of a network and of its examples lie on a mesh."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minibp.arrays import Array, InputError
from minibp.network import Network
from minibp.sharded.devices import EXAMPLES, NEURONS, jax_library


class Layout:
    """The shardings of W^l by rows, of b^l by entries, of x and y by rows; what does not divide is on every device.

    x and y of m rows are divided by the first axis of the mesh where that divides m, a layer of n neurons by the second
    where that divides n.
    """

    def __init__(self, mesh: Any, network: Network) -> None:
        self._jax, self.mesh = jax_library(), mesh
        self.everywhere = self._sharding()
        columns = mesh.shape[NEURONS]
        divided = [columns > 1 and size % columns == 0 for size in network.sizes[1:]]
        self.weights = tuple(self._sharding(NEURONS, None) if one else self.everywhere for one in divided)
        self.biases = tuple(self._sharding(NEURONS) if one else self.everywhere for one in divided)

    def _sharding(self, *axes: str | None) -> Any:
        return self._jax.sharding.NamedSharding(self.mesh, self._jax.sharding.PartitionSpec(*axes))

    def rows(self, m: int) -> Any:
        """The sharding of m examples."""
        return self.everywhere if m % self.mesh.shape[EXAMPLES] else self._sharding(EXAMPLES, None)

    def shapes(self, network: Network, m: int) -> tuple[Any, ...]:
        """The shapes of weights, biases, x and y with their shardings, as a program is compiled for."""

        def of(shape: tuple[int, ...], sharding: Any) -> Any:
            return self._jax.ShapeDtypeStruct(shape, np.dtype(network.dtype), sharding=sharding)

        weights = tuple(of(w.shape, place) for w, place in zip(network.weights, self.weights, strict=True))
        biases = tuple(of(b.shape, place) for b, place in zip(network.biases, self.biases, strict=True))
        rows = self.rows(m)
        return weights, biases, of((m, network.sizes[0]), rows), of((m, network.sizes[-1]), rows)

    def parameters(self, network: Network) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Weights and biases on the devices."""
        weights = tuple(map(self.placed, network.weights, self.weights))
        return weights, tuple(map(self.placed, network.biases, self.biases))

    def examples(self, x: Array, y: Array) -> tuple[Any, Any]:
        """x and y on the devices."""
        rows = self.rows(len(x))
        return self.placed(x, rows), self.placed(y, rows)

    def placed(self, array: Array, sharding: Any) -> Any:
        """An array on the devices; of it, each process reads the part of its own devices.

        It is copied: JAX would use NumPy's memory in place, which is written to while the devices still read.
        """
        whole = np.asarray(array)
        return self._jax.make_array_from_callback(whole.shape, sharding, lambda part: np.array(whole[part]))


def as_numpy(array: Any) -> Array:
    """An array that every device has as NumPy's, also where some of these devices are of other processes."""
    return np.asarray(array.addressable_data(0))


@contextmanager
def in_both_precisions() -> Iterator[None]:
    """Within, JAX keeps float64 as it is."""
    with jax_library().enable_x64(True):
        yield


@contextmanager
def traced() -> Iterator[None]:
    """Within, what JAX says of functions that it cannot trace is an `InputError`."""
    jax = jax_library()
    try:
        yield
    except (jax.errors.TracerArrayConversionError, jax.errors.ConcretizationTypeError) as error:
        first = str(error).partition("\n")[0]
        raise InputError(f"an activation or the cost is not one that JAX can compile: {first}") from None
