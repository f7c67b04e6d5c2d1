"""Arrays in objects: found with their paths, read and written there."""

from collections import OrderedDict
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibp import InputError
from minibp.adapters.held import DEEPEST, Held, Place, Step, arrays_in, at, listing, numbers_of, parsed, text_of, write


class Slotted:
    __slots__ = ("W", "empty", "parent")

    def __init__(self, parent):
        self.W, self.parent = np.ones((2, 3)), parent


class Below(Slotted):
    __slots__ = ("b",)

    def __init__(self, parent):
        super().__init__(parent)
        self.b = np.zeros(2)


def found(holder):
    return {str(one.place): one.array.shape for one in arrays_in(holder)}


def test_arrays_are_found_in_attributes_slots_dicts_lists_tuples_and_object_arrays():
    net = SimpleNamespace(W=np.ones((2, 3)), params=OrderedDict({"b1": np.ones(2), ("W", 2): np.ones((4, 5))}))
    net.layers = [Below(net), (np.ones(7), {"w": np.ones(8)})]
    net.old = np.array([np.ones(1), np.ones(3)], dtype=object)
    assert found(net) == {
        ".W": (2, 3),
        ".params['b1']": (2,),
        ".params[('W', 2)]": (4, 5),
        ".layers[0].W": (2, 3),
        ".layers[0].b": (2,),
        ".layers[1][0]": (7,),
        ".layers[1][1]['w']": (8,),
        ".old[0]": (1,),
        ".old[1]": (3,),
    }


def test_lists_of_numbers_are_arrays_and_other_lists_are_not():
    net = {
        "row": [0.5, 1],
        "rows": [[1.0, 2.0], [3, np.float64(4)]],
        "ragged": [[1.0], [2.0, 3.0]],
        "text": ["a"],
        "truth": [True],
        "empty": [],
        "rows of none": [[]],
        "cube": [[[1.0], [2.0]], [[3.0], [4.0]]],
        "mixed": [1.0, [2.0]],
    }
    assert found(net) == {
        "['row']": (2,),
        "['rows']": (2, 2),
        "['ragged'][0]": (1,),
        "['ragged'][1]": (2,),
        "['cube'][0]": (2, 1),
        "['cube'][1]": (2, 1),
        "['mixed'][1]": (1,),
    }


@pytest.mark.parametrize(
    "value",
    [np.ones(0), np.float64(1), np.array(1.0), np.array(["a"]), np.array([True]), np.ones(1, complex), "ab", None, np],
    ids=["empty", "number", "no axis", "text", "truth", "complex", "string", "None", "module"],
)
def test_what_is_no_array_of_real_numbers_is_left_out(value):
    assert numbers_of(value) is None
    assert arrays_in(SimpleNamespace(value=value)) == []


def test_an_array_is_found_once_with_all_its_paths():
    w = np.ones((2, 3))
    ((place, array),) = arrays_in({"W": w, "layers": [SimpleNamespace(W=w)]})
    assert [text_of(path) for path in place.paths] == ["['W']", "['layers'][0].W"]
    assert array is w


def test_what_is_held_deeper_is_left_out():
    deep = np.ones(2)
    for _ in range(DEEPEST):
        deep = [deep]
    assert len(arrays_in(deep)) == 1
    assert arrays_in([deep]) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("W", (Step(True, "W"),)),
        (".W1", (Step(True, "W1"),)),
        ("[0]['b']", (Step(False, 0), Step(False, "b"))),
        (".a.b[-1]", (Step(True, "a"), Step(True, "b"), Step(False, -1))),
        ("['dW', 2]", (Step(False, ("dW", 2)),)),
    ],
    ids=["bare", "attribute", "keys", "negative", "tuple"],
)
def test_paths_are_read_as_they_are_written(text, path):
    assert parsed("weights", text) == path


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["W", "b_1"]).map(lambda key: Step(True, key)),
            (st.integers() | st.text() | st.tuples(st.text(), st.integers())).map(lambda key: Step(False, key)),
        ),
        min_size=1,
    )
)
def test_a_path_that_is_shown_is_read_as_itself(steps):
    assert parsed("weights", text_of(tuple(steps))) == tuple(steps)


@pytest.mark.parametrize("text", ["", "W1 +", "W(1)", "a[b]", "[", "1", "W; b"], ids=repr)
def test_other_texts_are_no_paths(text):
    with pytest.raises(InputError, match="weights has .*, expected what is written after the object: '.W1'"):
        parsed("weights", text)


@pytest.mark.parametrize("path", [".V", "['W']", ".W[7]", ".W.b.c"], ids=repr)
def test_a_path_that_ends_early_is_a_lookup_error_that_names_it(path):
    with pytest.raises(LookupError, match="^" + path.replace("[", r"\[")):
        at(SimpleNamespace(W=np.ones(3)), parsed("weights", path))


def only(holder):
    return arrays_in(holder)[0].place


def test_arrays_and_lists_are_written_in_place():
    net = {"W": np.ones((1, 2, 3)), "rows": [[1.0, 2.0], [3.0, 4.0]], "row": [1, 2]}
    before = list(map(id, (net["W"], net["rows"], net["rows"][0], net["row"])))
    values = np.arange(6.0).reshape(2, 3)
    for one, its in zip(arrays_in(net), (values, values[:, :2], values[0, 1:]), strict=True):
        write(net, one.place, its)
    assert (net["W"].tolist(), net["rows"], net["row"]) == ([values.tolist()], [[0, 1], [3, 4]], [1, 2])
    assert list(map(id, (net["W"], net["rows"], net["rows"][0], net["row"]))) == before


@pytest.mark.parametrize(
    "old", [np.zeros(3, int), np.zeros(3, np.float32), np.zeros(3)], ids=["int", "float32", "frozen"]
)
def test_an_array_that_cannot_hold_the_values_is_replaced_wherever_it_is(old):
    old.flags.writeable = old.dtype != float
    net = SimpleNamespace(params={"b": old}, layers=[SimpleNamespace(b=old)])
    write(net, only(net), np.array([0.1, 0.2, 0.3]))
    assert net.params["b"] is net.layers[0].b
    assert (net.params["b"].tolist(), net.params["b"].dtype) == ([0.1, 0.2, 0.3], np.float64)
    assert not old.any()


def test_an_array_in_a_tuple_that_cannot_be_replaced_is_told():
    net = {"pair": (np.zeros(2, int), 1)}
    with pytest.raises(
        InputError, match=r"\['pair'\]\[0\] has dtype int64, and cannot be replaced by an array of float64"
    ):
        write(net, only(net), np.ones(2))
    net = {"pair": (np.zeros(2), 1)}
    write(net, only(net), np.ones(2))
    assert net["pair"][0].tolist() == [1, 1]


def test_a_long_list_of_arrays_is_cut():
    held = [Held(Place(((Step(False, i),),)), np.ones(2)) for i in range(14)]
    assert listing(held).startswith("[0] (2,), [1] (2,)")
    assert listing(held).endswith("[11] (2,), and 2 more")
    assert listing([]) == "(none)"
