import pytest

from minibp import InputError
from minibp.check.faults.catalogue import CATALOGUE, fault_of
from minibp.check.faults.fault import PASS_STEPS

CONTRACT = [
    ("(13)", "nabla_b", [
        "bias_omitted",
    ]),
    ("(14)", "nabla_b", [
        "activation_omitted", "slope_differs",
    ]),
    ("", "nabla_b", [
        "softmax_jacobian_diagonal", "output_derivative_missing", "output_derivative_at_activation",
        "output_derivative_extra", "output_sign_flipped", "cost_factor_two", "cost_factor_half",
        "error_times_one_minus_error", "output_error_zero", "cross_entropy_second_term_missing", "huber_not_clipped",
        "output_activation_for_derivative", "output_derivative_of_sigmoid", "output_tanh_derivative_not_squared",
        "output_elu_derivative_is_value", "output_silu_derivative_incomplete", "output_leaky_slope_dropped",
        "output_leaky_slope_sign_flipped", "output_slope_of_derivative_differs",
        "output_derivative_of_another_activation", "output_derivative_form_at_z", "output_derivative_at_error",
        "output_derivative_for_error", "cost_gradient_missing", "epsilon_in_cost", "output_clipped",
    ]),
    ("(22)", "nabla_b", [
        "weights_already_updated", "hidden_derivative_at_activation", "hidden_derivative_missing",
        "raw_error_propagated", "leaky_slope_dropped", "leaky_slope_sign_flipped", "weights_not_transposed",
        "weights_wrong_layer", "bias_among_weights", "error_not_propagated", "hidden_activation_for_derivative",
        "hidden_derivative_wrong_layer", "derivative_for_error", "activation_for_error", "hidden_derivative_at_error",
        "hidden_derivative_twice", "hidden_derivative_of_sigmoid", "tanh_derivative_not_squared",
        "elu_derivative_is_value", "silu_derivative_incomplete", "slope_of_derivative_differs",
        "derivative_of_another_activation", "hidden_derivative_form_at_z", "propagated_error_missing",
    ]),
    ("(23)", "nabla_b", [
        "bias_gradient_zero", "bias_value_for_gradient", "bias_gradient_summed_over_neurons",
        "bias_gradient_not_averaged", "bias_gradient_averaged_twice",
    ]),
    ("(24)", "nabla_w", [
        "weight_gradient_zero", "activation_same_layer", "weighted_input_for_activation", "input_for_activation",
        "weights_for_activation", "outer_product_transposed", "weight_gradient_not_averaged",
        "weight_gradient_averaged_twice",
    ]),
    ("(6)", "nabla_b", [
        "sum_for_mean", "mean_twice", "mean_compounded", "last_example_dropped", "first_example_only",
        "mean_over_outputs", "features_for_examples",
    ]),
    ("(6)", "nabla_w", [
        "product_of_means",
    ]),
    ("(27)", "nabla_w", [
        "l2_missing", "l2_not_divided_by_m", "l2_factor_two", "l2_factor_half", "l2_sign_flipped", "l1_for_l2",
    ]),
    ("(27)", "nabla_b", [
        "l2_on_biases", "l2_ones_on_biases",
    ]),
    ("(6)", "nabla_w", [
        "gradient_clipped",
    ]),
]  # fmt: skip
"""Every equation and tensor, with the faults that show there, in the order of the catalogue: fixed, as reports name
them.
"""


def test_ids_equations_tensors_and_order_are_those_that_are_relied_on():
    expected = [(name, equation, tensor) for equation, tensor, names in CONTRACT for name in names]
    assert [(fault.id, fault.equation, fault.tensor) for fault in CATALOGUE.values()] == expected
    assert list(CATALOGUE) == [name for name, *_ in expected]


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_entry_says_what_is_wrong_and_what_to_do(name):
    fault = CATALOGUE[name]
    assert fault.step in PASS_STEPS
    assert fault.summary
    assert not fault.summary.endswith(".")  # a clause; the report goes on after it
    assert fault.remedy.endswith(".")
    assert ". " not in fault.remedy  # one sentence


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_entry_has_its_formula_and_says_how_it_shows(name):
    fault = CATALOGUE[name]
    assert fault.tex
    assert "$" not in fault.tex
    assert fault.tex.count("{") == fault.tex.count("}")
    assert fault.shows.endswith(".")


def test_a_fault_is_looked_up_by_its_id():
    assert fault_of("l1_for_l2") is CATALOGUE["l1_for_l2"]
    with pytest.raises(InputError, match="unknown fault 'nonsense', expected one of bias_omitted, activation_omitted"):
        fault_of("nonsense")
