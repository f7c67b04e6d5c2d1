import numpy as np
import pytest

from minibp.check.grad.arguments import Arguments
from minibp.check.grad.likeness import likenesses

X = np.array([[0.5, -1.5, 2.0], [1.0, 3.0, -0.25], [4.0, 0.75, -2.0]])
SLOPE = np.array([[1.0, 2.0, 3.0], [-4.0, 5.0, 6.0], [7.0, -8.0, 9.0]])


def said(got, expected=SLOPE, x=X, tolerance=1e-9, at=None):
    at = np.arange(x.size) if at is None else at
    rows = (np.asarray(one, float).ravel()[: len(at)] for one in (got, expected))
    return likenesses(Arguments(x), at, *rows, np.full(len(at), tolerance))


@pytest.mark.parametrize(
    ("got", "note"),
    [
        pytest.param(0 * SLOPE, "every entry is 0", id="zero"),
        pytest.param(-SLOPE, "every entry is -1 times the slope", id="sign"),
        pytest.param(SLOPE / 3, "every entry is 0.333333 times the slope", id="factor"),
        pytest.param(SLOPE + 0.5, "every entry is the slope and 0.5", id="constant"),
        pytest.param(SLOPE + 0.1 * X, "every entry is the slope and 0.1 times x", id="multiple of x"),
        pytest.param(SLOPE.T, "it is transposed", id="transposed"),
    ],
)
def test_a_common_mistake_is_told(got, note):
    assert said(got) == [f"grad: {note}"]


def test_nothing_is_said_of_what_is_right_or_has_no_such_form():
    assert said(SLOPE) == []
    one_off = SLOPE.copy()
    one_off[1, 1] += 1
    assert said(one_off) == []


def test_one_entry_proves_no_form_but_zero():
    assert said([[2.0]], [[1.0]], np.ones((1, 1))) == []
    assert said([[0.0]], [[1.0]], np.ones((1, 1))) == ["grad: every entry is 0"]


def test_a_transpose_is_told_of_whole_square_matrices_alone():
    assert said(SLOPE.T, at=np.arange(8)) == []
    assert said(SLOPE[:, :2].T.reshape(3, 2), SLOPE[:, :2], X[:, :2]) == []


def test_each_array_has_a_line_of_its_own():
    x = (np.ones(3), np.arange(1.0, 4.0))
    expected = np.arange(1.0, 7.0)
    got = np.concatenate([expected[:3], 2 * expected[3:]])
    found = likenesses(Arguments(x), np.arange(6), got, expected, np.full(6, 1e-9))
    assert found == ["grad[1]: every entry is 2 times the slope"]
