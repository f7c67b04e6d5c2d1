import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibp
from minibp.activations import activation_of
from minibp.check.subject.target_domain import DOMAINS, domain_of
from minibp.costs import COSTS, cost_of


class Own:
    def __init__(self, value, gradient, name="own"):
        self.value, self.gradient, self.name = value, gradient, name


SQUARE = Own(lambda a, y: ((a - y) ** 2).sum(-1), lambda a, y: 2 * (a - y))
RELATIVE = Own(lambda a, y: (y * np.log(y / a)).sum(-1), lambda a, y: -y / a, "relative entropy")
ENTROPY = Own(
    lambda a, y: -(np.log(y**2 * a**y * (1 - y))).sum(-1), lambda a, y: -y / a + 0 * np.log(1 - y), "of fractions"
)


def only_distributions(a, y):
    return np.where(np.abs(y.sum(-1) - 1) < 1e-12, RELATIVE.value(a, y), np.nan)


@pytest.mark.parametrize(
    ("cost", "domain"),
    [
        (SQUARE, "any numbers"),
        (RELATIVE, "numbers between 0 and 1"),
        (ENTROPY, "numbers between 0 and 1"),
        (Own(only_distributions, RELATIVE.gradient), "distributions"),
        (Own(lambda a, y: np.full(len(a), np.nan), SQUARE.gradient), "any numbers"),
        (Own(lambda a, y: 1 / 0, SQUARE.gradient), "any numbers"),
        *((cost, "any numbers") for cost in COSTS),
    ],
    ids=["square", "relative entropy", "fractions", "sums", "never", "raises", *COSTS],
)
def test_the_widest_domain_is_found(cost, domain):
    assert domain_of(cost_of(cost), activation_of("softmax")) == domain


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5), st.sampled_from([*DOMAINS]))
def test_targets_are_of_their_domain_and_stay_in_it(row, name):
    y = DOMAINS[name](np.array([row]))
    if name != "any numbers":
        assert ((y > 0) & (y <= 1)).all()
    if name == "distributions":
        assert y.sum() == pytest.approx(1)
        assert DOMAINS[name](y).sum() == pytest.approx(1)


def test_a_cost_of_logarithms_is_checked_and_its_targets_are_told():
    def mine(weights, biases, x, y, factor=1.0):
        network = minibp.Network(weights, biases, "sigmoid")
        nabla_w, nabla_b = minibp.batched.backprop(network, cost_of(RELATIVE), x, y).gradient
        return nabla_w, [factor * b for b in nabla_b]

    report = minibp.check_backprop(mine, cost=RELATIVE, examples=4, seed=1)
    assert "targets are drawn as numbers between 0 and 1: relative entropy is not finite at others" in report.notes
    off = minibp.check_backprop(
        lambda w, b, x, y: mine(w, b, x, y, 1 + 1e-9), cost=RELATIVE, examples=4, seed=1, raise_on_mismatch=False
    )
    assert off.verdict == "wrong"
