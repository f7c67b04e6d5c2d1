"""The bound of an output layer: its formulas by hand."""

import math
from itertools import product

import numpy as np
import pytest
from output_cases import CASES, CATEGORICAL, CROSS, HUBER, IDENTITY, QUADRATIC, QUARTIC, WARM, Z_ERRORS, Z, near
from rounding_programs import TINY, gamma, only_f, only_tiny, only_u, without_rounding
from users import Quartic

from minibp import Cost
from minibp.activations import sigmoid, softmax
from minibp.check.rounding.arithmetic import Arithmetic, Ball, arithmetic_of, times
from minibp.check.rounding.layer import activated, derivative
from minibp.check.rounding.output_layer import Output, cost_error, cost_gradient, costs_of, output_error, residual
from minibp.check.rounding.own_functions import local_error, noise_of, units_of

COARSE = Arithmetic(u=2.0**-7, tiny=2.0**-9, huge=math.inf, f=3.0, prime_from_value=False)
"""So coarse that products of errors, and of errors with roundings, are as large as anything else."""


# The residual


def test_the_residual_has_the_error_of_a_and_one_rounding():
    a, y, e, u = 3.0, np.array([5.0]), 0.5, 2.0**-3
    found = residual(near([a], e), y, only_u(u=u))
    sup = max(abs((a + s * e - 5) * (1 + t * u) + 2) for s, t in product((-1, 1), repeat=2))
    assert found.value == -2
    assert found.error == sup == 0.5 + 2.5 * u


def test_a_residual_that_is_not_0_may_be_flushed():
    y = np.array([0.0, 0.5])
    flushed = residual(near([0.9 * TINY, 0.5]), y, only_tiny()).error
    np.testing.assert_allclose(flushed, [TINY, 0], rtol=1e-12)  # what is below TINY is lost whole; 0 loses nothing


# Whole formulas by hand, neuron by neuron, where every term counts


def residual_by_hand(a, e, y, fp):
    r = a - y
    return r, e + fp.u * (abs(r) + e) + (fp.tiny if r else 0)


def gradient_by_hand(cost, a, e, y, fp):
    """∇_a C of one neuron and its error."""
    r, re = residual_by_hand(a, e, y, fp)
    if cost is QUADRATIC:
        return r, re
    if cost is HUBER:
        return max(-1, min(1, r)), re
    at = {CROSS: lambda a: (a - y) / (a * (1 - a))}[cost]
    reach = e + fp.u * abs(a)
    moved = max(abs(at(a + reach) - at(a)), abs(at(a - reach) - at(a)))
    return at(a), 2 * moved + 4 * fp.f * fp.u * abs(at(a)) + fp.tiny


def delta_by_hand(output, z, a, fp, prime, known=None):
    """The error of δ^L of one example, given its σ'."""
    cost, activation, y = output.cost, output.activation, output.y
    n, u, tiny = len(y), fp.u, fp.tiny
    (value, e), own = (a.value, a.error), gamma(len(y), fp.u)
    residuals = [residual_by_hand(*entry, fp) for entry in zip(value, e, y, strict=True)]
    if cost is CATEGORICAL:
        missing = abs(sum(y) - 1)
        return [
            residuals[j][1] + (missing + own) * (abs(value[j]) + e[j]) + own * abs(y[j])  # a Σy − y is honest too
            for j in range(n)
        ]
    if cost is CROSS and activation is sigmoid:
        return [residuals[j][1] + gamma(0, u) * (abs(value[j]) + e[j] + abs(y[j])) for j in range(n)]
    if cost is CROSS and activation is softmax:
        return bernoulli_by_hand(z, residuals, fp)
    gradients = known or [gradient_by_hand(cost, *entry, fp) for entry in zip(value, e, y, strict=True)]
    g, ge = np.array(gradients).T
    if activation is not softmax:
        return times(Ball(g, ge), prime, fp).error
    products = sum((abs(g[k]) + ge[k]) * (abs(value[k]) + e[k]) for k in range(n))
    share = sum(ge[k] * (abs(value[k]) + e[k]) + abs(g[k]) * e[k] for k in range(n)) + own * products + n * tiny
    gap = g - sum(g * value)
    gap_error = [ge[j] + share + 2 * u * (abs(g[j]) + ge[j] + products) for j in range(n)]
    return times(a, Ball(gap, np.array(gap_error)), fp).error


def bernoulli_by_hand(z, residuals, fp):
    """r_k − Σ_{j≠k} r_j q_jk, where q_jk = e^{z_k}/Σ_{i≠j} e^{z_i}."""
    n, u, own, most = len(z.value), fp.u, gamma(len(z.value), fp.u), max(z.error)
    found = []
    for k in range(n):
        r_k, error = residuals[k]
        error += own * (abs(r_k) + residuals[k][1])
        for j in range(n):
            r, e = residuals[j]
            q, off = 0.0, fp.tiny
            if j != k:
                others = [z.value[i] for i in range(n) if i != j]
                q = math.exp(z.value[k]) / sum(map(math.exp, others))
                # Terms as large as z are shifted by the largest, by the logarithm of a sum, and rounded each time.
                spread = max(others) - z.value[k] + max(abs(z.value))
                exponent = 2 * most + 4 * u * (spread + most) + (3 + math.log(n)) * u * fp.f + own
                off += min(1, q * math.expm1(exponent))
            error += e * (q + off) + abs(r) * off + own * (abs(r) + e) * (q + off)
        found.append(error + n * fp.tiny)
    return found


def cost_by_hand(output, z, a, fp, known=None):
    """The error of C of one example."""
    cost, activation, y = output.cost, output.activation, output.y
    n, own, most = len(y), gamma(len(y), fp.u), max(z.error)
    residuals = [residual_by_hand(*entry, fp) for entry in zip(a.value, a.error, y, strict=True)]
    value = float(cost.value_at(z.value, a.value, y, activation))
    if cost is QUADRATIC:
        error = sum(abs(r) * e + e**2 / 2 + own * (abs(r) + e) ** 2 for r, e in residuals)
    elif cost is HUBER:
        error = sum(min(abs(r) + e, 1) * (e + own * (abs(r) + e)) for r, e in residuals)
    elif cost is CROSS and activation is sigmoid:
        inherited = 0.0
        for t, e, target in zip(z.value, z.error, y, strict=True):
            # y ln(1 + e^−z) is steepest at the left end of the interval, (1 − y) ln(1 + e^z) at the right one.
            inherited += e * (target / (1 + math.exp(t - e)) + (1 - target) / (1 + math.exp(-t - e)))
        error = inherited + (own + 3 * fp.f * fp.u) * (value + inherited)
        error += fp.tiny * sum(abs(z.value) + z.error)  # −y z, where y is below tiny
    elif activation is softmax and cost in (CROSS, CATEGORICAL):
        spread = max(z.value) - min(z.value) + math.log(n) + 1 + 2 * most
        error = (n if cost is CROSS else 1) * 2 * (2 * most + (own + 3 * fp.f * fp.u) * spread)
    else:
        gradients = known or [gradient_by_hand(cost, *entry, fp) for entry in zip(a.value, a.error, y, strict=True)]
        error = sum((abs(g) + ge) * e for (g, ge), e in zip(gradients, a.error, strict=True))
        local = units_of(fp) * float(local_error(lambda t: cost.value(t, y), a.value)) if known else 0.0
        error += max(local, 4 * fp.f * fp.u * abs(value))
    return error + n * fp.tiny


ARITHMETICS = {
    "coarse": COARSE,
    "digits": only_u(),
    "functions": only_f(),
    "underflow": only_tiny(),
    "inherited": without_rounding(),
}


def stacked(cost, activation, y, errors):
    """Two problems of two examples, the second example of the second being the case, and the others half of it."""
    scale = np.array([[[0.5], [0.25]], [[0.125], [1.0]]])
    z = Ball(scale * Z, scale * errors)
    ys = np.broadcast_to(np.array(y), z.value.shape)
    return Output(cost, activation, ys), z, Ball(activation.value(z.value), scale * 0.7 * errors)


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("errors", [pytest.param(0, id="exact"), pytest.param(1, id="off")])
def test_the_bounds_are_the_sums_of_their_terms(case, arithmetic, errors):
    cost, activation, y = CASES[case]
    fp = ARITHMETICS[arithmetic]
    of, z, a = stacked(cost, activation, y, errors * np.array(Z_ERRORS))
    delta, costs = output_error(of, z, a, fp), costs_of(of, z, a, fp)
    g = cost_gradient(of, residual(a, of.y, fp), a, fp) if cost is QUARTIC else None
    primes = derivative(z, a, activation, fp) if activation is not softmax else None
    for index in np.ndindex(2, 2):
        # The gradient of a user's cost and σ' have bounds of their own, with tests of their own.
        own = list(zip(g.value[index], g.error[index], strict=True)) if g else None
        prime = Ball(primes.value[index], primes.error[index]) if primes else None
        one = Output(cost, activation, of.y[index])
        at = Ball(z.value[index], z.error[index]), Ball(a.value[index], a.error[index])
        # Both sides are the same sum of at most a hundred terms, added in another order.
        np.testing.assert_allclose(delta.error[index], delta_by_hand(one, *at, fp, prime, own), rtol=1e-12)
        np.testing.assert_allclose(costs.error[index], cost_by_hand(one, *at, fp, own), rtol=1e-12)


def test_a_softmax_of_weighted_inputs_that_all_are_large_is_bounded_as_of_small_ones():
    # e^1000 overflows; in this arithmetic functions alone count, and not the roundings of z.
    z, y = np.array([0.5, -1.25, 1.0]), np.array([0.5, 0.0, 1.0])
    a = near(softmax.value(z))
    for cost in (CROSS, CATEGORICAL):
        of = Output(cost, softmax, y)
        for bound_of in (output_error, costs_of):
            far, here = (bound_of(of, near(at), a, only_f()).error for at in (z + 1000, z))
            np.testing.assert_allclose(far, here, rtol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_the_values_beside_the_bounds_are_those_of_the_equations(case):
    cost, activation, y = CASES[case]
    of, z, a = stacked(cost, activation, y, np.array(Z_ERRORS))
    delta, costs = output_error(of, z, a, COARSE), costs_of(of, z, a, COARSE)
    np.testing.assert_allclose(delta.value, cost.delta(z.value, a.value, of.y, activation), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(costs.value, cost.value_at(z.value, a.value, of.y, activation), rtol=1e-14)


def test_another_function_of_a_whole_layer_has_an_infinite_bound():
    of, z, a = stacked(QUADRATIC, WARM, [0.1, 0.2, 0.3], np.zeros(3))
    found = output_error(of, z, a, COARSE)
    assert np.isinf(found.error).all()
    np.testing.assert_array_equal(found.value, WARM.backward(z.value, a.value - of.y))


@pytest.mark.parametrize("case", [case for case in CASES if "of_a_user" not in case])
def test_the_error_of_costs_at_z_is_that_with_a_computed_from_it(case):
    cost, activation, y = CASES[case]
    of, z, _ = stacked(cost, activation, y, np.array(Z_ERRORS))
    found = cost_error(of, z, COARSE)
    np.testing.assert_array_equal(found, costs_of(of, z, activated(z, activation, COARSE), COARSE).error)


def test_costs_that_overflow_raise_no_warning():
    of = Output(QUADRATIC, IDENTITY, np.zeros(1))
    assert cost_error(of, near([1e300]), arithmetic_of("float64")) == np.inf


# Costs of the users


class Opaque(Quartic):
    """A cost that takes its numbers one by one, so that no error goes through it."""

    def gradient(self, a, y):
        return np.array([(float(one) - float(other)) ** 3 for one, other in zip(a, y, strict=True)])


class Line(Quartic):
    """A cost whose gradient is a line, so that its change within an interval is known from one end."""

    name = "line"

    def gradient(self, a, y):
        return 3 * (a - y)


class Agreement(Cost):
    """A cost that is the less, the more a and y agree."""

    name = "agreement"

    def value(self, a, y):
        return -(a * y).sum(-1)

    def gradient(self, a, y):
        return -y + 0 * a


@pytest.mark.parametrize(("a", "y"), [(2.0, 0.5), (0.5, 2.0)], ids=["above", "below"])
def test_the_gradient_of_a_users_cost_is_sampled_at_both_ends(a, y):
    fp = Arithmetic(u=2.0**-3, tiny=2.0**-6, huge=math.inf, f=5.0, prime_from_value=False)
    of, given = Output(Opaque(), IDENTITY, np.array([y])), near([a], 0.25)
    found = cost_gradient(of, residual(given, of.y, fp), given, fp)
    reach = 0.25 + a / 8
    steeper = (1.5 + reach) ** 3 - 1.5**3  # away from y: the larger change of the two
    assert found.value == (a - y) ** 3
    local = units_of(fp) * noise_of(lambda t: of.cost.gradient(t, of.y), given.value)
    assert found.error == pytest.approx(2 * steeper + local + 2.0**-6, rel=1e-14)


def test_a_users_cost_may_be_negative():
    of, given, fp = Output(Agreement(), IDENTITY, np.array([2.0])), near([3.0]), only_f()
    found = costs_of(of, given, given, fp)
    assert found.value == -6
    local = units_of(fp) * local_error(lambda t: of.cost.value(t, of.y), given.value)
    np.testing.assert_allclose(found.error, max(float(local), 4 * fp.f * fp.u * 6), rtol=1e-12)


def test_a_linear_gradient_errs_by_its_change():
    of, given, fp = Output(Line(), IDENTITY, np.array([1.0])), near([3.0], 0.5), without_rounding()
    found = cost_gradient(of, residual(given, of.y, fp), given, fp)
    np.testing.assert_allclose(found.error, 3 * 0.5, rtol=1e-12)
