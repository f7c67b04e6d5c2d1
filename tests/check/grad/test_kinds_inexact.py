"""Functions that are inexact by their own account: iterations that stop, solvers, rounded values, coarse arithmetic."""

import numpy as np
import pytest
from case_ids import written_out
from grad_kinds import is_not_passed, is_right, is_wrong, normal, report, said


def fixed_point(tolerance):
    def solution(x):
        y = 0 * x
        while True:
            z = np.cos(y) / 2 + 0.3 * x
            if np.abs(z - y).max() < tolerance:
                return z
            y = z

    return solution


def implicit(x):
    return 0.3 / (1 + np.sin(fixed_point(1e-15)(x)) / 2)


def by_newton(tolerance):
    def solution(x):
        y = 1 + 0 * x
        while np.abs(y * y - x).max() > tolerance:
            y = (y + x / y) / 2
        return y

    return solution


ITERATIONS = {
    "a fixed point": (fixed_point, implicit, lambda seed: normal(seed, 3)),
    "Newton's method": (by_newton, lambda x: 1 / (2 * np.sqrt(x)), lambda seed: np.exp(normal(seed, 3))),
}


@pytest.mark.parametrize("name", ITERATIONS)
@pytest.mark.parametrize(("tolerance", "seed"), [(1e-4, 0), (1e-6, 1), (1e-9, 0)])
def test_an_iteration_that_stops_early_is_no_false_alarm(name, tolerance, seed):
    solution, gradient, point = ITERATIONS[name]
    x = point(seed)

    def f(x):
        return solution(tolerance)(x).sum()

    found = report(f, gradient, x, seed=seed)
    if found.verdict == "wrong":
        # As f computes it is: where no steps are near, as many are taken nearby, each of which has a derivative.
        off = max(abs(finding.got - finding.expected) for finding in found.findings)
        assert off <= 2 * tolerance, str(found)
        assert "it has steps near the point" not in said(found), str(found)
    assert found.verdict == "correct" or "accuracy=" in said(found), str(found)
    told = report(f, gradient, x, seed=seed, accuracy=3 * tolerance)
    assert told.verdict == "correct" or (tolerance > 1e-6 and told.verdict == "undecided"), str(told)
    opposite = report(f, lambda x: -gradient(x), x, seed=seed, accuracy=3 * tolerance)
    assert opposite.verdict == "wrong" or (tolerance > 1e-6 and opposite.verdict == "undecided"), str(opposite)
    found = report(f, lambda x: -gradient(x), x, seed=seed)
    assert found.verdict in {"wrong", "undecided"}, str(found)


@pytest.mark.parametrize("error", [1e-9, 1e-6, 9e-4])
def test_a_jump_of_the_size_of_f_excuses_no_error_where_the_slope_is_told(error):
    """f is no iteration that stops early, and the complex step has its slope."""
    f = lambda x: (np.sin(x) + (x.real > 0.95)).sum()  # noqa: E731
    is_right(f, np.cos, np.array([0.9, 2.5]))
    is_wrong(f, lambda x: (1 + error) * np.cos(x), np.array([0.9, 2.5]))


@pytest.mark.parametrize("name", ITERATIONS)
def test_an_iteration_that_stops_early_excuses_no_more_than_it_leaves(name):
    solution, gradient, point = ITERATIONS[name]
    for error in (1e-5, 1e-3, 0.1):
        is_wrong(lambda x: solution(1e-10)(x).sum(), lambda x, error=error: (1 + error) * gradient(x), point(1))


@pytest.mark.parametrize("name", ITERATIONS)
def test_an_iteration_to_the_last_digits_is_decided(name):
    solution, gradient, point = ITERATIONS[name]
    is_right(lambda x: solution(4e-15)(x).sum(), gradient, point(1))
    is_wrong(lambda x: solution(4e-15)(x).sum(), lambda x: 1.01 * gradient(x), point(1))


@pytest.mark.parametrize(("rate", "seed"), [(0.7, 0)])
def test_a_solver_of_differential_equations(rate, seed):
    integrate = pytest.importorskip("scipy.integrate", reason="SciPy is not installed")

    def f(k):
        solved = integrate.solve_ivp(lambda t, y: [-float(k) * y[0]], (0, 2), [1.0], rtol=1e-6, atol=1e-9)
        return solved.y[0, -1]

    def exact(k):
        return -2 * np.exp(-2 * k)

    found = report(f, exact, rate, seed=seed)
    assert found.verdict in {"correct", "undecided"}, str(found)
    assert report(f, lambda k: -exact(k), rate, seed=seed).verdict in {"wrong", "undecided"}
    is_right(f, exact, rate, seed=seed, accuracy=1e-5)
    is_wrong(f, lambda k: -exact(k), rate, seed=seed, accuracy=1e-5)


@pytest.mark.parametrize(("decimals", "x"), [(2, 0.3), (3, 0.7), (6, 0.3), (9, 0.7)])
def test_rounded_values_have_steps_and_accuracy_is_proposed(decimals, x):
    def f(x):
        return np.round(np.sin(x), decimals)

    found = report(f, np.cos, x)
    assert found.verdict == "undecided", str(found)
    assert "accuracy=" in said(found), str(found)
    found = report(f, lambda x: 0 * x, x)
    assert found.verdict in {"correct", "undecided"}, str(found)  # right as f computes
    accuracy, fine = 0.5 * 10.0**-decimals, decimals > 3
    found = report(f, np.cos, x, accuracy=accuracy)
    assert found.verdict == "correct" or (found.verdict == "undecided" and not fine), str(found)
    is_wrong(f, lambda x: -np.cos(x), x, accuracy=accuracy)
    found = report(f, lambda x: 0 * x, x, accuracy=accuracy)
    assert found.verdict == "wrong" or (found.verdict == "undecided" and not fine), str(found)


@pytest.mark.parametrize("cents", [10, 100, 1000])
def test_cents_behave_as_decimals_do(cents):
    def f(x):
        return np.round(cents * np.sin(x)) / cents

    found = report(f, np.cos, 0.7)
    assert found.verdict == "undecided", str(found)
    assert "accuracy=" in said(found), str(found)
    found = report(f, np.cos, 0.7, accuracy=0.5 / cents)
    assert found.verdict in {"correct", "undecided"}, str(found)
    is_wrong(f, lambda x: -np.cos(x), 0.7, accuracy=0.5 / cents)


@pytest.mark.parametrize(
    ("dtype", "x"),
    [(np.float16, [1.0, 2, 3]), (np.float32, [0.3, -0.7]), (np.float16, [100.0]), (np.float32, [100.0])],
    ids=written_out,
)
def test_coarse_arithmetic_inside_is_no_false_alarm(dtype, x):
    def f(x):
        return float((x.astype(dtype) ** 2).sum())

    found = report(f, lambda x: 2 * x, np.array(x))
    assert found.verdict in {"correct", "undecided"}, str(found)
    for claim in (lambda x: -2 * x, lambda x: 4 * x, lambda x: 0 * x):
        assert report(f, claim, np.array(x)).verdict in {"wrong", "undecided"}


@pytest.mark.parametrize("decimals", [3, 5])
def test_rounded_sums_are_no_false_alarm(decimals):
    found = report(lambda x: round(float((x**2).sum()), decimals), lambda x: 2 * x, normal(1, 3))
    assert found.verdict in {"correct", "undecided"}, str(found)
    is_not_passed(
        lambda x: round(float((x**2).sum()), decimals), lambda x: -2 * x, normal(1, 3), accuracy=10.0**-decimals
    )


@pytest.mark.parametrize("size", [1e-221, 1e-100, 1e-30])
@pytest.mark.parametrize("seed", range(3))
def test_a_slope_of_0_of_what_stands_still_over_short_steps_alone_is_not_passed(size, seed):
    optimize = pytest.importorskip("scipy.optimize")
    weights = np.array([1.0, -0.7, 0.4])

    def root(v):
        return optimize.brentq(lambda t: t**3 + t - v, -10, 10, xtol=1e-13)

    def f(x):
        return float(sum(w * root(float(v)) for w, v in zip(weights, x, strict=True)))

    def right(x):
        return weights / (3 * np.array([root(v) for v in x]) ** 2 + 1)

    x = np.array([-18.538, -size, -3 * size])
    found = report(f, right, x, seed=seed)
    assert found.verdict in {"correct", "undecided"}, str(found)
    for k in (1, 2):
        is_not_passed(f, lambda x, k=k: np.where(np.arange(3) == k, 0, right(x)), x, seed=seed)


def test_a_slope_of_0_of_what_stands_still_over_little_more_than_rounding_is_wrong():
    def f(x):
        return (np.round(x * 2.0**43) / 2.0**43 * np.array([0.5, -0.7])).sum()

    x = np.array([1.2345678, -0.87654321])
    is_right(f, lambda x: np.array([0.5, -0.7]), x)
    is_wrong(f, lambda x: np.array([0.0, -0.7]), x)
