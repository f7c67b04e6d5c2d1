import numpy as np
import pytest

from minibp import Network, Training
from minibp.costs import cost_of
from minibp.training.scores import Examples
from minibp.training.standstill import got_saturated, moved, saturation, why_still

X = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[1.0], [0.0], [1.0]])
EXAMPLES, QUADRATIC = Examples(X, Y), cost_of("quadratic")
FRESH = Network.random([2, 3, 1], rng=0)
HUGE = Network([1e3 * w for w in FRESH.weights], [1e3 * b for b in FRESH.biases])


@pytest.mark.parametrize("kind", ["weights", "biases"])
def test_one_bit_of_one_parameter_is_a_move(kind):
    arrays = {"weights": [w.copy() for w in FRESH.weights], "biases": [b.copy() for b in FRESH.biases]}
    assert not moved(FRESH, Network(**arrays))
    last = arrays[kind][-1].reshape(-1)
    last[-1] = np.nextafter(last[-1], np.inf)
    assert moved(FRESH, Network(**arrays))


def test_layers_all_of_whose_neurons_are_saturated_are_found():
    found = saturation(HUGE, EXAMPLES, QUADRATIC)
    assert (found.layers, found.neurons) == ((2, 3), 4)
    assert found.named() == "layers 2 and 3"
    assert saturation(FRESH, EXAMPLES, QUADRATIC).layers == ()
    half = Network([HUGE.weights[0], FRESH.weights[1]], [HUGE.biases[0], FRESH.biases[1]])
    assert (saturation(half, EXAMPLES, QUADRATIC).named(), half.sizes) == ("layer 2", (2, 3, 1))


def test_saturation_is_divergence_only_where_training_brought_it_and_something_is_left_to_learn():
    wrong = Examples(X, 0.5 * np.ones((3, 1)))
    assert got_saturated(FRESH, HUGE, wrong, QUADRATIC) == (
        "no parameter moved, as 4 neurons, all of layers 2 and 3, are saturated at every example"
    )
    assert got_saturated(HUGE, HUGE, wrong, QUADRATIC) == ""
    assert got_saturated(FRESH, FRESH, wrong, QUADRATIC) == ""
    learned = Examples(X, np.round(batch_outputs(HUGE)))
    assert got_saturated(FRESH, HUGE, learned, QUADRATIC) == ""
    assert got_saturated(FRESH, HUGE, learned, cost_of("cross_entropy")) == ""


def batch_outputs(network):
    from minibp import batched

    return batched.feedforward(network, X)


def test_the_reasons_of_standing_still():
    learned = Examples(X, np.round(batch_outputs(HUGE)))
    assert why_still(HUGE, learned, QUADRATIC, 0.1) == "the outputs are the best that there are for this cost"
    assert why_still(HUGE, Examples(X, 0.5 * np.ones((3, 1))), QUADRATIC, 0.1) == (
        "all neurons of layers 2 and 3 are saturated at every example, as they were before the first step"
    )
    assert why_still(FRESH, EXAMPLES, QUADRATIC, 1e-300).endswith("of the parameters, with eta 1e-300")


@pytest.mark.parametrize("form", ["batched", "per_example"])
def test_a_training_that_has_converged_is_finished_and_said_to_be(form):
    network = Network([[[0.0]]], [[0.0]], "identity")
    training = Training(network, [[1.0]], [[1.0]], cost="quadratic", batch_size=1, eta=0.5, form=form)
    history = training.run(9)
    assert (history.outcome, len(history.epochs)) == ("finished", 9)
    assert "no parameter moved in the last 8 epochs: " in history.message
    assert history.message.endswith("the outputs are the best that there are for this cost")


def test_a_constant_that_is_the_best_fit_is_no_divergence():
    network = Network([[[0.0]]], [[0.0]], "identity")
    training = Training(network, [[1.0], [1.0]], [[0.0], [1.0]], cost="quadratic", batch_size=2, eta=0.25)
    history = training.run(300)
    assert history.outcome == "finished"
    assert "each step is 0 to within the rounding of the parameters" in history.message


def test_dead_neurons_that_training_killed_are_divergence():
    network = Network([[[1.0]], [[1.0]]], [[0.0], [0.0]], "relu")
    training = Training(network, [[1.0], [2.0]], [[0.1], [0.2]], cost="quadratic", batch_size=1, eta=10.0)
    history = training.run(50)
    assert history.outcome == "diverged"
    assert "no parameter moved, as " in history.message
    assert history.message.endswith("try a smaller eta than 10")
