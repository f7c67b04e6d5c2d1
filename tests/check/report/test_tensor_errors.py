import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from minibp.check.report.tensor_errors import TensorErrors, sharpest


def test_the_ratio_is_that_of_what_was_compared():
    errors = TensorErrors(
        "grad", None, np.array([1.0, 1.0, 1.0, np.nan, 0.0]), np.zeros(5), np.array([2.0, 0.5, np.inf, 1.0, np.nan])
    )
    assert np.array_equal(errors.ratio, [0.5, 2.0, np.nan, np.inf, np.nan], equal_nan=True)
    assert errors.off == 2


@given(array_shapes(min_dims=0, max_dims=4, max_side=3))
def test_as_a_matrix_no_entry_is_lost(shape):
    entries = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    matrix = TensorErrors("x", None, entries, -entries, 2 * entries).as_matrix()
    assert matrix.got.ndim == 2
    assert matrix.got.shape[1] == (shape[-1] if shape else 1)
    for one, factor in ((matrix.got, 1), (matrix.expected, -1), (matrix.tolerance, 2)):
        assert np.array_equal(one.ravel(), factor * entries.ravel())


RADII = st.sampled_from([0.0, 1e-9, 1.0, np.inf, np.nan])


@given(st.data(), array_shapes(max_dims=2, max_side=4), st.integers(1, 3))
def test_of_several_oracles_the_one_that_knows_best_is_taken(data, shape, oracles):
    rows = [
        (np.full(shape, float(i)), data.draw(arrays(float, shape, elements=RADII))) for i in range(oracles)
    ]  # the number says whose it is
    expected, radius = sharpest(rows)
    for at in np.ndindex(shape):
        known = [r[at] if not np.isnan(r[at]) else np.inf for _, r in rows]
        assert radius[at] == min(known)
        assert known[int(expected[at])] == min(known)


def test_a_number_that_is_none_is_not_known():
    expected, radius = sharpest([(np.array([np.nan]), np.zeros(1)), (np.ones(1), np.full(1, 0.5))])
    assert (expected[0], radius[0]) == (1.0, 0.5)
