import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibp import InputError
from minibp.activation import (
    AdoptedActivation,
    checked_constant,
    exp_of_minus_abs,
    log_one_and_decay,
    logistic,
    name_of_member,
    not_positive,
)

Z = np.array([-800.0, -40.0, -1e-8, 0.0, 1e-8, 2.0, 40.0, 800.0])


@given(st.floats(min_value=0, exclude_min=True, allow_infinity=False))
def test_a_name_keeps_every_bit_of_its_constant(constant):
    name = name_of_member("family", constant, usual=0.0)
    family, _, rest = name.partition("(")
    assert family == "family"
    assert float(rest.removesuffix(")")) == constant


def test_the_usual_constant_is_left_out_of_the_name():
    assert name_of_member("elu", 1.0, usual=1.0) == "elu"
    assert name_of_member("elu", 20.0, usual=1.0) == "elu(20)"


@pytest.mark.parametrize(
    "value", [0, -0.2, math.nan, math.inf, "0.2", None, 1j, 10**400], ids=lambda value: repr(value)[:9]
)
def test_other_constants_are_rejected(value):
    with pytest.raises(InputError, match=r"slope is .*, expected a finite number above 0"):
        checked_constant("slope", value)


@pytest.mark.parametrize("value", [1, 0.5, np.float32(0.25), np.int64(3), 5e-324], ids=repr)
def test_constants_are_floats(value):
    assert type(checked_constant("slope", value)) is float
    assert checked_constant("slope", value) == value


def test_parts_of_formulas_neither_overflow_nor_lose_digits():
    with np.errstate(over="raise", invalid="raise"):
        decay, log, sigmoid, low = (f(Z) for f in (exp_of_minus_abs, log_one_and_decay, logistic, not_positive))
    with mpmath.workdps(40):
        exact = [mpmath.exp(-abs(mpmath.mpf(z))) for z in Z]
        assert np.allclose(decay, np.array(exact, float), rtol=1e-15, atol=0)
        assert np.allclose(log, np.array([mpmath.log1p(e) for e in exact], float), rtol=1e-15, atol=0)
        assert np.allclose(sigmoid, [float(1 / (1 + mpmath.exp(-mpmath.mpf(z)))) for z in Z], rtol=1e-15, atol=0)
    assert low.tolist() == [-800.0, -40.0, -1e-8, 0.0, 0, 0, 0, 0]


def test_parts_of_formulas_take_complex_steps_and_have_0_on_the_right():
    h = 1e-100
    assert exp_of_minus_abs(np.array([1j * h])).imag == -h
    assert logistic(np.array([1j * h])).imag == h / 4
    assert not_positive(np.array([1j * h])).imag == h
    real, moved = log_one_and_decay(Z), log_one_and_decay(Z + 1j * h)
    assert np.allclose(moved.real, real, rtol=1e-15, atol=0)  # log1p of a small complex number has none of its digits
    assert np.allclose(moved.imag, np.where(Z >= 0, -1, 1) * h * logistic(-np.abs(Z)), rtol=1e-15, atol=0)


def test_an_object_that_is_adopted_keeps_what_it_says_of_itself():
    class Theirs:
        name, bounds, kinks, elementwise = "theirs", (0.0, 2.0), [1.0], False

        def value(self, z):
            return z

        def prime(self, z):
            return 1 + 0 * z

    adopted = AdoptedActivation(Theirs())
    assert (adopted.name, adopted.bounds, adopted.kinks, adopted.elementwise) == ("theirs", (0.0, 2.0), (1.0,), False)
