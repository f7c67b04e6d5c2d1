from itertools import pairwise

import numpy as np
import pytest

from minibp import adapters, check_backprop
from minibp.adapters.answers import cost_apart, each, numbers_in_containers, with_vectors


def of_one(weights, biases, x, y):
    """The cost of one example, and its gradient."""
    passed = [x]
    for w, b in zip(weights, biases, strict=True):
        passed.append(np.tanh(w @ passed[-1] + b))
    a = passed[-1]
    delta, nabla_w, nabla_b = (a - y) * (1 - a * a), [], []
    for i in reversed(range(len(weights))):
        nabla_w.insert(0, np.outer(delta, passed[i]))
        nabla_b.insert(0, delta)
        delta = weights[i].T @ delta * (1 - passed[i] ** 2)
    return 0.5 * ((a - y) ** 2).sum(), nabla_w, nabla_b


def of_columns(weights, biases, x, y):
    """The same of examples as columns: the means."""
    each_one = [of_one(weights, [b[:, 0] for b in biases], *pair) for pair in zip(x.T, y.T, strict=True)]
    m = x.dtype.type(len(each_one))
    costs, of_weights, of_biases = zip(*each_one, strict=True)
    nabla_w = [sum(layer) / m for layer in zip(*of_weights, strict=True)]
    return sum(costs) / m, nabla_w, [(sum(layer) / m)[:, None] for layer in zip(*of_biases, strict=True)]


def in_dict(cost, nabla_w, nabla_b):
    matrices = {f"dW{i}": array for i, array in enumerate(nabla_w, start=1)}
    return {"cost": cost, **matrices, **{f"db{i}": array for i, array in enumerate(nabla_b, start=1)}}


FORMS = {
    "cost first": lambda cost, nabla_w, nabla_b: (cost, nabla_w, nabla_b),
    "cost and a pair": lambda cost, nabla_w, nabla_b: (cost, (nabla_w, nabla_b)),
    "a dict": in_dict,
    "a pair": lambda cost, nabla_w, nabla_b: (nabla_w, nabla_b),
}
OF_ROWS = {**FORMS, "biases first": lambda cost, nabla_w, nabla_b: (nabla_b, nabla_w)}


def verdict(adapter, code, form, **changed):
    subject = adapter(lambda *given: form(*code(*given)))
    return check_backprop(subject, activation="tanh", examples=6, seed=1, raise_on_mismatch=False, **changed).verdict


@pytest.mark.parametrize("name", OF_ROWS)
def test_code_of_one_example_may_return_its_gradient_in_any_form(name):
    assert verdict(adapters.per_example, of_one, OF_ROWS[name]) == "correct"


@pytest.mark.parametrize("name", FORMS)
def test_code_of_columns_may_return_its_gradient_in_any_form(name):
    assert verdict(adapters.columns, of_columns, FORMS[name]) == "correct"


@pytest.mark.parametrize(("adapter", "code"), [(adapters.per_example, of_one), (adapters.columns, of_columns)])
def test_a_cost_that_is_handed_on_is_compared(adapter, code):
    def twice(cost, nabla_w, nabla_b):
        return 2 * cost, nabla_w, nabla_b

    found = check_backprop(
        adapter(lambda *given: twice(*code(*given))), activation="tanh", examples=6, seed=1, raise_on_mismatch=False
    ).findings
    assert [one.fault for one in found] == ["cost_disagrees"]


class Returning:
    """A model that returns the cost, and its gradient."""

    def __init__(self, sizes):
        self.weights = [np.zeros((n, below)) for below, n in pairwise(sizes)]
        self.biases = [np.zeros(n) for n in sizes[1:]]
        self.factor = 1

    def backward(self, x, y):
        means = of_columns(self.weights, [b[:, None] for b in self.biases], x.T, y.T)
        return self.factor * means[0], (means[1], [b[:, 0] for b in means[2]])


class Disagreeing(Returning):
    def __init__(self, sizes):
        super().__init__(sizes)
        self.factor = 3


@pytest.mark.parametrize(
    ("model", "faults"), [(Returning, []), (Disagreeing, ["cost_disagrees"])], ids=["the same", "three times"]
)
def test_the_cost_of_a_model_is_compared(model, faults):
    subject = adapters.model(model, "backward", gradient="returned")
    report = check_backprop(subject, activation="tanh", examples=6, seed=1, raise_on_mismatch=False)
    assert [one.fault for one in report.findings] == faults


@pytest.mark.parametrize("answer", [None, 3.0, "a", [], {}, {"a": None}, ([None], []), ([], [], [])], ids=repr)
def test_what_has_no_numbers_in_it_is_nothing(answer):
    assert numbers_in_containers(answer) is None


def test_numbers_are_added_up_place_by_place():
    one = {"a": (1.0, [np.ones(2), np.ones((1, 2))])}
    total = each(np.add, one, one)
    assert (total["a"][0], total["a"][1][0].tolist(), total["a"][1][1].tolist()) == (2.0, [2, 2], [[2, 2]])


def test_a_cost_comes_before_the_rest():
    assert cost_apart((1.0, "rest")) == ([1.0], "rest")
    assert cost_apart((np.array(1.0), 2, 3))[1] == (2, 3)
    assert cost_apart([[1.0], [2.0]]) == ([], [[1.0], [2.0]])
    assert cost_apart(2.0) == ([], 2.0)


def test_biases_of_a_dict_are_told_by_their_names():
    found = with_vectors({"dW1": np.ones((2, 1)), "db1": np.ones((2, 1)), "b": [np.ones((3, 1))]})
    assert (found["dW1"].shape, found["db1"].shape, found["b"][0].shape) == ((2, 1), (2,), (3,))
