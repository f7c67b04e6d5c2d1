import numpy as np
import pytest
from small_problems import asking, changed, own
from subjects import by_division, fused

from minibp import Gradient, Network, Problem, batched
from minibp.check.diagnosis.stability import OTHER, REMEDIES, reason
from minibp.check.rounding.arithmetic import arithmetic_of


def one_neuron(z, y=0.25, output="sigmoid", cost="cross_entropy"):
    """z of the output is exactly `z`, and x is 1."""
    return Problem(Network([[[0.0]]], [[z]], output), cost, [[1.0]], [[y]])


@pytest.mark.parametrize("z", [-40.0, -30.0, -20.0, -3.0, 3.0, 20.0, 25.0, 30.0, 36.0, 800.0])
@pytest.mark.parametrize("y", [0.0, 0.25, 1.0])
def test_an_output_error_by_division_is_named(y, z):
    problem = Problem(Network([[[0.0], [0.0]]], [[z, 0.5]], "sigmoid"), "cross_entropy", [[1.0]] * 3, [[y, 0.5]] * 3)
    with np.errstate(all="ignore"):
        answer = asking(by_division)(problem)
        name, message = reason(problem, 2, answer)
    assert name == "output_error_by_division"
    assert message == ". ".join(REMEDIES[name])


def test_a_library_function_may_be_off_where_division_magnifies_it():
    problem = one_neuron(20.0)
    fp = arithmetic_of("float64")
    a = own(problem).nabla_b[0] + 0.25
    rounded = a * (1 - (fp.f + 2) * fp.u)
    prime = np.exp(-20.0) / (1 + np.exp(-20.0)) ** 2
    delta = ((1 - 0.25) / (1 - rounded) - 0.25 / rounded) * prime
    assert abs(delta - (a - 0.25)) > 1e-7  # what is 10u of a is a millionth of 1 − a
    assert reason(problem, 2, Gradient((delta[:, None],), (delta,)))[0] == "output_error_by_division"


@pytest.mark.parametrize(
    ("z", "y"), [(-20.0, 0.0), (-10.0, 0.0), (-3.0, 0.0), (3.0, 0.0), (10.0, 0.0), (15.0, 0.0), (20.0, 1.0)]
)
@pytest.mark.parametrize("factor", [1 - 1e-5, 1 + 1e-5])
def test_what_division_does_not_explain_is_not_named(factor, z, y):
    problem = Problem(Network([[[0.0], [0.0]]], [[z, 0.5]], "sigmoid"), "cross_entropy", [[1.0]], [[y, 0.5]])
    for layers in (slice(None), slice(1)):
        answer = changed(own(problem), lambda b, at=layers: np.where(np.arange(2) < (at.stop or 2), factor * b, b))
        assert reason(problem, 2, answer) == (None, ". ".join(OTHER))


def test_division_is_looked_for_in_the_output_of_cross_entropy_on_a_sigmoid_alone():
    right = one_neuron(0.5)
    residual = asking(fused)(right)
    assert reason(right, 2, residual)[0] == "output_error_by_division"
    assert reason(right, 1, residual)[0] is None
    assert reason(one_neuron(0.5, cost="quadratic"), 2, residual)[0] is None
    two_layers = Problem(Network.random([2, 1, 1], "sigmoid", rng=0), "cross_entropy", [[1.0, 2.0]], [[0.25]])
    assert reason(two_layers, 3, asking(by_division)(two_layers))[0] == "output_error_by_division"
    softmax = Problem(Network([[[0.0], [0.0]]], [[0.5, 0.0]], "softmax"), "cross_entropy", [[1.0]], [[0.25, 0.75]])
    a = batched.feedforward(softmax.network, softmax.x)
    assert reason(softmax, 2, Gradient((np.zeros((2, 1)),), ((a - softmax.y)[0],)))[0] is None


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
@pytest.mark.parametrize("layer", [2, 3])
def test_a_softmax_that_overflows_is_named_by_one_entry(layer, output):
    network = Network.random([2, 3, 3], "sigmoid", output, rng=0)
    problem = Problem(network, "quadratic", [[1.0, 2.0]], [[0.0, 0.5, 0.5]])
    assert reason(problem, 3, own(problem)) == (None, ". ".join(OTHER))
    answer = changed(own(problem), lambda b: b * [1, np.nan, 1], layer)
    overflows = output == "softmax"
    assert reason(problem, 3, answer)[0] == ("softmax_overflow" if overflows else None)
    assert reason(problem, 3, answer)[1] == ". ".join(REMEDIES["softmax_overflow"] if overflows else OTHER)
