"""The targets that a cost of the user's own is defined for, found by trying."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minibp.activations import Activation
from minibp.arrays import Array
from minibp.costs import COSTS, Cost

TRIED = (8, 3)
"""The examples and outputs that are tried."""
LARGEST, LEAST = 1e3, 1e-3
"""Of the shares that a distribution is made of, before they are divided by their sum."""


def _as_they_are(y: Array) -> Array:
    return y


def _fractions(y: Array) -> Array:
    """Numbers between 0 and 1."""
    size = np.clip(np.abs(y), LEAST, LARGEST)
    return (size / (1 + size)).astype(y.dtype)


def _distributions(y: Array) -> Array:
    """Rows of positive numbers that sum to 1."""
    size = np.clip(np.abs(y), LEAST, LARGEST)
    return (size / size.sum(-1, keepdims=True)).astype(y.dtype)


DOMAINS: dict[str, Callable[[Array], Array]] = {
    "any numbers": _as_they_are,
    "numbers between 0 and 1": _fractions,
    "distributions": _distributions,
}
"""What makes targets of any numbers, the widest domain first."""


def domain_of(cost: Cost, output: Activation) -> str:
    """The widest domain of targets at which an own cost and its gradient are finite; "any numbers" where none is."""
    if COSTS.get(cost.name) is cost:
        return "any numbers"  # of the package's costs targets are drawn that fit
    rng = np.random.default_rng(0)
    z, y = rng.standard_normal(TRIED), rng.standard_normal(TRIED)
    for name, made in DOMAINS.items():
        try:
            with np.errstate(all="ignore"):
                a = output.value(z)
                values = cost.value(a, made(y)), cost.gradient(a, made(y))
                if all(np.isfinite(np.asarray(one, np.float64)).all() for one in values):
                    return name
        except Exception:  # noqa: BLE001 -- the user's code may raise anything; the check will tell
            break
    return "any numbers"
