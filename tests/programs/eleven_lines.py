"""A network in a few lines: two matrices (n_in, n_out), no biases, sums over the examples, `+=` at once."""

import numpy as np


def nonlin(x, deriv=False):
    if deriv:
        return x * (1 - x)
    return 1 / (1 + np.exp(-x))


def synapses(n_input, n_hidden, n_output):
    return [2 * np.random.random((n_input, n_hidden)) - 1, 2 * np.random.random((n_hidden, n_output)) - 1]


def learn(syn, X, y):
    syn0, syn1 = syn
    l0 = X
    l1 = nonlin(np.dot(l0, syn0))
    l2 = nonlin(np.dot(l1, syn1))
    l2_error = y - l2
    l2_delta = l2_error * nonlin(l2, deriv=True)
    l1_error = l2_delta.dot(syn1.T)
    l1_delta = l1_error * nonlin(l1, deriv=True)
    syn1 += l1.T.dot(l2_delta)
    syn0 += l0.T.dot(l1_delta)
    return np.mean(np.abs(l2_error))


def train(X, y, iterations=2000):
    syn = synapses(X.shape[1], 4, y.shape[1])
    return [learn(syn, X, y) for _ in range(iterations)]
