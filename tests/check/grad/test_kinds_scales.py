"""Scales: numbers at the edges of float64, tiny entries beside large ones, structure far finer than x."""

import math

import numpy as np
import pytest
from case_ids import written_out
from grad_kinds import ELEMENTWISE, is_right, is_wrong, report
from hypothesis import example, given, settings
from hypothesis import strategies as st

TINY = [[1e-300], [1.0, 2.2e-308], [1.0, 1e-300], [5e-324], [-3e-310, 2.0], [1e-180, 1e-5]]


@pytest.mark.parametrize(
    ("x", "name"), [(x, ["sin", "tanh", "rational"][k % 3]) for k, x in enumerate(TINY)], ids=written_out
)
def test_tiny_numbers_are_ordinary_arguments(x, name):
    g, slope = ELEMENTWISE[name]
    is_right(lambda x: g(x).sum(), slope, np.array(x))
    is_wrong(lambda x: g(x).sum(), lambda x: 1.5 * slope(x), np.array(x))


@pytest.mark.parametrize("x", [1e-300, 1e-5, 1.0, 1e150, 1e300])
def test_a_logarithm_at_any_scale(x):
    is_right(np.log, lambda x: 1 / x, x)
    is_wrong(np.log, lambda x: 1.01 / x, x)


def test_numbers_that_are_subnormal():
    def f(x):
        return x[0] + x[1] ** 2

    is_right(f, lambda x: np.array([1.0, 2 * x[1]]), np.array([1.2e-314, 1.2e-314]))
    is_wrong(f, lambda x: np.array([1.1, 2 * x[1]]), np.array([1.2e-314, 1.2e-314]))


@pytest.mark.parametrize(("slope", "wrong"), [(-1.0, 1.0), (-1.0, 0.0), (-1.0, -1.4)])
@pytest.mark.parametrize("numbers", [1, 2, 3, 10, 1000, 10**6, 10**12])
def test_a_slope_by_a_subnormal_number_is_told_by_as_many_digits_as_it_has(numbers, slope, wrong):
    """A kink is so many numbers away, which differences take for the point's own."""
    tiny = -5e-324 * numbers

    def vjp(told):
        return lambda x, c: c * np.where(x == tiny, told, np.sign(x))

    x = np.array([0.1, tiny, 1.0])
    is_right(np.abs, vjp(slope), x, check="vjp")
    found = report(np.abs, vjp(wrong), x, check="vjp")
    resolved = abs(wrong - slope) > 4 / numbers
    assert found.verdict in ({"wrong"} if resolved else {"undecided", "correct"}), str(found)


UNDERFLOWING = st.sampled_from([5e-324, -1e-320, 3e-310, 2.2250738585072014e-308, 1e-290, 1e-160])


@settings(max_examples=15)
@given(st.tuples(UNDERFLOWING, UNDERFLOWING), st.floats(20, 40), st.integers(0, 2))
@example((3e-310, 1e-290), 31.0, 0)
@example((1e-290, 5e-324), 30.0, 1)
@example((1e-290, -1e-320), 26.0, 2)
def test_what_jax_takes_for_0_and_large_numbers_multiply_is_no_alarm(x, power, at):
    a = np.array([[0.9999, 2.1], [-2.3, 10.0]])
    a.flat[at : at + 2] *= 10.0**power
    found = report(lambda a, x: x @ a @ x, lambda a, x: (np.outer(x, x), (a + a.T) @ x), (a, np.array(x)))
    assert found.verdict in {"correct", "undecided"}, found


@pytest.mark.parametrize("x", [[1e-180], [1e-170, -1e-200], [3e-165]], ids=written_out)
def test_squares_that_underflow_are_no_slope_of_0(x):
    found = report(lambda x: (x * x).sum(), lambda x: 2 * x, np.array(x))
    assert found.verdict in {"correct", "undecided"}, str(found)
    is_wrong(lambda x: (x * x).sum(), lambda x: 2 * x + 1, np.array(x))


CANCEL_AT_0 = {
    "exp(2x) - 1 - 2x": (lambda x: np.exp(2 * x) - 1 - 2 * x, lambda x: 2 * np.expm1(2 * x)),
    "1 - cos x + x / 3 - sin(x / 3)": (
        lambda x: 1 - np.cos(x) + x / 3 - np.sin(x / 3),
        lambda x: np.sin(x) + (1 - np.cos(x / 3)) / 3,
    ),
    "1 + x - exp x": (lambda x: (1 + x) - np.exp(x), lambda x: -np.expm1(x)),
    "x - ((1 + x) - 1)": (lambda x: x - ((1 + x) - 1), lambda x: 0 * x),
}
"""Functions whose terms cancel at 0, and to whose last digits x is added that moves where 1 does not; their slopes."""


@settings(max_examples=15)
@given(st.sampled_from(sorted(CANCEL_AT_0)), st.integers(1, 4), st.integers(0, 2**32 - 1))
@example("exp(2x) - 1 - 2x", 2, 2036804361)
def test_steps_so_fine_that_1_does_not_move_tell_no_slope(name, n, seed):
    f, slope = CANCEL_AT_0[name]
    for oracles in ({}, {"oracles": ("finite_difference",)}):
        found = report(lambda x: f(x).sum(), slope, np.zeros(n), seed=seed, **oracles)
        assert found.verdict in {"correct", "undecided"}, str(found)


@pytest.mark.parametrize("x", [1e-170, -4e-200])
def test_what_has_underflowed_beside_terms_that_cancel_bounds_no_slope(x):
    """x³ moves by less than 1 − sinc x is rounded by, over steps over which nothing of that shows."""

    def slope(x):
        return np.pi**2 * x / 3

    def f(x):
        return (x**3 + (1 - np.sinc(x))).sum()

    for oracles in ({}, {"oracles": ("finite_difference",)}):
        found = report(f, slope, np.array([x]), **oracles)
        assert found.verdict in {"correct", "undecided"}, str(found)
    is_wrong(f, lambda x: slope(x) + 0.1, np.array([x]))


@pytest.mark.parametrize("x", [[-16.0, 16.0], [-20.0, 20.0], [-30.0], [18.5, 0.3]], ids=written_out)
def test_saturated_functions_are_no_false_alarm(x):
    def right(x):
        return 1 / np.cosh(x) ** 2

    found = report(lambda x: np.tanh(x).sum(), right, np.array(x))
    assert found.verdict in {"correct", "undecided"}, str(found)
    is_wrong(lambda x: np.tanh(x).sum(), lambda x: right(x) + 1e-3, np.array(x))


@pytest.mark.parametrize(("width", "offset"), [(1e-10, 0.0), (1e-10, 1.0), (1e-7, 1.0), (1e-3, 0.0), (1.0, 1.0)])
def test_structure_far_finer_than_x_is_seen(width, offset):
    def f(b):
        return offset + np.clip(b, -width, width).sum()

    is_right(f, lambda b: 1.0 * (np.abs(b) < width), np.zeros(2))
    is_wrong(f, lambda b: 0 * b, np.zeros(2))
    is_wrong(f, lambda b: 2.0 * (np.abs(b) < width), np.zeros(2))


@pytest.mark.parametrize(("small", "large"), [(1e-14, 1.0), (1e-9, 1e6), (1e-100, 1.0)])
def test_a_doubled_entry_far_below_its_neighbours_is_seen(small, large):
    x = np.r_[np.linspace(0.5, 2, 6), np.full(4, small / large)]

    def f(x):
        return float(sum(math.sin(float(v)) for v in large * x[:6])) + float(sum(math.sin(float(v)) for v in x[6:]))

    def slope(x):
        return np.r_[large * np.cos(large * x[:6]), np.cos(x[6:])]

    is_right(f, slope, x)
    is_wrong(f, lambda x: slope(x) * np.r_[np.ones(9), 2.0], x)
    is_wrong(f, lambda x: slope(x) * np.r_[2.0, np.ones(9)], x)


POINTS = st.lists(st.floats(-10, 10), min_size=1, max_size=6)
TEXTBOOK = {**ELEMENTWISE, "square": (np.square, lambda x: 2 * x), "cos": (np.cos, lambda x: -np.sin(x))}


@settings(max_examples=15)
@example([1.7890611887431844e-287], "cos")
@example([5e-324], "cos")
@example([2.2e-311], "cube")
@given(POINTS, st.sampled_from(sorted(TEXTBOOK)))
def test_textbook_functions_at_whatever_floats_are_drawn(x, name):
    g, slope = TEXTBOOK[name]
    found = report(lambda x: g(x).sum(), slope, np.array(x))
    assert found.verdict in {"correct", "undecided"}, str(found)
    found = report(lambda x: g(x).sum(), lambda x: slope(x) + 1, np.array(x))
    assert found.verdict == "wrong", str(found)


TINY = st.one_of(st.sampled_from([0.0, 5e-324, -1e-310, 2.2e-308, 1e-160]), st.floats(-323, -8).map(lambda e: 10**e))


@settings(max_examples=40)
@example([1e-160, 1e-160, 5e-324], 2, "cos", True)
@example([0.0, 0.0, 1e-160], 0, "cos", False)
@given(st.lists(TINY, min_size=1, max_size=3), st.integers(0, 2), st.sampled_from(sorted(TEXTBOOK)), st.booleans())
def test_a_single_slope_that_is_off_by_1_is_wrong_by_an_argument_of_any_size(x, k, name, is_derived):
    """Whether the rounding of the claim can be derived or has to be measured."""
    g, slope = TEXTBOOK[name]

    def claim(x):
        found = slope(x) + 1.0 * (np.arange(len(x)) == k % len(x))
        return found if is_derived else np.array(found.tolist())

    is_wrong(lambda x: g(x).sum(), claim, np.array(x))


@pytest.mark.parametrize("x", [5e-324, 1e-320, 3e-310])
@pytest.mark.parametrize("y", [1.684853055463873e-100, 1e-30])
def test_slopes_of_what_has_underflowed_itself_are_no_alarm(x, y):
    found = report(lambda y: x * np.log(y), lambda y: x / y, y)
    assert found.verdict in {"correct", "undecided"}, str(found)


IGNORING = {
    "ignored": (lambda x: np.sin(x[0]), lambda x: np.array([np.cos(x[0]), 0.0])),
    "square": (lambda x: np.sin(x[0]) + x[1] ** 2, lambda x: np.array([np.cos(x[0]), 2 * x[1]])),
    "product": (lambda x: x[0] * np.cosh(x[1]), lambda x: np.array([np.cosh(x[1]), x[0] * np.sinh(x[1])])),
}
"""Functions of which the slope by the second argument is 0, or too small to show beside the first."""


@settings(max_examples=20)
@given(st.floats(5e-324, 1e-9), st.sampled_from(sorted(IGNORING)), st.sampled_from([1.0, -1e-4, 1e300]))
def test_slopes_by_tiny_arguments_that_hardly_matter_are_not_whatever_is_claimed(tiny, name, error):
    """Over the size of the argument no claim would show in f; over larger steps it would."""
    f, slope = IGNORING[name]
    found = report(f, slope, np.array([0.7, tiny]))
    assert found.verdict in {"correct", "undecided"}, str(found)
    is_wrong(f, lambda x: slope(x) + np.array([0, error]), np.array([0.7, tiny]))


@pytest.mark.parametrize("tiny", [1e-30, 1e-100, 1e-287, 5e-324])
def test_slopes_that_the_complex_step_alone_can_tell_are_left_to_it(tiny):
    """Beneath the rounding of f, over steps of any size."""
    is_wrong(lambda x: 1 + x * 0.0, lambda x: 0 * x + 1, tiny)
    found = report(lambda x: 1 + 1e-20 * np.sin(x / tiny), lambda x: 1e-20 * np.cos(x / tiny) / tiny, tiny)
    assert found.verdict in {"correct", "undecided"}, str(found)
    found = report(lambda x: 1 + 1e-20 * np.sqrt(x), lambda x: 0.5e-20 / np.sqrt(x), tiny)
    assert found.verdict in {"correct", "undecided"}, str(found)


PERIODIC = {
    "sin": (np.sin, np.cos),
    "tan": (np.tan, lambda x: 1 / np.cos(x) ** 2),
    "exp of cos": (lambda x: np.exp(3 * np.cos(x)), lambda x: -3 * np.sin(x) * np.exp(3 * np.cos(x))),
}


@settings(max_examples=15)
@given(st.floats(0.5, 1.5), st.floats(20, 200), st.sampled_from(sorted(PERIODIC)))
def test_slopes_beside_an_argument_of_which_f_has_many_periods_between_numbers(x, power, name):
    """By the large argument nothing can be told; by the others the complex step does, however f varies."""
    g, slope = PERIODIC[name]
    w, at = np.array([1.0, -0.7, 0.6]), np.array([x, 1.2, 10.0**power])
    found = report(lambda x: (w * g(x)).sum(), lambda x: w * slope(x), at)
    assert found.verdict in {"correct", "undecided"}, str(found)
    found = report(lambda x: (w * g(x)).sum(), lambda x: np.array([0, 1, 1]) * w * slope(x), at)
    assert found.verdict in {"wrong", "undecided"}, str(found)


@pytest.mark.parametrize("error", [1e-2, 1.0])
def test_slopes_by_huge_arguments_that_do_not_matter_are_0_beside_tiny_ones(error):
    """Products of such arguments may underflow, and be large all the same; differences see that there are none."""
    x = np.array([[-2.0, 6e226, -3e-82], [-9e-161, 9e-237, -1.6e295], [-2.0, 1e-7, 2.2e-308]])
    is_right(np.trace, lambda x: np.eye(3), x)
    is_wrong(np.trace, lambda x: np.eye(3) + error * x / 1.6e295, x)


SATURATING = {
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + np.abs(x)) ** 2),
    "x over a root": (lambda x: x / (1 + x * x) ** 0.5, lambda x: (1 + x * x) ** -1.5),
    "squares": (lambda x: x * x / (1 + x * x), lambda x: 2 * x / (1 + x * x) ** 2),
    "of two": (lambda x: (1 + x) / (2 + x), lambda x: 1 / (2 + x) ** 2),
}
"""Functions whose slopes fall off as a power of x, and are there what is left of terms that cancel."""


@settings(max_examples=8)
@given(st.sampled_from(sorted(SATURATING)), st.floats(15, 70), st.floats(80, 155), st.sampled_from([-1, 1]))
@example("softsign", 66.15, 155.0, 1)
@example("squares", 48.2, 155.0, -1)
@pytest.mark.parametrize("oracle", [None, "complex_step", "jax"])
@np.errstate(all="ignore")
def test_slopes_that_fall_off_are_not_those_of_steps_beyond_the_size_of_x(oracle, name, power, beside, sign):
    """Steps are as long as the largest entry, where an entry does not move f at its own size."""
    f, slope = SATURATING[name]
    x = np.array([sign * 10.0**power, 10.0**beside, 0.3])
    asked = {"oracles": (oracle, "finite_difference")} if oracle else {}
    found = report(f, lambda x, c: c * slope(x), x, check="vjp", **asked)
    assert found.verdict in {"correct", "undecided"}, str(found)
    is_wrong(f, lambda x, c: 1.001 * c * slope(x), x, check="vjp", **asked)


def log_softmax(x):
    apart = x - x.real.max(-1, keepdims=True)
    return apart - np.log(np.exp(apart).sum(-1, keepdims=True))


def log_softmax_back(x, c):
    return c - np.exp(log_softmax(x)) * c.sum(-1, keepdims=True)


def second(x):
    return log_softmax(x)[..., 1]


def second_back(x, c):
    of_all = np.zeros_like(x)
    of_all[..., 1] = c
    return log_softmax_back(x, of_all)


HARD = st.sampled_from([0.0, 1.0, -1e-160, -1.1e-76, 1e-30, 1e-9, 0.99999, 100.0, 571.5, -999.99, 1e66, 1e155, -1e300])


@settings(max_examples=15)
@given(st.lists(HARD, min_size=6, max_size=6), st.booleans(), st.integers(0, 2**32 - 1))
@example([3.14, -1e-160, -999.99, 0.99999, 571.4936956411375, -1.078351672068535e-76], True, 192075364)
@example([1e-30, 100.0, 1e-9, 1.0, 1e155, 0.99999], False, 22)
@np.errstate(all="ignore")
def test_a_result_of_exactly_0_may_be_left_of_a_probability_that_is_1(x, whole, seed):
    """log p is 0 at all points near, and its slopes are those of what rounding to 1 takes."""
    f, vjp = (log_softmax, log_softmax_back) if whole else (second, second_back)
    found = report(f, vjp, np.reshape(x, (2, 3)), check="vjp", seed=seed)
    assert found.verdict in {"correct", "undecided"}, str(found)


@pytest.mark.parametrize("x", [[1.7976931348623157e308, 7.2e-234, 1.4e-164], [1.2e308, 0.3]], ids=written_out)
def test_a_slope_that_is_subnormal_may_be_flushed_to_0(x):
    """The slope of a logarithm to the base 10 is 1 over a product that overflows."""

    def tangent(x, v):
        with np.errstate(over="ignore"):
            return v / (x * np.log(10))

    oracles = ("complex_step", "finite_difference")
    is_right(np.log10, tangent, np.array(x), check="jvp", oracles=oracles)
    is_wrong(np.log10, lambda x, v: 1.001 * tangent(x, v), np.array(x), check="jvp", oracles=oracles)


STEEP = {
    "x^(1/3)": (lambda x: x ** (1 / 3), lambda x: x ** (1 / 3 - 1) / 3),
    "sqrt x": (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "x^0.9": (lambda x: x**0.9, lambda x: 0.9 * x ** (0.9 - 1)),
    "x^1.5": (lambda x: x**1.5, lambda x: 1.5 * x**0.5),
    "x log x": (lambda x: x * np.log(x), lambda x: np.log(x) + 1),
}
"""Functions that are not smooth at 0, and their slopes, by the exponent that f has: of -2/3 the last digit is another,
which such numbers magnify by their logarithm."""


@settings(max_examples=30)
@given(
    st.sampled_from(list(STEEP)),
    st.lists(
        st.integers(1, 5).map(lambda n: n * 5e-324) | st.floats(5e-324, 1e-300) | st.floats(0.1, 3),
        min_size=1,
        max_size=3,
    ),
    st.booleans(),
)
@example("x^(1/3)", [1e100, 5e-324, 7.8e218], True)
@example("x^(1/3)", [2e-323, 0.79, 5.4e-316], False)
@example("x^1.5", [1.77, 2.36, 1.6e-315], False)
@example("x^0.9", [0.47, 2.5e-323], False)
def test_numbers_so_small_that_hardly_any_are_smaller_are_no_false_alarm(name, x, each):
    """No step is small beside them, and JAX takes them for 0."""
    f, slope = STEEP[name]
    if each:
        found = report(f, lambda x, up: up * slope(x), np.array(x), check="vjp")
    else:
        found = report(lambda x: f(x).sum(), slope, np.array(x))
    assert found.verdict in {"correct", "undecided"}, str(found)


EXPONENTS = {1 / 3: -2 / 3, 0.1: -0.9, 0.7: -0.3, 2.3: 1.3, 1 / 7: -6 / 7}
"""Exponents, and those of slopes as people write them: p - 1 to the last digit but one."""


@settings(max_examples=25)
@given(st.sampled_from(sorted(EXPONENTS)), st.lists(st.floats(-300, 130), min_size=1, max_size=3), st.booleans())
@example(2.3, [-243.5, -167.8], False)
def test_the_last_digit_of_an_exponent_is_magnified_by_the_logarithm(p, logarithms, each):
    x, q = 10.0 ** np.array(logarithms), EXPONENTS[p]
    if each:
        found = report(lambda x: x**p, lambda x, up: up * (p * x**q), x, check="vjp")
    else:
        found = report(lambda x: (x**p).sum(), lambda x: p * x**q, x)
    assert found.verdict in {"correct", "undecided"}, str(found)
    off = report(lambda x: x**p, lambda x, up: (1 + 1e-10) * up * (p * x**q), x, check="vjp")
    assert off.verdict in {"wrong", "undecided"}, str(off)
