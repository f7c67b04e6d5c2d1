from itertools import pairwise

import numpy as np
import pytest
import reference
from users import Quartic

from minibp import Activation, Network, Problem, batched, component, per_example
from minibp.activations import activation_of
from minibp.check.generation import draw
from minibp.check.layout import row_of_bound, row_of_pass
from minibp.check.problem_stack import stack_of_one
from minibp.check.rounding import layer
from minibp.check.rounding.arithmetic import Ball, arithmetic_of, arithmetic_of_anyone
from minibp.check.rounding.whole_pass import bound, bounds
from minibp.check.tolerance import within
from minibp.strategies import problems

FORMS = {"batched": batched, "per_example": per_example, "component": component}


def row_of_reference(problem):
    cost, nabla_w, nabla_b, z, a, delta = reference.backprop(problem)
    forward = [array for pair in zip(z, a[1:], strict=True) for array in pair]
    parts = (*forward, np.asarray(cost), *delta[::-1], *nabla_b[::-1], *nabla_w[::-1])
    return np.concatenate([np.ravel(part) for part in parts])


def errors(problem, form, exact):
    """|error| and bound of every number of a pass."""
    found = form.backprop(problem.network, problem.cost, problem.x, problem.y, problem.l2)
    got = np.concatenate([np.ravel(np.asarray(part)).astype(np.longdouble) for part in (row_of_pass(found),)])
    return np.abs(got - exact), row_of_bound(bound(problem, arithmetic_of(problem.dtype)))


def hard(seed):
    """Networks of one kind of hardness each."""
    rng = np.random.default_rng(seed)
    kind = seed % 6
    depth = 8 if kind == 0 else int(rng.integers(1, 5))
    width = 1 if kind == 1 else 12
    sizes = [int(n) for n in rng.integers(1, width + 1, depth + 1)]
    m = 1 if kind == 2 else int(rng.integers(1, 9))
    scale = {3: 30.0, 4: 0.01}.get(kind, 10 ** rng.uniform(-2, 1.3))
    dtype = "float32" if kind == 5 else "float64"
    names = ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "identity"]
    chosen = [names[i] for i in rng.integers(0, 3 if kind in (0, 3) else len(names), depth)]
    cost = ["quadratic", "huber", "cross_entropy"][seed // 6 % 3]
    if cost == "cross_entropy":
        chosen[-1] = "sigmoid"
    weights = [(scale * rng.standard_normal((o, i))).astype(dtype) for i, o in pairwise(sizes)]
    biases = [(scale * rng.standard_normal(o)).astype(dtype) for o in sizes[1:]]
    x, y = rng.standard_normal((m, sizes[0])), rng.random((m, sizes[-1]))
    return Problem(Network(weights, biases, chosen), cost, x, y, l2=float(seed % 2))


def all_problems():
    return [hard(seed) for seed in range(252)] + draw(problems(), 250, 80)


def test_the_bound_is_never_exceeded_by_any_form_and_it_is_tight(capsys):
    ratios, widths = {}, []
    for problem in all_problems():
        exact = row_of_reference(problem)
        for name, form in FORMS.items():
            error, limit = errors(problem, form, exact)
            assert np.all(error <= limit), (name, problem)
            told = limit > np.finfo(problem.dtype).tiny * 1e3
            ratios.setdefault((name, problem.dtype), []).append((error[told] / limit[told]).max(initial=0))
        if problem.dtype == "float64":
            there = np.abs(exact) > 1e-290
            widths.append((limit[there] / np.abs(exact[there])).astype(float))
    width = np.concatenate(widths)
    with capsys.disabled():
        print("\nerror/bound, the worst entry of each network:")
        for (name, dtype), values in ratios.items():
            low, middle, high = np.percentile(values, [50, 99, 100]).astype(float)
            print(f"  {name:<12}{dtype:<9} median {low:.3f}   99% {middle:.3f}   worst {high:.3f}")
        shown = "   ".join(f"{q}% {np.percentile(width, q):.1e}" for q in (10, 50, 90, 99))
        print(f"bound/|entry|, float64: {shown}")
    # Tight: half of all entries are held to a part in 10^12 or better, and somewhere a third of the bound is used.
    assert np.median(width) < 1e-12
    assert max(max(values) for values in ratios.values()) > 1 / 3


def test_the_test_above_can_fail():
    # float32 results are far outside of float64's bound.
    problem = hard(5)
    assert problem.dtype == "float32"
    found = batched.backprop(problem.network, problem.cost, problem.x, problem.y, problem.l2)
    limit = row_of_bound(bound(problem, arithmetic_of("float64")))
    assert not within(row_of_pass(found), row_of_reference(problem), limit).all()


def test_honest_variants_stay_within_it():
    """σ' as a(1 − a), sums in another order, the mean taken first, δ^L as a(1 − y) − y(1 − a)."""
    rng = np.random.default_rng(1)
    for seed in range(100):
        scale = 10 ** rng.uniform(-1, 1.5)
        n = [int(k) for k in rng.integers(1, 9, 3)]
        network = Network(
            [scale * rng.standard_normal((n[1], n[0])), scale * rng.standard_normal((n[2], n[1]))],
            [scale * rng.standard_normal(n[1]), scale * rng.standard_normal(n[2])],
        )
        m = int(rng.integers(1, 7))
        problem = Problem(network, "cross_entropy", rng.standard_normal((m, n[0])), rng.random((m, n[2])))
        found = batched.backprop(network, "cross_entropy", problem.x, problem.y)
        a1, a2, y = found.a[1], found.a[2], problem.y
        delta2 = (a2 * (1 - y) - y * (1 - a2)) / m
        delta1 = (delta2[:, ::-1] @ network.weights[1][::-1]) * (a1 * (1 - a1))
        limit = bound(problem, arithmetic_of("float64")).gradient
        exact = reference.backprop(problem)
        for l, (delta, a) in enumerate(((delta1, found.a[0]), (delta2, a1))):
            assert np.all(np.abs(delta[::-1].T @ a[::-1] - exact[1][l]) <= limit.nabla_w[l]), seed
            assert np.all(np.abs(delta[::-1].sum(0) - exact[2][l]) <= limit.nabla_b[l]), seed


def test_it_is_kept_for_as_long_as_the_problem_lives():
    problem = hard(3)
    fp = arithmetic_of("float64")
    assert bounds(stack_of_one(problem), fp) is bounds(stack_of_one(problem), fp)
    assert bound(problem, arithmetic_of("float64")) is not bound(problem, arithmetic_of("float32"))


@pytest.mark.parametrize("output", ["tanh", "softmax"])
def test_costs_of_the_users_are_bounded_too(output):
    rng = np.random.default_rng(2)
    for _ in range(15):
        network = Network.random([3, 4, 3], "tanh", output, rng=rng)
        problem = Problem(network, Quartic(), rng.standard_normal((4, 3)), rng.standard_normal((4, 3)), 0.5)
        given = network, problem.cost, problem.x, problem.y, problem.l2
        limit = row_of_bound(bound(problem, arithmetic_of("float64")))
        one, other = (row_of_pass(form.backprop(*given)) for form in (batched, per_example))
        assert within(one, other, limit, limit).all()
        assert limit.max() < 1e-11


def test_a_bound_is_never_nan(drawn):
    for problem in drawn:
        assert not np.isnan(row_of_bound(bound(problem, arithmetic_of(problem.dtype)))).any(), problem
    rng = np.random.default_rng(9)
    for scale in (1.0, 20.0, 1e3, 1e20):
        weights = [(scale * rng.standard_normal((16, 16))).astype("float32") for _ in range(8)]
        network = Network(weights, [np.zeros(16, "float32")] * 8, "silu", "sigmoid")
        problem = Problem(network, "cross_entropy", rng.random((3, 16)), rng.random((3, 16)))
        assert not np.isnan(row_of_bound(bound(problem, arithmetic_of("float32")))).any(), scale


@pytest.mark.parametrize(("w", "alpha"), [(1e20, 0.1), (1e-23, 1e10), (1e15, 1e-46), (1e19, 1.0)])
def test_the_penalty_may_overflow_and_underflow(w, alpha):
    network = Network([np.full((2, 1), w, "float32")], [np.zeros(2, "float32")], "identity")
    problem = Problem(network, "quadratic", np.zeros((1, 1)), np.zeros((1, 2)), alpha)
    with np.errstate(over="ignore", invalid="ignore"):
        for form in FORMS.values():
            error, limit = errors(problem, form, row_of_reference(problem))
            assert np.all((error <= limit) | np.isinf(limit))


def test_a_sum_too_long_for_its_precision_is_told_nothing_of():
    assert arithmetic_of("float32").gamma(2**24) == np.inf
    assert 0 < arithmetic_of("float32").gamma(2**20) < 1


class Warm(Activation):
    """A softmax of another temperature."""

    name = "warm"
    elementwise = False

    def value(self, z):
        return np.exp(z / 2) / np.exp(z / 2).sum(-1, keepdims=True)

    def backward(self, z, nabla_a):
        a = self.value(z)
        return a * (nabla_a - (nabla_a * a).sum(-1, keepdims=True)) / 2


def test_another_function_of_a_whole_layer_is_told_nothing_of():
    problem = Problem(Network.random([2, 3], "tanh", Warm(), rng=0), "quadratic", np.ones((1, 2)), np.ones((1, 3)))
    found = bound(problem, arithmetic_of("float64"))
    assert np.isinf(row_of_bound(found)).all()


@pytest.mark.parametrize(("dtype", "scale"), [("float32", 1e36), ("float64", 1e300)])
def test_near_the_end_of_the_range_nothing_is_claimed(dtype, scale):
    network = Network([np.full((2, 2), scale, dtype)], [np.zeros(2, dtype)], "identity")
    problem = Problem(network, "quadratic", np.ones((1, 2)), np.zeros((1, 2)))
    assert np.isinf(row_of_bound(bound(problem, arithmetic_of(dtype)))).all()
    small = Problem(network, "huber", 1e-30 * problem.x, problem.y)
    assert np.isfinite(row_of_bound(bound(small, arithmetic_of(dtype)))).all()


def test_both_sides_of_a_kink_are_granted_to_anyone_and_the_convention_to_the_package():
    at_0 = Ball(np.zeros(1), np.zeros(1))
    for name, between in (("relu", 1.0), ("leaky_relu", 0.99)):
        activation = activation_of(name)
        strict = layer.derivative(at_0, at_0, activation, arithmetic_of("float64"))
        assert strict.error <= 1e-15
        anyone = layer.derivative(at_0, at_0, activation, arithmetic_of_anyone("float64"))
        assert between <= anyone.error[0] <= 1.01
        off = Ball(np.full(1, 1e-9), np.zeros(1))
        assert layer.derivative(off, off, activation, arithmetic_of_anyone("float64")).error <= 1e-15


@pytest.mark.parametrize("name", ["elu", "softplus", "tanh"])
def test_what_the_formulas_of_textbooks_lose_is_granted_to_anyone_alone(name):
    z = Ball(-np.geomspace(1e-9, 30, 400), np.zeros(400))
    textbook = {"elu": lambda z: np.exp(z) - 1, "softplus": lambda z: np.log(1 + np.exp(z)), "tanh": tanh_of_textbooks}
    activation = activation_of(name)
    error = np.abs(textbook[name](z.value) - activation.value(z.value))
    assert (error > layer.activated(z, activation, arithmetic_of("float64")).error).any()
    assert (error <= layer.activated(z, activation, arithmetic_of_anyone("float64")).error).all()


def tanh_of_textbooks(z):
    return (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))
