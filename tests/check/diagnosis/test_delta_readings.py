import numpy as np
import pytest
from case_ids import written_out

from minibp import Gradient, Network, Problem
from minibp.check.diagnosis.delta_readings import SingleExample, right_delta, sources, variants
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import FaultInstance, FaultyBackprop, run_forward, run_pass
from minibp.check.faults.pass_state import PassState
from minibp.check.rounding.arithmetic import arithmetic_of
from minibp.check.rounding.running_error import explains

BASES = [
    None, "activation_same_layer", "weighted_input_for_activation", "input_for_activation", "weights_for_activation",
    "outer_product_transposed",
]  # fmt: skip
"""What ∂C/∂W may have been made with, in the order in which δ is read from it; None for a^{l-1}."""
PENALTIES = [one.fault.id for one in variants("l2_weights")]


def problem_of(sizes=(3, 3, 3, 3), l2=0.0, x=None, seed=4):
    rng = np.random.default_rng(seed)
    network = Network.random(list(sizes), "tanh", rng=rng)
    drawn = rng.standard_normal((1, sizes[0]))
    return Problem(network, "quadratic", drawn if x is None else x, rng.standard_normal((1, sizes[-1])), l2)


def read(problems, faults, layer):
    """Each reading of the δ of a layer, and δ as the subject has it."""
    fp = arithmetic_of("float64")
    placed = [one if isinstance(one, FaultInstance) else FaultInstance(CATALOGUE[one]) for one in faults]
    states, examples, subjects = [], [], []
    for problem in problems:
        network = problem.network
        given = list(network.weights), list(network.biases), problem.x, problem.y
        answer = FaultyBackprop(placed, "tanh", None, "quadratic", problem.l2.alpha)(*given)
        examples.append(SingleExample(problem, Gradient(*map(tuple, answer))))
        states.append(PassState(problem, fp))
        run_forward(states[-1])
        subjects.append(PassState(problem))
        run_pass(subjects[-1], placed)
        for above in range(layer + 1, states[-1].top + 1):
            states[-1].delta[above] = states[-1].exact(subjects[-1].delta[above])
    return list(sources(states, examples, layer)), [one.delta[layer] for one in subjects]


def matching(problems, faults, layer=3):
    """Which readings are the subject's δ in all problems, and how many there are."""
    readings, deltas = read(problems, faults, layer)
    found = [
        i
        for i, reading in enumerate(readings)
        if all(explains(one, delta) and one.error.max() < 1e-12 for one, delta in zip(reading, deltas, strict=True))
    ]
    return found, len(readings)


def test_the_delta_of_one_example_is_its_bias_gradient_exactly():
    readings, deltas = read([problem_of()], ["hidden_derivative_missing"], 3)
    np.testing.assert_array_equal(readings[0][0].value, deltas[0])
    assert not readings[0][0].error.any()


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("zeros", ["bias_gradient_zero", "bias_value_for_gradient"])
def test_without_a_bias_gradient_delta_is_read_from_what_the_weight_gradient_is_made_with(name, zeros):
    faults = [zeros, "hidden_derivative_missing", *[name] * (name is not None)]
    found, count = matching([problem_of()], faults)
    assert (found, count) == ([1 + BASES.index(name)], 8)  # ∂C/∂b, six bases, and δ as it should be
    both = [problem_of(), problem_of(sizes=(3, 3, 3, 3), seed=5)]
    assert matching(both, faults) == (found, count)


def test_the_last_reading_is_what_delta_should_be():
    found, count = matching([problem_of()], ["bias_gradient_zero", "weight_gradient_zero"])
    assert (found, count) == ([7], 8)
    for layer, name in ((4, "output"), (3, "recursion")):
        fault = {"output": "output_sign_flipped", "recursion": "hidden_derivative_missing"}[name]
        assert matching([problem_of()], [fault], layer)[0][0] == 0
        assert 7 not in matching([problem_of()], [fault], layer)[0]
        assert 7 in matching([problem_of()], [], layer)[0]


@pytest.mark.parametrize("penalty", [None, *PENALTIES])
@pytest.mark.parametrize("name", [None, "activation_same_layer", "outer_product_transposed"])
def test_l2_is_taken_from_the_weight_gradient_as_the_subject_adds_it(penalty, name):
    faults = ["bias_gradient_zero", "hidden_derivative_missing", *filter(None, [name, penalty])]
    found, count = matching([problem_of(l2=0.7)], faults)
    assert count == 3 + len([None, *PENALTIES]) * len(BASES) + 1
    # With one example α W is (α/m) W.
    same = {None, "l2_not_divided_by_m"}
    expected = [
        3 + i * len(BASES) + BASES.index(name)
        for i, one in enumerate([None, *PENALTIES])
        if one == penalty or {one, penalty} <= same
    ]
    assert found == expected


@pytest.mark.parametrize(("name", "reading"), [("l2_on_biases", 1), ("l2_ones_on_biases", 2)])
def test_l2_is_taken_from_the_bias_gradient(name, reading):
    faults = [name, "weight_gradient_zero", "hidden_derivative_missing"]
    assert matching([problem_of(l2=0.7)], faults)[0] == [reading]


@pytest.mark.parametrize(
    ("sizes", "layer", "name", "found"),
    [
        ((3, 3, 3, 3), 2, None, [1, 3, 4]),  # z^1 and x are a^1
        ((2, 4, 3, 3), 3, None, [1, 2, 4, 6]),  # no a^l of its width, no x of its width, no transpose
        ((3, 4, 4, 3), 4, "input_for_activation", [1, 2, 4, 6]),
        ((3, 4, 3, 3), 4, "input_for_activation", [4]),
    ],
    ids=written_out,
)
def test_where_widths_differ_another_base_is_that_of_the_layer_below(sizes, layer, name, found):
    faults = ["bias_gradient_zero", *[name] * (name is not None)]
    if layer < len(sizes):
        faults.append("hidden_derivative_missing")
    else:
        faults.append("output_sign_flipped")
    assert matching([problem_of(sizes)], faults, layer)[0] == found


def test_a_base_that_is_0_tells_nothing():
    problem = problem_of(x=np.zeros((1, 3)))
    # In layer 2 x is below, and its z and x: of six bases a^2, W and their like are left.
    readings, _ = read([problem], ["bias_gradient_zero"], 2)
    assert len(readings) == 8 - 4
    other = problem_of(seed=5)
    assert len(read([other, problem], ["bias_gradient_zero"], 2)[0]) == 8 - 4
    assert all(np.isfinite(one.value).all() for reading in readings for one in reading)


def test_the_right_delta_follows_from_what_lies_above():
    problem = problem_of()
    v = PassState(problem)
    run_pass(v)
    for layer in (4, 3, 2):
        np.testing.assert_array_equal(right_delta(v, layer), v.delta[layer])
    v.delta[3] = 2 * v.delta[3]
    np.testing.assert_array_equal(right_delta(v, 2), 2 * v.delta[2])


def test_a_step_has_all_faults_by_each_of_their_formulas():
    found = variants("shares")
    assert [one.fault.id for one in found] == [
        fault.id for fault in CATALOGUE.values() if fault.step == "shares" for _ in fault.formulas
    ]
    of_two = [one.variant for one in found if one.fault.id == "mean_over_outputs"]
    assert of_two == [0, 1]
    assert all(one.layers is None for one in found)
