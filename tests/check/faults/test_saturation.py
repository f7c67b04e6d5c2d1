import numpy as np
import pytest
from fault_settings import Columns, assert_rows, results, square_problem, state_of

from minibp.check.faults import saturation
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.fault import Fault
from minibp.check.faults.injection import FaultInstance
from minibp.check.faults.pass_state import PassState
from minibp.check.faults.saturation import clipped

SIGMOID, SOFTMAX = ("sigmoid", "cross_entropy"), ("softmax", "categorical_cross_entropy")
C = 0.45


def jacobian(s):
    return np.diag(s) - np.outer(s, s)


def kept(a):
    return np.clip(a, C, 1 - C)


EXPECTED = [
    ("epsilon_in_cost", 0, SIGMOID, lambda a, y: ((1 - y) / (1 - a + C) - y / (a + C)) * a * (1 - a)),
    ("epsilon_in_cost", 1, SIGMOID, lambda a, y: (a - y) / (a * (1 - a) + C) * a * (1 - a)),
    ("epsilon_in_cost", 2, SIGMOID, lambda a, y: ((1 - y) / (1 - a - C) - y / (a + C)) * a * (1 - a)),
    ("epsilon_in_cost", 0, SOFTMAX, lambda a, y: jacobian(a) @ (-y / (a + C))),
    ("output_clipped", 0, SIGMOID, lambda a, y: kept(a) - y),
    ("output_clipped", 0, SOFTMAX, lambda a, y: kept(a) - y),
    ("output_clipped", 1, SIGMOID, lambda a, y: ((1 - y) / (1 - kept(a)) - y / kept(a)) * a * (1 - a)),
    ("output_clipped", 1, SOFTMAX, lambda a, y: jacobian(a) @ (-y / kept(a))),
    ("output_clipped", 2, SIGMOID, lambda a, y: ((1 - y) / (1 - kept(a)) - y / kept(a)) * kept(a) * (1 - kept(a))),
]
"""The fault, the index of its formula, output and cost, and the result for one example."""


def test_every_fault_is_expected():
    assert {name for name, *_ in EXPECTED} == {one.id for one in vars(saturation).values() if isinstance(one, Fault)}


@pytest.mark.parametrize("case", range(len(EXPECTED)), ids=[f"{name} {way} {of[0]}" for name, way, of, _ in EXPECTED])
def test_a_fault_gives(case):
    name, way, setting, wrong = EXPECTED[case]
    problem = square_problem("tanh", *setting)
    examples = [Columns(problem, row) for row in range(3)]
    result = FaultInstance(CATALOGUE[name], None, way, C).at(state_of(problem), 5)
    assert_rows(result, [wrong(c.a[5], c.y) for c in examples], [c.delta[5] for c in examples])


@pytest.mark.parametrize("name", ["epsilon_in_cost", "output_clipped"])
def test_of_another_cost_it_cannot_be_made(name):
    assert not [one for one in results(name, square_problem("tanh", "sigmoid", "quadratic"), 5) if one is not None]


def test_what_is_cut_off_is_known_to_within_the_limits():
    p = state_of(square_problem("tanh"))
    assert clipped(p, p.exact([0.1, 0.5, 0.9]).loosened(np.array([0.2, 0.2, 2])), 0.25, 0.75).error.tolist() == [
        0.2, 0.2, 0.5,
    ]  # fmt: skip
    plain = clipped(PassState(square_problem("tanh")), np.array([0.1, 0.5, 0.9]), 0.25, 0.75)
    assert plain.tolist() == [0.25, 0.5, 0.75]


def test_the_message_has_the_epsilon():
    p = state_of(square_problem("tanh", *SIGMOID))
    message = CATALOGUE["epsilon_in_cost"].message(p, 5, 0, 1e-12)
    assert message == "δ^L is that of a cost with ε = 1e-12 added to the divisors a and 1 - a"
    assert CATALOGUE["output_clipped"].message(p, 5, 0, 1e-7) == "a^L is clipped to [1e-07, 1 - 1e-07]"
