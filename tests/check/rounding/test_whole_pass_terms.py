"""The terms of the bound of a whole pass, each where it counts, and the bounds of a stack."""

import math
from itertools import pairwise

import numpy as np
import pytest
from rounding_programs import TINY, U, gamma, line, only_tiny, only_u
from users import Quartic

from minibp import Network, Problem
from minibp.check.layout import row_of_bound
from minibp.check.problem_stack import Stack, stack_of_one
from minibp.check.rounding.arithmetic import Arithmetic, Ball, arithmetic_of, times
from minibp.check.rounding.layer import activated, derivative, weighted_input
from minibp.check.rounding.output_layer import Output, costs_of, output_error
from minibp.check.rounding.whole_pass import bound, bounds

COARSE = Arithmetic(u=2.0**-8, tiny=2.0**-7, huge=math.inf, f=2.0, prime_from_value=False)


# By hand, in units of u and of the smallest normal number


def in_units(problem, fp, unit):
    """The errors of z, a, δ, costs, cost, nabla_b and nabla_w of one neuron."""
    found = bound(problem, fp)
    arrays = (
        found.z[0],
        found.a[1],
        found.delta[0],
        found.costs,
        found.cost,
        *found.gradient.nabla_b,
        *found.gradient.nabla_w,
    )
    return [np.ravel(array)[0] / unit for array in arrays]


def test_of_one_neuron_every_rounding_is_counted():
    # z = 2·3, δ = 6 − 4 = 2, C = 2 and α w²/2 = 1; a sum of n is allowed n + 4 roundings.
    z = 5 * 6 + 2 * 6
    r = z + 2
    delta = r + 2 * 2
    costs = 2 * r + 5 * 2**2
    cost = costs + 5 * 2 + 6 * 1
    nabla_b = delta + 5 * 2
    nabla_w = (delta * 3 + 5 * 6) + 3 * 6 + 5 * 1
    # Terms of second order are a few thousand u².
    np.testing.assert_allclose(
        in_units(line(3, 4, w=2, alpha=0.5), only_u(), U), [z, z, delta, costs, cost, nabla_b, nabla_w], rtol=1e-12
    )


def test_derivatives_that_are_read_from_a_step_have_the_rounding_of_their_parameters():
    problem, fp = line(3, 4, w=2, b=-5), only_u()
    given, read = (bound(problem, one).gradient for one in (fp, fp._replace(inverse_rate=8.0)))
    assert read.nabla_w[0] - given.nabla_w[0] == pytest.approx(8 * 2 * U, rel=1e-9)
    assert read.nabla_b[0] - given.nabla_b[0] == pytest.approx(8 * 5 * U, rel=1e-9)


def test_without_derivatives_by_biases_only_their_bounds_are_infinite():
    found = bound(line(3, 4, w=2), only_u()._replace(has_biases=False)).gradient
    assert np.isinf(found.nabla_b[0]).all()
    assert np.isfinite(found.nabla_w[0]).all()


def test_of_one_neuron_every_underflow_is_counted():
    z = (1 + 3) * (1 + 2)  # 3, 2 or their product
    r = z + 1
    delta = r + 1 + 2 + 1  # of 2 times a slope of 1
    costs = 2 * r + 1
    cost = (costs + 1) + 1 + 4 + 0.5 * 2  # the mean; α/2 · w², α/2 or w²
    nabla_b = delta + 1
    nabla_w = (delta * 3 + (1 + 2) * (1 + 3)) + 1 + 1 + 2 + 0.5  # the mean; α w, α or w
    np.testing.assert_allclose(
        in_units(line(3, 4, w=2, alpha=0.5), only_tiny(), TINY),
        [z, z, delta, costs, cost, nabla_b, nabla_w],
        rtol=1e-12,
    )


def test_without_a_penalty_no_term_allows_for_one():
    problem = line(3, 4, w=2)
    np.testing.assert_allclose(
        in_units(problem, only_tiny(), TINY)[4:], [2 * 13 + 1 + 1, 17 + 1, 17 * 3 + 12 + 1], rtol=1e-12
    )
    np.testing.assert_allclose(in_units(problem, only_u(), U)[4:], [108 + 10, 48 + 10, 48 * 3 + 30 + 18], rtol=1e-12)


# By hand, neuron by neuron, where products of errors are as large as errors


def product_by_hand(left, right, fp):
    """The error of Σ left·right over pairs of (value, error)."""
    n = len(left)
    found = 0.0
    for (l, le), (r, re) in zip(left, right, strict=True):
        ls, rs = abs(l) + le, abs(r) + re
        found += le * rs + gamma(n, fp.u) * ls * rs + abs(l) * re
        found += fp.tiny * (1 + ls) * (1 + rs) if ls and rs else 0
    return found


def pairs(near, index):
    return list(zip(near.value[index], near.error[index], strict=True))


def by_hand(problem, fp):
    """(z, a, δ, costs, cost, nabla_b, nabla_w)."""
    network, m, alpha = problem.network, problem.m, problem.l2.alpha
    zs, activations = [], [Ball(problem.x, 0 * problem.x)]
    for w, b, activation in zip(network.weights, network.biases, network.activations, strict=True):
        zs.append(weighted_input(activations[-1], w, b, fp))
        activations.append(activated(zs[-1], activation, fp))
    output = Output(problem.cost, network.activations[-1], problem.y)
    costs = costs_of(output, zs[-1], activations[-1], fp)
    deltas = [output_error(output, zs[-1], activations[-1], fp)]
    for i in reversed(range(1, len(zs))):
        w, delta = network.weights[i], deltas[0]
        error = [
            [product_by_hand(pairs(delta, x), [(v, 0.0) for v in w[:, k]], fp) for k in range(w.shape[1])]
            for x in range(m)
        ]
        back = Ball(delta.value @ w, np.array(error))
        lost = fp.tiny * (delta.size @ np.where(w == 0, 0, 1 + np.abs(w)))
        prime = derivative(zs[i - 1], activations[i], network.activations[i - 1], fp)
        deltas.insert(0, times(back, prime, fp, lost))
    n = network.n_parameters
    squares = sum((w**2).sum() for w in network.weights)
    cost = sum(e + gamma(m, fp.u) * s for e, s in zip(costs.error, costs.size, strict=True)) / m + fp.tiny
    cost += gamma(n, fp.u) * alpha / (2 * m) * squares + fp.tiny * (1 + squares + alpha * n)
    nabla_b = [
        [sum(delta.error[:, j] + gamma(m, fp.u) * delta.size[:, j]) / m + fp.tiny for j in range(delta.value.shape[1])]
        for delta in deltas
    ]
    nabla_w = []
    for delta, a, w in zip(deltas, activations, network.weights, strict=False):
        found = np.zeros_like(w)
        for j, k in np.ndindex(w.shape):
            error = product_by_hand(pairs(delta, (slice(None), j)), pairs(a, (slice(None), k)), fp)
            size = abs(delta.value[:, j] @ a.value[:, k]) + error
            decay = alpha / m * abs(w[j, k])
            found[j, k] = (error + 3 * fp.u * size) / m + gamma(1, fp.u) * decay
            found[j, k] += fp.tiny * (1 + 1 + abs(w[j, k]) + alpha / m)
        nabla_w.append(found)
    return zs, activations, deltas, costs, cost, nabla_b, nabla_w


def drawn(seed, cost="quadratic", activation="tanh", sizes=(2, 3, 2, 2), alpha=0.75):
    rng = np.random.default_rng(seed)
    weights = [rng.standard_normal((o, i)) for i, o in pairwise(sizes)]
    network = Network(weights, [rng.standard_normal(o) for o in sizes[1:]], activation)
    x, y = rng.standard_normal((3, sizes[0])), rng.random((3, sizes[-1]))
    return Problem(network, cost, x, y / y.sum(1, keepdims=True), alpha)


FUNCTIONS = {
    "quadratic": ("quadratic", ["identity", "identity", "identity"]),
    "huber": ("huber", ["tanh", "identity", "relu"]),
    "quartic": (Quartic(), ["relu", "sigmoid", "tanh"]),
    "cross_entropy": ("cross_entropy", ["identity", "tanh", "sigmoid"]),
    "softmax": ("cross_entropy", ["tanh", "relu", "softmax"]),
    "categorical_cross_entropy": ("categorical_cross_entropy", ["relu", "tanh", "softmax"]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_bound_is_the_sum_of_its_terms(name):
    problem = drawn(7, *FUNCTIONS[name])
    found = bound(problem, COARSE)
    zs, activations, deltas, costs, cost, nabla_b, nabla_w = by_hand(problem, COARSE)
    # Both sides are the same sums, added in another order.
    same = np.testing.assert_allclose
    for layer in range(3):
        same(found.z[layer], zs[layer].error, rtol=1e-12)
        same(found.a[layer], activations[layer].error, rtol=1e-12)
        same(found.delta[layer], deltas[layer].error, rtol=1e-12)
        same(found.gradient.nabla_b[layer], nabla_b[layer], rtol=1e-12)
        same(found.gradient.nabla_w[layer], nabla_w[layer], rtol=1e-12)
    same(found.a[3], activations[3].error, rtol=1e-12)
    same(found.costs, costs.error, rtol=1e-12)
    same(found.cost, cost, rtol=1e-12)
    assert found.a[0].max() == 0


# Overflow


def corner(size):
    """A matrix with one entry that is not 0."""
    return np.array([[size, 0.0], [0.0, 0.0]])


NONE = corner(0.0)


def network_of_z(size):
    return Problem(Network([corner(size)], [np.zeros(2)], "tanh"), "quadratic", corner(1.0), corner(1.0))


def network_of_delta(size):
    """Two layers without inputs or biases: δ^2 = W^3 δ^3."""
    network = Network([NONE, corner(size**0.75)], [np.zeros(2), np.zeros(2)], "identity")
    return Problem(network, "quadratic", NONE, corner(size**0.25))


LARGE = {
    "z": network_of_z,
    "x": lambda size: line(corner(size), NONE),
    "costs": lambda size: line(NONE, corner((2 * size) ** 0.5)),
    "delta": network_of_delta,
    "products": lambda size: line(corner(size**0.75), corner(size**0.25)),
    "penalty": lambda size: line(NONE, NONE, w=corner(size**0.5), alpha=4.0),
    "decay": lambda size: line(NONE, NONE, w=corner(0.25), alpha=8 * size),
}
"""Problems of which one entry of one array is `size`, and no other is as large."""


@pytest.mark.parametrize("name", LARGE)
def test_where_any_magnitude_reaches_huge_times_u_the_bound_is_infinite(name):
    size, u = 2.0**60, 2.0**-200  # u so small that no error adds to the size

    def row(huge):
        return row_of_bound(bound(LARGE[name](size), only_u(u=u)._replace(huge=huge)))

    assert np.isinf(row(size / u)).all()
    assert np.isfinite(row(size / u * (1 + 1e-9))).all()


def test_what_overflows_in_float64_raises_no_warning():
    problem = line(1e200, 0, w=1e200)
    assert np.isinf(row_of_bound(bound(problem, arithmetic_of("float64")))).all()


# Stacks


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_entry_i_of_a_stack_is_the_bound_of_problem_i_alone(activation):
    alphas = {1: 0.0, 2: 0.5, 3: 4.0, 4: 1e300}
    problems = [drawn(seed, activation=activation, alpha=alpha) for seed, alpha in alphas.items()]
    of_first = problems[0].network
    problems.append(Problem(of_first, "quadratic", 1e300 * problems[0].x, problems[0].y))
    fp = arithmetic_of("float64")
    together = bounds(Stack.of(problems), fp)
    for i, problem in enumerate(problems):
        alone = bound(problem, fp)
        parts = zip(flat(together), flat(alone), strict=True)
        for of_stack, of_one in parts:
            assert of_stack.shape == (5, *of_one.shape)
            # A product of matrices may be added in another order in a stack.
            np.testing.assert_allclose(of_stack[i], of_one, rtol=1e-13)
        assert np.isfinite(row_of_bound(alone)).all() == (i < 3)


def flat(found):
    return [
        np.asarray(found.cost),
        found.costs,
        *found.gradient.nabla_w,
        *found.gradient.nabla_b,
        *found.z,
        *found.a,
        *found.delta,
    ]


def test_of_one_stack_and_arithmetic_the_bound_is_computed_once():
    problem, other = drawn(1), drawn(2)
    fp, coarse = arithmetic_of("float64"), COARSE
    assert bounds(stack_of_one(problem), fp) is bounds(stack_of_one(problem), fp)
    assert bounds(stack_of_one(problem), coarse) is not bounds(stack_of_one(problem), fp)
    assert bounds(stack_of_one(other), fp) is not bounds(stack_of_one(problem), fp)
    assert bounds(stack_of_one(problem), coarse).cost > bounds(stack_of_one(problem), fp).cost
