import mpmath
import numpy as np
import pytest

from minibp.check.oracles import jets
from minibp.check.oracles.jets import Jet, Outer, Reach, composed

S = 0.05
T = np.linspace(-S, S, 201)
"""Moves over which bounds are compared with sampled values."""


def polynomial(coefficients):
    """c₀ + c₁t + c₂t² + c₃t³ of each entry, (n,), at all of T; and its jet, whose third derivative is constant."""
    c0, c1, c2, c3 = coefficients
    values = c0[:, None] + c1[:, None] * T + c2[:, None] * T**2 + c3[:, None] * T**3
    return values, Jet(c1, 2 * c2, 6 * np.abs(c3), 0.0)


def derivatives(function, t=0.0):
    """The first three derivatives of a function of mpmath's at t, in 60 digits."""
    with mpmath.workdps(60):
        return [float(mpmath.diff(function, t, order)) for order in (1, 2, 3)]


def lines(n, seed):
    """z₀ and z' of n entries that move along straight lines, and their reach over |t| ≤ S."""
    z0, first = np.random.default_rng(seed).standard_normal((2, n))
    zero = np.zeros(n)
    return z0, first, Reach.of(Jet(first, zero, zero, 0.0), np.full(n, S))


def of_line(function, z0, first):
    """t ↦ function(z₀ + t z') in numbers of mpmath."""
    return lambda t: function([mpmath.mpf(z) + t * mpmath.mpf(slope) for z, slope in zip(z0, first, strict=True)])


def test_a_reach_bounds_values_and_derivatives_over_the_interval_and_attains_them():
    coefficients = np.random.default_rng(0).standard_normal((4, 50))
    values, jet = polynomial(coefficients)
    reach = Reach.of(jet, np.full(50, S))
    _, c1, c2, c3 = coefficients[..., None]
    first, second = c1 + 2 * c2 * T + 3 * c3 * T**2, 2 * c2 + 6 * c3 * T
    moved = np.abs(values - coefficients[0][:, None]).max(1)
    for bound, sampled in ((reach.first, np.abs(first).max(1)), (reach.second, np.abs(second).max(1))):
        assert (sampled <= bound * (1 + 1e-12)).all()
        assert np.median(sampled / bound) > 0.9
    assert (moved <= reach.moved * (1 + 1e-12)).all()
    assert np.median(moved / reach.moved) > 0.9


def test_a_jump_of_the_second_derivative_widens_the_reach():
    one = np.ones(1)
    smooth, jumping = (Reach.of(Jet(one, 0 * one, 0 * one, jump), S * one) for jump in (0.0, 2 * one))
    assert (jumping.second - smooth.second).tolist() == [2.0]
    assert (jumping.first - smooth.first).tolist() == pytest.approx([2 * S], rel=1e-12)
    assert (jumping.moved - smooth.moved).tolist() == pytest.approx([2 * S**2], rel=1e-12)


def test_through_weights_derivatives_are_summed_and_bounds_with_their_sizes():
    w = np.array([[1.0, -2.0], [-3.0, 0.5]])
    jet = Jet(np.array([1.0, 2.0]), np.array([-1.0, 4.0]), np.array([1.0, 2.0]), np.array([0.0, 3.0]))
    through = jet.through(w)
    assert through.first.tolist() == [-5.0, -1.0]
    assert through.second.tolist() == [-13.0, 4.0]
    assert through.third.tolist() == [7.0, 3.0]
    assert through.jump.tolist() == [9.0, 1.5]
    assert jet._replace(jump=0.0).through(w).jump == 0.0


def test_a_composition_has_the_derivatives_of_faa_di_bruno():
    """exp of a cubic: the two derivatives are those of mpmath, and the third is below its bound all over ±S."""
    coefficients = np.random.default_rng(1).standard_normal((4, 6))
    _, jet = polynomial(coefficients)
    reach = Reach.of(jet, np.full(6, S))
    value, most = np.exp(coefficients[0]), np.exp(coefficients[0] + reach.moved)
    got = composed(Outer(value, value, most, most, most, 0.0), reach)
    for n, (c0, c1, c2, c3) in enumerate(coefficients.T):

        def function(t, c=(c0, c1, c2, c3)):
            return mpmath.exp(c[0] + c[1] * t + c[2] * t**2 + c[3] * t**3)

        first, second, _ = derivatives(function)
        thirds = [abs(derivatives(function, t)[2]) for t in T[::20]]
        assert got.first[n] == pytest.approx(first, rel=1e-13)
        assert got.second[n] == pytest.approx(second, rel=1e-12, abs=1e-13)
        assert max(thirds) <= got.third[n] * (1 + 1e-12)


def test_the_third_derivative_of_a_composition_is_attained_where_terms_do_not_cancel():
    """e^z of 2t + t² + t³ has positive terms only: as s → 0 the bound is the derivative."""
    one, s = np.ones(1), np.full(1, 1e-9)
    got = composed(Outer(one, one, one, one, one, 0.0), Reach.of(Jet(2 * one, 2 * one, 6 * one, 0.0), s))
    exact = derivatives(lambda t: mpmath.exp(2 * t + t**2 + t**3))
    assert [got.first[0], got.second[0]] == pytest.approx(exact[:2], rel=1e-14)
    assert got.third[0] == pytest.approx(exact[2], rel=1e-7)


def test_jumps_of_both_functions_of_a_composition_are_carried():
    """f'' jumps by 3 where g' is 2: that is 12; g'' jumps by 5 where f' is 7: that is 35, as s → 0."""
    one, s = np.ones(1), np.full(1, 1e-12)
    outer = Outer(7 * one, 0 * one, 7 * one, 3 * one, 0.0, 3 * one)
    got = composed(outer, Reach.of(Jet(2 * one, 0 * one, 0 * one, 5 * one), s))
    assert got.jump[0] == pytest.approx(12 + 35, rel=1e-9)


def test_log_sum_has_the_derivatives_of_the_logarithm_of_a_sum():
    z0, first, reach = lines(5, seed=2)
    got = jets.log_sum(z0, reach)
    function = of_line(lambda z: mpmath.log(sum(map(mpmath.exp, z))), z0, first)
    exact = derivatives(function)
    assert [got.first, got.second] == pytest.approx(exact[:2], rel=1e-12)
    thirds = [abs(derivatives(function, t)[2]) for t in T[::20]]
    assert max(thirds) <= got.third * (1 + 1e-12)


def test_log_sum_of_others_leaves_out_one_entry_each():
    z0, first, reach = lines(4, seed=3)
    got = jets.log_sum_of_others(z0, reach)
    for j in range(4):
        others = np.arange(4) != j
        function = of_line(lambda z: mpmath.log(sum(map(mpmath.exp, z))), z0[others], first[others])
        exact = derivatives(function)
        assert [got.first[j], got.second[j]] == pytest.approx(exact[:2], rel=1e-12)
        assert max(abs(derivatives(function, t)[2]) for t in T[::40]) <= got.third[j] * (1 + 1e-12)


def test_softmax_has_the_derivatives_of_its_entries():
    z0, first, reach = lines(4, seed=4)
    got = jets.softmax(z0, reach)
    for j in range(4):
        function = of_line(lambda z, j=j: mpmath.exp(z[j]) / sum(map(mpmath.exp, z)), z0, first)
        exact = derivatives(function)
        assert [got.first[j], got.second[j]] == pytest.approx(exact[:2], rel=1e-12)
        assert max(abs(derivatives(function, t)[2]) for t in T[::40]) <= got.third[j] * (1 + 1e-12)


def test_jumps_before_a_softmax_reach_all_of_its_entries():
    z0, first, _ = lines(3, seed=5)
    zero, jump = np.zeros(3), np.array([0.0, 4.0, 0.0])
    got = jets.softmax(z0, Reach.of(Jet(first, zero, zero, jump), np.full(3, 1e-9)))
    a = np.exp(z0) / np.exp(z0).sum()
    # ∂a_j/∂z_1 is a_j([j = 1] − a_1); the sizes of these shares are bounds of the jumps.
    expected = 4 * a * np.where(np.arange(3) == 1, 1 + a[1], a[1])
    assert got.jump == pytest.approx(expected, rel=1e-6)
