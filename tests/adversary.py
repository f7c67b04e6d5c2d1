"""An arithmetic in which every rounding is as bad as it may be, for tests of error bounds.

A `Rounded` is a number that a program has computed. Each operation multiplies its result by 1 + δ with |δ| ≤ u, and
each library function by 1 + δ with |δ| ≤ f·u, every δ of its own. Kept are the exact value and the derivative by each
δ, both in 50 digits, so that the largest error over all signs is known to first order: Σ |∂value/∂δ|.

Exact are signs, products and quotients with a power of two, and what is asked of `exact_sum`.
"""

import itertools
from typing import NamedTuple

import mpmath
import numpy as np

from minibp.check.rounding.arithmetic import Arithmetic, Ball

mp = mpmath.mp.clone()
mp.dps = 50
SERIAL = itertools.count()


class Worst(NamedTuple):
    """The largest error in units of u: `roundings` + f · `library`."""

    roundings: float
    library: float

    def of(self, f):
        return self.roundings + f * self.library


class Rounded:
    """The exact value of a computed number, and `by`, its derivative by each δ."""

    def __init__(self, value, by=None):
        self.value = mp.mpf(value)
        self.by = by or {}

    @property
    def worst(self):
        """The largest error over all signs of all δ."""

        def total(kind):
            return float(mp.fsum(abs(slope) for (of, _), slope in self.by.items() if of == kind))

        return Worst(total("rounding"), total("library"))

    def __neg__(self):
        return Rounded(-self.value, {key: -slope for key, slope in self.by.items()})

    def __abs__(self):
        return -self if self.value < 0 else self

    def __add__(self, other):
        return rounded(exact_sum(self, other))

    def __sub__(self, other):
        return self + -_number(other)

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        other = _number(other)
        product = _combined(self.value * other.value, (self, other.value), (other, self.value))
        return product if _is_power_of_two(self) or _is_power_of_two(other) else rounded(product)

    def __truediv__(self, other):
        other = _number(other)
        value = self.value / other.value
        quotient = _combined(value, (self, 1 / other.value), (other, -value / other.value))
        return quotient if _is_power_of_two(other) else rounded(quotient)

    def __rtruediv__(self, other):
        return _number(other) / self

    __radd__ = __add__
    __rmul__ = __mul__

    def __pow__(self, exponent):
        return rounded(_combined(self.value**exponent, (self, exponent * self.value ** (exponent - 1))))

    def __lt__(self, other):
        return self.value < _number(other).value

    # As NumPy calls them on arrays of objects.

    def exp(self):
        return exp(self)

    def log(self):
        return log(self)

    def log1p(self):
        return log1p(self)


def _number(given):
    return given if isinstance(given, Rounded) else Rounded(given)


def _is_power_of_two(x):
    return not x.by and abs(mp.frexp(x.value)[0]) == 0.5


def _combined(value, *terms):
    """A value whose derivative is Σ slope · that of a number, over the terms (number, slope)."""
    by = {}
    for number, slope in terms:
        for key, one in number.by.items():
            by[key] = by.get(key, 0) + slope * one
    return Rounded(value, by)


def exact_sum(left, right):
    """left + right, of which no digit is lost, as where nearly equal numbers are subtracted (Sterbenz)."""
    left, right = _number(left), _number(right)
    return _combined(left.value + right.value, (left, 1), (right, 1))


def exact_product(x, factor):
    """x times a number, without a rounding of its own."""
    return _combined(x.value * factor, (x, factor))


def rounded(x, times=1):
    """x, rounded so many times more."""
    for _ in range(times):
        x = Rounded(x.value, {**x.by, ("rounding", next(SERIAL)): x.value})
    return x


def library(x, times=1):
    """x, by the error of a library function that is all but exact, so many times more."""
    for _ in range(times):
        x = Rounded(x.value, {**x.by, ("library", next(SERIAL)): x.value})
    return x


def given(value, error):
    """A number that is off by an error (a `Worst`) of which nothing else is known."""
    return Rounded(
        value, {("rounding", next(SERIAL)): mp.mpf(error.roundings), ("library", next(SERIAL)): error.library}
    )


def _library(function, slope):
    def called(x):
        x = _number(x)
        value = function(x.value)
        computed = _combined(value, (x, slope(x.value, value)))
        computed.by["library", next(SERIAL)] = value
        return computed

    return called


def true_sigmoid(z):
    """σ(z) of the sigmoid."""
    return 1 / (1 + mp.exp(-z))


def true_silu_prime(z):
    """silu'(z)."""
    return true_sigmoid(z) * (1 + z * true_sigmoid(-z))


exp = _library(mp.exp, lambda x, y: y)
expm1 = _library(mp.expm1, lambda x, y: y + 1)
log = _library(mp.log, lambda x, y: 1 / x)
log1p = _library(mp.log1p, lambda x, y: 1 / (1 + x))
tanh = _library(mp.tanh, lambda x, y: 1 - y * y)
sinh = _library(mp.sinh, lambda x, y: mp.cosh(x))
cosh = _library(mp.cosh, lambda x, y: mp.sinh(x))
expit = _library(true_sigmoid, lambda x, y: y * true_sigmoid(-x))
silu = _library(lambda x: x * true_sigmoid(x), lambda x, y: true_silu_prime(x))
erf = _library(mp.erf, lambda x, y: 2 * mp.exp(-x * x) / mp.sqrt(mp.pi))
erfc = _library(mp.erfc, lambda x, y: -2 * mp.exp(-x * x) / mp.sqrt(mp.pi))
normal_cdf = _library(mp.ncdf, lambda x, y: mp.npdf(x))


def exact_log(x):
    """ln x without a rounding of its own: what ln makes of the error of x."""
    return _combined(mp.log(x.value), (x, 1 / x.value))


EXACT = Arithmetic(u=0.0, tiny=0.0, huge=np.inf, f=0.0, prime_from_value=False)
FINE = EXACT._replace(u=2.0**-40, f=8.0)
"""So many digits that only first order counts."""
FLUSHING = EXACT._replace(tiny=2.0**-126)
"""Exact, but what is subnormal in float32 becomes 0."""
ALMOST = FLUSHING.tiny * (1 - 2.0**-20)


def flush(x):
    """What is left of x where subnormal numbers are 0."""
    return np.where(np.abs(x) < FLUSHING.tiny, 0.0, x)


def near(value, error=0.0):
    value = np.atleast_1d(np.asarray(value, float))
    return Ball(value, np.broadcast_to(np.asarray(error, float), value.shape))
