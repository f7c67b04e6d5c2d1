"""Neighbours that nearly tie, in single and in double precision."""

import numpy as np
import pytest
from case_ids import written_out
from grad_kinds import is_right, is_wrong, normal


def nearest(a, b):
    d = ((a[:, None] - b[None]) ** 2).sum(axis=-1)
    return d, d.real.argmin(axis=1), d.real.argmin(axis=0)


def chamfer(a, b):
    d, i, j = nearest(a, b)
    return d[np.arange(len(a)), i].mean() + d[j, np.arange(len(b))].mean()


def chamfer_gradient(adds):
    def gradient(a, b):
        _, i, j = nearest(a, b)
        da = 2 * (a - b[i]) / a.dtype.type(len(a))
        db = 2 * (b - a[j]) / a.dtype.type(len(b))
        forth, back = -da, -db
        if adds:
            np.add.at(db, i, forth)
            np.add.at(da, j, back)
        else:
            db[i] = db[i] + forth
            da[j] = da[j] + back
        return da, db

    return gradient


@pytest.mark.parametrize(
    ("size", "count", "dtype"),
    [(1.0, 8, "float64"), (3e-3, 4, "float32"), (1e3, 8, "float32")],
    ids=written_out,
)
def test_clouds_of_points_by_nearest_neighbours(dtype, size, count):
    a, b = (normal(count + k, count, 3, scale=size, dtype=dtype) for k in range(2))
    is_right(chamfer, chamfer_gradient(True), (a, b))
    is_wrong(chamfer, chamfer_gradient(False), (a, b), "rows_only" if count < 40 else None)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_clouds_with_ties(dtype):
    a = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]], dtype)
    is_right(chamfer, chamfer_gradient(True), (a, -a))
    is_wrong(chamfer, chamfer_gradient(False), (a, -a))
