import numpy as np

from minibp import Network
from minibp.costs import cost_of
from minibp.explain.example import Example
from minibp.explain.forward import cost_step, layer_step, start_step
from minibp.explain.lines import Part
from minibp.explain.values import Values

# z² = 0.5·0.2 − 1·0.4 + 0.3 = 0, a² = 1/2; z³ = 2·1/2 − 1 = 0, a³ = 1/2; C = ½ (1/2 − 1)² = 1/8
NETWORK = Network([[[0.5, -1.0]], [[2.0]]], [[0.3], [-1.0]])


def of(cost="quadratic", l2=0.0):
    return Values(Example(NETWORK, cost_of(cost), np.array([0.2, 0.4]), np.array([1.0]), l2, 0.5, 0))


def test_what_is_given_stands_first():
    step = start_step(of())
    assert step.lines == []
    assert [vector.terms[0] for vector in step.vectors] == ["W^2 =", "W^3 =", "x = a^1 ="]
    assert step.vectors[0].terms[1].rows == (("0.5", "−1"),)


def test_a_layer_by_component_and_by_vector():
    step = layer_step(of(), 2)
    z, a = step.lines
    assert (z.equation, z.part, z.result) == ("(12)", Part(2, 1), "z^2_1")
    assert (z.letters, z.numbers) == ("Σ_k w^2_1k a^1_k + b^2_1", "0.5·0.2 + (−1)·0.4 + 0.3")
    assert abs(z.value) < 1e-16
    assert (a.equation, a.letters, round(a.value, 12)) == ("(14)", "σ(z^2_1) = 1/(1 + e^−z)", 0.5)
    assert [vector.equation for vector in step.vectors] == ["(13)", "(14)"]
    assert step.vectors[0].letters == "z^2 = W^2 a^1 + b^2"
    assert layer_step(of(), 3).lines[0].numbers == "2·0.50000 + (−1)"


def test_the_cost():
    (line,) = cost_step(of()).lines
    assert (line.equation, line.result, line.numbers, line.value) == ("(9)", "C", "½·(0.50000 − 1)²", 0.125)


def test_the_cost_with_l2():
    plain, whole = cost_step(of(l2=2.0)).lines
    assert (plain.result, plain.value) == ("C₀", 0.125)
    assert (whole.equation, whole.numbers) == ("(27)", "0.12500 + 2/2·(0.5² + (−1)² + 2²)")
    assert whole.value == 0.125 + 0.25 + 1 + 4


def test_of_softmax_all_z_come_before_any_a():
    network = Network([[[0.5], [-1.0]]], [[0.3, 0.1]], "softmax")
    values = Values(Example(network, cost_of("quadratic"), np.array([0.2]), np.array([1.0, 0.0]), 0.0, 0.5, 0))
    assert [line.result for line in layer_step(values, 2).lines] == ["z^2_1", "z^2_2", "a^2_1", "a^2_2"]
