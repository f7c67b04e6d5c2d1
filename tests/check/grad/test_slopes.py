import math

import numpy as np
import pytest

from minibp.check.grad.arguments import Arguments
from minibp.check.grad.slopes import ComplexStep, Sides, Surroundings
from minibp.check.oracles.estimate import OracleUnavailable

X = np.array([0.7, -1.3, 2.1])
V = np.array([1.0, -1.0, 1.0])


def surroundings(f, x=X, seed=0):
    return Surroundings(f, Arguments(x), np.random.default_rng(seed))


def cubes(x):
    return (x**3).sum()


SLOPE = float((3 * X**2) @ V)


@pytest.mark.parametrize("seed", range(5))
def test_both_sides_of_a_smooth_function_have_its_slope_within_their_radii(seed):
    found = surroundings(cubes, seed=seed).sides(V)
    assert not found.kink
    assert abs(found.left - SLOPE) <= found.left_radius < 1e-6
    assert abs(found.right - SLOPE) <= found.right_radius < 1e-6
    slope, radius = found.slope
    assert abs(slope - SLOPE) <= radius


def test_a_kink_has_two_slopes():
    found = surroundings(lambda x: np.abs(x).sum(), np.zeros(2)).sides(np.ones(2))
    assert found.kink
    assert abs(found.left + 2) <= found.left_radius
    assert abs(found.right - 2) <= found.right_radius


def test_sides_that_are_not_told_have_no_slope():
    found = Sides(math.nan, math.inf, 1.0, 0.1, 0.0)
    assert not found.kink
    assert math.isnan(found.slope[0])
    assert found.slope[1] == math.inf


def test_of_half_precision_no_differences_are_taken():
    found = surroundings(lambda x: np.float16((x * x).sum()))
    assert found.notes == ["f returns float16, too coarse for finite differences"]
    assert found.sides(V).slope[1] == math.inf


def test_where_f_has_no_value_it_is_nan():
    near = surroundings(lambda x: x.sum() if (x < 3).all() else 1 / 0)
    assert near.value(X) == X.sum()
    assert math.isnan(near.value(X + 1))


def test_the_complex_step_has_the_slope_within_its_radius():
    value, radius = ComplexStep(surroundings(cubes)).along(V)
    assert abs(value - SLOPE) <= radius < 1e-11


@pytest.mark.parametrize(
    ("f", "message"),
    [
        pytest.param(lambda x: (x * np.conj(x)).sum(), "f is not analytic near x", id="conj"),
        pytest.param(lambda x: (x.real**2).sum(), "f takes no complex numbers: it returns float64", id="real"),
        pytest.param(lambda x: math.sin(x[0].item()), "f takes no complex numbers: TypeError", id="math"),
    ],
)
def test_what_is_not_analytic_has_no_complex_step(f, message):
    with pytest.raises(OracleUnavailable, match=message):
        ComplexStep(surroundings(f))
