import numpy as np
from helpers import NETWORK, X, Y, check_by_hand

from minibp import Network, batched, per_example


def test_numbers_that_can_be_followed_by_hand():
    check_by_hand(per_example)


def test_the_mean_is_over_examples():
    x, y = np.array([[1.0, 2.0], [0.0, 0.0], [1.0, -1.0]]), np.array([[10.0], [1.0], [0.0]])
    whole = per_example.backprop(NETWORK, "quadratic", x, y)
    single = [per_example.backprop(NETWORK, "quadratic", x[i : i + 1], y[i : i + 1]) for i in range(3)]
    assert whole.cost == np.mean([one.cost for one in single])
    for l in range(2):
        assert np.allclose(whole.gradient.nabla_w[l], np.mean([one.gradient.nabla_w[l] for one in single], axis=0))
        assert np.allclose(whole.gradient.nabla_b[l], np.mean([one.gradient.nabla_b[l] for one in single], axis=0))


def test_results_are_frozen_and_inputs_left_alone():
    x = X.copy()
    for form in (per_example, batched):
        found = form.backprop(NETWORK, "quadratic", x, Y)
        x[0, 0] = 99
        assert found.a[0][0, 0] == 1
        x[0, 0] = 1
        for array in (*found.gradient.nabla_w, *found.gradient.nabla_b, *found.z, *found.a, *found.delta):
            assert not array.flags.writeable


def test_a_saturated_wrong_neuron_still_learns_with_cross_entropy_and_not_with_the_quadratic_cost():
    network = Network([[[100.0]]], [[0.0]])
    x, y = np.array([[1.0]]), np.array([[0.0]])
    assert per_example.backprop(network, "quadratic", x, y).delta[-1][0, 0] < 1e-40
    assert per_example.backprop(network, "cross_entropy", x, y).delta[-1][0, 0] == 1
