"""What the figures of the book show, and that those in docs/images are the ones that the command makes."""

import re

import article_figures
import numpy as np
import pytest
from article_figures import COMMANDS, DRAWS, IMAGES, OWN, SIZES, draw

from minibp import batched

LARGEST = 75_000
"""Bytes of a figure."""


def test_mini_batches_scatter_by_the_square_root_law():
    """(6): s/√k, and less where the mini-batch is much of all that there is."""
    found = article_figures.scatter()
    # The mean of 400 squared distances; a single one has about the size of its mean, so that 4 standard errors are 0.2.
    assert np.abs(found.distances**2 / found.law**2 - 1).max() < 4 / np.sqrt(DRAWS)
    assert found.law[0] / found.law[SIZES.index(100)] == pytest.approx(10, rel=0.04)
    assert found.law[-1] < 0.6 * found.law[0] / np.sqrt(SIZES[-1])


def test_stochastic_descent_is_quick_and_does_not_settle():
    batch, mini, stochastic = article_figures.three_descents()
    least = article_figures.line_cost(article_figures.best_line())
    assert [len(one.points) - 1 for one in (batch, mini, stochastic)] == [8, 80, 480]

    def above(one, step):
        return article_figures.line_cost(one.points[step]) - least

    assert above(stochastic, 60) < above(batch, 1) / 10  # after as many examples
    assert above(mini, -1) < above(batch, -1) < above(stochastic, -1)
    last = np.array([above(stochastic, -step) for step in range(1, 200)])
    assert last.max() > 5 * np.median(last)


def test_one_neuron_separates_two_classes():
    """(8): where w · x + b is above 0, the output is above ½; 78 of 80 are on their side."""
    network, x, y = article_figures.one_neuron()
    output = batched.feedforward(network, x)
    assert ((x @ network.weights[0].T + network.biases[0] > 0) == (output > 0.5)).all()
    assert ((output > 0.5) == y).sum() == 78


def content(svg):
    """The texts and the coordinates of an SVG."""
    texts = re.findall(r"<text[^>]*>([^<]+)</text>", svg)
    places = re.findall(r' (?:d|x|y)="([^"]*)"', svg[svg.index("</defs>") :])
    return texts, np.array([float(one) for place in places for one in re.findall(r"-?\d+(?:\.\d+)?", place)])


def drawn_by(svg):
    return re.search(r"Matplotlib v([\d.]+)", svg)[1]


@pytest.mark.parametrize("name", [*OWN, *COMMANDS])
def test_the_figures_are_those_that_the_command_makes(name, tmp_path):
    pytest.importorskip("matplotlib")
    draw(name, tmp_path)
    made, kept = ((folder / name).read_text(encoding="utf-8") for folder in (tmp_path, IMAGES))
    (texts, numbers), (texts_kept, numbers_kept) = content(made), content(kept)
    assert texts == texts_kept
    if drawn_by(made) == drawn_by(kept):  # another version lays out otherwise
        assert numbers.shape == numbers_kept.shape
        assert np.abs(numbers - numbers_kept).max() < 0.5  # of a point


@pytest.mark.parametrize("path", sorted(IMAGES.glob("*.svg")), ids=lambda path: path.name)
def test_figures_are_small_and_have_a_white_ground(path):
    svg = path.read_text(encoding="utf-8")
    assert path.stat().st_size < LARGEST
    assert "fill: #ffffff" in svg[: svg.index("axes_1")]  # so that black text can be read on a dark page
    assert "Date" not in svg


def test_it_prints_the_numbers_of_the_pages():
    page = (IMAGES.parent / "article" / "descent.md").read_text(encoding="utf-8")
    said = [line.split() for line in article_figures.numbers().splitlines()]
    for line in said[1:4]:
        assert line in [one.split() for one in page.splitlines()], line
