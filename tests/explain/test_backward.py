import numpy as np

from minibp import Network
from minibp.costs import cost_of
from minibp.explain.backward import gradient_step, hidden_step, output_step
from minibp.explain.example import Example
from minibp.explain.lines import Part
from minibp.explain.values import Values

# identities: z² = (1·1 + 2·2 + 1, 0·1 + 1·2 − 1) = (6, 1), z³ = 3·6 − 1·1 + 2 = 19, δ³ = 19 − 10, δ² = (27, −9)
NETWORK = Network([[[1.0, 2.0], [0.0, 1.0]], [[3.0, -1.0]]], [[1.0, -1.0], [2.0]], "identity")


def of(network=NETWORK, cost="quadratic", y=(10.0,), l2=0.0):
    return Values(Example(network, cost_of(cost), np.array([1.0, 2.0]), np.array(y), l2, 0.5, 0))


def rows(step):
    return [(line.equation, line.result, line.numbers, line.value) for line in step.lines]


def test_the_output_error_is_a_product():
    assert rows(output_step(of())) == [
        ("", "∂C/∂a^3_1", "19.00000 − 10", 9.0),
        ("", "σ'(z^3_1)", "", 1.0),
        ("(16)", "δ^3_1", "9.00000·1", 9.0),
    ]
    assert output_step(of()).vectors[0].letters == "δ^3 = ∇_a C ⊙ σ'(z^3)"


def test_where_the_derivative_of_the_output_cancels_it_is_a_difference():
    network = Network([[[0.0, 0.0]]], [[0.0]])
    step = output_step(of(network, "cross_entropy", [1.0]))
    assert rows(step) == [("(26)", "δ^2_1", "0.50000 − 1", -0.5)]
    assert [vector.equation for vector in step.vectors] == ["(26)"]


def test_softmax_has_the_sum_over_all_outputs():
    network = Network([[[0.0, 0.0], [0.0, 0.0]]], [[0.0, 0.0]], "softmax")
    step = output_step(of(network, "quadratic", [1.0, 0.0]))
    slope, _, first, second = rows(step)
    assert slope == ("", "∂C/∂a^2_1", "0.50000 − 1", -0.5)
    assert first == ("(16)", "δ^2_1", "0.50000·(−0.50000 − ((−0.50000)·0.50000 + 0.50000·0.50000))", -0.25)
    assert second[-1] == 0.25


def test_the_error_goes_back_through_20_and_18_and_by_21_is_the_same():
    step = hidden_step(of(), 2)
    assert rows(step)[:4] == [
        ("", "σ'(z^2_1)", "", 1.0),
        ("(20)", "∂z^3_1/∂z^2_1", "3·1", 3.0),
        ("(18)", "δ^2_1", "9.00000·3.00000", 27.0),
        ("(21)", "δ^2_1", "3·9.00000·1", 27.0),
    ]
    assert step.lines[-1].value == -9.0
    assert {line.part for line in step.lines} == {Part(2, 1), Part(2, 2)}
    (vector,) = step.vectors
    assert (vector.equation, vector.letters) == ("(22)", "δ^2 = ((W^3)ᵀ δ^3) ⊙ σ'(z^2)")
    assert vector.terms[2].rows == (("3",), ("−1",))
    assert "(19)" in step.note


def test_the_gradient():
    assert rows(gradient_step(of(), 2))[:3] == [
        ("(23)", "∂C/∂b^2_1", "", 27.0),
        ("(23)", "∂C/∂b^2_2", "", -9.0),
        ("(24)", "∂C/∂w^2_11", "27.00000·1", 27.0),
    ]
    assert rows(gradient_step(of(), 2))[-1] == ("(24)", "∂C/∂w^2_22", "(−9.00000)·2", -18.0)
    assert [vector.equation for vector in gradient_step(of(), 2).vectors] == ["(23)", "(24)"]


def test_the_gradient_with_l2():
    step = gradient_step(of(l2=2.0), 3)
    assert rows(step)[1:3] == [
        ("(24)", "∂C₀/∂w^3_11", "9.00000·6.00000", 54.0),
        ("(27)", "∂C/∂w^3_11", "54.00000 + 2·3", 60.0),
    ]
    assert step.vectors[-1].letters == "∂C/∂W^3 = ∂C₀/∂W^3 + α W^3"
