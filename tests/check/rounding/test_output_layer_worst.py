"""The bound of an output layer against the worst of honest programs, and of float32."""

import math
from itertools import product

import numpy as np
import pytest
import reference
from output_cases import CASES, CATEGORICAL, CROSS, HUBER, IDENTITY, QUADRATIC, near, one_hot
from rounding_programs import exact, largest, only_f, only_u, total, without_rounding, worst

from minibp.activations import sigmoid, softmax
from minibp.check.rounding.arithmetic import arithmetic_of
from minibp.check.rounding.layer import activated
from minibp.check.rounding.output_layer import Output, costs_of, output_error

# Worst of honest programs: inputs are exact, and every operation errs as it likes


WIDE = 16


def fused(a, y):
    return a - y


def split(a, y):
    return a * (1 - y) - y * (1 - a)


def scaled(a, y):
    return a * total(y) - y


def through_jacobian(a, y, gradient):
    g = gradient(a, y)
    return a * (g - total(g * a))


def huber_gradient(a, y):
    return np.array([r if abs(r.value) <= 1 else exact(np.sign(r.value)).item() for r in a - y])


def shares_of_others(z, r):
    """δ of the first two outputs, with q_jk from the logarithm of Σ_{i≠j} e^{z_i}, whose largest term is taken out."""
    n, logs = len(z), []
    for j in range(n):
        others = np.delete(z, j)
        top = largest(others)
        logs.append(top + np.log(total(np.exp(others - top))))
    return np.array([r[k] - total([r[j] * np.exp(z[k] - logs[j]) for j in range(n) if j != k]) for k in (0, 1)])


def by_operations_and_by_functions(program, value, bound_in):
    """Largest worst/bound by operations, then by library functions: each at most 1, asserted."""
    worst_of = worst(np.asarray(program, dtype=object))
    np.testing.assert_allclose([float(n.value) for n in np.ravel(program)], np.ravel(value), rtol=1e-9, atol=1e-12)
    shares = []
    for fp, error, unit in (
        (only_u(), worst_of.roundings, only_u().u),
        (only_f(), worst_of.library, only_f().u * only_f().f),
    ):
        share = error * unit / bound_in(fp)
        # To first order in u the bound covers them; what is of second order is 2^-30 times as large at most.
        assert np.all(share <= 1 + 1e-7)
        shares.append(share.max())
    return shares


@pytest.mark.parametrize("formula", [fused, split], ids=["a_minus_y", "of_textbooks"])
def test_delta_of_cross_entropy_is_held_to_its_formulas(formula):
    used = []
    for output, target in product((1e-6, 0.2, 0.5, 0.9, 1 - 1e-6), (0.0, 0.3, 1.0)):
        z, a, y = near([[math.log(output / (1 - output))]]), near([[output]]), np.array([[target]])
        of = Output(CROSS, sigmoid, y)
        found = formula(exact(a.value), exact(y))
        used.append(
            by_operations_and_by_functions(
                found, a.value - y, lambda fp, given=(of, z, a): output_error(*given, fp).error
            )[0]
        )
    if formula is split:
        assert max(used) > 0.5  # 3u a of 5u a at y = 0


@pytest.mark.parametrize("formula", [fused, scaled], ids=["a_minus_y", "a_times_sum_of_y"])
def test_delta_of_categorical_cross_entropy_is_held_to_its_formulas(formula):
    z = near([np.linspace(-2, 3, WIDE)])
    a = near(softmax.value(z.value))
    of = Output(CATEGORICAL, softmax, one_hot(WIDE, 4)[None])
    found = formula(exact(a.value[0]), exact(of.y[0]))
    used, _ = by_operations_and_by_functions(found, a.value - of.y, lambda fp: output_error(of, z, a, fp).error[0])
    if formula is scaled:
        assert used > 0.5  # n + 1 of n + 5 roundings where y is 0


@pytest.mark.parametrize("first", [0.25, 0.0625], ids=["above", "below"])
def test_targets_that_miss_a_sum_of_1_are_allowed_both_formulas(first):
    z = near([[1.0, 0.0, -1.0]])
    a = near(softmax.value(z.value))
    y = np.array([[first, 0.5, 0.375]])
    apart = np.abs((a.value * y.sum() - y) - (a.value - y))
    found = output_error(Output(CATEGORICAL, softmax, y), z, a, without_rounding())
    np.testing.assert_allclose(found.error, apart, rtol=1e-12)


@pytest.mark.parametrize(
    ("cost", "gradient"),
    [pytest.param(QUADRATIC, fused, id="quadratic"), pytest.param(HUBER, huber_gradient, id="huber")],
)
def test_delta_through_softmax_is_held_to_its_formula(cost, gradient):
    z = near([np.r_[3.0, np.linspace(-2, 0, WIDE - 1)]])
    a = near(softmax.value(z.value))
    y = a.value.copy()
    y[0, 0] = -3.0  # one product outweighs all others
    of = Output(cost, softmax, y)
    found = through_jacobian(exact(a.value[0]), exact(y[0]), gradient)
    value = cost.delta(z.value, a.value, y, softmax)
    used, _ = by_operations_and_by_functions(found, value, lambda fp: output_error(of, z, a, fp).error[0])
    assert used > 0.5


@pytest.mark.parametrize("n", [2, 3, 9, 20])
def test_delta_of_cross_entropy_through_softmax_is_held_to_its_formula(n):
    rng = np.random.default_rng(n)
    used = []
    for z, only_one in product((1e-9 * np.arange(n), np.r_[8.0, np.zeros(n - 1)], 3 * rng.standard_normal(n)), (0, 1)):
        a = softmax.value(z)
        y = np.where(np.arange(n) == 1, 0.0, a) if only_one else rng.random(n)
        of, near_z, near_a = Output(CROSS, softmax, y[None]), near([z]), near([a])

        def limit(fp, given=(of, near_z, near_a)):
            return output_error(*given, fp).error[0, :2]

        found = shares_of_others(exact(z), exact(a) - exact(y))
        used.append(by_operations_and_by_functions(found, CROSS.delta(z, a, y, softmax)[:2], limit))
        both = worst(found)
        for f in (0, 8, 16):
            assert np.all((both.of(f)) * only_u().u <= limit(only_u(f)) * (1 + 1e-7))
    operations, functions = np.max(used, axis=0)
    assert operations > 1 / 4  # 4u (spread + |z|) is four times what this program needs
    assert functions > 0.5  # 2 + ln(n − 1) of 3 + ln n


def squares(a, y):
    r = a - y
    return total(r * r) / 2


def huber_cost(a, y):
    terms = []
    for r in a - y:
        size = abs(r)
        core = size if size.value <= 1 else exact(1.0).item()
        terms.append(core * (size - core / 2))
    return total(terms)


def cross_entropy_of_sigmoids(z, y):
    terms = []
    for t, target in zip(z, y, strict=True):
        linear = ((1 - target) if t.value >= 0 else -target) * t
        terms.append(linear + np.log1p(np.exp(-abs(t))))
    return total(terms)


def categorical_of_softmax(z, y):
    z = z - largest(z)
    log_sum = np.log(total(np.exp(z)))
    return total([target * (log_sum - t) for target, t in zip(y, z, strict=True)])


def cross_entropy_of_softmax(z, y):
    z = z - largest(z)
    log_sum = np.log(total(np.exp(z)))
    terms = []
    for j, (target, t) in enumerate(zip(y, z, strict=True)):
        others = np.delete(z, j)
        top = largest(others)
        rest = top + np.log(total(np.exp(others - top)))
        terms.append(target * (log_sum - t) + (1 - target) * (log_sum - rest))
    return total(terms)


def costs_within(cost, activation, y, z, program):
    a = activation.value(z)
    of = Output(cost, activation, y[None])
    value = cost.value_at(z, a, y, activation)
    found = program(exact(a if activation is IDENTITY else z), exact(y))
    return by_operations_and_by_functions([found], [value], lambda fp: costs_of(of, near([z]), near([a]), fp).error)


@pytest.mark.parametrize(
    ("cost", "program", "factor"),
    [
        # ½ r² is bounded as if it were r²: its n + 5 roundings cover (n + 3)/2.
        pytest.param(QUADRATIC, squares, 2.5, id="quadratic"),
        pytest.param(HUBER, huber_cost, 1.5, id="huber"),
    ],
)
def test_costs_of_residuals_are_held_to_their_formulas(cost, program, factor):
    y = np.linspace(-1e-3, 1e-3, WIDE)
    used, _ = costs_within(cost, IDENTITY, y, np.r_[50.0, np.zeros(WIDE - 1)], program)
    assert used > 1 / factor


def test_the_cost_of_cross_entropy_with_sigmoids_is_held_to_its_formula():
    rng = np.random.default_rng(3)
    used = [costs_within(CROSS, sigmoid, rng.random(5), 4 * rng.standard_normal(5), cross_entropy_of_sigmoids)]
    used.append(
        costs_within(CROSS, sigmoid, np.zeros(WIDE), np.r_[30.0, -5 * np.ones(WIDE - 1)], cross_entropy_of_sigmoids)
    )
    used.append(costs_within(CROSS, sigmoid, np.ones(1), np.array([12.0]), cross_entropy_of_sigmoids))
    operations, functions = np.max(used, axis=0)
    assert operations > 0.8  # n + 2 of n + 4 roundings
    assert functions > 0.6  # an exponential and a logarithm of the 3 functions allowed


@pytest.mark.parametrize(
    ("cost", "program"),
    [
        pytest.param(CATEGORICAL, categorical_of_softmax, id="categorical_cross_entropy"),
        pytest.param(CROSS, cross_entropy_of_softmax, id="cross_entropy"),
    ],
)
def test_the_cost_of_a_softmax_is_held_to_its_formula(cost, program):
    used = []
    for spread in (0.01, 1.0, 30.0):
        z = spread * np.r_[1.0, np.linspace(-1e-3, 0, WIDE - 1)]
        targets = (one_hot(WIDE, 1), one_hot(WIDE, 0)) if cost is CATEGORICAL else (1 - one_hot(WIDE, 0),)
        used += [costs_within(cost, softmax, y, z, program) for y in targets]
    operations, functions = np.max(used, axis=0)
    # All is counted twice, and 3 functions of the whole spread where one logarithm errs by its own part of it.
    assert operations > 1 / 4
    assert functions > 1 / 7


# float32 itself


def in_float32(case, seed):
    """The error of float32 costs and deltas, and the bounds, of many examples of one exact z."""
    cost, activation, _ = CASES[case]
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 12))
    z = (10 ** rng.uniform(-1, 1.3) * rng.standard_normal((300, n))).astype("float32")
    y = rng.random((300, n)) if cost is not CATEGORICAL else one_hot(n, rng.integers(0, n, 300))
    y = y.astype("float32")
    a = activation.value(z)
    right_a = reference.VALUE[activation.name](z.astype(np.longdouble))
    costs, delta = reference.output(
        cost.name, activation.name, z.astype(np.longdouble), right_a, y.astype(np.longdouble)
    )
    fp = arithmetic_of("float32")
    of, near_z = Output(cost, activation, y.astype(float)), near(z)
    near_a = activated(near_z, activation, fp)
    got = cost.value_at(z, a, y, activation), cost.delta(z, a, y, activation)
    limits = costs_of(of, near_z, near_a, fp).error, output_error(of, near_z, near_a, fp).error
    return [
        (np.abs(g.astype(np.longdouble) - right) / limit).max()
        for g, right, limit in zip(got, (costs, delta), limits, strict=True)
    ]


FOUND = {
    # a residual of 3 roundings that errs in one; of a cost n + 5 roundings, of which few go the same way
    "quadratic_identity": (0.1, 0.33),
    "huber_identity": (0.1, 0.33),
    # where functions count, a part of what their true errors use
    "quadratic_softmax": (0.05, 0.2),
    "cross_entropy_sigmoid": (0.05, 0.1),
    "cross_entropy_softmax": (0.01, 0.1),
    "categorical_cross_entropy": (0.02, 0.3),
}
"""What NumPy's float32 uses of the bounds of the cost and of δ^L: its functions err by less than the 8u allowed."""


@pytest.mark.parametrize("case", FOUND)
def test_float32_stays_within_and_uses_a_part_of_it(case):
    used = np.max([in_float32(case, seed) for seed in range(12)], axis=0).astype(float)
    assert np.all(used <= 1)
    assert np.all(used > FOUND[case]), used
