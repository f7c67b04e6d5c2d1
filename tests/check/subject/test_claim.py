import numpy as np
import pytest
from claim_programs import CLAIMS, code_of
from hypothesis import given
from hypothesis import strategies as st
from subjects import is_seen_wrong

import minibp
from minibp import InputError, Network
from minibp.check.subject.claim import L2_OVER, REDUCTIONS, TARGETS, Claim
from minibp.network import Gradient


def verdict_of(name, dtype="float64", **changed):
    claim = CLAIMS[name][0]
    report = minibp.check_backprop(
        code_of(name, **changed), examples=6, seed=1, dtype=dtype, raise_on_mismatch=False, **claim
    )
    return report.verdict, str(report)


@pytest.mark.parametrize("name", CLAIMS)
def test_right_code_is_correct_by_its_claim(name):
    verdict, text = verdict_of(name)
    assert verdict == "correct", text


@pytest.mark.parametrize("name", ["a third of the cost", "all at once"])
def test_right_code_is_correct_in_float32(name):
    verdict, text = verdict_of(name, "float32")
    assert verdict == "correct", text


@pytest.mark.parametrize("name", CLAIMS)
def test_a_mistake_is_seen_by_the_same_claim(name):
    for factor, seen in ((1.0, False), (1 + 1e-9, True)):
        code = code_of(name, factor=factor * CLAIMS[name][1].get("factor", 1.0))
        assert is_seen_wrong(code, **CLAIMS[name][0]) == seen


def test_without_biases_entries_are_not_compared_and_this_is_said():
    report = minibp.check_backprop(code_of("no biases"), examples=5, seed=1, biases=False)
    assert report.skipped["biases=False: ∂C/∂b is not compared"] > 0
    assert report.worst("complex_step", "(24)") is not None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"reduction": "median"}, "reduction is 'median', expected 'mean' or 'sum'"),
        ({"targets": "class"}, "targets is 'class', expected 'soft' or 'one_hot' or 'labels' or 'signs'"),
        ({"targets": ["labels"]}, r"targets is \['labels'\], expected"),
        ({"l2_over": "weights"}, "l2_over is 'weights', expected 'examples' or 'nothing'"),
        ({"biases": "no"}, "biases is 'no', expected True, or False for code that has none"),
        ({"cost_scale": 0}, "cost_scale is 0.0, expected a finite number above 0"),
        ({"cost_scale": -1.0}, "cost_scale is -1.0, expected"),
        ({"cost_scale": np.inf}, "cost_scale is inf, expected"),
        ({"cost_scale": "2"}, "cost_scale is '2', expected a number"),
    ],
    ids=["reduction", "targets", "a list", "l2_over", "biases", "zero", "negative", "infinite", "text"],
)
def test_what_cannot_be_claimed_is_refused(changed, message):
    with pytest.raises(InputError, match=message):
        Claim.checked(**changed)


def test_targets_that_the_cost_is_not_defined_for_are_refused_at_the_door():
    with pytest.raises(InputError, match=r"cross_entropy expects them within \[0, 1\]"):
        minibp.check_backprop(code_of("signs"), cost="cross_entropy", targets="signs")


CLAIMED = st.builds(
    Claim,
    reduction=st.sampled_from(REDUCTIONS),
    targets=st.sampled_from(TARGETS),
    biases=st.booleans(),
    cost_scale=st.sampled_from([1.0, 2.0, 0.5, 1 / 3, 10.0]),
    l2_over=st.sampled_from(L2_OVER),
)
ROWS = st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(0, 2**32 - 1)).map(
    lambda drawn: np.random.default_rng(drawn[2]).choice([0.0, 1.0, -1.0, 0.3, 5e-324, 1e300], drawn[:2])
)


@given(CLAIMED, ROWS)
def test_targets_of_a_kind_stay_and_are_of_that_kind(claim, y):
    rows = claim.target_rows(y)
    assert np.array_equal(claim.target_rows(rows), rows)
    if claim.targets == "signs":
        assert set(np.unique(rows)) <= {-1, 1}
    elif claim.targets != "soft":
        assert (rows.sum(1) == 1).all() or y.shape[1] == 1
        assert set(np.unique(rows)) <= {0, 1}
    labels = claim.given_targets(rows)
    if claim.targets == "labels":
        assert np.array_equal(claim.rows_of(labels, y.shape[1], "float64"), rows)
    else:
        assert labels is rows


@given(CLAIMED, st.integers(1, 7), st.floats(0, 10))
def test_what_is_read_is_the_gradient_of_the_mean_and_the_penalty_of_27(claim, m, l2):
    """By the definitions: scale · (mean or sum of C) + the penalty, with w = 2 and ∂C/∂w = 3 for every example."""
    network = Network([[[2.0]]], [[0.0]], "identity")
    x = np.ones((m, 1))
    problem = claim.problem(network, "quadratic", x, x, l2)
    over = 1 if claim.reduction == "sum" or claim.l2_over == "nothing" else m
    data = claim.cost_scale * 3.0 * (m if claim.reduction == "sum" else 1)
    returned = Gradient((np.array([[data + l2 / over * 2.0]]),), (np.array([data]),))
    read = claim.read(returned, problem)
    assert read.nabla_w[0][0, 0] == pytest.approx(3.0 + problem.l2.alpha / m * 2.0, rel=1e-12)
    assert read.nabla_b[0][0] == pytest.approx(3.0 if claim.biases else 0.0, rel=1e-12)


def test_a_multiple_of_the_cost_rounds_three_times_more():
    plain, scaled = (Claim(cost_scale=c).arithmetic("float64") for c in (1.0, 3.0))
    assert scaled.gamma(0) - plain.gamma(0) == pytest.approx(4 * plain.u * 3 / 5, rel=1e-6)
    assert scaled.gamma(1) - plain.gamma(1) >= 3 * plain.u
    assert Claim(cost_scale=0.25).arithmetic("float64").tiny == 4 * plain.tiny
    assert scaled.huge == plain.huge / 3
