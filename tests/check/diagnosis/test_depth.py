import numpy as np
import pytest
from subjects import backprop

from minibp import adapters, check_backprop

FEW = {"examples": 5, "seed": 1, "raise_on_mismatch": False}
HINT = "after the input: fix that by activation=[...], one a layer, or --layers"


def unpacking(layers):
    """Code that unpacks the lists of a certain number of layers, and else raises."""

    def subject(weights, biases, x, y):
        if len(weights) > layers:
            raise ValueError(f"too many values to unpack (expected {layers})")
        if len(weights) < layers:
            raise ValueError(f"not enough values to unpack (expected {layers}, got {len(weights)})")
        return backprop(weights, biases, x, y)

    return subject


def two_layers(weights, biases, x, y):
    (w_1, w_2), (b_1, b_2) = weights, biases
    return backprop([w_1, w_2], [b_1, b_2], x, y)


def by_index(weights, biases, x, y):
    return backprop([weights[0], weights[1]], [biases[0], biases[1]], x, y)


def one_layer(weights, biases, x, y):
    (w,), (b,) = weights, biases
    return backprop([w], [b], x, y)


def off_by_one(weights, biases, x, y):
    return [weights[layer + 1] for layer in range(len(weights))], biases


def wrong_dot(weights, biases, x, y):
    return np.dot(np.ones(2), np.ones(3))


def wrong_dot_in_hidden_layers(weights, biases, x, y):
    if len(weights) > 1:
        np.dot(np.ones(2), np.ones(3))
    return backprop(weights, biases, x, y)


def wrong_from_the_third_layer_on(weights, biases, x, y):
    if len(weights) > 2:
        np.dot(np.ones(2), np.ones(3))
    return backprop(weights, biases, x, y)


def not_transposed(weights, biases, x, y):
    for w in weights:
        x @ w
    return backprop(weights, biases, x, y)


def hints(subject, **changed):
    findings = check_backprop(subject, **FEW, **changed).findings
    assert findings
    return [one.message for one in findings if "activation=[...]" in one.message]


@pytest.mark.parametrize("layers", [1, 2, 6])
def test_code_of_one_depth_is_told_how_to_fix_the_depth(layers):
    (message,) = hints(unpacking(layers))
    assert f"returns gradients only for {layers} layer{'s' if layers > 1 else ''} {HINT}" in message
    assert message.count("activation=") == 1


@pytest.mark.parametrize(
    ("subject", "layers"), [(two_layers, "2 layers"), (by_index, "2 layers"), (one_layer, "1 layer")]
)
def test_code_that_names_its_layers_is_told_too(subject, layers):
    (message,) = hints(subject)
    assert f"for {layers} {HINT}" in message


@pytest.mark.parametrize(
    "subject",
    [off_by_one, wrong_dot, wrong_dot_in_hidden_layers, wrong_from_the_third_layer_on, not_transposed, max],
)
def test_a_plain_mistake_is_not_blamed_on_the_depth(subject):
    assert not hints(subject)


def test_where_the_depth_is_fixed_nothing_is_said_of_it():
    assert not hints(two_layers, activation=["sigmoid"] * 3)
    assert not hints(adapters.Subject(two_layers, "two_layers", sizes=((2, 3, 3, 2),)))
    assert check_backprop(two_layers, activation=["sigmoid"] * 2, **FEW).verdict == "correct"
