import numpy as np
from oracle_checks import check_shapes, worst_of_radius

from minibp import Network, Problem
from minibp.check import finite_difference
from minibp.check.finite_difference import CROSSES_A_KINK


def test_it_is_within_its_radius(drawn):
    for problem in drawn:
        estimate = finite_difference.estimate(problem)
        check_shapes(problem, estimate)
        assert worst_of_radius(problem, estimate) <= 1, problem


def test_a_jump_of_the_second_derivative_takes_half_of_the_radius():
    # elu at 0: the error of the smaller step is just the difference of the two, and the radius twice that.
    network = Network([[[1.0]], [[1.0]]], [[0.0], [0.0]], ["elu", "identity"])
    problem = Problem(network, "quadratic", [[0.0]], [[1.0]])
    assert 0.45 < worst_of_radius(problem, finite_difference.estimate(problem)) < 0.55


def test_entries_that_cross_a_kink_are_skipped_and_counted():
    # z² is 1e-7, which h crosses; its bias, its weight and its δ are told nothing of, the output's are.
    network = Network([[[1.0]], [[2.0]]], [[1e-7 - 1.0], [0.0]], ["relu", "identity"])
    estimate = finite_difference.estimate(Problem(network, "quadratic", [[1.0]], [[1.0]]))
    assert estimate.skipped == {CROSSES_A_KINK: 3}
    assert np.isinf(estimate.radius.nabla_w[0]).all()
    assert np.isinf(estimate.delta_radius[0]).all()
    assert np.isfinite(estimate.radius.nabla_w[1]).all()


def test_a_kink_in_a_later_layer_is_seen_too():
    network = Network([[[1.0]], [[1.0]], [[1.0]]], [[0.0], [1e-7 - 1.0], [0.0]], ["identity", "leaky_relu", "identity"])
    estimate = finite_difference.estimate(Problem(network, "quadratic", [[1.0]], [[0.0]]))
    assert estimate.skipped == {CROSSES_A_KINK: 6}


def test_on_ordinary_networks_it_tells_seven_digits():
    rng = np.random.default_rng(0)
    network = Network.random([6, 5, 4], "tanh", rng=rng)
    estimate = finite_difference.estimate(Problem(network, "quadratic", rng.random((4, 6)), rng.random((4, 4)), 0.1))
    relative = estimate.radius.nabla_w[0] / np.abs(estimate.gradient.nabla_w[0])
    assert np.median(relative) < 1e-6


def test_a_huge_cost_of_other_examples_does_not_drown_an_entry():
    network = Network([[[1.0]]], [[0.0]], "tanh")
    x, y = np.array([[0.5], [0.5]]), np.array([[1.0], [1e6]])
    estimate = finite_difference.estimate(Problem(network, "huber", x, y))
    assert worst_of_radius(Problem(network, "huber", x, y), estimate) <= 1
