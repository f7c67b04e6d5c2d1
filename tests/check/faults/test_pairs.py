import numpy as np
import pytest
from fault_settings import Columns, assert_rows, square_problem, state_of

from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import FaultInstance
from minibp.check.faults.pairs import FaultPair, may_pair, paired


def instance(name, constant=None):
    return FaultInstance(CATALOGUE[name], constant=constant)


RAW = "raw_error_propagated"
UPDATED = "weights_already_updated"


def raw(c):
    """The error of layer 4 of 5 before it is multiplied by σ'."""
    return c.w[5].T @ (c.a[5] - c.y)


EXPECTED = {
    (RAW, "hidden_derivative_at_activation"): lambda c, w: c.w[4].T @ raw(c) * c.prime[3](c.a[3]),
    (RAW, "hidden_derivative_missing"): lambda c, w: c.w[4].T @ raw(c),
    (RAW, UPDATED): lambda c, w: w.T @ raw(c) * c.prime[3](c.z[3]),
    (UPDATED, "hidden_derivative_at_activation"): lambda c, w: w.T @ c.delta[4] * c.prime[3](c.a[3]),
    (RAW, "weights_not_transposed"): lambda c, w: c.w[4] @ raw(c) * c.prime[3](c.z[3]),
}
"""δ^3 of one example, from the article's letters and the updated weights of layer 4."""


@pytest.mark.parametrize("names", EXPECTED, ids=" and ".join)
def test_two_faults_in_different_pieces_are_made_at_once(names):
    problem = square_problem("tanh")
    p = state_of(problem)
    both = paired(*(instance(name, 0.25 if name == UPDATED else None) for name in names))
    examples = [Columns(problem, row) for row in range(3)]
    updated = p.w[4] - 0.25 * p.nabla_w[4].value
    p.raw[4] = p.exact(np.array([raw(c) for c in examples]))
    assert_rows(both.at(p, 3), [EXPECTED[names](c, updated) for c in examples], [c.delta[3] for c in examples])
    assert both.fault.id == " and ".join(names)
    assert [one.fault.id for one in both.fault.named(0.25)] == list(names)
    assert {one.constant for one in both.fault.named(0.25)} == ({None, 0.25} if UPDATED in names else {None})
    assert isinstance(both.fault, FaultPair)
    assert both.fault.updates_weights is (UPDATED in names)


def test_two_of_one_piece_or_with_two_constants_are_no_pair():
    missing, at_activation, raised = (
        instance(name) for name in ("hidden_derivative_missing", "hidden_derivative_at_activation", RAW)
    )
    assert may_pair(missing, raised)
    assert not may_pair(missing, at_activation)
    assert not may_pair(instance(UPDATED), instance("slope_of_derivative_differs"))
    assert not may_pair(missing, instance("derivative_for_error"))  # which replaces all of them
    assert paired(raised, instance("leaky_slope_dropped")).at(state_of(square_problem("tanh")), 3) is None
