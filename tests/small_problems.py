"""Small problems with subjects of known answers, and how they are asked and diagnosed."""

import numpy as np

from minibp import Network, Problem, batched
from minibp.check.diagnosis.findings import diagnose
from minibp.check.diagnosis.stability import excess
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import FaultInstance, FaultyBackprop
from minibp.check.rounding.arithmetic import arithmetic_of
from minibp.check.subject.calling import call


def asking(subject):
    return lambda problem: call(subject, problem).gradient


def own(problem):
    """The package's own gradient in float64."""
    exact = problem.astype("float64")
    return batched.backprop(exact.network, exact.cost, exact.x, exact.y, exact.l2).gradient


def changed(gradient, change, layer=2, tensor="nabla_b"):
    arrays = list(getattr(gradient, tensor))
    arrays[layer - 2] = change(arrays[layer - 2])
    return gradient._replace(**{tensor: tuple(arrays)})


def found_in(subject, *problems):
    return diagnose(asking(subject), problems, arithmetic_of("float64"), "it")


def linear(weights, biases, x, y):
    """The right gradient of one identity layer and the quadratic cost."""
    delta = x @ weights[0].T + biases[0] - y
    return [delta.T @ x / len(x)], [delta.mean(0)]


def layer_of(x, delta, b=1.0):
    """One identity layer with W = 0 and one output for each entry of δ, which a − y is."""
    x, delta = np.atleast_2d(np.asarray(x, float)), np.atleast_2d(np.asarray(delta, float))
    network = Network([np.zeros((delta.shape[1], x.shape[1]))], [np.full(delta.shape[1], b)], "identity")
    return Problem(network, "quadratic", x, b - delta)


def small_problem(biases=None, sizes=(3, 3, 3, 3), m=1, l2=0.0):
    """Three layers of three tanh neurons; `biases` by layer where they are not drawn."""
    rng = np.random.default_rng(4)
    drawn = Network.random(list(sizes), "tanh", rng=rng)
    given = [(biases or {}).get(layer, b) for layer, b in enumerate(drawn.biases, start=2)]
    network = Network(drawn.weights, given, "tanh")
    return Problem(network, "quadratic", rng.standard_normal((m, sizes[0])), rng.standard_normal((m, sizes[-1])), l2)


def tanh_with(*faults, l2=0.0):
    return FaultyBackprop(faults, "tanh", None, "quadratic", l2)


def placed(name, *layers):
    return FaultInstance(CATALOGUE[name], layers)


def drawn_problem(sizes=(2, 3, 2), m=1, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    network = Network.random(list(sizes), "sigmoid", "sigmoid", dtype, rng)
    x, y = rng.standard_normal((m, sizes[0])), rng.random((m, sizes[-1]))
    return Problem(network, "quadratic", x.astype(dtype), y.astype(dtype))


def still(w=0.75, outputs=1):
    """A problem whose right gradient is 0, exactly and also nearby: an answer is its own error."""
    network = Network([np.full((outputs, 1), w)], [np.zeros(outputs)], "identity")
    return Problem(network, "quadratic", [[0.0]], np.zeros((1, outputs)))


def spread_of(problem):
    return excess(problem, own(problem))[1]
