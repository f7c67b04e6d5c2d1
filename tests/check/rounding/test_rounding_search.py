"""The rounding of σ and σ' against the largest errors found by search among the numbers of a dtype."""

import numpy as np
import pytest
from adversary import near

from minibp.activations import ACTIVATIONS, LEAKY_SLOPE
from minibp.check.rounding.arithmetic import arithmetic_of
from minibp.check.rounding.layer import activated, derivative


def logistic(z):
    return 1 / (1 + np.exp(-z))


FORMULAS = {
    "sigmoid": [logistic],
    "tanh": [np.tanh],
    "leaky_relu": [lambda z: np.where(z >= 0, z, z.dtype.type(LEAKY_SLOPE) * z)],
    "elu": [lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0)))],
    "softplus": [lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))],
    "silu": [lambda z: z * logistic(z), lambda z: z / (1 + np.exp(-z))],
}
SLOPES = {
    "sigmoid": [lambda z: logistic(z) * logistic(-z)],
    "tanh": [lambda z: 4 * logistic(2 * z) * logistic(-2 * z), lambda z: 1 / np.cosh(z) ** 2],
    "elu": [lambda z: np.exp(np.minimum(z, 0))],
    "softplus": [logistic],
    "silu": [lambda z: logistic(z) * (1 + z * logistic(-z))],
}
GRANTED = {"float16": 1.0, "float32": 8.0}
"""The error of library functions: NumPy rounds float16's once, from float32."""


def numbers(dtype):
    """All of float16's, or many of float32's, up to where e^z overflows."""
    if dtype == "float16":
        z = np.arange(2**16, dtype=np.uint16).view(np.float16)
        return z[np.isfinite(z) & (np.abs(z) < 11)]
    rng = np.random.default_rng(3)
    return np.concatenate([rng.uniform(-s, s, 20_000) for s in (1e-3, 1, 20, 80)]).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "dtype"),
    # Of float16's 0.01 z, most that is granted is underflow.
    [(name, dtype) for name in FORMULAS for dtype in GRANTED if (name, dtype) != ("leaky_relu", "float16")],
)
def test_a_search_finds_no_rounding_beyond_the_bound_and_much_of_it(name, dtype):
    activation, fp = ACTIVATIONS[name], arithmetic_of(dtype, GRANTED[dtype], prime_from_value=False)
    z = numbers(dtype)
    at = near(z)
    a = activated(at, activation, fp)
    p = derivative(at, a, activation, fp)
    found = {}
    with np.errstate(over="ignore", invalid="ignore"):
        for kind, exact, formulas in (
            ("a", a, [activation.value, *FORMULAS[name]]),
            ("p", p, [activation.prime, *SLOPES.get(name, [])]),
        ):
            errors = [np.abs(formula(z).astype(float) - exact.value) for formula in formulas]
            granted = exact.error > 0
            assert not any(error[~granted].any() for error in errors)
            found[kind] = max(float((error / exact.error)[granted].max()) for error in errors)
    assert max(found.values()) <= 1
    # Roundings seldom all have one sign: a third to two thirds of the bound are found in most of these functions.
    assert max(found.values()) >= 0.3
