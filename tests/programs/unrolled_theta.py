"""One vector of parameters, unrolled column by column, bias columns first; cost and gradient are returned together."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_gradient(z):
    g = sigmoid(z)
    return g * (1 - g)


def rand_initialize_weights(l_in, l_out, epsilon_init=0.5):
    return np.random.rand(l_out, 1 + l_in) * 2 * epsilon_init - epsilon_init


def nn_cost_function(nn_params, input_layer_size, hidden_layer_size, num_labels, X, y, lambda_):
    split = hidden_layer_size * (input_layer_size + 1)
    Theta1 = nn_params[:split].reshape((hidden_layer_size, input_layer_size + 1), order="F")
    Theta2 = nn_params[split:].reshape((num_labels, hidden_layer_size + 1), order="F")
    m = X.shape[0]
    Y = np.eye(num_labels)[y]

    a1 = np.c_[np.ones(m), X]
    z2 = a1 @ Theta1.T
    a2 = np.c_[np.ones(m), sigmoid(z2)]
    z3 = a2 @ Theta2.T
    a3 = sigmoid(z3)

    J = np.sum(-Y * np.log(a3) - (1 - Y) * np.log(1 - a3)) / m
    J += lambda_ / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))

    d3 = a3 - Y
    d2 = (d3 @ Theta2[:, 1:]) * sigmoid_gradient(z2)
    Theta1_grad = d2.T @ a1 / m
    Theta2_grad = d3.T @ a2 / m
    Theta1_grad[:, 1:] += lambda_ / m * Theta1[:, 1:]
    Theta2_grad[:, 1:] += lambda_ / m * Theta2[:, 1:]
    grad = np.r_[Theta1_grad.ravel(order="F"), Theta2_grad.ravel(order="F")]
    return J, grad


def train(X, y, hidden_layer_size, num_labels, lambda_=0.1, alpha=1.0, iterations=100):
    n = X.shape[1]
    Theta1, Theta2 = (
        rand_initialize_weights(n, hidden_layer_size),
        rand_initialize_weights(hidden_layer_size, num_labels),
    )
    nn_params = np.r_[Theta1.ravel(order="F"), Theta2.ravel(order="F")]
    costs = []
    for _ in range(iterations):
        J, grad = nn_cost_function(nn_params, n, hidden_layer_size, num_labels, X, y, lambda_)
        nn_params = nn_params - alpha * grad
        costs.append(J)
    return costs
