"""Functions that vary on lengths far below x, and solves that amplify rounding."""

import numpy as np
import pytest
from grad_kinds import is_not_passed, is_right, is_wrong, normal, report

LENGTHS = {
    "a bump of 10 at 5e6": (
        lambda x: np.exp(-(((x - 5e6) / 10) ** 2)),
        lambda x: -2 * (x - 5e6) / 100 * np.exp(-(((x - 5e6) / 10) ** 2)),
        [5e6 + 3, 5e6 - 7],
    ),
    "a pole a little further": (lambda x: 1 / (1 - x), lambda x: 1 / (1 - x) ** 2, [1 - 1e-5, 1 - 1e-3]),
    "sin(1e6 x)": (lambda x: np.sin(1e6 * x), lambda x: 1e6 * np.cos(1e6 * x), [0.7, 0.1]),
    "sin(1e9 x)": (lambda x: np.sin(1e9 * x), lambda x: 1e9 * np.cos(1e9 * x), [0.7]),
    "x mod 1": (lambda x: np.mod(x, 1), lambda x: 1 + 0 * x, [1e6 + 0.3, 12.7]),
    "|sin x| at 1e6": (
        lambda x: np.abs(np.sin(x)),
        lambda x: np.cos(x) * np.sign(np.sin(x)),
        [1e6 + 0.3, 1e6 + 1],
    ),
    "a resonance": (
        lambda x: 1 / (1 + 4e10 * (x - 1) ** 2),
        lambda x: -8e10 * (x - 1) / (1 + 4e10 * (x - 1) ** 2) ** 2,
        [1 + 3e-6, 1 - 1e-5],
    ),
}


@pytest.mark.parametrize(("name", "seed"), [(name, k % 2) for k, name in enumerate(LENGTHS)])
def test_f_varies_on_a_length_far_below_x(name, seed):
    g, slope, at = LENGTHS[name]
    x = np.array(at)
    is_right(lambda x: g(x).sum(), slope, x, seed=seed)
    is_not_passed(lambda x: g(x).sum(), lambda x: 0 * x, x, seed=seed)
    is_not_passed(lambda x: g(x).sum(), lambda x: -slope(x), x, seed=seed)
    is_not_passed(lambda x: g(x).sum(), lambda x: 1.1 * slope(x), x, seed=seed)


def test_a_zero_beside_a_large_entry():
    def f(x):
        return np.tanh(x[0] * 1e-6 + x[1])

    def gradient(x):
        return np.array([1e-6, 1.0]) / np.cosh(x[0] * 1e-6 + x[1]) ** 2

    is_right(f, gradient, np.array([1e6, 0.0]))
    is_wrong(f, lambda x: gradient(x) * np.array([1, 0]), np.array([1e6, 0.0]))
    is_wrong(f, lambda x: gradient(x) * np.array([0, 1]), np.array([1e6, 0.0]))


def test_steps_that_are_near_have_the_slope_0_between_them():
    x = np.array([100.0008, 99.9992, 100.0012])
    is_right(lambda x: np.floor(x).sum(), lambda x: 0 * x, x)
    is_not_passed(lambda x: np.floor(x).sum(), lambda x: 1 + 0 * x, x)


@pytest.mark.parametrize("size", [1e-8, 1e-3, 1e5])
def test_claims_of_0_are_wrong_at_every_scale(size):
    u = normal(3, 4)
    is_wrong(lambda x: np.sin(x / size).sum(), lambda x: 0 * x, size * u, "zero")
    is_right(lambda x: np.sin(x / size).sum(), lambda x: np.cos(x / size) / size, size * u)


# -- solves


def ill_conditioned(seed, n, condition):
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    return left @ np.diag(np.geomspace(1, 1 / condition, n)) @ right


SOLVES = {
    "condition 1e2": lambda seed: ill_conditioned(seed, 6, 1e2),
    "condition 1e4": lambda seed: ill_conditioned(seed, 6, 1e4),
    "condition 1e6": lambda seed: ill_conditioned(seed, 5, 1e6),
    "Hilbert": lambda seed: 1 / (1.0 + np.arange(4)[:, None] + np.arange(4)),
    "random, 60 by 60": lambda seed: normal(seed, 60, 60),
}


@pytest.mark.parametrize(("name", "seed"), [(name, k % 2) for k, name in enumerate(SOLVES)])
def test_amplified_rounding_is_no_contradiction(name, seed):
    a = SOLVES[name](seed)
    v, b = normal(seed + 1, len(a)), normal(seed + 2, len(a))
    found = report(lambda b: v @ np.linalg.solve(a, b), lambda b: np.linalg.solve(a.T, v), b, seed=seed)
    # f is linear, so that neither the rounding of what is solved first nor that of the gradient shows.
    lost = name in {"condition 1e6", "random, 60 by 60"} and found.verdict == "undecided"
    assert found.verdict == "correct" or lost, str(found)
    is_wrong(lambda b: v @ np.linalg.solve(a, b), lambda b: 1.01 * np.linalg.solve(a.T, v), b, seed=seed)
    if name != "Hilbert":  # which is symmetric
        is_wrong(lambda b: v @ np.linalg.solve(a, b), lambda b: np.linalg.solve(a, v), b, seed=seed)
