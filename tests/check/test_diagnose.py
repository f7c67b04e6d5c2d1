import numpy as np
import pytest
from case_ids import written_out
from fault_settings import SETTINGS, problems_of
from subjects import backprop

from minibp.check.arithmetic import arithmetic_of
from minibp.check.diagnose import diagnose
from minibp.check.faults import CATALOGUE, Faulty, Placed
from minibp.check.subject import ask

BATCH = [name for name, fault in CATALOGUE.items() if fault.step.startswith("shares") or fault.step == "products"]


def diagnosed(subject, setting=SETTINGS[0], l2=0.7, dtype="float64"):
    problems = problems_of(*setting, l2, dtype)
    return diagnose(lambda problem: ask(subject, problem).gradient, problems, arithmetic_of(dtype), "it")


@pytest.mark.parametrize("name", [*BATCH, "l2_not_divided_by_m", "l2_on_biases", "weights_already_updated"])
def test_a_fault_of_the_batch_is_named_once(name):
    for setting in SETTINGS[:2]:
        found = diagnosed(Faulty([name], *setting, 0.7), setting)
        assert [(one.equation, one.fault) for one in found] == [(CATALOGUE[name].equation, name)]


@pytest.mark.parametrize(
    "both",
    [
        ("sum_for_mean", "hidden_derivative_missing"),
        ("mean_twice", "l2_missing"),
        ("first_example_only", "bias_value_for_gradient"),
        ("bias_gradient_not_averaged", "outer_product_transposed"),
    ],
    ids=written_out,
)
def test_a_fault_of_the_batch_and_another_are_both_named(both):
    assert {one.fault for one in diagnosed(Faulty(both, *SETTINGS[0], 0.7))} == set(both)


def test_findings_run_from_the_output_backwards():
    faults = ["cost_factor_two", "hidden_derivative_missing", "sum_for_mean"]
    assert [one.fault for one in diagnosed(Faulty(faults[::-1], *SETTINGS[0], 0.7))] == faults


def test_one_layer_is_told_from_all():
    (one,) = diagnosed(Faulty([Placed(CATALOGUE["hidden_derivative_missing"], (3,))], *SETTINGS[0], 0.7))
    (every,) = diagnosed(Faulty(["hidden_derivative_missing"], *SETTINGS[0], 0.7))
    assert (one.layer, one.layers) == (3, (3,))
    assert (every.layer, every.layers) == (4, (4, 3, 2))
    assert "layers 4, 3, 2" in str(every)


def test_what_is_right_has_no_findings():
    assert diagnosed(backprop, l2=0.0) == []
    assert diagnosed(Faulty([], *SETTINGS[1], 0.7), SETTINGS[1], dtype="float32") == []
    assert diagnosed(lambda *_: None) == []


@pytest.mark.parametrize(
    ("change", "looks"),
    [
        pytest.param(lambda w: 3 * w, "all of those are 3 times what they should be", id="tripled"),
        pytest.param(lambda w: np.clip(w, -1e-3, 1e-3), "all of those are clipped at ±0.001", id="clipped"),
        pytest.param(np.abs, "all of those are -1 times what they should be", id="absolute value"),
        pytest.param(
            lambda w: w * (np.arange(w.size).reshape(w.shape) % 2), "all of those are 0", id="every other entry 0"
        ),
    ],
)
def test_what_has_no_name_says_what_it_looks_like(change, looks):
    def subject(weights, biases, x, y):
        nabla_w, nabla_b = backprop(weights, biases, x, y)
        return [nabla_w[0], change(nabla_w[1]), *nabla_w[2:]], nabla_b

    (found,) = diagnosed(subject, l2=0.0)
    assert (found.equation, found.layer, found.tensor, found.fault) == ("(24)", 3, "nabla_w", None)
    assert looks in str(found)


def test_what_only_a_batch_shows_and_has_no_name_is_placed_at_the_mean():
    def subject(weights, biases, x, y):
        nabla_w, nabla_b = backprop(weights, biases, x, y)
        if len(x) > 1:
            nabla_b[2] = nabla_b[2] * 1.25
        return nabla_w, nabla_b

    (found,) = diagnosed(subject, l2=0.0)
    assert (found.equation, found.layer, found.tensor, found.fault) == ("(6)", 4, "nabla_b", None)
