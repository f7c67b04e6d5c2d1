import numpy as np
import pytest

from minibp import InputError
from minibp.check.generation import draw
from minibp.check.subject.claim import Claim
from minibp.check.subject.specification import DEFAULT_BATCH, DEFAULT_DEPTH, Setting


class Declared:
    """A subject that takes some sizes and numbers of examples alone."""

    def __init__(self, sizes=None, batch_sizes=None):
        self.sizes, self.batch_sizes = sizes, batch_sizes


def setting(subject=None, **changed):
    given = {
        "activation": "tanh",
        "output_activation": "sigmoid",
        "cost": "cross_entropy",
        "l2": 0.5,
        "claim": Claim(),
        "dtype": "float64",
    }
    return Setting.checked(**{**given, **changed}, subject=subject)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"dtype": "float16"}, "dtype has dtype float16, expected"),
        ({"l2": -1.0}, "l2 is -1.0, expected"),
        ({"activation": "no_such"}, "unknown activation 'no_such', expected"),
        ({"activation": ["tanh"], "subject": Declared(sizes=((2, 3, 2),))}, "1 activations, one a layer, and the sub"),
    ],
    ids=["dtype", "l2", "activation", "layers"],
)
def test_what_cannot_be_used_is_refused(changed, message):
    with pytest.raises(InputError, match=message):
        setting(**changed)


def test_problems_fit_the_setting():
    for problem in draw(setting(dtype="float32").strategy(), 20, 1):
        network = problem.network
        assert {one.name for one in network.activations[:-1]} <= {"tanh"}
        assert network.activations[-1].name == "sigmoid"
        assert (problem.cost.name, problem.l2.alpha, problem.dtype) == ("cross_entropy", 0.5, "float32")


def test_one_activation_a_layer_fixes_the_number_of_layers():
    given = setting(activation=["tanh", "relu", "sigmoid"], output_activation=None)
    for problem in [*draw(given.strategy(), 10, 1), *given.bases(0)]:
        assert [one.name for one in problem.network.activations] == ["tanh", "relu", "sigmoid"]


def test_of_the_sizes_that_a_subject_takes_those_with_one_activation_a_layer_are_used():
    given = setting(Declared(sizes=((2, 3, 2), (4, 2), (5, 2))), activation=["sigmoid"], output_activation=None)
    assert given.sizes == ((4, 2), (5, 2))
    assert {problem.network.sizes for problem in given.bases(0)} == {(4, 2), (5, 2)}


def test_problems_have_the_sizes_that_a_subject_takes():
    given = setting(Declared(sizes=((2, 3, 2), (4, 2)), batch_sizes=(1, 2, 9)))
    drawn = draw(given.strategy(), 40, 1)
    assert {problem.network.sizes for problem in drawn} == {(2, 3, 2), (4, 2)}
    assert {problem.m for problem in drawn} == {1, 2, 9}
    bases = given.bases(0)
    assert [(problem.network.sizes, problem.m) for problem in bases] == [((2, 3, 2), 2)]


def test_bases_have_equal_widths_and_unequal_ones_and_examples_that_reach_every_layer():
    found = setting(activation="relu", l2=0.0).bases(3)
    sizes = [problem.network.sizes for problem in found]
    assert sizes == [(3,) * (DEFAULT_DEPTH + 1), (4,) * (DEFAULT_DEPTH + 1), (2, 5, 3, 4, 5)]
    for problem in found:
        assert problem.m == DEFAULT_BATCH
        a = problem.x
        for w, b, activation in zip(
            problem.network.weights, problem.network.biases, problem.network.activations, strict=True
        ):
            a = activation.value(a @ w.T + b)
            assert (np.abs(a).max(1) > 1e-3).all()


def test_saturated_problems_are_bases_magnified():
    given = setting()
    bases, found = given.bases(3), given.saturated(3)
    assert len(found) == 2 * len(bases)
    for i, problem in enumerate(found):
        base, factor = bases[i // 2], (10, 100)[i % 2]
        assert np.array_equal(problem.network.weights[0], factor * base.network.weights[0])
        assert np.array_equal(problem.x, base.x)


@pytest.mark.parametrize(
    ("output", "cost"), [("softmax", "categorical_cross_entropy"), ("sigmoid", "cross_entropy"), ("tanh", "quadratic")]
)
def test_targets_fit_the_cost(output, cost):
    for problem in setting(output_activation=output, cost=cost).bases(0):
        y = problem.y
        if cost == "quadratic":
            assert (y < 0).any()
        else:
            assert ((y > 0) & (y < 1)).all()
        if cost == "categorical_cross_entropy":
            # A quotient of sums of n positive numbers, and another sum of n.
            assert np.abs(y.sum(1) - 1).max() <= 2 * y.shape[1] * np.finfo(np.float64).eps


@pytest.mark.parametrize(
    ("activation", "output", "cost"),
    [
        pytest.param("tanh", None, "quadratic", id="any depth"),
        pytest.param(["relu", "sigmoid"], None, "cross_entropy", id="two layers"),
        pytest.param("relu", "softmax", "categorical_cross_entropy", id="targets that are distributions"),
    ],
)
def test_the_simplest_problems_are_of_ones_and_come_from_the_smallest(activation, output, cost):
    found = list(setting(activation=activation, output_activation=output, cost=cost, dtype="float32").simplest())
    entries = [sum(found[i].network.sizes) for i in range(len(found)) if found[i].m == 1]
    assert found[0].m == 1
    assert entries[0] == min(entries)
    assert {one.m for one in found} == {1, 2}
    assert {one.dtype for one in found} == {"float32"}
    for one in found:
        assert all((array == 1).all() for array in (*one.network.weights, *one.network.biases, one.x))
        one.cost.check_targets(one.y)


def test_the_simplest_problems_are_those_that_a_subject_takes():
    declared = Declared(sizes=((4, 3, 2), (3, 1, 1)), batch_sizes=(5,))
    found = list(setting(declared, activation=["tanh", "tanh"], output_activation=None, cost="quadratic").simplest())
    assert [(one.network.sizes, one.m) for one in found][::3] == [((3, 1, 1), 5), ((4, 3, 2), 5)]
