"""A network is its weights, biases and activations; a gradient has the same shapes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from minibp.activations import Activation, activations_of, is_of_package
from minibp.archives import Archive
from minibp.arrays import Array, InputError, checked_array, checked_count, checked_dtype, is_foreign
from minibp.files import checked_path, write_whole
from minibp.generators import checked_generator
from minibp.memory import check_fits
from minibp.text import counted

NETWORK_FORMAT = "minibp network 1"
SHOWN_PARAMETERS = 200
"""A network of more parameters is shown by its sizes: as Python that makes it again it would fill screens."""
SHOWN_LAYERS = 10
"""Of the sizes of a deeper network the first three and the last two are shown."""


class Network:
    """Weights, biases and activations of the layers 1..L; layer 1 is the input.

    Frozen: arrays are copied in and read-only.

    Parameters
    ----------
    weights : sequence of array_like
        W^2, …, W^L, of shapes (n_l, n_{l-1}): equation (13). Finite, all float64 or all float32.
    biases : sequence of array_like
        b^2, …, b^L, of shapes (n_l,) and the dtype of the weights.
    activation : str, Activation or sequence of them, optional
        σ of all layers, by name ("tanh", "leaky_relu(0.2)") or as an object with `value(z)` and `prime(z)`; a sequence
        has one a layer. Default "sigmoid".
    output_activation : str or Activation, optional
        Replaces σ of the output layer. Default None: `activation` stands.

    Attributes
    ----------
    weights : tuple of ndarray
        `weights[i]` is W^{i+2}.
    biases : tuple of ndarray
        `biases[i]` is b^{i+2}.
    activations : tuple of Activation
        σ of the layers 2..L.
    sizes : tuple of int
        n_1, …, n_L.
    dtype : str
        "float64" or "float32".

    Raises
    ------
    InputError
        Where the arguments do not fit together, or are not finite numbers of one dtype.

    Notes
    -----
    Arrays of JAX are taken as they are; `minibp.batched` computes with them.

    Examples
    --------
    >>> import minibp
    >>> network = minibp.Network([[[1.0, -2.0]]], [[0.5]], activation="tanh")
    >>> network.sizes, network.n_parameters
    ((2, 1), 3)
    """

    __slots__ = ("activations", "biases", "dtype", "sizes", "weights")

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    activations: tuple[Activation, ...]
    sizes: tuple[int, ...]
    dtype: str

    def __init__(
        self,
        weights: Sequence[Any],
        biases: Sequence[Any],
        activation: Any = "sigmoid",
        output_activation: Any = None,
    ) -> None:
        weights, biases = _as_list("weights", weights), _as_list("biases", biases)
        if not weights:
            raise InputError("there are no weights, expected at least one layer after the input")
        if len(weights) != len(biases):
            raise InputError(f"{len(weights)} weight matrices and {len(biases)} bias vectors, expected as many of each")
        ws = tuple(checked_array(f"weights[{i}]", w, ndim=2) for i, w in enumerate(weights))
        bs = tuple(checked_array(f"biases[{i}]", b, ndim=1) for i, b in enumerate(biases))
        for i, (w, b) in enumerate(zip(ws, bs, strict=True)):
            if b.shape[0] != w.shape[0]:
                raise InputError(
                    f"biases[{i}] has {b.shape[0]} entries, weights[{i}] has {w.shape[0]} rows: "
                    f"expected one of each for every neuron of layer {i + 2}"
                )
            if i and w.shape[1] != ws[i - 1].shape[0]:
                raise InputError(
                    f"weights[{i}] has {w.shape[1]} columns, layer {i + 1} has {ws[i - 1].shape[0]} neurons"
                )
        kinds = sorted({np.dtype(array.dtype).name for array in ws + bs})
        if len(kinds) > 1:
            raise InputError(f"parameters have dtypes {' and '.join(kinds)}, expected one for all")
        self._set("weights", ws)
        self._set("biases", bs)
        self._set("activations", activations_of(activation, output_activation, len(ws)))
        self._set("sizes", (int(ws[0].shape[1]), *(int(w.shape[0]) for w in ws)))
        self._set("dtype", kinds[0])

    @classmethod
    def random(
        cls,
        sizes: Sequence[int],
        activation: Any = "sigmoid",
        output_activation: Any = None,
        dtype: Any = "float64",
        rng: int | np.random.Generator | None = None,
    ) -> Network:
        """A network with biases from N(0, 1) and weights from N(0, 1)/√n_{l−1}.

        Parameters
        ----------
        sizes : sequence of int
            n_1, …, n_L: two or more, each at least 1.
        activation, output_activation : str, Activation or sequence of them, optional
            As for `Network`.
        dtype : {"float64", "float32"}, optional
            Dtype of the parameters. Default "float64".
        rng : int or numpy.random.Generator, optional
            Seed, or a generator, which moves on. The same seed gives the same bits. Default None: an unpredictable
            seed.

        Returns
        -------
        Network
            Its parameters drawn in float64 and rounded to `dtype`.

        Raises
        ------
        InputError
            For arguments that cannot be used, and for a network larger than memory.

        Examples
        --------
        >>> import minibp
        >>> minibp.Network.random([4, 3, 2], rng=0) == minibp.Network.random([4, 3, 2], rng=0)
        True
        """
        widths = checked_sizes(sizes)
        kind = checked_dtype("dtype", dtype)
        generator = checked_generator(rng)
        check_fits(f"a network of {_joined(widths)} neurons", bytes_to_draw(widths, kind))
        weights, biases = [], []
        for n_in, n_out in pairwise(widths):
            weights.append((generator.standard_normal((n_out, n_in)) / np.sqrt(n_in)).astype(kind))
            biases.append(generator.standard_normal(n_out).astype(kind))
        return cls(weights, biases, activation, output_activation)

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        return sum(n_out * (n_in + 1) for n_in, n_out in pairwise(self.sizes))

    def astype(self, dtype: Any) -> Network:
        """The network with its parameters rounded to another dtype.

        Parameters
        ----------
        dtype : {"float64", "float32"}
            Dtype of the parameters.

        Returns
        -------
        Network
            The network itself where it has that dtype.

        Raises
        ------
        InputError
            For another dtype, and for parameters that overflow in float32.
        """
        kind = checked_dtype("dtype", dtype)
        if kind == self.dtype:
            return self
        return Network([w.astype(kind) for w in self.weights], [b.astype(kind) for b in self.biases], self.activations)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to a file in NumPy's .npz format, without pickle.

        Parameters
        ----------
        path : str or path-like
            File to write. One that is there is replaced whole or not at all.

        Raises
        ------
        InputError
            Where an activation is not one of the package's, so that a file cannot name it.
        OSError
            Where the file cannot be written.
        """
        names = [activation.name for activation in self.activations]
        for activation in self.activations:
            if not is_of_package(activation):
                raise InputError(f"{activation!r} is not one of the package's activations, so a file cannot name it")
        arrays: dict[str, Any] = {"format": np.array(NETWORK_FORMAT), "activations": np.array(names)}
        for layer, (w, b) in enumerate(zip(self.weights, self.biases, strict=True), start=2):
            arrays[f"w{layer}"], arrays[f"b{layer}"] = np.asarray(w), np.asarray(b)
        write_whole(path, lambda file: np.savez(file, **arrays))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Network:
        """The network that `save` wrote.

        Parameters
        ----------
        path : str or path-like
            File to read. Nothing in it is executed.

        Returns
        -------
        Network
            Equal to the one that was saved, bit for bit.

        Raises
        ------
        FileNotFoundError
            Where there is no such file.
        InputError
            Where it is not a saved network.
        """
        source = checked_path(path)
        if source.is_dir():
            raise InputError(f"{source} is not a saved network: it is a folder")
        with source.open("rb") as file:
            try:
                return cls._read(Archive(file))
            except InputError as error:
                raise InputError(f"{source} is not a saved network: {error}") from None

    @classmethod
    def _read(cls, archive: Archive) -> Network:
        archive.check_format(NETWORK_FORMAT, "a network")
        names = archive["activations"]
        if names.ndim != 1:
            raise InputError(f"its entry 'activations' has shape {names.shape}, expected one name a layer")
        layers = range(2, len(names) + 2)
        weights, biases = ([archive[f"{kind}{layer}"] for layer in layers] for kind in "wb")
        return cls(weights, biases, [str(name) for name in names])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Network):
            return NotImplemented
        return (self.sizes, self.dtype, self.activations) == (other.sizes, other.dtype, other.activations) and all(
            np.array_equal(mine, theirs)
            for mine, theirs in zip(self.weights + self.biases, other.weights + other.biases, strict=True)
        )

    def __hash__(self) -> int:
        return hash((self.sizes, self.dtype, tuple(repr(activation) for activation in self.activations)))

    def __repr__(self) -> str:
        """Python that makes a small network of the package's activations again; of others, its sizes and more."""
        if self.n_parameters > SHOWN_PARAMETERS or any(is_foreign(array) for array in self.weights):
            names = " and ".join(dict.fromkeys(map(repr, self.activations)))
            return f"<Network {_joined(self.sizes)}, {names}, {self.dtype}, {counted(self.n_parameters, 'parameter')}>"
        return shown_network(self)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Network is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Network is frozen: {name} cannot be deleted")

    def __reduce__(self) -> tuple[Any, ...]:
        return Network, (self.weights, self.biases, self.activations)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


class Gradient(NamedTuple):
    """∂C/∂W and ∂C/∂b of the layers 2..L, shaped like the network's weights and biases.

    Attributes
    ----------
    nabla_w : tuple of ndarray
        `nabla_w[i]` is ∂C/∂W^{i+2}, of shape (n_{i+2}, n_{i+1}): equation (24).
    nabla_b : tuple of ndarray
        `nabla_b[i]` is ∂C/∂b^{i+2}, of shape (n_{i+2},): equation (23).

    Examples
    --------
    >>> import minibp
    >>> network = minibp.Network([[[2.0]]], [[1.0]], "identity")
    >>> minibp.batched.backprop(network, "quadratic", [[3.0]], [[5.0]]).gradient
    Gradient(nabla_w=(array([[6.]]),), nabla_b=(array([2.]),))
    """

    nabla_w: tuple[Array, ...]
    nabla_b: tuple[Array, ...]


class Backprop(NamedTuple):
    """The values of one pass over m examples; tuples run over the layers.

    Attributes
    ----------
    cost : float or scalar array
        C, the mean over the examples, L2 included: equation (27).
    gradient : Gradient
        ∂C/∂W and ∂C/∂b.
    z : tuple of ndarray
        z^2, …, z^L, each (m, n_l): equation (13).
    a : tuple of ndarray
        a^1 = x, …, a^L, each (m, n_l): equation (14).
    delta : tuple of ndarray
        δ^2, …, δ^L of each example, before the mean, each (m, n_l): equations (17), (22) and (26).

    Examples
    --------
    >>> import minibp
    >>> network = minibp.Network([[[2.0]]], [[1.0]], "identity")
    >>> run = minibp.batched.backprop(network, "quadratic", [[3.0]], [[5.0]])
    >>> float(run.cost), run.z, run.a, run.delta
    (2.0, (array([[7.]]),), (array([[3.]]), array([[7.]])), (array([[2.]]),))
    """

    cost: Any
    gradient: Gradient
    z: tuple[Array, ...]
    a: tuple[Array, ...]
    delta: tuple[Array, ...]


def _as_list(name: str, given: Any) -> list[Any]:
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
        raise InputError(f"{name} is {given!r}, expected a sequence with one entry a layer")
    return list(given)


def checked_sizes(sizes: Any) -> list[int]:
    """n_1, …, n_L as ints of at least 1, two or more."""
    widths = [checked_count(f"sizes[{i}]", n) for i, n in enumerate(_as_list("sizes", sizes))]
    if len(widths) < 2:
        raise InputError(f"sizes is {widths}, expected an input layer and at least one more")
    return widths


def _joined(sizes: Sequence[int]) -> str:
    """Sizes as in 784-30-10."""
    shown = list(map(str, sizes))
    return "-".join(shown if len(shown) <= SHOWN_LAYERS else [*shown[:3], "…", *shown[-2:]])


def bytes_to_draw(sizes: Sequence[int], dtype: str) -> int:
    """Peak memory while a network is drawn: NumPy draws float64, and a network has its own copies."""
    itemsize, layers = np.dtype(dtype).itemsize, [n_out * (n_in + 1) for n_in, n_out in pairwise(sizes)]
    kept = itemsize * sum(layers)
    return max(2 * kept, kept + (16 - itemsize) * max(layers))


def shown_network(network: Network) -> str:
    """Python that makes the same network again, every bit of it, where its activations are the package's."""
    weights, biases = (f"[{', '.join(map(shown_array, arrays))}]" for arrays in (network.weights, network.biases))
    listed = ", ".join(repr(activation.name) for activation in network.activations)
    return f"Network({weights}, {biases}, [{listed}])"


def shown_array(array: Array) -> str:
    """One array as a Python expression that keeps every bit.

    >>> shown_array(np.array([[0.1, 2.0]]))
    'np.array([[0.1, 2.0]])'
    """
    suffix = "" if array.dtype == np.float64 else f", dtype=np.{array.dtype.name}"
    return f"np.array({array.tolist()}{suffix})"
