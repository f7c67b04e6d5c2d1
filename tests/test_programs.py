"""Ten small programs in ten styles: right, and with three mistakes each, by the one call that an adapter needs."""

import numpy as np
import pytest
from program_cases import MISTAKES, program

import minibp

CASES = [
    pytest.param(make, mistake, id=f"{make.__name__}, {mistake.name}")
    for make, mistakes in MISTAKES.items()
    for mistake in mistakes
]


def checked(make, *changed):
    subject, claim = make(program(make.__name__, *changed))
    return minibp.check_backprop(subject, **claim, examples=2, seed=1, raise_on_mismatch=False)


@pytest.mark.parametrize("make", MISTAKES)
def test_a_program_is_correct(make):
    report = checked(make)
    assert (report.verdict, report.findings) == ("correct", ()), str(report)


@pytest.mark.parametrize(("make", "mistake"), CASES)
def test_a_mistake_has_its_verdict_place_and_name(make, mistake):
    report = checked(make, mistake.lines, mistake.instead)
    assert report.verdict == "wrong"
    found = [(finding.equation, finding.layers, finding.fault) for finding in report.findings]
    assert found == mistake.findings, str(report)


def test_there_are_ten_programs_and_three_mistakes_of_each():
    assert [len(mistakes) for mistakes in MISTAKES.values()] == [3] * 10


def of_columns(code, x, y):
    net = code.Network([2, 4, 1])
    pairs = [(row[:, None], target[:, None]) for row, target in zip(x, y, strict=True)]

    def cost():
        return sum(float(np.sum((net.feedforward(row) - target) ** 2)) for row, target in pairs)

    before = cost()
    net.sgd(pairs, epochs=100, mini_batch_size=4, eta=1.0)
    return [before, cost()]


def of_theta(code, x, y):
    return code.train(x, y[:, 0].astype(int), 4, 2)


def of_pairs(code, x, y):
    params = code.init_params([2, 8, 1])
    costs = []
    for _ in range(100):
        costs.append(code.loss(params, (x, y)))
        params = code.update(params, x, y)
    return costs


TRAINED = {
    "column_vectors": of_columns,
    "two_layer_net": lambda code, x, y: code.TwoLayerNet(2, 8, 2).train(x, y[:, 0].astype(int)),
    "course_functions": lambda code, x, y: code.nn_model(x.T, y.T, [2, 4, 1])[1],
    "eleven_lines": lambda code, x, y: code.train(x, y, 200),
    "layer_classes": lambda code, x, y: code.Network([2, 4, 1]).fit(x, y, 100, 0.5),
    "neuron_dicts": lambda code, x, y: code.train_network(list(zip(x.tolist(), y.tolist(), strict=True)), 3, 50),
    "unrolled_theta": of_theta,
    "new_params": of_pairs,
    "squared_hinge": lambda code, x, y: code.MLP([2, 4, 1]).fit(x, 2 * y - 1),
    "summed_gradients": lambda code, x, y: code.fit(code.mlp(2, 8, 2), np.float32(x), np.float32(np.c_[y, 1 - y])),
}
"""What each program has of its own to train a network of two inputs: the costs, from first to last."""


@pytest.mark.parametrize("name", TRAINED)
def test_a_program_learns(name, monkeypatch):
    rng = np.random.RandomState(0)
    for drawn in ("randn", "rand", "random", "uniform", "choice"):
        monkeypatch.setattr(np.random, drawn, getattr(rng, "random_sample" if drawn == "random" else drawn))
    x = np.random.default_rng(1).standard_normal((40, 2))
    y = (x[:, :1] + x[:, 1:] > 0).astype(float)
    costs = TRAINED[name](program(name), x, y)
    assert costs[-1] < 0.7 * costs[0]
