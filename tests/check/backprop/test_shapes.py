import numpy as np
import pytest

from minibp import check_backprop
from minibp.check.backprop.shapes import with_outputs
from minibp.check.subject.claim import Claim
from minibp.check.subject.specification import ONE, SEVERAL, Setting


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def through(weights, biases, x):
    passed = [x]
    for w, b in zip(weights, biases, strict=True):
        passed.append(sigmoid(passed[-1] @ w.T + b))
    return passed


def back(weights, passed, delta, factor=1.0):
    nabla_w, nabla_b = [], []
    for i in reversed(range(len(weights))):
        nabla_w.insert(0, factor * delta.T @ passed[i])
        nabla_b.insert(0, delta.sum(0))
        delta = (delta @ weights[i]) * passed[i] * (1 - passed[i])
    return nabla_w, nabla_b


def by_index(weights, biases, x, y, factor=1.0):
    """Softmax, and one subtracted at the label."""
    passed = through(weights[:-1], biases[:-1], x)
    z = passed[-1] @ weights[-1].T + biases[-1]
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(x)), y] -= 1
    return back(weights, passed, p / len(x), factor)


def by_rows(weights, biases, x, y, factor=1.0):
    """Labels become rows of the identity, of as many columns as there are outputs."""
    passed = through(weights, biases, x)
    a = passed[-1]
    return back(weights, passed, (a - np.eye(a.shape[1])[y]) * a * (1 - a) / len(x), factor)


def of_two_classes(weights, biases, x, y, factor=1.0):
    """A single output, whose label is 0 or 1."""
    passed = through(weights, biases, x)
    a, y = passed[-1], y.reshape(-1, 1)
    assert a.shape == y.shape
    return back(weights, passed, (a - y) * a * (1 - a) / len(x), factor)


SOFTMAX = {"output_activation": "softmax", "cost": "categorical_cross_entropy"}
CODE = {"by index": (by_index, SOFTMAX), "by rows": (by_rows, {}), "of two classes": (of_two_classes, {})}
LABELS = {"targets": "labels", "seed": 1, "examples": 6, "raise_on_mismatch": False}


@pytest.mark.parametrize(("name", "layers"), [*((name, None) for name in CODE), ("by index", 2), ("of two classes", 2)])
def test_code_that_takes_labels_is_correct_with_the_outputs_that_it_is_for(name, layers):
    code, claim = CODE[name]
    hidden = "sigmoid" if layers is None else ["sigmoid", claim.get("output_activation", "sigmoid")]
    chosen = {**claim, "output_activation": None} if layers else claim
    report = check_backprop(code, activation=hidden, **LABELS, **chosen)
    assert report.verdict == "correct", str(report)
    assert any("labels of one output" in note for note in report.notes) == (name == "of two classes")


@pytest.mark.parametrize("name", CODE)
def test_a_mistake_in_it_is_wrong(name):
    code, claim = CODE[name]

    def off(*given):
        return code(*given, factor=1 + 1e-6)

    two_layers = ["sigmoid", claim.get("output_activation", "sigmoid")]
    report = check_backprop(off, **LABELS, **{**claim, "activation": two_layers, "output_activation": None})
    assert report.verdict == "wrong"
    assert {one.equation for one in report.findings} == {"(24)"}


def setting(targets):
    return Setting.checked("tanh", None, "quadratic", 0.0, Claim(targets=targets), "float64", by_rows)


def test_what_answers_to_nothing_keeps_several_outputs():
    def broken(weights, biases, x, y):
        raise ValueError

    labels = setting("labels")
    assert labels.outputs == SEVERAL
    assert with_outputs(broken, labels, 0) is labels
    assert with_outputs(of_two_classes, labels, 0).outputs == ONE
    rows = setting("one_hot")
    assert with_outputs(broken, rows, 0) is rows


def test_of_one_batch_size_no_other_claim_is_made_up():
    """Code that raises for one output is right by a third of the sum over the three examples of every batch."""

    def of_several(weights, biases, x, y):
        assert len(weights[-1]) > 1
        passed = through(weights, biases, x)
        a = passed[-1]
        return back(weights, passed, (a - y) * a * (1 - a) / len(x))

    report = check_backprop(of_several, seed=1, examples=20, raise_on_mismatch=False)
    assert not any("correct for" in note for note in report.notes)


def of_jax(weights, biases, x, y):
    jnp = pytest.importorskip("jax.numpy", reason="JAX is not installed")
    a = [jnp.asarray(x)]
    for w, b in zip(weights, biases, strict=True):
        a.append(1 / (1 + jnp.exp(-(a[-1] @ w.T + b))))
    delta, found = (a[-1] - y) * a[-1] * (1 - a[-1]) / len(x), []
    for layer in reversed(range(len(weights))):
        found.append((delta.T @ a[layer], delta.sum(0)))
        delta = (delta @ weights[layer]) * a[layer] * (1 - a[layer])
    return tuple(zip(*reversed(found), strict=True))


def test_code_of_jax_is_called_for_few_shapes_in_double_precision():
    report = check_backprop(of_jax, examples=30, seed=1)
    assert report.verdict == "correct"
    assert (
        "JAX compiles of_jax for each shape: networks of the sizes 2-3-2 and 3-3-3-3-3 alone were drawn" in report.notes
    )
    fixed = check_backprop(of_jax, activation=["sigmoid", "sigmoid"], examples=5, seed=1)
    assert any("of the sizes 2-3-2 and 3-3-3 alone" in note for note in fixed.notes)


def test_of_one_label_the_shapes_have_one_output():
    def subject(weights, biases, x, labels):
        if weights[-1].shape[0] > 1:
            raise ValueError("one output alone")
        return of_jax(weights, biases, x, labels[:, None].astype(x.dtype))

    report = check_backprop(subject, targets="labels", examples=5, seed=1, raise_on_mismatch=False)
    assert report.verdict == "correct", report
    assert any("of the sizes 2-3-1 and 3-3-3-3-1 alone" in note for note in report.notes)
