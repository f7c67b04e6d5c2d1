import numpy as np
import pytest
from case_ids import written_out
from fault_settings import SETTINGS, answer, problems_of
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import found_in

from minibp import Gradient, Network, Problem
from minibp.check.diagnosis.constants import (
    SPARE_DIGITS,
    Confirmation,
    confirmation,
    fitted,
    forward_slopes,
    is_confirmed,
)
from minibp.check.diagnosis.delta_readings import SingleExample
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import FaultInstance, FaultyBackprop, run_pass
from minibp.check.faults.pass_state import PassState
from minibp.check.rounding.arithmetic import arithmetic_of
from minibp.check.rounding.running_error import RunningError

FP = arithmetic_of("float64")
UPDATED = CATALOGUE["weights_already_updated"]


def narrow(sizes, m=1, seed=0, activation="tanh"):
    rng = np.random.default_rng(seed)
    network = Network.random(list(sizes), activation, rng=rng)
    return Problem(network, "quadratic", rng.standard_normal((m, sizes[0])), rng.standard_normal((m, sizes[-1])))


def scaled_below(factor, activation="tanh"):
    """δ of hidden layers is this many times what it should be, which no fault of the catalogue is."""

    def subject(weights, biases, x, y):
        right = FaultyBackprop([], activation, None, "quadratic")(weights, biases, x, y)
        return [[*[one * factor for one in kind[:-1]], kind[-1]] for kind in right]

    return subject


def places(found):
    return [(one.equation, one.layers, one.fault) for one in found]


# As few equations as constants


@pytest.mark.parametrize(
    ("sizes", "factor"), [((2, 1, 1), 1.3), ((1, 1, 1, 1), -0.7), ((3, 1, 1, 1), 20.0)], ids=written_out
)
def test_of_one_neuron_a_layer_and_one_example_no_constant_is_invented(sizes, factor):
    found = found_in(scaled_below(factor), narrow(sizes))
    assert {one.fault for one in found} == {None}
    assert found[0].equation == "(22)"
    assert found[0].layers == (len(sizes) - 1,)


def test_nor_of_several_examples():
    found = found_in(scaled_below(1.3), narrow((2, 1, 1), 2))
    assert places(found)[0] == ("(22)", (2,), None)


@pytest.mark.parametrize(("m", "rate"), [(2, 0.1), (4, 3.0)])
def test_several_examples_confirm_a_constant_of_one_neuron(m, rate):
    subject = FaultyBackprop([FaultInstance(UPDATED, constant=rate)], "tanh", None, "quadratic")
    found = found_in(subject, narrow((2, 1, 1), m))
    assert places(found) == [("(22)", (2,), "weights_already_updated")]
    assert found[0].constant == pytest.approx(rate, rel=1e-9)


def test_so_do_several_networks_and_several_layers_with_the_same_one():
    subject = FaultyBackprop([FaultInstance(UPDATED, constant=0.3)], "tanh", None, "quadratic")
    two = [narrow((2, 1, 1), seed=seed) for seed in range(2)]
    assert places(found_in(subject, *two)) == [("(22)", (2,), "weights_already_updated")]
    assert places(found_in(subject, two[0])) == [("(22)", (2,), None)]
    assert places(found_in(subject, narrow((2, 1, 1, 1)))) == [("(22)", (3, 2), "weights_already_updated")]


def test_a_constant_that_is_another_in_each_network_is_none():
    def subject(weights, biases, x, y):
        rate = 0.1 if weights[0][0, 0] > 0 else 0.2
        return FaultyBackprop([FaultInstance(UPDATED, constant=rate)], "tanh", None, "quadratic")(weights, biases, x, y)

    drawn = [narrow((2, 1, 1), seed=seed) for seed in range(6)]
    signs = {problem.network.weights[0][0, 0] > 0 for problem in drawn}
    assert signs == {False, True}
    assert {one.fault for one in found_in(subject, *drawn)} == {None}


def test_equal_examples_count_once():
    one = narrow((2, 1, 1))
    twice = Problem(one.network, one.cost, np.repeat(one.x, 3, 0), np.repeat(one.y, 3, 0))
    subject = FaultyBackprop([FaultInstance(UPDATED, constant=0.3)], "tanh", None, "quadratic")
    assert [fault for _, _, fault in places(found_in(subject, twice))][:1] == [None]


@settings(max_examples=3)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.floats(0.2, 5).filter(lambda c: abs(c - 1) > 0.1))
def test_no_constant_is_invented_in_any_narrow_network(seed, depth, factor):
    found = found_in(scaled_below(factor), narrow([2, *[1] * depth, 1], 1, seed))
    assert {one.constant for one in found} == {None}


# A confirmation


def told(problems, constant=0.25, layer=3):
    """A pass with the fault, and the confirmation of its constant."""
    states, deltas = [], []
    instance = FaultInstance(UPDATED, constant=constant)
    for problem in problems:
        state = PassState(problem, FP)
        run_pass(state, [instance])
        states.append(state)
        deltas.append(RunningError(state.delta[layer].value, 0 * state.delta[layer].value, FP))
    return states, deltas, confirmation(instance, states, layer, deltas)


def test_the_best_equation_determines_a_constant_and_the_others_confirm_it():
    one, three = (told([narrow((2, 3, width, 2))])[2] for width in (1, 3))
    assert (one.spare, three.spare > 20) == (0, True)
    assert 8 < one.total < 16
    assert three.total - three.spare < 16
    assert three.uncertainty < 1e-10


def test_a_constant_is_fitted_to_what_was_made_with_it():
    states, deltas, _ = told([narrow((2, 3, 3, 2), m=2), narrow((2, 3, 3, 2), seed=1)])
    found = fitted(FaultInstance(UPDATED), states, 3, [delta.value for delta in deltas])
    assert found.constant == pytest.approx(0.25, rel=1e-12)
    missing = FaultInstance(CATALOGUE["hidden_derivative_missing"])
    assert fitted(missing, states, 3, [delta.value for delta in deltas]) is missing


@pytest.mark.parametrize(("epsilon", "way"), [(1e-12, 0), (1e-12, 1), (1e-8, 2), (1e-5, 0), (1e-2, 1)])
def test_an_epsilon_is_fitted_though_nothing_is_linear_in_it(epsilon, way):
    problem = problems_of("tanh", "sigmoid", "cross_entropy", l2=0.0)[0]
    instance = FaultInstance(CATALOGUE["epsilon_in_cost"], None, way, epsilon)
    state = PassState(problem, FP)
    run_pass(state, [instance])
    found = fitted(FaultInstance(instance.fault, None, way), [state], 5, [state.delta[5].value])
    assert found.constant == pytest.approx(epsilon, rel=max(1e-10, 1e-14 / epsilon))


def test_a_layer_is_confirmed_by_itself_or_by_another_with_the_same_constant():
    alone = Confirmation(0.3, 12.0, 0.0, 1e-12)
    assert is_confirmed(Confirmation(0.3, 20.0, SPARE_DIGITS, 1e-12), [])
    assert not is_confirmed(Confirmation(0.3, 20.0, SPARE_DIGITS - 0.1, 1e-12), [])
    assert is_confirmed(alone, [alone])
    assert not is_confirmed(alone, [alone._replace(constant=0.3001)])
    assert not is_confirmed(alone, [alone._replace(total=SPARE_DIGITS - 0.1)])


# Slopes of the forward pass


def examples_of(subject, problems):
    return [SingleExample(problem, Gradient(*map(tuple, answer(subject, problem)))) for problem in problems]


def rows_of(problem):
    return [
        Problem(problem.network, problem.cost, problem.x[[i]], problem.y[[i]], problem.l2) for i in range(problem.m)
    ]


@pytest.mark.parametrize(("slope", "l2"), [(0.2, 0.7), (1 / 3, 0.0), (0.0, 0.7), (-0.1, 0.0)])
@pytest.mark.parametrize(("hidden", "output"), [("leaky_relu", "identity"), ("elu", "elu"), ("sigmoid", "leaky_relu")])
def test_slopes_are_read_from_the_weights_gradient_or_from_the_output_error(hidden, output, slope, l2):
    problem = problems_of(hidden, output, "quadratic", l2)[1]
    instance = FaultInstance(CATALOGUE["slope_differs"], constant=slope)
    subject = FaultyBackprop([instance], hidden, output, "quadratic", l2)
    found = forward_slopes(examples_of(subject, rows_of(problem)), FP)
    assert found[0].layers is None
    assert found[0].constant == pytest.approx(slope, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("other", ["bias_gradient_zero", "l2_ones_on_biases", "cost_factor_two"])
def test_a_slope_is_read_whatever_the_gradient_of_biases_is(other):
    problem = problems_of("leaky_relu", "identity", "quadratic", 0.7)[1]
    both = [FaultInstance(CATALOGUE["slope_differs"], constant=0.2), other]
    subject = FaultyBackprop(both, "leaky_relu", "identity", "quadratic", 0.7)
    assert forward_slopes(examples_of(subject, rows_of(problem)), FP)[0].constant == pytest.approx(0.2, rel=1e-12)


def test_where_slopes_disagree_or_there_are_none_nothing_is_read():
    problem = problems_of("leaky_relu", "identity", "quadratic", 0.0)[1]
    wrong = FaultyBackprop(["weighted_input_for_activation"], "leaky_relu", "identity", "quadratic")
    rng = np.random.default_rng(0)

    def noisy(*given):
        nabla_w, nabla_b = FaultyBackprop([], "leaky_relu", "identity", "quadratic")(*given)
        return [one * rng.random(one.shape) for one in nabla_w], nabla_b

    assert next(iter(forward_slopes(examples_of(wrong, rows_of(problem)), FP))).constant == pytest.approx(1)
    assert forward_slopes(examples_of(noisy, rows_of(problem)), FP) == []
    tanh = problems_of(*SETTINGS[1])[0]
    assert forward_slopes(examples_of(FaultyBackprop([], *SETTINGS[1], 0.7), rows_of(tanh)), FP) == []
