import math

import numpy as np
import pytest
from case_ids import written_out

from minibp.arrays import (
    InputError,
    checked_array,
    checked_count,
    checked_dtype,
    checked_vector,
    in_parts,
    is_foreign,
    namespace,
    read_only,
)


def refused(message, call, *args, **kwargs):
    with pytest.raises(InputError, match=message) as caught:
        call(*args, **kwargs)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[1, 2]], "x has dtype int64, expected float64 or float32"),
        ([[None]], "x has dtype object"),
        ([["a"]], "x has dtype str"),
        ([[True]], "x has dtype bool"),
        ([[1j]], "x has dtype complex128"),
        pytest.param(np.ones((1, 1), np.float16), "x has dtype float16", id="float16"),
        ([[1.0], [1.0, 2.0]], "x is not an array"),
        ([[1.0, float("nan")]], r"x has the value nan at \[0, 1\], expected finite"),
        ([[float("inf")]], r"x has the value inf at \[0, 0\]"),
        ([1.0], r"x has shape \(1,\), expected 2 dimensions"),
        pytest.param(np.empty((0, 3)), r"x has shape \(0, 3\), expected at least one entry", id="empty"),
    ],
    ids=written_out,
)
def test_what_is_no_finite_float_matrix_is_refused(value, message):
    refused(message, checked_array, "x", value, ndim=2)


def test_arrays_are_copied_and_read_only():
    mine = np.ones((2, 2))
    theirs = checked_array("x", mine, ndim=2)
    mine[0, 0] = 5
    assert theirs[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        theirs[0, 0] = 2


def test_other_precision_is_converted_and_overflow_refused():
    assert checked_array("x", [1.5], ndim=1, dtype="float32").dtype == np.float32
    refused("too large for float32", checked_array, "x", [1e300], ndim=1, dtype="float32")


def test_unknown_dtypes_are_named():
    assert checked_dtype("dtype", np.float32) == "float32"
    refused("dtype has dtype nonsense", checked_dtype, "dtype", "nonsense")


def test_counts():
    assert checked_count("n", np.int64(3)) == 3
    refused("n is 0, expected at least 1", checked_count, "n", 0)
    refused("n is 1.5, expected a whole number", checked_count, "n", 1.5)


def test_foreign_arrays_are_left_as_they_are():
    jnp = pytest.importorskip("jax.numpy")
    array = jnp.ones((2, 2), "float32")
    assert is_foreign(array)
    assert not is_foreign(np.ones(2))
    assert checked_array("x", array, ndim=2) is array
    assert read_only(array) is array
    assert namespace(array) is jnp
    assert namespace(1.0) is np
    refused("x has dtype float32, expected float64", checked_array, "x", array, ndim=2, dtype="float64")
    refused("x has dtype int32", checked_array, "x", jnp.ones((2, 2), int), ndim=2)


@pytest.mark.parametrize("value", [True, False, np.True_, "3", b"3", 3.0, None], ids=repr)
def test_what_is_no_whole_number_is_no_count(value):
    refused("n is .*, expected a whole number", checked_count, "n", value, least=0)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16])
def test_a_point_of_integers_is_one_of_float64(dtype):
    point = checked_vector("start", np.array([[3, 4]], dtype))
    assert (point.dtype, point.tolist(), point.flags.writeable) == (np.float64, [[3.0, 4.0]], False)
    assert checked_vector("start", [3, 4]).dtype == np.float64
    assert checked_vector("start", np.ones(2, np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param([True], "start has dtype bool", id="bool"),
        pytest.param(["1"], "start has dtype str", id="text"),
        pytest.param([[1], [1, 2]], "start is not an array", id="ragged"),
        pytest.param(np.ma.masked_array([1, 2], [True, False]), "start is a masked array", id="masked"),
    ],
)
def test_what_is_no_point_is_refused(value, message):
    refused(message, checked_vector, "start", value)


def test_the_place_of_a_number_that_is_not_finite_is_that_in_the_whole_array():
    x = np.zeros((70_000, 3))
    x[65_000, 2] = np.inf
    with pytest.raises(InputError, match=r"x has the value inf at \[65000, 2\], expected finite"):
        checked_array("x", x)


@pytest.mark.parametrize("shape", [(), (5,), (7, 3), (2, 2, 2)], ids=str)
def test_the_parts_of_an_array_are_all_of_it(shape):
    array = np.arange(math.prod(shape), dtype=float).reshape(shape)
    parts = list(in_parts(array, 8 if shape else 1 << 20))
    assert [start for start, _ in parts] == list(range(len(parts)))
    assert np.array_equal(np.concatenate([part for _, part in parts]) if shape else parts[0][1], array)
