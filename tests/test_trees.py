import dataclasses
from collections import OrderedDict, defaultdict
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest

from minibp import check_grad
from minibp.trees import children_of, is_numbers, leaves_of, with_leaves


class Pair(NamedTuple):
    w: Any
    b: Any


@dataclasses.dataclass
class Layer:
    weight: Any
    bias: Any
    calls: int = dataclasses.field(default=0, init=False)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([np.ones(1), None], id="list"),
        pytest.param((1.0, 2.0), id="tuple"),
        pytest.param({"a": 1.0, 2: 2.0}, id="dict"),
        pytest.param(Pair(1.0, 2.0), id="named tuple"),
        pytest.param(Layer(1.0, 2.0), id="dataclass"),
    ],
)
def test_a_container_is_made_again_of_its_kind(value):
    entries, made = children_of(value)
    again = made([entry for _, entry in entries])
    assert type(again) is type(value)
    assert repr(again) == repr(value)


def test_what_a_dataclass_sets_itself_is_no_entry():
    layer = Layer(1.0, 2.0)
    assert [label for label, _ in children_of(layer)[0]] == [".weight", ".bias"]
    assert children_of(Layer) is None  # the class is no instance


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(OrderedDict(b=1.0, a=2.0), id="ordered"),
        pytest.param(defaultdict(list, {"b": 1.0, "a": 2.0}), id="with defaults"),
        pytest.param(MappingProxyType({"b": 1.0, "a": 2.0}), id="read-only"),
    ],
)
def test_a_mapping_is_made_again_of_its_class(value):
    entries, made = children_of(value)
    assert [label for label, _ in entries] == ["['b']", "['a']"]
    again = made([3.0, 4.0])
    assert type(again) is type(value)
    assert list(again.items()) == [("b", 3.0), ("a", 4.0)]
    assert value["b"] == 1.0  # the one that was given is as it was
    assert getattr(again, "default_factory", None) is getattr(value, "default_factory", None)


class Dense:
    def __init__(self, w, b):
        self.w, self.b = w, b


class Parts:
    def __init__(self, *entries):
        self.entries = entries


@pytest.fixture(scope="module")
def registered():
    tree_util = pytest.importorskip("jax.tree_util")
    key = tree_util.GetAttrKey
    tree_util.register_pytree_with_keys(
        Dense, lambda one: (((key("w"), one.w), (key("b"), one.b)), None), lambda _, entries: Dense(*entries)
    )
    tree_util.register_pytree_node(Parts, lambda one: (one.entries, None), lambda _, entries: Parts(*entries))


def test_what_jax_takes_apart_is_a_container(registered):
    value = Dense(np.ones(2), Parts(1.0, {"c": 2.0}))
    assert [label for label, _ in children_of(value)[0]] == [".w", ".b"]
    assert [label for label, _ in children_of(value.b)[0]] == ["[0]", "[1]"]
    again = with_leaves(value, [3.0, 4.0, 5.0])
    assert (again.w, again.b.entries) == (3.0, (4.0, {"c": 5.0}))
    assert children_of(object()) is None


def test_a_gradient_by_what_jax_takes_apart_is_named_by_its_entries(registered):
    def f(layer, x):
        return float(np.tanh(layer.w * x + layer.b).sum())

    def grad(layer, x):
        slope = 1 - np.tanh(layer.w * x + layer.b) ** 2
        return Dense(slope * x, 2 * slope.sum()), slope * layer.w

    x = np.array([0.4, -0.3])
    found = check_grad(f, grad, (Dense(np.array([0.5, 1.5]), 0.2), x), seed=1, raise_on_mismatch=False)
    assert [one.tensor for one in found.findings] == ["grad[0].b"]
    assert found.findings[0].message == "the derivatives by layer.b, of which 1 is off"


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        None,
        "ab",
        pytest.param(b"ab", id="bytes"),
        pytest.param(1j, id="complex"),
        pytest.param(np.ones(2), id="array"),
    ],
)
def test_a_leaf_has_no_entries(value):
    assert children_of(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param([1, 2.0, 3j], True, id="numbers"),
        pytest.param([np.float32(1)], True, id="NumPy's numbers"),
        pytest.param([[1.0], [2.0, 3.0]], True, id="rows"),
        pytest.param([], False, id="empty"),
        pytest.param([[]], False, id="empty row"),
        pytest.param([True], False, id="boolean"),
        pytest.param([1.0, None], False, id="None"),
        pytest.param((1.0, 2.0), False, id="tuple"),
        pytest.param([np.ones(1)], False, id="array"),
        pytest.param("1", False, id="text"),
    ],
)
def test_lists_of_plain_numbers_alone_are_arrays(value, expected):
    assert is_numbers(value) is expected


TREE = {"w": (1.0, [2, None]), "layer": Layer(Pair("a", "b"), ())}


def test_leaves_are_told_in_order_and_replaced_in_order():
    assert list(leaves_of(TREE)) == [1.0, 2, None, "a", "b"]
    assert with_leaves(TREE, leaves_of(TREE)) == TREE
    assert with_leaves(TREE, range(5)) == {"w": (0, [1, 2]), "layer": Layer(Pair(3, 4), ())}
    assert list(leaves_of(3.0)) == [3.0]
    assert with_leaves(3.0, "x") == "x"
    with pytest.raises(StopIteration):
        with_leaves(TREE, range(4))
