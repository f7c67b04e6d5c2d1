import numpy as np
import pytest
from small_problems import asking, found_in, small_problem, tanh_with

from minibp import Gradient, Network, Problem
from minibp.check.diagnosis.clipping import clipped
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import FaultInstance
from minibp.check.rounding.arithmetic import arithmetic_of

FP = arithmetic_of("float64")
WAYS = ["by value", "by norm", "by norm of each"]


def problems():
    return [small_problem(m=3), small_problem(sizes=(2, 4, 3, 3), m=2)]


def clip(way, limit):
    return FaultInstance(CATALOGUE["gradient_clipped"], None, way, limit)


@pytest.mark.parametrize(("way", "limit"), [(0, 0.05), (1, 1 / 7), (2, 0.05)], ids=WAYS)
def test_a_clip_is_one_finding_with_its_limit(way, limit):
    (found,) = found_in(tanh_with(clip(way, limit)), *problems())
    assert (found.equation, found.fault, found.layers) == ("(6)", "gradient_clipped", ())
    assert found.constant == pytest.approx(limit, rel=1e-12)
    assert ["beyond ±", "whole gradient", "each array"][way] in found.message
    assert abs(found.got - found.expected) > 1e6 * found.tolerance


def test_a_clip_that_does_nothing_is_none():
    assert found_in(tanh_with(clip(0, 1e3)), *problems()) == []


def calls_of(subject, *given):
    return [(problem, asking(subject)(problem)) for problem in given]


@pytest.mark.parametrize(
    ("way", "limit", "found"),
    [(1, 0.25, True), (1, 0.2512345, False), (0, 0.25, True)],
    ids=["a plain norm", "a norm", "a plain limit"],
)
def test_one_witness_is_enough_where_its_number_is_plain(way, limit, found):
    one = small_problem()
    instance = clipped(calls_of(tanh_with(clip(way, limit)), one), FP)
    assert (instance is not None) is found
    assert not found or (instance.variant, instance.constant) == (way, pytest.approx(limit, rel=1e-12))


def test_a_plain_number_that_was_one_is_no_witness():
    problem = Problem(Network([[[1.0]]], [[0.0]], "identity"), "quadratic", [[0.0]], [[-2.0]])  # ∂C/∂b is 2
    halved = Gradient((np.zeros((1, 1)),), (np.array([1.0]),))
    assert clipped([(problem, halved)], FP) is None


def test_what_a_clip_explains_in_part_is_none():
    def subject(weights, biases, x, y):
        nabla_w, nabla_b = tanh_with(clip(0, 0.05))(weights, biases, x, y)
        return [nabla_w[0] * (1 + 1e-9), *nabla_w[1:]], nabla_b

    assert clipped(calls_of(subject, *problems()), FP) is None
    assert clipped(calls_of(tanh_with("cost_factor_half"), *problems()), FP) is None


def test_without_biases_their_gradient_is_not_held_to_the_clip():
    def subject(weights, biases, x, y):
        nabla_w, nabla_b = tanh_with(clip(0, 0.05))(weights, biases, x, y)
        return nabla_w, [0 * one for one in nabla_b]

    calls = calls_of(subject, *problems())
    assert clipped(calls, FP) is None
    assert clipped(calls, FP, biases=False).constant == pytest.approx(0.05)
