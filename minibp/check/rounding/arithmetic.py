"""Models of floating-point arithmetic, and balls: arrays with a bound of the error of each entry."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from minibp.arrays import Array

LIBRARY_ERROR = 8.0
"""Relative error of one library function in units of u: NumPy's vectorised ones are within 4 ulp, and 1 ulp ≤ 2u."""
SPARE = 4
"""Roundings allowed beyond the n of a sum: the mean's division, the penalty's product and sum, another order."""


class Arithmetic(NamedTuple):
    """The parameters of the arithmetic that an honest computation may use."""

    u: float
    """Unit roundoff, half the distance from 1 to the next number."""
    tiny: float
    """The smallest normal number: what lies below may have been flushed to zero."""
    huge: float
    """The largest number: a magnitude near it leaves nothing known."""
    f: float
    """Relative error of one library function, in units of u."""
    prime_from_value: bool
    """True where σ' may be computed from a, as a(1 − a): honest, though inaccurate in the tails."""
    textbook: bool = False
    """True where e^z − 1 and ln(1 + e^z) may be so computed, and any slope between both sides be taken at a kink."""
    inverse_rate: float = 0.0
    """1/η where derivatives are read from parameters before and after a step, as (w − w')/η; else 0."""
    through_values: bool = False
    """True of an oracle, which differentiates the value of a cost of the user's, and has no formula of its gradient."""
    has_biases: bool = True
    """False where derivatives by biases are not given: their bound is infinite."""

    def gamma(self, n: int) -> float:
        """γ_{n+SPARE}: the relative error of a sum of n products."""
        nu = (n + SPARE) * self.u
        return nu / (1 - nu) if nu < 1 else math.inf

    def read_error(self, parameter: Array) -> Array:
        """The error of a derivative that is so read: w' was rounded, and its error is divided by η."""
        return np.asarray(self.u * self.inverse_rate * np.abs(parameter) if self.inverse_rate else 0.0)


def arithmetic_of(dtype: str, f: float = LIBRARY_ERROR, *, prime_from_value: bool = True) -> Arithmetic:
    """The arithmetic of a dtype.

    >>> arithmetic_of("float32").u == 2.0**-24
    True
    """
    info = np.finfo(dtype)
    return Arithmetic(float(info.eps) / 2, float(info.tiny), float(info.max), f, prime_from_value)


def arithmetic_of_anyone(dtype: str, rate: float | None = None) -> Arithmetic:
    """The arithmetic allowed to a subject: that of its dtype, with the formulas of textbooks; `rate` is η of a step.

    >>> arithmetic_of_anyone("float64").textbook
    True
    """
    return arithmetic_of(dtype)._replace(textbook=True, inverse_rate=1 / rate if rate else 0.0)


class Ball:
    """A ball, or midpoint–radius number: a computed array, and a bound of the error of each entry."""

    __slots__ = ("error", "size", "value")

    def __init__(self, value: Array, error: Array) -> None:
        self.value = value
        self.error = error
        self.size = np.abs(value) + error
        """The largest magnitude that each entry may have."""

    @property
    def transposed(self) -> Ball:
        """Rows for columns, in the last two axes."""
        return Ball(self.value.mT, self.error.mT)


def matmul(left: Ball, right: Ball, fp: Arithmetic) -> Ball:
    """left @ right, in any order of summation."""
    product = matmul_exact(left, right.value, right.size, fp)
    return Ball(product.value, product.error + np.abs(left.value) @ right.error)


def matmul_exact(left: Ball, right: Array, right_size: Array, fp: Arithmetic) -> Ball:
    """left @ right where right is exact, or its error is added elsewhere; of at most `right_size`.

    A factor or a product that is subnormal may be flushed to zero, which loses at most tiny(1 + |l| + |r|) a term,
    and nothing where l or r is exactly 0.
    """
    propagated = (left.error + fp.gamma(right.shape[-2]) * left.size) @ right_size
    flushed = fp.tiny * (_above_zero(left.size) @ _above_zero(right_size))
    return Ball(left.value @ right, propagated + flushed)


def _above_zero(size: Array) -> Array:
    """1 + size, but 0 where size is 0."""
    return (size + 1) * (size > 0)


def regrouped(left: Ball, right: Array, fp: Arithmetic) -> Array:
    """The loss by underflow in (left @ right) ⊙ f where f is multiplied by right first, as (20) and (18) have it.

    Then what is flushed is r f, or f, and left multiplies it: at most tiny(1 + |r|) |l| a term.
    """
    return fp.tiny * (left.size @ _above_zero(np.abs(right)))


def times(left: Ball, right: Ball, fp: Arithmetic, lost: Array | float = 0.0) -> Ball:
    """left ⊙ right; `lost` is what underflow may lose besides where neither is exactly 0."""
    propagated = left.error * right.size + np.abs(left.value) * right.error
    flushed = np.where((left.size > 0) & (right.size > 0), fp.tiny * (1 + left.size + right.size) + lost, 0)
    return Ball(left.value * right.value, propagated + 2 * fp.u * left.size * right.size + flushed)
