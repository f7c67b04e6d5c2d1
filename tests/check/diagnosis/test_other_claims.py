from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from claim_programs import CLAIMS, L2, backprop, code_of
from subjects import is_seen_wrong

from minibp import adapters
from minibp.check.diagnosis.other_claims import other_claim
from minibp.check.subject.claim import Claim
from minibp.check.subject.specification import Setting

SAID = {
    "labels": 'correct for labels, integers from 0: pass targets="labels"',
    "one-hot": 'correct for one-hot targets: pass targets="one_hot"',
    "plus or minus one": 'correct for targets of 1 and -1: pass targets="signs"',
    "a third of the cost": "correct for 0.333333 times this cost: pass cost_scale=1/3",
    "twice the cost": "correct for 2 times this cost: pass cost_scale=2",
    "no biases": "correct for a network without biases: pass biases=False",
    "a sum": 'correct for the sum over the examples: pass reduction="sum"',
    "a penalty over nothing": 'correct for the penalty α/2 Σ w²: pass l2_over="nothing"',
    "a penalty beside ten times the cost": "correct for 10 times this cost: pass cost_scale=10",
}


def said(code, l2=0.0, **claim):
    setting = Setting.checked("sigmoid", None, "quadratic", l2, Claim(**claim), "float64", code)
    return other_claim(code, setting, seed=0)


@pytest.mark.parametrize("name", SAID)
def test_the_claim_by_which_code_would_be_correct_is_said(name):
    assert said(code_of(name), CLAIMS[name][0].get("l2", 0.0)) == SAID[name]


def test_the_other_way_too():
    assert said(code_of("a penalty over nothing", decay=lambda m: L2 / m), L2, l2_over="nothing") == (
        'correct for the penalty α/(2m) Σ w²: pass l2_over="examples"'
    )
    assert said(backprop, reduction="sum") == 'correct for the mean over the examples: pass reduction="mean"'
    assert said(backprop, cost_scale=2.0) == "correct for 1 times this cost: pass cost_scale=1"


def without_prime(weights, biases, x, y):
    nabla_w, nabla_b = backprop(weights, biases, x, y)
    return [1.01 * w for w in nabla_w], nabla_b


def forgets_biases(weights, biases, x, y):
    nabla_w, nabla_b = backprop(weights, biases, x, y)
    return nabla_w, [0 * b for b in nabla_b]


@pytest.mark.parametrize("code", [without_prime, forgets_biases], ids=["a factor in W", "no bias gradient"])
def test_of_wrong_code_no_claim_is_said(code):
    assert said(code) == ""


def packed(order, matrix_order):
    """Right code for θ in one order."""

    def code(theta, x, y, sizes):
        layers, at = list(pairwise(sizes)), 0
        shapes = [(b, a + 1) for a, b in layers] if order == "bias_column" else None
        if shapes is None:
            kinds = [[(b, a) for a, b in layers], [(b,) for _, b in layers]]
            pairs = [*kinds[0], *kinds[1]]
            shapes = pairs if order == "weights_first" else [one for pair in zip(*kinds, strict=True) for one in pair]
        parts = []
        for shape in shapes:
            size = int(np.prod(shape))
            parts.append(theta[at : at + size].reshape(shape, order=matrix_order))
            at += size
        if order == "bias_column":
            weights, biases = [p[:, 1:] for p in parts], [p[:, 0] for p in parts]
        else:
            weights, biases = [p for p in parts if p.ndim > 1], [p for p in parts if p.ndim == 1]
        nabla_w, nabla_b = backprop(weights, biases, x, y)
        if order == "bias_column":
            found = [np.c_[b, w] for w, b in zip(nabla_w, nabla_b, strict=True)]
        elif order == "weights_first":
            found = [*nabla_w, *nabla_b]
        else:
            found = [one for pair in zip(nabla_w, nabla_b, strict=True) for one in pair]
        return np.concatenate([one.ravel(matrix_order) for one in found])

    return code


@pytest.mark.parametrize("factor", [2.0, 1 / 3, 0.1234567891234], ids=repr)
def test_a_factor_that_is_said_makes_the_code_correct_when_it_is_copied(factor):
    code = code_of("twice the cost", factor=factor)
    words = said(code)
    scale = float(Fraction(words.partition("cost_scale=")[2]))
    assert scale == pytest.approx(factor, rel=1e-13)
    assert not is_seen_wrong(code, cost_scale=scale)


ORDERS = [(order, m) for order in ("layers", "weights_first", "bias_column") for m in "CF"]


@pytest.mark.parametrize(("order", "matrix_order"), ORDERS, ids=map(" ".join, ORDERS))
def test_another_order_of_theta_is_said(order, matrix_order):
    code = packed(order, matrix_order)
    assert not is_seen_wrong(adapters.flat(code, order=order, matrix_order=matrix_order))
    other = adapters.flat(code, order="weights_first" if order == "layers" else "layers")
    assert is_seen_wrong(other)
    assert said(other).endswith(f'pass order="{order}", matrix_order="{matrix_order}"')
