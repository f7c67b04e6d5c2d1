import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minibp.arrays import InputError
from minibp.check.grad.point import DEEPEST, checked_point


class LikeTensorFlow:
    """An array that names its conversion `numpy`, and can be read by NumPy."""

    def numpy(self):
        return np.ones(2)

    def __array__(self, dtype=None, copy=None):
        return np.ones(2, dtype)


class LikeMXNet:
    def asnumpy(self):
        return np.ones(2)

    def __dlpack__(self):
        raise NotImplementedError


class LikeStandard:
    def __array_namespace__(self):
        return np


class Unwilling:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no data\nat all")


def nested(depth):
    return [nested(depth - 1)] if depth else [1.0]


def of_itself():
    entries = []
    entries.append(entries)
    return entries


EXPECTED = "expected an array, a number, or a tuple of them"
REJECTED = {
    "two arrays": ([np.ones(2), np.ones(3)], "x is a list of arrays, expected a tuple of NumPy arrays, (a, b)"),
    "two arrays of one shape": ([np.ones(2), np.ones(2)], "x is a list of arrays, expected a tuple"),
    "one array": ([np.ones(2)], "expected a tuple of NumPy arrays, (a,)"),
    "three arrays": ([np.ones(2)] * 3, "expected a tuple of NumPy arrays, (a, b, ...)"),
    "an array and a number": ([1.0, np.ones(2)], "x is a list of arrays, expected a tuple"),
    "arrays of no dimension": ([np.array(1.0), np.array(2.0)], "x is a list of arrays, expected a tuple"),
    "arrays deep in lists": ([[np.ones(2)], [np.ones(2)]], "x is a list of arrays, expected a tuple"),
    "a list in a tuple": ((1.0, [np.ones(2)]), "x[1] is a list of arrays, expected one NumPy array in each place"),
    "a tuple in a tuple": (((np.ones(2), np.ones(2)),), "x[0] is a tuple of arrays, expected one NumPy array"),
    "a list of another library": ([LikeTensorFlow()], "LikeTensorFlows, expected a tuple of NumPy arrays, (a,)"),
    "another library": (LikeTensorFlow(), "LikeTensorFlow, but f and grad get NumPy arrays: pass x.numpy()"),
    "another library in a tuple": ((1.0, LikeMXNet()), "but f and grad get NumPy arrays: pass x[1].asnumpy()"),
    "another library without a conversion": (LikeStandard(), "LikeStandard, but f and grad get NumPy arrays: pass a"),
    "an array that cannot be read": (Unwilling(), f"Unwilling, {EXPECTED}"),
    "a dict": ({"w": np.ones(2)}, f"x is a dict, {EXPECTED}: its values, as a tuple, are arguments of f"),
    "None": (None, f"x is a NoneType, {EXPECTED}"),
    "text": ("abc", f"x is a str, {EXPECTED}"),
    "bytes": (b"abc", f"x is a bytes, {EXPECTED}"),
    "a set": ({1.0}, f"x is a set, {EXPECTED}"),
    "a generator": ((i for i in range(3)), f"x is a generator, {EXPECTED}"),
    "a function": (np.sum, EXPECTED),
    "a fraction": (Fraction(1, 2), f"Fraction, {EXPECTED}"),
    "None in a list": ([1.0, None], f"x is a list with an entry that is a NoneType, {EXPECTED}"),
    "text in a list": (["1.0"], f"x is a list with an entry that is a str, {EXPECTED}"),
    "None in a tuple": ((1.0, None), f"x[1] is a NoneType, {EXPECTED}"),
    "objects": (np.array([None]), "x has dtype object, expected float64 or float32"),
    "a boolean": (True, "x has dtype bool, expected float64 or float32"),
    "booleans": (np.array([True]), "x has dtype bool, expected float64 or float32"),
    "a boolean in a list": ([True, 2.0], "x is a list with the boolean True, expected numbers"),
    "NumPy's boolean in a list": ([[np.True_], [2.0]], "x is a list with the boolean True, expected numbers"),
    "complex numbers": ([1j], "x has dtype complex128, expected float64 or float32"),
    "half precision": (np.float16(1), "x has dtype float16, expected float64 or float32"),
    "rows of two lengths": ([[1.0], [1.0, 2.0]], f"x is a list of rows of different lengths, {EXPECTED}"),
    "a number beside a row": ([1.0, [2.0]], f"x is a list of rows of different lengths, {EXPECTED}"),
    "lists too deep": (nested(DEEPEST), f"x is nested more than {DEEPEST} deep, {EXPECTED}"),
    "a list of itself": (of_itself(), f"x is nested more than {DEEPEST} deep, {EXPECTED}"),
    "an integer that is no float": (2**53 + 1, "x has the integer 9007199254740993, which float64 cannot hold"),
    "an unsigned integer that is no float": (np.uint64(2**64 - 1), "18446744073709551615, which float64 cannot hold"),
    "an integer too large": (2**70, "x is an integer too large for float64"),
    "an integer too large in a list": ([2**70], "x is a list with an integer too large for float64"),
    "masked integers": (np.ma.masked_array([1, 2], [True, False]), "x is a masked array, expected every entry"),
    "nothing": ([], "x has shape (0,), expected at least one entry"),
    "an empty tuple": ((), "x is an empty tuple, expected at least one array"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_what_is_no_point_is_rejected_in_one_sentence(name):
    x, message = REJECTED[name]
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        checked_point(x)
    assert "\n" not in str(caught.value)


@given(hnp.arrays(hnp.integer_dtypes() | hnp.unsigned_integer_dtypes(), hnp.array_shapes(min_dims=0)))
def test_integers_become_the_same_numbers_or_are_rejected(x):
    if any(int(float(k)) != k for k in x.ravel().tolist()):
        with pytest.raises(InputError, match="which float64 cannot hold exactly"):
            checked_point(x)
        return
    point = checked_point(x)
    [array] = point.arrays
    assert array.dtype == np.float64
    assert array.astype(object).tolist() == x.tolist()
    assert (point.integers, point.notes) == ((True,), ("x has integers, taken as float64",))


@given(
    hnp.arrays(
        st.sampled_from(["float32", "float64"]), hnp.array_shapes(min_dims=0), elements=st.floats(-1e3, 1e3, width=32)
    )
)
def test_floats_and_lists_of_them_are_taken_as_they_are(x):
    point = checked_point(x)
    assert (point.several, point.names, point.integers, point.notes) == (False, ["x"], (False,), ())
    assert point.arrays[0].dtype == x.dtype
    assert np.array_equal(point.arrays[0], x)
    assert np.array_equal(checked_point(x.tolist()).arrays[0], x)
    both = checked_point((x, x.tolist()))
    assert (both.several, both.names) == (True, ["x[0]", "x[1]"])


def test_arrays_of_jax_are_taken_and_the_notes_say_what_the_functions_get():
    jax = pytest.importorskip("jax")
    point = checked_point((1.0, jax.numpy.ones(2, "float32")))
    assert type(point.arrays[1]) is np.ndarray
    assert point.arrays[1].dtype == np.float32
    assert point.notes == ("x[1] is an array of JAX; f and grad get NumPy arrays",)
    for x, message in (
        (jax.random.key(0), EXPECTED),
        ([jax.numpy.ones(2)], "expected a tuple of NumPy arrays"),
        (jax.numpy.ones(2, "bfloat16"), "x has dtype bfloat16, expected float64 or float32"),
    ):
        with pytest.raises(InputError, match=re.escape(message)):
            checked_point(x)
    with pytest.raises(InputError, match=re.escape(EXPECTED)):
        jax.jit(lambda x: checked_point(x).arrays[0])(jax.numpy.ones(2))


@pytest.mark.parametrize(
    ("options", "written"),
    [
        ({}, "x.detach().numpy()"),
        ({"requires_grad": True}, "x.detach().numpy()"),
        ({"dtype": "bfloat16"}, "x.detach().float().numpy()"),
        ({"dtype": "float16"}, "x.detach().float().numpy()"),
        ({"device": "meta"}, "x.detach().cpu().numpy()"),
    ],
    ids=["plain", "requires a gradient", "bfloat16", "float16", "another device"],
)
def test_a_tensor_of_torch_is_rejected_with_what_to_write(options, written):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    if "dtype" in options:
        options = {**options, "dtype": getattr(torch, options["dtype"])}
    x = torch.ones(2, **options)
    for tensor in (x, torch.nn.Parameter(x)):
        with pytest.raises(InputError) as caught:
            checked_point(tensor)
        assert str(caught.value) == (
            "x is a torch.Tensor, but f and grad get NumPy arrays: "
            f"pass {written}, and use torch.from_numpy inside f and grad"
        )
    with pytest.raises(InputError, match=re.escape("pass x[1]." + written.removeprefix("x."))):
        checked_point((1.0, x))
    with pytest.raises(InputError, match=re.escape("x is a list of torch.Tensors, expected a tuple of NumPy arrays")):
        checked_point([x, x])
