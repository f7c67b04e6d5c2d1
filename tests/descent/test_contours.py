from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from minibp.descent.contours import draw_contours, draw_minima, thinned
from minibp.descent.surfaces import surface_of

LINES = arrays(np.float64, st.tuples(st.integers(2, 30), st.just(2)), elements=st.integers(-20, 20).map(float))


def distance(point, start, end):
    along = end - start
    length = along @ along
    t = 0.0 if length == 0 else np.clip((point - start) @ along / length, 0, 1)
    return np.linalg.norm(point - start - t * along)


@given(LINES)
def test_what_is_left_out_was_within_a_unit_of_what_is_kept(line):
    kept = thinned(line, 1.0, 1.0)
    assert (kept[[0, -1]] == line[[0, -1]]).all()
    assert len(kept) <= len(line)
    for point in line:
        assert min(distance(point, *pair) for pair in pairwise(kept)) <= 1 + 1e-12


def test_a_circle_keeps_its_shape_with_few_points_also_where_it_closes():
    turns = np.linspace(0, 2 * np.pi, 1001)
    circle = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    kept = thinned(circle, 0.001, 0.001)
    assert 50 < len(kept) < 150
    middles = (kept[1:] + kept[:-1]) / 2
    assert (np.linalg.norm(middles, axis=1) > 1 - 0.0011).all()


def test_units_are_of_each_axis():
    line = np.array([[0.0, 0.0], [5.0, 1.0], [10.0, 0.0]])
    assert len(thinned(line, 1.0, 2.0)) == 2
    assert len(thinned(line, 1.0, 0.5)) == 3


def test_contours_are_of_equal_height_and_the_window_is_the_axes():
    figure = pytest.importorskip("matplotlib.figure")
    surface = surface_of("stretched")
    axes = figure.Figure().subplots()
    draw_contours(axes, surface.value, surface.window)
    draw_minima(axes, surface)
    (lines,) = axes.collections
    for line in lines.get_segments():
        heights = [surface.value(point) for point in line]
        # Points lie on edges of a grid of 241 by 241, and are joined to straight lines between its nodes.
        assert np.ptp(heights) < 0.01 * max(heights) + 1e-3
    assert (*axes.get_xlim(), *axes.get_ylim()) == surface.window
    assert axes.get_lines()[0].get_xydata().tolist() == [[0, 0]]
