"""Digits that are lost where nothing shows it: in the claim, in f, or in an oracle."""

import math

import numpy as np
import pytest
from grad_kinds import is_not_passed, is_right, is_wrong, report, said
from hypothesis import example, given, settings
from hypothesis import strategies as st

SINC = lambda x: (np.cos(np.pi * x) - np.sinc(x)) / x  # noqa: E731
"""The derivative of sinc, away from 0."""
special = pytest.importorskip("scipy.special", reason="SciPy is not installed")


def fine(f, claim, at, **keywords):
    """A right claim of which digits are lost is not called wrong, nor unstable, whatever is drawn."""
    found = [report(f, claim, at, seed=seed, **keywords) for seed in range(3)]
    assert {one.verdict for one in found} <= {"correct", "undecided"}, "\n".join(map(str, found))
    assert not any(one.findings for one in found)


# -- the complex step sees a 0 that is left of terms that cancel


@pytest.mark.parametrize("x", [-2.6e-10, 6.8e-12, 1e-9], ids=repr)
def test_an_even_function_near_its_top_has_a_slope_that_the_complex_step_loses(x):
    """sin(πx) / (πx): numerator and denominator have the same imaginary part as far as digits go."""

    def slope(x):
        return np.where(np.abs(x) < 1e-4, -(np.pi**2) * x / 3, SINC(x))

    at = np.array([-2206.2, 1.2e-4, x])
    fine(np.sinc, lambda x: np.diag(slope(x)), at, check="jacobian")
    is_not_passed(lambda x: np.sinc(x).sum(), lambda x: 1e-3 + 0 * x, np.array([x]))


def test_steps_of_rounding_that_are_nearly_periodic_are_seen_in_the_complex_step():
    x = np.array([-0.0013162740228648236, 5.0, 7.466108948025751])
    series = [1 / 12, -1 / 180, 1 / 6720]  # of −(1 − cos x) / x², differentiated

    def slope(x):
        near = -x * (series[0] + series[1] * x**2 + series[2] * x**4)
        return np.where(np.abs(x) < 0.1, near, (x * np.sin(x) - 4 * np.sin(x / 2) ** 2) / x**3)

    found = report(lambda x: (1 - np.cos(x)) / x**2, lambda x, c: c * slope(x), x, check="vjp", seed=229266006)
    assert found.verdict in {"correct", "undecided"}, str(found)


@settings(max_examples=15)
@given(st.floats(1e-300, 1e-9), st.floats(1, 1e6))
@example(1.0090967557888897e-16, 82422.42781822642)
def test_beside_a_large_entry_so_has_it_near_its_top(x, large):
    """Steps as long as the large one lead to where the function is small, and hardly differs on both sides."""
    at = np.array([large, x])
    fine(np.sinc, lambda x: np.diag(np.where(x < 1e-4, -(np.pi**2) * x / 3, SINC(x))), at, check="jacobian")


@pytest.mark.parametrize("x", [2.7e34, 1e20, 6.9e193], ids=repr)
def test_a_saturated_quotient_has_a_slope_that_no_number_shows(x):
    fine(lambda x: x / (1 + np.abs(x)), lambda x, c: c / (1 + np.abs(x)) ** 2, np.array([1.1, x]), check="vjp")


def test_a_slope_of_exactly_0_is_told_where_no_digits_of_f_are_lost():
    """Of 1e-3 of a slope f would show something."""
    is_wrong(lambda x: x[0] + 0 * x[1], lambda x: np.array([1, 1e-3]), np.array([0.5, 0.7]), oracles=("complex_step",))


# -- digits that the claim has lost show at no points nearby


@pytest.mark.parametrize(
    ("x", "c"),
    [
        ([3.854597252389969, -3.6392682094536677, 7e-37, -3.814697265625], -1.0),
        ([-0.0153, 1.08e-5, 3.818643309971303, 0.2725], 0.3),
    ],
    ids=["lost", "a digit is left"],
)
def test_a_saturated_softmax_is_no_false_alarm(x, c):
    def back(x, c):
        p = special.softmax(x / 0.1)
        return p * (c - (p * c).sum()) / 0.1

    fine(lambda x: special.softmax(x / 0.1), back, np.array(x), check="vjp")
    is_wrong(lambda x: special.softmax(x / 0.1), lambda x, c: back(x, c) + 1e-9, np.array(x), check="vjp")


WIDE = np.array([[-11.86466989, -19.66652917, 13.81812356], [16.54043463, -12.02185644, -19.19423554]])


def test_probabilities_less_labels_near_0_are_no_false_alarm():
    """p - y loses the digits of 1 - p; f, a sum of log p, does not."""
    labels = np.array([[0, 0, 1.0], [1, 0, 0]])

    def cross_entropy(z):
        return -(special.log_softmax(z, axis=-1) * labels).sum()

    def grad(z):
        return special.softmax(z, axis=-1) - labels

    fine(cross_entropy, grad, WIDE)
    is_wrong(cross_entropy, lambda z: grad(z) * 1.01, WIDE)
    is_wrong(cross_entropy, lambda z: grad(z) + 1e-9, WIDE)


def test_a_loss_that_loses_digits_is_no_judge_of_a_gradient_that_does_not():
    """log(1 + e^z) - z: the oracle has fewer digits than the claim."""
    z = np.array([23.290463258529964, -50.74189477248687, -48.53146804440944, 30.87088772])
    labels = np.array([1.0, 0, 1, 0])
    fine(
        lambda z: (np.logaddexp(0, z) - labels * z).sum(),
        lambda z: np.where(labels == 1, -special.expit(-z), special.expit(z)),
        z,
    )


# -- errors of series that are cut off, which are the same at all points


def test_a_tiny_slope_beside_large_ones_may_have_the_rounding_of_these():
    """Off by 2e-12 of itself, and by 1e-18 where the other is 1."""

    def f(x):
        return x[0] + 1e-7 * np.sin(x[1])

    def claim(off):
        return lambda x: np.array([1.0, 1e-7 * np.cos(float(x[1]))]) * np.array([1, 1 + off])

    at = np.array([0.7, 0.4])
    assert report(f, claim(2e-12), at).verdict == "correct"
    is_wrong(f, claim(2e-7), at)
    is_wrong(f, lambda x: np.array([1 + 2e-12, 1e-7 * np.cos(float(x[1]))]), at)


POWER_SERIES = {
    "sin(x) / x": (2, lambda j: (-1.0) ** j / math.factorial(2 * j + 1)),
    "(1 - cos x) / x²": (2, lambda j: (-1.0) ** j / math.factorial(2 * j + 2)),
    "(exp(x) - 1) / x": (1, lambda j: 1 / math.factorial(j + 1)),
    "log(1 + x) / x": (1, lambda j: (-1.0) ** j / (j + 1)),
    "arctan(x) / x": (2, lambda j: (-1.0) ** j / (2 * j + 1)),
}
"""By name, the power of x by which terms grow, and their coefficients."""


def cut_off_series(name, terms, share):
    """A sum of so many terms, the slope of all of them, and a point where what is left is at most half a unit of it."""
    power, coefficient = POWER_SERIES[name]
    end = (2.0**-53 / abs(coefficient(terms))) ** (1 / (power * terms))

    def f(x):
        return sum(coefficient(j) * x ** (power * j) for j in range(terms))

    def slope(x):
        return sum(coefficient(j) * power * j * x ** (power * j - 1) for j in range(1, terms + 20))

    return f, slope, share * end


@settings(max_examples=15)
@example("sin(x) / x", 2, 1.0, "grad")
@example("log(1 + x) / x", 3, 0.8, "jvp")
@given(st.sampled_from(sorted(POWER_SERIES)), st.integers(2, 6), st.floats(0.3, 1), st.sampled_from(["grad", "jvp"]))
def test_a_series_that_is_cut_off_has_another_slope_than_what_it_stands_for(name, terms, share, check):
    """What is left is lost in the rounding of f; its slope, which oracles lack, is not."""
    f, slope, x = cut_off_series(name, terms, share)
    at = np.array([x, x / 3])
    if check == "jvp":
        fine(f, lambda x, v: v * slope(x), at, check="jvp")
    else:
        fine(lambda x: f(x).sum(), slope, at)
        fine(lambda x: f(x).sum(), slope, at, oracles=("finite_difference",))


@pytest.mark.parametrize("terms", [3, 4, 6])
@pytest.mark.parametrize("name", POWER_SERIES)
def test_beside_it_mistakes_that_are_the_same_at_all_points_are_wrong(name, terms):
    f, slope, x = cut_off_series(name, terms, 0.4)
    by, off = np.array([1 + 1e-10, 1]), np.array([0, 1e-10 * float(slope(x))])
    for wrong in (lambda x: by * slope(x), lambda x: slope(x) + off):
        is_wrong(lambda x: f(x).sum(), wrong, np.array([x, x / 3]))


@pytest.mark.parametrize("from_", [1.0, -5.0])
@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("name", ["sin(x) / x", "log(1 + x) / x"])
def test_a_series_is_cut_off_wherever_it_is_expanded(name, share, from_):
    f, slope, x = cut_off_series(name, 3, share)
    at = np.array([from_ + x, from_ + x / 3])
    fine(lambda x: f(x - from_).sum(), lambda x: slope(x - from_), at)
    is_wrong(lambda x: f(x - from_).sum(), lambda x: (1 + 1e-7) * slope(x - from_), at)


@pytest.mark.parametrize("at", [[1 + 2e-4, 1.0], [3.0003, 3.0]], ids=str)
def test_a_mean_by_a_series_in_what_its_arguments_differ_by(at):
    """The logarithmic mean (a − b) / ln(a / b) is (a + b) / 2 over 1 + z²/3 + z⁴/5 + …, where z = (a − b) / (a + b)."""

    def grad(x):
        a, b = x
        z = (a - b) / (a + b)
        series, slope = (sum(term(j) for j in range(12)) for term in (lambda j: z ** (2 * j) / (2 * j + 1), by_z(z)))
        by = np.array([b, -a]) * 2 / (a + b) ** 2
        return 0.5 / series - (a + b) / 2 * slope * by / series**2

    def by_z(z):
        return lambda j: 2 * j * z ** (2 * j - 1) / (2 * j + 1) if j else 0.0

    def mean(x):
        return (x[0] + x[1]) / 2 / (1 + ((x[0] - x[1]) / (x[0] + x[1])) ** 2 / 3)

    fine(mean, grad, np.array(at))
    is_wrong(mean, lambda x: (1 + 1e-9) * grad(x), np.array(at))


@pytest.mark.parametrize("x", [0.3, 0.5, 2.0])
@pytest.mark.parametrize("mistake", [lambda x: x, lambda x: 1 / x, np.tan], ids=["times", "over", "sin"])
def test_the_slope_of_a_term_of_a_few_units_is_not_whatever_is_claimed(mistake, x):
    """f has four units of its rounding for it, as many as may be left of a series."""
    scale = np.array([1.0, 1e-15])

    def grad(x):
        return scale * np.array([1.0, np.cos(x[1])])

    def f(x):
        return x[0] + 1e-15 * np.sin(x[1])

    fine(f, grad, np.array([0.7, x]))
    is_wrong(f, lambda x: grad(x) * np.array([1.0, mistake(x[1])]), np.array([0.7, x]))


def test_an_exponential_of_matrices_by_a_formula_whose_series_is_cut_off():
    """That of 2 rows has sinh(x) / x, with the fewest terms that f needs."""
    linalg = pytest.importorskip("scipy.linalg", reason="SciPy is not installed")
    at = np.array([[-3.9e-5, -0.0013232759169386477], [-0.1545805070675437, 1.4e-11]])
    backward = lambda a, c: linalg.expm_frechet(a.T, c, compute_expm=False)  # noqa: E731
    fine(linalg.expm, backward, at, check="vjp")
    is_wrong(linalg.expm, lambda a, c: (1 + 1e-11) * backward(a, c), at, check="vjp")


@settings(max_examples=15)
@example([135.80755869432457, -142.16492765598383, 101.09212025051875, 154.51461923744014])
@given(st.lists(st.floats(-300, -60) | st.floats(60, 300), min_size=1, max_size=5))
def test_logits_that_are_right_leave_nothing_of_their_slopes(logits):
    """Of the cross-entropy of right answers softplus(z) − z is exactly 0, where z is large, and softplus(z) is not."""
    z = np.array(logits)
    labels = (z > 0) * 1.0

    def f(z):
        softplus = np.where(z.real > 0, z, 0) + np.log(1 + np.exp(np.where(z.real > 0, -z, z)))
        return (softplus - labels * z).sum()

    def grad(z):
        return np.where(labels == 1, -1 / (1 + np.exp(z)), 1 / (1 + np.exp(-z)))

    fine(f, grad, z)
    is_wrong(f, lambda z: grad(z) + 1e-9 * (np.arange(len(z)) == 0), z)


@pytest.mark.parametrize("scale", [1.0, 1e-16, 1e-20])
def test_a_mask_that_is_forgotten_is_wrong_however_small_f_is(scale):
    """Units that are dead are 0 and stand still as well."""
    x = np.array([3.0, 2.0])
    is_wrong(lambda x: scale * np.maximum(x - 5, 0).sum(), lambda x: np.full(x.shape, scale), x)
    is_wrong(lambda x: scale * np.maximum(x - 5, 0), lambda x, c: scale * c * x, x, check="vjp")
    is_wrong(lambda x: np.maximum(x - 5, 0), lambda x, c: 1e-16 * c, x, check="vjp")


# -- slopes that are lost beside the largest


@pytest.mark.parametrize("lost", [2, 3])
def test_where_most_slopes_are_told_beside_the_largest_alone_nothing_is_correct(lost):
    """(1 − cos x) / x² near 0, of whose slopes a few digits are left at most, and a sum of others."""
    few = np.array([1e-4, 1.2e-4, 1.3e-4])[:lost]

    def claim(by):
        return lambda x: np.r_[by * -x[:lost] / 12, np.ones(len(x) - lost)]

    def f(x):
        return ((1 - np.cos(x[:lost])) / x[:lost] ** 2).sum() + x[lost:].sum()

    for by in (1, 10):
        found = report(f, claim(by), np.r_[few, 0.5])
        assert found.verdict == "undecided", str(found)
        assert "only in relation to the largest" in said(found)
    assert report(f, claim(1), np.r_[few, np.linspace(0.5, 2, 7)]).verdict == "correct"


# -- slopes near their zeros, known no better than x is rounded


@settings(max_examples=15)
@example(100.0, 26, 2e-4)
@given(st.floats(5, 500), st.integers(0, 40), st.floats(-1e-3, 1e-3))
def test_slopes_near_their_zeros_in_single_precision_are_not_unstable(frequency, period, beside):
    """Of cos(ωx) as many digits are lost as the rounding of ωx takes, however it is written."""
    factor = np.float32(frequency)
    x = np.float32(((period + 0.5) * np.pi + beside) / frequency)

    def slope(x):
        return factor * np.cos(factor * np.asarray(x, np.float32))

    fine(lambda x: np.sin(float(factor) * x).sum(), slope, np.array([x, x / 3]))


@settings(max_examples=15)
@example([1.0, 1.0], 26, 1e-7)
@given(st.lists(st.floats(0.1, 1), min_size=2, max_size=20), st.integers(1, 40), st.floats(-1e-6, 1e-6))
def test_nor_where_many_numbers_add_up_to_what_is_rounded(weights, period, beside):
    """Of steps of random signs some would cancel."""
    factor = np.float32(100)
    total = (period + 0.5) * np.pi / 100 + beside
    x = (total * np.array(weights) / sum(weights)).astype(np.float32)

    def grad(x):
        return np.full(len(x), factor * np.cos(factor * np.asarray(x, np.float32).sum()), np.float32)

    fine(lambda x: np.sin(100.0 * x.sum()), grad, x)


@pytest.mark.parametrize("period", [0, 3, 26])
def test_digits_that_are_lost_beyond_that_are(period):
    x = (period + 0.5) * np.pi / 100 + 2e-4
    found = report(lambda x: np.sin(100 * x).sum(), lambda x: (1e12 + 100 * np.cos(100 * x)) - 1e12, np.array([x]))
    assert found.verdict == "unstable", str(found)


# -- noise


@pytest.mark.parametrize("x", [1.1532267e-3, -1.25e-3, 1.0198912e-3], ids=repr)
def test_noise_of_large_steps_is_noise_of_f_and_not_f_itself(x):
    """(1 - cos x) / x²: between points that are close the cosine does not move."""

    def slope(x):
        series = -x / 12 + x**3 / 180
        return np.where(np.abs(x) < 0.1, series, (x * np.sin(x) - 2 * (1 - np.cos(x))) / x**3)

    fine(lambda x: (1 - np.cos(x)) / x**2, lambda x, c: c * slope(x), np.array([0.333, x, -10.0]), check="vjp")


@pytest.mark.parametrize("x", [-9.614069282990426e304, 1.08e244, 5e200], ids=repr)
def test_where_f_varies_between_neighbouring_numbers_differences_tell_no_slope_of_0(x):
    at, w = np.array([x, -2.0, 1.1]), np.array([1, -0.7, 0.4])

    def f(x):
        return w @ np.tan(x)

    def grad(x):
        return w * (1 + np.tan(x) ** 2)

    fine(f, grad, at)
    is_not_passed(f, lambda x: np.array([0, 1, 1]) * grad(x), at)


def test_a_solver_that_is_off_smoothly_is_no_false_alarm():
    """Its error has a slope of 5e-10, which no noise shows."""

    def f(x):
        if np.iscomplexobj(x):
            raise TypeError("real numbers alone")
        return x[0] + 5e-10 * np.sin(3 * x[0])

    is_not_passed(f, lambda x: np.array([1.0 + 1e-6]), np.array([0.2]), oracles=("finite_difference",))
    fine(f, lambda x: np.array([1.0]), np.array([0.2]), oracles=("finite_difference",))


# -- what is claimed at other points is no breach


def test_a_jacobian_has_to_be_finite_at_the_point_alone():
    at = np.array([-0.77, -0.9999999999999999, 0.5])
    fine(np.arcsin, lambda x: np.diag(1 / np.sqrt((1 - x) * (1 + x))), at, check="jacobian")


@pytest.mark.parametrize("f", [np.negative, np.nan_to_num], ids=["negative", "nan_to_num"])
def test_tangents_at_the_largest_numbers_do_not_overflow(f):
    at = np.array([1.7e69, -1.7976931348623157e308, 1e5])
    sign = f(np.ones(1))[0]
    is_right(f, lambda x, v: sign * v, at, check="jvp")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("f", "tied"),
    [
        (np.sort, [1.0, 1.0]),
        (np.sort, [-1.0, -1.0]),
        (np.sort, [1.0, 1.0, -1.0, -1.0]),
        (lambda x: np.atleast_1d(x.max()), [1.0, 1.0]),
    ],
    ids=["sort, top", "sort, bottom", "sort, both", "max, top"],
)
def test_ties_of_the_largest_numbers_can_be_seen_from_one_side_alone(f, tied):
    """Any order of the tied entries is right, and none is contradicted by steps that overflow to one side."""
    at = np.array([1.9, *(np.finfo(float).max * np.array(tied)), 1e5])
    order = np.argsort(at, kind="stable")

    def jacobian(x, order=order):
        return np.eye(len(at))[order] if len(f(x)) > 1 else np.eye(len(at))[order[-1:]]

    is_not_passed(f, lambda x: 2 * jacobian(x), at, check="jacobian")
    fine(f, jacobian, at, check="jacobian")


def test_at_the_largest_number_a_slope_is_told_by_one_side():
    """The complex step loses it: its imaginary part underflows."""
    at = np.array([2.0, np.finfo(float).max])
    fine(lambda x: x**0.333, lambda x, c: c * 0.333 * x ** (0.333 - 1), at, check="vjp")
    is_wrong(lambda x: 2 * x, lambda x, c: 3 * c, at, check="vjp")


def test_cotangents_of_steep_functions_may_overflow():
    at = np.array([2.2250738585072014e-308, 0.1, 1e-7])
    fine(np.log2, lambda x, c: c / x / np.log(2), at, check="vjp")


def test_a_slope_that_a_library_flushes_to_0_is_none_of_its_own():
    """Of numbers below 2^-1022 JAX tells nothing."""
    at = np.array([5.6e-298, -1e-160, -5.3e-152])
    fine(lambda x: x**3, lambda x: np.diag(3 * x**2), at, check="jacobian")


def test_a_probability_that_is_1_to_the_last_digit_leaves_a_slope_of_0():
    """log softmax is -1e-228 there, and its slope 1e-228: 1 - p is 0."""

    def back(x, c):
        return c - special.softmax(x, axis=-1) * c.sum(-1, keepdims=True)

    at = np.array([[1.1, -2.5e-79, -999.9999999999999], [525.8448964136676, -0.0, 0.5]])
    fine(lambda x: special.log_softmax(x, axis=-1), back, at, check="vjp")
    is_wrong(lambda x: special.log_softmax(x, axis=-1), lambda x, c: back(x, c) + 1e-9, at, check="vjp")


def test_an_imaginary_part_that_underflows_inside_is_as_uncertain_as_it_is_magnified():
    """The slope by the upper right entry is a tenth of the lower left one: times a step of 1e-20 it is 3e-307."""
    linalg = pytest.importorskip("scipy.linalg")

    def back(a, c):
        return linalg.expm_frechet(a.T, c, compute_expm=False)

    at = np.array([[-2.7, -2.0], [-3.3e-286, -1.1e-169]])
    fine(linalg.expm, back, at, check="vjp")
    is_wrong(linalg.expm, lambda a, c: 1.01 * back(a, c), at, check="vjp")


@pytest.mark.parametrize("logits", [(-48.7, 66.06, 29.0), (0.0, 40.0, 2.9), (1.0, 37.5, 0.1)], ids=repr)
@pytest.mark.parametrize("large", [362.0, 1.0])
def test_a_probability_that_rounds_to_1_leaves_nothing_of_its_slope(logits, large):
    """1 − p is 0, or one unit, where p(1 − p) is about 1e-16: that is rounding, however large other entries are."""

    def backward(x, c):
        p = special.softmax(x, axis=1)
        return p * (c - (p * c).sum(1, keepdims=True))

    fine(lambda x: special.softmax(x, axis=1), backward, np.array([logits, (0.0, 0.1, large)]), check="vjp")


def test_a_slope_that_is_dropped_beside_1_is_not_passed():
    is_wrong(lambda x: 0.6 + 1e-3 * np.sin(x), lambda x, c: 0 * c, np.array([0.3, 1.0]), check="vjp")


# -- adding a step of 0 loses the sign of a zero


def copied(a, b, c):
    return c * np.sign(a) * np.copysign(1.0, b), 0 * b


def turned(a, b):
    return -(np.abs(a) + 1) / ((np.abs(a) + 1) ** 2 + b * b)


@pytest.mark.parametrize(
    ("f", "claim"),
    [
        pytest.param(np.copysign, copied, id="copied sign"),
        pytest.param(
            lambda a, b: np.arctan2(b, -np.abs(a) - 1),
            lambda a, b, c: (np.sign(a) * b * c / ((np.abs(a) + 1) ** 2 + b * b), turned(a, b) * c),
            id="arctangent",
        ),
        pytest.param(
            lambda a, b: a * (1 / np.where(b == 0, b, 1) < 0),
            lambda a, b, c: (c * (1 / np.where(b == 0, b, 1) < 0), 0 * b),
            id="quotient",
        ),
    ],
)
def test_negative_zeros_stay_negative_where_another_entry_is_moved(f, claim):
    with np.errstate(divide="ignore"):
        at = np.array([0.7, -0.3]), np.array([-0.0, 0.9])
        fine(f, claim, at, check="vjp")
        is_wrong(f, lambda a, b, c: tuple(-part for part in claim(a, b, c)), at, check="vjp")


@pytest.mark.parametrize("gap", [26.7, 20.0, 31.0])
@pytest.mark.parametrize("below", [58.3, 48.0])
def test_a_logarithm_of_1_and_a_little_has_steps_of_the_rounding_of_1(gap, below):
    """f is about −1e-12, whose own digits are far finer than the steps that it has, and those show along one entry."""

    def backward(x, c):
        return c - special.softmax(x, axis=1) * c.sum(1, keepdims=True)

    at = np.array([[-27.7, 350.07, 28.7], [150.7 - below, 150.7, 150.7 - gap]])
    fine(lambda x: special.log_softmax(x, axis=1), backward, at, check="vjp")
    is_wrong(lambda x: special.log_softmax(x, axis=1), lambda x, c: 1.01 * backward(x, c), at, check="vjp")


@pytest.mark.parametrize("off", [1e-11, 1e-10, 5e-9])
@pytest.mark.parametrize("small", [1e-3, 1e-7, 1e-12])
def test_a_slope_by_a_small_entry_is_not_passed_since_what_larger_ones_move_is_rounded(small, off):
    """Two oracles tell it to 13 digits; what is sorted is followed by no running error, and shows no rounding."""
    x = np.array([3.1 * small, -1.4 * small, 13.490680792343, -17.892015784883])

    def f(x):
        return ((x - x.mean()) ** 3).mean()

    def right(x):
        found = 3 * ((x - x.mean()) ** 2 - x.var()) / len(x)
        return np.sort(found)[np.argsort(np.argsort(found))]

    def wrong(x):
        return right(x) * np.array([1 + off, 1, 1, 1])

    fine(f, right, x)
    is_not_passed(f, wrong, x)
