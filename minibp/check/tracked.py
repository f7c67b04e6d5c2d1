"""Numbers that carry their rounding through ordinary expressions, so that a formula written once gives its own bound.

Plain arrays take part as exact. What is added, multiplied or divided grows its error by the rules of `arithmetic`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.check.arithmetic import Arithmetic, Near, matmul, times


class Tracked(Near):
    """A computed array, how far each entry may be off, and the arithmetic that it is computed in.

    >>> from minibp.check.arithmetic import arithmetic_of
    >>> third = Tracked.exact(np.array([1.0]), arithmetic_of("float64")) / np.array([3.0])
    >>> bool(0 < third.error[0] < 1e-15)
    True
    """

    __slots__ = ("to",)
    __array_ufunc__ = None  # so that array @ tracked is asked of Tracked

    def __init__(self, value: Array, error: Array, to: Arithmetic) -> None:
        super().__init__(value, error)
        self.to = to

    @classmethod
    def exact(cls, value: Any, to: Arithmetic) -> Tracked:
        """A number as it is given, in float64, which holds every float32."""
        array = np.asarray(value, np.float64)
        return cls(array, np.zeros(array.shape), to)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.value.shape

    @property
    def T(self) -> Tracked:  # noqa: N802 (as NumPy's)
        """Rows for columns."""
        return Tracked(self.value.T, self.error.T, self.to)

    def sum(self, axis: int | None = None, keepdims: bool = False) -> Tracked:
        """A sum in any order."""
        total = self.value.sum(axis, keepdims=keepdims)
        n = self.value.size if axis is None else self.value.shape[axis]
        own = self.to.gamma(n) * self.size.sum(axis, keepdims=keepdims)
        return Tracked(total, self.error.sum(axis, keepdims=keepdims) + own, self.to)

    def __getitem__(self, index: Any) -> Tracked:
        return Tracked(self.value[index], self.error[index], self.to)

    def __neg__(self) -> Tracked:
        return Tracked(-self.value, self.error, self.to)

    def __add__(self, other: Any) -> Tracked:
        right = self._near(other)
        own = self.to.gamma(0) * (self.size + right.size)
        return Tracked(self.value + right.value, self.error + right.error + own, self.to)

    def __sub__(self, other: Any) -> Tracked:
        right = self._near(other)
        return self + Tracked(-right.value, right.error, self.to)

    def __rsub__(self, other: Any) -> Tracked:
        return -self + other

    def __mul__(self, other: Any) -> Tracked:
        return self._of(times(self, self._near(other), self.to))

    def __truediv__(self, other: Any) -> Tracked:
        right = self._near(other)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            quotient = self.value / right.value
            least = np.maximum(np.abs(right.value) - right.error, 0)
            error = (self.error + np.abs(quotient) * right.error) / least + 2 * self.to.u * np.abs(quotient)
        error[~np.isfinite(error)] = np.inf
        return Tracked(quotient, error + self.to.tiny, self.to)

    def __rtruediv__(self, other: Any) -> Tracked:
        return self._of(self._near(other)) / self

    def __matmul__(self, other: Any) -> Tracked:
        return self._of(matmul(self, self._near(other), self.to))

    def __rmatmul__(self, other: Any) -> Tracked:
        return self._of(matmul(self._near(other), self, self.to))

    __radd__ = __add__
    __rmul__ = __mul__

    def _near(self, other: Any) -> Near:
        return other if isinstance(other, Near) else Tracked.exact(other, self.to)

    def _of(self, near: Near) -> Tracked:
        return Tracked(near.value, near.error, self.to)


def near(tracked: Any, got: Array) -> bool:
    """Whether every entry of `got` is what the tracked numbers say, to within their error and its own rounding."""
    error = tracked.error + tracked.to.gamma(0) * np.abs(got) + tracked.to.tiny
    return bool((np.abs(got - tracked.value) <= error).all())
