import re

import numpy as np
import pytest

from minibp import Network, data, train
from minibp.plots import save
from minibp.training.figure import figure

pytest.importorskip("matplotlib")


def history(test, epochs=3, y=None):
    digits = data.digits()
    network = Network.random([64, 5, 10], rng=0)
    y = digits.y[:50] if y is None else y
    return train(network, digits.x[:50], y, cost="quadratic", epochs=epochs, batch_size=10, eta=1.0, test=test)


def test_cost_accuracy_and_norms_with_labels(tmp_path):
    digits = data.digits()
    page = figure(history((digits.x[100:], digits.y[100:])), "digits, quadratic")
    cost, accuracy, norms = page.axes
    assert [axes.get_xlabel() for axes in page.axes] == ["epoch"] * 3
    assert cost.get_ylabel() == "cost C₀, mean over examples"
    assert accuracy.get_ylabel() == "accuracy (%)"
    assert norms.get_ylabel() == "‖W‖"
    assert page.get_figwidth() == 7
    assert cost.get_yscale() == "linear"
    train_line, test_line = cost.get_lines()
    assert train_line.get_xdata().tolist() == [1, 2, 3]
    assert train_line.get_linestyle() != test_line.get_linestyle()
    assert norms.get_lines()[0].get_xdata().tolist() == [0, 1, 2, 3]
    save(page, str(tmp_path / "plot.svg"))
    said = re.findall(r"<text [^>]*>([^<]+)</text>", (tmp_path / "plot.svg").read_text(encoding="utf-8"))
    assert {"train (50)", "test (1,697)", "layer 2", "layer 3", "digits, quadratic"} <= set(said)


def test_without_test_data_or_classes_there_are_fewer_lines():
    page = figure(history(None, y=np.full((50, 10), 0.3)), "title")
    assert [len(axes.get_lines()) for axes in page.axes] == [1, 0, 2]


def test_a_training_that_was_stopped_at_once_has_its_beginning():
    import dataclasses

    found = dataclasses.replace(history(None, epochs=1), epochs=())
    assert figure(found, "title").axes[0].get_lines()[0].get_xdata().tolist() == [0]


def test_costs_that_fall_far_are_on_a_logarithmic_axis():
    x, y = np.ones((4, 1)), np.zeros((4, 1))
    far = train(Network([[[1.0]]], [[0.0]], "identity"), x, y, cost="quadratic", epochs=9, batch_size=2, eta=0.3)
    assert figure(far, "title").axes[0].get_yscale() == "log"
