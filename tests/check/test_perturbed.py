import numpy as np

from minibp import Network, Problem
from minibp.check import perturbed

RNG = np.random.default_rng(0)
PROBLEM = Problem(
    Network.random([3, 4, 5, 2], "tanh", "softmax", rng=0), "quadratic", RNG.random((6, 3)), RNG.random((6, 2))
)


def test_a_pass_with_one_changed_column_is_a_whole_pass_of_the_changed_network():
    base = perturbed.forward(PROBLEM, np.float64)
    for i in range(3):
        for move in perturbed.moves(PROBLEM, base, i):
            costs, seen = perturbed.responses(PROBLEM, base, i, move.j, 0.01 * move.dz)
            assert costs.shape == move.dz.shape
            assert set(seen) == set(range(min(i + 1, 2), 3))
            for p in range(0, len(move.j), 3):
                weights = [w.copy() for w in PROBLEM.network.weights]
                biases = [b.copy() for b in PROBLEM.network.biases]
                if move.k[p] == PROBLEM.network.sizes[i]:
                    biases[i][move.j[p]] += 0.01
                else:
                    weights[i][move.j[p], move.k[p]] += 0.01
                changed = Problem(
                    Network(weights, biases, PROBLEM.network.activations), "quadratic", PROBLEM.x, PROBLEM.y
                )
                whole = perturbed.forward(changed, np.float64)
                want = changed.cost.value_at(whole.z[-1], whole.a[-1], changed.y, changed.network.activations[-1])
                assert np.allclose(costs[p], want, rtol=1e-13)
                assert np.allclose(seen[2][p], whole.z[2], rtol=1e-12)


def test_moves_cover_every_parameter_once_in_batches(monkeypatch):
    base = perturbed.forward(PROBLEM, np.float64)
    monkeypatch.setattr(perturbed, "CHUNK_ENTRIES", 200)
    for i, w in enumerate(PROBLEM.network.weights):
        batches = list(perturbed.moves(PROBLEM, base, i, copies=2))
        assert len(batches) > 1
        places = [(int(j), int(k)) for batch in batches for j, k in zip(batch.j, batch.k, strict=True)]
        assert sorted(places) == [(j, k) for j in range(w.shape[0]) for k in range(w.shape[1] + 1)]


def test_crossings_are_seen_in_the_neuron_itself_and_behind_it():
    network = Network([[[1.0]], [[1.0]], [[1.0]]], [[0.0], [-2.0], [0.0]], ["relu", "relu", "identity"])
    problem = Problem(network, "quadratic", [[1.0], [3.0]], [[0.0], [0.0]])
    base = perturbed.forward(problem, np.float64)
    dz = np.array([[0.5, -3.5], [1.5, -1.5], [0.0, 0.5]])  # z² is 1 and 3, z³ is −1 and 1
    _, seen = perturbed.responses(problem, base, 0, np.zeros(3, int), dz)
    crossed = perturbed.crossings(problem, base, 0, np.zeros(3, int), dz, seen)
    assert crossed.tolist() == [[False, True], [True, True], [False, False]]
