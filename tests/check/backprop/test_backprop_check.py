import json

import numpy as np
import pytest
from case_ids import written_out
from subjects import backprop, by_division, fused, sums
from users import Cube, Quartic

import minibp
from minibp import Activation, GradientMismatch, InputError, Network, Problem, adapters, batched, check_backprop
from minibp.check.backprop.comparison import Comparison
from minibp.check.backprop.conclusion import Conclusion
from minibp.check.faults.injection import FaultyBackprop
from minibp.check.subject.claim import Claim
from minibp.check.subject.specification import Setting

FEW = {"examples": 10, "seed": 1, "raise_on_mismatch": False}


def test_a_right_backprop_is_correct():
    report = check_backprop(backprop, examples=20, seed=2)
    assert report.verdict == "correct"
    assert set(report.oracles()) == {"jax", "complex_step", "finite_difference"}
    assert report.networks == 29
    assert check_backprop(fused, cost="cross_entropy", dtype="float32", **FEW).verdict == "correct"
    assert check_backprop(sums, reduction="sum", **FEW).verdict == "correct"
    assert check_backprop(adapters.per_example(one_by_one), **FEW).verdict == "correct"


def one_by_one(weights, biases, x, y):
    return backprop(weights, biases, x[None, :], y[None, :])


def test_the_cause_is_named_with_its_layer():
    def subject(weights, biases, x, y):
        return backprop(weights, biases, x, y, without_prime=(3,), bias=np.sum)

    with pytest.raises(GradientMismatch) as raised:
        check_backprop(subject, activation=["sigmoid"] * 4, examples=25, seed=1)
    report = raised.value.report
    assert [(one.equation, one.layer, one.fault) for one in report.findings] == [
        ("(22)", 3, "hidden_derivative_missing"),
        ("(23)", 5, "bias_gradient_not_averaged"),
    ]
    text = str(report)
    assert "the factor σ'(z^l) is missing" in text
    assert "smallest failing network found" in text
    assert report.counterexample.network.sizes == (1, 1, 1, 1, 1)
    assert json.loads(json.dumps(report.to_dict()))["findings"][0]["layers"] == [3]


def test_the_smallest_network_shows_the_first_finding():
    def subject(weights, biases, x, y):
        return backprop(weights, biases, x, y, without_prime=range(99), bias=np.sum)

    report = check_backprop(subject, **FEW)
    assert [one.fault for one in report.findings] == ["hidden_derivative_missing", "bias_gradient_not_averaged"]
    example = report.counterexample
    assert (example.network.sizes, example.m) == ((1, 1, 1), 1)


def test_a_formula_that_loses_its_digits_is_unstable_and_not_wrong():
    report = check_backprop(by_division, cost="cross_entropy", **FEW)
    (finding,) = report.findings
    assert (report.verdict, finding.equation, finding.fault) == ("unstable", "(26)", "output_error_by_division")
    assert "Use δ^L = a^L - y" in str(report)


def test_overflow_of_a_softmax_is_unstable():
    def softmax(z):
        e = np.exp(z)
        return e / e.sum(1, keepdims=True)

    def subject(weights, biases, x, y):
        a = softmax(x @ weights[0].T + biases[0])
        return [(a - y).T @ x / len(x)], [(a - y).mean(0)]

    setting = {"activation": ["softmax"], "cost": "categorical_cross_entropy"}
    report = check_backprop(subject, **setting, examples=60, seed=1, raise_on_mismatch=False)
    assert (report.verdict, report.findings[0].fault) == ("unstable", "softmax_overflow")


def test_noise_in_a_hidden_layer_is_unstable():
    def tanh(weights, biases, x, y):
        activations, zs = [x], []
        for w, b in zip(weights, biases, strict=True):
            zs.append(activations[-1] @ w.T + b)
            activations.append(np.tanh(zs[-1]))
        delta = activations[-1] - y
        delta = delta * (1 - activations[-1] ** 2)
        nabla_w, nabla_b = [], []
        for i in reversed(range(len(weights))):
            nabla_w.insert(0, delta.T @ activations[i] / len(x))
            nabla_b.insert(0, delta.mean(0))
            if i:  # a large number added and taken away again
                delta = (delta @ weights[i]) * ((1e6 + 1 - activations[i] ** 2) - 1e6)
        return nabla_w, nabla_b

    report = check_backprop(tanh, activation="tanh", **FEW)
    assert (report.verdict, report.findings[0].equation) == ("unstable", "(22)")


def test_the_calling_contract_comes_before_numbers():
    def subject(weights, biases, x, y):
        x *= 1.0
        x += 1.0
        return backprop(weights, biases, x - 1.0 + 0.0, y)

    report = check_backprop(subject, **FEW)
    assert report.verdict == "wrong"
    assert report.findings[0].message == "modified x in place; work on a copy"
    report = check_backprop(lambda *_: [][len(_)], **FEW)
    assert report.verdict == "wrong"
    assert "raised IndexError" in str(report)


def test_code_that_returns_nothing_usable_gets_the_smallest_network_and_no_empty_table():
    def raises_where_layers_are_wide(weights, biases, x, y):
        if max(w.shape[0] for w in weights) > 1:
            raise ValueError("too wide")
        return backprop(weights, biases, x, y)

    report = check_backprop(raises_where_layers_are_wide, **FEW)
    assert max(report.counterexample.network.sizes[1:]) == 2
    assert report.counterexample.m == 1
    report = check_backprop(lambda *_: None, **FEW)
    assert report.counterexample.network.sizes == (1, 1)
    assert report.findings[0].message == "returned NoneType, expected (nabla_w, nabla_b), one array a layer: 1 each"
    assert str(report).startswith("19 networks, 0 entries")
    assert not [note for note in report.notes if "oracle" in note]
    assert report.to_dict()["forms"] == ["<lambda>"]


def test_functions_of_the_users_are_checked_too():
    def subject(weights, biases, x, y):
        network = minibp.Network(weights, biases, Cube(), "identity")
        return minibp.batched.backprop(network, Quartic(), x, y).gradient

    report = check_backprop(
        subject, activation=Cube(), output_activation="identity", cost=Quartic(), examples=6, seed=1
    )
    assert report.verdict == "correct"


def test_what_no_oracle_can_tell_is_undecided():
    huge = {"activation": ["identity"], "examples": 1, "seed": 0, "raise_on_mismatch": False}

    class Endless(Quartic):
        name = "endless"

        def value(self, a, y):
            return np.abs((a - y) * 1e300 * 1e300).sum(-1)

        def gradient(self, a, y):
            return (a - y) * np.inf

    def subject(weights, biases, x, y):
        return [0 * w for w in weights], [0 * b for b in biases]

    with np.errstate(all="ignore"):
        report = check_backprop(subject, cost=Endless(), **huge)
    assert report.verdict == "undecided"


def test_one_entry_off_by_a_billionth_is_wrong_and_placed():
    def subject(weights, biases, x, y):
        nabla_w, nabla_b = backprop(weights, biases, x, y)
        nabla_w[-1][0, 0] *= 1 + 1e-9
        return nabla_w, nabla_b

    report = check_backprop(subject, activation=["sigmoid"] * 2, **FEW)
    assert report.verdict == "wrong"
    assert (report.findings[0].equation, report.findings[0].layer) == ("(24)", 3)


def test_only_the_sizes_that_a_subject_takes_are_asked_for():
    seen = set()

    def flat_gradient(theta, x, y):
        seen.add((x.shape[1], len(theta)))
        w, b = theta[:2].reshape(1, 2), theta[2:]
        (nabla_w,), (nabla_b,) = backprop([w], [b], x, y)
        return np.concatenate([nabla_w.ravel(), nabla_b])

    report = check_backprop(adapters.flat(flat_gradient, sizes=(2, 1)), **FEW)
    assert (report.verdict, seen) == ("correct", {(2, 3)})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"activation": "sine"}, "unknown activation 'sine'"),
        ({"cost": "cross_entropy", "activation": "tanh"}, "cross_entropy"),
        ({"reduction": "median"}, "reduction is 'median', expected 'mean' or 'sum'"),
        ({"dtype": "int64"}, "dtype has dtype int64"),
        ({"l2": -1}, "l2 is -1"),
        ({"examples": 0}, "examples is 0, expected at least 1"),
    ],
    ids=written_out,
)
def test_bad_arguments_are_refused_at_the_door(changed, message):
    with pytest.raises(InputError, match=message):
        check_backprop(backprop, **changed)
    with pytest.raises(InputError, match="subject is 3, expected a function"):
        check_backprop(3)
    with pytest.raises(InputError, match="2 activations, one a layer, and the subject takes sizes"):
        check_backprop(adapters.flat(lambda *_: 0, sizes=(2, 1)), activation=["tanh", "tanh"])


@pytest.mark.parametrize("name", ["leaky_slope_dropped", "weights_not_transposed"])
def test_faults_that_show_only_here_and_there_are_found(name):
    subject = FaultyBackprop([name], "leaky_relu", "identity", "quadratic")
    report = check_backprop(subject, activation=["leaky_relu", "leaky_relu", "identity"], **FEW)
    assert [one.fault for one in report.findings] == [name]


def relu_backprop(weights, biases, x, y, prime):
    a, activations, zs = x, [x], []
    for w, b in zip(weights, biases, strict=True):
        zs.append(a @ w.T + b)
        a = np.maximum(zs[-1], 0)
        activations.append(a)
    delta = (zs[-1] - y).astype(x.dtype)
    nabla_w, nabla_b = [], []
    for i in reversed(range(len(weights))):
        nabla_w.insert(0, delta.T @ activations[i] / x.dtype.type(len(x)))
        nabla_b.insert(0, delta.mean(0))
        if i:
            delta = (delta @ weights[i]) * prime(zs[i - 1])
    return nabla_w, nabla_b


def test_any_slope_between_both_sides_is_right_at_a_kink():
    relu = {"activation": "relu", "output_activation": "identity"}

    def verdict(prime, dtype="float64"):
        return check_backprop(lambda *given: relu_backprop(*given, prime), dtype=dtype, **relu, **FEW).verdict

    assert verdict(lambda z: np.where(z == 0, 0.5, z > 0)) == "correct"
    assert verdict(lambda z: (z >= 0).astype(z.dtype), "float32") == "correct"


def test_clipped_gradients_are_wrong_although_right_where_they_are_small():
    def clipped(weights, biases, x, y):
        return [[np.clip(array, -1, 1) for array in kind] for kind in backprop(weights, biases, x, y)]

    assert check_backprop(clipped, **FEW).verdict == "wrong"


def test_what_is_not_the_same_twice_ends_in_a_finding():
    rng = np.random.default_rng(0)

    def noisy(weights, biases, x, y):
        nabla_w, nabla_b = backprop(weights, biases, x, y)
        return [w * rng.choice([1, 2]) for w in nabla_w], nabla_b

    report = check_backprop(noisy, activation=["sigmoid"], **FEW)
    assert report.verdict == "wrong"  # although its errors are as chance has them
    assert any("two calls with the same arguments" in one.message for one in report.findings)


def test_a_mean_that_was_said_to_be_a_sum_is_told_in_these_words():
    report = check_backprop(backprop, reduction="sum", **FEW)
    assert [one.message for one in report.findings] == [
        'the examples are averaged, and reduction="sum" says that they are summed'
    ]
    report = check_backprop(sums, **FEW)
    assert [one.fault for one in report.findings] == ["sum_for_mean"]


def test_sizes_that_the_cost_does_not_fit_are_refused():
    subject = adapters.flat(lambda theta, x, y: theta, sizes=(2, 1))
    with pytest.raises(InputError, match="softmax over one neuron is always 1"):
        check_backprop(subject, output_activation="softmax", cost="cross_entropy")


class OwnElu(Activation):
    """elu as a user writes it: its second derivative jumps, and nothing says so."""

    name = "own elu"

    def value(self, z):
        return np.where(np.real(z) > 0, z, np.expm1(np.where(np.real(z) > 0, 0, z)))

    def prime(self, z):
        return np.where(z > 0, 1.0, np.exp(np.minimum(z, 0)))


def jumps_that_defeat_two_steps(activation):
    """A neuron that feeds two elus, with one jump within the smaller step and one between the two."""
    for shift in np.linspace(0, 6e-6, 61):
        weights = [[[1.0]], [[1.0], [1.0]], [[1.0, -1.0]]]
        network = Network(weights, [[0.0], [0.0, shift], [0.0]], ["identity", activation, "identity"])
        yield Problem(network, "quadratic", [[0.0]], [[1.0]])


@pytest.mark.parametrize(("factor", "verdict"), [(1, "correct"), (1 + 1e-8, "wrong")])
def test_of_the_users_functions_differences_alone_make_nothing_wrong(factor, verdict):
    activations = ["identity", OwnElu(), "identity"]

    def mine(weights, biases, x, y):
        nabla_w, nabla_b = batched.backprop(Network(weights, biases, activations), "quadratic", x, y).gradient
        return nabla_w, [factor * b for b in nabla_b]

    claimed = Setting.checked(activations, None, "quadratic", 0.0, Claim(), "float64", mine)
    comparison = Comparison(mine, claimed, seed=0)
    comparison.look(list(jumps_that_defeat_two_steps(activations[1])))
    report = Conclusion(comparison).report()
    assert report.verdict == verdict
    assert any(note.startswith("finite differences alone disagreed on") for note in report.notes)
