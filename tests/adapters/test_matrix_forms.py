"""W and b in the forms in which arrays hold them."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibp.adapters.matrix_forms import Form, fits_biases, sizes_apart, without_ones

FORMS = [Form(*ways) for ways in product([False, True], repeat=3)]
WIDTHS = st.integers(1, 5)


@pytest.mark.parametrize("form", FORMS, ids=repr)
@given(WIDTHS, WIDTHS)
def test_what_is_packed_fits_and_is_unpacked_as_it_was(form, n_in, n_out):
    w, b = np.arange(n_in * n_out, dtype=float).reshape(n_out, n_in), -1.0 - np.arange(n_out)
    packed = form.packed(w, b)
    assert packed.shape == form.shape(n_in, n_out)
    for shape in (packed.shape, (1, *packed.shape), (*packed.shape, 1)):
        assert form.fits(shape, n_in, n_out)
        got_w, got_b = form.unpacked(packed.reshape(shape), n_in, n_out)
        assert np.array_equal(got_w, w)
        assert np.array_equal(got_b, b) if form.joined else got_b is None


def test_the_column_of_the_biases_is_the_first_or_the_last_and_a_row_when_transposed():
    w, b = np.array([[1.0, 2.0]]), np.array([7.0])
    assert Form(joined=True).packed(w, b).tolist() == [[1, 2, 7]]
    assert Form(joined=True, bias_first=True).packed(w, b).tolist() == [[7, 1, 2]]
    assert Form(transposed=True, joined=True, bias_first=True).packed(w, b).tolist() == [[7], [1], [2]]
    assert Form(transposed=True).other() == Form()
    assert str(Form(transposed=True, joined=True)) == "(n_in + 1, n_out)"


def test_a_vector_is_a_matrix_of_one_row():
    assert Form().fits((3,), 3, 1)
    assert Form(transposed=True).fits((3,), 1, 3)
    assert Form(joined=True).fits((4,), 3, 1)
    assert Form().unpacked(np.arange(3.0), 3, 1)[0].tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("shape", [(2, 3), (6,), (3, 2, 2), (2, 3, 1), (3,)], ids=str)
def test_other_shapes_do_not_fit(shape):
    assert not Form().fits(shape, 2, 3)


@pytest.mark.parametrize(
    ("shape", "n", "fits"),
    [((3,), 3, True), ((1, 3), 3, True), ((3, 1), 3, True), ((1, 3, 1), 3, True), ((1,), 1, True), ((1, 1), 1, True),
     ((3,), 1, False), ((3, 3), 3, False), ((), 1, False), ((2,), 3, False)],
    ids=str,
)  # fmt: skip
def test_biases_have_one_axis_and_any_of_length_1(shape, n, fits):
    assert fits_biases(shape, n) is fits
    assert without_ones((*shape, 1)) == without_ones(shape)


@pytest.mark.parametrize("length", range(2, 9))
def test_sizes_apart_tell_all_shapes_apart(length):
    sizes = sizes_apart(length)
    assert len(sizes) == length
    assert len({m for n in sizes for m in (n, n + 1)}) == 2 * length
    shapes = [form.shape(*pair) for pair in pairwise(sizes) for form in FORMS if not form.bias_first]
    assert len(set(shapes)) == len(shapes)
