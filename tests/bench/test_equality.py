import math

import numpy as np
import pytest

from minibp import Gradient, per_example
from minibp.bench.cases import Case, problem_of
from minibp.bench.equality import PEER_ERROR, distance

PROBLEM = problem_of(Case("table", 0, (6, 5, 3), 4, "float64", 1), 0)
RIGHT = per_example.backprop(PROBLEM.network, PROBLEM.cost, PROBLEM.x, PROBLEM.y).gradient


def test_another_form_is_equal():
    assert distance(PROBLEM, RIGHT) <= 1
    assert distance(PROBLEM, RIGHT, PEER_ERROR) <= distance(PROBLEM, RIGHT)


@pytest.mark.parametrize("kind", ["nabla_w", "nabla_b"])
@pytest.mark.parametrize("layer", [0, 1])
def test_one_entry_off_by_little_is_seen(kind, layer):
    arrays = [array.copy() for array in getattr(RIGHT, kind)]
    arrays[layer].flat[0] *= 1 + 1e-11
    assert distance(PROBLEM, RIGHT._replace(**{kind: tuple(arrays)})) > 1


def test_what_has_another_form_is_infinitely_far():
    nabla_w, nabla_b = RIGHT
    assert distance(PROBLEM, Gradient(nabla_w[:1], nabla_b)) == math.inf
    assert distance(PROBLEM, Gradient((nabla_w[0].T, nabla_w[1]), nabla_b)) == math.inf
    assert distance(PROBLEM, Gradient(tuple(w.astype("float32") for w in nabla_w), nabla_b)) == math.inf
    assert distance(PROBLEM, Gradient(nabla_w, (nabla_b[0], np.full(3, np.nan)))) == math.inf
