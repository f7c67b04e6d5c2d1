"""Kinds of wrong backprops that were met in public code, each written anew, with variations; all by check_backprop."""

import numpy as np
import pytest

import minibp
from minibp import adapters, check_backprop


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def leaky(slope):
    return lambda z: np.where(z >= 0, z, z.dtype.type(slope) * z)


def leaky_prime(slope):
    return lambda z, a: np.where(z >= 0, z.dtype.type(1), z.dtype.type(slope))


def textbook(value, prime, *, error=lambda a, y: a - y, rate=0.0, raw=False, after=lambda nabla_w, nabla_b: None):
    """A backprop of one activation in all layers, which goes back through weights less `rate` times their gradient."""

    def subject(weights, biases, x, y):
        a, inputs, passed = x, [], []
        for w, b in zip(weights, biases, strict=True):
            inputs.append(a)
            z = a @ w.T + b
            a = value(z)
            passed.append((z, a))
        back, nabla_w, nabla_b = error(a, y), [], []
        m = x.dtype.type(len(x))
        for w, below, (z, out) in zip(weights[::-1], inputs[::-1], passed[::-1], strict=True):
            delta = back * prime(z, out)
            nabla_w.insert(0, delta.T @ below / m)
            nabla_b.insert(0, delta.sum(0) / m)
            back = (back if raw else delta) @ (w - x.dtype.type(rate) * nabla_w[0])
        return after(nabla_w, nabla_b) or (nabla_w, nabla_b)

    return subject


def of_value(z, a):
    return a * (1 - a)


def judged(subject, activation="sigmoid", **more):
    report = check_backprop(subject, activation=activation, seed=1, examples=5, raise_on_mismatch=False, **more)
    return report.verdict, [(one.equation, one.fault) for one in report.findings], report.findings


# A fitted constant


@pytest.mark.parametrize(("factor", "seed"), [(1.5, 0), (-3.0, 1)])
def test_of_layers_of_one_neuron_no_name_is_invented(factor, seed):
    def subject(weights, biases, x, y):
        """Each layer's error is off by a factor, which updated weights would explain, for one c an example."""
        assert all(len(w) == 1 for w in weights)
        nabla_w, nabla_b = textbook(np.tanh, lambda z, a: 1 - a * a)(weights, biases, x, y)
        below = len(weights) - 1
        powers = [factor ** (below - layer) for layer in range(len(weights))]
        return ([c * one for c, one in zip(powers, kind, strict=True)] for kind in (nabla_w, nabla_b))

    report = check_backprop(subject, activation=["tanh"] * 3, seed=seed, examples=10, raise_on_mismatch=False)
    assert report.verdict == "wrong"
    assert {one.constant for one in report.findings} == {None}
    assert ("(22)", None) in {(one.equation, one.fault) for one in report.findings}


# The mean over examples


@pytest.mark.parametrize(("activation", "rate"), [("tanh", 0.1), ("sigmoid", 1.0)])
def test_code_of_one_example_that_updates_early_has_one_finding(activation, rate):
    value, prime = {"tanh": (np.tanh, lambda z, a: 1 - a * a), "sigmoid": (sigmoid, of_value)}[activation]
    code = textbook(value, prime, rate=rate)

    def one(weights, biases, x, y):
        return code(weights, biases, x[None, :], y[None, :])

    verdict, names, findings = judged(adapters.per_example(one), activation)
    assert (verdict, names) == ("wrong", [("(22)", "weights_already_updated")])
    assert findings[0].constant == pytest.approx(rate, rel=1e-6)


# Slopes


@pytest.mark.parametrize(("slope", "dtype"), [(0.3, "float32"), (0.0, "float64")])
def test_another_slope_in_both_is_one_finding_that_names_it(slope, dtype):
    subject = textbook(leaky(slope), leaky_prime(slope))
    verdict, names, (found,) = judged(subject, ["leaky_relu"] * 3, dtype=dtype)
    assert (verdict, names) == ("wrong", [("(14)", "slope_differs")])
    assert f"slope {slope:g}, not 0.01" in str(found)
    assert (f'"leaky_relu({slope:g})"' if slope else '"relu"') in str(found)


def test_another_slope_in_the_derivative_alone_is_of_17_and_22():
    slope = 0.2
    _, names, findings = judged(textbook(leaky(0.01), leaky_prime(slope)), ["leaky_relu"] * 3)
    assert names == [("(17)", "output_slope_of_derivative_differs"), ("(22)", "slope_of_derivative_differs")]
    assert [one.constant for one in findings] == pytest.approx([slope, slope])


# Derivatives


@pytest.mark.parametrize(
    ("prime", "words"),
    [
        pytest.param(lambda z, a: 1 - np.tanh(z) ** 2, "tanh'(z) stands where sigmoid'(z) belongs", id="tanh' of z"),
        pytest.param(lambda z, a: 1 - a * a, "1 - a², tanh's, stands where sigmoid'(z) belongs", id="tanh' of a"),
        pytest.param(lambda z, a: 1.0 * (z > 0), "relu'(z) stands where sigmoid'(z) belongs", id="relu'"),
    ],
)
def test_the_derivative_of_another_activation_is_named(prime, words):
    _, names, findings = judged(textbook(sigmoid, prime))
    expected = ["output_derivative_of_another_activation", "derivative_of_another_activation"]
    assert [name for _, name in names] == expected
    assert all(words in str(one) for one in findings)


@pytest.mark.parametrize(
    ("prime", "fault"),
    [
        pytest.param(lambda z, a: z * (1 - z), "derivative_form_at_z", id="z(1-z)"),
        pytest.param(lambda z, a: sigmoid(a) * (1 - sigmoid(a)), "derivative_at_activation", id="of a"),
        pytest.param(lambda z, a: a, "activation_for_derivative", id="a"),
    ],
)
def test_what_is_made_in_hidden_layers_is_named_at_the_output_too(prime, fault):
    _, names, _ = judged(textbook(sigmoid, prime))
    assert names == [("(17)", f"output_{fault}"), ("(22)", f"hidden_{fault}")]


# Two faults of (22)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        pytest.param(
            textbook(sigmoid, of_value, raw=True, rate=0.1),
            {"raw_error_propagated", "weights_already_updated"},
            id="raw and updated",
        ),
        pytest.param(
            textbook(sigmoid, lambda z, a: sigmoid(a) * (1 - sigmoid(a)), raw=True),
            {"raw_error_propagated", "hidden_derivative_at_activation", "output_derivative_at_activation"},
            id="raw and of a",
        ),
    ],
)
def test_two_faults_of_one_equation_are_both_named(subject, expected):
    _, names, _ = judged(subject)
    assert {name for _, name in names} == expected


# Epsilons and clips


CROSS = {"activation": ["sigmoid", "sigmoid"], "cost": "cross_entropy"}


def with_output(delta):
    """Two layers of sigmoids, with δ^L of a and y."""

    def subject(weights, biases, x, y):
        (w1, w2), (b1, b2) = weights, biases
        h = sigmoid(x @ w1.T + b1)
        top = delta(sigmoid(h @ w2.T + b2), y)
        below = top @ w2 * h * (1 - h)
        return [below.T @ x / len(x), top.T @ h / len(x)], [below.mean(0), top.mean(0)]

    return subject


@pytest.mark.parametrize("epsilon", [1e-12, 1e-6])
def test_an_epsilon_in_the_quotients_is_fitted(epsilon):
    subject = with_output(lambda a, y: (-y / (a + epsilon) + (1 - y) / (1 - a + epsilon)) * a * (1 - a))
    verdict, names, (found,) = judged(subject, **CROSS)
    assert (verdict, names) == ("wrong", [("(26)", "epsilon_in_cost")])
    assert found.constant == pytest.approx(epsilon, rel=1e-2)
    assert f"ε = {epsilon:g}" in str(found)


@pytest.mark.parametrize(("limit", "layers"), [(250, 3), (500, 2), (700, 1)])
def test_a_sigmoid_of_clipped_inputs_is_correct(limit, layers):
    subject = textbook(lambda z: sigmoid(np.clip(z, -limit, limit)), of_value)
    assert judged(subject, ["sigmoid"] * layers)[0] == "correct"


@pytest.mark.parametrize("limit", [5, 20])
def test_one_that_is_clipped_nearer_is_not(limit):
    subject = textbook(lambda z: sigmoid(np.clip(z, -limit, limit)), of_value)
    assert judged(subject, ["sigmoid"] * 2)[0] != "correct"


@pytest.mark.parametrize(("of", "limit"), [("value", 0.05), ("norm", 0.5)])
def test_a_clipped_gradient_is_one_finding_with_its_limit(of, limit):
    def after(nabla_w, nabla_b):
        arrays = [*nabla_w, *nabla_b]
        length = np.sqrt(sum((array * array).sum() for array in arrays))
        scale = min(1, limit / length) if of == "norm" else 1
        kept = [np.clip(array, -limit, limit) if of == "value" else array * scale for array in arrays]
        return kept[: len(nabla_w)], kept[len(nabla_w) :]

    verdict, names, (found,) = judged(textbook(np.tanh, lambda z, a: 1 - a * a, after=after), "tanh")
    assert (verdict, names) == ("wrong", [("(6)", "gradient_clipped")])
    assert found.constant == pytest.approx(limit, rel=1e-9)


# What is right stays so


@pytest.mark.parametrize(
    ("subject", "activation"),
    [(textbook(leaky(0.01), leaky_prime(0.01)), "leaky_relu"), (textbook(np.tanh, lambda z, a: 1 - a * a), "tanh")],
    ids=["leaky_relu", "tanh"],
)
def test_a_right_backprop_is_correct(subject, activation):
    assert judged(subject, activation)[:2] == ("correct", [])


# Breaches of the contract that come of a mistake, and steps of a sum


def test_what_raises_where_widths_differ_has_the_name_of_the_mistake():
    def subject(weights, biases, x, y):
        a, inputs = x, [x]
        for w, b in zip(weights, biases, strict=True):
            a = sigmoid(a @ w.T + b)
            inputs.append(a)
        delta, nabla_w, nabla_b = (a - y) * a * (1 - a), [], []
        for i in reversed(range(len(weights))):
            nabla_w.insert(0, delta.T @ inputs[i] / len(x))
            nabla_b.insert(0, delta.mean(0))
            delta = (delta @ weights[i].T) * inputs[i] * (1 - inputs[i]) if i else None
        return nabla_w, nabla_b

    report = check_backprop(subject, seed=1, examples=10, raise_on_mismatch=False)
    assert [(one.equation, one.fault) for one in report.findings] == [("(22)", "weights_not_transposed")]
    assert any(note.startswith("where widths differ subject raised ValueError") for note in report.notes)


def test_a_sum_without_an_axis_is_named_though_it_has_no_axes():
    subject = textbook(sigmoid, of_value, after=lambda nabla_w, nabla_b: (nabla_w, [b.sum() for b in nabla_b]))
    verdict, named, found = judged(subject)
    assert (verdict, named) == ("wrong", [("(23)", "bias_gradient_summed_over_neurons")])
    assert len(found[0].layers) == 4


@pytest.mark.parametrize("biases", [True, False])
def test_weights_that_a_step_of_a_sum_has_updated_are_one_mistake(biases):
    def step(weights, biases, x, y):
        a, inputs = x, [x]
        for w, b in zip(weights, biases, strict=True):
            a = sigmoid(a @ w.T + b)
            inputs.append(a)
        delta = (a - y) * a * (1 - a)
        for i in reversed(range(len(weights))):
            weights[i] -= 0.5 * delta.T @ inputs[i]
            biases[i] -= 0.5 * delta.sum(0)
            delta = (delta @ weights[i]) * inputs[i] * (1 - inputs[i])

    verdict, named, found = judged(adapters.update(step, rate=0.5), reduction="sum", biases=biases)
    assert (verdict, named) == ("wrong", [("(22)", "weights_already_updated")])
    assert found[0].constant == pytest.approx(0.5)


@pytest.mark.parametrize("tensor", ["weight", "bias"])
def test_one_tensor_that_is_averaged_twice_is_named(tensor):
    def subject(weights, biases, x, y):
        nabla_w, nabla_b = textbook(sigmoid, of_value)(weights, biases, x, y)
        if tensor == "weight":
            return [w / len(x) for w in nabla_w], nabla_b
        return nabla_w, [b / len(x) for b in nabla_b]

    place = "(24)" if tensor == "weight" else "(23)"
    assert judged(subject)[:2] == ("wrong", [(place, f"{tensor}_gradient_averaged_twice")])


class Absolute:
    name = "absolute"

    def value(self, a, y):
        return np.abs(a - y).sum(-1)

    def gradient(self, a, y):
        return np.sign(a - y)


SLOPES = {
    "0 at the kink": np.sign,
    "1 at the kink": lambda r: np.where(r >= 0, 1.0, -1.0),
    "-1 at the kink": lambda r: np.where(r > 0, 1.0, -1.0),
}


@pytest.mark.parametrize(("name", "bias"), [*zip(SLOPES, [0.0, 1.0, -3.0], strict=True)])
def test_outputs_that_are_the_targets_may_have_any_slope_of_an_own_cost_with_a_kink(name, bias):
    network = minibp.Network([[[0.0, 0.0], [1.0, 0.0]]], [[bias, bias]], "identity")

    def code(weights, biases, x, y):
        delta = SLOPES[name](x @ weights[0].T + biases[0] - y)
        return [delta.T @ x / len(x)], [delta.sum(0) / len(x)]

    given = {"network": network, "x": [[0.0, 1.0], [2.0, 1.0]], "cost": Absolute(), "seed": 0}
    y = np.array([[bias, bias], [bias, bias + 1.0]])
    assert check_backprop(code, y=y, **given)


def test_beside_a_kink_the_other_slope_is_wrong():
    network = minibp.Network([[[1.0]]], [[0.0]], "identity")

    def code(weights, biases, x, y):
        delta = np.where(x @ weights[0].T + biases[0] - y > 1e-9, 1.0, -1.0)
        return [delta.T @ x / len(x)], [delta.sum(0) / len(x)]

    given = {"network": network, "x": [[1.0]], "cost": Absolute(), "seed": 0, "raise_on_mismatch": False}
    assert check_backprop(code, y=[[1.0 - 1e-12]], **given).verdict in {"wrong", "unstable"}
    assert check_backprop(code, y=[[1.0 - 1e-6]], **given).verdict == "correct"
