import numpy as np
import pytest

import minibp


def scaled(x, c):
    """The gradient of the sum of squares, but for one entry."""
    g = 2 * x * c
    return g + c * (np.arange(x.size).reshape(x.shape) == 3)


def squares(x):
    return x**2


@pytest.mark.parametrize("shape", [(5,), (2, 3)], ids=["row", "matrix"])
def test_a_gradient_has_the_shape_of_its_argument(shape):
    x = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    wrong = minibp.check_grad(lambda x: np.sum(x**2), lambda x: scaled(x, 1.0), x, seed=1, raise_on_mismatch=False)
    (errors,) = wrong.errors
    assert (errors.name, errors.layer, errors.got.shape) == ("grad", None, shape)
    assert np.flatnonzero(errors.ratio > 1).tolist() == [3]
    assert errors.expected == pytest.approx(2 * x)


def test_any_other_has_results_down_and_entries_across_by_argument():
    def f(x, w):
        return w @ x

    def vjp(x, w, c):
        return w.T @ c, np.outer(c, x) * np.array([[1.0], [2.0]])

    point = np.array([1.0, 2.0, 3.0]), np.arange(6.0).reshape(2, 3)
    report = minibp.check_vjp(f, vjp, point, seed=1, raise_on_mismatch=False)
    by_x, by_w = report.errors
    assert (by_x.name, by_x.got.shape, by_x.off) == ("∂results/∂x", (2, 3), 0)
    assert (by_w.name, by_w.got.shape, by_w.off) == ("∂results/∂w", (2, 6), 3)
    assert np.argwhere(by_w.ratio > 1).tolist() == [[1, 3], [1, 4], [1, 5]]
    assert by_x.expected == pytest.approx(point[1])


def test_what_was_compared_in_sums_alone_is_not_drawn():
    report = minibp.check_grad(lambda x: np.sum(x**2), lambda x: 2 * x, np.ones(3000), seed=1)
    assert report.errors == ()


def test_what_no_oracle_tells_has_no_ratio():
    report = minibp.check_grad(lambda x: np.floor(x).sum(), np.zeros_like, np.array([0.5, 1.0]), seed=1,
                               raise_on_mismatch=False)  # fmt: skip
    (errors,) = report.errors
    assert np.isnan(errors.ratio[1])
