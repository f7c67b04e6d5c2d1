"""Modules in float32 whose gradients add up until zero_grad: leaky ReLU with 0.2, softmax, one-hot rows."""

import numpy as np


class Parameter:
    def __init__(self, data):
        self.data = data.astype(np.float32)
        self.grad = np.zeros_like(self.data)


class Linear:
    def __init__(self, in_features, out_features):
        k = 1 / np.sqrt(in_features)
        self.weight = Parameter(np.random.uniform(-k, k, (out_features, in_features)))
        self.bias = Parameter(np.random.uniform(-k, k, out_features))

    def forward(self, x):
        self.x = x
        return x @ self.weight.data.T + self.bias.data

    def backward(self, grad):
        self.weight.grad += grad.T @ self.x
        self.bias.grad += grad.sum(axis=0)
        return grad @ self.weight.data

    def parameters(self):
        return [self.weight, self.bias]


class LeakyReLU:
    def __init__(self, negative_slope=0.2):
        self.negative_slope = np.float32(negative_slope)

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.negative_slope * x)

    def backward(self, grad):
        return np.where(self.x > 0, grad, self.negative_slope * grad)

    def parameters(self):
        return []


class Sequential:
    def __init__(self, *layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad

    def parameters(self):
        return [p for layer in self.layers for p in layer.parameters()]

    def zero_grad(self):
        for p in self.parameters():
            p.grad[...] = 0


class CrossEntropyLoss:
    def forward(self, logits, target):
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.probs, self.target = np.exp(log_probs), target
        return -(target * log_probs).sum() / len(target)

    def backward(self):
        return (self.probs - self.target) / np.float32(len(self.target))


class SGD:
    def __init__(self, params, lr):
        self.params, self.lr = params, np.float32(lr)

    def step(self):
        for p in self.params:
            p.data -= self.lr * p.grad


def mlp(n_in, n_hidden, n_out):
    return Sequential(Linear(n_in, n_hidden), LeakyReLU(), Linear(n_hidden, n_out))


def loss_backward(model, x, y):
    criterion = CrossEntropyLoss()
    loss = criterion.forward(model.forward(x), y)
    model.backward(criterion.backward())
    return loss


def fit(model, x, y, epochs=50, lr=0.5):
    optimizer = SGD(model.parameters(), lr)
    losses = []
    for _ in range(epochs):
        model.zero_grad()
        losses.append(loss_backward(model, x, y))
        optimizer.step()
    return losses
