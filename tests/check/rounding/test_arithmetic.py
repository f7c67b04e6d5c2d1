"""Each term of the errors of sums and products: exceeded where it is halved or missing, used up where it is there."""

from fractions import Fraction

import numpy as np
import pytest
from adversary import ALMOST, EXACT, FLUSHING, Rounded, flush, rounded

from minibp.check.rounding.arithmetic import (
    SPARE,
    Arithmetic,
    Ball,
    arithmetic_of,
    arithmetic_of_anyone,
    matmul,
    matmul_exact,
    regrouped,
    times,
)

COARSE = EXACT._replace(u=2.0**-8)
"""So few digits that what is of second order counts."""


@pytest.mark.parametrize(("dtype", "digits", "lowest"), [("float32", 24, -126), ("float64", 53, -1022)])
def test_the_arithmetic_of_a_dtype(dtype, digits, lowest):
    fp = arithmetic_of(dtype)
    assert fp == Arithmetic(2.0**-digits, 2.0**lowest, float(np.finfo(dtype).max), 8.0, True, False)
    assert fp.f * fp.u == 4 * np.spacing(np.array(1, dtype))  # 4 ulp
    assert arithmetic_of_anyone(dtype) == fp._replace(textbook=True)
    assert arithmetic_of(dtype, f=3.0, prime_from_value=False) == fp._replace(f=3.0, prime_from_value=False)
    assert fp.has_biases


@pytest.mark.parametrize("rate", [0.001, 0.5, 3.0])
def test_a_derivative_that_is_read_from_a_step_has_the_rounding_of_the_parameter_over_the_rate(rate):
    fp = arithmetic_of_anyone("float32", rate)
    rng = np.random.default_rng(5)
    before = rng.uniform(-100, 100, 2000).astype(np.float32)
    slope = rng.uniform(-1, 1, 2000).astype(np.float32)
    after = (before - rate * slope.astype(float)).astype(np.float32)  # rounded once, as it is stored
    off = np.abs((before.astype(float) - after) / rate - slope)
    allowed = fp.read_error(after)
    assert np.all(off <= allowed * (1 + 1e-9))
    assert np.max(off / allowed) > 0.9


def test_a_derivative_that_is_not_read_from_a_step_has_no_error_of_that():
    for fp in (arithmetic_of("float32"), arithmetic_of_anyone("float32")):
        assert fp.read_error(np.array([-3.0, 5.0])) == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_library_functions_are_within_the_error_that_is_granted(dtype):
    fp, wide = arithmetic_of(dtype), np.longdouble if dtype == "float64" else np.float64
    rng = np.random.default_rng(0)
    z = np.concatenate([rng.uniform(-80, 80, 20_000), rng.uniform(-1, 1, 20_000)]).astype(dtype)
    for function, at in ((np.exp, z), (np.expm1, z), (np.tanh, z), (np.log1p, np.abs(z)), (np.log, np.abs(z))):
        exact = function(at.astype(wide))
        error = np.abs(function(at) - exact)[exact != 0] / np.abs(exact[exact != 0])
        # Correct rounding alone comes to u.
        assert 0.9 * fp.u <= error.max() <= fp.f * fp.u, function


@pytest.mark.parametrize("n", [0, 1, 10, 40])
def test_gamma_holds_for_that_many_roundings_and_no_more(n):
    u = Fraction(COARSE.u)
    worst = 1 / (1 - u) ** (n + SPARE) - 1  # more than (1 + u)^n
    assert worst <= COARSE.gamma(n)
    # γ_n = nu + (nu)² + …, where the roundings come to nu + n(n + 1)u²/2 + …
    assert COARSE.gamma(n) <= worst * (1 + (n + SPARE) * u)


def test_gamma_is_infinite_from_where_nothing_is_left():
    assert COARSE.gamma(256 - SPARE) == np.inf
    assert COARSE.gamma(255 - SPARE) == pytest.approx(255)
    assert COARSE.gamma(1000) == np.inf


def test_the_roundings_to_spare_are_used_by_a_mean_with_penalty():
    """A sum that starts with another term, the reciprocal of m and the product with it, and the penalty's sum."""
    n, others = 10, 1e-12
    total = Rounded(others)
    for k in range(n):
        total = total + Rounded(0.3 if k == 0 else others) * 0.7
    mean = total * rounded(Rounded(1 / 3)) + others
    fine = EXACT._replace(u=2.0**-40)
    share = mean.worst.roundings * fine.u / (fine.gamma(n) * 0.3 * 0.7 / 3)
    assert share == pytest.approx(1, abs=1e-9)


def product_of(rng, *shape):
    return rng.integers(1, 100, shape) * rng.choice([-1.0, 1.0], shape)


def errors_of(rng, *shape):
    return rng.integers(1, 50, shape) / 8.0


def summed(left, right):
    """left @ right of fractions."""
    return np.array(
        [
            [sum(Fraction(x) * Fraction(y) for x, y in zip(row, column, strict=True)) for column in right.T]
            for row in left
        ]
    )


def stacked(left, right):
    return np.array([summed(one, two) for one, two in zip(left, right, strict=True)])


@pytest.fixture
def pair():
    """Stacks of three matrices of all shapes that differ, each with errors."""
    rng = np.random.default_rng(1)
    return (
        Ball(product_of(rng, 3, 2, 5), errors_of(rng, 3, 2, 5)),
        Ball(product_of(rng, 3, 5, 4), errors_of(rng, 3, 5, 4)),
    )


def test_near_numbers_know_their_largest_magnitude(pair):
    left = pair[0]
    assert np.array_equal(left.size, np.abs(left.value) + left.error)
    for part in ("value", "error", "size"):
        assert np.array_equal(getattr(left.transposed, part), getattr(left, part).swapaxes(-1, -2))


def test_products_pass_on_the_whole_error_of_both_factors(pair):
    left, right = pair
    largest = stacked(left.size, right.size) - stacked(np.abs(left.value), np.abs(right.value))
    assert np.array_equal(matmul(left, right, EXACT).error, largest.astype(float))
    one = stacked(left.error, np.abs(right.value)).astype(float)
    assert np.array_equal(matmul_exact(left, right.value, np.abs(right.value), EXACT).error, one)
    assert np.array_equal(matmul(left, right, EXACT).value, left.value @ right.value)
    assert np.array_equal(matmul_exact(left, right.value, right.size, EXACT).value, left.value @ right.value)

    each = Ball(left.value[..., :4], left.error[..., :4])
    other = Ball(right.value[:, :2], right.error[:, :2])
    product = times(each, other, EXACT)
    assert np.array_equal(product.error, each.size * other.size - np.abs(each.value * other.value))
    assert np.array_equal(product.value, each.value * other.value)


def test_a_sum_of_products_has_all_its_roundings_on_the_largest_magnitudes(pair):
    left, right = pair
    n, u = 5, Fraction(COARSE.u)
    factor = 1 / (1 - u) ** (n + SPARE)
    worst = factor * stacked(left.size, right.size) - stacked(np.abs(left.value), np.abs(right.value))
    bound = matmul(left, right, COARSE).error
    assert np.all(worst <= bound)
    assert np.all(bound <= worst * (1 + (n + SPARE) * u))


def test_a_product_of_two_has_its_own_rounding_and_one_to_spare():
    left, right = Ball(np.array([-3.0]), np.array([0.5])), Ball(np.array([5.0]), np.array([0.25]))
    with_another = rounded(Rounded(3.5) * Rounded(5.25)).worst.roundings  # as of the mean's 1/m, taken into a factor
    own = times(left, right, COARSE).error - times(left, right, EXACT).error
    assert own == pytest.approx(COARSE.u * with_another, rel=1e-12)


# left, right: a factor that is flushed, or the product of two that are not
UNDERFLOWS = {
    "left": (ALMOST, 2.0**20),
    "right": (2.0**20, ALMOST),
    "left beside 1": (ALMOST, 1.0),
    "product": (2.0**-63, 2.0**-63 * (1 - 2.0**-20)),
}


@pytest.mark.parametrize("case", UNDERFLOWS)
def test_what_underflow_takes_is_granted(case):
    left, right = UNDERFLOWS[case]
    lost = left * right - float(flush(flush(left) * flush(right)))
    assert lost > 0
    terms = np.full((1, 3), left), np.full((3, 1), right)
    factor = 2 if case == "left beside 1" else 1 + 1e-5  # one for each of the product and its factor
    of_sum = matmul_exact(Ball(terms[0], np.zeros((1, 3))), terms[1], terms[1], FLUSHING).error
    assert 3 * lost <= of_sum <= 3 * lost * factor * (1 + 1e-5)
    of_product = times(Ball(terms[0], np.zeros((1, 3))), Ball(terms[1].T, np.zeros((1, 3))), FLUSHING).error
    assert np.all((lost <= of_product) & (of_product <= lost * factor * (1 + 1e-5)))


def test_both_factors_and_their_product_may_be_flushed_in_one_term():
    # Lost is 1 + |l| + |r| at most, in units of tiny: the bound of a sum has |l|·|r| beside them.
    size = np.full((1, 1), 2.0**20)
    near = Ball(size, np.zeros((1, 1)))
    assert times(near, near, FLUSHING).error == FLUSHING.tiny * (1 + 2 * 2.0**20)
    assert matmul_exact(near, size, size, FLUSHING).error == FLUSHING.tiny * (1 + 2.0**20) ** 2


@pytest.mark.parametrize(("w", "f"), [(2.0**-63, 2.0**-63 * (1 - 2.0**-20)), (2.0**20, ALMOST), (ALMOST, 2.0**20)])
def test_what_underflows_before_a_large_number_multiplies_it_is_granted(w, f):
    size = 2.0**40
    lost = w * f * size - float(flush(flush(w) * flush(f))) * size
    assert lost > 0
    delta, one = Ball(np.full((1, 3), size), np.zeros((1, 3))), np.full((3, 1), w)
    back = matmul_exact(delta, one, one, FLUSHING)
    prime = Ball(np.full((1, 1), f), np.zeros((1, 1)))
    limit = times(back, prime, FLUSHING, regrouped(delta, one, FLUSHING)).error
    assert 3 * lost <= limit <= 3 * FLUSHING.tiny * (2 + w + f) * size * 2.1
    assert times(back, Ball(np.zeros((1, 1)), np.zeros((1, 1))), FLUSHING, regrouped(delta, one, FLUSHING)).error == 0


def test_nothing_is_flushed_of_an_exact_0():
    zero, one = Ball(np.zeros((1, 1)), np.zeros((1, 1))), Ball(np.ones((1, 1)), np.zeros((1, 1)))
    for left, right in ((zero, one), (one, zero), (zero, zero)):
        assert times(left, right, FLUSHING).error == 0
        assert matmul(left, right, FLUSHING).error == 0
    off = Ball(np.zeros((1, 1)), np.full((1, 1), ALMOST))  # may be other than 0
    assert times(off, one, FLUSHING).error > ALMOST * 1.9
    assert matmul(one, off, FLUSHING).error > ALMOST * 1.9
