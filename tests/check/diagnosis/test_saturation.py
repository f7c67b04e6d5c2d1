import numpy as np
import pytest
from small_problems import asking
from subjects import backprop, by_division, fused

from minibp import Network, Problem
from minibp.check.diagnosis.saturation import guard
from minibp.check.diagnosis.stability import GUARDED, reason


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def problem_of(output="sigmoid", dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    cost = "cross_entropy" if output == "sigmoid" else "categorical_cross_entropy"
    network = Network.random([2, 3, 2], "sigmoid", output, dtype, rng)
    return Problem(network, cost, rng.standard_normal((2, 2)).astype(dtype), np.full((2, 2), 0.5, dtype))


def with_output(delta_of):
    """A backprop of sigmoids with this δ^L of a and y."""
    return lambda weights, biases, x, y: backprop(weights, biases, x, y, delta_of)


def on_softmax(delta_of):
    def subject(weights, biases, x, y):
        (w1, w2), (b1, b2) = weights, biases
        h = 1 / (1 + np.exp(-(x @ w1.T + b1)))
        delta = delta_of(softmax(h @ w2.T + b2), y)
        below = delta @ w2 * h * (1 - h)
        m = x.dtype.type(len(x))
        return [below.T @ x / m, delta.T @ h / m], [below.sum(0) / m, delta.sum(0) / m]

    return subject


def through(s, g):
    return s * (g - (g * s).sum(1, keepdims=True))


def quotients(a, y):
    return -y / a + (1 - y) / (1 - a)


FORMS = {
    "divisors": ("epsilon_in_cost", lambda e: lambda a, y: (-y / (a + e) + (1 - y) / (1 - a + e)) * a * (1 - a)),
    "product": ("epsilon_in_cost", lambda e: lambda a, y: (a - y) / (a * (1 - a) + e) * a * (1 - a)),
    "clip": ("output_clipped", lambda e: lambda a, y: np.clip(a, e, 1 - e) - y),
    "clip, a(1-a)": ("output_clipped", lambda e: lambda a, y: quotients(np.clip(a, e, 1 - e), y) * a * (1 - a)),
    "clip, p(1-p)": (
        "output_clipped",
        lambda e: lambda a, y: quotients(p := np.clip(a, e, 1 - e), y) * p * (1 - p),
    ),
}
OF_SOFTMAX = {
    "divisors": ("epsilon_in_cost", lambda e: lambda s, y: through(s, -y / (s + e))),
    "clip": ("output_clipped", lambda e: lambda s, y: np.clip(s, e, 1 - e) - y),
    "clip, Jacobian": ("output_clipped", lambda e: lambda s, y: through(s, -y / np.clip(s, e, 1 - e))),
}


@pytest.mark.parametrize(
    ("form", "epsilon", "dtype"),
    [
        ("divisors", 1e-15, "float64"),
        ("divisors", 1e-7, "float32"),
        ("product", 3e-9, "float64"),
        ("clip", 2.0**-23, "float64"),
        ("clip", 1e-7, "float32"),
        ("clip, a(1-a)", 1e-15, "float64"),
        ("clip, p(1-p)", 3e-9, "float64"),
    ],
)
@np.errstate(all="ignore")
def test_an_epsilon_of_any_size_is_named_with_its_size(form, epsilon, dtype):
    name, form_with = FORMS[form]
    e = np.dtype(dtype).type(epsilon)
    found = guard(problem_of("sigmoid", dtype), asking(with_output(form_with(e))))
    assert found is not None
    assert found[0] == name
    assert f"{epsilon:.3g}"[:3] in found[1]


@pytest.mark.parametrize(("form", "epsilon"), [("divisors", 3e-9), ("clip", 1e-7), ("clip, Jacobian", 3e-9)])
@np.errstate(all="ignore")
def test_so_is_one_of_softmax(form, epsilon):
    name, form_with = OF_SOFTMAX[form]
    found = guard(problem_of("softmax"), asking(on_softmax(form_with(epsilon))))
    assert found is not None
    assert (found[0], f"{epsilon:.3g}"[:3] in found[1]) == (name, True)


@pytest.mark.parametrize(
    "subject",
    [fused, by_division, with_output(lambda a, y: 1.001 * (a - y)), with_output(lambda a, y: np.round(a, 7) - y)],
    ids=["right", "by division", "a factor", "rounded"],
)
@np.errstate(all="ignore")
def test_what_is_no_epsilon_has_no_name(subject):
    assert guard(problem_of(), asking(subject)) is None


def test_it_is_looked_for_where_a_cost_has_logarithms():
    right = problem_of()
    quadratic = Problem(right.network, "quadratic", right.x, right.y)
    subject = asking(with_output(FORMS["clip"][1](1e-7)))
    assert guard(quadratic, subject) is None
    assert guard(right, lambda problem: None) is None


@np.errstate(all="ignore")
def test_the_reason_of_an_unstable_output_has_the_name():
    problem = problem_of()
    call = asking(with_output(FORMS["clip"][1](1e-11)))
    result = call(problem)
    assert reason(problem, 3, result, call) == (
        "output_clipped",
        f"a^L is clipped to [1e-11, 1 - 1e-11]: {GUARDED}",
    )
    assert reason(problem, 2, result, call)[0] is None
    assert reason(problem, 3, asking(by_division)(problem), asking(by_division))[0] == "output_error_by_division"
