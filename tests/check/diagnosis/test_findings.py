import numpy as np
import pytest
from case_ids import written_out
from fault_settings import SETTINGS, problems_of
from small_problems import asking, found_in, layer_of, linear, own, placed, small_problem, tanh_with
from subjects import backprop

from minibp import Problem
from minibp.check.diagnosis.findings import diagnose
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import FaultInstance, FaultyBackprop
from minibp.check.faults.pairs import paired
from minibp.check.rounding.arithmetic import arithmetic_of
from minibp.check.subject.calling import call
from minibp.check.tolerance import within

BATCH = [name for name, fault in CATALOGUE.items() if fault.step.startswith("shares") or fault.step == "products"]


def diagnosed(subject, setting=SETTINGS[0], l2=0.7, dtype="float64", of=slice(None)):
    problems = problems_of(*setting, l2, dtype)[of]
    return diagnose(lambda problem: call(subject, problem).gradient, problems, arithmetic_of(dtype), "it")


@pytest.mark.parametrize("name", [*BATCH, "l2_not_divided_by_m", "l2_on_biases", "weights_already_updated"])
def test_a_fault_of_the_batch_is_named_once(name):
    for setting in SETTINGS[:2]:
        found = diagnosed(FaultyBackprop([name], *setting, 0.7), setting, of=slice(1, None))
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
    assert {one.fault for one in diagnosed(FaultyBackprop(both, *SETTINGS[0], 0.7))} == set(both)


def test_findings_run_from_the_output_backwards():
    faults = ["cost_factor_two", "hidden_derivative_missing", "sum_for_mean"]
    assert [one.fault for one in diagnosed(FaultyBackprop(faults[::-1], *SETTINGS[0], 0.7))] == faults


def test_one_layer_is_told_from_all():
    (one,) = diagnosed(FaultyBackprop([FaultInstance(CATALOGUE["hidden_derivative_missing"], (3,))], *SETTINGS[0], 0.7))
    (every,) = diagnosed(FaultyBackprop(["hidden_derivative_missing"], *SETTINGS[0], 0.7))
    assert (one.layer, one.layers) == (3, (3,))
    assert (every.layer, every.layers) == (4, (4, 3, 2))
    assert "layers 4, 3, 2" in str(every)


def test_what_is_right_has_no_findings():
    assert diagnosed(backprop, l2=0.0) == []
    assert diagnosed(FaultyBackprop([], *SETTINGS[1], 0.7), SETTINGS[1], dtype="float32") == []
    assert diagnosed(lambda *_: None) == []


@pytest.mark.parametrize(
    ("change", "looks", "first"),
    [
        # A network with square matrices, where a transpose would fit too, and one without; or the second alone.
        pytest.param(lambda w: 3 * w, "all of those are 3 times what they should be", 1, id="tripled"),
        pytest.param(lambda w: np.clip(w, -1e-3, 1e-3), "all of those are clipped at ±0.001", 2, id="clipped"),
        pytest.param(np.abs, "all of those are -1 times what they should be", 2, id="absolute value"),
        pytest.param(
            lambda w: w * (np.arange(w.size).reshape(w.shape) % 2), "all of those are 0", 2, id="every other entry 0"
        ),
    ],
)
def test_what_has_no_name_says_what_it_looks_like(change, looks, first):
    def subject(weights, biases, x, y):
        nabla_w, nabla_b = backprop(weights, biases, x, y)
        return [nabla_w[0], change(nabla_w[1]), *nabla_w[2:]], nabla_b

    (found,) = diagnosed(subject, l2=0.0, of=slice(first, None))
    assert (found.equation, found.layer, found.tensor, found.fault) == ("(24)", 3, "nabla_w", None)
    assert looks in found.looks
    assert looks in str(found)


def test_what_only_a_batch_shows_and_has_no_name_is_placed_at_the_mean():
    def subject(weights, biases, x, y):
        nabla_w, nabla_b = backprop(weights, biases, x, y)
        if len(x) > 1:
            nabla_b[2] = nabla_b[2] * 1.25
        return nabla_w, nabla_b

    (found,) = diagnosed(subject, l2=0.0)
    assert (found.equation, found.layer, found.tensor, found.fault) == ("(6)", 4, "nabla_b", None)


# What is asked


@pytest.mark.parametrize(
    ("m", "asked"), [(1, [1]), (2, [1, 1, 2]), (4, [1, 1, 1, 1, 4]), (6, [1, 1, 1, 1, 4])], ids=written_out
)
def test_of_a_batch_four_examples_are_asked_for_one_by_one(m, asked):
    seen = []

    def subject(weights, biases, x, y):
        seen.append(x.tolist())
        return linear(weights, biases, x, y)

    rows = [[float(i), 1.0] for i in range(m)]
    assert found_in(subject, layer_of(rows, [[0.5]] * m)) == []
    assert [len(x) for x in seen] == asked
    assert seen[: min(m, 4)] == [[row] for row in rows[:4]]
    assert seen[-1] == rows[: asked[-1]]


def test_a_batch_ends_before_an_example_that_has_no_answer():
    seen = []

    def subject(weights, biases, x, y):
        seen.append(len(x))
        if (x == 3).any():
            raise ValueError
        return sums(weights, biases, x, y)

    problem = layer_of([[1.0], [2.0], [3.0], [4.0]], [[0.5], [0.25], [0.5], [0.75]])
    sums = FaultyBackprop(["sum_for_mean"], "identity", None, "quadratic")
    assert [one.fault for one in found_in(subject, problem)] == ["sum_for_mean"]
    assert seen == [1, 1, 1, 2]


def nowhere(value, entry, of_layer=0):
    """The right gradient of a problem of SETTINGS[0], but for one entry where `entry` holds of x."""

    def subject(weights, biases, x, y):
        nabla_w, nabla_b = FaultyBackprop(["hidden_derivative_missing"], *SETTINGS[0])(weights, biases, x, y)
        if entry(x):
            nabla_w[of_layer].flat[1] = value
        return nabla_w, nabla_b

    return subject


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_answer_with_an_entry_that_is_not_finite_is_none(value):
    for entry in (lambda x: len(x) > 1, lambda x: x.shape[1] == 4):  # of a batch, and of one problem's examples
        (found,) = diagnosed(nowhere(value, entry), l2=0.0)
        assert (found.fault, found.layers) == ("hidden_derivative_missing", (4, 3, 2))
    assert diagnosed(nowhere(value, lambda x: True), l2=0.0) == []


# Equation, layers and name


@pytest.mark.parametrize(
    ("setting", "equation"), [(SETTINGS[0], "(17)"), (SETTINGS[2], "(26)"), (SETTINGS[4], "(17)")], ids=written_out
)
def test_the_output_error_has_the_equation_of_its_cost(setting, equation):
    (found,) = diagnosed(FaultyBackprop(["output_sign_flipped"], *setting, 0.7), setting)
    assert (found.equation, found.layer, found.layers, found.fault) == (equation, 5, (5,), "output_sign_flipped")


@pytest.mark.parametrize(("layers", "shown"), [((3,), (3,)), (None, (4, 3, 2))], ids=["one", "all"])
@pytest.mark.parametrize("name", ["bias_omitted", "activation_omitted"])
def test_a_fault_of_the_forward_pass_is_in_its_layers(name, layers, shown):
    problem = small_problem()
    subject = tanh_with(FaultInstance(CATALOGUE[name], layers))
    (found,) = found_in(subject, problem)
    assert (found.fault, found.equation, found.tensor) == (name, CATALOGUE[name].equation, "nabla_b")
    assert (found.layer, found.layers, found.oracle) == (shown[0], shown, "core")
    in_layer = shown[0] - 2
    (entry,) = found.entry
    assert found.got == asking(subject)(problem).nabla_b[in_layer][entry]
    assert found.expected == pytest.approx(own(problem).nabla_b[in_layer][entry], rel=1e-12)


ZERO, VALUE = "bias_gradient_zero", "bias_value_for_gradient"
NO_BIAS = {4: np.zeros(3)}


@pytest.mark.parametrize(
    ("faults", "biases", "expected"),
    [
        pytest.param([(ZERO, 4)], None, [(ZERO, (4,), ())], id="one"),
        pytest.param([(VALUE, 4)], NO_BIAS, [(ZERO, (4,), (VALUE,))], id="another gives the same"),
        pytest.param([(VALUE, 4, 3)], NO_BIAS, [(VALUE, (4, 3), (ZERO,))], id="the one of more layers"),
        pytest.param([(ZERO, 4), (VALUE, 3, 2)], NO_BIAS, [(VALUE, (4, 3, 2), (ZERO,))], id="one explains two"),
        pytest.param([(VALUE, 4, 2)], {2: np.zeros(3)}, [(VALUE, (4, 2), ())], id="the first layer's others"),
        pytest.param([(ZERO, 4), (VALUE, 3, 2)], None, [(VALUE, (3, 2), ()), (ZERO, (4,), ())], id="most layers first"),
        pytest.param([(ZERO, 3), (VALUE, 2)], None, [(ZERO, (3,), ()), (VALUE, (2,), ())], id="upper layer first"),
    ],
)
def test_as_few_faults_are_named_as_explain_all_layers(faults, biases, expected):
    found = found_in(tanh_with(*(placed(*one) for one in faults)), small_problem(biases))
    assert [(one.fault, one.layers, one.also) for one in found] == expected
    assert {one.equation for one in found} == {"(23)"}


def test_what_has_a_name_comes_before_what_has_none():
    def subject(weights, biases, x, y):
        nabla_w, nabla_b = tanh_with(placed("outer_product_transposed", 2))(weights, biases, x, y)
        return [nabla_w[0], nabla_w[1] * 3, nabla_w[2] * 5], nabla_b

    found = found_in(subject, small_problem())
    assert [(one.equation, one.layers, one.fault) for one in found] == [
        ("(24)", (2,), "outer_product_transposed"),
        ("(24)", (4,), None),
        ("(24)", (3,), None),
    ]
    assert [bool(one.looks) for one in found] == [False, True, True]


def test_the_constant_of_a_fault_is_told():
    subject = tanh_with(FaultInstance(CATALOGUE["weights_already_updated"], constant=0.375))
    (found,) = found_in(subject, small_problem(m=3))
    assert found.constant == pytest.approx(0.375, rel=1e-9)
    (found,) = found_in(tanh_with("hidden_derivative_missing"), small_problem())
    assert found.constant is None


@pytest.mark.parametrize(("layers", "shown"), [((3,), (3,)), ((4, 2), (4, 2)), (None, ())], ids=["one", "two", "all"])
def test_a_fault_of_the_mean_has_no_layer_where_it_is_in_all(layers, shown):
    (found,) = found_in(tanh_with(FaultInstance(CATALOGUE["product_of_means"], layers)), small_problem(m=3))
    assert (found.equation, found.fault, found.layers) == ("(6)", "product_of_means", shown)
    assert found.layer == (shown[0] if shown else None)


def test_what_is_wrong_in_all_layers_by_another_equation_has_its_layers():
    (found,) = found_in(tanh_with("bias_gradient_not_averaged"), small_problem(m=3))
    assert (found.equation, found.layer, found.layers) == ("(23)", 4, (4, 3, 2))


def off_in_batches(factors):
    """Right for one example; for more, these tensors are multiplied."""

    def subject(weights, biases, x, y):
        found = dict(zip(("nabla_w", "nabla_b"), tanh_with()(weights, biases, x, y), strict=True))
        for (tensor, layer), factor in factors.items():
            if len(x) > 1:
                found[tensor][layer - 2] = factor * found[tensor][layer - 2]
        return found["nabla_w"], found["nabla_b"]

    return subject


def test_the_mean_of_each_tensor_is_judged_alone():
    found = found_in(off_in_batches({("nabla_w", 3): 1.25, ("nabla_b", 2): 1.5}), small_problem(m=3))
    assert [(one.equation, one.layer, one.tensor, one.fault) for one in found] == [
        ("(6)", 2, "nabla_b", None),
        ("(6)", 3, "nabla_w", None),
    ]
    assert [one.looks for one in found] == [
        ("3 of 3 entries are off", "all of those are 1.5 times what they should be"),
        ("9 of 9 entries are off", "all of those are 1.25 times what they should be"),
    ]


def test_the_only_layer_is_all_layers():
    problem = small_problem(sizes=(2, 3), m=2)
    (found,) = found_in(off_in_batches({("nabla_b", 2): 1.25}), problem)
    assert (found.equation, found.layer, found.layers) == ("(6)", None, ())
    assert found.looks == ("3 of 3 entries are off", "all of those are 1.25 times what they should be")
    assert found.got == pytest.approx(1.25 * found.expected, rel=1e-12)


# One example alone and in a batch


def off_alone(*faults):
    """These faults where there is one example, and none in a batch."""

    def subject(weights, biases, x, y):
        return tanh_with(*faults * (len(x) == 1))(weights, biases, x, y)

    return subject


@pytest.mark.parametrize(
    ("fault", "tensor", "layers"),
    [
        ("hidden_derivative_missing", "nabla_b", (3, 2)),
        ("outer_product_transposed", "nabla_w", ()),
        ("bias_gradient_zero", "nabla_b", ()),
    ],
    ids=written_out,
)
def test_a_batch_that_is_right_and_differs_from_its_examples_alone_is_one_finding(fault, tensor, layers):
    problem = small_problem(m=3)
    subject = off_alone(fault)
    first, found = found_in(subject, problem)
    assert (first.fault, first.message) == (fault, "")
    assert (found.equation, found.fault, found.tensor, found.layers) == ("(6)", None, tensor, layers)
    assert "one example alone and the same example in a batch differ" in str(found)
    assert "entries are off" not in str(found)
    # The numbers are those of one example, of the highest layer that it is in.
    at = (layers or (4,))[0]
    examples = [Problem(problem.network, problem.cost, problem.x[[i]], problem.y[[i]]) for i in range(3)]
    got = [getattr(asking(subject)(one), tensor)[at - 2][found.entry] for one in examples]
    expected = [getattr(own(one), tensor)[at - 2][found.entry] for one in examples]
    assert found.oracle == "core"
    assert any(
        found.got == one and within(found.expected, right, found.tolerance, found.tolerance)
        for one, right in zip(got, expected, strict=True)
    )
    assert not within(found.got, found.expected, 1e6 * found.tolerance)


def test_of_a_batch_only_the_tensors_that_are_right_are_said_to_differ_from_one_example():
    def subject(weights, biases, x, y):
        nabla_w, nabla_b = off_alone("hidden_derivative_missing")(weights, biases, x, y)
        return [nabla_w[0] * (1.25 if len(x) > 1 else 1), *nabla_w[1:]], nabla_b

    found = found_in(subject, small_problem(m=3))
    assert [(one.fault, one.tensor, one.layers, bool(one.message)) for one in found] == [
        ("hidden_derivative_missing", "nabla_b", (3, 2), False),
        (None, "nabla_w", (2,), False),
        (None, "nabla_b", (3, 2), True),
    ]
    assert found[1].looks == ("9 of 9 entries are off", "all of those are 1.25 times what they should be")


# Two faults of one equation


@pytest.mark.parametrize(
    "names",
    [
        ("raw_error_propagated", "hidden_derivative_at_activation"),
        ("raw_error_propagated", "weights_already_updated"),
        ("weights_already_updated", "hidden_derivative_of_sigmoid"),
    ],
    ids=written_out,
)
def test_two_faults_of_one_equation_are_two_findings(names):
    first, second = (FaultInstance(CATALOGUE[name], constant=CATALOGUE[name].typical) for name in names)
    found = found_in(tanh_with(paired(first, second)), small_problem(m=3), small_problem(sizes=(2, 4, 3, 3), m=2))
    assert {(one.equation, one.fault) for one in found} == {("(22)", name) for name in names}
    constants = {one.fault: one.constant for one in found}
    assert constants.get("weights_already_updated", 0.25) == pytest.approx(0.25, rel=1e-9)


# Messages and looks


def test_a_finding_has_the_particulars_of_its_fault():
    (found,) = found_in(tanh_with(FaultInstance(CATALOGUE["derivative_of_another_activation"])), small_problem())
    assert found.message == "sigmoid'(z) stands where tanh'(z) belongs"
    assert found.message in str(found)


@pytest.mark.parametrize("sign", [1, -1])
def test_that_only_one_side_of_0_is_off_is_seen(sign):
    def subject(weights, biases, x, y):
        a, kept = x, []
        for w, b in zip(weights, biases, strict=True):
            kept.append(a)
            a = np.tanh(a @ w.T + b)
        delta, nabla_w, nabla_b = (a - y) * (1 - a * a), [], []
        for w, below in zip(weights[::-1], kept[::-1], strict=True):
            nabla_w.insert(0, delta.T @ below / len(x))
            nabla_b.insert(0, delta.mean(0))
            delta = delta @ w * (1 - below * below) * np.where(sign * below < 0, 0.7, 1)
        return nabla_w, nabla_b

    found = found_in(subject, small_problem(m=3), small_problem(sizes=(2, 4, 3, 3), m=3))
    side = "<" if sign > 0 else ">"
    assert {one.layers for one in found} == {(3,), (2,)}
    assert all(f"all of those have z^l {side} 0, and none has that is right" in one.looks for one in found)


def test_what_is_off_on_both_sides_has_no_side():
    found = found_in(off_in_batches({}), small_problem())
    assert found == []
    tripled = found_in(lambda *given: [[3 * one for one in kind] for kind in tanh_with()(*given)], small_problem(m=3))
    assert not any("z^l" in look for one in tripled for look in one.looks)


# A subject without biases


def without_biases(*faults):
    """A backprop of a network that has none: ∂C/∂b is 0, whatever δ is."""

    def subject(weights, biases, x, y):
        nabla_w, nabla_b = tanh_with(*faults)(weights, [0 * b for b in biases], x, y)
        return nabla_w, [0 * one for one in nabla_b]

    return subject


@pytest.mark.parametrize(
    "faults",
    [
        (),
        ("raw_error_propagated",),
        ("hidden_derivative_missing", "sum_for_mean"),
        (FaultInstance(CATALOGUE["weights_already_updated"], constant=0.1),),
        ("output_sign_flipped",),
        ("outer_product_transposed",),
    ],
    ids=["right", "raw", "missing and sum", "updated", "sign", "transposed"],
)
def test_without_biases_delta_is_read_from_the_weights_gradient_alone(faults):
    zeros = {layer: np.zeros(3) for layer in (2, 3, 4)}
    problems = [small_problem(zeros, m=3), small_problem(zeros, m=2)]
    found = diagnose(asking(without_biases(*faults)), problems, arithmetic_of("float64"), "it", biases=False)
    expected = {one if isinstance(one, str) else one.fault.id for one in faults}
    assert {one.fault for one in found} == expected
    assert not [one for one in found if one.equation == "(23)"]
    asked = diagnose(asking(without_biases(*faults)), problems, arithmetic_of("float64"), "it")
    assert "bias_gradient_zero" in {one.fault for one in asked}
