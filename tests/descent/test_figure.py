import re

import numpy as np
import pytest

from minibp import gradient_descent
from minibp.descent.figure import DescentRun, figure, shown_point, window_of
from minibp.descent.surfaces import Surface, surface_of
from minibp.plots import save

pytest.importorskip("matplotlib")


def runs(surface, start, etas, steps=30):
    w = np.array(start)
    return [DescentRun(eta, gradient_descent(surface.value, surface.gradient, w, eta=eta, steps=steps)) for eta in etas]


def test_paths_and_costs_stand_side_by_side_with_labels_and_outcomes(tmp_path):
    surface = surface_of("bowl")
    page = figure(surface, runs(surface, surface.start, surface.etas))
    contours, costs = page.axes
    assert (contours.get_xlabel(), contours.get_ylabel(), contours.get_title()) == ("x", "y", "f = x² + y²")
    assert (costs.get_xlabel(), costs.get_ylabel(), costs.get_yscale()) == ("steps", "cost f", "log")
    assert page.get_figwidth() == 7
    lines = costs.get_lines()
    assert len({(line.get_marker(), line.get_linestyle(), line.get_color()) for line in lines}) == 3
    save(page, str(tmp_path / "plot.svg"))
    said = re.findall(r"<text [^>]*>([^<]+)</text>", (tmp_path / "plot.svg").read_text(encoding="utf-8"))
    assert {"η = 0.01: not there after 30 steps", "η = 0.2: converged after 30 steps"} <= set(said)
    assert "η = 1.02: diverged after 10 steps" in said


def test_minima_and_starts_are_marked():
    surface = surface_of("himmelblau")
    page = figure(surface, [run for x in (0.0, 1.0) for run in runs(surface, (x, 0.0), [0.01])])
    drawn = {line.get_marker(): line.get_xydata() for line in page.axes[0].get_lines()}
    assert np.allclose(drawn["+"], surface.minima)
    assert drawn["o"].tolist() == [[0, 0], [1, 0]]
    labels = [text.get_text() for text in page.legends[0].get_texts()]
    assert labels == [
        "η = 0.01 from (0, 0): not there after 30 steps",
        "η = 0.01 from (1, 0): not there after 30 steps",
    ]


def test_of_a_function_with_other_than_two_variables_there_are_only_costs():
    surface = Surface("f", "f", lambda w: float((w**2).sum() - 1), None)
    page = figure(surface, runs(surface, [1.0, 1.0, 1.0], [0.1]))
    (costs,) = page.axes
    assert costs.get_yscale() == "linear"  # they go below 0
    assert costs.get_xscale() == "linear"


def test_descents_of_very_different_lengths_get_a_logarithmic_axis():
    surface = surface_of("bowl")
    page = figure(surface, runs(surface, surface.start, [0.001, 0.2], steps=1000))
    assert page.axes[1].get_xscale() == "symlog"


def test_a_window_is_taken_from_the_paths_but_not_from_where_they_leave():
    surface = surface_of("bowl")
    path = runs(surface, (1.0, 2.0), [0.2])[0].path
    x0, x1, y0, y1 = window_of([path, runs(surface, (1.0, 2.0), [3.0])[0].path])
    assert -1 < x0 < 0 < 1 < x1 < 2
    assert -1 < y0 < 0 < 2 < y1 < 3
    still = runs(surface, (0.0, 0.0), [0.2])[0].path
    x0, x1, _, _ = window_of([still])
    assert x0 < 0 < x1


def test_where_f_has_no_value_there_are_no_contours():
    def partly(w):
        if w[0] < 0:
            raise ValueError("out of its domain")
        return float(np.sqrt(w[0]) + w[1] ** 2)

    surface = Surface("f", "f", partly, None, window=(-1.0, 1.0, -1.0, 1.0))
    page = figure(surface, runs(surface, (0.5, 0.5), [0.01]))
    assert len(page.axes) == 2
    flat = Surface("f", "f", lambda w: 1.0, lambda w: 0 * w, window=(-1.0, 1.0, -1.0, 1.0))
    assert len(figure(flat, runs(flat, (0.5, 0.5), [0.01])).axes) == 2
    nowhere = Surface("f", "f", lambda w: 1.0 if w.tolist() == [0.5, 0.5] else np.nan, lambda w: 0 * w)
    assert len(figure(nowhere, runs(nowhere, (0.5, 0.5), [0.01])).axes) == 2


def test_points_in_short():
    assert shown_point(np.array(2.0)) == "(2)"
    assert shown_point(np.arange(8.0)) == "(0, 1, 2, 3, 4, 5, …)"
