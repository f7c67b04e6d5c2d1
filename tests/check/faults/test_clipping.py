import numpy as np
import pytest
from fault_settings import SETTINGS, answer, square_problem

from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import FaultInstance, FaultyBackprop

C = 0.02


def norm(arrays):
    return np.sqrt(sum((array**2).sum() for array in arrays))


def by_value(arrays):
    return [np.clip(array, -C, C) for array in arrays]


def by_norm(arrays):
    return [array * min(1, C / norm(arrays)) for array in arrays]


def by_norm_of_each(arrays):
    return [array * min(1, C / norm([array])) for array in arrays]


@pytest.mark.parametrize("way", [0, 1, 2], ids=["by value", "by norm", "by norm of each"])
def test_a_gradient_is_clipped(way):
    problem = square_problem("sigmoid")
    right = answer(FaultyBackprop([], *SETTINGS[0]), problem)
    instance = FaultInstance(CATALOGUE["gradient_clipped"], None, way, C)
    wrong = answer(FaultyBackprop([instance], *SETTINGS[0]), problem)
    expected = [by_value, by_norm, by_norm_of_each][way]([*right[0], *right[1]])
    for got, one in zip([*wrong[0], *wrong[1]], expected, strict=True):
        assert np.allclose(got, one, rtol=1e-13, atol=0)
    assert not all(
        np.allclose(got, one) for got, one in zip([*wrong[0], *wrong[1]], [*right[0], *right[1]], strict=True)
    )


@pytest.mark.parametrize("way", [0, 1, 2], ids=["by value", "by norm", "by norm of each"])
def test_what_is_within_the_limit_stays_as_it_is(way):
    problem = square_problem("sigmoid")
    instance = FaultInstance(CATALOGUE["gradient_clipped"], None, way, 1e3)
    right, wrong = (answer(FaultyBackprop(faults, *SETTINGS[0]), problem) for faults in ([], [instance]))
    assert all(
        np.array_equal(one, other)
        for kinds in zip(right, wrong, strict=True)
        for one, other in zip(*kinds, strict=True)
    )


def test_the_message_says_how():
    message = CATALOGUE["gradient_clipped"].message
    assert [message(None, 2, way, 0.5).split(": ")[1] for way in range(3)] == [
        "every entry beyond ±0.5 is cut off there",
        "the whole gradient is scaled to the norm 0.5 where its norm is larger",
        "each array is scaled to the norm 0.5 where its norm is larger",
    ]
