"""Lengths of vectors that neither overflow nor vanish on the way."""

from __future__ import annotations

import numpy as np

from minibp.arrays import Array


def norm(v: Array) -> float:
    """‖v‖, the root of the sum of the squares of all entries; infinite or NaN where one is.

    >>> norm(np.array([3e300, 4e300]))
    5e+300
    """
    largest = float(np.abs(v).max())
    if not 0 < largest < np.inf:
        return largest
    with np.errstate(all="ignore"):
        return largest * float(np.linalg.norm((v / largest).ravel()))


def unit(v: Array) -> Array:
    """v/‖v‖ for v ≠ 0, in the dtype of v.

    >>> unit(np.array([3e300, -4e300])).round(15)
    array([ 0.6, -0.8])
    """
    scaled = v / np.abs(v).max()
    result: Array = scaled / norm(scaled)
    return result
