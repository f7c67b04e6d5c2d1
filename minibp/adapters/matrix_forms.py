"""The forms in which an array holds W^l (n_out, n_in) and b^l (n_out,): transposed, joined with b, with axes of 1."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from minibp.arrays import Array

Shape = tuple[int, ...]
APART: dict[int, Shape] = {2: (3, 5), 3: (2, 5, 8), 4: (4, 2, 6, 9), 5: (4, 2, 6, 9, 12)}
"""For each length sizes by which shapes are told apart: no two of all n and n + 1 are the same."""


def sizes_apart(length: int) -> Shape:
    """Sizes of so many layers by which shapes are told apart.

    >>> sizes_apart(6)
    (2, 5, 8, 11, 14, 17)
    """
    return APART.get(length, tuple(range(2, 3 * length + 2, 3)))


@dataclass(frozen=True)
class Form:
    """W, or W joined with b as one more column, the first or the last; or the transpose of either."""

    transposed: bool = False
    joined: bool = False
    bias_first: bool = False

    def shape(self, n_in: int, n_out: int) -> Shape:
        """The shape for a layer of n_out neurons with n_in inputs, without further axes of length 1.

        >>> Form(transposed=True, joined=True).shape(3, 2)
        (4, 2)
        """
        shape = (n_out, n_in + self.joined)
        return shape[::-1] if self.transposed else shape

    def fits(self, shape: Shape, n_in: int, n_out: int) -> bool:
        """True for an array of this form, which may have more axes of length 1, or a vector in place of one row."""
        own = self.shape(n_in, n_out)
        return shape == own if len(shape) == 2 else len(shape) > 0 and without_ones(shape) == without_ones(own)

    def other(self) -> Form:
        """The transpose of this form."""
        return replace(self, transposed=not self.transposed)

    def packed(self, w: Array, b: Array) -> Array:
        """W, and b where they are joined, in this form."""
        parts = (b[:, None], w) if self.bias_first else (w, b[:, None])
        whole = np.concatenate(parts, axis=1) if self.joined else w
        return whole.T if self.transposed else whole

    def unpacked(self, array: Array, n_in: int, n_out: int) -> tuple[Array, Array | None]:
        """W and b of an array of this form; None for b where they are not joined."""
        whole = array.reshape(self.shape(n_in, n_out))
        whole = whole.T if self.transposed else whole
        if not self.joined:
            return whole, None
        return (whole[:, 1:], whole[:, 0]) if self.bias_first else (whole[:, :-1], whole[:, -1])

    def __str__(self) -> str:
        inputs = "n_in + 1" if self.joined else "n_in"
        rows, columns = (inputs, "n_out") if self.transposed else ("n_out", inputs)
        return f"({rows}, {columns})"


def without_ones(shape: Shape) -> Shape:
    """The axes that are longer than 1.

    >>> without_ones((1, 3, 1))
    (3,)
    """
    return tuple(n for n in shape if n != 1)


def fits_biases(shape: Shape, n_out: int) -> bool:
    """True for the shape of b: one axis of length n_out, and any of length 1."""
    return len(shape) > 0 and without_ones(shape) == without_ones((n_out,))
