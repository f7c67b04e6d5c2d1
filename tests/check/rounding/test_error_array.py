"""The bounds of the rules, against numbers of 50 digits; test_error_array_functions.py has NumPy's functions."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minibp.check.rounding.error_array import ErrorArray
from minibp.check.rounding.error_rules import RULES, Unfollowed

DTYPES = pytest.mark.parametrize("dtype", ["float64", "float32"])
POINTS = 12
MANY_DIGITS = mpmath.mp.clone()
MANY_DIGITS.dps = 50
ULPS = (0, 1, 1.45, 2.9, 1e3)
"""Errors of arguments; 1.45 and 2.9 are rounded towards the argument where they are added to it."""


def root(x):
    return MANY_DIGITS.sign(x) * MANY_DIGITS.cbrt(abs(x))


def log_of_sum(a, b):
    return MANY_DIGITS.log(MANY_DIGITS.exp(a) + MANY_DIGITS.exp(b))


M = MANY_DIGITS
UNARY = {
    np.exp: (M.exp, -80, 80),
    np.exp2: (lambda x: M.mpf(2) ** x, -100, 100),
    np.expm1: (M.expm1, -2, 80),
    np.log: (M.log, 0.9, 1.1),
    np.log2: (lambda x: M.log(x) / M.log(2), 0.9, 1.1),
    np.log10: (M.log10, 0.01, 1000),
    np.log1p: (M.log1p, -0.9, 2),
    np.sqrt: (M.sqrt, 0.01, 1e6),
    np.cbrt: (root, -8, 8),
    np.tanh: (M.tanh, -3, 3),
    np.arctan: (M.atan, -5, 5),
    np.sinh: (M.sinh, -80, 80),
    np.arcsinh: (M.asinh, -5, 5),
    np.arcsin: (M.asin, -0.999, 0.999),
    np.arccos: (M.acos, 0.99, 0.9999),
    np.arctanh: (M.atanh, 0.9, 0.999),
    np.arccosh: (M.acosh, 1.01, 10),
    np.sin: (M.sin, -100, 100),
    np.cos: (M.cos, -100, 100),
    np.negative: (lambda x: -x, -1, 1),
    np.positive: (lambda x: x, -1, 1),
    np.absolute: (abs, -1, 1),
    np.fabs: (abs, -1, 1),
    np.square: (lambda x: x * x, -3, 3),
    np.reciprocal: (lambda x: 1 / x, 0.1, 3),
}
"""The same function in many digits, and where its argument lies, which is hard for some."""
BINARY = {
    np.maximum: (max, (-1, 1), (-1, 1)),
    np.minimum: (min, (-1, 1), (-1, 1)),
    np.fmax: (max, (-1, 1), (-1, 1)),
    np.fmin: (min, (-1, 1), (-1, 1)),
    np.add: (lambda a, b: a + b, (-3, 3), (-3, 3)),
    np.subtract: (lambda a, b: a - b, (1, 1.001), (1, 1.001)),
    np.multiply: (lambda a, b: a * b, (-3, 3), (-3, 3)),
    np.divide: (lambda a, b: a / b, (-3, 3), (0.01, 3)),
    np.logaddexp: (log_of_sum, (-0.7, -0.69), (-0.7, -0.69)),
    np.power: (lambda a, b: a**b, (0.5, 2), (-40, 40)),
}


def drawn(low, high, dtype, rng):
    return np.sort(rng.uniform(low, high, POINTS)).astype(dtype)


def far(found, exact):
    """How far what was found is from what is exact, in units of the bound."""
    error = np.array([float(abs(M.mpf(float(a)) - b)) for a, b in zip(found.value, exact, strict=True)])
    return error[error > 0] / found.error[error > 0]


def test_every_rule_is_tested():
    assert {*UNARY, *BINARY, np.matmul} == set(RULES)


@DTYPES
@pytest.mark.parametrize("ufunc", UNARY, ids=lambda ufunc: ufunc.__name__)
def test_a_function_is_within_its_bound_of_all_that_its_argument_may_be(ufunc, dtype):
    exactly, low, high = UNARY[ufunc]
    x = drawn(low, high, dtype, np.random.default_rng(1))
    for ulps in ULPS:
        error = ulps * np.abs(np.spacing(x)).astype(float)
        found = ufunc(ErrorArray(x, error))
        assert found.value.tobytes() == ufunc(x).tobytes()
        for side in (-1, 0.37, 1):
            exact = [exactly(M.mpf(float(a)) + M.mpf(side * float(e))) for a, e in zip(x, error, strict=True)]
            assert far(found, exact).max(initial=0) <= 1


@DTYPES
@pytest.mark.parametrize("ufunc", BINARY, ids=lambda ufunc: ufunc.__name__)
def test_a_function_of_two_is_within_its_bound(ufunc, dtype):
    exactly, first, second = BINARY[ufunc]
    rng = np.random.default_rng(2)
    a, b = drawn(*first, dtype, rng), drawn(*second, dtype, rng)
    for ulps in ULPS:
        of_a = ulps * np.abs(np.spacing(a)).astype(float)
        of_b = 0 * of_a if ufunc is np.power else ulps * np.abs(np.spacing(b)).astype(float)
        found = ufunc(ErrorArray(a, of_a), ErrorArray(b, of_b))
        assert found.value.tobytes() == ufunc(a, b).tobytes()
        for side, other in ((-1, 1), (1, 1), (0.37, -1)):
            pairs = zip(a, of_a, b, of_b, strict=True)
            exact = [
                exactly(M.mpf(float(p)) + side * M.mpf(e), M.mpf(float(q)) + other * M.mpf(d)) for p, e, q, d in pairs
            ]
            assert far(found, exact).max(initial=0) <= 1


STEPS = {
    "add": (lambda a, b: a + b, lambda a, b: a + b),
    "subtract": (lambda a, b: a - b, lambda a, b: a - b),
    "multiply": (lambda a, b: a * b, lambda a, b: a * b),
    "divide": (lambda a, b: a / b, lambda a, b: a / b),
    "less 1": (lambda a, _: a - 1, lambda a, _: a - 1),
    "tanh": (lambda a, _: np.tanh(a), lambda a, _: M.tanh(a)),
    "exp": (lambda a, _: np.exp(-np.abs(a)), lambda a, _: M.exp(-abs(a))),
    "sin": (lambda a, _: np.sin(a), lambda a, _: M.sin(a)),
    "log": (lambda a, _: np.log1p(np.square(a)), lambda a, _: M.log1p(a * a)),
    "root": (lambda a, _: np.sqrt(1 + a**2), lambda a, _: M.sqrt(1 + a * a)),
    "larger": (np.maximum, max),
    "softplus": (lambda a, b: np.logaddexp(a, b) + 3, lambda a, b: log_of_sum(a, b) + 3),
}
PROGRAMS = st.lists(
    st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8
)


def run(program, numbers, which):
    """Each step takes two of the numbers there are, counted from the last, and adds one."""
    numbers = list(numbers)
    for name, i, j in program:
        numbers.append(STEPS[name][which](numbers[-1 - i % len(numbers)], numbers[-1 - j % len(numbers)]))
    return numbers[-1]


@DTYPES
@settings(max_examples=60)
@given(program=PROGRAMS, numbers=st.lists(st.floats(-4, 4), min_size=3, max_size=3))
def test_what_rules_add_up_to_is_a_bound(program, numbers, dtype):
    given_ = [np.array([number], dtype) for number in numbers]
    try:
        with np.errstate(all="ignore"):
            found = run(program, map(ErrorArray, given_), 0)
            value = run(program, given_, 0)
    except Unfollowed:  # a power of a number that may be 0
        return
    assert found.value.dtype == value.dtype
    assert np.array_equal(found.value, value, equal_nan=True)
    assert not (found.error < 0).any()
    if np.isfinite(found.value).all() and np.isfinite(found.error).all():
        try:
            exact = run(program, [M.mpf(float(x[0])) for x in given_], 1)
        except ZeroDivisionError:  # of a number that is not used
            return
        assert abs(M.mpf(float(found.value[0])) - exact) <= float(found.error[0])


PRODUCTS = {
    "matmul": np.matmul,
    "dot": np.dot,
    "method dot": lambda a, b: a.dot(b),
    "inner": lambda a, b: np.inner(a, b.T),
    "tensordot": lambda a, b: np.tensordot(a, b, 1),
    "tensordot axes": lambda a, b: np.tensordot(a, b, axes=([1], [0])),
    "einsum": lambda a, b: np.einsum("ij,jk->ik", a, b),
    "outer": lambda a, b: np.outer(a[:, 0], b[0]),
}


def exact_numbers(*terms):
    """The sum of arrays as fractions."""
    return sum(np.vectorize(Fraction, otypes=[object])(np.asarray(term, float)) for term in terms)


def distance(found, exact):
    """How far what was found is from what is exact."""
    return np.asarray(abs(exact_numbers(found.value) - exact), float)


@DTYPES
@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_is_within_a_bound_that_is_that_of_its_terms(name, dtype):
    rng, n = np.random.default_rng(3), 30
    a, b = rng.standard_normal((3, n)).astype(dtype), rng.standard_normal((n, 2)).astype(dtype)
    a[0], unit = a[0] * 1e6, float(np.finfo(dtype).eps) / 2
    error_a, error_b = 3 * unit * np.abs(a), 2 * unit * np.abs(b)
    found = PRODUCTS[name](ErrorArray(a, error_a), ErrorArray(b, error_b))
    assert np.array_equal(found.value, PRODUCTS[name](a, b))
    terms = 1 if name == "outer" else n
    exact = exact_numbers(a, error_a)[:, :terms] @ exact_numbers(b, -error_b)[:terms]
    assert (distance(found, exact) <= found.error).all()
    sizes = np.abs(a).astype(float)[:, :terms] @ np.abs(b).astype(float)[:terms]
    assert (found.error <= 1.01 * (5 + terms) * unit * sizes).all()


@DTYPES
@pytest.mark.parametrize("name", ["sum", "mean"])
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)], ids=repr)
def test_a_sum_is_within_its_bound(name, axis, dtype):
    rng = np.random.default_rng(4)
    x = (rng.standard_normal((40, 3)) * 10.0 ** rng.integers(0, 6, (40, 3))).astype(dtype)
    error = 1e-12 * np.abs(x).astype(float)
    found = getattr(np, name)(ErrorArray(x, error), axis=axis)
    assert np.array_equal(found.value, getattr(x, name)(axis=axis))
    assert found.dtype == x.dtype
    exact = exact_numbers(x, error).sum(axis=axis)
    exact = exact / Fraction(x.size // np.size(exact)) if name == "mean" else exact
    assert (distance(found, exact) <= found.error).all()
    sizes = getattr(np.abs(x).astype(float), name)(axis=axis)
    assert (found.error <= 1.01 * (1e-12 + (x.size + 1) * float(np.finfo(dtype).eps) / 2) * sizes).all()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


PLAIN = {
    "sigmoid": (sigmoid, 40),
    "its slope": (lambda x: sigmoid(x) * (1 - sigmoid(x)), 300),
    "slope of tanh": (lambda x: 1 - np.tanh(x) ** 2, 400),
    "softmax": (softmax, 50),
    "norm": (lambda x: x / np.sqrt((x**2).sum()), 25),
    "log of a sum": (lambda x: np.log(np.exp(x).sum()), 40),
    "polynomial": (lambda x: 3 * x**2 + 2 * x**4, 15),
}
"""Functions of numbers of size 1, and how large a part of the result the bound may be, in units of u.

A library function counts 8 to 10 u; what cancels, as 1 − tanh² up to 1.9, divides by what is left.
"""


@DTYPES
@pytest.mark.parametrize("name", PLAIN)
def test_bounds_of_plain_functions_are_some_units_of_rounding(name, dtype):
    f, units = PLAIN[name]
    x = np.array([0.3, 0.7, 1.1, 1.9], dtype)
    found = f(ErrorArray(x))
    assert (found.error <= units * float(np.finfo(dtype).eps) / 2 * np.abs(found.value)).all()


def test_numbers_that_are_exact_have_no_error_until_they_are_rounded():
    x = ErrorArray(np.array([1.0, -2.0]))
    for exact in (x, -x, abs(x), np.maximum(x, 0.5), x.max(), x[0]):
        assert not exact.error.any()
    assert (np.array([2.0, 1.0]) @ ErrorArray(np.eye(2))).error.max() <= 3 * 2.0**-53 * 2


def test_a_division_by_what_may_be_0_has_no_bound():
    found = 1 / ErrorArray(np.array([1e-3, 1.0]), 1e-2)
    assert np.isinf(found.error[0])
    assert found.error[1] <= 1.02e-2
    with np.errstate(divide="ignore"):
        assert not (ErrorArray(np.array([0.0])) / np.array([2.0])).error > 1e-300
        assert np.isinf(np.log(ErrorArray(np.array([1e-3]), 1e-2)).error)
