"""Code that takes a step of descent in place of returning a gradient."""

import pickle

import numpy as np
import pytest
from adapter_programs import sigma

import minibp
from minibp import InputError, adapters

RATES = [1e-6, 1e-3, 0.1, 1.0, 10.0, 2.0**60]
WAYS = ["new arrays", "in place"]


def gradient(weights, biases, x, y, prime):
    """That of the quadratic cost of a sigmoid network, for rows of examples."""
    activations, nabla_w, nabla_b = [x], [], []
    for w, b in zip(weights, biases, strict=True):
        activations.append(sigma(activations[-1] @ w.T + b))
    delta = (activations[-1] - y) * prime(activations[-1])
    for i in reversed(range(len(weights))):
        nabla_w.insert(0, delta.T @ activations[i] / len(x))
        nabla_b.insert(0, delta.mean(axis=0))
        delta = (delta @ weights[i]) * prime(activations[i])
    return nabla_w, nabla_b


class Step:
    """A step of w − η ∂C/∂w, new arrays or in place, with a mistake or none."""

    def __init__(self, rate, mistake=None, *, in_place=False):
        self.rate, self.mistake, self.in_place = rate, mistake, in_place

    def __call__(self, weights, biases, x, y):
        prime = (lambda a: 0 * a + 1) if self.mistake == "prime" else lambda a: a * (1 - a)
        nabla_w, nabla_b = gradient(weights, biases, x, y, prime)
        if self.mistake == "ascent":
            nabla_w, nabla_b = [-w for w in nabla_w], [-b for b in nabla_b]
        if self.mistake == "biases kept":
            nabla_b = [0 * b for b in nabla_b]
        if self.in_place:
            for kind, steps in ((weights, nabla_w), (biases, nabla_b)):
                for one, step in zip(kind, steps, strict=True):
                    np.subtract(one, one.dtype.type(self.rate) * step, out=one)
            return None
        return tuple(
            [one - one.dtype.type(self.rate) * step for one, step in zip(kind, steps, strict=True)]
            for kind, steps in ((weights, nabla_w), (biases, nabla_b))
        )


def report(subject, **keywords):
    return minibp.check_backprop(subject, examples=5, seed=1, raise_on_mismatch=False, **keywords)


@pytest.mark.parametrize(
    ("rate", "in_place"),
    [pytest.param(rate, k % 2 == 1, id=f"{rate:g}, {WAYS[k % 2]}") for k, rate in enumerate(RATES)],
)
def test_a_right_step_is_correct_at_any_rate(rate, in_place):
    found = report(adapters.update(Step(rate, in_place=in_place), rate=rate))
    assert found.verdict == "correct", str(found)


@pytest.mark.parametrize(
    ("rate", "dtype"), [(3e-5, "float32"), (0.03, "float64"), (7.7, "float32"), (4e5, "float32"), (4e5, "float64")]
)
def test_whatever_the_rate_the_bound_holds_in_both_precisions(rate, dtype):
    found = report(adapters.update(Step(rate), rate=rate), dtype=dtype)
    assert found.verdict == "correct", str(found)


@pytest.mark.parametrize(
    ("mistake", "equation", "fault", "rate"),
    [
        ("ascent", "(17)", "output_sign_flipped", 1e-3),
        ("prime", "(17)", "output_derivative_missing", 10.0),
        ("biases kept", "(23)", "bias_gradient_zero", 0.1),
    ],
)
def test_a_wrong_step_keeps_its_name(mistake, equation, fault, rate):
    found = report(adapters.update(Step(rate, mistake), rate=rate))
    assert found.verdict == "wrong"
    assert (found.findings[0].equation, found.findings[0].fault) == (equation, fault), str(found)


def test_a_step_of_another_rate_is_wrong():
    found = report(adapters.update(Step(0.1), rate=0.2))
    assert found.verdict == "wrong"


@pytest.mark.parametrize("adapter", [adapters.per_example, adapters.columns], ids=["one example", "columns"])
def test_adapters_around_a_step_know_its_rate(adapter):
    def columns(weights, biases, x, y):
        flat = [b[:, 0] for b in biases]
        new_weights, new_biases = Step(0.01)(weights, flat, x.T, y.T)
        return new_weights, [b[:, None] for b in new_biases]

    def one(weights, biases, x, y):
        return Step(0.01)(weights, biases, x[None], y[None])

    step = adapters.update(one if adapter is adapters.per_example else columns, rate=0.01)
    subject = adapter(step)
    assert subject.rate == 0.01
    assert report(subject).verdict == "correct"


def test_what_is_known_of_code_is_known_of_what_is_put_around_it():
    inner = adapters.Subject(Step(0.5), "step", sizes=((2, 1),), batch_sizes=(3,), rate=0.5)
    around = adapters.per_example(inner)
    assert (around.sizes, around.batch_sizes, around.rate) == (((2, 1),), (3,), 0.5)
    assert adapters.per_example(Step(0.5)).rate is None


@pytest.mark.parametrize("rate", [0, -0.1, np.nan, np.inf, "fast"], ids=repr)
def test_a_rate_is_above_0(rate):
    with pytest.raises(InputError, match="rate"):
        adapters.update(Step(0.1), rate=rate)


def test_code_that_returns_anything_else_is_told_what_it_returned():
    found = report(adapters.update(lambda weights, biases, x, y: 3.0, rate=0.1))
    assert "returned float, expected (nabla_w, nabla_b)" in str(found)
    found = report(adapters.update(lambda weights, biases, x, y: ([w.T for w in weights], biases), rate=0.1))
    assert "has shape" in str(found)
    found = report(adapters.update(lambda weights, biases, x, y: ([*weights, weights[0]], biases), rate=0.1))
    assert "expected (nabla_w, nabla_b), one array a layer" in str(found)


@pytest.mark.parametrize("rate", [1e-50, 1e50])
def test_a_rate_that_single_precision_does_not_hold_is_no_warning(rate):
    subject = adapters.update(lambda weights, biases, x, y: (weights, biases), rate=rate)
    ones = np.ones((1, 1), np.float32)
    (nabla_w,), _ = subject([ones], [ones[0]], ones, ones)
    assert (nabla_w.tolist(), nabla_w.dtype) == ([[0]], np.float32)


def test_a_step_can_be_pickled():
    subject = pickle.loads(pickle.dumps(adapters.update(Step(0.1), rate=0.1)))
    assert report(subject).verdict == "correct"
