import numpy as np

from minibp import Network, batched, per_example

# 2-2-1 by hand, with identities, so that every number can be followed with a pencil:
# z² = (1·1 + 2·2 + 1, 0·1 + 1·2 − 1) = (6, 1), z³ = 3·6 − 1·1 + 2 = 19, C = ½ (19 − 10)² = 40.5
NETWORK = Network([[[1.0, 2.0], [0.0, 1.0]], [[3.0, -1.0]]], [[1.0, -1.0], [2.0]], "identity")
X, Y = np.array([[1.0, 2.0]]), np.array([[10.0]])


def check_by_hand(form):
    found = form.backprop(NETWORK, "quadratic", X, Y, l2=2.0)
    assert [z.tolist() for z in found.z] == [[[6.0, 1.0]], [[19.0]]]
    assert [a.tolist() for a in found.a] == [[[1.0, 2.0]], [[6.0, 1.0]], [[19.0]]]
    assert [delta.tolist() for delta in found.delta] == [[[27.0, -9.0]], [[9.0]]]
    assert [b.tolist() for b in found.gradient.nabla_b] == [[27.0, -9.0], [9.0]]
    # δ aᵀ + 2 W
    assert [w.tolist() for w in found.gradient.nabla_w] == [[[29.0, 58.0], [-9.0, -16.0]], [[60.0, 7.0]]]
    assert found.cost == 40.5 + (1 + 4 + 0 + 1 + 9 + 1)


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
