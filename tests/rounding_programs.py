"""Honest programs in the adversary's arithmetic, on arrays of its numbers, and what they are held to."""

import math

import numpy as np
from adversary import Rounded, Worst

from minibp import Network, Problem
from minibp.check.rounding.arithmetic import Arithmetic


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
    """The worst error of each number, by operations and by library functions, as arrays of their shape."""
    numbers = np.asarray(numbers, dtype=object)
    return Worst(*(np.reshape(kind, numbers.shape) for kind in zip(*(one.worst for one in numbers.flat), strict=True)))


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
