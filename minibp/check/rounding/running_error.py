"""Running-error numbers: arrays that carry their rounding error through ordinary expressions.

A formula that is written once so gives its own bound. Plain arrays take part as exact numbers; each sum, product and
quotient grows the error by the rules of `arithmetic`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.check.rounding.arithmetic import Arithmetic, Ball, matmul, times
from minibp.check.tolerance import within


class RunningError(Ball):
    """A computed array, a bound of the error of each entry, and the arithmetic that it is computed in.

    >>> from minibp.check.rounding.arithmetic import arithmetic_of
    >>> third = RunningError.exact(np.array([1.0]), arithmetic_of("float64")) / np.array([3.0])
    >>> bool(0 < third.error[0] < 1e-15)
    True
    """

    __slots__ = ("fp",)
    __array_ufunc__ = None  # so that array @ number is computed here

    def __init__(self, value: Array, error: Array, fp: Arithmetic) -> None:
        super().__init__(value, error)
        self.fp = fp

    @classmethod
    def exact(cls, value: Any, fp: Arithmetic) -> RunningError:
        """A number as it is given, in float64, which holds every float32."""
        array = np.asarray(value, np.float64)
        return cls(array, np.zeros(array.shape), fp)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.value.shape

    @property
    def T(self) -> RunningError:  # noqa: N802 (as NumPy's)
        """Rows for columns."""
        return RunningError(self.value.T, self.error.T, self.fp)

    def loosened(self, error: Array) -> RunningError:
        """The same number with a further error."""
        return RunningError(self.value, self.error + error, self.fp)

    def sum(self, axis: int | None = None, keepdims: bool = False) -> RunningError:
        """A sum in any order."""
        total = self.value.sum(axis, keepdims=keepdims)
        n = self.value.size if axis is None else self.value.shape[axis]
        local = self.fp.gamma(n) * self.size.sum(axis, keepdims=keepdims)
        return RunningError(total, self.error.sum(axis, keepdims=keepdims) + local, self.fp)

    def __getitem__(self, index: Any) -> RunningError:
        return RunningError(self.value[index], self.error[index], self.fp)

    def __neg__(self) -> RunningError:
        return RunningError(-self.value, self.error, self.fp)

    def __add__(self, other: Any) -> RunningError:
        right = self._ball(other)
        local = self.fp.gamma(0) * (self.size + right.size)
        return RunningError(self.value + right.value, self.error + right.error + local, self.fp)

    def __sub__(self, other: Any) -> RunningError:
        right = self._ball(other)
        return self + RunningError(-right.value, right.error, self.fp)

    def __rsub__(self, other: Any) -> RunningError:
        return -self + other

    def __mul__(self, other: Any) -> RunningError:
        return self._of(times(self, self._ball(other), self.fp))

    def __truediv__(self, other: Any) -> RunningError:
        right = self._ball(other)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            quotient = self.value / right.value
            least = np.maximum(np.abs(right.value) - right.error, 0)
            error = (self.error + np.abs(quotient) * right.error) / least + 2 * self.fp.u * np.abs(quotient)
        error[~np.isfinite(error)] = np.inf
        return RunningError(quotient, error + self.fp.tiny, self.fp)

    def __rtruediv__(self, other: Any) -> RunningError:
        return self._of(self._ball(other)) / self

    def __matmul__(self, other: Any) -> RunningError:
        return self._of(matmul(self, self._ball(other), self.fp))

    def __rmatmul__(self, other: Any) -> RunningError:
        return self._of(matmul(self._ball(other), self, self.fp))

    __radd__ = __add__
    __rmul__ = __mul__

    def _ball(self, other: Any) -> Ball:
        return other if isinstance(other, Ball) else RunningError.exact(other, self.fp)

    def _of(self, ball: Ball) -> RunningError:
        return RunningError(ball.value, ball.error, self.fp)


def explains(predicted: RunningError, got: Array) -> bool:
    """True where every entry of `got` is the predicted one, within the prediction's error and its own rounding."""
    rounding = predicted.fp.gamma(0) * np.abs(got) + predicted.fp.tiny
    if not within(got, predicted.value, predicted.error, rounding).all():
        return False
    return not (np.isnan(predicted.value) | np.isnan(predicted.error + rounding)).any()  # NaN explains nothing
