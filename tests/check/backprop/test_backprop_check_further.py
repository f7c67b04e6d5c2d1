"""Backprops of the further activations, right and wrong, held against all oracles."""

import numpy as np
import pytest
from further_backprops import FORMS, backprop_of

from minibp import check_backprop
from minibp.activations import FURTHER
from minibp.arrays import FLOAT_DTYPES

CASES = [pytest.param(name, form, id=f"{name}-{number}") for name in FORMS for number, form in enumerate(FORMS[name])]
ORACLES = {"jax", "complex_step", "finite_difference"}


def checked(name, form, layers=2, seed=1, **more):
    """The report on networks of so many layers, which JAX compiles fast."""
    one = [name] * layers
    return check_backprop(backprop_of(*form), activation=one, examples=4, seed=seed, raise_on_mismatch=False, **more)


def test_all_are_tried():
    assert FORMS.keys() >= FURTHER.keys()


@pytest.mark.parametrize(("name", "form"), CASES)
def test_a_right_one_is_correct_by_every_oracle(name, form):
    for dtype in FLOAT_DTYPES if form is FORMS[name][0] else ("float64",):  # JAX gets float64 of both
        report = checked(name, form, dtype=dtype)
        assert (report.verdict, report.findings) == ("correct", ())
        assert not [note for note in report.notes if "was not asked" in note or "finite differences" in note]
        (statistics,) = report.statistics.values()
        assert statistics.keys() == ORACLES
        for oracle, one in statistics.items() if dtype == "float64" else ():
            assert one.median_relative_tolerance() <= (1e-3 if oracle == "finite_difference" else 1e-11), oracle


@pytest.mark.parametrize("name", ["leaky_relu(0.2)", "gelu", "softsign", "hard_swish"])
def test_a_derivative_that_is_missing_is_named(name):
    value, prime = FORMS[name][0]

    def without(weights, biases, x, y):
        return backprop_of(value, lambda z, a: prime(z, a) if z.shape[1] == weights[-1].shape[0] else 1 + 0 * z)(
            weights, biases, x, y
        )

    without.sizes = ((3, 4, 2), (4, 5, 3))
    report = check_backprop(without, activation=name, examples=10, seed=2, raise_on_mismatch=False)
    assert report.verdict == "wrong"
    first = report.findings[0]
    assert (first.equation, first.layer, first.fault) == ("(22)", 2, "hidden_derivative_missing")


@pytest.mark.parametrize("name", FORMS)
def test_a_derivative_that_is_off_by_a_millionth_is_wrong(name):
    value, prime = FORMS[name][0]
    report = checked(name, (value, lambda z, a: prime(z, a) * (1 + 1e-6)), layers=1)
    assert report.verdict == "wrong"
    assert report.findings[0].equation == "(17)"


@pytest.mark.parametrize(
    ("name", "value", "prime", "fault"),
    [
        pytest.param(
            "leaky_relu(0.2)",
            lambda z: np.where(z > 0, z, 0.2 * z),
            lambda z, a: np.where(z > 0, 1, 0),
            "leaky_slope_dropped",
            id="the slope dropped",
        ),
        pytest.param(
            "leaky_relu(0.2)",
            lambda z: np.where(z > 0, z, 0.2 * z),
            lambda z, a: np.where(z > 0, 1, -0.2),
            "leaky_slope_sign_flipped",
            id="the slope negated",
        ),
        pytest.param(
            "elu(0.1)",
            lambda z: np.where(z > 0, z, 0.1 * (np.exp(z) - 1)),
            lambda z, a: np.where(z > 0, 1, a),
            "elu_derivative_is_value",
            id="elu' without its alpha",
        ),
        pytest.param(
            "leaky_relu(0.2)",
            lambda z: np.where(z > 0, z, 0.01 * z),
            lambda z, a: np.where(z > 0, 1, 0.01),
            None,
            id="another slope",
        ),
        pytest.param(
            "gelu", *FORMS["gelu_tanh"][0], None, id="gelu's approximation",
        ),
        pytest.param(
            "hard_sigmoid", *FORMS["hard_sigmoid(0.2)"][0], None, id="Keras's hard sigmoid for PyTorch's",
        ),
    ],
)  # fmt: skip
def test_mistakes_with_a_constant_are_wrong_and_have_names(name, value, prime, fault):
    report = checked(name, (value, prime))
    assert report.verdict == "wrong"
    named = {finding.fault for finding in report.findings if finding.equation == "(22)"}
    assert fault is None or fault in named
