import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from minibp.pages.heat import LEVELS, MOST, SIGNED, error_map, level_of, levels_of, signs_of, value_map


def cells_of(drawn):
    """The class of each cell, read from the paths."""
    found = np.full((drawn.rows, drawn.columns), "", dtype=object)
    for name, path in drawn.paths:
        for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path):
            part = found[int(y), int(x) : int(x) + int(width)]
            assert len(part) == int(width)
            assert (part == "").all()  # no cell twice
            part[:] = name
    return found


@pytest.mark.parametrize(
    ("ratio", "name"),
    [(0.0, "level0"), (1e-3, "level0"), (0.1, "level2"), (0.5, "level3"), (1.0, "level4"), (1.0000000000000002, "off1"),
     (10.0, "off1"), (11.0, "off2"), (1e7, "off3"), (float("inf"), "off3"), (float("nan"), "none")],
)  # fmt: skip
def test_the_tolerance_parts_the_colours(ratio, name):
    assert level_of(ratio) == name
    assert name in dict(LEVELS)


@given(arrays(float, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(0, 1e9) | st.just(np.nan)))
def test_a_small_map_has_every_entry(ratio):
    drawn = error_map(ratio)
    assert drawn.block == (1, 1)
    assert (cells_of(drawn) == levels_of(ratio)).all()


@given(
    st.integers(1, 3 * MOST + 5), st.integers(1, 3 * MOST + 5), st.data()
)  # fmt: skip
def test_a_large_map_never_hides_a_wrong_entry(rows, columns, data):
    ratio = np.full((rows, columns), 0.2)
    i, j = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    ratio[i, j] = np.inf
    drawn = error_map(ratio)
    assert max(drawn.rows, drawn.columns) <= MOST
    cells = cells_of(drawn)
    assert (cells != "").all()
    assert (cells == "off3").sum() == 1
    assert cells[i // drawn.block[0], j // drawn.block[1]] == "off3"


def test_what_is_off_is_framed_on_every_map():
    ratio = np.array([[0.0, 2.0, 3.0], [np.nan, 1.0, np.inf]])
    framed = "M1 0h2v1h-2zM2 1h1v1h-1z"
    assert error_map(ratio).off == framed
    assert value_map(np.zeros((2, 3)), 1.0, ratio).off == framed
    assert error_map(np.ones((2, 3))).off == ""


def test_values_are_told_apart_by_sign_and_by_size():
    values = np.array([-1.0, -0.2, -1e-3, 0.0, 1e-3, 0.2, 1.0, np.nan, np.inf])
    assert signs_of(values, 1.0).tolist() == [*SIGNED, "none", "none"]
    assert set(signs_of(np.zeros(3), 0.0)) == {"zero"}


def test_a_block_of_values_is_its_largest():
    values = np.zeros((2 * MOST, 1))
    values[3] = -5.0
    drawn = value_map(values, 5.0, np.zeros_like(values))
    assert drawn.block == (2, 1)
    assert (cells_of(drawn) == "minus3").ravel().tolist() == [False, True] + [False] * (MOST - 2)
