"""Problems, files and expectations that several files of tests share."""

import math

import numpy as np

from minibp import Network, Problem, batched
from minibp.check.layout import row_of_gradient
from minibp.check.rounding.whole_pass import arithmetic_of, bound
from minibp.network import Gradient

# 2-2-1 by hand, with identities, so that every number can be followed with a pencil:
# z² = (1·1 + 2·2 + 1, 0·1 + 1·2 − 1) = (6, 1), z³ = 3·6 − 1·1 + 2 = 19, C = ½ (19 − 10)² = 40.5
NETWORK = Network([[[1.0, 2.0], [0.0, 1.0]], [[3.0, -1.0]]], [[1.0, -1.0], [2.0]], "identity")


X, Y = np.array([[1.0, 2.0]]), np.array([[10.0]])


def check_by_hand(form):
    found = form.backprop(NETWORK, "quadratic", X, Y, l2=2.0)
    assert [z.tolist() for z in found.z] == [[[6.0, 1.0]], [[19.0]]]
    assert [a.tolist() for a in found.a] == [[[1.0, 2.0]], [[6.0, 1.0]], [[19.0]]]
    assert [delta.tolist() for delta in found.delta] == [[[27.0, -9.0]], [[9.0]]]
    assert [b.tolist() for b in found.gradient.nabla_b] == [[27.0, -9.0], [9.0]]
    # δ aᵀ + 2 W
    assert [w.tolist() for w in found.gradient.nabla_w] == [[[29.0, 58.0], [-9.0, -16.0]], [[60.0, 7.0]]]
    assert found.cost == 40.5 + (1 + 4 + 0 + 1 + 9 + 1)


def problem_of(
    sizes, hidden="sigmoid", output="sigmoid", cost="cross_entropy", dtype="float64", m=7, l2=0.0, scale=1.0
):
    rng = np.random.default_rng(math.prod(sizes) + m)
    network = Network.random(sizes, hidden, output, dtype, rng)
    y = rng.dirichlet(np.ones(sizes[-1]), m)
    return Problem(network, cost, scale * rng.standard_normal((m, sizes[0])), y, l2)


def saturated(output, cost, dtype):
    """Hidden neurons at z = −10,000, where e^−z overflows and σ'(z) is 0."""
    network = Network([[[-1e4], [1.0]], [[1.0, 2.0], [1.0, 2.0]]], [[0.0, 0.0], [-1e4, 1.0]], "sigmoid", output)
    return Problem(network.astype(dtype), cost, [[1.0], [0.5]], [[1.0, 0.0], [0.0, 1.0]])


ETA, DECAY = 0.3, 0.01


def parameters(network):
    return row_of_gradient(Gradient(network.weights, network.biases))


def expected(problem, decay):
    """The plain form of (28) and (29), and how far rounding may take any form of it.

    That is η times the bound of the gradient, and four roundings of each number that is added.
    """
    network = problem.network
    gradient = batched.backprop(network, problem.cost, problem.x, problem.y).gradient
    kept = Gradient(tuple((1 - decay) * w for w in network.weights), network.biases)
    limit = row_of_gradient(bound(problem, arithmetic_of(problem.dtype)).gradient)
    assert np.isfinite(limit).all()  # any number is within an infinite one
    sizes = np.abs(row_of_gradient(kept)) + ETA * np.abs(row_of_gradient(gradient))
    return row_of_gradient(kept) - ETA * row_of_gradient(gradient), 2 * ETA * limit + 4 * np.finfo(
        problem.dtype
    ).eps * sizes


def idx(array):
    """The bytes of an IDX file."""
    array = np.asarray(array, np.uint8)
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()
