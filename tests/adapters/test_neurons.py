"""Neurons of which each has its weights, as objects and as dicts."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

import minibp
from minibp.adapters import model, per_example
from minibp.adapters.held import Each, Step, arrays_in, at, parsed, write
from minibp.adapters.neurons import neurons_in, with_neurons

DICTS = [[{"weights": [1.0, 2.0, 3.0]}, {"weights": [4.0, 5.0, 6.0]}], [{"weights": [7.0, 8.0, 9.0]}]]


def objects():
    return SimpleNamespace(layers=[[SimpleNamespace(w=np.ones(2), bias=0.5) for _ in range(n)] for n in (3, 1)])


def test_rows_of_neurons_are_arrays_of_their_layer():
    found = neurons_in(DICTS)
    assert [str(one.place) for one in found] == ["[0][:]['weights']", "[1][:]['weights']"]
    assert [one.array.tolist() for one in found] == [[[1, 2, 3], [4, 5, 6]], [[7, 8, 9]]]
    assert [(str(one.place), one.array.shape) for one in neurons_in(objects())] == [
        (".layers[0][:].w", (3, 2)), (".layers[0][:].bias", (3,)),
        (".layers[1][:].w", (1, 2)), (".layers[1][:].bias", (1,)),
    ]  # fmt: skip
    assert [str(one.place) for one in with_neurons(DICTS, arrays_in(DICTS))] == [str(one.place) for one in found]


def test_what_not_all_neurons_have_is_no_array():
    assert neurons_in([{"weights": [1.0]}, {"other": [2.0]}]) == []
    assert neurons_in([{"weights": [1.0]}, {"weights": [2.0, 3.0]}]) == []


def test_rows_and_numbers_are_written_into_each_neuron():
    net = objects()
    w, bias = neurons_in(net)[:2]
    write(net, w.place, np.arange(6.0))
    write(net, bias.place, np.array([1.0, 2.0, 3.0]))
    assert [one.w.tolist() for one in net.layers[0]] == [[0, 1], [2, 3], [4, 5]]
    assert [one.bias for one in net.layers[0]] == [1, 2, 3]


def test_a_path_may_say_each():
    path = parsed("weights", "[0][:]['weights']")
    assert path[1] == Step(False, Each())
    assert at(DICTS, path) == [[1, 2, 3], [4, 5, 6]]
    with pytest.raises(LookupError):
        at({"weights": np.ones(2)}, parsed("weights", "['weights'][:].w"))


class Neuron:
    def __init__(self, n_in):
        self.w, self.b = [0.5] * n_in, 0.0

    def out(self, inputs):
        self.inputs = inputs
        self.a = float(np.tanh(sum(w * x for w, x in zip(self.w, inputs, strict=True)) + self.b))
        return self.a


class Net:
    """Gradients in lists and numbers of each neuron, grad_w and grad_b."""

    slope = staticmethod(lambda a: 1 - a**2)

    def __init__(self, sizes):
        self.layers = [[Neuron(n_in) for _ in range(n_out)] for n_in, n_out in pairwise(sizes)]

    def backward(self, x, y):
        for layer in self.layers:
            x = [neuron.out(x) for neuron in layer]
        errors = [a - t for a, t in zip(x, y, strict=True)]
        for layer in reversed(self.layers):
            deltas = [error * self.slope(neuron.a) for error, neuron in zip(errors, layer, strict=True)]
            for delta, neuron in zip(deltas, layer, strict=True):
                neuron.grad_w, neuron.grad_b = [delta * float(one) for one in neuron.inputs], delta
            errors = [
                sum(delta * neuron.w[j] for delta, neuron in zip(deltas, layer, strict=True))
                for j in range(len(layer[0].w))
            ]


class WithoutSlope(Net):
    slope = staticmethod(lambda a: 1.0)


def test_a_network_of_neurons_is_checked():
    settings = {"activation": "tanh", "examples": 4, "seed": 1, "raise_on_mismatch": False}
    subject = per_example(model(Net, "backward"))
    assert minibp.check_backprop(subject, **settings).verdict == "correct", subject.notes
    assert subject.notes[0] == "W² is .layers[0][:].w"
    report = minibp.check_backprop(per_example(model(WithoutSlope, "backward")), **settings)
    found = [(one.equation, one.fault) for one in report.findings]
    assert found == [("(17)", "output_derivative_missing"), ("(22)", "hidden_derivative_missing")]
