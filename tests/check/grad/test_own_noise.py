import numpy as np
import pytest
from grad_programs import function_at

U = 2.0**-53
X = np.array([0.7, -1.3, 2.1])


@pytest.mark.parametrize("digits", [12, 13, 14])
def test_noise_covers_what_rounding_does(digits):
    """Values rounded to decimals are off by half of the last one; lines along which all steps are alike show none."""
    error = abs(np.round(np.sin(X).sum(), digits) - np.sin(X).sum())
    found = [function_at(lambda x: np.round(np.sin(x).sum(), digits), X, seed).noise[0] for seed in range(12)]
    assert sum(noise >= error for noise in found) >= 9
    assert max(found) <= 100 * 10.0**-digits


def test_a_smooth_function_is_as_noisy_as_its_last_digits():
    found = function_at(lambda x: np.exp(x).sum(), X)
    assert U * np.exp(X).sum() <= found.noise[0] <= 1000 * U * np.exp(X).sum()
    assert (found.rounding <= found.noise).all()


def test_a_kink_is_no_noise():
    found = function_at(lambda x: np.abs(x - X[0] * (1 + 1e-13)).sum(), X)
    assert found.noise[0] <= 1e-13


# -- what looks like noise


def shares(f, x):
    """The share of seeds at which each result is taken for a function that numbers are too far apart for."""
    return np.mean([function_at(f, np.array(x), seed).singular for seed in range(30)], axis=0)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        pytest.param(np.arccosh, [1.000000000000001], id="beside the end of a domain"),
        pytest.param(np.cos, [5.4e50], id="many periods from one number to the next"),
        pytest.param(lambda x: np.sqrt(np.abs(x - 1)), [1.0000000000000007], id="beside a cusp"),
    ],
)
def test_a_function_may_vary_from_one_number_to_the_next(f, x):
    assert shares(f, x).tolist() == [1.0]


@pytest.mark.parametrize("x", [1.15e-3, -1.25e-3, 3e-4], ids=repr)
def test_rounding_that_is_magnified_is_no_function(x):
    """(1 - cos x) / x²: the cosine takes a step of rounding at one place in some."""
    assert shares(lambda x: (1 - np.cos(x)) / x**2, [x]).tolist() == [0.0]
    assert shares(np.sin, [x]).tolist() == [0.0]


@pytest.mark.parametrize("x", [3e8, 4.19e10, 1e12, 1e14], ids=repr)
def test_what_bends_on_the_larger_scale_is_no_noise(x):
    """sin x, from a part of a period on that scale to many thousands of them."""
    found = [function_at(np.sin, np.array([x]), seed) for seed in range(10)]
    assert all(one.singular[0] or one.noise[0] <= 1e-7 for one in found)


def test_what_is_left_of_larger_results_is_noise():
    """One result is the rounding of terms as large as another, and f varies by no more than that."""
    assert shares(lambda x: np.array([1e3 * np.exp(x[0]), (1e3 + x[0]) - 1e3 - x[0]]), [0.7]).tolist() == [0.0, 0.0]
