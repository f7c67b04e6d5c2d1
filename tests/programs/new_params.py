"""Pure functions of a list of pairs (w, b): update returns new parameters. Swish, and a linear output."""

import numpy as np


def init_params(sizes, scale=0.5):
    rng = np.random.default_rng(0)
    return [(scale * rng.standard_normal((m, n)), np.zeros(n)) for m, n in zip(sizes[:-1], sizes[1:])]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def swish(z):
    return z * sigmoid(z)


def swish_prime(z):
    return sigmoid(z) + z * sigmoid(z) * (1 - sigmoid(z))


def predict(params, x):
    for w, b in params[:-1]:
        x = swish(x @ w + b)
    w, b = params[-1]
    return x @ w + b


def loss(params, batch):
    x, y = batch
    return 0.5 * np.mean(np.sum((predict(params, x) - y) ** 2, axis=1))


def grad_loss(params, batch):
    x, y = batch
    inputs, zs = [], []
    for i, (w, b) in enumerate(params):
        inputs.append(x)
        zs.append(x @ w + b)
        x = swish(zs[-1]) if i < len(params) - 1 else zs[-1]
    delta = (x - y) / len(y)
    grads = []
    for i in reversed(range(len(params))):
        grads.append((inputs[i].T @ delta, delta.sum(axis=0)))
        if i > 0:
            delta = delta @ params[i][0].T * swish_prime(zs[i - 1])
    return grads[::-1]


def update(params, x, y, step_size=0.05):
    grads = grad_loss(params, (x, y))
    return [(w - step_size * dw, b - step_size * db) for (w, b), (dw, db) in zip(params, grads)]
