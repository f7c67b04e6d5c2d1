"""The random generator that an argument `rng` stands for."""

from __future__ import annotations

from typing import Any

import numpy as np

from minibp.arrays import InputError


def checked_generator(rng: Any) -> np.random.Generator:
    """A generator of that seed, or the generator itself; None is a seed that nobody knows.

    >>> [int(checked_generator(0).integers(10)) for _ in range(2)]
    [8, 8]
    """
    try:
        if not isinstance(rng, (bool, np.bool_)):
            return np.random.default_rng(rng)
    except (TypeError, ValueError, OverflowError):  # NumPy's reasons speak of its own classes
        pass
    raise InputError(
        f"rng is {rng!r}, expected a seed or a numpy.random.Generator; a seed is a whole number from 0 on, or several"
    )
