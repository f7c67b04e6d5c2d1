"""The source's two runs: how they begin, and their hyper-parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minibp.network import Network


class Preset(NamedTuple):
    """One hidden layer of sigmoid neurons, trained with one of the two costs."""

    cost: str
    eta: float
    l2: float
    """α of (27), which is divided by the size of the training set."""
    scaled: bool
    """True where weights begin as N(0, 1)/√n_{l−1}, else as N(0, 1); biases begin as N(0, 1)."""
    hidden: tuple[int, ...] = (30,)
    epochs: int = 30
    batch_size: int = 10

    def network(self, sizes: Sequence[int], dtype: str, rng: np.random.Generator) -> Network:
        """A network to begin with.

        >>> PRESETS["quadratic"].network([784, 30, 10], "float32", np.random.default_rng(0)).n_parameters
        23860
        """
        network = Network.random(sizes, dtype=dtype, rng=rng)
        if self.scaled:
            return network
        weights = [w * np.sqrt(n).astype(dtype) for w, n in zip(network.weights, sizes[:-1], strict=True)]
        return Network(weights, network.biases)


PRESETS = {
    "quadratic": Preset("quadratic", eta=3.0, l2=0.0, scaled=False),
    "cross-entropy": Preset("cross_entropy", eta=0.5, l2=5.0, scaled=True),
}
