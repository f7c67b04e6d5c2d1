"""A network is its weights, biases and activations; a gradient has the same shapes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minibp.activations import ACTIVATIONS, Activation, activations_of
from minibp.arrays import Array, InputError, checked_array, checked_count, checked_dtype, is_foreign
from minibp.files import write_whole

FILE_FORMAT = "minibp network 1"


class Network:
    """Layers 1..L; layer 1 is the input. Frozen: arrays are copied in and read-only.

    `weights[i]` is W^{i+2} of shape (n_{i+2}, n_{i+1}) and `biases[i]` is b^{i+2} of shape (n_{i+2},): equation (13).
    All are float64 or all float32. `activation` is a name or an object, one for all layers or a sequence of one
    a layer; `output_activation` replaces the last. Raises `InputError` on anything else.

    >>> network = Network([[[1.0, -2.0]]], [[0.5]], activation="tanh")
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
        weights, biases = _listed("weights", weights), _listed("biases", biases)
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
        """Biases from N(0, 1) and weights from N(0, 1)/√n_{l−1}; the same `rng` seed gives the same bits.

        >>> Network.random([4, 3, 2], rng=0) == Network.random([4, 3, 2], rng=0)
        True
        """
        widths = [checked_count(f"sizes[{i}]", n) for i, n in enumerate(_listed("sizes", sizes))]
        if len(widths) < 2:
            raise InputError(f"sizes is {list(sizes)}, expected an input layer and at least one more")
        kind = checked_dtype("dtype", dtype)
        generator = np.random.default_rng(rng)
        weights, biases = [], []
        for n_in, n_out in pairwise(widths):
            weights.append((generator.standard_normal((n_out, n_in)) / np.sqrt(n_in)).astype(kind))
            biases.append(generator.standard_normal(n_out).astype(kind))
        return cls(weights, biases, activation, output_activation)

    @property
    def n_parameters(self) -> int:
        """How many weights and biases there are."""
        return sum(n_out * (n_in + 1) for n_in, n_out in pairwise(self.sizes))

    def astype(self, dtype: Any) -> Network:
        """The same network with its parameters rounded to `dtype`."""
        kind = checked_dtype("dtype", dtype)
        if kind == self.dtype:
            return self
        return Network([w.astype(kind) for w in self.weights], [b.astype(kind) for b in self.biases], self.activations)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to `path` as .npz without pickle; a file that is there is replaced whole or not at all."""
        names = [activation.name for activation in self.activations]
        for activation in self.activations:
            if ACTIVATIONS.get(activation.name) is not activation:
                raise InputError(f"{activation!r} is not one of the package's activations, so a file cannot name it")
        arrays: dict[str, Any] = {"format": np.array(FILE_FORMAT), "activations": np.array(names)}
        for layer, (w, b) in enumerate(zip(self.weights, self.biases, strict=True), start=2):
            arrays[f"w{layer}"], arrays[f"b{layer}"] = np.asarray(w), np.asarray(b)
        write_whole(path, lambda file: np.savez(file, **arrays))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Network:
        """The network that `save` wrote to `path`; any other file is an `InputError`, and nothing in it is run.

        Raises `FileNotFoundError` where there is none.
        """
        with Path(path).open("rb") as file:
            try:
                return cls._read(np.load(file, allow_pickle=False))
            except Exception as error:  # noqa: BLE001 (hostile bytes make numpy and zipfile raise nearly anything)
                raise InputError(f"{os.fspath(path)} is not a saved network: {error}") from None

    @classmethod
    def _read(cls, archive: Any) -> Network:
        if not isinstance(archive, np.lib.npyio.NpzFile) or "format" not in archive:
            raise InputError("it does not say that it holds a network")
        if str(archive["format"]) != FILE_FORMAT:
            raise InputError(f"its format is {str(archive['format'])!r}, expected {FILE_FORMAT!r}")
        names = [str(name) for name in archive["activations"]]
        layers = range(2, len(names) + 2)
        return cls([archive[f"w{i}"] for i in layers], [archive[f"b{i}"] for i in layers], names)

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
        """Python that makes the same network again, where its activations are the package's."""
        if any(is_foreign(array) for array in self.weights):
            return f"<Network {'-'.join(map(str, self.sizes))} {self.dtype}>"
        listed = ", ".join(repr(activation.name) for activation in self.activations)
        return f"Network({_shown(self.weights)}, {_shown(self.biases)}, [{listed}])"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Network is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Network is frozen: {name} cannot be deleted")

    def __reduce__(self) -> tuple[Any, ...]:
        return Network, (self.weights, self.biases, self.activations)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


class Gradient(NamedTuple):
    """∂C/∂W and ∂C/∂b of every layer 2..L, shaped like the network's weights and biases."""

    nabla_w: tuple[Array, ...]
    nabla_b: tuple[Array, ...]


class Backprop(NamedTuple):
    """All that one pass computes. Tuples run over the layers; z and delta start at layer 2, a at layer 1 with x."""

    cost: Any
    """C, the mean over examples, L2 included: a scalar."""
    gradient: Gradient
    z: tuple[Array, ...]
    a: tuple[Array, ...]
    delta: tuple[Array, ...]
    """δ^l of each example, before the mean: (m, n_l)."""


def _listed(name: str, given: Any) -> list[Any]:
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
        raise InputError(f"{name} is {given!r}, expected a sequence with one entry a layer")
    return list(given)


def _shown(arrays: tuple[Array, ...]) -> str:
    """Arrays as Python expressions that keep every bit."""
    return f"[{', '.join(shown_array(array) for array in arrays)}]"


def shown_array(array: Array) -> str:
    """One array as a Python expression that keeps every bit.

    >>> shown_array(np.array([[0.1, 2.0]]))
    'np.array([[0.1, 2.0]])'
    """
    suffix = "" if array.dtype == np.float64 else f", dtype=np.{array.dtype.name}"
    return f"np.array({array.tolist()}{suffix})"
