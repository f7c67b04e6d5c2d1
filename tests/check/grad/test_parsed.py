import re

import numpy as np
import pytest

from minibp.check.grad.arguments import Arguments, Breach
from minibp.check.grad.parsed import parsed

X = np.array([0.5, -2.0, 3.0])


def read(result, x=X):
    arguments = Arguments(lambda x: x, x)
    return parsed("g", result, arguments.structure, arguments.names, arguments.several, "x")


@pytest.mark.parametrize(
    ("dtype", "of_x", "u"),
    [
        ("float64", "float64", 2.0**-53),
        ("float64", "float32", 2.0**-53),
        ("float32", "float32", 2.0**-24),
        ("longdouble", "float64", 2.0**-53),
    ],
)
def test_the_roundoff_of_a_gradient_is_that_of_its_own_dtype(dtype, of_x, u):
    found = read(np.ones(2, dtype), np.ones(2, of_x))
    assert (found.row.tolist(), found.unit.tolist(), found.breaches) == ([1, 1], [u, u], ())


@pytest.mark.parametrize(
    ("result", "x", "breach"),
    [
        pytest.param(
            np.ones(2, np.float32), X[:2], "g has dtype float32, expected float64, the dtype of x", id="single"
        ),
        pytest.param(1j * X, X, "g has dtype complex128, expected float64, the dtype of x", id="complex"),
        pytest.param(X[:2], X, "g has shape (2,), expected (3,), the shape of x", id="shape"),
        pytest.param(None, X, "g is a NoneType, expected an array of shape (3,)", id="None"),
        pytest.param("abc", X, "g is a str, expected an array of shape (3,)", id="text"),
        pytest.param([X, 1.0], X, "g is a list that NumPy cannot read, expected an array of shape (3,)", id="ragged"),
        pytest.param(X / [1, 1, np.inf] * [1, np.inf, 1], X, "g is -inf at [1], expected finite numbers", id="inf"),
        pytest.param(X * np.nan, X, "g is nan at [0], and 2 more, expected finite numbers", id="nan"),
        pytest.param(np.ones((1, 3)) * np.nan, X[None], "g is nan at [0, 0], and 2 more, expected", id="nan of rows"),
    ],
)
def test_what_is_wrong_with_the_form_of_a_leaf_is_told_and_no_more(result, x, breach):
    found = read(result, x)
    assert len(found.breaches) == 1
    assert breach in found.breaches[0]


def test_of_other_leaves_the_numbers_are_kept():
    x = X, {"w": X[:2], "b": 1.0}
    found = read((X * np.nan, {"w": X[:1], "b": 7.0}), x)
    assert np.array_equal(found.row, [np.nan] * 5 + [7.0], equal_nan=True)
    assert [breach.split()[0] for breach in found.breaches] == ["g[0]", "g[1]['w']"]


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
def test_integers_are_taken_with_a_note(dtype):
    found = read(np.ones(3, dtype))
    assert (found.row.tolist(), found.breaches) == ([1, 1, 1], ())
    assert found.notes == (f"g has dtype {dtype}, which holds no fractions; float64 is the dtype of x",)


@pytest.mark.parametrize("result", [[1, 2, 3], (1, 2, 3), [1.0, 2.0, 3.0]], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_without_a_dtype_take_that_of_x(result, dtype):
    found = read(result, X.astype(dtype))
    assert (found.row.tolist(), found.breaches, found.notes) == ([1, 2, 3], (), ())


@pytest.mark.parametrize(
    ("x", "result", "breach"),
    [
        pytest.param((X, X), X, "g is a numpy.ndarray, expected a tuple of 2 arrays, as x is", id="no tuple"),
        pytest.param((X, X), (X, X, X), "g has 3 parts, expected 2, as x has", id="three parts"),
        pytest.param({"w": X}, X, "g is a numpy.ndarray, expected a dict of 1, as x has", id="no dict"),
        pytest.param({"w": X, "b": 1.0}, {"w": X}, "g has no 'b', expected the same entries as x has", id="no b"),
        pytest.param(({"w": X},), ({},), "g[0] has no 'w', expected the same entries as x has", id="no w"),
    ],
)
def test_another_form_of_the_whole_is_a_breach(x, result, breach):
    with pytest.raises(Breach, match=re.escape(breach)):
        read(result, x)


def test_what_is_passed_on_may_be_left_out():
    x = (X, "mean", {"w": 2.0, "kind": "relu"})
    for result in ((X, None, {"w": 2.0}), (X, {"w": 2.0}), (X, "mean", {"w": 2.0, "kind": None})):
        found = read(result, x)
        assert (found.row.tolist(), found.breaches) == ([*X, 2.0], ())
    assert read({"w": 2.0}, {"w": 1.0, "sizes": [np.array([3, 1]), None]}).row.tolist() == [2.0]


def test_a_tuple_of_one_stands_for_its_array():
    assert read((X,)).row.tolist() == X.tolist()
    assert read((X,), (X,)).row.tolist() == X.tolist()


def test_sparse_results_are_read():
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    assert read(sparse.csr_array(np.diag(X)), np.diag(X)).row.tolist() == np.diag(X).ravel().tolist()


def test_complex_gradients_are_pairs():
    assert read(1j * X + 1, 1j * X).row.tolist() == [1, 1, 1, *X]
    assert read(np.ones(3), 1j * X).row.tolist() == [1, 1, 1, 0, 0, 0]
