import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from subjects import backprop, is_seen_wrong

import minibp
from minibp import Network
from minibp.check.subject.returned import read_result

SIZES = st.lists(st.integers(1, 4), min_size=2, max_size=5)


def parameters(sizes):
    """A network, and arrays like its parameters, each filled with a number of its own."""
    network = Network.random(sizes, rng=0)
    nabla_w = [np.full(w.shape, float(layer)) for layer, w in enumerate(network.weights, 2)]
    nabla_b = [np.full(b.shape, float(-layer)) for layer, b in enumerate(network.biases, 2)]
    return network, nabla_w, nabla_b


def by_layer(nabla_w, nabla_b, key="{}{}"):
    """A dict of all arrays, in the order of a backward pass."""
    layers = range(len(nabla_w), 0, -1)
    return {
        key.format(name, layer): kind[layer - 1]
        for layer in layers
        for name, kind in (("dW", nabla_w), ("db", nabla_b))
    }


WAYS = {
    "as asked": lambda w, b: (w, b),
    "other order": lambda w, b: (b, w),
    "with the cost": lambda w, b: (0.5, w, b),
    "with the cost, as a pair": lambda w, b: (np.float64(0.5), (w, b)),
    "with the cost, as an array": lambda w, b: [np.array(0.5), b, w],
    "a dict of kinds": lambda w, b: {"weights": w, "biases": b},
    "a dict of kinds, in the other order": lambda w, b: {"b": b, "w": w},
    "a dict by numbers": by_layer,
    "a dict with the cost": lambda w, b: {"cost": 0.5, **by_layer(w, b)},
    "a dict by layers": lambda w, b: {i: {"w": w[i], "b": b[i]} for i in reversed(range(len(w)))},
    "numbers of two digits": lambda w, b: by_layer(w, b, "{}_1{}"),
}


@pytest.mark.parametrize("way", WAYS)
@given(SIZES)
def test_a_gradient_is_told_whatever_it_is_returned_as(way, sizes):
    network, nabla_w, nabla_b = parameters(sizes)
    kinds = read_result(WAYS[way](nabla_w, nabla_b), network).kinds
    if sizes == [1] * len(sizes) and "other order" in way:
        return  # ([1.0], [[2.0]]) are told by their dimensions, which is tried below
    for got, expected in zip(kinds, (nabla_w, nabla_b), strict=True):
        assert all(np.array_equal(one, other) for one, other in zip(got, expected, strict=True))


@given(st.permutations([1, 2, 3, 4, 5]).map(lambda order: order[:4]))
def test_pairs_a_layer_are_told_by_shapes(sizes):
    network, nabla_w, nabla_b = parameters(sizes)
    pairs = list(zip(nabla_w, nabla_b, strict=True))
    for returned in (pairs, [one for pair in pairs for one in pair]):
        kinds = read_result(returned, network).kinds
        assert [one[0].flat[0] for one in kinds] == [2, -2]


@given(st.permutations([1, 2, 3, 4, 5]).map(lambda order: order[:4]))
def test_layers_in_the_order_of_the_backward_pass_are_not_turned(sizes):
    """Of equal widths none could tell, so that of others none is guessed."""
    network, nabla_w, nabla_b = parameters(sizes)
    for returned in ((nabla_w[::-1], nabla_b[::-1]), {"w": nabla_w[::-1], "b": nabla_b[::-1]}):
        shapes = [[np.shape(array) for array in kind] for kind in read_result(returned, network).kinds]
        assert shapes != [[w.shape for w in nabla_w], [b.shape for b in nabla_b]]


@pytest.mark.parametrize(
    "returned",
    [None, 1.0, (), {}, (1, 2), "ab", [[np.ones(3)]], {"w": np.ones((9, 9))}, object()],
    ids=["None", "number", "nothing", "empty dict", "numbers", "text", "one kind", "another shape", "object"],
)
def test_what_is_no_gradient_is_not_told_as_one(returned):
    network, nabla_w, nabla_b = parameters([2, 3, 1])
    shapes = [[np.shape(array) for array in kind] for kind in read_result(returned, network).kinds]
    assert shapes != [[w.shape for w in nabla_w], [b.shape for b in nabla_b]]


@pytest.mark.parametrize("way", [way for way in WAYS if "cost" not in way])
def test_right_code_is_correct_and_wrong_code_wrong_whatever_it_returns(way):
    def right(weights, biases, x, y):
        return WAYS[way](*backprop(weights, biases, x, y))

    def wrong(weights, biases, x, y):
        nabla_w, nabla_b = backprop(weights, biases, x, y)
        return WAYS[way](nabla_w, [2 * b for b in nabla_b])

    assert not is_seen_wrong(right)
    assert is_seen_wrong(wrong)


@pytest.mark.parametrize(
    "returned",
    [
        lambda w: w,
        tuple,
        lambda w: (w, None),
        lambda w: (w, []),
        lambda w: (0.5, w),
        lambda w: {"dW1": w[0], "dW2": w[1]},
    ],
    ids=["a list", "a tuple", "None beside it", "nothing beside it", "with the cost", "a dict"],
)
def test_without_biases_the_derivatives_by_weights_are_enough(returned):
    network, nabla_w, _ = parameters([2, 3, 4])
    kinds = read_result(returned(nabla_w), network, biases=False).kinds
    assert all(map(np.array_equal, kinds[0], nabla_w))
    assert [b.any() for b in kinds[1]] == [False, False]


def test_without_biases_a_transposed_one_is_told_as_such():
    transposed = [np.ones((2, 3)), np.ones((3, 4))]
    report = minibp.check_backprop(
        lambda *_: transposed, activation=["tanh", "tanh"], biases=False, examples=1, seed=1, raise_on_mismatch=False
    )
    assert any("nabla_w of layer" in one.message and "shape" in one.message for one in report.findings)
