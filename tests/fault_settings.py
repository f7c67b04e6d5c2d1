"""Problems on which faults are told apart: well-conditioned, of unequal and of equal widths."""

import numpy as np

from minibp import Network, Problem, per_example
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import run_pass
from minibp.check.faults.pass_state import PassState
from minibp.check.rounding.arithmetic import arithmetic_of
from minibp.check.rounding.running_error import explains

SETTINGS = [
    ("sigmoid", "sigmoid", "quadratic"),
    ("tanh", "softmax", "quadratic"),
    ("leaky_relu", "sigmoid", "cross_entropy"),
    ("silu", "softmax", "categorical_cross_entropy"),
    ("elu", "identity", "huber"),
]
OF_OUTPUTS = [
    ("tanh", "tanh", "quadratic"),
    ("relu", "elu", "quadratic"),
    ("tanh", "silu", "huber"),
    ("sigmoid", "leaky_relu", "quadratic"),
]
"""Outputs of which σ' has faults of its own."""


def settings_of(name):
    """The settings where a fault may show: with the output that its name speaks of, or one of several."""
    own = [
        setting for setting in OF_OUTPUTS if name.startswith(("output_", "cost_gradient")) and setting[1][:4] in name
    ]
    own += [OF_OUTPUTS[-1]] * (name == "output_slope_of_derivative_differs")
    return own or SETTINGS


def problems_of(activation, output, cost, l2=0.7, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    found = []
    for sizes in ([3] * 5, [4] * 5, [2, 5, 3, 4, 3]):
        network = Network.random(sizes, activation, output, dtype, rng)
        y = rng.random((3, sizes[-1]))
        if output == "softmax":
            y /= y.sum(1, keepdims=True)
        x = rng.standard_normal((3, sizes[0])).astype(dtype)
        found.append(Problem(network, cost, x, y.astype(dtype), l2))
    return found


def square_problem(activation, output="sigmoid", cost="quadratic"):
    return problems_of(activation, output, cost)[1]


def narrowing_problem(activation, output="sigmoid", cost="quadratic"):
    """Four layers with parameters, of which no two neighbours are equally wide."""
    return problems_of(activation, output, cost)[2]


def answer(subject, problem):
    network = problem.network
    return subject(list(network.weights), list(network.biases), problem.x, problem.y)


class Columns:
    """One example of a pass without faults, in column vectors as the article has them, by minibp.per_example."""

    def __init__(self, problem, row):
        network = problem.network
        passed = per_example.backprop(network, problem.cost, problem.x, problem.y)
        self.x, self.y = problem.x[row], problem.y[row]
        self.w, self.b = dict(enumerate(network.weights, 2)), dict(enumerate(network.biases, 2))
        self.z = {layer: z[row] for layer, z in enumerate(passed.z, 2)}
        self.a = {layer: a[row] for layer, a in enumerate(passed.a, 1)}
        self.delta = {layer: delta[row] for layer, delta in enumerate(passed.delta, 2)}
        self.sigma = {layer: activation.value for layer, activation in enumerate(network.activations, 2)}
        self.prime = {layer: activation.prime for layer, activation in enumerate(network.activations, 2)}
        self.back = {layer: w.T @ self.delta[layer] for layer, w in self.w.items()}
        """(W^l)ᵀ δ^l."""


def state_of(problem):
    """A pass without faults, in running-error numbers."""
    p = PassState(problem, arithmetic_of("float64"))
    run_pass(p)
    return p


def of_equations(*equations):
    """The ids of the faults of these equations."""
    return {fault.id for fault in CATALOGUE.values() if fault.equation in equations}


def results(name, problem, layer):
    """The results of a fault's formulas, in running-error numbers."""
    p = state_of(problem)
    return [formula(p, layer) for formula in CATALOGUE[name].formulas]


def assert_rows(result, expected, right):
    """A row of the result for each example, within its bound of what is expected, and not of the right one."""
    assert len(result.value) == len(expected)
    for row, column in enumerate(expected):
        assert explains(result[row], column)
    assert not all(explains(result[row], column) for row, column in enumerate(right))
