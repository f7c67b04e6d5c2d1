import numpy as np
import pytest

from minibp.training.presets import PRESETS

SIZES = (784, 30, 10)


def test_hyper_parameters_are_the_sources():
    quadratic, cross_entropy = PRESETS["quadratic"], PRESETS["cross-entropy"]
    assert (quadratic.cost, quadratic.eta, quadratic.l2) == ("quadratic", 3.0, 0.0)
    assert (cross_entropy.cost, cross_entropy.eta, cross_entropy.l2) == ("cross_entropy", 0.5, 5.0)
    for preset in PRESETS.values():
        assert (preset.hidden, preset.epochs, preset.batch_size) == ((30,), 30, 10)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_networks_begin_as_the_sources(name, dtype):
    network = PRESETS[name].network(SIZES, dtype, np.random.default_rng(0))
    assert (network.sizes, network.dtype) == (SIZES, dtype)
    assert all(activation.name == "sigmoid" for activation in network.activations)
    spread = 1 / np.sqrt(784) if name == "cross-entropy" else 1.0
    # The deviation of n normal numbers is known to within some 1/√(2n), here 0.5 %.
    assert network.weights[0].std() == pytest.approx(spread, rel=0.03)
    assert network.biases[0].std() == pytest.approx(1, rel=0.5)
    again = PRESETS[name].network(SIZES, dtype, np.random.default_rng(0))
    assert again == network
