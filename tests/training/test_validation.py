import numpy as np
import pytest

from minibp import InputError, Network
from minibp.training.validation import checked_settings

NETWORK = Network([[[1.0, 2.0]]], [[0.0]], "identity")
X, Y = np.ones((4, 2)), np.zeros((4, 1))


def settings(**changed):
    given = {"cost": "quadratic", "batch_size": 2, "eta": 0.5, "l2": 0.0, "test": None, "form": "batched"}
    return checked_settings(NETWORK, X, Y, **{**given, **changed})


def test_settings_hold_what_was_given():
    found = settings(test=(X[:1], Y[:1]), l2=2.0)
    assert (found.batch_size, found.eta, found.l2.alpha, found.form, found.cost.name) == (
        2, 0.5, 2.0, "batched", "quadratic",
    )  # fmt: skip
    assert len(found.train.x) == 4
    assert len(found.test.x) == 1


def test_data_are_read_where_they_are_and_cannot_be_written_to():
    for given, read in ((X, settings().train.x), (X[:1], settings(test=(X[:1], Y[:1])).test.x)):
        assert np.shares_memory(given, read)
        assert not read.flags.writeable
        assert given.flags.writeable


def test_decay_is_of_the_whole_training_set():
    assert settings(l2=2.0).decay == 0.5 * 2.0 / 4


def test_a_decay_of_1_is_the_most():
    assert settings(l2=8.0).decay == 1.0
    with pytest.raises(InputError, match=r"eta × l2 / 4 is 1.125, expected at most 1"):
        settings(l2=9.0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"batch_size": 5}, "batch_size is 5, expected at most 4, the number of rows of x"),
        ({"batch_size": 0}, "batch_size is 0, expected at least 1"),
        ({"form": "loop"}, "form is 'loop', expected one of batched, per_example"),
        ({"devices": 0}, "devices is 0, expected at least 1"),
        ({"devices": 10**6}, "devices is 1000000, JAX has"),
        pytest.param({"devices": 1, "form": "per_example"}, "devices is 1 and form 'per_example'", id="another form"),
        ({"eta": -1.0}, "eta is -1.0, expected"),
        ({"test": 3}, "test is a int, expected a pair of arrays x and y"),
        pytest.param({"test": (X,)}, "test is a tuple, expected a pair", id="test of one"),
        pytest.param({"test": (X[:, :1], Y)}, "test: x has", id="test of other sizes"),
    ],
    ids=lambda value: None if isinstance(value, str) else next(iter(value)) + str(next(iter(value.values()))),
)
def test_what_cannot_be_used_is_refused(changed, message):
    with pytest.raises(InputError, match=message):
        settings(**changed)
