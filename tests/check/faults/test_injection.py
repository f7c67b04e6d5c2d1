import numpy as np
import pytest
from fault_settings import SETTINGS, answer, problems_of, settings_of, square_problem

from minibp import Network, Problem, batched
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import (
    RIGHT,
    FaultInstance,
    FaultyBackprop,
    compute_step,
    needs_equal_widths,
    raw_error,
    raw_output_error,
    run_forward,
    run_pass,
)
from minibp.check.faults.pass_state import PassState
from minibp.check.rounding.arithmetic import arithmetic_of
from minibp.check.rounding.running_error import explains


@pytest.mark.parametrize(("activation", "output", "cost"), SETTINGS)
def test_without_faults_it_is_the_packages_own_gradient(activation, output, cost):
    for problem in problems_of(activation, output, cost):
        ours = batched.backprop(problem.network, problem.cost, problem.x, problem.y, problem.l2).gradient
        predicted = run_pass(PassState(problem, arithmetic_of("float64")))
        for kind, theirs, limits in zip(
            ours, answer(FaultyBackprop([], activation, output, cost, 0.7), problem), predicted, strict=True
        ):
            for one, other, limit in zip(kind, theirs, limits, strict=True):
                assert explains(limit, one)
                assert explains(limit, other)


@pytest.mark.parametrize("name", CATALOGUE)
def test_running_error_numbers_hold_what_plain_ones_come_to(name):
    fault = CATALOGUE[name]
    differs = False
    for number, (activation, output, cost) in enumerate(settings_of(name)):
        for problem in problems_of(activation, output, cost)[1 + number % 2 :]:
            right = answer(FaultyBackprop([], activation, output, cost, 0.7), problem)
            for variant in range(len(fault.formulas)):
                instance = FaultInstance(fault, None, variant)
                predicted = run_pass(PassState(problem, arithmetic_of("float64")), [instance])
                wrong = answer(FaultyBackprop([instance], activation, output, cost, 0.7), problem)
                for limits, got, true in zip(predicted, wrong, right, strict=True):
                    for limit, one, other in zip(limits, got, true, strict=True):
                        assert explains(limit, one)
                        differs |= not explains(limit, other)
    assert differs


def changed(faults):
    """For ∂C/∂W and ∂C/∂b, whether these faults change each layer of four."""
    problem = square_problem("sigmoid")
    right = answer(FaultyBackprop([], *SETTINGS[0], 0.7), problem)
    wrong = answer(FaultyBackprop(faults, *SETTINGS[0], 0.7), problem)
    return [
        [not np.array_equal(one, other) for one, other in zip(*kind, strict=True)]
        for kind in zip(right, wrong, strict=True)
    ]


def test_a_fault_may_be_in_one_layer_alone():
    instance = FaultInstance(CATALOGUE["weight_gradient_zero"], (3,))
    assert changed([instance]) == [[False, True, False, False], [False] * 4]


def test_a_fault_of_one_tensors_mean_leaves_the_other_as_it_is():
    assert changed(["weight_gradient_not_averaged"]) == [[True] * 4, [False] * 4]
    assert changed(["bias_gradient_not_averaged"]) == [[False] * 4, [True] * 4]


def test_it_multiplies_with_a_fault_of_both_means():
    problem = Problem(Network([[[2.0]]], [[0.0]], "identity"), "quadratic", np.ones((2, 1)), np.zeros((2, 1)))
    subject = FaultyBackprop(["mean_twice", "bias_gradient_not_averaged"], "identity", None, "quadratic")
    nabla_w, nabla_b = answer(subject, problem)  # δ is 2 in every example
    assert nabla_w[0].tolist() == [[1.0]]
    assert nabla_b[0].tolist() == [2.0]


def test_of_two_faults_of_a_step_the_first_that_changes_it_counts():
    p = PassState(square_problem("sigmoid"))
    run_pass(p)
    of_tanh, missing, doubled = (
        FaultInstance(CATALOGUE[name])
        for name in ("tanh_derivative_not_squared", "hidden_derivative_missing", "hidden_derivative_twice")
    )
    assert np.array_equal(compute_step("recursion", p, 3, [of_tanh, missing, doubled]), p.back(3))
    assert np.array_equal(compute_step("recursion", p, 3, [of_tanh]), RIGHT["recursion"](p, 3))


def test_the_constant_of_a_fault_is_1_where_none_is_given():
    p = PassState(square_problem("sigmoid"))
    run_pass(p)
    fault = CATALOGUE["weights_already_updated"]
    right, step = fault.formulas[0](p, 3), fault.along(p, 3)
    assert np.array_equal(FaultInstance(fault).at(p, 3), right + step)
    assert np.array_equal(FaultInstance(fault, constant=-0.5).at(p, 3), right - 0.5 * step)


def test_a_forward_pass_has_the_faults_of_its_steps():
    problem = square_problem("sigmoid")
    p = PassState(problem)
    run_forward(p, [FaultInstance(CATALOGUE["activation_omitted"], (2,))])
    z = problem.x @ problem.network.weights[0].T + problem.network.biases[0]
    assert np.array_equal(p.a[2], z)
    assert not np.array_equal(p.a[3], p.z[3])


def test_the_raw_output_error_is_the_costs_gradient_or_where_the_derivative_cancels_the_error():
    quadratic, fused = PassState(square_problem("tanh")), PassState(square_problem("tanh", cost="cross_entropy"))
    for p in (quadratic, fused):
        run_pass(p)
        assert np.array_equal(raw_output_error(p), p.a[5] - p.y)
    assert not np.array_equal(quadratic.delta[5], quadratic.a[5] - quadratic.y)


def test_the_raw_error_goes_back_through_the_weights_that_delta_goes_through():
    p = PassState(square_problem("sigmoid"))
    run_pass(p)
    updated = FaultInstance(CATALOGUE["weights_already_updated"], (3,), constant=0.25)
    assert np.array_equal(raw_error(p, 3), p.raw[4] @ p.w[4])
    assert np.allclose(raw_error(p, 3, [updated]), p.raw[4] @ (p.w[4] - 0.25 * p.nabla_w[4]), rtol=1e-13)
    assert np.array_equal(raw_error(p, 2, [updated]), p.raw[3] @ p.w[3])
    assert np.array_equal(raw_error(p, 5, [updated]), raw_output_error(p))


def test_a_fault_of_one_piece_has_that_piece_in_its_layers():
    p = PassState(square_problem("sigmoid"))
    run_pass(p)
    instance = FaultInstance(CATALOGUE["hidden_derivative_missing"], (3,))
    assert instance.piece_at(p, 3, "factor").tolist() == np.ones((3, 4)).tolist()
    assert [instance.piece_at(p, 3, "weights"), instance.piece_at(p, 2, "factor")] == [None, None]


def test_a_subject_bears_the_ids_of_its_faults():
    instance = FaultInstance(CATALOGUE["sum_for_mean"])
    assert FaultyBackprop(["l2_missing", instance], *SETTINGS[0]).__name__ == "l2_missing and sum_for_mean"
    assert FaultyBackprop([], *SETTINGS[0]).__name__ == "right"


def test_some_faults_need_equal_widths():
    square, narrowing = problems_of(*SETTINGS[0])[1:]
    for name, needs in (("weights_not_transposed", True), ("hidden_derivative_missing", False), ("unknown", False)):
        assert not needs_equal_widths(name, square)
        assert needs_equal_widths(name, narrowing) is needs
