import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibp.arrays import InputError
from minibp.bench.cases import DTYPES, TABLE_ROWS
from minibp.bench.selection import Selection, bytes_at_peak, selected

FREE = 1 << 100
widths = st.lists(st.integers(1, 10**4), min_size=2, max_size=5).map(tuple)


def pairs(selection):
    return [(row.sizes, row.batch) for row in selection.rows]


def joined(texts, commas):
    """Texts as options have them: in one, or each in its own."""
    return [",".join(texts)] if commas and texts else texts


@given(
    st.lists(widths, min_size=1, max_size=4, unique=True),
    st.lists(st.integers(1, 10**6), min_size=1, max_size=4, unique=True),
    st.booleans(),
    st.booleans(),
)
def test_every_network_is_measured_at_every_batch_size(networks, batches, commas, more_commas):
    sizes = joined(["-".join(map(str, network)) for network in networks], commas)
    numbers = joined([str(batch) for batch in batches], more_commas)
    found = selected(sizes, numbers, memory=FREE)
    assert pairs(found) == [(network, batch) for network in networks for batch in batches]
    assert all(row.targets == {} for row in found.rows)


def test_nothing_chosen_is_the_fixed_table_in_both_dtypes():
    assert selected() == Selection((), DTYPES)
    assert selected(dtype="float32") == Selection((), ("float32",))


def test_what_is_not_chosen_has_a_default():
    assert pairs(selected(["2-1"], memory=FREE)) == [((2, 1), 10)]
    assert pairs(selected([], ["7"], memory=FREE)) == [((784, 30, 10), 7)]


def test_numbers_with_nothing_but_commas_are_the_layers_of_one_network():
    assert pairs(selected(["784,30, 10"], ["1"], memory=FREE)) == [((784, 30, 10), 1)]


def test_what_is_chosen_twice_is_measured_once():
    assert pairs(selected(["2-1", "2-1,3-1"], ["5,5", "5"], memory=FREE)) == [((2, 1), 5), ((3, 1), 5)]


NOT_NUMBERS = ["", "x", "-5", "1.5", "1e3", "٣", "²", "1_0", "9" * 19, "9" * 5000]


@pytest.mark.parametrize("text", ["0", *NOT_NUMBERS], ids=ascii)
def test_a_batch_size_that_is_none_is_one_sentence(text):
    for given_text in (text, f"8,{text}"):
        with pytest.raises(InputError, match=r"^--batch has '.*', expected a whole number of examples, 1 or more") as e:
            selected([], [given_text], memory=FREE)
        assert len(str(e.value)) < 150


@pytest.mark.parametrize("text", NOT_NUMBERS, ids=ascii)
def test_a_layer_that_is_no_number_is_one_sentence(text):
    with pytest.raises(InputError, match=r"^--sizes has '.*', expected neurons of two or more layers") as error:
        selected([f"784-{text}-10"], memory=FREE)
    assert len(str(error.value)) < 150


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("784", "--sizes has '784', which is one layer, expected neurons of two or more layers, such as 784-30-10"),
        ("2-1,784", "--sizes has '784', which is one layer, expected neurons of two or more layers, such as 784-30-10"),
        ("784-0-10", "--sizes has '784-0-10', with a layer of 0 neurons, expected 1 or more in every layer"),
        ("", "--sizes has '', expected neurons of two or more layers, such as 784-30-10"),
    ],
)
def test_a_network_that_is_none_is_one_sentence(text, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        selected([text], memory=FREE)


@pytest.mark.parametrize("dtype", ["float16", "", "double", "f" * 1000])
def test_another_dtype_is_one_sentence(dtype):
    with pytest.raises(InputError, match=r"^--dtype is '.*', expected float64 or float32$") as error:
        selected(dtype=dtype)
    assert len(str(error.value)) < 100


@given(widths, st.integers(1, 10**18 - 1))
def test_what_does_not_fit_into_memory_is_refused_before_it_is_measured(sizes, batch):
    label, needed = "-".join(map(str, sizes)), bytes_at_peak(sizes, batch)
    assert pairs(selected([label], [str(batch)], memory=needed)) == [(sizes, batch)]
    with pytest.raises(InputError, match=rf"^{label} with a batch of {batch:,} takes about .*B.* free$"):
        selected([label], [str(batch)], memory=needed - 1)


def test_the_fixed_table_fits_into_a_gibibyte():
    assert max(bytes_at_peak(row.sizes, row.batch) for row in TABLE_ROWS) < 1 << 30
