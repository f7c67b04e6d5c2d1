import math

import numpy as np
import pytest
from claim_programs import code_of
from subjects import backprop, fused

import minibp
from minibp import adapters


def report(subject, **options):
    return minibp.check_backprop(subject, examples=4, seed=1, raise_on_mismatch=False, **options)


def in_pure_python(weights, biases, x, y, exp=math.exp, factor=1.0):
    """One example a call, in numbers and lists alone."""
    acts = [[float(v) for v in x]]
    for w, b in zip(weights, biases, strict=True):
        sums = [sum(p * q for p, q in zip(row, acts[-1], strict=True)) + c for row, c in zip(w, b, strict=True)]
        acts.append([1 / (1 + exp(-float(t))) for t in sums])
    d = [factor * (a - t) * a * (1 - a) for a, t in zip(acts[-1], y, strict=True)]
    nabla_w, nabla_b = [], []
    for w, a in zip(weights[::-1], acts[-2::-1], strict=True):
        nabla_w.insert(0, np.outer(d, a))
        nabla_b.insert(0, np.array(d))
        d = [sum(e * w[k][j] for k, e in enumerate(d)) * v * (1 - v) for j, v in enumerate(a)]
    return nabla_w, nabla_b


TWO_LAYERS = {"activation": ["sigmoid", "sigmoid"]}


def wrong_in_pure_python(weights, biases, x, y):
    return in_pure_python(weights, biases, x, y, factor=2.0)


def by_logarithms(weights, biases, x, y):
    """exp(-t) as a power of e, which raises for large negative t too, and a log of 0 where it underflows."""

    def exp(t):
        return math.exp(math.log(math.exp(t)))

    return in_pure_python(weights, biases, x, y, exp=exp)


@pytest.mark.parametrize("code", [in_pure_python, by_logarithms], ids=["exp", "log of exp"])
def test_right_code_whose_functions_raise_where_numbers_overflow_is_unstable(code):
    found = report(adapters.per_example(code), **TWO_LAYERS)
    assert found.verdict == "unstable"
    assert all("the gradient is right where numbers are moderate" in one.message for one in found.findings)
    assert found.counterexample is not None


def test_wrong_code_stays_wrong_where_it_overflows_too():
    found = report(adapters.per_example(wrong_in_pure_python), **TWO_LAYERS)
    assert found.verdict == "wrong"
    assert "cost_factor_two" in {one.fault for one in found.findings}


def test_code_that_always_raises_is_wrong():
    assert report(lambda *_: 1 / 0).verdict == "wrong"


def halves(weights, biases, x, y):
    return tuple([np.asarray(a, np.float32) for a in kind] for kind in backprop(weights, biases, x, y))


def wrong_halves(weights, biases, x, y):
    return tuple([np.asarray(a, np.float32) for a in kind] for kind in fused(weights, biases, x, y))


def test_of_results_with_fewer_digits_the_contract_alone_is_told():
    found = report(halves)
    assert found.verdict == "wrong"
    assert all("has dtype float32, expected float64" in one.message for one in found.findings)
    assert "output_derivative_missing" in {one.fault for one in report(wrong_halves).findings}


def test_where_another_claim_explains_all_it_is_said_first_and_no_tail_follows():
    found = report(code_of("one-hot"))
    assert found.verdict == "wrong"
    assert found.notes[0] == 'correct for one-hot targets: pass targets="one_hot"'
    assert len(found.findings) == 1


def test_after_a_finding_of_state_nothing_else_is_told():
    rng = np.random.default_rng(0)

    def noisy(weights, biases, x, y):
        nabla_w, nabla_b = fused(weights, biases, x, y)
        return nabla_w, [b * rng.random() for b in nabla_b]

    found = report(noisy, **TWO_LAYERS)
    assert [one.message[:40] for one in found.findings] == ["two calls with the same arguments give d"]
    assert not any(note.startswith("correct for") for note in found.notes)
