import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from subjects import backprop, fused

import minibp
from minibp import adapters
from minibp.check.backprop.fitted_rate import near_decimal, with_fitted_rate
from minibp.check.subject.claim import Claim
from minibp.check.subject.specification import Setting


def stepping(eta, code=backprop, l2=0.0):
    def step(weights, biases, x, y):
        nabla_w, nabla_b = code(weights, biases, x, y)
        decayed = [dw + l2 / len(x) * w for w, dw in zip(weights, nabla_w, strict=True)]
        pairs = zip((weights, biases), (decayed, nabla_b), strict=True)
        return tuple([p - eta * d for p, d in zip(*pair, strict=True)] for pair in pairs)

    return step


def fitted(step, l2=0.0):
    subject = adapters.update(step)
    setting = Setting.checked("sigmoid", None, "quadratic", l2, Claim(), "float64", subject)
    return with_fitted_rate(subject, setting, seed=0).rate


@pytest.mark.parametrize("eta", [1e-3, 0.1, 0.25, 3.7, 10.0, 2.0**20])
@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_the_rate_is_found(eta, l2):
    assert fitted(stepping(eta, l2=l2), l2) == pytest.approx(eta, rel=1e-9)


@pytest.mark.parametrize("eta", [0.01, 3.0])
def test_of_a_cost_that_depends_on_nothing_the_penalty_has_the_rate(eta):
    network = minibp.Network([[[0.5]], [[-2.0]]], [[1.0], [0.5]], ["tanh", "softmax"])

    def flat(weights, biases, x, y):
        return [0 * w for w in weights], [0 * b for b in biases]

    given = {"network": network, "x": [[2.0]], "y": [[1.0]], "cost": "categorical_cross_entropy", "l2": 0.1}
    assert minibp.check_backprop(adapters.update(stepping(eta, flat, 0.1)), seed=0, **given)


@pytest.mark.parametrize(("eta", "l2"), [(1e-3, 0.0), (10.0, 0.0), (0.1, 0.5)])
def test_right_steps_of_a_rate_that_is_not_given_are_correct(eta, l2):
    report = minibp.check_backprop(adapters.update(stepping(eta, l2=l2)), l2=l2, examples=10, seed=1)
    assert any(note.startswith(f"η = {eta:g} is fitted:") for note in report.notes)


def test_one_example_a_step():
    def step(weights, biases, x, y):
        return stepping(0.1)(weights, biases, x[None], y[None])

    assert minibp.check_backprop(adapters.per_example(adapters.update(step)), examples=5, seed=1)


def one_layer_off(weights, biases, x, y):
    nabla_w, nabla_b = backprop(weights, biases, x, y)
    return [1.5 * nabla_w[0], *nabla_w[1:]], nabla_b


@pytest.mark.parametrize(
    ("step", "equation", "fault"),
    [
        (stepping(-0.1), "(17)", "output_sign_flipped"),
        (stepping(0.1, one_layer_off), "(24)", None),
        (stepping(0.1, fused), "(17)", None),
    ],
    ids=["uphill", "one layer", "no derivative"],
)
def test_what_is_no_factor_of_the_whole_is_wrong(step, equation, fault):
    few = {"activation": ["sigmoid"] * 3, "examples": 5, "seed": 1, "raise_on_mismatch": False}
    report = minibp.check_backprop(adapters.update(step), **few)
    assert report.verdict == "wrong"
    assert report.findings[0].equation == equation
    assert fault is None or report.findings[0].fault == fault


def test_code_that_takes_no_step_keeps_its_own_finding():
    report = minibp.check_backprop(adapters.update(lambda *_: 3), examples=5, seed=1, raise_on_mismatch=False)
    assert report.verdict == "wrong"
    assert "returned int" in report.findings[0].message


@pytest.mark.parametrize("eta", [0.1 * 0.97**7, 1 / 3, np.pi / 10, 0.3 + 1e-9], ids=repr)
def test_right_steps_of_a_rate_of_many_digits_are_correct_and_wrong_ones_wrong(eta):
    few = {"activation": ["sigmoid"] * 2, "examples": 5, "seed": 1}
    assert minibp.check_backprop(adapters.update(stepping(eta)), **few)
    off = adapters.update(stepping(eta, one_layer_off))
    assert minibp.check_backprop(off, raise_on_mismatch=False, **few).verdict == "wrong"


@given(st.integers(1, 99999), st.integers(-6, 3))
def test_a_decimal_of_few_digits_is_found_through_rounding(digits, power):
    rate = float(f"{digits}e{power}")
    assert near_decimal(rate * (1 + 1e-13), 1e-12) == rate


def test_another_number_stays():
    assert near_decimal(np.pi, 1e-12) == np.pi
    assert near_decimal(0.3 + 1e-9, 1e-12) == 0.3 + 1e-9
