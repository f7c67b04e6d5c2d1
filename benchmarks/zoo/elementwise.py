"""Functions of each entry alone."""

from __future__ import annotations

import math
from itertools import cycle

import numpy as np
from scipy import special

from zoo.entry import (
    Array,
    Entry,
    Map,
    above_one,
    bounded,
    elementwise,
    inside,
    moderate,
    pairwise,
    positive,
    probability,
    real,
    tame,
)

KINDS = ("vjp", "vjp", "grad", "jacobian", "vjp", "jvp")
"""The functions of a table take turns."""


def _sigmoid(x: Array) -> Array:
    """Of real numbers, without overflow."""
    return np.exp(-np.logaddexp(0, -x))


def _bell(x: Array) -> Array:
    """σ'(x)."""
    return np.exp(-np.logaddexp(0, -x) - np.logaddexp(0, x))


def _sinc_slope(x: Array) -> Array:
    return -np.pi * np.sign(x) * special.spherical_jn(1, np.pi * np.abs(x))


def _over_cosh(x: Array) -> Array:
    """1 / cosh², without overflow."""
    e = np.exp(-2 * np.abs(x))
    return 4 * e / (1 + e) ** 2


NORMAL = 1 / np.sqrt(2 * np.pi)
Row = tuple[str, Map, Map, Map]

UFUNCS: list[Row] = [
    ("sin", np.sin, np.cos, real),
    ("cos", np.cos, lambda x: -np.sin(x), real),
    ("tan", np.tan, lambda x: 1 + np.tan(x) ** 2, real),
    ("arcsin", np.arcsin, lambda x: 1 / np.sqrt((1 - x) * (1 + x)), inside),
    ("arccos", np.arccos, lambda x: -1 / np.sqrt((1 - x) * (1 + x)), inside),
    ("arctan", np.arctan, lambda x: 1 / (1 + x * x), real),
    ("sinh", np.sinh, np.cosh, real),
    ("cosh", np.cosh, np.sinh, real),
    ("tanh", np.tanh, _over_cosh, real),
    ("arcsinh", np.arcsinh, lambda x: 1 / np.hypot(1, x), real),
    ("arccosh", np.arccosh, lambda x: 1 / np.sqrt((x - 1) * (x + 1)), above_one),
    ("arctanh", np.arctanh, lambda x: 1 / ((1 - x) * (1 + x)), inside),
    ("exp", np.exp, np.exp, real),
    ("exp2", np.exp2, lambda x: np.log(2) * np.exp2(x), real),
    ("expm1", np.expm1, np.exp, real),
    ("log", np.log, lambda x: 1 / x, positive()),
    ("log2", np.log2, lambda x: 1 / (np.log(2) * x), positive()),
    ("log10", np.log10, lambda x: 1 / (np.log(10) * x), positive()),
    ("log1p", np.log1p, lambda x: 1 / (1 + x), lambda x: np.where(x > -1, x, inside(x))),
    ("sqrt", np.sqrt, lambda x: 0.5 / np.sqrt(x), positive()),
    ("cbrt", np.cbrt, lambda x: 1 / (3 * np.cbrt(x) ** 2), real),
    ("square", np.square, lambda x: 2 * x, real),
    ("reciprocal", np.reciprocal, lambda x: -1 / x / x, real),
    ("negative", np.negative, lambda x: -np.ones_like(x), real),
    ("positive", np.positive, np.ones_like, real),
    ("deg2rad", np.deg2rad, lambda x: np.full_like(x, np.pi / 180), real),
    ("rad2deg", np.rad2deg, lambda x: np.full_like(x, 180 / np.pi), real),
    ("sinc", np.sinc, _sinc_slope, bounded(1e6)),
    ("ldexp", lambda x: np.ldexp(x, 3), lambda x: np.full_like(x, 8.0), real),
    ("nan_to_num", np.nan_to_num, np.ones_like, real),
    ("i0", np.i0, special.i1, tame),
    ("math.sin", lambda x: np.array([math.sin(v) for v in x]), np.cos, real),
    ("math.exp", lambda x: np.array([math.exp(v) for v in x]), np.exp, tame),
    ("math.gamma", lambda x: np.array([math.gamma(v) for v in x]),
     lambda x: special.gamma(x) * special.digamma(x), positive(20.0, 0.01)),
]  # fmt: skip
SPECIAL: list[Row] = [
    ("expit", special.expit, _bell, real),
    ("logit", special.logit, lambda x: 1 / (x * (1 - x)), probability),
    ("erf", special.erf, lambda x: 2 / np.sqrt(np.pi) * np.exp(-x * x), real),
    ("erfc", special.erfc, lambda x: -2 / np.sqrt(np.pi) * np.exp(-x * x), bounded(20.0)),
    ("erfinv", special.erfinv, lambda x: np.sqrt(np.pi) / 2 * np.exp(special.erfinv(x) ** 2), inside),
    ("gammaln", special.gammaln, special.digamma, positive(1e100, 1e-100)),
    ("digamma", special.digamma, lambda x: special.polygamma(1, x), positive(1e100, 1e-100)),
    ("ndtr", special.ndtr, lambda x: NORMAL * np.exp(-x * x / 2), real),
    ("log_ndtr", special.log_ndtr, lambda x: NORMAL * np.exp(-x * x / 2 - special.log_ndtr(x)), bounded(20.0)),
    ("ndtri", special.ndtri, lambda x: np.exp(special.ndtri(x) ** 2 / 2) / NORMAL, probability),
    ("entr", special.entr, lambda x: -np.log(x) - 1, positive()),
    ("j0", special.j0, lambda x: -special.j1(x), bounded(1e3)),
    ("j1", special.j1, lambda x: (special.j0(x) - special.jv(2, x)) / 2, bounded(1e3)),
    ("exprel", special.exprel, lambda x: np.array([_exprel_slope(v) for v in x]), bounded(50.0)),
    ("expi", special.expi, lambda x: np.exp(x) / x, positive(50.0, 1e-3)),
    ("sine integral", lambda x: special.sici(x)[0], lambda x: np.sinc(x / np.pi), bounded(1e3)),
    ("fresnel", lambda x: special.fresnel(x)[0], lambda x: np.sin(np.pi / 2 * x * x), bounded(30.0)),
    ("spence", special.spence, lambda x: np.where(x == 1, -1.0, np.log(x) / np.where(x == 1, 1.0, 1 - x)),
     positive(1e6, 1e-6)),
]  # fmt: skip
SHAPED: list[Row] = [
    ("sigmoid", _sigmoid, _bell, real),
    ("softplus", lambda x: np.logaddexp(0, x), _sigmoid, real),
    ("silu", lambda x: x * special.expit(x), lambda x: special.expit(x) + x * _bell(x), bounded(300.0)),
    ("gelu", lambda x: x * special.ndtr(x), lambda x: special.ndtr(x) + x * NORMAL * np.exp(-x * x / 2), bounded(6.0)),
    ("gelu by tanh", lambda x: 0.5 * x * (1 + np.tanh(_inner(x))),
     lambda x: special.expit(2 * _inner(x)) + 0.5 * x * _over_cosh(_inner(x)) * 0.797884 * (1 + 3 * 0.044715 * x * x),
     bounded(4.0)),
    ("mish", lambda x: x * np.tanh(np.logaddexp(0, x)),
     lambda x: np.tanh(np.logaddexp(0, x)) + x * _over_cosh(np.logaddexp(0, x)) * _sigmoid(x), tame),
    ("softsign", lambda x: x / (1 + np.abs(x)), lambda x: 1 / (1 + np.abs(x)) ** 2, real),
    ("gaussian", lambda x: np.exp(-x * x), lambda x: -2 * x * np.exp(-x * x), real),
    ("log cosh", lambda x: np.logaddexp(x, -x) - np.log(2), np.tanh, real),
    ("log of 1 + x²", lambda x: np.log1p(x * x), lambda x: 2 * x / (1 + x * x), bounded(1e100)),
    ("root of 1 + x²", lambda x: np.hypot(1, x), lambda x: x / np.hypot(1, x), real),
    ("x times bell", lambda x: x * np.exp(-x * x), lambda x: (1 - 2 * x * x) * np.exp(-x * x), bounded(20.0)),
    ("witch", lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2, bounded(1e75)),
    ("polynomial", lambda x: ((2 * x - 1) * x + 3) * x - 7, lambda x: (6 * x - 2) * x + 3, bounded(1e100)),
    ("rational", lambda x: (x - 2) / (x * x + 3), lambda x: (3 + 4 * x - x * x) / (x * x + 3) ** 2, bounded(1e70)),
    ("tanh of exp", lambda x: np.tanh(np.exp(x)), lambda x: _over_cosh(np.exp(x)) * np.exp(x), real),
    ("sin of square", lambda x: np.sin(x * x), lambda x: 2 * x * np.cos(x * x), bounded(100.0)),
    ("x log x", lambda x: x * np.log(x), lambda x: np.log(x) + 1, positive(1e100)),
    ("x to the x", lambda x: x**x, lambda x: x**x * (np.log(x) + 1), positive(20.0)),
    ("logarithmic sine", lambda x: np.sin(np.log(x)), lambda x: np.cos(np.log(x)) / x, positive(1e100, 1e-100)),
]  # fmt: skip


def _inner(x: Array) -> Array:
    return 0.797884 * (x + 0.044715 * x**3)


def _exprel_slope(x: float) -> float:
    """The derivative of (e^x − 1)/x, by its series where the closed form cancels."""
    if abs(x) < 1:
        return math.fsum((k / math.factorial(k + 1)) * x ** (k - 1) for k in range(1, 25))
    return (math.exp(x) * (x - 1) + 1) / (x * x)


def _power(p: float) -> Row:
    whole = p == int(p) and p > 0
    return f"power {p:.3g}", lambda x: x**p, lambda x: p * x ** (p - 1), real if whole else positive()


POWERS = (-3, -2, -0.5, 0.1, 1 / 3, 0.5, 1.5, 2, 2.5, 3, 4, 7)


def _wave(k: float) -> Row:
    return f"sin of {k:g} x", lambda x: np.sin(k * x), lambda x: k * np.cos(k * x), bounded(10.0)


def _bump(width: float) -> Row:
    def bump(x: Array) -> Array:
        return np.exp(-((x / width) ** 2))

    return f"bump of width {width:g}", bump, lambda x: -2 * x / width**2 * bump(x), bounded(10 * width)


def _resonance(place: float, width: float) -> Row:
    def slope(x: Array) -> Array:
        t = (x - place) / width
        return -2 * t / width / (1 + t * t) ** 2

    def near(x: Array) -> Array:
        return place + width * bounded(5.0)(x)

    return f"resonance at {place:g}", lambda x: 1 / (1 + ((x - place) / width) ** 2), slope, near


SCALES = [
    *map(_wave, (1e-200, 1e-12, 1e-6, 1e-3, 30.0, 1e3, 1e6, 1e12)),
    *map(_bump, (1e-10, 1e-4, 1e3)),
    _resonance(5e6, 10.0),
    _resonance(1e3, 1e-5),
]


def _pairs() -> list[Entry]:
    return [
        pairwise("add", np.add, lambda a, b: (np.ones_like(a), np.ones_like(b)), bounded(1e300)),
        pairwise("subtract", np.subtract, lambda a, b: (np.ones_like(a), -np.ones_like(b)), bounded(1e300)),
        pairwise("multiply", np.multiply, lambda a, b: (b, a), bounded(1e150)),
        pairwise("divide", np.divide, lambda a, b: (1 / b, -a / b / b), (bounded(1e100), positive(1e90, 1e-90))),
        pairwise("float power", lambda a, b: a**b, lambda a, b: (b * a ** (b - 1), a**b * np.log(a)),
                 (positive(1e10, 1e-10), bounded(10.0))),
        pairwise("hypot", np.hypot, lambda a, b: (a / np.hypot(a, b), b / np.hypot(a, b)), moderate),
        pairwise("arctan2", np.arctan2, _arctan2_slopes, (moderate, positive(1e100, 1e-100))),
        pairwise("logaddexp", np.logaddexp, lambda a, b: (_sigmoid(a - b), _sigmoid(b - a)), bounded(1e100)),
        pairwise("logaddexp2", np.logaddexp2, lambda a, b: (special.expit(np.log(2) * (a - b)),
                 special.expit(np.log(2) * (b - a))), bounded(1e3)),
        pairwise("xlogy", special.xlogy, lambda a, b: (np.log(b), a / b), (bounded(1e100), positive(1e100, 1e-100))),
        pairwise("xlog1py", special.xlog1py, lambda a, b: (np.log1p(b), a / (1 + b)),
                 (bounded(1e100), positive(1e100, 1e-100))),
        pairwise("relative entropy", special.rel_entr, lambda a, b: (np.log(a / b) + 1, -a / b),
                 positive(1e50, 1e-50)),
        pairwise("betaln", special.betaln, lambda a, b: (special.digamma(a) - special.digamma(a + b),
                 special.digamma(b) - special.digamma(a + b)), positive(50.0, 0.5)),
        pairwise("interpolation", lambda a, b: 0.3 * a + 0.7 * b,
                 lambda a, b: (np.full_like(a, 0.3), np.full_like(b, 0.7)), bounded(1e300)),
    ]  # fmt: skip


def _arctan2_slopes(a: Array, b: Array) -> tuple[Array, Array]:
    r = np.hypot(a, b)
    return b / r / r, -a / r / r


_OWN = {
    "tanh": {"of the output": lambda x: _over_cosh(np.tanh(x)), "as if x were the output": lambda x: 1 - x * x},
    "sigmoid": {"of the output": lambda x: _bell(_sigmoid(x)), "as if x were the output": lambda x: x * (1 - x)},
    "square": {"factor forgotten": lambda x: x},
    "power 3": {"exponent kept": lambda x: 3 * x**3},
}


def _entries() -> list[Entry]:
    kinds = cycle(KINDS)
    rows = [*UFUNCS, *SPECIAL, *SHAPED, *map(_power, POWERS), *SCALES]
    single = [
        elementwise(name, f, slope, domain, kind=next(kinds), slips=_OWN.get(name)) for name, f, slope, domain in rows
    ]
    shapes = [
        elementwise(f"{name} of shape {shape}", f, slope, tame, kind=kind, shape=shape)
        for name, f, slope, kind, shape in (
            ("sin", np.sin, np.cos, "vjp", (1,)),
            ("exp", np.exp, np.exp, "grad", (2, 2)),
            ("tanh", np.tanh, _over_cosh, "vjp", (2, 3)),
            ("cos", np.cos, lambda x: -np.sin(x), "grad", (2, 1, 3)),
            ("softplus", lambda x: np.logaddexp(0, x), _sigmoid, "grad", (8,)),
            ("sin", np.sin, np.cos, "grad", (30,)),
        )
    ]
    return [*single, *shapes, *_pairs()]


ENTRIES = _entries()
