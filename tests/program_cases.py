"""The ten programs of tests/programs/: the one call that checks each, and three mistakes of its style."""

from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

from minibp import Activation, Cost
from minibp.adapters import columns, flat, model, per_example

FOLDER = Path(__file__).parent / "programs"


class Mistake(NamedTuple):
    """Lines as they are, lines as people write them, and the findings: each with its equation, layers and name."""

    name: str
    lines: str
    instead: str
    findings: list[tuple[str, tuple[int, ...], str]]


class Call(NamedTuple):
    """The subject that an adapter makes of a program, and what is said of it to `check_backprop`."""

    subject: object
    claim: dict


class MeanOfAllEntries(Cost):
    name = "mse"

    def value(self, a, y):
        return ((a - y) ** 2).mean(-1)

    def gradient(self, a, y):
        return 2 * (a - y) / a.shape[-1]


class SquaredHinge(Cost):
    name = "squared hinge"

    def value(self, a, y):
        return (np.maximum(1 - y * a, 0) ** 2).sum(-1)

    def gradient(self, a, y):
        return -2 * y * np.maximum(1 - y * a, 0)


class ScaledTanh(Activation):
    name = "scaled tanh"

    def value(self, z):
        return 1.7159 * np.tanh(2 / 3 * z)

    def prime(self, z):
        return 1.7159 * 2 / 3 * (1 - np.tanh(2 / 3 * z) ** 2)


def column_vectors(code):
    return Call(per_example(columns(model(code.Network, "backprop", gradient="returned"))), {})


def two_layer_net(code):
    subject = model(code.TwoLayerNet, lambda net, X, y: net.loss(X, y, reg=0.1), gradient="returned")
    claim = {"activation": ["relu", "softmax"], "cost": "categorical_cross_entropy", "targets": "labels"}
    return Call(subject, {**claim, "l2": 0.1, "l2_over": "nothing"})


def course_functions(code):
    subject = columns(model(code.initialize_parameters, code.gradients, gradient="returned"))
    return Call(subject, {"activation": "relu", "output_activation": "sigmoid", "cost": "cross_entropy"})


def eleven_lines(code):
    subject = model(code.synapses, code.learn, gradient="update", rate=1)
    return Call(subject, {"activation": ["sigmoid", "sigmoid"], "reduction": "sum", "biases": False})


def layer_classes(code):
    subject = model(code.Network, lambda net, x, y: net.fit(x, y, 1, 0.1), gradient="update", rate=0.1)
    return Call(subject, {"activation": "tanh", "cost": MeanOfAllEntries()})


def neuron_dicts(code):
    return Call(per_example(model(code.initialize_network, code.train_on_row, gradient="update", rate=0.5)), {})


def unrolled_theta(code):
    def f(theta, X, y):
        return code.nn_cost_function(theta, 4, 5, 3, X, y, 0.5)

    claim = {"activation": ["sigmoid", "sigmoid"], "cost": "cross_entropy", "targets": "labels", "l2": 0.5}
    return Call(flat(f, (4, 5, 3), order="bias_column", matrix_order="F"), claim)


def new_params(code):
    subject = model(code.init_params, code.update, gradient="update", rate=0.05)
    return Call(subject, {"activation": "silu", "output_activation": "identity"})


def squared_hinge(code):
    claim = {"activation": ScaledTanh(), "output_activation": "identity", "cost": SquaredHinge()}
    return Call(model(code.MLP, "backward"), {**claim, "targets": "signs", "reduction": "sum"})


def summed_gradients(code):
    claim = {"activation": ["leaky_relu(0.2)", "softmax"], "cost": "categorical_cross_entropy"}
    return Call(model(code.mlp, code.loss_backward), {**claim, "targets": "one_hot", "dtype": "float32"})


MISTAKES = {
    column_vectors: (
        Mistake(
            "no sigmoid_prime at the output",
            "y) * sigmoid_prime(zs[-1])",
            "y)",
            [("(17)", (4,), "output_derivative_missing")],
        ),
        Mistake(
            "sigmoid_prime of the activation",
            "sigmoid_prime(z)\n            delta",
            "sigmoid_prime(activations[-l])\n            delta",
            [("(22)", (3, 2), "hidden_derivative_at_activation")],
        ),
        Mistake(
            "weights of the wrong layer",
            "np.dot(self.weights[-l + 1].transpose(), delta)",
            "np.dot(self.weights[-l].transpose(), delta)",
            [("(22)", (3, 2), "weights_wrong_layer")],
        ),
    ),
    two_layer_net: (
        Mistake("not divided by N", "        dscores /= N\n", "", [("(6)", (), "sum_for_mean")]),
        Mistake(
            "no ReLU on the way back",
            "        dhidden[hidden <= 0] = 0\n",
            "",
            [("(22)", (2,), "hidden_derivative_missing")],
        ),
        Mistake(
            "twice the penalty",
            'grads["W2"] += reg * W2\n        grads["W1"] += reg * W1',
            'grads["W2"] += 2 * reg * W2\n        grads["W1"] += 2 * reg * W1',
            [("(27)", (3, 2), "l2_factor_two")],
        ),
    ),
    course_functions: (
        Mistake(
            "relu for its derivative",
            "    dZ = np.array(dA, copy=True)\n    dZ[Z <= 0] = 0\n    return dZ",
            "    return dA * relu(Z)",
            [("(22)", (3, 2), "hidden_activation_for_derivative")],
        ),
        Mistake(
            "db not divided by m",
            "keepdims=True) / m",
            "keepdims=True)",
            [("(23)", (4, 3, 2), "bias_gradient_not_averaged")],
        ),
        Mistake(
            "db summed without an axis",
            "np.sum(dZ, axis=1, keepdims=True)",
            "np.sum(dZ)",
            [("(23)", (4, 3, 2), "bias_gradient_summed_over_neurons")],
        ),
    ),
    eleven_lines: (
        Mistake("the raw error goes back", "l2_delta.dot", "l2_error.dot", [("(22)", (2,), "raw_error_propagated")]),
        Mistake(
            "syn1 updated too early",
            """    l1_error = l2_delta.dot(syn1.T)
    l1_delta = l1_error * nonlin(l1, deriv=True)
    syn1 += l1.T.dot(l2_delta)
""",
            """    syn1 += l1.T.dot(l2_delta)
    l1_error = l2_delta.dot(syn1.T)
    l1_delta = l1_error * nonlin(l1, deriv=True)
""",
            [("(22)", (2,), "weights_already_updated")],
        ),
        Mistake(
            "the derivative of another sigmoid",
            "return x * (1 - x)",
            "return nonlin(x) * (1 - nonlin(x))",
            [("(17)", (3,), "output_derivative_at_activation"), ("(22)", (2,), "hidden_derivative_at_activation")],
        ),
    ),
    layer_classes: (
        Mistake(
            "weights updated before the error goes back",
            """        input_gradient = np.dot(output_gradient, self.weights.T)
        weights_gradient = np.dot(self.input.T, output_gradient)
        self.weights -= learning_rate * weights_gradient
""",
            """        weights_gradient = np.dot(self.input.T, output_gradient)
        self.weights -= learning_rate * weights_gradient
        input_gradient = np.dot(output_gradient, self.weights.T)
""",
            [("(22)", (3, 2), "weights_already_updated")],
        ),
        Mistake(
            "the derivative at the output of the layer",
            "self.activation_prime(self.input)",
            "self.activation_prime(self.output)",
            [("(17)", (4,), "output_derivative_at_activation"), ("(22)", (3, 2), "hidden_derivative_at_activation")],
        ),
        Mistake(
            "the mean for the sum in the bias",
            "np.sum(output_gradient, axis=0, keepdims=True)",
            "np.mean(output_gradient, axis=0, keepdims=True)",
            [("(23)", (4, 3, 2), "bias_gradient_averaged_twice")],
        ),
    ),
    neuron_dicts: (
        Mistake(
            "the bias is never updated",
            '            neuron["weights"][-1] -= l_rate * neuron["delta"]\n',
            "",
            [("(23)", (3, 2), "bias_gradient_zero")],
        ),
        Mistake(
            "the sign of the error",
            'neuron["output"] - expected[j]',
            'expected[j] - neuron["output"]',
            [("(17)", (3,), "output_sign_flipped")],
        ),
        Mistake(
            "the output of the neuron for its delta",
            'neuron["weights"][j] * neuron["delta"]',
            'neuron["weights"][j] * neuron["output"]',
            [("(22)", (2,), "activation_for_error")],
        ),
    ),
    unrolled_theta: (
        Mistake(
            "the penalty on the biases",
            "Theta1_grad[:, 1:] += lambda_ / m * Theta1[:, 1:]\n    Theta2_grad[:, 1:] += lambda_ / m * Theta2[:, 1:]",
            "Theta1_grad += lambda_ / m * Theta1\n    Theta2_grad += lambda_ / m * Theta2",
            [("(27)", (3, 2), "l2_on_biases")],
        ),
        Mistake(
            "sigmoid_gradient of a2",
            "sigmoid_gradient(z2)",
            "sigmoid_gradient(a2[:, 1:])",
            [("(22)", (2,), "hidden_derivative_at_activation")],
        ),
        Mistake(
            "the wrong column taken from Theta2",
            "(d3 @ Theta2[:, 1:])",
            "(d3 @ Theta2[:, :-1])",
            [("(22)", (2,), "bias_among_weights")],
        ),
    ),
    new_params: (
        Mistake(
            "only the sigmoid for the derivative of swish",
            "return sigmoid(z) + z * sigmoid(z) * (1 - sigmoid(z))",
            "return sigmoid(z)",
            [("(22)", (3, 2), "silu_derivative_incomplete")],
        ),
        Mistake(
            "the mean over the outputs too",
            "(x - y) / len(y)",
            "(x - y) / y.size",
            [("(6)", (), "mean_over_outputs")],
        ),
        Mistake(
            "the gradient of ‖a − y‖² for a half of it",
            "delta = (x - y)",
            "delta = 2 * (x - y)",
            [("(17)", (4,), "cost_factor_two")],
        ),
    ),
    squared_hinge: (
        Mistake(
            "the derivative of the usual tanh",
            "return 1.7159 * 2 / 3 * (1 - np.tanh(2 / 3 * z) ** 2)",
            "return 1 - np.tanh(z) ** 2",
            [("(22)", (3, 2), "derivative_of_another_activation")],
        ),
        Mistake(
            "the derivative without its constants",
            "return 1.7159 * 2 / 3 * (1 - np.tanh(2 / 3 * z) ** 2)",
            "return 1 - scaled_tanh(z) ** 2",
            [("(22)", (3, 2), "derivative_of_another_activation")],
        ),
        Mistake(
            "the bias row is not the first",
            "self.W[i][:-1].T",
            "self.W[i][1:].T",
            [("(22)", (3, 2), "bias_among_weights")],
        ),
    ),
    summed_gradients: (
        Mistake(
            "no slope on the way back",
            "np.where(self.x > 0, grad, self.negative_slope * grad)",
            "grad * (self.x > 0)",
            [("(22)", (2,), "leaky_slope_dropped")],
        ),
        Mistake(
            "the softmax differentiated twice",
            "return (self.probs - self.target) / np.float32(len(self.target))",
            "return (self.probs - self.target) * self.probs * (1 - self.probs) / np.float32(len(self.target))",
            [("(26)", (3,), "output_derivative_extra")],
        ),
        Mistake(
            "a transposed product",
            "return grad @ self.weight.data\n",
            "return grad @ self.weight.data.T\n",
            [("(22)", (2,), "weights_not_transposed")],
        ),
    ),
}  # fmt: skip


@cache
def source_of(name):
    return (FOLDER / f"{name}.py").read_text(encoding="utf-8")


def program(name, lines="", instead=""):
    """The module of a program, with some of its lines as they are or replaced by others."""
    source = source_of(name)
    if lines:
        assert source.count(lines) == 1, lines
        source = source.replace(lines, instead)
    module = ModuleType(name)
    exec(compile(source, str(FOLDER / f"{name}.py"), "exec"), vars(module))
    return module
