"""What the examples show, on the digits that come with the package."""

import sys

import learning_slowdown
import overfitting
import pytest
from case_ids import written_out

from minibp.data.images import data_set


def test_a_saturated_neuron_learns_slowly_with_the_quadratic_cost_alone():
    outputs, errors = learning_slowdown.neuron("quadratic")
    quick_outputs, quick_errors = learning_slowdown.neuron("cross_entropy")
    assert outputs[0] == quick_outputs[0] > 0.98
    # (17) has the factor σ', which (26) has not.
    assert errors[0] == pytest.approx(quick_errors[0] * outputs[0] * (1 - outputs[0]), rel=1e-12)
    assert outputs[100] > 0.95
    assert quick_outputs[50] < 0.1


def test_pictures_are_learned_faster_with_cross_entropy():
    data = data_set("digits")
    slow, fast = (learning_slowdown.images(data, cost, 0.5, 5) for cost in ("quadratic", "cross_entropy"))
    assert slow[0] == fast[0]
    assert fast[1] > slow[1] + 0.2


def test_l2_keeps_weights_small_and_helps_on_what_was_not_trained_with():
    data = data_set("digits")
    without, with_l2 = (overfitting.trained(data, 200, 200, l2) for l2 in (0.0, 0.5))
    costs = [epoch.test.cost for epoch in without.epochs]
    assert costs[-1] > 1.1 * min(costs)  # learned by heart
    assert without.epochs[-1].train.accuracy == 1
    assert without.epochs[-1].train.cost < with_l2.epochs[-1].train.cost
    assert with_l2.epochs[-1].test.cost < costs[-1]
    assert with_l2.epochs[-1].test.right > without.epochs[-1].test.right
    assert with_l2.epochs[-1].norm_w[0] < without.epochs[-1].norm_w[0]


@pytest.mark.parametrize(
    ("example", "options", "said"),
    [
        (learning_slowdown, ["--epochs", "1"], "digits: classified correctly of 297 after so many epochs"),
        (overfitting, ["--epochs", "20", "--examples", "50"], "digits, 50 examples, 20 epochs"),
    ],
    ids=["learning_slowdown", "overfitting"],
)
def test_they_print_and_plot(monkeypatch, capsys, tmp_path, example, options, said):
    pytest.importorskip("matplotlib")
    plot = tmp_path / "plot.svg"
    monkeypatch.setattr(sys, "argv", ["example", "--data", "digits", *options, "--plot", str(plot)])
    example.main()
    assert said in capsys.readouterr().out
    assert plot.read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize("example", [learning_slowdown, overfitting], ids=["learning_slowdown", "overfitting"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--plot", "x.gif"], "its ending is '.gif'"),
        (["--plot", "nowhere/x.svg"], "cannot write nowhere/x.svg: there is no folder"),
        (["--epochs", "0"], "epochs is 0, expected at least 1"),
    ],
    ids=written_out,
)
def test_what_cannot_be_used_is_one_line(monkeypatch, capsys, example, options, message):
    monkeypatch.setattr(sys, "argv", ["example", "--data", "digits", *options])
    with pytest.raises(SystemExit) as caught:
        example.main()
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("examples", ["0", "-5", "9999"])
def test_as_many_examples_as_there_are_can_be_taken(monkeypatch, capsys, examples):
    monkeypatch.setattr(sys, "argv", ["example", "--data", "digits", "--examples", examples])
    with pytest.raises(SystemExit):
        overfitting.main()
    assert capsys.readouterr().err == f"minibp: --examples is {examples}, expected 1 to 1500\n"


def test_no_l2_at_all_is_one_curve(monkeypatch, tmp_path):
    pytest.importorskip("matplotlib")
    plot = tmp_path / "plot.svg"
    options = ["--data", "digits", "--epochs", "20", "--examples", "50", "--l2", "0", "--plot", str(plot)]
    monkeypatch.setattr(sys, "argv", ["example", *options])
    overfitting.main()
    assert plot.exists()
