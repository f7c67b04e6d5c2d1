import numpy as np
import pytest
from case_ids import written_out
from fault_settings import SETTINGS, answer, problems_of, settings_of

from minibp import Gradient, Problem
from minibp.check.diagnosis.delta_readings import SingleExample
from minibp.check.diagnosis.single_example import explain
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import FaultInstance, FaultyBackprop
from minibp.check.rounding.arithmetic import arithmetic_of

NEEDS_A_BATCH = {
    "bias_gradient_not_averaged", "weight_gradient_not_averaged", "bias_gradient_averaged_twice",
    "weight_gradient_averaged_twice", "sum_for_mean", "mean_twice", "mean_compounded",
    "last_example_dropped", "first_example_only", "product_of_means", "l2_not_divided_by_m", "gradient_clipped",
}  # fmt: skip
ONLY_THERE = {"softmax_jacobian_diagonal", "tanh_derivative_not_squared", "silu_derivative_incomplete"}
FORWARD = {"bias_omitted", "activation_omitted"}
SAME_AS = {"huber_not_clipped": "output_derivative_missing"}  # on an identity output both are a − y


def explained(subject, setting, l2=0.7, dtype="float64", of=slice(None)):
    examples = []
    for whole in problems_of(*setting, l2, dtype)[of]:
        for i in range(2):
            one = Problem(whole.network, whole.cost, whole.x[i : i + 1], whole.y[i : i + 1], l2)
            examples.append(SingleExample(one, Gradient(*map(tuple, answer(subject, one)))))
    return explain(examples, arithmetic_of(dtype))


def names(found):
    return {one.fault.id for one in found.instances()}


@pytest.mark.parametrize("name", sorted(set(CATALOGUE) - NEEDS_A_BATCH))
def test_a_fault_in_every_layer_is_named_and_nothing_else(name):
    seen = 0
    settings = SETTINGS[1::2] if name in ONLY_THERE else SETTINGS[:1] if name in FORWARD else SETTINGS[::2]
    if settings_of(name) is not SETTINGS:
        settings = settings_of(name)
    for setting in settings:
        usual = FaultInstance(CATALOGUE[name], constant=CATALOGUE[name].typical)
        found = explained(FaultyBackprop([usual], *setting, 0.7), setting, of=slice(1, None))
        assert not found.has_unknown
        assert names(found) <= {name, SAME_AS.get(name, name)}
        seen += bool(found.instances())
    # features_for_examples is right with as many inputs as examples, here one
    assert seen


@pytest.mark.parametrize("name", ["hidden_derivative_missing", "outer_product_transposed", "bias_gradient_zero"])
@pytest.mark.parametrize("layer", [2, 3, 4])
def test_a_fault_in_one_layer_is_placed_there(name, layer):
    found = explained(FaultyBackprop([FaultInstance(CATALOGUE[name], (layer,))], *SETTINGS[0], 0.7), SETTINGS[0])
    wrong = {at for at, reading in found.layers.items() for part in reading.parts.values() if part.wrong}
    assert (names(found), wrong) == ({name}, {layer})


@pytest.mark.parametrize(
    "both",
    [
        ("hidden_derivative_missing", "output_sign_flipped"),
        ("bias_gradient_zero", "hidden_derivative_at_activation"),
        ("bias_omitted", "outer_product_transposed"),
        ("bias_omitted", "activation_omitted"),
        ("l2_missing", "weights_for_activation"),
        ("l2_on_biases", "hidden_derivative_missing"),
        ("raw_error_propagated", "cost_factor_two"),
        ("output_sign_flipped", "mean_over_outputs"),
    ],
    ids=written_out,
)
def test_two_faults_are_both_named(both):
    # Of networks with square matrices and without, one each.
    assert names(explained(FaultyBackprop(both, *SETTINGS[0], 0.7), SETTINGS[0], of=slice(1, None))) == set(both)


def test_a_constant_is_fitted():
    eta = 0.375
    placed = FaultInstance(CATALOGUE["weights_already_updated"], constant=eta)
    found = explained(FaultyBackprop([placed], *SETTINGS[0], 0.7), SETTINGS[0])
    constants = {one.constant for one in found.instances()}
    assert constants
    assert max(abs(constant - eta) for constant in constants) < 1e-12


@pytest.mark.parametrize("l2", [0.0, 0.7])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_right_needs_no_explanation(l2, dtype):
    for setting in SETTINGS:
        assert explained(FaultyBackprop([], *setting, l2), setting, l2, dtype).cost == 0


def test_what_is_in_no_catalogue_is_placed():
    def subject(weights, biases, x, y):
        nabla_w, nabla_b = FaultyBackprop([], *SETTINGS[0], 0.7)(weights, biases, x, y)
        nabla_w[1] = nabla_w[1] * (1 + 1e-9)
        return nabla_w, nabla_b

    found = explained(subject, SETTINGS[0], of=slice(2, None))
    off = {(layer, step) for layer, one in found.layers.items() for step, part in one.parts.items() if part.off}
    assert off == {(3, "weight")}
    assert np.isclose(found.cost, 3)
