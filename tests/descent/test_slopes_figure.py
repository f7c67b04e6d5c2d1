import numpy as np
import pytest

from minibp.descent.slopes import ANGLES, slopes_at
from minibp.descent.slopes_figure import slopes_figure
from minibp.descent.surfaces import surface_of

pytest.importorskip("matplotlib")


def test_arrows_stand_beside_the_slopes_and_the_steepest_is_lowest():
    surface = surface_of("bowl")
    page = slopes_figure(surface, [slopes_at(surface, np.array(surface.start))])
    plane, slope = page.axes
    assert len(plane.texts) == ANGLES + 1  # arrows are annotations without text
    assert slope.get_xlim() == (0, 360)
    curve, around, down = (line for line in slope.get_lines() if len(line.get_xdata()) != 2)
    (lowest,) = down.get_ydata()
    assert lowest <= min(curve.get_ydata())
    assert len(around.get_xdata()) == ANGLES
    assert "steepest at (−1.5, 1): −‖∇f‖ (2)" in [text.get_text() for text in page.legends[0].get_texts()]


def test_a_surface_without_a_window_gets_one_around_its_points():
    surface = surface_of("bowl")._replace(window=None)
    points = [np.array([1.0, 2.0]), np.array([3.0, -1.0])]
    page = slopes_figure(surface, [slopes_at(surface, w) for w in points])
    plane = page.axes[0]
    for x, y in points:
        assert plane.get_xlim()[0] < x < plane.get_xlim()[1]
        assert plane.get_ylim()[0] < y < plane.get_ylim()[1]
    assert len(page.legends[0].get_texts()) == 4
