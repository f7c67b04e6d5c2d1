import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minibp import L2, Network
from minibp.training.history import Epoch, record
from minibp.training.scores import Score

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
SCORES = st.builds(Score, NUMBERS, st.none() | st.integers(0, 10), st.just(10))
NORMS = st.lists(NUMBERS, min_size=1, max_size=3).map(tuple)
EPOCHS = st.builds(Epoch, st.integers(0, 99), SCORES, st.none() | SCORES, NUMBERS, NORMS, NORMS, NUMBERS)


@given(EPOCHS)
def test_json_keeps_every_bit(epoch):
    assert Epoch.from_dict(json.loads(json.dumps(epoch.to_dict()))) == epoch


def test_a_record_has_the_penalty_and_the_norms():
    network = Network([[[3.0, 4.0]], [[2.0]]], [[-1.0], [0.0]])
    epoch = record(3, network, Score(0.5, 2, 10), None, L2(4.0), seconds=0.25)
    assert epoch.penalty == 4.0 / 20 * (9 + 16 + 4)  # α/(2m) Σ w², m being the size of the training set
    assert (epoch.norm_w, epoch.norm_b) == ((5.0, 2.0), (1.0, 0.0))
    assert epoch.is_finite


def test_what_overflows_is_not_finite():
    large = Network([[[1e200]]], [[0.0]])
    fine = Score(0.5, None, 10)
    assert not record(1, large, fine, None, L2(1.0), seconds=0.0).is_finite
    assert record(1, large, fine, None, L2(0.0), seconds=0.0).is_finite
    assert not record(1, large, Score(np.inf, None, 10), None, L2(0.0), seconds=0.0).is_finite
    assert not record(1, Network([[[1.5e308, 1.5e308]]], [[0.0]]), fine, None, L2(0.0), seconds=0.0).is_finite


def test_a_tests_cost_that_is_not_finite_is_told_and_does_not_count():
    epoch = record(1, Network([[[1.0]]], [[0.0]]), Score(0.5, 2, 10), Score(np.inf, 3, 10), L2(0.0), seconds=0.0)
    assert epoch.is_finite
    data = json.loads(json.dumps(epoch.to_dict(), allow_nan=False))
    assert data["test"] == {"cost": None, "right": 3, "total": 10}
    assert np.isnan(Epoch.from_dict(data).test.cost)
