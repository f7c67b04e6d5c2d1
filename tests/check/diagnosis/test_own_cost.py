import numpy as np
import pytest
from claim_programs import L2, backprop

import minibp
from minibp.check.diagnosis.own_cost import near_fraction


def half_mean_square(a, y, weights):
    return ((a - y) ** 2).sum() / (2 * len(a))


def cross_entropy(a, y, weights, epsilon=0.0):
    return -(y * np.log(a + epsilon) + (1 - y) * np.log(1 - a + epsilon)).sum() / len(a)


def penalised(cost):
    return lambda a, y, weights: cost(a, y, weights) + L2 / (2 * len(a)) * sum((w**2).sum() for w in weights)


def report(own, l2=0.0, **claim):
    def code(weights, biases, x, y):
        factor = claim.get("cost_scale", 1.0)
        if claim.get("cost") != "cross_entropy":
            return backprop(weights, biases, x, y, cost=own, decay=lambda m: l2 / m, factor=factor)
        network = minibp.Network(weights, biases, "sigmoid")
        found = minibp.batched.backprop(network, "cross_entropy", x, y, l2)
        return own(found.a[-1], y, weights), *found.gradient

    return minibp.check_backprop(code, examples=5, seed=1, l2=l2, raise_on_mismatch=False, **claim)


@pytest.mark.parametrize(
    ("own", "claim"),
    [
        (half_mean_square, {}),
        (lambda *given: np.float64(half_mean_square(*given)), {}),
        (penalised(half_mean_square), {"l2": L2}),
        (cross_entropy, {"cost": "cross_entropy"}),
        (penalised(cross_entropy), {"cost": "cross_entropy", "l2": L2}),
        (lambda *given: 2 * half_mean_square(*given), {"cost_scale": 2.0}),
    ],
    ids=["(9)", "a number of NumPy's", "(27)", "(25)", "(25) with (27)", "a multiple"],
)
def test_a_cost_that_agrees_says_nothing(own, claim):
    found = report(own, **claim)
    assert found.verdict == "correct", str(found)
    assert not any("cost" in note for note in found.notes)


@pytest.mark.parametrize(
    ("own", "claim", "equation", "constant", "words"),
    [
        (lambda *given: 2 * half_mean_square(*given), {}, "(9)", 2.0, "the cost is 2 times the one whose gradient"),
        (lambda *given: half_mean_square(*given) / 3, {}, "(9)", 1 / 3, "the cost is 0.333333 times the one"),
        (lambda a, y, w: ((a - y) ** 2).mean(), {}, "(9)", 2.0, "2/n times the one whose gradient it is, n being"),
        (half_mean_square, {"l2": L2}, "(27)", None, "the cost leaves out the penalty of (27)"),
        (penalised(lambda *given: 2 * half_mean_square(*given)), {"l2": L2}, "(27)", 2.0, "the examples count 2 times"),
        (lambda *given: 2 * half_mean_square(*given), {"l2": L2}, "(27)", 2.0, "without the penalty of (27)"),
        (lambda *given: -cross_entropy(*given), {"cost": "cross_entropy"}, "(25)", -1.0, "the cost is -1 times"),
        (lambda a, y, w: -(y * np.log(a)).sum() / len(a), {"cost": "cross_entropy"}, "(25)", None, "disagree"),
        (lambda a, y, w: np.nan, {}, "(9)", None, "disagree"),
    ],
    ids=["twice", "a third", "mean", "no penalty", "one term twice", "both", "negative", "a term missing", "NaN"],
)
def test_a_cost_that_disagrees_with_its_gradient_is_a_finding(own, claim, equation, constant, words):
    found = report(own, **claim)
    assert found.verdict == "wrong"
    (finding,) = found.findings
    assert (finding.equation, finding.fault, finding.tensor) == (equation, "cost_disagrees", "cost")
    assert words in finding.message
    assert finding.constant == (constant if constant is None else pytest.approx(constant, rel=1e-9))
    assert "cost_disagrees" in found.verdict_line()


def test_an_epsilon_in_the_cost_alone_is_a_note():
    def with_epsilon(*given):
        return cross_entropy(*given, epsilon=1e-9)

    found = report(with_epsilon, cost="cross_entropy")
    assert found.verdict == "correct"
    assert any(note.startswith("the cost that code returns is off by ") for note in found.notes)
    assert report(lambda *given: cross_entropy(*given, epsilon=1e-3), cost="cross_entropy").verdict == "wrong"


def saturated():
    network = minibp.Network([[[30.0]]], [[0.0]], "sigmoid")
    return [minibp.Problem(network, "cross_entropy", [[x]], [[1.0]]) for x in (-1.0, -0.6)]


def of_one_neuron():
    """The softmax is 1, and the cost 0."""
    return [
        minibp.Problem(minibp.Network([[[1.0]]], [[0.0]], "softmax"), "categorical_cross_entropy", [[1.0]], [[1.0]])
    ]


@pytest.mark.parametrize(
    ("make", "guarded", "words"),
    [
        (saturated, lambda p: p + 1e-12, "has 1e-12 added in its logarithms"),
        (saturated, lambda p: np.maximum(p, 1e-10), "has its logarithms clipped at 1e-10"),
        (saturated, lambda p: p + 1e-5, ""),
        (saturated, lambda p: p**2, ""),
        (of_one_neuron, lambda p: p + 1e-12, "has 1e-12 added in its logarithms"),
        (of_one_neuron, lambda p: p / 0.999, ""),
    ],
    ids=["an epsilon", "a clip", "an epsilon of 1e-5", "squares", "an epsilon at cost 0", "a constant at cost 0"],
)
def test_an_epsilon_is_found_where_the_cost_is_near_0_or_outputs_saturate(make, guarded, words):
    problems = make()
    network, cost = problems[0].network, problems[0].cost

    def code(weights, biases, x, y):
        found = minibp.batched.backprop(minibp.Network(weights, biases, network.activations), cost, x, y)
        a = found.a[-1]
        rest = (1 - y) * np.log(guarded(1 - a)) if make is saturated else 0
        return -(y * np.log(guarded(a)) + rest).sum() / len(x), *found.gradient

    found = minibp.check_backprop(code, problems=problems, seed=1, raise_on_mismatch=False)
    assert found.verdict == ("correct" if words else "wrong")
    assert (f"the cost that code returns {words}, its gradient has none" in found.notes) == bool(words)


@pytest.mark.parametrize(
    ("ratio", "near"),
    [
        (2 + 1e-13, 2.0),
        (1 / 3, 1 / 3),
        (0.3333333333, 0.3333333333),
        (np.pi, np.pi),
        (np.inf, np.inf),
        (1 / 64, 1 / 64),
    ],
    ids=repr,
)
def test_a_ratio_is_a_fraction_within_the_error_that_it_was_measured_with(ratio, near):
    assert near_fraction(ratio, 1e-12) == near


def test_a_cost_beyond_what_logarithms_tell_is_not_compared():
    """At a = 1 to the last digit ln(1 - a) is -inf, and the cost by its first formula no number."""
    network = minibp.Network([[[1e3]]], [[0.0]], "sigmoid")

    def code(weights, biases, x, y):
        found = minibp.batched.backprop(minibp.Network(weights, biases, "sigmoid"), "cross_entropy", x, y)
        return cross_entropy(found.a[-1], y, weights), *found.gradient

    at = {"network": network, "x": [[1.0]], "y": [[1.0]], "cost": "cross_entropy"}
    assert minibp.check_backprop(code, **at, raise_on_mismatch=False).verdict == "correct"
