from itertools import chain

import numpy as np

from minibp import Network, Problem
from minibp.check.oracles import perturbation
from minibp.check.problem_stack import Stack

RNG = np.random.default_rng(0)


def problem_of(seed):
    network = Network.random([3, 4, 5, 2], "tanh", "softmax", rng=seed)
    return Problem(network, "quadratic", RNG.random((6, 3)), RNG.random((6, 2)))


PROBLEMS = [problem_of(seed) for seed in range(2)]
STACK = Stack.of(PROBLEMS)


def test_a_pass_with_one_changed_column_is_a_whole_pass_of_the_changed_network():
    base = perturbation.forward(STACK, np.float64)
    for i in range(3):
        for move in chain(perturbation.weights(STACK, base, i), perturbation.biases(STACK, base, i)):
            dz = np.array([0.01, -0.02])[:, None, None] * move.dz[:, None]
            costs, perturbed = perturbation.responses(STACK, base, i, move.j, dz)
            assert costs.shape == (2, 2, len(move.j), 6)
            assert set(perturbed) == set(range(min(i + 1, 2), 3))
            for s, problem in enumerate(PROBLEMS):
                for p in range(0, len(move.j), 3):
                    weights = [w.copy() for w in problem.network.weights]
                    biases = [b.copy() for b in problem.network.biases]
                    if move.k[p] == problem.network.sizes[i]:
                        biases[i][move.j[p]] += -0.02
                    else:
                        weights[i][move.j[p], move.k[p]] += -0.02
                    network = Network(weights, biases, problem.network.activations)
                    changed = Stack.of([Problem(network, "quadratic", problem.x, problem.y)])
                    whole = perturbation.forward(changed, np.float64)
                    assert np.allclose(costs[s, 1, p], perturbation.costs_at(changed, whole.z[-1])[0], rtol=1e-13)
                    assert np.allclose(perturbed[2][s, 1, p], whole.z[2], rtol=1e-12)


def test_moves_cover_every_parameter_once_in_batches():
    base = perturbation.forward(STACK, np.float64)
    for i, w in enumerate(PROBLEMS[0].network.weights):
        kinds = perturbation.weights, perturbation.biases
        weights, biases = (list(kind(STACK, base, i, copies=2, chunk_bytes=2000)) for kind in kinds)
        assert len(weights) > 1
        places = [(int(j), int(k)) for batch in weights + biases for j, k in zip(batch.j, batch.k, strict=True)]
        assert sorted(places) == [(j, k) for j in range(w.shape[0]) for k in range(w.shape[1] + 1)]


def test_crossings_are_seen_in_the_neuron_itself_and_behind_it():
    network = Network([[[1.0]], [[1.0]], [[1.0]]], [[0.0], [-2.0], [0.0]], ["relu", "relu", "identity"])
    stack = Stack.of([Problem(network, "quadratic", [[1.0], [3.0]], [[0.0], [0.0]])])
    base = perturbation.forward(stack, np.float64)
    dz = np.array([[[[0.5, -3.5], [1.5, -1.5], [0.0, 0.5]]]])  # z² is 1 and 3, z³ is −1 and 1
    _, perturbed = perturbation.responses(stack, base, 0, np.zeros(3, int), dz)
    crossed = perturbation.crossings(stack, base, 0, np.zeros(3, int), dz, perturbed)
    assert crossed.tolist() == [[[[False, True], [True, True], [False, False]]]]
