"""The bound of a whole pass against the worst of honest programs, of sums in float32, and of underflow."""

from fractions import Fraction

import numpy as np
import pytest
from rounding_programs import TINY, U, exact, flushed, line, only_tiny, only_u, total, worst

from minibp import Network, Problem
from minibp.check.rounding.arithmetic import arithmetic_of
from minibp.check.rounding.whole_pass import bound

# Programs in an adversarial arithmetic

WIDE = 16
FIRST = np.r_[1.0, np.zeros(WIDE - 1)]


def mean(terms):
    """Σ/m, by a product with 1/m."""
    return total(terms) * (exact(1.0).item() / len(terms))


def penalty(w, alpha, m):
    return exact(alpha).item() / (2 * m) * total(exact(w) ** 2)


def half_square(r):
    return r * r / 2


def program_of_z():
    return total(exact(FIRST) * exact(FIRST)) + exact(0.0).item(), bound(line(FIRST, 0, w=FIRST), only_u()).z[0]


def program_of_bias_gradient():
    r = exact(np.zeros(WIDE)) - exact(-FIRST)
    return mean(r), bound(line(np.zeros((WIDE, 1)), -FIRST[:, None]), only_u()).gradient.nabla_b[0]


def program_of_weight_gradient():
    r = exact(np.zeros(WIDE)) - exact(-FIRST)
    found = mean(r * exact(np.ones(WIDE))) + exact(0.0).item()
    return found, bound(line(np.ones((WIDE, 1)), -FIRST[:, None], alpha=1.0), only_u()).gradient.nabla_w[0]


def program_of_decay():
    decay = exact(5.0).item() / 3 * 2.5
    zeros = np.zeros((3, 1))
    return exact(0.0).item() + decay, bound(line(zeros, zeros, w=2.5, alpha=5), only_u()).gradient.nabla_w[0]


def program_of_cost():
    r = exact(np.zeros(WIDE)) - exact(-3 * FIRST)
    terms = [abs(v) - 0.5 if v.value > 1 else half_square(v) for v in r]
    problem = line(np.zeros((WIDE, 1)), -3 * FIRST[:, None], cost="huber")
    return mean(terms) + exact(0.0).item(), bound(problem, only_u()).cost


def program_of_penalty():
    found = exact(0.0).item() + penalty(FIRST, 3.0, 1)
    return found, bound(line(np.zeros(WIDE), 0, w=FIRST, alpha=3.0), only_u()).cost


def program_of_recursion():
    r = exact(np.zeros(WIDE)) - exact(-FIRST)
    found = total(r * exact(FIRST)) * exact(1.0).item()
    network = Network([np.zeros((1, 1)), FIRST[:, None]], [np.zeros(1), np.zeros(WIDE)], "identity")
    return found, bound(Problem(network, "quadratic", [[0.0]], -FIRST[None]), only_u()).delta[0]


PROGRAMS = {
    "z": program_of_z,
    "bias_gradient": program_of_bias_gradient,
    "weight_gradient": program_of_weight_gradient,
    "decay": program_of_decay,
    "cost": program_of_cost,
    "penalty": program_of_penalty,
    "recursion": program_of_recursion,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_honest_programs_may_use_more_than_half_of_each_bound_and_no_more_than_all(name):
    found, limit = PROGRAMS[name]()
    used = worst(np.array(found, dtype=object)).roundings * U / np.ravel(limit)[0]
    assert 0.5 < used <= 1


# Sums in float32, in an order that loses every term but the first

MANY = 64
LOST = np.r_[1.0, np.full(MANY - 1, 2.0**-24)].astype("float32")
"""1 and terms of u, each of which is lost in a tie when it is added to 1."""


def test_a_sum_in_float32_may_lose_all_but_its_first_term():
    summed = np.float32(0)
    for term in LOST:
        summed += term
    lost = LOST.sum(dtype=float) - float(summed)
    assert lost == 63 * 2.0**-24
    fp = arithmetic_of("float32")

    def in_float32(problem):
        return bound(problem.astype("float32"), fp)

    ones = np.ones((MANY, 1))
    z = in_float32(line(np.ones(MANY), 0, w=LOST)).z[0]
    nabla_b = MANY * in_float32(line(0 * ones, -LOST[:, None])).gradient.nabla_b[0]
    nabla_w = MANY * in_float32(line(ones, -LOST[:, None])).gradient.nabla_w[0]
    for limit in (z, nabla_b, nabla_w):
        assert 0.8 * np.ravel(limit)[0] < lost < np.ravel(limit)[0]
    # Costs of ½ and ½ u, each of which is allowed n + 4 roundings of r² in place of r²/2.
    cost = MANY * in_float32(line(0 * ones, -np.sqrt(LOST)[:, None])).cost
    assert 0.75 * cost < lost / 2 < cost


def test_a_float32_sum_that_cancels_may_turn_a_sure_sigmoid_into_an_undecided_one():
    w = np.array([[1e10, -400, -400, -1e10]], "float32")  # −400 is lost beside 1e10, twice
    z = np.float32(0)
    for term in w[0]:
        z += term
    assert z == 0
    network = Network([w], [np.zeros(1, "float32")], "sigmoid")
    problem = Problem(network, "cross_entropy", np.ones((1, 4), "float32"), np.zeros((1, 1), "float32"))
    limit = bound(problem, arithmetic_of("float32"))
    exact_cost = 0.0  # ln(1 + e^−800)
    assert abs(np.log(2) - exact_cost) < limit.cost
    assert limit.z[0] > 800


# Underflow


def spread_out(m):
    """Terms whose mean is lost: one is kept until the mean is taken, all others are below TINY themselves."""
    return np.r_[(m - 0.125) * TINY, np.full(m - 1, 0.96875 * TINY)]


def test_a_mean_and_a_penalty_may_both_be_flushed():
    m, w = 64, 2.0**-25
    wanted = 0.96875 * TINY  # of α/(2m) w² = (α/m) w²/2
    alpha = 2 * m * wanted / w**2
    r = np.sqrt(2 * spread_out(m))
    problem = line(np.zeros((m, 1)), -r[:, None], w=w, alpha=alpha)
    costs = [flushed(Fraction(v) ** 2 / 2) for v in r]
    computed = flushed(sum(costs) / m) + flushed(Fraction(alpha) / (2 * m) * Fraction(w) ** 2)
    right = sum(Fraction(v) ** 2 / 2 for v in r) / m + Fraction(alpha) / (2 * m) * Fraction(w) ** 2
    assert computed == 0
    assert 0.9 < float(right) / bound(problem, only_tiny()).cost <= 1


def test_a_mean_and_a_decay_may_both_be_flushed():
    m, x, w = 64, 2.0**-50, 2.0**-30
    alpha = m * 0.96875 * TINY / w
    r = spread_out(m) / x
    problem = line(np.full((m, 1), x), (w * x - r)[:, None], w=w, alpha=alpha)
    rights = [(Fraction(w) * Fraction(x) - Fraction(v)) * Fraction(x) for v in problem.y[:, 0]]
    computed = flushed(sum(map(flushed, rights)) / m) + flushed(Fraction(alpha) / m * Fraction(w))
    right = sum(rights) / m + Fraction(alpha) / m * Fraction(w)
    assert computed == 0
    assert 0.9 < float(right) / bound(problem, only_tiny()).gradient.nabla_w[0].item() <= 1
