import re

import numpy as np
import pytest
from hypothesis import given, settings
from printed import HALF_UNIT, computed, entries, examples, wrong, wrong_vectors

from minibp import Network, batched
from minibp.explain.example import example_of
from minibp.explain.notation import shown
from minibp.explain.terminal import text_of
from minibp.explain.worked import worked


def of(sizes=(2, 3, 2), activation="sigmoid", output=None, cost="quadratic", l2=0.0, seed=0):
    return example_of(sizes, activation, output, cost, l2, seed)


@pytest.mark.parametrize("columns", [60, 80, 120])
@given(example=examples())
@settings(max_examples=40)
def test_every_printed_line_follows_from_the_numbers_that_stand_in_it(columns, example):
    pass_ = worked(example)
    found = entries(text_of(pass_, columns))
    assert wrong(found) == []
    assert [(equation, result) for equation, result, _ in found] == [
        (line.equation, line.result) for line in pass_.lines()
    ]


@given(example=examples())
def test_every_line_by_vector_follows_from_its_matrices(example):
    pass_ = worked(example)
    found, count = wrong_vectors([vector for step in pass_.steps for vector in step.vectors])
    assert found == []
    layers = len(example.network.sizes) - 1
    assert count >= layers + 1 + (layers - 1) + layers + 2 * layers  # (13), (17), (22), (24), (3)


@given(example=examples())
def test_values_are_those_of_the_batched_form(example):
    pass_ = worked(example)
    given_ = example.network, example.cost, example.x[None], example.y[None], example.l2
    theirs = batched.backprop(*given_)
    values = {line.result: line.value for line in pass_.lines() if line.sign == "=" and "after" not in line.result}
    assert np.isclose(values["C"], theirs.cost, rtol=1e-12)
    for l in range(2, len(example.network.sizes) + 1):
        for j in range(example.network.sizes[l - 1]):
            for letter, array in (("z", theirs.z[l - 2]), ("a", theirs.a[l - 1]), ("δ", theirs.delta[l - 2])):
                assert np.isclose(values[f"{letter}^{l}_{j + 1}"], array[0, j], rtol=1e-12, atol=1e-15)
            for k in range(example.network.sizes[l - 2]):
                nabla = theirs.gradient.nabla_w[l - 2][j, k]
                assert np.isclose(values[f"∂C/∂w^{l}_{j + 1}{k + 1}"], nabla, rtol=1e-12, atol=1e-15)
    assert 0 <= pass_.difference < 1e-12
    assert f"{pass_.difference:.1e}" in pass_.conclusion


@given(example=examples())
def test_the_cost_after_the_step_is_that_of_the_printed_parameters_and_lower(example):
    lines = [line for line in worked(example).lines() if line.sign == "←"]
    new = {line.result: float(shown(line.value).replace("−", "-")) for line in lines}
    sizes = example.network.sizes
    weights = [
        [[new[f"w^{l}_{j}{k}"] for k in range(1, sizes[l - 2] + 1)] for j in range(1, sizes[l - 1] + 1)]
        for l in range(2, len(sizes) + 1)
    ]
    biases = [[new[f"b^{l}_{j}"] for j in range(1, sizes[l - 1] + 1)] for l in range(2, len(sizes) + 1)]
    network = Network([np.array(w) for w in weights], [np.array(b) for b in biases], example.network.activations)
    given_ = network, example.cost, example.x[None], example.y[None], example.l2
    passed = batched.backprop(*given_)
    slope = sum(float(np.abs(nabla).sum()) for nabla in sum(passed.gradient, ()))
    values = {line.result: line.value for line in worked(example).lines()}
    assert abs(values["C after"] - passed.cost) <= 2 * HALF_UNIT * slope + 1e-7  # to second order
    assert values["C after"] < values["C"]


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        pytest.param(r"·\(1 − ", "·(1 + ", id="sign"),
        pytest.param(r"1/\(1 \+ e\^−", "1/(1 + e^", id="exponent"),
        pytest.param(r" \+ (\(−\d\.\d\)|\d\.\d)(?= = |$)", "", id="bias"),
        pytest.param(r"(?<=\d)·(?=\d)", " + ", id="product"),
        pytest.param(r"½·", "", id="half"),
        pytest.param(r"= (−?\d\.\d{3})\d\d$", r"= \g<1>99", id="value"),
    ],
)
def test_a_line_that_is_wrong_is_seen(pattern, instead):
    right = entries(text_of(worked(of()), 120))
    changed = 0
    for at, (equation, result, sides) in enumerate(right):
        numbers = " = ".join(sides[-2:])
        other = re.sub(pattern, instead, numbers)
        if other != numbers:
            changed += 1
            assert wrong([*right[:at], (equation, result, [*sides[:-2], *other.split(" = ")]), *right[at + 1 :]])
    assert changed


@given(example=examples())
def test_every_number_of_a_line_was_the_value_of_one_before(example):
    seen = set()
    for line in worked(example).lines():
        if "after" not in line.result:  # which has the outputs of the new network, as (11) shows them
            assert set(re.findall(r"\d+\.\d{5}", line.numbers)) <= seen, line
        seen.add(shown(abs(line.value)))


def test_intervals_contain_what_rounding_allows_and_no_more():
    interval = computed("0.33333·3")
    assert interval.low < 0.999975 + 1e-9
    assert interval.high > 1.000005 - 1e-9
    assert interval.high - interval.low < 3.1e-5
    assert computed("0.5·0.5").high - 0.25 < 1e-10


def test_all_equations_of_a_network_with_a_hidden_layer_are_there():
    plain = {line.equation for line in worked(of()).lines()}
    assert plain == {"(12)", "(14)", "(9)", "", "(8)", "(16)", "(20)", "(18)", "(21)", "(23)", "(24)", "(3)"}
    other = {line.equation for line in worked(of(cost="cross_entropy", l2=0.5)).lines()}
    assert other >= {"(25)", "(26)", "(27)", "(28)", "(29)"}
    assert not other & {"(3)", "(16)", "(9)"}
    vectors = {vector.equation for step in worked(of()).steps for vector in step.vectors}
    assert vectors == {"", "(13)", "(14)", "(9)", "(17)", "(22)", "(23)", "(24)", "(3)", "(11)"}
