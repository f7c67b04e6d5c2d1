import numpy as np
import pytest
from small_problems import asking, found_in, layer_of, linear, own, placed, small_problem, tanh_with

from minibp import Network, Problem
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import FaultyBackprop
from minibp.check.rounding.arithmetic import arithmetic_of
from minibp.check.rounding.running_error import RunningError, explains


@pytest.mark.parametrize(
    ("name", "tensor", "m", "oracle"),
    [
        ("hidden_derivative_missing", "nabla_b", 1, "equation"),
        ("cost_factor_two", "nabla_b", 1, "equation"),
        ("bias_value_for_gradient", "nabla_b", 1, "equation"),
        ("weights_for_activation", "nabla_w", 1, "equation"),
        ("l2_factor_two", "nabla_w", 1, "equation"),
        ("l2_on_biases", "nabla_b", 1, "equation"),
        ("sum_for_mean", "nabla_b", 3, "core"),
        ("mean_over_outputs", "nabla_b", 3, "core"),
        ("product_of_means", "nabla_w", 3, "core"),
    ],
)
def test_numbers_are_of_an_entry_that_is_off(name, tensor, m, oracle):
    problem = small_problem(m=3, l2=0.7)
    layer = 4 if CATALOGUE[name].step in ("output", "shares") else 3
    subject = tanh_with(placed(name, layer) if layer == 3 else name, l2=0.7)
    (found,) = found_in(subject, problem)
    assert (found.fault, found.tensor, found.oracle) == (name, tensor, oracle)
    parts = [slice(i, i + m) for i in range(0, 3, m)]
    asked = [Problem(problem.network, problem.cost, problem.x[at], problem.y[at], 0.7) for at in parts]
    got = [getattr(asking(subject)(one), tensor)[layer - 2][found.entry] for one in asked]
    expected = [getattr(own(one), tensor)[layer - 2][found.entry] for one in asked]
    at = got.index(pytest.approx(found.got, rel=1e-14))
    assert abs(found.expected - expected[at]) <= 4 * found.tolerance  # of two passes, each in another order
    assert abs(found.got - found.expected) > 1e6 * found.tolerance


def off_by(errors):
    """∂C/∂W of one layer is off by these, one list for each x of one row."""

    def subject(weights, biases, x, y):
        (nabla_w,), nabla_b = linear(weights, biases, x, y)
        return [nabla_w + errors[x[0, 0]]], nabla_b

    return subject


@pytest.mark.parametrize(
    ("errors", "entry", "got"),
    [
        ({1.0: [[0, -0.25, 0]]}, (0, 1), 1023.75),
        ({1.0: [[0, -0.25, 0.75]]}, (0, 1), 1023.75),
        ({1.0: [[0.125, 64, 0]]}, (0, 0), 1.125),  # by more of its tolerance, which is that of 1
        ({1.0: [[0.125, 64, 0]], 2.0: [[0.5, 0, 0]]}, (0, 0), 2.5),
        ({1.0: [[0.5, 0, 0]], 2.0: [[0.25, 0, 0]]}, (0, 0), 1.5),
    ],
    ids=str,
)
def test_numbers_are_of_the_entry_that_is_furthest_beyond_its_tolerance(errors, entry, got):
    (found,) = found_in(off_by(errors), *(layer_of([first, 1024.0, 4096.0], [1.0]) for first in errors))
    assert (found.equation, found.tensor, found.entry, found.got) == ("(24)", "nabla_w", entry, got)
    assert 0 < found.tolerance < 1e-12


def test_what_should_be_exactly_0_has_numbers_too():
    (found,) = found_in(off_by({1.0: [[0, 0.5, 0]]}), layer_of([1.0, 0.0, 0.0], [1.0]))
    assert (found.entry, found.got, found.expected, found.tolerance) == ((0, 1), 0.5, 0, 0)
    assert found.looks == ("1 of 3 entries are off",)


# Looks


TOLERANCE = 2.0**-51
"""Of δ = a − y where a and y are about 1: four roundings."""


def looks_of(expected, got, x=1.0):
    """What is said of δ of one layer, in units of its tolerance."""

    def subject(weights, biases, x, y):
        delta = TOLERANCE * np.array(got, float)
        return [delta[:, None] * x], [delta]

    (found,) = found_in(subject, layer_of([x], TOLERANCE * np.array(expected, float)))
    assert (found.equation, found.fault, found.tensor) == ("(17)", None, "nabla_b")
    assert found.tolerance == pytest.approx(TOLERANCE, rel=1e-9)
    return list(found.looks)


def times(ratio):
    return f"all of those are {ratio} times what they should be"


@pytest.mark.parametrize(
    ("expected", "got", "looks"),
    [
        ([1e5, 2e5], [7e5, 14e5], ["2 of 2 entries are off", times(7)]),
        ([-1e5, -2e5], [-7e5, -14e5], ["2 of 2 entries are off", times(7)]),
        ([1e5, 2e5], [-7e5, -14e5], ["2 of 2 entries are off", times(-7)]),
        ([-1e5, -2e5, -3e5], [-7e5, -2e5, -21e5], ["2 of 3 entries are off", times(7)]),
        ([1e5, 2e5, 3e5], [1e5, 2e5, 21e5], ["1 of 3 entries are off", times(7)]),
        ([-1e5, -2e5, -3e5], [-7e5, -22e5, 5e5], ["3 of 3 entries are off"]),
        ([1e5, 2e5, 3e5], [1e5, 0, 3e5], ["1 of 3 entries are off", "all of those are 0", times(0)]),
        ([-1e5, -2e5, -3e5], [-1e5, 0, -25e5], ["2 of 3 entries are off"]),
    ],
    ids=["7", "7 below 0", "-7", "but one", "one", "no ratio", "0", "0 and another"],
)
def test_a_common_ratio_is_told(expected, got, looks):
    assert looks_of(expected, got) == looks


def test_a_ratio_is_that_of_entries_that_are_off():
    # The first is off by 10 tolerances, the second within one of them.
    assert looks_of([1e5, 2e5], [1e5 + 10, 2e5 + 0.5]) == ["1 of 2 entries are off", times(1.0001)]


@pytest.mark.parametrize(("expected", "known", "sign"), [(700, False, 1), (1500, True, -1)])
def test_a_ratio_is_told_of_what_is_known_to_three_digits(expected, known, sign):
    looks = ["1 of 1 entries are off", *[times(-7)] * known]
    assert looks_of([sign * expected], [-7 * sign * expected]) == looks
    # What is known less well is left out.
    assert looks_of([sign * expected, 1e5], [-9 * sign * expected, -7e5])[1:] == [times(-7)] * (not known)


@pytest.mark.parametrize(("ratio", "sign"), [(-7, 1), (7, -1), (-0.125, 1)])
@pytest.mark.parametrize(("spread", "common"), [(1.9, True), (2.1, False)])
def test_ratios_are_one_where_they_differ_by_no_more_than_rounding_may(spread, common, ratio, sign):
    # Where got = r · true, and both are off by e relatively, a quotient is off by e (1 + |r|), and two differ by twice
    # that. All is known to within one unit, e = 1/65536 for the less well known.
    n = sign * 65536.0
    other = ratio + np.copysign(spread / abs(n) * (1 + abs(ratio)), ratio)
    said = looks_of([n, n, 4 * n], [ratio * n, other * n, 4 * ratio * n])
    assert said[0] == "3 of 3 entries are off"
    assert said[1:] == [times(ratio)] * common


@pytest.mark.parametrize(
    ("expected", "got", "limit"),
    [
        ([1e5, 4e5, -9e5], [1e5, 3e5, -3e5], 3e5),
        ([-1e5, -4e5, -9e5], [-1e5, -3e5, -3e5], 3e5),
        ([9e5, 4e5, 7e5], [9e5, 3e5, 3e5], None),  # the largest is beyond
        ([1e5, 4e5, 9e5], [1e5, 4e5, 10e5], None),  # the largest alone is off
        ([1e5, 4e5, 9e5], [1e5, 3e5, 5e5], None),
    ],
    ids=["of both signs", "of one sign", "another larger", "one alone", "two values"],
)
def test_clipped_entries_are_the_largest_and_more_than_one(expected, got, limit):
    said = [one for one in looks_of(expected, got, x=2.0) if "clipped" in one]  # ∂C/∂W is not clipped at that
    assert said == ([] if limit is None else [f"all of those are clipped at ±{limit * TOLERANCE:.6g}"])


@pytest.mark.parametrize("sign", [1, -1])
def test_entries_are_off_where_the_comparison_has_them_off(sign):
    features = 1 + np.arange(16) / 16
    steps = np.arange(32)[:, None]  # in units of the last digit, 2u
    x = np.repeat([features], 32, 0).ravel()
    got = (features * (1 + steps * 2.0**-52)).ravel()
    got[0] = 5.0
    (found,) = found_in(lambda *_: ([sign * got[None, :]], [np.array([sign * 1.0])]), layer_of(x, [sign]))
    assert (found.equation, found.entry) == ("(24)", (0, 0))
    relative = found.tolerance  # that of x = 1
    fp = arithmetic_of("float64")
    off = [
        not explains(RunningError(np.array([sign * right]), np.array([relative * right]), fp), np.array([sign * one]))
        for right, one in zip(x, got, strict=True)
    ]
    assert found.looks[0] == f"{sum(off)} of 512 entries are off"
    assert 100 < sum(off) < 500


def test_the_particulars_of_a_fault_are_those_of_the_layer_that_it_is_in():
    tanh = small_problem()
    problem = Problem(
        Network(tanh.network.weights, tanh.network.biases, "tanh", "softplus"), "quadratic", tanh.x, tanh.y
    )
    fault = placed("derivative_of_another_activation", 3)
    (found,) = found_in(FaultyBackprop((fault,), "tanh", "softplus", "quadratic", 0.0), problem)
    assert (found.fault, found.layers) == ("derivative_of_another_activation", (3,))
    assert found.message == "sigmoid'(z) stands where tanh'(z) belongs"
