"""The entries of one tensor beside those of an oracle: what a report draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minibp.arrays import Array
from minibp.check.tolerance import error_ratio


@dataclass(frozen=True, eq=False)
class TensorErrors:
    """The entries of one tensor as got and as expected, and the tolerance of each, all of one shape.

    An entry that was not compared has a tolerance that is not finite.
    """

    name: str
    """As a finding has it: "nabla_w", "grad", "∂out/∂x"."""
    layer: int | None
    """Of a network's gradient, the layer; of any function's, None."""
    got: Array
    expected: Array
    tolerance: Array

    @property
    def ratio(self) -> Array:
        """Error / tolerance, NaN where nothing was compared."""
        ratio = error_ratio(self.got, self.expected, self.tolerance)
        return np.where(np.isfinite(self.tolerance), ratio, np.nan)

    @property
    def off(self) -> int:
        """The number of entries beyond their tolerance."""
        return int((self.ratio > 1).sum())

    def as_matrix(self) -> TensorErrors:
        """The same in rows and columns: a vector is one row, of more axes the last are the columns."""
        arrays = (np.atleast_2d(one) for one in (self.got, self.expected, self.tolerance))
        return TensorErrors(self.name, self.layer, *(one.reshape(-1, one.shape[-1]) for one in arrays))


def sharpest(rows: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Of several oracles' numbers and radii, entry by entry those of the smallest radius.

    Parameters
    ----------
    rows : sequence of (ndarray, ndarray)
        Numbers and radii of each oracle, at least one, all of one shape.

    Returns
    -------
    tuple of (ndarray, ndarray)
        Numbers and radii; a radius is infinite where no oracle tells the entry.
    """
    numbers, radii = (np.stack(arrays) for arrays in zip(*rows, strict=True))
    radii = np.where(np.isfinite(numbers) & ~np.isnan(radii), radii, np.inf)
    best = radii.argmin(0)[None]
    return np.take_along_axis(numbers, best, 0)[0], np.take_along_axis(radii, best, 0)[0]
