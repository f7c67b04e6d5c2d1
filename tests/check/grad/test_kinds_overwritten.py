"""Entries that are used more than once: repeated indices and overlapping windows, whose shares have to be added."""

import numpy as np
import pytest
from case_ids import written_out
from grad_kinds import is_right, is_wrong, normal, said, softmax_loss
from hypothesis import example, given, settings
from hypothesis import strategies as st

OVERWRITTEN = "repeated_index_overwritten"
SEEDS = st.integers(0, 2**32 - 1)


def add_all(target, index, rows):
    np.add.at(target, index, rows)


def assign(target, index, rows):
    target[index] = rows


def add_once(target, index, rows):
    target[index] += rows


def add_by_rows(target, index, rows):
    for k in range(len(index)):
        target[index[k]] += rows[k]


WRONG = [assign, add_once]

# -- as vector-Jacobian products


def gather_vjp(index, add):
    def vjp(table, c):
        found = np.zeros_like(table)
        add(found, index, c)
        return found

    return vjp


@settings(max_examples=4)
@given(SEEDS, st.integers(3, 6), st.integers(1, 3), st.integers(4, 8), st.sampled_from(WRONG))
@example(0, 4, 1, 4, assign)  # of which a diagonal is left
def test_rows_that_are_looked_up_twice_are_named(seed, rows, width, count, add):
    index = np.random.default_rng(seed).integers(rows, size=count)
    index[-1] = index[0]
    table = normal(seed, rows, width)
    is_right(lambda t: t[index], gather_vjp(index, add_all), table, check="vjp")
    is_wrong(lambda t: t[index], gather_vjp(index, add), table, OVERWRITTEN, check="vjp")


@pytest.mark.parametrize("add", WRONG)
@pytest.mark.parametrize("tokens", [[[1, 1], [2, 4], [3, 3], [1, 2]], [[0, 5], [5, 0]], [[2, 2, 2]]], ids=written_out)
def test_contexts_of_tokens_are_named(add, tokens):
    index, table = np.array(tokens), normal(len(tokens), 6, 2)

    def f(table):
        return np.tanh(table[index].reshape(len(index), -1))

    def vjp(add):
        def pulled_back(table, c):
            d = c / np.cosh(table[index].reshape(len(index), -1)) ** 2
            return gather_vjp(index, add)(table, d.reshape(*index.shape, -1))

        return pulled_back

    is_right(f, vjp(add_all), table, check="vjp")
    found = is_wrong(f, vjp(add), table, OVERWRITTEN, check="vjp")
    assert "last write wins" in said(found)


@pytest.mark.parametrize("once", [[0, 1, 2, 3], [3, 0, 2, 1], [2]], ids=written_out)
def test_without_a_repeated_index_every_way_is_right(once):
    for add in (add_all, assign, add_once):
        is_right(lambda t: t[once], gather_vjp(once, add), normal(3, 4, 2), check="vjp")


def windows(length, size, stride):
    return [slice(i, i + size) for i in range(0, length - size + 1, stride)]


def max_pool(size, stride):
    def f(x):
        return np.stack([x[:, part].max(axis=1) for part in windows(x.shape[1], size, stride)], axis=1)

    return f


def max_pool_vjp(size, stride, add):
    def vjp(x, c):
        found, rows = np.zeros_like(x), np.arange(len(x))
        for k, part in enumerate(windows(x.shape[1], size, stride)):
            at = rows, part.start + x[:, part].argmax(axis=1)
            found[at] = c[:, k] + (found[at] if add else 0)
        return found

    return vjp


def has_overlap(x, size, stride):
    """True where an entry is the largest of more than one window."""
    counts = max_pool_vjp(size, stride, True)(x, np.ones_like(max_pool(size, stride)(x)))
    return (counts > 1).any()


@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2), (4, 1), (4, 3), (2, 1)], ids=written_out)
@pytest.mark.parametrize("seed", range(1))
def test_overlapping_windows_of_a_maximum_are_named(size, stride, seed):
    x = next(x for k in range(100) if has_overlap(x := normal(seed + 10 * k, 2, 9), size, stride))
    is_right(max_pool(size, stride), max_pool_vjp(size, stride, True), x, check="vjp")
    is_wrong(max_pool(size, stride), max_pool_vjp(size, stride, False), x, OVERWRITTEN, check="vjp")


@pytest.mark.parametrize("size", [2, 3, 4])
def test_windows_that_do_not_overlap_may_be_assigned(size):
    x = normal(size, 2, 3 * size)
    is_right(max_pool(size, size), max_pool_vjp(size, size, False), x, check="vjp")


@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2), (5, 2)], ids=written_out)
def test_overlapping_windows_of_a_convolution_are_named(size, stride):
    kernel = normal(size, size)

    def f(x):
        return np.stack([x[part] @ kernel for part in windows(len(x), size, stride)])

    def vjp(add):
        def pulled_back(x, c):
            found = np.zeros_like(x)
            for k, part in enumerate(windows(len(x), size, stride)):
                found[part] = c[k] * kernel + (found[part] if add else 0)
            return found

        return pulled_back

    x = normal(stride, 9)
    is_right(f, vjp(True), x, check="vjp")
    is_wrong(f, vjp(False), x, OVERWRITTEN, check="vjp")


# -- as gradients: what is left to see is which rows are off


def embedding(seed, rows, tokens):
    """The loss of a small language model by its table of embeddings, and a gradient that adds by `add`."""
    targets, n = np.arange(len(tokens)) % rows, tokens.shape[1]
    w = normal(seed + 1, 2 * n, rows)

    def f(table):
        return softmax_loss(np.tanh(table[tokens].reshape(len(tokens), -1)) @ w, np.eye(rows)[targets])[0]

    def gradient(add):
        def pulled_back(table):
            h = np.tanh(table[tokens].reshape(len(tokens), -1))
            d = softmax_loss(h @ w, np.eye(rows)[targets])[1] @ w.T * (1 - h**2)
            return gather_vjp(tokens, add)(table, d.reshape(*tokens.shape, -1))

        return pulled_back

    return f, gradient, normal(seed, rows, 2)


@pytest.mark.parametrize(
    ("add", "tokens", "rows", "off"),
    [
        (assign, [[1, 1], [2, 4], [3, 3], [1, 2]], 6, "1, 2, 3"),
        (add_by_rows, [[1, 1], [2, 4], [3, 3], [1, 2]], 6, "1, 3"),
        (add_once, [[0, 0], [5, 6], [7, 2]], 8, "0"),
        (add_by_rows, [[4, 4], [4, 4], [1, 1]], 9, "1, 4"),
    ],
    ids=["contexts of two", "contexts of two by rows", "one repeated token", "two tokens alone"],
)
def test_rows_of_a_table_that_are_off_are_named(add, tokens, rows, off):
    f, gradient, table = embedding(rows, rows, np.array(tokens))
    is_right(f, gradient(add_all), table)
    found = is_wrong(f, gradient(add), table, "rows_only")
    assert f"rows {off} of {rows} are off" in said(found)
    assert "last write wins" in said(found)


def test_token_numbers_are_passed_on():
    f, gradient, table = embedding(3, 6, tokens := np.array([[1, 1], [2, 4]]))
    is_right(lambda t, i: f(t), lambda t, i: (gradient(add_all)(t), None), (table, tokens))
    is_wrong(lambda t, i: f(t), lambda t, i: (gradient(add_once)(t), None), (table, tokens), "rows_only")


@pytest.mark.parametrize(
    ("shape", "size", "stride"), [((1, 12), 3, 2), ((2, 6), 3, 1), ((3, 9), 4, 1)], ids=written_out
)
@pytest.mark.parametrize("seed", range(1))
def test_overlapping_windows_under_a_weighted_sum_are_said_to_be_overwritten(shape, size, stride, seed):
    x = next(x for k in range(100) if has_overlap(x := normal(seed + 10 * k, *shape), size, stride))
    f, up = max_pool(size, stride), normal(seed, *max_pool(size, stride)(x).shape)
    is_right(lambda x: (f(x) * up).sum(), lambda x: max_pool_vjp(size, stride, True)(x, up), x)
    found = is_wrong(lambda x: (f(x) * up).sum(), lambda x: max_pool_vjp(size, stride, False)(x, up), x)
    assert "last write wins" in said(found)
