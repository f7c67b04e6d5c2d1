"""The density φ and the distribution function Φ of the standard normal distribution, accurate in both tails.

NumPy has no error function. This one is Cody's: rational functions of |z|/√2 on three ranges, all of whose coefficients
are positive, so that nothing cancels in them (W. J. Cody, Rational Chebyshev approximation for the error function,
Mathematics of Computation 23, 1969). Arrays are real, NumPy's or JAX's.
"""

from __future__ import annotations

import math
from typing import Any

from minibp.arrays import Array, namespace

_SMALL, _LARGE = 0.46875, 4.0
"""The ends of Cody's middle range, in |z|/√2."""
_BEYOND = 30.0
"""There e^−x² has underflowed: what is larger gives the same, and its square could overflow."""
_ERF = (
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
"""erf x over x, below, as a quotient of polynomials in x²; the highest power first."""
_MIDDLE = (
    (
        2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
        2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
        1.23033935479799725e3,
    ),
    (
        1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
        3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
    ),
)  # fmt: skip
"""e^x² erfc x between, in x."""
_FAR = (
    (
        1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
        1.60837851487422766e-2, 6.58749161529837803e-4,
    ),
    (
        1.0, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)  # fmt: skip
"""(1/√π − x e^x² erfc x) x² beyond, in 1/x²."""


def density(z: Array) -> Array:
    """The density φ(z) = e^{−z²/2}/√(2π).

    >>> print(f"{density(0.0):.12g}")
    0.398942280401
    """
    return _gaussian(z) / math.sqrt(2 * math.pi)


def distribution(z: Array) -> Array:
    """The distribution function Φ(z) = (1 + erf(z/√2))/2, which on the left keeps its digits until it underflows.

    >>> print(f"{distribution(0.0)}, {distribution(-20.0):.12g}")
    0.5, 2.75362411861e-89
    """
    xp = namespace(z)
    x = z / math.sqrt(2)
    size = xp.abs(x)
    near, far = size < _SMALL, size > _LARGE
    inner = xp.where(near, x, 0.0)
    middle = xp.where(near | far, 1.0, size)
    outer = xp.where(size > _BEYOND, _BEYOND, xp.where(far, size, _LARGE))
    power = 1 / (outer * outer)
    ratio = xp.where(far, (1 / math.sqrt(math.pi) - power * _quotient(_FAR, power)) / outer, _quotient(_MIDDLE, middle))
    tail = _gaussian(z) * ratio / 2
    by_tail = xp.where(z < 0, tail, 1 - tail)
    return xp.where(near, 0.5 + inner * _quotient(_ERF, inner * inner) / 2, by_tail)


def _gaussian(z: Array) -> Array:
    """e^{−z²/2}, with z² split so that its rounding, which the exponential would magnify, is that of a small number."""
    xp = namespace(z)
    size = xp.abs(z)
    size = xp.where(size > 2 * _BEYOND, 2 * _BEYOND, size)
    head = xp.floor(size * 16) / 16  # few bits, whose square is exact
    return xp.exp(-head * head / 2) * xp.exp(-(size - head) * (size + head) / 2)


def _quotient(coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Array) -> Array:
    numerator, denominator = (_polynomial(each, x) for each in coefficients)
    return numerator / denominator


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    """By Horner's rule."""
    total: Any = coefficients[0]
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total
