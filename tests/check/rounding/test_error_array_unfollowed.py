"""Steps of a computation that have no rule, and comparisons that rounding may turn around."""

import math

import numpy as np
import pytest

from minibp.check.rounding.error_array import ErrorArray
from minibp.check.rounding.error_rules import Unfollowed

X = np.random.default_rng(5).standard_normal((3, 4))


def carried():
    return ErrorArray(X, 1e-9)


UNFOLLOWED = {
    "an array": (np.asarray, "plain array"),
    "an entry of an array": (lambda x: np.array([x[0, 0], 1.0]), "plain array"),
    "an array written into": (lambda x: np.add(x, 1, out=np.zeros((3, 4))), "written into a plain array"),
    "a number": (lambda x: float(x[0, 0]), "a number"),
    "a function of math": (lambda x: math.sin(x[0, 0]), "a number"),
    "a complex number": (lambda x: complex(x[0, 0]), "a number"),
    "an index": (lambda x: [1, 2, 3][x[0, 0]], "a number"),
    "an index of an array": (lambda x: X[x], "plain array"),
    "a truth": (lambda x: 1 if x.sum() else 2, "truth"),
    "an unknown ufunc": (np.floor, "floor"),
    "two results": (np.modf, "modf"),
    "an unknown function": (np.cumsum, "cumsum"),
    "an unknown norm": (lambda x: np.linalg.norm(x, 1), "norms of an order"),
    "an unknown reduction": (np.multiply.reduce, "multiply.reduce"),
    "a ufunc in another precision": (lambda x: np.add(x, 1, dtype=np.float32), "add"),
    "a ufunc of some": (lambda x: np.add(x, 1, where=X > 0), "add"),
    "a condition": (lambda x: np.where(x, 1, 2), "condition"),
    "an exponent": (lambda x: np.power(2.0, x), "power"),
    "a bound": (lambda x: np.clip(X, x, 1), "clip"),
    "a full array": (lambda x: np.full_like(x, x[0, 0]), "copyto"),
    "integers": (lambda x: (x / 3).astype(int), "int"),
}


@pytest.mark.parametrize("name", UNFOLLOWED)
def test_what_has_no_rule_is_not_followed(name):
    f, why = UNFOLLOWED[name]
    with pytest.raises(Unfollowed, match=why):
        f(carried())


NEAR = ErrorArray(np.array([1.0, 2.0]), np.array([1e-3, 0.0]))
COMPARISONS = {
    "greater": lambda x, y: x > y,
    "greater or equal": lambda x, y: x >= y,
    "less": lambda x, y: x < y,
    "less or equal": lambda x, y: x <= y,
    "equal": lambda x, y: x == y,
    "not equal": lambda x, y: x != y,
    "the other way": lambda x, y: y < x,
    "sign": lambda x, y: np.sign(x - y),
}


@pytest.mark.parametrize("name", COMPARISONS)
def test_a_comparison_has_to_hold_for_all_that_the_numbers_may_be(name):
    compare = COMPARISONS[name]
    for y in (0.0, 1 + 1.1e-3, 1 - 1.1e-3):
        assert np.array_equal(compare(NEAR, y), compare(NEAR.value, y))
    for y in (1.0, 1 + 0.9e-3, 1 - 0.9e-3, ErrorArray(1.005, 0.0045)):
        with pytest.raises(Unfollowed, match="equal within their errors"):
            compare(NEAR, y)


def test_numbers_that_are_exact_may_be_equal():
    exact = ErrorArray(NEAR.value)
    assert (exact > 1).tolist() == [False, True]
    assert np.sign(ErrorArray(np.array([0.0, -1.0]))).tolist() == [0, -1]


def test_numbers_that_are_exactly_equal_are_compared_beside_others():
    assert (ErrorArray(np.array([0.0, 1.0]), np.array([0.0, 1e-16])) > 0).tolist() == [False, True]


def test_an_entry_cannot_be_written_into_a_plain_array():
    """NumPy gives its own reason, and the other as the cause."""
    with pytest.raises(ValueError, match="array element") as raised:
        np.zeros(2)[0] = carried()[0, 0]
    assert isinstance(raised.value.__cause__, Unfollowed)


def test_a_power_of_what_may_be_0_is_not_followed():
    with pytest.raises(Unfollowed, match="may be 0"):
        ErrorArray(np.array([1e-3, 1.0]), 1e-2) ** 2
    exact = ErrorArray(np.array([0.0, 1.0])) ** 2
    assert exact.error.max() <= 8 * 2.0**-53
