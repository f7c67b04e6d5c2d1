import numpy as np
import pytest
from small_problems import asking, changed, drawn_problem, own, spread_of, still
from subjects import backprop

from minibp import Gradient, Network, Problem
from minibp.check.diagnosis.stability import excess, fails, fails_below_the_output
from minibp.check.layout import row_of_gradient
from minibp.check.rounding.arithmetic import arithmetic_of, arithmetic_of_anyone
from minibp.check.rounding.whole_pass import bound


def test_the_error_is_in_units_of_what_rounding_explains():
    problem = drawn_problem()
    right = own(problem)
    error, spread, ratio = excess(problem, right)
    assert not error.any()
    assert not ratio.any()
    kinds = [bound(problem, kind).gradient for kind in (arithmetic_of_anyone("float64"), arithmetic_of("float64"))]
    np.testing.assert_array_equal(spread, row_of_gradient(kinds[0]) + row_of_gradient(kinds[1]))
    for factor in (1e6, -1e6):
        error, _, ratio = excess(problem, changed(right, lambda b, by=factor * spread[2:5]: b + by))  # ∂C/∂b^2
        np.testing.assert_allclose(ratio[2:5], 1e6, rtol=1e-6)  # a step of the entry is less than its spread
        np.testing.assert_array_equal(np.sign(error[2:5]), np.sign(factor))
        assert not np.delete(ratio, [2, 3, 4]).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_honest_gradient_does_not_fail(dtype):
    for seed in range(5):
        assert not fails(drawn_problem(m=3, dtype=dtype, seed=seed), asking(backprop))


def test_what_is_not_a_number_is_as_far_off_as_can_be():
    problem = drawn_problem()
    ratio = excess(problem, changed(own(problem), lambda b: b * np.nan))[2]
    assert np.isinf(ratio[2:5]).all()
    assert not np.delete(ratio, [2, 3, 4]).any()


def test_where_nothing_is_known_nothing_is_off():
    problem = Problem(Network([[[1e200]]], [[0.0]], "identity"), "quadratic", [[1e200]], [[0.0]])
    with np.errstate(all="ignore"):
        for value in (np.nan, 1.0):
            answer = Gradient((np.array([[value]]),), (np.array([value]),))
            assert excess(problem, answer)[2].tolist() == [0, 0]


@pytest.mark.parametrize(("factor", "off"), [(0.75, False), (1, False), (1.25, True), (-1.25, True)])
def test_an_entry_fails_beyond_what_rounding_explains(factor, off):
    problem = still(outputs=2)
    spread = spread_of(problem)
    answer = changed(own(problem), lambda b: factor * spread[:2] * [1, 0])
    assert fails(problem, lambda _: answer) is off
    assert fails(problem, lambda _: None)


def right_where_zero():
    """Two layers whose gradient is exactly 0."""
    network = Network([[[1.0], [1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]], "identity")
    return Problem(network, "quadratic", [[0.0]], [[0.0]])


@pytest.mark.parametrize(
    ("off", "below"),
    [
        ({}, False),
        ({("nabla_b", 2): 2.0}, True),
        ({("nabla_w", 2): 2.0}, True),
        ({("nabla_b", 2): 1.0}, False),
        ({("nabla_b", 3): 2.0}, False),
        ({("nabla_b", 2): 2.0, ("nabla_b", 3): 2.0}, False),
        ({("nabla_b", 2): 2.0, ("nabla_w", 3): 2.0}, False),
        ({("nabla_b", 2): 2.0, ("nabla_w", 3): 1.0}, True),
    ],
    ids=["right", "b2", "w2", "b2 within", "b3", "b2 and b3", "b2 and w3", "b2, w3 within"],
)
def test_layers_below_a_right_output_are_told_from_all_others(off, below):
    problem = right_where_zero()
    answer, spread = own(problem), spread_of(problem)
    last = {("nabla_b", 3): 0, ("nabla_b", 2): 2, ("nabla_w", 3): 4, ("nabla_w", 2): 6}  # the last of each in the row
    for (tensor, layer), factor in off.items():
        only_last = np.zeros(getattr(answer, tensor)[layer - 2].shape)
        only_last.flat[-1] = factor * spread[last[tensor, layer]]
        answer = changed(answer, lambda _, array=only_last: array, layer, tensor)
    assert fails_below_the_output(problem, lambda _: answer) is below


def test_only_one_example_tells_the_layers_below_from_the_output():
    two, one = drawn_problem(m=2), drawn_problem(m=1)
    for problem in (one, two):
        answer = changed(own(problem), lambda b: 2 * b)
        assert fails_below_the_output(problem, lambda _, answer=answer: answer) is (problem is one)
    assert not fails_below_the_output(one, lambda _: None)
