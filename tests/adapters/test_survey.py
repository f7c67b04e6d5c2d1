"""The survey of a model before any check."""

# ruff: noqa: NPY002 (models draw from the generator that has a state for all code)
from itertools import pairwise
from types import SimpleNamespace

import held_programs as programs
import numpy as np
import pytest

from minibp import InputError
from minibp.adapters.makers import Maker, Original
from minibp.adapters.model_call import How
from minibp.adapters.naming import Naming
from minibp.adapters.survey import expect_use_of_weights, survey, with_gradient, without_idle_biases


def how(step, gradient="found"):
    return How(step, gradient, None, Naming())


def only(make):
    return survey(make, None, Naming()).known[0]


@pytest.mark.parametrize(
    ("make", "way", "lengths"),
    [
        (programs.Attributes, "numbers", [3]),
        (programs.LayerObjects, "list", [3, 4]),
        (programs.SharedArrays, "hidden", [3, 4]),
        (lambda *sizes: programs.LayerObjects(sizes), "numbers", [3, 4]),
        (lambda sizes, lr=0.1, seed=0: programs.LayerObjects(sizes), "list", [3, 4]),
        (lambda n, k: programs.LayerObjects([n, k]), "numbers", [2]),
        (lambda *given: programs.LayerObjects([6, 3]), "own", [2]),
    ],
    ids=["three numbers", "list", "hidden", "stars", "options", "two", "whatever is given"],
)
def test_the_way_of_a_maker_is_the_one_in_which_its_model_fits(make, way, lengths):
    found = survey(make, None, Naming())
    assert [one.models.way for one in found.known] == [way] * len(lengths)
    assert [len(one.layout.sizes) for one in found.known] == lengths
    assert found.is_own is (way == "own")


def test_a_maker_that_fails_for_one_depth_is_used_for_the_other():
    def make(sizes):
        if len(sizes) == 3:
            raise ValueError("two hidden layers, please")
        return programs.LayerObjects(sizes)

    assert survey(make, None, Naming()).sizes == ((4, 2, 6, 9), (3, 3, 3, 3))


def test_equal_widths_are_left_out_where_the_maker_does_not_make_them():
    def make(sizes):
        if len(set(sizes)) == 1:
            raise ValueError("no square matrices")
        return programs.LayerObjects(sizes)

    assert survey(make, None, Naming()).sizes == ((2, 5, 8), (4, 2, 6, 9))
    with pytest.raises(InputError, match=r"make: make\(\[3, 3, 3\]\) raised ValueError: no square matrices"):
        survey(make, ((3, 3, 3),), Naming())


def test_sizes_that_the_maker_alone_makes_tell_its_layout():
    def make(sizes):
        assert sizes == [6, 3, 2]
        return programs.LayerObjects(sizes)

    assert survey(make, ((6, 3, 2),), Naming()).known[0].layout.sizes == (6, 3, 2)


def test_an_object_is_of_its_own_sizes():
    found = survey(programs.LayerObjects([6, 3, 2]), None, Naming())
    assert (found.sizes, found.is_own, type(found.known[0].models)) == (((6, 3, 2),), True, Original)
    assert survey(lambda: programs.LayerObjects([6, 3, 2]), ((6, 3, 2),), Naming()).sizes == ((6, 3, 2),)


@pytest.mark.parametrize(
    ("program", "step"),
    [
        (programs.Attributes, "backward"),
        (programs.ParamsDict, "propagate"),
        (programs.PurePython, "learn"),
    ],
    ids=["rows", "columns", "one example"],
)
def test_the_trial_takes_examples_as_the_step_takes_them(program, step):
    known, doubt = with_gradient(how(step), only(program))
    assert doubt == ""
    assert len(known.gradient.layers) == 2


def test_the_trial_has_as_many_examples_as_no_layer_has_neurons():
    seen = []

    def step(net, x, y):
        seen.append(x.shape)
        net.train_step(x, y)

    with_gradient(how(step), only(programs.LayerObjects([11, 3, 12])))
    assert seen == [(14, 11)]


def test_where_every_trial_raises_arrays_that_are_there_before_may_be_the_gradient():
    def step(net, x, y):
        raise ValueError("not today")

    known, doubt = with_gradient(how(step), only(programs.LayerObjects))
    assert (doubt, str(known.gradient.layers[1].biases)) == ("", ".layers[1].grad_b")
    known, doubt = with_gradient(how(step), only(programs.Attributes))
    assert known.gradient is None
    assert doubt == "on a trial step raised ValueError: not today: its gradient is looked for in each call"


def test_a_step_that_takes_rows_and_leaves_no_gradient_is_told():
    with pytest.raises(InputError, match="no ∂C/∂W², ∂C/∂W³ in the object after step"):
        with_gradient(how("forward_only"), only(ForwardOnly))


class ForwardOnly(programs.Attributes):
    def forward_only(self, x, y):
        return self.forward(x)


def test_vectors_that_change_nothing_are_no_biases():
    known = only(programs.KeptPass)
    assert [str(one.biases) for one in known.layout.layers] == [".ah", ".ao"]
    found = without_idle_biases(how("train", "update"), known)
    assert [one.biases for one in found.layout.layers] == [None, None]


def test_vectors_that_change_something_are_biases_and_so_are_those_that_are_called_so():
    class Shifts:
        def __init__(self, sizes):
            self.layers = [[np.ones((n, k)), np.zeros(n)] for k, n in pairwise(sizes)]

        def step(self, x, y):
            for w, shift in self.layers:
                x = x @ w.T + shift
            return x

    class Forgotten(programs.Attributes):
        def backward(self, x, y):
            self.b1, self.b2 = 0 * self.b1, 0 * self.b2
            super().backward(x, y)

    for make, step in ((Shifts, "step"), (Forgotten, "backward")):
        known = only(make)
        assert without_idle_biases(how(step), known) is known


def test_random_numbers_of_the_model_hide_no_idle_biases_and_go_on_as_before():
    class Drawing(programs.KeptPass):
        def __init__(self, *sizes):
            super().__init__(*sizes)
            self.noise = np.random.normal(size=3)

    np.random.seed(4)
    known = only(Drawing)
    np.random.seed(5)
    found = without_idle_biases(how("train", "update"), known)
    assert [one.biases for one in found.layout.layers] == [None, None]
    drawn = np.random.normal()
    np.random.seed(5)
    assert drawn == np.random.normal()


def test_idle_biases_of_a_step_that_raises_are_kept():
    def step(net, x, y):
        raise ValueError("not today")

    known = only(programs.KeptPass)
    assert without_idle_biases(how(step), known) is known


@pytest.mark.parametrize("seed", range(5))
def test_weights_of_layers_that_are_all_zero_on_some_examples_are_used(seed):
    class Relu:
        def __init__(self, sizes):
            self.W = [np.ones(pair) for pair in pairwise(sizes)]

        def step(self, x, y):
            a = [x]
            for w in self.W:
                a.append(np.maximum(a[-1] @ w - 0.5 * seed, 0))
            delta, self.dW = (a[-1] - y) * (a[-1] > 0), []
            for w, below in zip(self.W[::-1], a[-2::-1], strict=True):
                self.dW.insert(0, np.outer(below, delta))
                delta = delta @ w.T * (below > 0)

    for one in survey(Relu, None, Naming()).known:
        known, doubt = with_gradient(how("step"), one)
        assert doubt == ""
        expect_use_of_weights(how("step"), known)


def test_weights_that_are_copies_are_told():
    class Copied(programs.Attributes):
        def backward(self, x, y):
            kept, self.W1 = self.W1, np.ones_like(self.W1)
            super().backward(x, y)
            self.W1 = kept

    known, _ = with_gradient(how("backward"), only(Copied))
    with pytest.raises(
        InputError, match=r"other values in \.W1 change nothing: expected the arrays that step computes"
    ):
        expect_use_of_weights(how("backward"), known)


def test_a_maker_keeps_its_way():
    known = only(programs.Attributes)
    assert known.models == Maker(programs.Attributes, "numbers")
    assert isinstance(
        survey(SimpleNamespace(W=np.ones((2, 3)), b=np.ones(2)), None, Naming()).known[0].models, Original
    )
