"""Makers of models, and the ways in which they take sizes."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from minibp import InputError
from minibp.adapters.makers import Maker, Original, is_maker, takes_nothing, ways_of


class Net:
    def __init__(self, *given):
        self.given = given

    @classmethod
    def made(cls, sizes):
        return cls(sizes)

    def __call__(self, sizes):
        return Net(sizes)


class Callable(Net):
    def __init__(self):
        self.W = np.ones(3)


@pytest.mark.parametrize(
    ("make", "is_one"),
    [(Net, True), (Net.made, True), (partial(Net, 3), True), (len, True), (lambda n: n, True), (Net(), True),
     (Callable(), False), ({"W": np.ones(3)}, False), (None, False)],
    ids=["class", "method", "partial", "builtin", "function", "callable", "callable with arrays", "dict", "None"],
)  # fmt: skip
def test_makers_are_told_from_models(make, is_one):
    assert is_maker(make) is is_one


@pytest.mark.parametrize(
    ("make", "ways"),
    [
        (lambda sizes: 0, ["list"]),
        (lambda sizes, lr=0.1: 0, ["list"]),
        (lambda a, b, c: 0, ["numbers", "hidden"]),
        (lambda a, b=1, c=2: 0, ["list", "numbers", "hidden"]),
        (lambda *sizes: 0, ["list", "numbers", "hidden"]),
        (lambda a, b, c, d: 0, []),
        (lambda: 0, []),
        (lambda *, sizes: 0, []),
    ],
    ids=["one", "one and an option", "three", "one and two options", "any", "four", "none", "keyword"],
)
def test_the_ways_are_those_of_the_signature(make, ways):
    assert ways_of(make, (2, 5, 8)) == ways


def test_hidden_layers_are_a_list_where_there_are_some():
    assert ways_of(lambda a, b: 0, (2, 5)) == ["numbers"]
    assert ways_of(lambda a, b, c: 0, (2, 5, 8, 3)) == ["hidden"]


@pytest.mark.parametrize(
    ("way", "arguments"),
    [("list", ([2, 5, 8, 9],)), ("numbers", (2, 5, 8, 9)), ("hidden", (2, [5, 8], 9)), ("own", ())],
    ids=["list", "numbers", "hidden", "own"],
)
def test_a_maker_is_called_in_its_way(way, arguments):
    assert Maker(Net, way).model((2, 5, 8, 9)).given == arguments


def test_some_makers_take_nothing():
    assert takes_nothing(lambda lr=0.1: 0)
    assert not takes_nothing(lambda sizes: 0)


def test_a_maker_that_raises_is_told():
    with pytest.raises(InputError, match=r"make: <lambda>\(2, 5\) raised ZeroDivisionError: division by zero"):
        Maker(lambda a, b: a / 0, "numbers").model((2, 5))


def test_a_copy_shares_no_array_with_the_object():
    net = SimpleNamespace(W=np.ones(3), rows=[[1.0, 2.0]], n=[5])
    copy = Original(net).model(())
    assert copy.W is not net.W
    assert copy.rows[0] is not net.rows[0]
    copy.W[:] = 2
    copy.rows[0][0] = 3.0
    assert (net.W.tolist(), net.rows) == ([1, 1, 1], [[1.0, 2.0]])


class Shared(SimpleNamespace):
    def __deepcopy__(self, memo):
        return self


def test_what_is_not_copied_is_told():
    with pytest.raises(InputError, match=r"make is an instance of Shared, expected .*, which returned the same arrays"):
        Original(Shared(W=np.ones(3))).model(())
    with pytest.raises(
        InputError, match=r"make is an instance of dict, expected .*, which raised TypeError: cannot pick"
    ):
        Original({"W": np.ones(3), "i": (i for i in ())}).model(())
