import numpy as np

from minibp import Network
from minibp.costs import cost_of
from minibp.explain.example import Example
from minibp.explain.update import update_step
from minibp.explain.values import Values

# z = 2·3 + 1 = 7, δ = 7 − 5 = 2, ∂C/∂w = 6; with η = 0.1, w = 1.4 and b = 0.8, so that z = 5 and C = 0
NETWORK = Network([[[2.0]]], [[1.0]], "identity")


def step_of(l2=0.0, eta=0.1):
    return update_step(Values(Example(NETWORK, cost_of("quadratic"), np.array([3.0]), np.array([5.0]), l2, eta, 0)))


def rows(step):
    return [(line.equation, line.result, line.sign, line.numbers, round(line.value, 12)) for line in step.lines]


def test_a_step_without_l2():
    step = step_of()
    assert rows(step) == [
        ("(3)", "b^2_1", "←", "1 − 0.1·2.00000", 0.8),
        ("(3)", "w^2_11", "←", "2 − 0.1·6.00000", 1.4),
        ("(9)", "C after", "=", "½·(5.00000 − 5)²", 0.0),
    ]
    assert step.note == "With the learning rate η = 0.1 the cost falls from 2.00000 to 0.00000."
    assert [vector.equation for vector in step.vectors] == ["(3)", "(3)", "(11)"]


def test_a_step_with_l2_decays_weights_and_no_biases():
    step = step_of(l2=0.5)
    assert rows(step)[:2] == [
        ("(28)", "b^2_1", "←", "1 − 0.1·2.00000", 0.8),
        ("(29)", "w^2_11", "←", "(1 − 0.1·0.5)·2 − 0.1·6.00000", 1.3),
    ]
    # z = 1.3·3 + 0.8 = 4.7, C₀ = 0.045, C = 0.045 + 0.25·1.69
    assert rows(step)[2:] == [
        ("(9)", "C₀ after", "=", "½·(4.70000 − 5)²", 0.045),
        ("(27)", "C after", "=", "0.04500 + 0.5/2·1.69000", 0.4675),
    ]


def test_a_cost_that_does_not_fall_is_not_said_to():
    assert "the cost stays" in step_of(eta=10.0).note
