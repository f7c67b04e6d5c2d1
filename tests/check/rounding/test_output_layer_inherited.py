"""The bound of an output layer whose z is off, however far: against the worst z within its error."""

import math
from itertools import product

import numpy as np
import pytest
from output_cases import CASES, CATEGORICAL, CROSS, HUBER, IDENTITY, QUADRATIC, Z_ERRORS, Z, near, one_hot
from rounding_programs import without_rounding

from minibp.activations import sigmoid, softmax
from minibp.check.rounding.layer import activated
from minibp.check.rounding.output_layer import Output, costs_of, output_error

INTERVALS = [
    (case, scale)
    for case, scale in product(CASES, (1e-6, 0.3, 3.0, 40.0))
    # What lies between two samples of a user's activation is only estimated: it is held where that varies little.
    if case != "cross_entropy_of_a_user" or scale < 1
]


def corners(values, errors):
    """Every end of every interval, and all of their middles."""
    return (values + np.array(signs) * errors for signs in product((-1, -0.5, 0, 0.5, 1), repeat=len(values)))


@pytest.mark.parametrize(("case", "scale"), INTERVALS)
def test_no_z_within_its_error_gives_a_cost_or_a_delta_outside_of_the_bound(case, scale):
    cost, activation, y = CASES[case]
    z, y = near(Z, scale * np.array(Z_ERRORS)), np.array(y)
    if cost is CATEGORICAL:
        y = y / y.sum()
    fp = without_rounding()
    a = activated(z, activation, fp)
    of = Output(cost, activation, y)
    limit, delta_limit = costs_of(of, z, a, fp).error, output_error(of, z, a, fp).error
    at = [(moved, activation.value(moved)) for moved in corners(z.value, z.error)]
    cost_at = cost.value_at(z.value, a.value, y, activation)
    delta_at = cost.delta(z.value, a.value, y, activation)
    for moved, outputs in at:
        # Both differences are of rounded numbers themselves.
        slack = 1e-14 * (1 + abs(cost_at))
        assert abs(cost.value_at(moved, outputs, y, activation) - cost_at) <= limit + slack
        assert np.all(np.abs(cost.delta(moved, outputs, y, activation) - delta_at) <= delta_limit + slack)


@pytest.mark.parametrize(("z", "error"), [(-800.0, 900.0), (-720.0, 750.0), (-800.0, 300.0), (800.0, 900.0)])
def test_cross_entropy_of_a_saturated_sigmoid_whose_z_may_be_anything_is_not_called_exact(z, error):
    target = float(z > 0)
    of, fp = Output(CROSS, sigmoid, np.array([target])), without_rounding()
    near_z = near([z], error)
    found = costs_of(of, near_z, activated(near_z, sigmoid, fp), fp).error
    end = np.array([z + error * (1 - 2 * target)])
    sup = np.abs(
        CROSS.value_at(end, sigmoid.value(end), of.y, sigmoid) - CROSS.value_at(np.array([z]), None, of.y, sigmoid)
    )
    assert sup <= found <= error


@pytest.mark.parametrize("error", [1e-6, 0.3])
def test_inherited_errors_are_bounded_by_little_more_than_they_do(error):
    fp, wide = without_rounding(), np.r_[30.0, np.zeros(15)]

    def used(cost, activation, y, z, end):
        near_z = near(z, error)
        limit = costs_of(Output(cost, activation, y), near_z, activated(near_z, activation, fp), fp).error
        values = (cost.value_at(np.array(at), activation.value(np.array(at)), y, activation) for at in (z, end))
        return abs(np.subtract(*values)) / limit

    # A square and Huber's line are followed exactly.
    assert used(QUADRATIC, IDENTITY, np.zeros(1), [2.0], [2 + error]) > 1 - 1e-9
    assert used(HUBER, IDENTITY, np.zeros(1), [2.0], [2 + error]) > 1 - 1e-9
    # Of a sigmoid, the slope at the far end of the interval: e^−error below.
    assert used(CROSS, sigmoid, np.zeros(1), [-5.0], [error - 5]) > math.exp(-error)
    assert used(CROSS, sigmoid, np.ones(1), [5.0], [5 - error]) > math.exp(-error)
    # Twice the worst of a logarithm of a softmax, for each output whose cost it is.
    first, all_but_first = one_hot(16, 0), 1 - one_hot(16, 0)
    end = wide + error * (2 * first - 1)
    assert used(CATEGORICAL, softmax, one_hot(16, 1), wide, end) > 0.49
    assert used(CROSS, softmax, all_but_first, wide, end) > 0.49
