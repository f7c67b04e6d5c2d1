import json
import re

import pytest
from stored import names, results

from minibp.bench.figure import figure, save_figure

pytest.importorskip("matplotlib")


def test_a_plot_is_made_from_stored_json_alone(tmp_path):
    stored = tmp_path / "results.json"
    stored.write_text(json.dumps(results()))
    path = tmp_path / "plot.svg"
    save_figure(json.loads(stored.read_text()), path)
    said = re.findall(r"<text [^>]*>([^<]+)</text>", path.read_text(encoding="utf-8"))
    for label in ("batch size (examples)", "hidden width (neurons)", "hidden layers", "time of one gradient (s)"):
        assert label in said
    assert "time / GEMM-only baseline" in said
    assert "float64, 1 thread" in said
    for name in names():
        assert name in said
    assert "784-30-10" in said


@pytest.mark.parametrize("ending", ["svg", "PNG", "pdf"])
def test_every_ending_has_its_format(tmp_path, ending):
    path = tmp_path / f"plot.{ending}"
    save_figure(results(), path)
    assert path.read_bytes().startswith({"svg": b"<?xml", "PNG": b"\x89PNG", "pdf": b"%PDF"}[ending])


def test_the_same_figures_give_the_same_file(tmp_path):
    first, again = tmp_path / "first.svg", tmp_path / "again.svg"
    save_figure(results(), first)
    save_figure(results(), again)
    assert first.read_bytes() == again.read_bytes()


def test_lines_differ_in_grey_and_axes_are_logarithmic():
    page = figure(results())
    panels = page.axes
    assert len(panels) == 4
    for axes in panels[:3]:
        lines = axes.get_lines()
        assert len({(line.get_marker(), line.get_linestyle()) for line in lines}) == len(lines) == 4
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert page.get_figwidth() == 7


def test_what_was_not_measured_leaves_a_gap():
    found = results()
    for case in found["cases"]:
        case["contenders"]["batched"] = {"failed": "its process died"}
    labels = [line.get_label() for line in figure(found).axes[0].get_lines()]
    assert labels == ["per-example", "workspace", "products"]


def test_no_cases_are_no_error():
    empty = results() | {"cases": [], "exponents": []}
    assert len(figure(empty).axes) == 4
