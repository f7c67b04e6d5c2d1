import dataclasses
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minibp.check.grad.structure import Structure, numbers_of
from minibp.trees import children_of


class Pair(NamedTuple):
    w: Any
    b: Any


@dataclasses.dataclass
class Layer:
    weight: Any
    bias: Any
    calls: int = dataclasses.field(default=0, init=False)


def reading(name, value):
    """Floating-point arrays and numbers are differentiated by, all else is passed on."""
    array = np.asarray(value) if isinstance(value, np.ndarray | float | complex | np.number | list) else None
    return array if array is not None and array.dtype.kind in "fc" else None


def structure(*values):
    return Structure([(f"x[{i}]", value) for i, value in enumerate(values)], reading)


DTYPES = st.sampled_from(["float64", "float32", "complex128", "complex64"])
NUMBERS = hnp.from_dtype(np.dtype("float32"), min_value=-1e3, max_value=1e3, allow_subnormal=False)


@st.composite
def numeric_arrays(draw):
    """Arrays of 0 to 3 dimensions of every dtype that is differentiated by."""
    dtype, shape = np.dtype(draw(DTYPES)), draw(hnp.array_shapes(min_dims=0, max_dims=3, max_side=3))
    real = draw(hnp.arrays(np.float32, shape, elements=NUMBERS))
    if dtype.kind != "c":
        return np.asarray(real, dtype)
    return np.asarray(real + 1j * draw(hnp.arrays(np.float32, shape, elements=NUMBERS)), dtype)


PASSED_ON = st.sampled_from([None, "relu", True, 3]) | hnp.arrays(np.int64, 2, elements=st.integers(-5, 5))
LEAVES = numeric_arrays() | PASSED_ON
NESTED = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda entries: [*entries, None])  # no list of numbers alone
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text("wb", max_size=2), inner, max_size=3)
        | st.builds(Pair, inner, inner)
        | st.builds(Layer, inner, inner)
    ),
    max_leaves=6,
)


def same(a, b):
    """The same structure, types and dtypes included."""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b)
    mine, other = children_of(a), children_of(b)
    if mine is None:
        return a == b
    return (
        type(a) is type(b)
        and [label for label, _ in mine[0]] == [label for label, _ in other[0]]
        and all(same(one, two) for (_, one), (_, two) in zip(mine[0], other[0], strict=True))
    )


@given(st.lists(NESTED, min_size=1, max_size=3))
def test_a_structure_becomes_a_row_and_comes_back(values):
    found = structure(*values)
    assert found.flat.dtype == np.float64
    assert all(map(same, found.built(found.unpacked(found.flat)), values))


@given(st.lists(NESTED, min_size=1, max_size=3))
def test_any_row_comes_back_from_its_leaves(values):
    """What is written into the leaves is what is read from them: no number is lost, doubled or swapped."""
    found = structure(*values)
    row = np.arange(1.0, len(found) + 1)
    leaves = found.unpacked(row)
    arrays = [leaf if given.array is not None else None for leaf, given in zip(leaves, found.leaves, strict=True)]
    assert np.array_equal(found.row(arrays), row)


@given(st.lists(NESTED, min_size=1, max_size=3))
def test_leaves_are_fresh_arrays(values):
    found = structure(*values)
    for leaf, given_leaf in zip(found.unpacked(found.flat), found.leaves, strict=True):
        if given_leaf.array is not None:
            leaf[...] = 77
    assert all(map(same, found.built(found.unpacked(found.flat)), values))


@given(st.lists(NESTED, min_size=1, max_size=3))
def test_a_place_names_the_number_that_is_there(values):
    found = structure(*values)
    arrays = {leaf.name: leaf.array for leaf in found.leaves}
    for k, number in enumerate(found.flat):
        name, index, part = found.place(k)
        entry = arrays[name][index]
        assert number == {"": entry.real, ".real": entry.real, ".imag": entry.imag}[part]
        assert (part == "") == (arrays[name].dtype.kind == "f")


@given(st.lists(NESTED, min_size=1, max_size=3))
def test_parts_cover_the_row_once(values):
    found = structure(*values)
    covered = [k for _, part in found.parts() for k in range(part.start, part.stop)]
    assert covered == list(range(len(found)))
    assert all(leaf.size == part.stop - part.start for leaf, part in found.parts())


def test_names_are_those_that_the_user_would_write():
    x = {"layers": [Layer(np.ones(2), 1.0), Pair(2.0, (3.0, np.ones(1)))], "rate": 0.5}
    names = [leaf.name for leaf in Structure([("params", x)], reading).leaves]
    expected = {
        "params['layers'][0].weight", "params['layers'][0].bias", "params['layers'][1].w", "params['layers'][1].b[0]",
        "params['layers'][1].b[1]", "params['rate']",
    }  # fmt: skip
    assert set(names) == expected
    for name in names:
        assert isinstance(eval(name, {"params": x}), float | np.ndarray)


def test_a_list_of_numbers_is_one_leaf_and_of_arrays_several():
    assert [leaf.name for leaf in structure([[1.0, 2.0], [3.0, 4.0]]).leaves] == ["x[0]"]
    assert [leaf.name for leaf in structure([np.ones(2), np.ones(2)]).leaves] == ["x[0][0]", "x[0][1]"]


def test_another_dtype_is_that_of_all_real_leaves():
    found = structure(np.ones(2, np.float32), 1.0, np.array([1j], np.complex64), "text")
    single, number, pair, text = found.unpacked(found.flat, np.float64)
    assert (single.dtype, number.dtype, pair.dtype, text) == (np.float64, np.float64, np.complex64, "text")
    complex_row = found.flat + 1j * np.arange(len(found))
    assert np.array_equal(found.unpacked(complex_row, np.complex128)[0], [1, 1 + 1j])


def test_complex_numbers_are_all_real_parts_and_then_all_imaginary_ones():
    found = structure(np.array([1 + 2j, 3 + 4j]), 5.0)
    assert found.flat.tolist() == [1, 3, 2, 4, 5]
    assert [found.place(k)[1:] for k in range(5)] == [
        ((0,), ".real"), ((1,), ".real"), ((0,), ".imag"), ((1,), ".imag"), ((), ""),
    ]  # fmt: skip


def test_without_numbers_the_row_is_empty():
    found = structure(None, "text", ())
    assert (len(found), found.flat.shape) == (0, (0,))
    assert found.built(found.unpacked(found.flat)) == [None, "text", ()]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param([[1, 2], [3, 4]], ("int64", (2, 2)), id="list"),
        pytest.param(1.5, ("float64", ()), id="number"),
        pytest.param(np.float16(1.5), ("float16", ()), id="half"),
        pytest.param(True, ("bool", ()), id="boolean"),
        pytest.param(2j, ("complex128", ()), id="complex"),
        pytest.param("1.5", None, id="text"),
        pytest.param(None, None, id="None"),
        pytest.param([[1.0], [1.0, 2.0]], None, id="ragged"),
        pytest.param({1.0}, None, id="set"),
    ],
)
def test_a_result_is_numbers_with_a_dtype_or_nothing(value, expected):
    found = numbers_of(value)
    assert (found if expected is None else (found[1], found[0].shape)) == expected
