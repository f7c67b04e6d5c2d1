import re

import pytest

from minibp import InputError, plots


@pytest.mark.parametrize("path", ["plot.svg", "folder/plot.PNG", "a.b.pdf"])
def test_known_endings_pass(path):
    plots.check_plot_file(path)


@pytest.mark.parametrize(("path", "said"), [("plot.jpg", "its ending is '.jpg'"), ("plot", "it has no ending")])
def test_other_endings_are_refused(path, said):
    with pytest.raises(InputError, match=f"cannot plot to {path}: {said}, expected .svg, .png or .pdf"):
        plots.check_plot_file(path)


def test_a_missing_matplotlib_is_named(monkeypatch):
    monkeypatch.setattr(plots, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError) as caught:
        plots.check_plot_file("plot.svg")
    assert caught.value.name == "matplotlib"


def test_lines_differ_in_every_way():
    assert len({line.colour for line in plots.LINES}) == len(plots.LINES)
    assert len({line.marker for line in plots.LINES}) == len(plots.LINES)


def test_looks_are_left_as_they_were():
    mpl = pytest.importorskip("matplotlib")
    before = dict(mpl.rcParams)
    with plots.looks():
        assert mpl.rcParams["svg.fonttype"] == "none"
    assert dict(mpl.rcParams) == before


def test_an_svg_is_shortened_and_its_texts_are_not(tmp_path):
    figure = pytest.importorskip("matplotlib.figure")
    with plots.looks():
        page = figure.Figure(figsize=(3, 2))
        page.subplots().plot([0, 1 / 3, 1], [0, 0.123456, 1], label="0.123456")
        page.legend()
    plots.save(page, str(tmp_path / "plot.svg"))
    svg = (tmp_path / "plot.svg").read_text(encoding="utf-8")
    assert "0.123456</text>" in svg
    assert not re.search(r' (?:d|x|y)="[^"]*\.\d{3}', svg)
    assert not re.search(r"^ ", svg, re.MULTILINE)
