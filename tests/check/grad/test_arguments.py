import re
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minibp.arrays import InputError
from minibp.check.grad.arguments import Arguments, Breach, Misuse, names_of_arguments


class Point(NamedTuple):
    w: Any
    b: Any


def one(x):
    return x


def two(w, b):
    return w, b


def arguments(x, f=one, **given):
    return Arguments(f, x, **given)


EXPECTED = "expected an array, a number, or a tuple, list or dict of them"


@given(hnp.arrays(hnp.integer_dtypes() | hnp.unsigned_integer_dtypes(), hnp.array_shapes(min_dims=0)))
def test_integers_alone_become_the_same_numbers_or_are_rejected(x):
    if any(int(float(k)) != k for k in x.ravel().tolist()):
        with pytest.raises(InputError, match="which float64 cannot hold exactly"):
            arguments(x)
        return
    found = arguments(x)
    [array] = found.at(found.flat)
    assert array.dtype == np.float64
    assert array.astype(object).tolist() == x.tolist()
    assert (found.integers, found.notes) == ({"x"}, ["x has integers, taken as float64"])


@given(
    hnp.arrays(
        st.sampled_from(["float32", "float64"]), hnp.array_shapes(min_dims=0), elements=st.floats(-1e3, 1e3, width=32)
    )
)
def test_floats_and_lists_of_them_are_taken_as_they_are(x):
    found = arguments(x)
    [array] = found.at(found.flat)
    assert (found.several, found.names, found.integers, found.notes) == (False, ["x"], set(), [])
    assert array.dtype == x.dtype
    assert np.array_equal(array, x)
    of_list = arguments(x.tolist())
    assert np.array_equal(of_list.at(of_list.flat)[0], x)
    both = arguments((x, x.tolist()))
    assert (both.several, both.names) == (True, ["x[0]", "x[1]"])


def test_integers_and_all_else_beside_floats_are_passed_on():
    indices = np.array([0, 2])
    found = arguments((np.ones(2), indices, True, "relu", None, np.array([True])))
    assert len(found) == 2
    weights, *rest = found.at(2 * found.flat)
    assert weights.tolist() == [2, 2]
    assert rest[0].tolist() == [0, 2]
    assert rest[0].dtype == indices.dtype
    assert rest[1:4] == [True, "relu", None]
    assert found.notes == []


def test_integers_that_a_claim_differentiates_by_are_taken_as_floats_beside_floats():
    found = arguments((np.ones(2), np.array([3])), whole=frozenset({"x[1]"}))
    assert found.flat.tolist() == [1, 1, 3]
    assert found.notes == ["x[1] has integers, taken as float64"]


def test_arrays_of_jax_are_taken_and_the_notes_say_what_the_functions_get():
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    found = arguments((1.0, jax.numpy.ones(2, "float32")))
    array = found.at(found.flat)[1]
    assert type(array) is np.ndarray
    assert array.dtype == np.float32
    assert found.notes == ["x[1] is an array of JAX; f and grad get NumPy arrays"]
    with pytest.raises(InputError, match="x has dtype bfloat16, expected float64 or float32"):
        arguments(jax.numpy.ones(2, "bfloat16"))
    key = jax.random.key(0)
    found = arguments({"key": key, "w": 1.0})
    assert found.at(found.flat)[0] == {"key": key, "w": 1.0}
    with pytest.raises(InputError, match="x is a jax.PRNGKeyArray, expected"):
        arguments(key)
    with pytest.raises(InputError, match=re.escape(EXPECTED)):
        jax.jit(lambda x: arguments(x).flat)(jax.numpy.ones(2))


@pytest.mark.parametrize(
    ("f", "x", "several"),
    [
        pytest.param(two, [np.ones(2), np.ones(3)], True, id="a list of as many as f takes"),
        pytest.param(one, [np.ones(2), np.ones(3)], False, id="a list, and f takes one"),
        pytest.param(two, [1.0, 2.0], False, id="a list of numbers"),
        pytest.param(max, [np.ones(2), np.ones(3)], False, id="a list, and f has no signature"),
        pytest.param(lambda w, b=0: w, [np.ones(2), np.ones(3)], False, id="a list, and f needs one"),
        pytest.param(one, (np.ones(2),), True, id="a tuple of one"),
        pytest.param(one, Point(1.0, 2.0), False, id="a named tuple"),
    ],
)
def test_what_is_several_arguments_and_what_is_one(f, x, several):
    assert arguments(x, f).several is several


def test_arguments_are_called_by_the_names_that_f_has_for_them():
    x = (np.ones(2), {"rate": 1.0})
    assert [leaf.name for leaf in arguments(x, two, named=True).structure.leaves] == ["w", "b['rate']"]
    assert arguments(x, two).names == ["x[0]", "x[1]"]
    assert arguments(x, lambda w: w, named=True).names == ["x[0]", "x[1]"]  # f has not as many
    assert arguments(x, lambda *x: x, named=True).names == ["x[0]", "x[1]"]
    assert arguments(1.0, name="start").names == ["start"]
    no_signature = type("Odd", (), {"__call__": one, "__signature__": "none"})()
    assert arguments(1.0, no_signature, named=True).names == ["x"]


def test_infinite_entries_are_held_as_given():
    found = arguments(np.array([1.0, -np.inf, 2.0]))
    assert found.movable.tolist() == [True, False, True]
    assert found.notes == ["1 infinite entry is held as given"]
    assert arguments((np.full(2, np.inf), 1.0)).notes == ["2 infinite entries are held as given"]
    assert np.isfinite(found.scale).all()


@given(hnp.arrays(float, st.integers(1, 6), elements=st.sampled_from([0.0, 1e-300, -0.5, 3.0, 1e200])))
def test_the_scale_is_the_size_of_an_entry_or_of_its_array(x):
    scale = arguments(x).scale
    assert (scale > 0).all()
    assert scale[x != 0].tolist() == np.abs(x[x != 0]).tolist()
    assert (scale[x == 0] <= 1).all()


def test_an_exact_zero_has_the_scale_of_its_own_array():
    found = arguments((np.array([0.0, 1e-3, -1e-3]), np.zeros(2), np.array([0.0, 500.0])))
    assert found.scale.tolist() == [1e-3, 1e-3, 1e-3, 1, 1, 1, 500]


def test_numbers_of_any_byte_order_are_the_machines_own():
    found = arguments(np.array([1.0, 2.0], ">f8"))
    assert found.at(found.flat)[0].dtype == np.dtype(float)
    assert found.flat.tolist() == [1, 2]


def test_a_function_gets_arrays_that_it_may_write_to_and_is_found_out():
    def writes(x):
        x[0] = 5

    x = np.ones(2, np.float32)
    found = arguments(x)
    with pytest.raises(Breach, match="^f changed its argument in place, expected it to be left as it is$") as caught:
        found.called("f", writes)
    assert caught.type is Breach
    assert x.tolist() == found.at(found.flat)[0].tolist() == [1, 1]


def test_what_is_passed_on_is_not_the_callers_to_lose():
    indices = np.array([2, 1])
    found = arguments((1.0, indices), lambda x, k: x)
    with pytest.raises(Breach, match="changed its argument in place"):
        found.called("f", lambda x, k: k.sort())
    assert indices.tolist() == [2, 1]


def test_what_a_function_raises_is_misuse_with_its_place_and_the_point():
    def breaks(w, b):
        raise ValueError("no\nsuch")

    message = r"f raised ValueError: no such, at x = \(\[1.0\], 2.0\) \(\S*test_arguments\.py, line \d+: raise ValueEr"
    with pytest.raises(Misuse, match=message):
        arguments((np.ones(1), 2.0)).called("f", breaks)
    with pytest.raises(Misuse, match="f and grad get NumPy arrays, to be converted inside them"):
        arguments(np.ones(2)).called("f", lambda x: x.clone())
    with pytest.raises(Misuse, match="at x = {'kind': 'abc', 'w': array"):
        arguments({"w": np.ones(1), "kind": "abc"}).called("f", lambda x: x["b"])


def test_arrays_that_make_no_array_together_are_shown_as_they_are():
    with pytest.raises(
        Misuse, match=r"f raised TypeError: .*, at x = \[array\(\[1., 1.\]\), array\(\[1., 1., 1.\]\)\]"
    ):
        arguments([np.ones(2), np.ones(3)]).called("f", lambda x: x**2)


def test_more_arguments_come_after_the_point():
    assert arguments((1.0, 2.0)).called("f", lambda *given: given, "more") == (1.0, 2.0, "more")


def test_the_sign_of_a_zero_is_kept_where_it_is_not_moved():
    """Adding a step of 0 to −0 gives +0, of which a copied sign, an arctangent or a quotient is another."""
    found = arguments((np.array([1.0, -0.0]), -0.0, 0.0))
    moved = found.flat + np.array([0.5, 0, 0, 0])
    assert [np.signbit(leaf).tolist() for leaf in found.at(moved)] == [[False, True], True, False]
    imaginary = found.at(found.flat + 1e-20j * np.array([1, 0, 0, 0]), np.complex128)
    assert np.signbit(imaginary[0].real).tolist() == [False, True]
    away = found.flat + np.array([0, 0.5, 0, 0])
    assert found.at(away)[0].tolist() == [1.0, 0.5]


def many(x, *inputs):
    return x


@pytest.mark.parametrize(
    ("f", "count", "expected"),
    [
        (two, 2, ["w", "b"]),
        (two, 3, ["x[0]", "x[1]", "x[2]"]),
        (many, 3, ["x", "inputs[0]", "inputs[1]"]),
        (None, 2, ["x[0]", "x[1]"]),
        (max, 2, ["x[0]", "x[1]"]),
    ],
    ids=["names", "too few", "others by number", "no function", "no signature"],
)
def test_what_arguments_are_called(f, count, expected):
    assert names_of_arguments(f, count, several=True) == expected
