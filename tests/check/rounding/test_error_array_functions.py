"""NumPy's functions of arrays that carry an error: the value is NumPy's, the error goes where the entry goes."""

import numpy as np
import pytest

from minibp.check.rounding.error_array import BY_METHOD, JOINING, MOVING, OTHERS, ErrorArray
from minibp.check.rounding.error_rules import Unfollowed

RNG = np.random.default_rng(5)
X = RNG.standard_normal((3, 4))
ERROR = 10.0 ** -RNG.uniform(8, 12, (3, 4))
U = 2.0**-53


def carried(dtype="float64"):
    return ErrorArray(X.astype(dtype), ERROR)


MOVED = {
    np.reshape: [((4, 3),), (-1,)],
    np.ravel: [()],
    np.transpose: [(), ((1, 0),)],
    np.swapaxes: [(0, 1)],
    np.moveaxis: [(0, 1)],
    np.rollaxis: [(1,)],
    np.squeeze: [()],
    np.expand_dims: [(1,)],
    np.broadcast_to: [((2, 3, 4),)],
    np.copy: [()],
    np.flip: [(), (1,)],
    np.roll: [(2,), (1, 0)],
    np.diagonal: [(), (1,)],
    np.diag: [()],
    np.triu: [(), (1,)],
    np.tril: [()],
    np.repeat: [(2,), ([1, 0, 2], 0)],
    np.tile: [((2, 1),)],
    np.take: [([2, 0, 0], 1)],
    np.take_along_axis: [(np.argsort(X, 1), 1)],
    np.atleast_1d: [()],
    np.atleast_2d: [()],
    np.real: [()],
    np.split: [(3,), ([1], 1)],
    np.array_split: [(2,)],
}
"""Further arguments."""


def test_every_function_is_tested():
    assert set(MOVED) == MOVING
    assert set(JOINED) == JOINING
    assert set(BY_METHOD) == {np.sum, np.mean, np.max, np.min, np.amax, np.amin, np.clip}
    assert {function for function, _ in OF_THEIR_OWN.values()} == set(OTHERS)


@pytest.mark.parametrize("function", MOVED, ids=lambda function: function.__name__)
def test_the_error_goes_where_the_entry_goes(function):
    for more in MOVED[function]:
        found, value, error = (function(part, *more) for part in (carried(), X, ERROR))
        found, value, error = (part if isinstance(part, list) else [part] for part in (found, value, error))
        assert len(found) == len(value)
        for one, its_value, its_error in zip(found, value, error, strict=True):
            assert np.array_equal(one.value, its_value)
            assert np.array_equal(one.error, its_error)


METHODS = {
    "T": lambda x: x.T,
    "real": lambda x: x.real,
    "copy": lambda x: x.copy(),
    "reshape": lambda x: x.reshape(2, 6),
    "reshape by a tuple": lambda x: x.reshape((2, 6), order="F"),
    "transpose": lambda x: x.transpose(1, 0),
    "ravel": lambda x: x.ravel(),
    "ravel by columns": lambda x: x.ravel("F"),
    "flatten": lambda x: x.flatten(),
    "flatten by columns": lambda x: x.flatten("F"),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "squeeze": lambda x: x[:, :1].squeeze(1),
    "a row": lambda x: x[1],
    "an entry": lambda x: x[1, 2],
    "a mask": lambda x: x[X > 0],
    "indices": lambda x: x[[2, 0], 1:],
    "a new axis": lambda x: x[:, None],
    "rows": lambda x: list(x)[-1],
}


@pytest.mark.parametrize("name", METHODS)
def test_methods_and_indices_move_both(name):
    found = METHODS[name](carried())
    assert np.array_equal(found.value, METHODS[name](X))
    assert np.array_equal(found.error, METHODS[name](ERROR))
    assert (found.shape, found.ndim, found.size) == (found.value.shape, found.value.ndim, found.value.size)


JOINED = {np.concatenate: {"axis": 1}, np.stack: {"axis": 1}, np.vstack: {}, np.hstack: {}, np.column_stack: {}}


@pytest.mark.parametrize("function", JOINED, ids=lambda function: function.__name__)
def test_joined_arrays_may_be_exact(function):
    found = function([carried(), X], **JOINED[function])
    assert np.array_equal(found.value, function([X, X], **JOINED[function]))
    assert np.array_equal(found.error, function([ERROR, 0 * X], **JOINED[function]))


@pytest.mark.parametrize("name", ["max", "min", "amax", "amin"])
@pytest.mark.parametrize("axis", [None, 0, 1], ids=repr)
def test_the_largest_moves_by_no_more_than_one_entry_does(name, axis):
    function = getattr(np, name)
    found = function(carried(), axis=axis)
    assert np.array_equal(found.value, function(X, axis=axis))
    assert np.array_equal(found.error, ERROR.max(axis))


def test_what_is_clipped_keeps_its_error():
    found = np.clip(carried(), -0.5, 0.5)
    assert np.array_equal(found.value, np.clip(X, -0.5, 0.5))
    assert np.array_equal(found.error, ERROR)


def put(x):
    changed = x.copy()
    indices = np.argmax(X, axis=1)[:, None]
    np.put_along_axis(changed, indices, x[:, :1] - 1, 1)
    return changed


OF_THEIR_OWN = {
    "norm": (np.linalg.norm, np.linalg.norm),
    "norm of a row": (np.linalg.norm, lambda x: np.linalg.norm(x[0])),
    "norms of rows": (np.linalg.norm, lambda x: np.linalg.norm(x, axis=1, keepdims=True)),
    "where": (np.where, lambda x: np.where(X > 0, x, 2.0)),
    "where not": (np.where, lambda x: np.where(X > 0, 0, x)),
    "put along an axis": (np.put_along_axis, put),
    "einsum": (np.einsum, lambda x: np.einsum("ij,kj->ik", x, x)),
    "einsum of an exact array": (np.einsum, lambda x: np.einsum("ij,ij->i", X.astype(x.dtype), x)),
    "shape": (np.shape, np.shape),
    "number of axes": (np.ndim, np.ndim),
    "size": (np.size, np.size),
    "zeros": (np.zeros_like, np.zeros_like),
    "ones": (np.ones_like, np.ones_like),
    "threes": (np.full_like, lambda x: np.full_like(x, 3)),
    "empty": (np.empty_like, lambda x: np.empty_like(x).shape),
}
"""A function with a rule of its own, and a use of it."""
PROGRAMS = {
    "twice": lambda x: 2 * x,
    "tenth": lambda x: x + 0.1,
    "square": lambda x: x**2,
    "cube": lambda x: abs(x) ** 3,
    "root": lambda x: abs(x) ** 0.5,
    "inverse": lambda x: abs(x) ** -1,
    "relu": lambda x: np.maximum(x, 0),
    "mean": lambda x: x.mean(),
    "mean of columns": lambda x: np.mean(x, 0),
    "softmax": lambda x: (
        np.exp(x - x.max(1, keepdims=True)) / np.exp(x - x.max(1, keepdims=True)).sum(1, keepdims=True)
    ),
    "a number of its dtype": lambda x: x.dtype.type(0.1) * x,
    "a sum of columns": lambda x: np.add.reduce(x, axis=0),
    "a sum of the first axis": np.add.reduce,
    "a sum with a start": lambda x: x.sum(initial=3.0),
    "a sum of some": lambda x: x.sum(where=X > 0),
    "a mean of some": lambda x: x.mean(where=X > -9),
    "a sum in float64": lambda x: x.sum(dtype=np.float64),
    "largest with a start": lambda x: x.max(initial=9.0),
    "clip by name": lambda x: np.clip(x, a_min=-0.5, a_max=0.5),
    "clip from below": lambda x: x.clip(min=0),
    "clip by min and max": lambda x: np.clip(x, min=-0.5, max=0.5),
    "two axes": lambda x: np.tensordot(x, x, axes=2),
    "joined into a buffer": lambda x: np.concatenate([x, x], out=np.zeros((6, 4), x.dtype)),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", [*OF_THEIR_OWN, *PROGRAMS])
def test_the_value_is_numpys_or_there_is_none(name, dtype):
    f = PROGRAMS[name] if name in PROGRAMS else OF_THEIR_OWN[name][1]
    x = X.astype(dtype)
    expected = f(x)
    try:
        found = f(ErrorArray(x.copy(), ERROR))
    except Unfollowed:
        return
    found = found.value if isinstance(found, ErrorArray) else found
    assert np.asarray(found).dtype == np.asarray(expected).dtype
    assert np.array_equal(found, expected)


def writing_rows(x):
    out = np.zeros_like(x)
    for row, at in zip(out, x, strict=True):
        row[...] = at / 3
    return out


def writing_a_view(x):
    out = np.zeros_like(x)
    out.reshape(-1)[:] = (x / 3).reshape(-1)
    return out


def writing_in_place(x):
    out = np.zeros_like(x)
    row = out[0]
    row += x[0] / 3
    out[1:] = x[1:] / 3
    return out


def writing_entries(x):
    out = np.zeros_like(x)
    for i in range(len(out)):
        out[i] += x[i] / 3
    return out


WRITING = [writing_rows, writing_a_view, writing_in_place, writing_entries]


@pytest.mark.parametrize("f", WRITING, ids=lambda f: f.__name__)
def test_what_is_written_brings_its_error_along(f):
    found = f(carried())
    assert np.array_equal(found.value, f(X))
    assert (found.error >= ERROR / 3).all()
    assert (found.error <= 1.01 * (ERROR / 3 + 2 * U * np.abs(X))).all()


@pytest.mark.parametrize("number", [0.1, 1e-42, 1e-60, -3e30])
def test_another_precision_rounds_once(number):
    written = ErrorArray(np.zeros(1, np.float32))
    written[0] = ErrorArray(np.float64(number))
    for narrow in (ErrorArray(np.array([number])).astype(np.float32), written):
        assert narrow.dtype == np.float32
        off = abs(float(narrow.value[0]) - number)
        assert off <= narrow.error[0] <= 1.01 * (2.0**-24 * abs(number) + 2.0**-126)
        assert narrow.astype(np.float64).error[0] == narrow.error[0]
    assert not ErrorArray(np.ones(1, np.float32)).astype(np.float64).error


def test_complex_numbers_are_bounded_or_not_followed():
    a, b = (RNG.standard_normal(1000) + 1j * RNG.standard_normal(1000) for _ in range(2))
    for operation in (np.multiply, np.divide):
        try:
            found = operation(ErrorArray(a), ErrorArray(b))
        except Unfollowed:
            continue
        # In longdouble the error is smaller by 2^11.
        exact = operation(a.astype(np.clongdouble), b.astype(np.clongdouble))
        assert (np.abs(found.value - exact) <= found.error * (1 + 2.0**-9)).all()


def test_half_precision_is_bounded_or_not_followed():
    try:
        found = ErrorArray(X).astype(np.float16)
    except Unfollowed:
        return
    assert (np.abs(found.value.astype(float) - X) <= found.error).all()
