import numpy as np
from oracle_checks import check_shapes, worst_of_radius

from minibp import Network, Problem
from minibp.check.oracles import finite_difference
from minibp.check.oracles.finite_difference import DIFFERENCE_CROSSES_A_KINK
from minibp.check.problem_stack import stack_of_one


def test_it_is_within_its_radius(drawn):
    for problem in drawn:
        estimate = finite_difference.estimate(problem)
        check_shapes(problem, estimate)
        assert worst_of_radius(problem, estimate) <= 1, problem


def test_a_jump_of_the_second_derivative_takes_the_whole_radius_and_no_more():
    # elu at 0: nothing is left of the bound but the rounding of C.
    network = Network([[[1.0]], [[1.0]]], [[0.0], [0.0]], ["elu", "identity"])
    problem = Problem(network, "quadratic", [[0.0]], [[1.0]])
    assert 0.99 < worst_of_radius(problem, finite_difference.estimate(problem)) <= 1


def test_jumps_that_would_defeat_an_estimate_from_two_steps():
    """A jump within the smaller step and one between the two: their errors cancel in the difference of the steps."""
    network = Network(
        [[[1.0]], [[1.0], [1.0]], [[1.0, -1.0]]], [[0.0], [0.0, 1e-6], [0.0]], ["identity", "elu", "identity"]
    )
    defeated = 0
    for shift in np.linspace(0, 6e-6, 61):
        moved = Network(network.weights, [[0.0], [0.0, shift], [0.0]], network.activations)
        problem = Problem(moved, "quadratic", [[0.0]], [[1.0]])
        assert worst_of_radius(problem, finite_difference.estimate(problem)) <= 1
        estimated = finite_difference.estimates(stack_of_one(problem), derived=False).only()
        defeated += worst_of_radius(problem, estimated) > 1
    assert defeated


def test_the_derived_radius_is_no_wider_than_the_estimated_one_on_ordinary_networks(drawn):
    ratios = []
    for problem in drawn:
        stack = stack_of_one(problem)
        derived, estimated = (finite_difference.estimates(stack, derived=one).only() for one in (True, False))
        for mine, theirs in zip(derived.radius.nabla_w, estimated.radius.nabla_w, strict=True):
            resolved = np.isfinite(mine) & np.isfinite(theirs) & (theirs > 0)
            ratios.append((mine[resolved] / theirs[resolved]).ravel())
    assert np.median(np.concatenate(ratios)) < 1.01
    assert np.quantile(np.concatenate(ratios), 0.99) < 2


def test_entries_that_cross_a_kink_are_skipped_and_counted():
    # z² is 1e-7, which h crosses; its bias, its weight and its δ are unresolved, the output's are not.
    network = Network([[[1.0]], [[2.0]]], [[1e-7 - 1.0], [0.0]], ["relu", "identity"])
    estimate = finite_difference.estimate(Problem(network, "quadratic", [[1.0]], [[1.0]]))
    assert estimate.skipped == {DIFFERENCE_CROSSES_A_KINK: 3}
    assert np.isinf(estimate.radius.nabla_w[0]).all()
    assert np.isinf(estimate.delta_radius[0]).all()
    assert np.isfinite(estimate.radius.nabla_w[1]).all()


def test_a_kink_in_a_later_layer_is_seen_too():
    network = Network([[[1.0]], [[1.0]], [[1.0]]], [[0.0], [1e-7 - 1.0], [0.0]], ["identity", "leaky_relu", "identity"])
    estimate = finite_difference.estimate(Problem(network, "quadratic", [[1.0]], [[0.0]]))
    assert estimate.skipped == {DIFFERENCE_CROSSES_A_KINK: 6}


def test_on_ordinary_networks_it_resolves_seven_digits():
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
