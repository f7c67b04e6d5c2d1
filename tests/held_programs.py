"""Programs that hold their parameters in objects, in the styles that people write; each right, or with one mistake.

A mistake is an attribute of the class, so that a subclass makes it: "hidden" (no σ' in hidden layers), "output" (none
in the last), "transposed" (W for its transpose), "summed" (∂C/∂b is not averaged), "early" (weights updated too early).
"""

import math
from collections import OrderedDict
from itertools import pairwise

import numpy as np

RATE = 0.25


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def with_mistake(program, mistake):
    return type(program.__name__, (program,), {"mistake": mistake, "__module__": program.__module__})


class Slopes:
    """σ' and W as a program with a mistake has them."""

    mistake = None

    def output_slope(self, a):
        return 1.0 if self.mistake == "output" else a * (1 - a)

    def hidden_slope(self, a):
        return 1.0 if self.mistake == "hidden" else a * (1 - a)

    def back(self, w):
        return w.T if self.mistake == "transposed" else w

    def bias_count(self, m):
        return 1 if self.mistake == "summed" else m


class Wrapped(Slopes):
    """What someone writes by hand to check a program: the same mistakes in a function of weights and biases."""

    def __call__(self, weights, biases, x, y):
        activations, nabla_w, nabla_b = [x], [], []
        for w, b in zip(weights, biases, strict=True):
            activations.append(sigmoid(activations[-1] @ w.T + b))
        delta = (activations[-1] - y) * self.output_slope(activations[-1])
        for i in reversed(range(len(weights))):
            nabla_w.insert(0, delta.T @ activations[i] / len(x))
            nabla_b.insert(0, delta.sum(0) / self.bias_count(len(x)))
            w = weights[i] - RATE * nabla_w[0] if self.mistake == "early" else weights[i]
            delta = delta @ self.back(w) * self.hidden_slope(activations[i])
        return nabla_w, nabla_b


class Attributes(Slopes):
    """W1 (n_in, n_out) and b1 (1, n) as attributes, dW1 and db1 beside them; three numbers make it."""

    def __init__(self, n_in, n_hidden, n_out):
        rng = np.random.default_rng(0)
        self.n_hidden = n_hidden
        self.W1 = rng.standard_normal((n_in, n_hidden)) * 0.01
        self.b1 = np.zeros((1, n_hidden))
        self.W2 = rng.standard_normal((n_hidden, n_out)) * 0.01
        self.b2 = np.zeros((1, n_out))

    def forward(self, X):
        self.z1 = X @ self.W1 + self.b1
        self.a1 = sigmoid(self.z1)
        self.z2 = self.a1 @ self.W2 + self.b2
        self.a2 = sigmoid(self.z2)
        return self.a2

    def backward(self, X, y):
        m = len(X)
        self.forward(X)
        dz2 = (self.a2 - y) * self.output_slope(self.a2)
        self.dW2 = self.a1.T @ dz2 / m
        self.db2 = dz2.sum(axis=0, keepdims=True) / self.bias_count(m)
        dz1 = dz2 @ self.back(self.W2.T) * self.hidden_slope(self.a1)
        self.dW1 = X.T @ dz1 / m
        self.db1 = dz1.sum(axis=0, keepdims=True) / self.bias_count(m)


class Dense:
    """A layer in slots, which keeps what went through it."""

    __slots__ = ("biases", "grad_b", "grad_w", "inputs", "network", "output", "weights")

    def __init__(self, n_in, n_out, network, rng):
        self.network = network
        self.weights = rng.standard_normal((n_out, n_in))
        self.biases = np.zeros(n_out)
        self.grad_w = np.zeros_like(self.weights)
        self.grad_b = np.zeros_like(self.biases)

    def forward(self, inputs):
        self.inputs = inputs
        self.output = sigmoid(inputs @ self.weights.T + self.biases)
        return self.output

    def backward(self, grad_output, slope):
        delta = grad_output * slope(self.output)
        self.grad_w[:] = delta.T @ self.inputs / len(delta)
        self.grad_b[:] = delta.sum(0) / self.network.bias_count(len(delta))
        return delta @ self.network.back(self.weights)


class LayerObjects(Slopes):
    """A list of layers, each with its gradient; the layers know their network."""

    def __init__(self, sizes):
        rng = np.random.default_rng(0)
        self.sizes = sizes
        self.layers = [Dense(a, b, self, rng) for a, b in pairwise(sizes)]

    def train_step(self, x, y):
        for layer in self.layers:
            x = layer.forward(x)
        grad, slope = x - y, self.output_slope
        for layer in reversed(self.layers):
            grad, slope = layer.backward(grad, slope), self.hidden_slope


class ParamsDict(Slopes):
    """parameters["W1"] and gradients["dW1"] for examples as columns, with caches beside them."""

    def __init__(self, layer_dims):
        rng = np.random.default_rng(0)
        self.parameters, self.cache, self.gradients = {}, {}, {}
        for l in range(1, len(layer_dims)):
            self.parameters[f"W{l}"] = rng.standard_normal((layer_dims[l], layer_dims[l - 1])) * 0.01
            self.parameters[f"b{l}"] = np.zeros((layer_dims[l], 1))

    def propagate(self, X, Y):
        L, m = len(self.parameters) // 2, X.shape[1]
        A = self.cache["A0"] = X
        for l in range(1, L + 1):
            self.cache[f"Z{l}"] = np.dot(self.parameters[f"W{l}"], A) + self.parameters[f"b{l}"]
            A = self.cache[f"A{l}"] = sigmoid(self.cache[f"Z{l}"])
        dA = A - Y
        for l in range(L, 0, -1):
            A, slope = self.cache[f"A{l}"], self.output_slope if l == L else self.hidden_slope
            dZ = dA * slope(A)
            self.gradients[f"dW{l}"] = np.dot(dZ, self.cache[f"A{l - 1}"].T) / m
            self.gradients[f"db{l}"] = np.sum(dZ, axis=1, keepdims=True) / self.bias_count(m)
            dA = np.dot(self.back(self.parameters[f"W{l}"].T), dZ)


class Updating(Slopes):
    """Steps at once by self.lr, giving its attributes new arrays."""

    def __init__(self, sizes, lr=RATE):
        rng = np.random.default_rng(0)
        self.lr = lr
        self.weights = [rng.standard_normal((b, a)) for a, b in pairwise(sizes)]
        self.biases = [np.zeros(b) for b in sizes[1:]]

    def fit_batch(self, x, y):
        activations = [x]
        for w, b in zip(self.weights, self.biases, strict=True):
            activations.append(sigmoid(activations[-1] @ w.T + b))
        delta = (activations[-1] - y) * self.output_slope(activations[-1])
        new_weights, new_biases = [], []
        for i in reversed(range(len(self.weights))):
            new_weights.insert(0, self.weights[i] - self.lr * delta.T @ activations[i] / len(x))
            new_biases.insert(0, self.biases[i] - self.lr * delta.sum(0) / self.bias_count(len(x)))
            w = new_weights[0] if self.mistake == "early" else self.weights[i]
            delta = delta @ self.back(w) * self.hidden_slope(activations[i])
        self.weights, self.biases = new_weights, new_biases


class Augmented(Slopes):
    """Theta with the biases as its first column, as in a course in Octave."""

    def __init__(self, sizes):
        rng = np.random.default_rng(0)
        self.Theta = [rng.uniform(-0.12, 0.12, (b, a + 1)) for a, b in pairwise(sizes)]

    def gradients(self, X, y):
        m = len(X)
        ones = np.ones((m, 1))
        inputs, a = [], X
        for theta in self.Theta:
            inputs.append(np.hstack([ones, a]))
            a = sigmoid(inputs[-1] @ theta.T)
        delta = (a - y) * self.output_slope(a)
        self.Theta_grad = []
        for i in reversed(range(len(self.Theta))):
            self.Theta_grad.insert(0, delta.T @ inputs[i] / m)
            delta = delta @ self.back(self.Theta[i][:, 1:]) * self.hidden_slope(inputs[i][:, 1:])


class PurePython(Slopes):
    """Lists of numbers alone, one example at a time."""

    def __init__(self, sizes):
        self.sizes = sizes
        self.weights = [[[0.1] * a for _ in range(b)] for a, b in pairwise(sizes)]
        self.biases = [[0.0] * b for b in sizes[1:]]
        self.nabla_w = [[[0.0] * a for _ in range(b)] for a, b in pairwise(sizes)]
        self.nabla_b = [[0.0] * b for b in sizes[1:]]

    def learn(self, x, y):
        outputs = [[float(value) for value in x]]
        for rows, b in zip(self.weights, self.biases, strict=True):
            zs = [sum(w * a for w, a in zip(row, outputs[-1], strict=True)) + c for row, c in zip(rows, b, strict=True)]
            outputs.append([1 / (1 + math.exp(-z)) if z > -700 else 0.0 for z in zs])
        deltas = [(a - float(t)) * self.output_slope(a) for a, t in zip(outputs[-1], y, strict=True)]
        for l in reversed(range(len(self.weights))):
            for j, delta in enumerate(deltas):
                self.nabla_b[l][j] = delta
                for k, a in enumerate(outputs[l]):
                    self.nabla_w[l][j][k] = delta * a
            back = [0.0] * len(outputs[l])
            for k in range(len(back)):
                for j, delta in enumerate(deltas):
                    w = self.weights[l][k][j] if self.mistake == "transposed" else self.weights[l][j][k]
                    back[k] += w * delta
            deltas = [d * self.hidden_slope(a) for d, a in zip(back, outputs[l], strict=True)]


class NoBiases(Slopes):
    """Two matrices with the names of what they join."""

    def __init__(self, n_in, n_hidden, n_out):
        rng = np.random.default_rng(0)
        self.weights_input_hidden = rng.standard_normal((n_in, n_hidden))
        self.weights_hidden_output = rng.standard_normal((n_hidden, n_out))
        self.weight_deltas = [None, None]

    def train(self, x, y):
        hidden = sigmoid(x @ self.weights_input_hidden)
        output = sigmoid(hidden @ self.weights_hidden_output)
        output_error = (output - y) * self.output_slope(output)
        hidden_error = output_error @ self.weights_hidden_output.T * self.hidden_slope(hidden)
        self.weight_deltas = [x.T @ hidden_error / len(x), hidden.T @ output_error / len(x)]


class Accumulating(Slopes):
    """Gradients add up in the object until zero_grad."""

    def __init__(self, sizes):
        rng = np.random.default_rng(0)
        self.weights = [rng.standard_normal((b, a)) for a, b in pairwise(sizes)]
        self.biases = [np.zeros(b) for b in sizes[1:]]
        self.zero_grad()

    def zero_grad(self):
        self.weight_grads = [np.zeros_like(w) for w in self.weights]
        self.bias_grads = [np.zeros_like(b) for b in self.biases]

    def backward(self, x, y):
        activations = [x]
        for w, b in zip(self.weights, self.biases, strict=True):
            activations.append(sigmoid(activations[-1] @ w.T + b))
        delta = (activations[-1] - y) * self.output_slope(activations[-1])
        for i in reversed(range(len(self.weights))):
            self.weight_grads[i] += delta.T @ activations[i] / len(x)
            self.bias_grads[i] += delta.sum(0) / self.bias_count(len(x))
            delta = delta @ self.back(self.weights[i]) * self.hidden_slope(activations[i])


class Returning(Slopes):
    """A dict of parameters alone; functions return the cost and a dict of gradients, in the order of the pass."""

    def __init__(self, sizes):
        rng = np.random.default_rng(0)
        self.params = OrderedDict()
        for l, (a, b) in enumerate(pairwise(sizes), 1):
            self.params["b", l] = np.zeros((1, b, 1))
            self.params["W", l] = rng.standard_normal((b, a, 1))

    def loss_and_grads(self, x, y):
        L, a = len(self.params) // 2, x
        kept = [x]
        for l in range(1, L + 1):
            a = sigmoid(a @ self.params["W", l][:, :, 0].T + self.params["b", l][0, :, 0])
            kept.append(a)
        cost, grads = ((a - y) ** 2).sum() / (2 * len(x)), {}
        delta = (a - y) * self.output_slope(a)
        for l in range(L, 0, -1):
            grads["W", l] = delta.T @ kept[l - 1] / len(x)
            grads["b", l] = delta.sum(0) / self.bias_count(len(x))
            delta = delta @ self.back(self.params["W", l][:, :, 0]) * self.hidden_slope(kept[l - 1])
        return cost, grads


class Network(Slopes):
    """Biases (n, 1), weights (n_out, n_in), one column a call; returns (nabla_b, nabla_w)."""

    def __init__(self, sizes):
        rng = np.random.default_rng(0)
        self.num_layers, self.sizes = len(sizes), sizes
        self.biases = [rng.standard_normal((y, 1)) for y in sizes[1:]]
        self.weights = [rng.standard_normal((y, x)) for x, y in pairwise(sizes)]

    def backprop(self, x, y):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        activation, activations = x, [x]
        for b, w in zip(self.biases, self.weights, strict=True):
            activation = sigmoid(np.dot(w, activation) + b)
            activations.append(activation)
        delta = (activations[-1] - y) * self.output_slope(activations[-1])
        nabla_b[-1], nabla_w[-1] = delta, np.dot(delta, activations[-2].T)
        for l in range(2, self.num_layers):
            delta = np.dot(self.back(self.weights[-l + 1].T), delta) * self.hidden_slope(activations[-l])
            nabla_b[-l], nabla_w[-l] = delta, np.dot(delta, activations[-l - 1].T)
        return nabla_b, nabla_w

    def update_mini_batch(self, mini_batch, eta):
        sums = [np.zeros(b.shape) for b in self.biases], [np.zeros(w.shape) for w in self.weights]
        for x, y in mini_batch:
            sums = tuple(
                [s + d for s, d in zip(*pair, strict=True)] for pair in zip(sums, self.backprop(x, y), strict=True)
            )
        m = len(mini_batch)
        self.weights = [w - (eta / m) * nw for w, nw in zip(self.weights, sums[1], strict=True)]
        self.biases = [b - (eta / self.bias_count(m)) * nb for b, nb in zip(self.biases, sums[0], strict=True)]


def one_column(net, x, y):
    return net.backprop(x[:, None], y[:, None])


def mini_batch(net, x, y):
    net.update_mini_batch([(row[:, None], target[:, None]) for row, target in zip(x, y, strict=True)], RATE)


class Adam(Attributes):
    """Moments of the shapes of the parameters, and copies of the best parameters so far."""

    def __init__(self, n_in, n_hidden, n_out):
        self.best_W1 = np.ones((n_in, n_hidden))
        super().__init__(n_in, n_hidden, n_out)
        names = ("W1", "b1", "W2", "b2")
        self.m = {name: np.ones_like(getattr(self, name)) for name in names}
        self.v = {f"d{name}": np.ones_like(getattr(self, name)) for name in names}
        self.sdW1 = np.ones_like(self.W1)
        self.velocity_b1 = np.ones_like(self.b1)
        self.mask = np.ones((1, n_hidden))


class SinglePrecision(Attributes):
    """Arrays of float32, and biases that are integers."""

    def __init__(self, n_in, n_hidden, n_out):
        super().__init__(n_in, n_hidden, n_out)
        self.W1, self.W2 = self.W1.astype(np.float32), self.W2.astype(np.float32)
        self.b1, self.b2 = np.zeros((1, n_hidden), int), np.zeros((1, n_out), int)
        self.W2.flags.writeable = False


class Affine:
    """A layer on the arrays that its network holds too."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout, back):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ back(self.W.T)


class SharedArrays(Slopes):
    """params and layers hold the same arrays; the hidden widths come as a list."""

    def __init__(self, input_size, hidden_sizes, output_size):
        rng = np.random.default_rng(0)
        sizes = [input_size, *hidden_sizes, output_size]
        self.params, self.layers = {}, OrderedDict()
        for i, (a, b) in enumerate(pairwise(sizes), 1):
            self.params[f"W{i}"], self.params[f"b{i}"] = rng.standard_normal((a, b)).astype(np.float32), np.zeros(b)
            self.layers[f"Affine{i}"] = Affine(self.params[f"W{i}"], self.params[f"b{i}"])

    def gradient(self, x, t):
        outs = []
        for layer in self.layers.values():
            x = sigmoid(layer.forward(x))
            outs.append(x)
        dout, slope = (x - t) / len(x), self.output_slope
        for layer in reversed(self.layers.values()):
            dout, slope = layer.backward(dout * slope(outs.pop()), self.back), self.hidden_slope
        return {
            key: grad
            for i, one in enumerate(self.layers.values(), 1)
            for key, grad in ((f"W{i}", one.dW), (f"b{i}", one.db))
        }


class KeptPass(Slopes):
    """Lists for the activations from the start, of the shapes that biases would have; an update by a momentum of 0."""

    def __init__(self, ni, nh, no):
        self.ai, self.ah, self.ao = [1.0] * ni, [1.0] * nh, [1.0] * no
        self.wi, self.wo = [[0.1] * nh for _ in range(ni)], [[0.1] * no for _ in range(nh)]
        self.ci, self.co = [[0.0] * nh for _ in range(ni)], [[0.0] * no for _ in range(nh)]

    def train(self, inputs, targets):
        self.ai[:] = [float(x) for x in inputs]
        self.ah[:] = [
            sigmoid(sum(a * row[j] for a, row in zip(self.ai, self.wi, strict=True))) for j in range(len(self.ah))
        ]
        self.ao[:] = [
            sigmoid(sum(a * row[k] for a, row in zip(self.ah, self.wo, strict=True))) for k in range(len(self.ao))
        ]
        deltas = [(a - t) * self.output_slope(a) for a, t in zip(self.ao, targets, strict=True)]
        hidden = [sum(d * w for d, w in zip(deltas, row, strict=True)) for row in self.wo]
        hidden = [d * self.hidden_slope(a) for d, a in zip(hidden, self.ah, strict=True)]
        for rows, changes, activations, errors in (
            (self.wo, self.co, self.ah, deltas),
            (self.wi, self.ci, self.ai, hidden),
        ):
            for row, change, a in zip(rows, changes, activations, strict=True):
                for k, d in enumerate(errors):
                    row[k] -= RATE * a * d
                    change[k] = a * d
