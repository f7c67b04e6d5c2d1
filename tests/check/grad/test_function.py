import math
import warnings

import numpy as np
import pytest
from grad_programs import function_at
from hypothesis import given
from hypothesis import strategies as st

from minibp.check.grad.arguments import Arguments, Breach, Misuse
from minibp.check.grad.function import REPEATED, Function
from minibp.check.oracles.estimate import OracleUnavailable

X = np.array([0.7, -1.3, 2.1])
U = 2.0**-53


def scalar_at(f, x=X):
    with np.errstate(all="ignore"):
        return Function("f", f, Arguments(f, x), np.random.default_rng(3), scalar=True)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(2, id="int"),
        pytest.param(2.0, id="float"),
        pytest.param(np.float32(2), id="float32"),
        pytest.param(np.array([[2.0]]), id="matrix"),
        pytest.param([2.0], id="list"),
        pytest.param(np.array(2, np.int8), id="int8"),
        pytest.param({"cost": 2.0}, id="dict"),
    ],
)
def test_one_number_may_have_any_shape_and_real_dtype(value):
    assert scalar_at(lambda x: value).at.tolist() == [2]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "f returned a NoneType, expected one real number"),
        ("1", "f returned a str, expected one real number"),
        pytest.param(True, "f returned a bool, expected one real number", id="boolean"),
        pytest.param(1j, "f returned numbers of dtype complex128, expected one real number", id="complex"),
        pytest.param(np.ones(2), r"f returned an array of shape \(2,\), expected one number", id="two"),
        pytest.param((1.0, None), "f returned a tuple.*, expected one real number", id="tuple"),
    ],
)
def test_a_scalar_function_that_returns_anything_else_is_misuse(value, message):
    with pytest.raises(Misuse, match=message):
        scalar_at(lambda x: value)


@pytest.mark.parametrize("value", [None, "1", True, pytest.param(np.array([]), id="empty")])
def test_a_function_whose_result_has_no_numbers_is_misuse(value):
    with pytest.raises(Misuse, match="f returned a .*, expected an array, or a structure of arrays"):
        function_at(lambda x: value, X)


def test_nothing_finite_is_a_breach_and_no_misuse():
    with pytest.raises(Breach, match="f returned nan, expected a finite number") as caught:
        function_at(lambda x: np.full(2, np.nan), X)
    assert caught.type is Breach


def test_entries_that_are_not_finite_are_left_out():
    found = function_at(lambda x: np.array([x[0], np.inf * x[1], x[2]]), X)
    assert found.kept.tolist() == [True, False, True]
    assert len(found) == len(found.noise) == len(found.unit) == 2
    assert found.at.tolist() == [X[0], X[2]]
    assert [found.place(i)[1] for i in range(2)] == [(0,), (2,)]
    assert found(2 * X).tolist() == [2 * X[0], 2 * X[2]]


def test_results_have_places_in_the_structure_that_f_returns():
    found = function_at(lambda x: {"y": x[:2], "rest": (x[2] + 1j, "text")}, X)
    assert [found.place(i) for i in range(4)] == [
        ("out['y']", (0,), ""), ("out['y']", (1,), ""), ("out['rest'][0]", (), ".real"),
        ("out['rest'][0]", (), ".imag"),
    ]  # fmt: skip


class Sequence:
    """A function that gives one value after another."""

    def __init__(self, *values):
        self.values = list(values)

    def __call__(self, x):
        value = self.values.pop(0) if len(self.values) > 1 else self.values[0]
        if isinstance(value, Exception):
            raise value
        return value


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param((1.0, 2.0), "f returned 1 and then 2 at the same x, expected the same number", id="another"),
        pytest.param((1.0, np.nan), "f returned 1 and then nan at the same x", id="nan"),
        pytest.param((1.0, 1 + 2.0**-40), "f returned 1 and then 1.0000000000009095 at the same", id="late digits"),
        pytest.param((np.ones(2), np.array([1.0, 3.0])), "f returned 1 and then 3 at the same x", id="one of two"),
        pytest.param((1.0, None), "f returned a NoneType.*; an earlier call at the same x gave a result", id="None"),
        pytest.param((1.0, ValueError("no")), "f raised ValueError: no.*; an earlier call at the same x", id="raises"),
        pytest.param((np.ones(2), np.ones(3)), "at the same x|another shape", id="shape"),
    ],
)
def test_a_second_call_that_gives_anything_else_is_a_breach(values, message):
    with pytest.raises(Breach, match=message) as caught:
        function_at(Sequence(*values), X)
    assert caught.type is Breach


def test_nan_is_the_same_as_nan():
    assert function_at(lambda x: np.array([np.nan, x[0]]), X).at.tolist() == [X[0]]


def test_what_was_seen_nearby_has_to_be_seen_again():
    calls = []

    def adds_up(x):
        calls.append(1)
        return x.sum() + (len(calls) > 200) * 1e-9

    found = function_at(adds_up, X)
    for _ in range(20):
        found(X + 0.5)
    found.expect_what_was_seen()
    calls += [1] * 200
    with pytest.raises(
        Breach, match="at the same point near x, expected the same number: it is random, or keeps state"
    ):
        found.expect_what_was_seen()


@given(st.integers(0, 500))
def test_of_many_calls_a_fair_sample_is_kept(more):
    found = function_at(lambda x: x.sum(), X)
    for k in range(more):
        found(X + k)
    assert len(found.kept_values) == min(more, REPEATED)
    assert all(value[0] == flat.sum() for flat, value in found.kept_values)


def test_f_computes_in_double_precision_where_it_can():
    kinds = []

    def f(x):
        kinds.append(x.dtype.name)
        return x.sum()

    found = function_at(f, X.astype(np.float32))
    assert (found.dtype, kinds[0], kinds[-1]) == (np.float64, "float32", "float64")
    assert found.unit.tolist() == [U]


def test_f_that_takes_nothing_but_single_precision_is_left_in_it():
    def f(x):
        if x.dtype != np.float32:
            raise TypeError
        return x.sum()

    found = function_at(f, X.astype(np.float32))
    assert found.dtype is None
    assert found.unit.tolist() == [2.0**-24]
    fine = X.astype(np.float32).astype(float) * (1 + 1e-12)
    assert found.rounded(fine).tolist() == X.astype(np.float32).tolist()


def test_of_single_precision_alone_points_are_rounded_also_where_values_do_not_tell():
    def f(x):
        if x.dtype != np.float32:
            raise TypeError
        return 1.0

    found = function_at(f, X.astype(np.float32))
    assert found.grid is None
    assert found.rounded(X).tolist() == X.astype(np.float32).tolist()


def test_the_point_that_f_computes_with_is_that_of_its_format():
    found = function_at(lambda x: np.sin(x.astype(np.float32).astype(float)), X)
    assert found.grid is np.float32
    assert found.rounded(X).tolist() == X.astype(np.float32).tolist()
    assert function_at(np.sin, X).rounded(X) is X


def test_what_f_is_said_to_be_good_for_is_its_noise():
    assert function_at(np.sin, X, accuracy=0.5).noise.tolist() == [0.5] * 3
    floor = function_at(lambda x: x, X, floor=np.array([0.25, 0, 0])).noise
    assert floor[0] == 0.25
    assert (floor[1:] < 1e-12).all()


def test_where_f_raises_or_returns_another_shape_it_has_no_value():
    def f(x):
        if x[0] > 10:
            raise ValueError
        return x if x[0] > -10 else x[:1]

    found = function_at(f, X)
    assert np.isnan(found(X + 100)).all()
    assert np.isnan(found(X - 100)).all()
    assert found(X + 1).tolist() == (X + 1).tolist()


def test_every_call_is_counted():
    found = function_at(np.sin, X)
    before = found.calls
    found(X)
    found.complex_value(X + 1e-20j)
    assert found.calls == before + 2


def test_complex_values_are_those_of_f():
    found = function_at(lambda x: np.array([np.exp(x[0]), np.inf, x[1] ** 2]), X)
    z = X + 1e-20j
    assert found.complex_value(z).tolist() == [np.exp(z[0]), z[1] ** 2]


def drops_the_imaginary_part(x):
    out = np.zeros(3)
    out[:] = np.sin(x)
    return out


@pytest.mark.parametrize(
    ("f", "message"),
    [
        pytest.param(lambda x: np.sin(x).real, "f takes no complex numbers: it returns float64 for them", id="real"),
        pytest.param(lambda x: (x, x.real), "it returns float64 for them", id="one of two is real"),
        pytest.param(lambda x: math.sin(x[0].item()), "f takes no complex numbers: TypeError", id="math"),
        pytest.param(drops_the_imaginary_part, "f takes no complex numbers: it returns float64", id="discarded"),
        pytest.param(
            lambda x: x[:2] if np.iscomplexobj(x) else x, "f returns another shape for complex numbers", id="shape"
        ),
        pytest.param(lambda x: "text" if np.iscomplexobj(x) else x, "takes no complex numbers", id="text"),
    ],
)
def test_f_without_complex_values_is_unavailable_there(f, message):
    found = function_at(f, X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(OracleUnavailable, match=message):
            found.complex_value(X + 1e-20j)
