import re
from fractions import Fraction

import numpy as np
import pytest

from minibp.arrays import InputError
from minibp.check.grad.arguments import Arguments
from minibp.trees import DEEPEST


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


EXPECTED = "expected an array, a number, or a tuple, list or dict of them"
DEEP = f"x is nested more than {DEEPEST} deep, {EXPECTED}"
INSIDE = "but f and grad get NumPy arrays: pass"
REJECTED = {
    "another library": (LikeTensorFlow(), f"LikeTensorFlow, {INSIDE} x.numpy()"),
    "another library in a tuple": ((1.0, LikeMXNet()), f"LikeMXNet, {INSIDE} x[1].asnumpy()"),
    "another library in a list": ([LikeTensorFlow()], f"{INSIDE} x[0].numpy()"),
    "another library in a dict": ({"w": [1.0, LikeTensorFlow()]}, f"{INSIDE} x['w'][1].numpy()"),
    "another library without a conversion": (LikeStandard(), f"LikeStandard, {INSIDE} a NumPy array"),
    "an array that cannot be read": (Unwilling(), f"Unwilling, {EXPECTED}"),
    "None": (None, f"x has no real numbers, {EXPECTED}"),
    "text": ("abc", f"x is a str, {EXPECTED}"),
    "bytes": (b"abc", f"x is a bytes, {EXPECTED}"),
    "a set": ({1.0}, f"x is a set, {EXPECTED}"),
    "a set in a dict": ({"w": 1.0, "s": {1.0}}, f"x['s'] is a set, {EXPECTED}"),
    "a generator": ((i for i in range(3)), f"x is a generator, {EXPECTED}"),
    "a function": (np.sum, EXPECTED),
    "a fraction": (Fraction(1, 2), f"Fraction, {EXPECTED}"),
    "text alone in a list": (["1.0"], EXPECTED),
    "nothing but text": (("a", None), f"x has no real numbers, {EXPECTED}"),
    "objects": (np.array([None]), "x has dtype object, expected float64 or float32"),
    "a boolean": (True, f"x is a bool, {EXPECTED}"),
    "booleans": (np.array([True]), f"x has dtype bool, {EXPECTED}"),
    "half precision": (np.float16(1), "x has dtype float16, expected float64 or float32"),
    "half precision in a tuple": ((1.0, np.ones(2, np.float16)), "x[1] has dtype float16, expected float64"),
    "rows of two lengths": ([[1.0], [1.0, 2.0]], f"x is a list of rows of different lengths, {EXPECTED}"),
    "rows of two lengths in a dict": ({"w": [[1.0], [1.0, 2.0]]}, "x['w'] is a list of rows of different lengths"),
    "a number beside a row": ([1.0, [2.0]], f"x is a list of rows of different lengths, {EXPECTED}"),
    "lists too deep": (nested(3 * DEEPEST), DEEP),
    "a list of itself": (of_itself(), DEEP),
    "an integer that is no float": (2**53 + 1, "x has the integer 9007199254740993, which float64 cannot hold"),
    "an integer too large": (2**70, "x is an integer too large for float64"),
    "an integer too large in a list": ([2**70], "x is a list with an integer too large for float64"),
    "masked integers": (np.ma.masked_array([1, 2], [True, False]), "x is a masked array, expected every entry"),
    "an empty list": ([], f"x has no real numbers, {EXPECTED}"),
    "an empty array": (np.zeros((2, 0)), "x has shape (2, 0), expected at least one entry along every dimension"),
    "an empty tuple": ((), "x is an empty tuple, expected at least one array"),
    "NaN": (np.array([1.0, np.nan]), "x has the value nan at [1], expected finite numbers"),
    "NaN deep inside": ({"w": [np.ones(2), np.array([[np.nan]])]}, "x['w'][1] has the value nan at [0, 0]"),
    "NaN beside infinity": (np.array([np.inf, 1.0, np.nan]), "expected finite numbers"),
    "infinity alone": (np.array([np.inf, -np.inf]), "x has the value inf at [0], expected finite numbers"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_what_is_no_point_is_rejected_in_one_sentence(name):
    x, message = REJECTED[name]
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        Arguments(lambda x: x, x)
    assert "\n" not in str(caught.value)


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
            Arguments(lambda x: x, tensor)
        assert str(caught.value) == (
            f"x is a torch.Tensor, {INSIDE} {written}, and use torch.from_numpy inside f and grad"
        )
    for several, place in (((1.0, x), "x[1]"), ([x, x], "x[0]"), ({"w": x}, "x['w']")):
        with pytest.raises(InputError, match=re.escape(f"pass {place}{written.removeprefix('x')}")):
            Arguments(lambda x: x, several)
