import numpy as np
import pytest
from fault_settings import SETTINGS, answer, problems_of

from minibp import InputError, batched
from minibp.check.arithmetic import arithmetic_of
from minibp.check.fault import STEPS
from minibp.check.faults import CATALOGUE, Faulty, Placed, backprop, fault_of
from minibp.check.tracked import near
from minibp.check.values import Values

CONTRACT = [
    "bias_omitted", "activation_omitted", "output_derivative_missing", "output_derivative_extra",
    "output_derivative_at_activation", "output_sign_flipped", "cost_factor_two", "error_times_one_minus_error",
    "output_error_zero", "softmax_jacobian_diagonal", "hidden_derivative_missing",
    "hidden_derivative_at_activation", "hidden_activation_for_derivative", "hidden_derivative_wrong_layer",
    "weights_not_transposed", "weights_wrong_layer", "weights_already_updated", "error_not_propagated",
    "raw_error_propagated", "derivative_for_error", "activation_for_error", "leaky_slope_dropped",
    "leaky_slope_sign_flipped", "bias_gradient_zero", "bias_gradient_not_averaged", "bias_value_for_gradient",
    "weight_gradient_zero", "weight_gradient_not_averaged", "activation_same_layer",
    "weighted_input_for_activation", "input_for_activation", "weights_for_activation", "outer_product_transposed",
    "sum_for_mean", "mean_twice", "mean_compounded", "last_example_dropped", "first_example_only",
    "mean_over_outputs", "product_of_means", "l2_missing", "l2_on_biases", "l2_ones_on_biases",
    "l2_not_divided_by_m", "l2_factor_two", "l2_sign_flipped",
]  # fmt: skip


def test_the_catalogue_has_every_id_that_is_relied_on():
    assert set(CONTRACT) <= set(CATALOGUE)
    assert all(fault.step in STEPS for fault in CATALOGUE.values())
    assert all(fault.summary and fault.remedy.endswith(".") for fault in CATALOGUE.values())
    with pytest.raises(InputError, match="unknown fault 'nonsense', expected one of bias_omitted"):
        fault_of("nonsense")


@pytest.mark.parametrize(("activation", "output", "cost"), SETTINGS)
def test_without_faults_it_is_the_packages_own_gradient(activation, output, cost):
    for problem in problems_of(activation, output, cost):
        ours = batched.backprop(problem.network, problem.cost, problem.x, problem.y, problem.l2).gradient
        tracked = backprop(Values(problem, arithmetic_of("float64")))
        for kind, theirs, limits in zip(
            ours, answer(Faulty([], activation, output, cost, 0.7), problem), tracked, strict=True
        ):
            for one, other, limit in zip(kind, theirs, limits, strict=True):
                assert near(limit, one)
                assert near(limit, other)


@pytest.mark.parametrize("name", CATALOGUE)
def test_tracked_numbers_hold_what_plain_ones_come_to(name):
    fault = CATALOGUE[name]
    differs = False
    for activation, output, cost in SETTINGS:
        for problem in problems_of(activation, output, cost)[1:]:
            right = answer(Faulty([], activation, output, cost, 0.7), problem)
            for way in range(len(fault.formulas)):
                placed = Placed(fault, None, way)
                tracked = backprop(Values(problem, arithmetic_of("float64")), [placed])
                wrong = answer(Faulty([placed], activation, output, cost, 0.7), problem)
                for limits, got, true in zip(tracked, wrong, right, strict=True):
                    for limit, one, other in zip(limits, got, true, strict=True):
                        assert near(limit, one)
                        differs |= not near(limit, other)
    assert differs


def test_a_fault_may_be_in_one_layer_alone():
    problem = problems_of(*SETTINGS[0])[0]
    right = answer(Faulty([], *SETTINGS[0], 0.7), problem)
    wrong = answer(Faulty([Placed(CATALOGUE["weight_gradient_zero"], (3,))], *SETTINGS[0], 0.7), problem)
    changed = [not np.array_equal(one, other) for one, other in zip(right[0], wrong[0], strict=True)]
    assert changed == [False, True, False, False]
