import numpy as np
import pytest
from grad_programs import function_at
from hypothesis import given
from hypothesis import strategies as st

from minibp.check.grad.projected import TAIL, Projected

X = np.array([0.7, -1.3, 2.1])
SEEDS = st.integers(0, 2**32 - 1)


def many(x, m=200):
    return np.sin(np.outer(np.arange(1, m + 1), x).sum(1))


def signs(rows, m, seed=0):
    return np.random.default_rng(seed).choice([-1.0, 1.0], (rows, m))


def test_without_combinations_it_is_the_function():
    function = function_at(np.sin, X)
    seen = Projected(function, None)
    assert len(seen) == 3
    assert seen.at is function.at
    assert np.array_equal(seen.noise, function.noise)
    assert np.array_equal(seen.rounding, function.rounding)
    assert np.array_equal(seen.unit, function.unit)
    assert seen(X + 1).tolist() == np.sin(X + 1).tolist()
    assert seen.cotangents().tolist() == np.eye(3).tolist()


@given(SEEDS)
def test_a_combination_is_the_same_of_values_and_of_slopes(seed):
    function = function_at(many, X)
    combinations = signs(4, 200, seed)
    seen = Projected(function, combinations)
    assert len(seen) == 4
    assert seen.cotangents() is combinations
    assert seen.at == pytest.approx(combinations @ many(X))
    assert seen(X + 1) == pytest.approx(combinations @ many(X + 1))
    slopes, radius = np.cos(np.arange(200)), np.full(200, 1e-9)
    value, spread = seen.estimate(slopes, radius)
    assert value == pytest.approx(combinations @ slopes)
    assert spread.shape == (4,)


@given(SEEDS, st.integers(1, int(TAIL) ** 2))
def test_errors_of_few_results_may_add_up_in_full(seed, m):
    """The worst signs are reached: no less than the sum of sizes will do."""
    function = function_at(lambda x: np.ones(m) * x[0], X)
    combinations, errors = signs(3, m, seed), np.random.default_rng(seed).uniform(0, 1, m)
    _, spread = Projected(function, combinations).estimate(errors, errors)
    assert spread == pytest.approx(np.full(3, errors.sum()))


@pytest.mark.parametrize("m", [50, 500])
def test_errors_of_many_results_do_not_add_up_in_full(m):
    function = function_at(lambda x: np.ones(m) * x[0], X)
    rng = np.random.default_rng(1)
    errors = rng.uniform(0, 1, m)
    _, spread = Projected(function, signs(1, m)).estimate(errors, errors)
    assert spread[0] < errors.sum() or m < 200
    for _ in range(2000):
        assert abs(rng.choice([-1.0, 1.0], m) @ errors) <= spread[0]


def test_an_error_that_is_not_known_is_infinite_in_every_sum():
    for m in (10, 100):
        function = function_at(lambda x, m=m: np.ones(m) * x[0], X)
        errors = np.r_[np.inf, np.zeros(m - 1)]
        _, spread = Projected(function, signs(2, m)).estimate(np.zeros(m), errors)
        assert np.isinf(spread).all()


def test_sums_are_as_exact_as_the_least_exact_result():
    function = function_at(lambda x: (np.sin(x), np.sin(x).astype(np.float32)), X)
    assert Projected(function, signs(2, 6)).unit.tolist() == [2.0**-24] * 2
    assert Projected(function, None).unit.tolist() == [2.0**-53] * 3 + [2.0**-24] * 3


def test_what_is_learnt_of_the_noise_is_taken_over():
    function = function_at(np.sin, X)
    seen = Projected(function, signs(2, 3))
    function.noise = np.array([1.0, 2.0, 4.0])
    seen.refresh()
    assert seen.noise.tolist() == [7.0, 7.0]


def test_from_another_point_it_is_the_same_function():
    seen = Projected(function_at(np.sin, X), signs(2, 3))
    moved = seen.moved_to(X + 1)
    assert moved.arguments.flat.tolist() == (X + 1).tolist()
    assert moved.at.tolist() == seen(X + 1).tolist()
    assert seen.arguments.flat.tolist() == X.tolist()
    assert seen.at.tolist() == seen(X).tolist()
    assert moved.function is seen.function


def test_points_are_those_that_the_function_computes_with():
    single = function_at(lambda x: np.sin(np.float32(x).astype(float)), X)
    assert Projected(single, None).rounded(X).tolist() == np.float32(X).tolist()
