"""Honest programs in an adversarial arithmetic: numbers that carry, to first order, the worst that rounding can do.

Each operation multiplies its result by 1 + δ with |δ| ≤ u, each library function by 1 + δ with |δ| ≤ f·u. The worst
error over all signs is Σ |∂result/∂δ|, and it is kept apart for the two kinds, in units of u and of f·u.
"""

import math
from itertools import count
from typing import NamedTuple

import numpy as np

from minibp import Network, Problem
from minibp.check.arithmetic import Arithmetic

_NUMBERS = count()


class Worst(NamedTuple):
    """Largest errors to first order."""

    u: np.ndarray
    """By the operations, in units of u."""
    f: np.ndarray
    """By the library functions, in units of f·u."""


class Rounded:
    """A number and its derivative with respect to the δ of every operation before it."""

    def __init__(self, value, parts=None):
        self.value = float(value)
        self.parts = parts or {}

    def _rounded(self, value, slopes, kind="u"):
        parts = {}
        for slope, operand in slopes:
            for key, part in operand.parts.items():
                parts[key] = parts.get(key, 0.0) + slope * part
        parts[kind, next(_NUMBERS)] = value
        return Rounded(value, parts)

    def _called(self, value, slope):
        return self._rounded(value, [(slope, self)], "f")

    def __add__(self, other):
        other = as_rounded(other)
        return self._rounded(self.value + other.value, [(1, self), (1, other)])

    def __sub__(self, other):
        other = as_rounded(other)
        return self._rounded(self.value - other.value, [(1, self), (-1, other)])

    def __mul__(self, other):
        other = as_rounded(other)
        return self._rounded(self.value * other.value, [(other.value, self), (self.value, other)])

    def __truediv__(self, other):
        other = as_rounded(other)
        value = self.value / other.value
        return self._rounded(value, [(1 / other.value, self), (-value / other.value, other)])

    def __pow__(self, exponent):
        return self._rounded(self.value**exponent, [(exponent * self.value ** (exponent - 1), self)])

    def __radd__(self, other):
        return as_rounded(other) + self

    def __rsub__(self, other):
        return as_rounded(other) - self

    def __rmul__(self, other):
        return as_rounded(other) * self

    def __rtruediv__(self, other):
        return as_rounded(other) / self

    def __neg__(self):
        return Rounded(-self.value, {key: -part for key, part in self.parts.items()})

    def __abs__(self):
        return -self if self.value < 0 else self

    def __lt__(self, other):
        return self.value < as_rounded(other).value

    def exp(self):
        value = math.exp(self.value)
        return self._called(value, value)

    def log(self):
        return self._called(math.log(self.value), 1 / self.value)

    def log1p(self):
        return self._called(math.log1p(self.value), 1 / (1 + self.value))


def as_rounded(number):
    """The number, without an error where it has none yet."""
    return number if isinstance(number, Rounded) else Rounded(number)


def exact(array):
    """An array of numbers without errors."""
    return np.vectorize(Rounded, otypes=[object])(array)


def total(terms):
    """Their sum, the largest first: the order in which the largest is rounded most often."""
    first, *rest = sorted(map(as_rounded, terms), key=abs, reverse=True)
    for term in rest:
        first = first + term
    return first


def largest(numbers):
    """The largest of them: a comparison rounds nothing."""
    return max(numbers, key=lambda number: as_rounded(number).value)


def worst(numbers):
    """The worst error of each number, an array of their shape."""

    def of(kind):
        return np.vectorize(lambda n: sum(abs(part) for key, part in n.parts.items() if key[0] == kind), otypes=[float])

    return Worst(of("u")(numbers), of("f")(numbers))


U = 2.0**-60
"""So small that terms of second order are lost among a bound's own rounding errors, in float64."""


def only_u(f=0.0, u=U):
    """An arithmetic without underflow."""
    return Arithmetic(u=u, tiny=0.0, huge=math.inf, f=f, prime_from_value=False)


def only_f():
    """An arithmetic whose functions are so bad that nothing else matters: f·u is 2^−30, and u 2^−130."""
    return only_u(f=2.0**100, u=2.0**-130)


TINY = 2.0**-100


def only_tiny():
    """An arithmetic that flushes to zero what lies below 2^−100, and rounds to far more digits."""
    return Arithmetic(u=2.0**-300, tiny=TINY, huge=2.0**1000, f=0.0, prime_from_value=False)


def flushed(number):
    """The number, or 0 where that arithmetic keeps no number so small."""
    return number if abs(number) >= TINY else 0 * number


def without_rounding():
    """An arithmetic in which only errors that are there already count."""
    return Arithmetic(u=2.0**-300, tiny=0.0, huge=2.0**1000, f=0.0, prime_from_value=False)


def gamma(n, u):
    """γ_{n+4}: of n roundings, and of the 4 that a sum is allowed beyond its length."""
    return (n + 4) * u / (1 - (n + 4) * u)


def line(x, y, w=0.0, b=0.0, alpha=0.0, cost="quadratic"):
    """An identity layer of which x and y are the examples."""
    x, y = np.array(x, float, ndmin=2), np.array(y, float, ndmin=2)
    weights = np.broadcast_to(np.array(w, float), (y.shape[1], x.shape[1]))
    return Problem(Network([weights], [np.full(y.shape[1], float(b))], "identity"), cost, x, y, alpha)
