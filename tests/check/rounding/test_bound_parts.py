import numpy as np
import pytest

from minibp.check.rounding.bound_parts import ActivationBounds, bell, jump, largest, logistic, nearest, none


def test_the_sigmoid_and_its_derivative_in_the_tails():
    z = np.array([-40.0, -1.0, 0.0, 1.0, 40.0])
    assert np.allclose(logistic(z), 1 / (1 + np.exp(-z)), rtol=1e-15)
    assert bell(40.0) == pytest.approx(np.exp(-40.0), rel=1e-15)
    assert bell(0.0) == 0.25


def test_the_point_of_an_interval_that_is_nearest_to_0():
    z, e = np.array([-3.0, -3.0, 0.5]), np.array([1.0, 4.0, 0.0])
    assert nearest(z, e).tolist() == [2.0, 0.0, 0.5]


def test_a_jump_counts_where_the_interval_holds_0_and_more():
    z, e = np.array([0.0, 0.0, 1.0, 1.0, -2.0]), np.array([0.0, 1e-300, 1.0, 0.5, 3.0])
    assert jump(z, e, 0.8).tolist() == [0.0, 0.8, 0.8, 0.0, 0.8]


def test_the_largest_size_is_at_an_end_or_at_a_turn_within():
    def parabola(t):
        return 1 - (t - 2) ** 2

    z, e = np.array([0.0, 1.5, 2.0, 1.0, 2.5]), np.array([1.0, 0.5, 3.0, 0.9, 0.25])
    # Ends −1 and 1; the turn at an end; ends that are far below 0; the turn just outside; the turn outside on the left.
    expected = [8.0, 1.0, 8.0, max(abs(parabola(0.1)), abs(parabola(1.9))), parabola(2.25)]
    assert largest(parabola, [2.0], z, e) == pytest.approx(expected, rel=1e-15)
    assert largest(parabola, [], z, e)[1] == 1.0
    assert largest(parabola, [], np.array([2.0]), np.array([0.5])) == [0.75]  # without its turn it is not seen


def test_what_does_not_round_is_exact():
    def some(*_):
        return np.ones(1)

    assert ActivationBounds(some, some, none, none, none).exact
    assert not ActivationBounds(some, some, some, none, none).exact
    assert ActivationBounds(some, some, none, none, none).reach == 0  # and its kinks are where they are
    assert none(np.array([1.0, -2.0]), "anything").tolist() == [0.0, 0.0]
