from itertools import pairwise

import numpy as np
import pytest
from case_ids import written_out
from hypothesis import given
from printed import examples

from minibp import InputError, Network, batched
from minibp.explain.example import ETAS, LARGEST_Z, LEAST_DELTA, example_of, stepped
from minibp.network import Gradient


def of(sizes=(2, 3, 2), activation="sigmoid", output=None, cost="quadratic", l2=0.0, seed=0):
    return example_of(sizes, activation, output, cost, l2, seed)


def test_the_same_seed_draws_the_same_and_another_another():
    one, again, other = of(seed=3), of(seed=3), of(seed=4)
    assert one.network == again.network
    assert one.network != other.network
    assert (one.x == again.x).all()


@given(examples())
def test_all_numbers_have_one_decimal_and_the_target_fits(example):
    network = example.network
    for array in (*network.weights, *network.biases, example.x, example.y):
        assert np.array_equal(array, np.round(array, 1))
    assert all(array.all() for array in (*network.weights, *network.biases, example.x))
    example.cost.check_targets(example.y[None])
    low, high = network.activations[-1].bounds
    assert ((example.y >= low) & (example.y <= high)).all()
    assert example.eta in ETAS


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "silu"])
def test_numbers_are_of_a_size_that_is_read(activation):
    for seed in range(10):
        example = of(activation=activation, output="sigmoid", seed=seed)
        passed = batched.backprop(example.network, example.cost, example.x[None], example.y[None])
        assert max(np.abs(z).max() for z in passed.z) <= LARGEST_Z
        for delta in passed.delta:
            assert np.abs(delta[delta != 0]).min() >= LEAST_DELTA


def test_a_deep_network_is_drawn_too_though_its_errors_vanish():
    assert of([1] * 9).network.sizes == (1,) * 9


def test_a_step_is_taken_along_the_negative_gradient():
    network = Network([[[2.0]]], [[1.0]], "identity")
    after = stepped(network, Gradient((np.array([[4.0]]),), (np.array([-2.0]),)), 0.5)
    assert (after.weights[0].item(), after.biases[0].item()) == (0.0, 2.0)


def test_rates_fall():
    assert ETAS[:4] == (0.5, 0.2, 0.1, 0.05)
    assert all(one > other for one, other in pairwise(ETAS))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"sizes": [784, 30, 10]},
            r"3 layers, the widest of 784, with 23,820 weights are too many to be read: ",
        ),
        ({"sizes": [1, 10]}, "the widest of 10, with 10 weights are too many"),
        ({"sizes": [1] * 10}, "10 layers, the widest of 1, with 9 weights are too many"),
        ({"sizes": [8, 8]}, "with 64 weights are too many"),
        ({"sizes": [2]}, "expected an input layer and at least one more"),
        ({"activation": "gelu"}, "gelu is not written out for a calculator, expected one of identity, sigmoid"),
        ({"activation": "hard_sigmoid(0.2)"}, "is not written out"),
        ({"activation": "softmax"}, "softmax is an output activation, and layer 2 is hidden"),
        ({"activation": "cosine"}, "unknown activation 'cosine'"),
        ({"cost": "hinge"}, "unknown cost 'hinge'"),
        ({"activation": "tanh", "cost": "cross_entropy"}, "cross_entropy needs outputs between 0 and 1"),
        ({"sizes": [2, 1], "output": "softmax"}, "softmax over one neuron is always 1"),
        ({"l2": -1.0}, "l2 is -1.0"),
        ({"l2": 1000.0}, "l2 is 1000, expected at most 100"),
    ],
    ids=written_out,
)
def test_what_cannot_be_read_is_rejected_in_one_sentence(changed, message):
    with pytest.raises(InputError, match=message) as caught:
        of(**changed)
    assert "\n" not in str(caught.value)


def test_sixty_weights_can_be_read():
    assert of([6, 6, 4]).network.sizes == (6, 6, 4)
