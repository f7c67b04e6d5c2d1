"""Entries that are lost beside others of their array, as decompositions drop them."""

import math

import numpy as np
import pytest
from grad_kinds import is_right, is_wrong, report
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st


def projector(a):
    return a @ np.linalg.pinv(a)


def projector_back(a, up):
    plus = np.linalg.pinv(a)
    return (np.eye(len(a)) - a @ plus) @ (up + up.T) @ plus.T


def plus_back(a, up):
    plus = np.linalg.pinv(a)
    rest = np.eye(len(a)) - a @ plus
    return -(plus.T @ up @ plus.T) + rest @ up.T @ plus @ plus.T


DECOMPOSED = {"projector": (projector, projector_back), "pseudoinverse": (np.linalg.pinv, plus_back)}


@settings(max_examples=20)
@example("projector", [2.0, 0.0, -8e-17, -0.2, -2.2e-16, -3.0])
@example("projector", [0.219, 1.077, 8.576e-16, 7.3e-18, -1.15, 0.119])
@example("pseudoinverse", [1.7278, 0.8421, -5.6323e-16, 8.8837e-16, 0.2294, 3.4364e-16])
@example("pseudoinverse", [-4.7e-18, -1.01, 0.0, 3.04e-16, -7.67e-16, 0.209])
@given(
    st.sampled_from(list(DECOMPOSED)),
    st.permutations([0, 1, 2, 3, 4, 5]).flatmap(
        lambda order: st.tuples(*(st.floats(-9e-16, 9e-16) if order[k] < 3 else st.floats(0.2, 3) for k in range(6)))
    ),
)
def test_entries_that_a_decomposition_drops_are_no_false_alarm(name, entries):
    """What is lost beside the largest entries moves the result by another slope than they do, as smoothly."""
    a = np.reshape(entries, (3, 2)).astype(float)
    assume(np.linalg.svd(a, compute_uv=False)[-1] > 0.05)
    f, back = DECOMPOSED[name]
    assert report(f, back, a, check="vjp").verdict in {"correct", "undecided"}


@pytest.mark.parametrize("name", DECOMPOSED)
def test_beside_them_mistakes_are_wrong(name):
    f, back = DECOMPOSED[name]
    a = np.array([[2.0, 0.3], [-8e-17, -0.4], [-2.2e-16, -3.0]])
    for mistake in (lambda a, up: 1.01 * back(a, up), lambda a, up: np.where(np.arange(2), -1, 1) * back(a, up)):
        is_wrong(f, mistake, a, check="vjp")


def test_a_kink_in_an_entry_that_is_lost_beside_others_is_seen():
    """|x| at 1e-17 beside 2: over steps of the size of 2 its slopes on both sides would cancel."""
    x = np.array([2.0, 1e-17])
    is_wrong(lambda x: np.abs(x).sum(), lambda x: np.sign(x) * [1, 0], x)
    is_right(lambda x: np.abs(x).sum(), np.sign, x)


SQUARES = {
    "dropped slope of atan": (
        lambda x: float(x[0]) * 1e-16 + 0.5 * float(x[1]) ** 2 + math.atan(x[1]),
        lambda x: [1e-16, x[1] + 1 / (1 + x[1] ** 2)],
        lambda x: [1e-16, x[1]],
        [1e16, 0.7],
    ),
    "dropped slope of cos": (
        lambda x: float(x[0]) * 1e-20 + 1e-4 * float(x[1]) ** 2 + math.cos(x[1] / 50),
        lambda x: [1e-20, 2e-4 * x[1] - math.sin(x[1] / 50) / 50],
        lambda x: [1e-20, 2e-4 * x[1]],
        [6e23, 280.0],
    ),
}
"""Sums that are quadratic far away, their gradients, and those of the squares alone."""


@pytest.mark.parametrize("name", SQUARES)
def test_where_f_is_another_far_away_an_entry_of_another_unit_is_judged_by_its_own_steps(name):
    f, right, off, x = SQUARES[name]
    is_right(f, lambda x: np.array(right(x)), np.array(x))
    is_wrong(f, lambda x: np.array(off(x)), np.array(x))


ROWS = {
    "powers at 100": (lambda x: [float(x[0]) ** k for k in (1, 4, 10)], [[1.0], [4e6], [1e19]], [100.0]),
    "exponentials": (
        lambda x: [math.exp(x[0]), math.exp(-x[0])], [[math.exp(20)], [-math.exp(-20)]], [20.0]
    ),
    "units": (lambda x: [6e23 * math.sin(x[0]), math.cos(x[0])], [[6e23 * math.cos(1.3)], [-math.sin(1.3)]], [1.3]),
}  # fmt: skip
"""Results of very unequal sizes by one entry, and their Jacobians."""


@pytest.mark.parametrize("name", ROWS)
def test_small_results_beside_large_ones_are_no_excuse_either(name):
    f, jacobian, x = ROWS[name]
    right, smallest = np.array(jacobian), int(np.argmin(np.abs(jacobian)))
    is_right(lambda x: np.array(f(x)), right, np.array(x), check="jacobian")
    for by in (-1, 2):
        off = right * np.where(np.arange(len(right)) == smallest, by, 1)[:, None]
        is_wrong(lambda x: np.array(f(x)), off, np.array(x), check="jacobian")


def first_row(a):
    """Of a 2-by-2 matrix in plain Python, of which only differences tell slopes."""
    return np.array([float(a[0]) * float(a[1]), float(a[0]) + float(a[2])])


@pytest.mark.parametrize(
    "entry", [(0, 0), (0, 1), (1, 0), (1, 2)], ids=["product, factor", "product, other", "sum, large", "sum, lost"]
)
def test_elsewhere_an_entry_that_is_lost_beside_others_is_no_excuse(entry):
    """Over steps of the size of the array its slope is what it is."""
    x = np.array([0.7, 3e-17, 2e-17])
    right = np.array([[3e-17, 0.7, 0], [1, 0, 1]])
    off = right.copy()
    off[entry] *= 2
    is_right(first_row, right, x, check="jacobian")
    assert report(first_row, lambda _: off, x, check="jacobian").verdict == (
        "undecided" if entry == (0, 0) else "wrong"
    )
