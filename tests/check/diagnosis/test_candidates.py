import pytest
from fault_settings import problems_of

from minibp.check.diagnosis.candidates import Candidates, Search, one_of_each_fault
from minibp.check.diagnosis.delta_readings import variants
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import FaultInstance, run_pass
from minibp.check.faults.pairs import FaultPair, paired
from minibp.check.faults.pass_state import PassState
from minibp.check.rounding.arithmetic import arithmetic_of
from minibp.check.rounding.running_error import RunningError

FP = arithmetic_of("float64")


def instance(name, constant=None):
    return FaultInstance(CATALOGUE[name], constant=constant)


def candidates(*faults, activation="tanh", layer=3, search=None):
    """The candidates for δ of a pass with these faults, given what lies above."""
    states, deltas = [], []
    for problem in problems_of(activation, "sigmoid", "quadratic", 0.0):
        made, state = PassState(problem, FP), PassState(problem, FP)
        run_pass(made, faults)
        run_pass(state, faults)
        states.append(state)
        deltas.append(RunningError(made.delta[layer].value, 0 * made.delta[layer].value, FP))
    return Candidates(states, layer, deltas, search or Search())


def names(found):
    return [one.fault.id for one in found]


@pytest.mark.parametrize("name", ["hidden_derivative_missing", "raw_error_propagated", "propagated_error_missing"])
def test_the_fault_that_explains_a_delta_is_found(name):
    found = candidates(instance(name))
    assert names(found.that_explain("recursion", None)) == [name]
    assert not found.explain(None, None)
    assert candidates().explain(None, None)


def test_where_a_fault_needs_no_constant_none_is_fitted():
    dropped = candidates(instance("leaky_slope_dropped"), activation="leaky_relu")
    assert names(dropped.that_explain("recursion", None)) == ["leaky_slope_dropped"]
    other = candidates(instance("slope_of_derivative_differs", 0.3), activation="leaky_relu")
    (found,) = other.that_explain("recursion", None)
    assert (found.fault.id, found.constant) == ("slope_of_derivative_differs", pytest.approx(0.3))


def test_what_is_refused_is_not_found():
    refused = Search(refused=frozenset({("weights_already_updated", 3)}))
    updated = instance("weights_already_updated", 0.25)
    assert names(candidates(updated).that_explain("recursion", None)) == ["weights_already_updated"]
    assert candidates(updated, search=refused).that_explain("recursion", None) == ()
    elsewhere = Search(refused=frozenset({("weights_already_updated", 4)}))
    assert candidates(updated, search=elsewhere).that_explain("recursion", None)


def test_a_quick_search_fits_nothing_that_results_are_not_linear_in():
    clip = instance("output_clipped", 0.4)
    states, deltas = [], []
    for problem in problems_of("tanh", "sigmoid", "cross_entropy", 0.0):
        state = PassState(problem, FP)
        run_pass(state, [clip])
        states.append(state)
        deltas.append(state.delta[5])
    found = [Candidates(states, 5, deltas, search).that_explain("output", None) for search in (Search(), Search(False))]
    assert [names(one) for one in found] == [["output_clipped"], []]


def test_two_faults_at_once_are_found_where_no_one_is():
    both = paired(instance("raw_error_propagated"), instance("hidden_derivative_at_activation"))
    found = candidates(both)
    assert found.that_explain("recursion", None) == ()
    (pair,) = found.pairs_that_explain()
    assert isinstance(pair.fault, FaultPair)
    assert {one.fault.id for one in pair.fault.both} == {"raw_error_propagated", "hidden_derivative_at_activation"}
    assert candidates(instance("derivative_for_error")).pairs_that_explain() == ()


def test_of_each_fault_the_first_variant_stands():
    every = variants("recursion")
    first = one_of_each_fault(every)
    assert len({one.fault.id for one in first}) == len(first) < len(every)
    assert {one.variant for one in first} == {0}
