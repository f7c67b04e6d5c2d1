import numpy as np
import pytest
from grad_kinds import is_right, is_wrong, report, said
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minibp import InputError
from minibp.check.grad.formats import as_format
from minibp.check.grad.low_precision import UNITS, rounded_to

COARSE = ("tf32", "float16", "bfloat16")


def layer(x, w, b):
    return np.tanh(x @ w + b)


def backward_in(name, *, factor=1.0, without=""):
    """The backward pass with every operation rounded to a format; `without` leaves out a term."""

    def rounded(array):
        return as_format(np.asarray(array, float), name)

    def backward(x, w, b, c):
        x, w, b, c = map(rounded, (x, w, b, c))
        a = rounded(np.tanh(rounded(rounded(x @ w) + b)))
        d = c if without == "σ'" else rounded(c * rounded(1 - rounded(a * a)))
        found = d @ w.T, x.T @ d, d.sum(0)
        if without == "an example":
            found = found[0], x[:-1].T @ d[:-1], found[2]
        return tuple((factor * rounded(part)).astype(np.float32) for part in found)

    return backward


def point(seed, rows=2, inputs=3, units=2):
    """Of a small layer: the noise of the claim is measured result by result, by some hundred calls each."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((rows, inputs)), rng.standard_normal((inputs, units)) / 2, rng.standard_normal(units)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", COARSE)
def test_a_right_layer_is_correct_in_its_arithmetic(name, seed):
    found = is_right(layer, backward_in(name), point(seed), check="vjp", arithmetic=name)
    assert f"is granted the rounding of {'TF32' if name == 'tf32' else name}" in said(found)


@pytest.mark.parametrize(
    ("name", "seed", "size"),
    [("tf32", 3, 1.0), ("bfloat16", 8, 1.0), ("float16", 103, 1.5), ("bfloat16", 103, 1.5), ("tf32", 100, 2.0)],
    ids=str,
)
def test_units_that_saturate_have_no_digit_left_in_it(name, seed, size):
    """Of 1 − a² nothing is left where a rounds to 1."""
    x, w, b = point(seed, 3, 6, 4)
    is_right(layer, backward_in(name), (size * x, w, b), check="vjp", seed=seed, arithmetic=name)
    is_wrong(layer, backward_in(name, factor=1.1), (size * x, w, b), check="vjp", seed=seed, arithmetic=name)


UNITS_THAT_SATURATE = {
    "tanh": (np.tanh, lambda a: (1 - a) * (1 + a), lambda rounded, a: rounded(1 - rounded(a * a))),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda a: a * (1 - a), lambda rounded, a: rounded(a * (1 - a))),
}
"""The function, its slope by its value, and that with each operation rounded."""


@settings(max_examples=30)
@example("sigmoid", "bfloat16", [6.33, 5.45, 4.9])
@example("tanh", "tf32", [5.0, -6.0, 4.0])
@given(
    st.sampled_from(sorted(UNITS_THAT_SATURATE)),
    st.sampled_from(COARSE),
    st.lists(st.floats(0.5, 40) | st.floats(-40, -0.5), min_size=1, max_size=3),
)
def test_where_all_units_saturate_no_right_derivative_is_wrong(unit, name, x):
    f, slope, in_format = UNITS_THAT_SATURATE[unit]

    def rounded(array):
        return as_format(np.asarray(array, float), name)

    def claim(x):
        return in_format(rounded, rounded(f(rounded(x)))).astype(np.float32)

    at = np.array(x)
    assert report(lambda x: f(x).sum(), claim, at, arithmetic=name).verdict in {"correct", "undecided"}
    jvp = report(f, lambda x, v: claim(x) * np.asarray(v, np.float32), at, check="jvp", arithmetic=name)
    assert jvp.verdict in {"correct", "undecided"}, str(jvp)
    wrong = report(lambda x: f(x).sum(), np.zeros_like, at, arithmetic=name).verdict
    # What has underflowed beside the rest is no mistake; where 1 and -1 cancel, the rounding of f is not seen.
    cancelled = abs(f(at).sum()) < 1e-3 * np.abs(f(at)).sum()
    assert wrong == "wrong" or slope(f(at)).max() < 1e-12 or cancelled


@pytest.mark.parametrize("seed", [1, 5])
@pytest.mark.parametrize("name", COARSE)
def test_a_right_layer_whose_units_saturate_is_not_wrong(name, seed):
    """By weights, slopes are as large as the inputs where units do not saturate."""
    x, w, b = point(seed, 3, 6, 4)
    found = report(layer, backward_in(name), (4 * x, 4 * w, b), check="vjp", arithmetic=name)
    assert found.verdict in {"correct", "undecided"}, str(found)


FALL_OFF = {
    "1 / x": (lambda x: 1 / x, lambda x: -1 / x**2, [7.0, 9.0]),
    "1 / x²": (lambda x: x**-2, lambda x: -2 * x**-3, [1.0, 2.0]),
    "1 / x³": (lambda x: x**-3, lambda x: -3 * x**-4, [1.0, 2.0]),
    "Lennard-Jones": (lambda x: x**-12 - x**-6, lambda x: 6 * x**-7 - 12 * x**-13, [1.0, 1.25, 1.5]),
    "exp(-x)": (lambda x: np.exp(-x), lambda x: -np.exp(-x), [9.0, 10.0]),
    "exp(-x²)": (lambda x: np.exp(-(x**2)), lambda x: -2 * x * np.exp(-(x**2)), [1.5, 2.0, 2.5]),
    "x⁴, of numbers whose squares overflow": (lambda x: x**4, lambda x: 4 * x**3, [1e38, 1e30]),
}
"""Functions that fall off, their slopes, and points."""


@pytest.mark.parametrize("by", [-1.0, 3.0])
@pytest.mark.parametrize("of", FALL_OFF)
@pytest.mark.parametrize("name", ["tf32", "bfloat16"])
def test_slopes_that_fall_off_have_lost_no_terms(name, of, by):
    """What they fall off from is no term that has cancelled."""
    f, slope, x = FALL_OFF[of]

    def claim(x):
        return by * as_format(slope(np.asarray(x, float)), name)

    is_wrong(lambda x: f(np.float64(1) * x).sum(), claim, np.array(x), arithmetic=name)


@settings(max_examples=10)
@given(st.sampled_from(["tf32", "bfloat16"]), st.floats(2, 40), st.integers(0, 60))
def test_slopes_near_their_zeros_are_not_unstable(name, frequency, period):
    """What is known of ωx is a part of it that is rounded."""

    def rounded(x):
        return as_format(np.asarray(x, float), name)

    frequency = float(rounded(frequency))

    def claim(x):
        return rounded(frequency * rounded(np.cos(rounded(frequency * rounded(x))))).astype(np.float32)

    x = np.array([float(rounded((period + 0.5) * np.pi / frequency))])
    found = report(lambda x: np.sin(frequency * x).sum(), claim, x, arithmetic=name)
    assert found.verdict in {"correct", "undecided"}, str(found)


@pytest.mark.parametrize(
    "mistake", [{"factor": 1.1}, {"factor": 0.9}, {"without": "σ'"}, {"without": "an example"}], ids=str
)
@pytest.mark.parametrize("name", COARSE)
def test_ten_per_cent_and_missing_terms_are_wrong(name, mistake):
    is_wrong(layer, backward_in(name, **mistake), point(0), check="vjp", arithmetic=name)


@pytest.mark.parametrize("name", ["tf32", "float16"])
def test_of_ten_bits_one_per_cent_is_wrong(name):
    is_wrong(layer, backward_in(name, factor=1.01), point(1), check="vjp", arithmetic=name)


@pytest.mark.parametrize(("name", "said_to_be"), [("tf32", "TF32"), ("bfloat16", "bfloat16")])
def test_errors_of_a_coarser_arithmetic_are_named(name, said_to_be):
    single = tuple(part.astype(np.float32) for part in point(2, 3, 6, 4))
    found = is_wrong(layer, backward_in(name), single, "coarser_arithmetic", check="vjp")
    assert f"the errors are as of {said_to_be} arithmetic" in said(found)
    assert "is not linear" not in said(found)
    finer = point(3, 3, 6, 4)
    also = is_wrong(layer, backward_in("bfloat16"), finer, "coarser_arithmetic", check="vjp", arithmetic="tf32")
    assert "as of bfloat16 arithmetic" in said(also)


@pytest.mark.parametrize("factor", [1 + 1e-4, 1 + 1e-3, 1.02])
def test_a_formula_that_is_off_by_as_much_has_no_such_name(factor):
    """It is off in the same way at all points nearby."""

    def backward(x, c):
        return factor * c * np.cos(x)

    found = report(np.sin, backward, np.array([0.3, -1.2, 0.8]), check="vjp")
    assert found.findings[0].fault == "scaled"


@settings(max_examples=15)
@given(st.floats(0, 3), st.floats(-8, -1.5))
@example(1.5, -3.0)
@example(3.0, -2.0)
@example(0.5, -8.0)
def test_what_varies_over_less_than_the_steps_of_a_format_is_no_rounding(frequency, error):
    """Along lines as long as these steps are it is no polynomial either."""
    w = 10.0**frequency

    def slope(x):
        return (1 + 10.0**error) * w * np.cos(w * x)

    found = report(lambda x: np.sin(w * x).sum(), slope, np.array([0.3, -1.2, 0.8, 0.55, -0.71]))
    assert found.verdict == "wrong"
    assert {finding.fault for finding in found.findings} <= {"scaled", None}


@pytest.mark.parametrize("check", ["grad", "jvp", "jacobian", "hessian", "hvp"])
def test_every_check_takes_an_arithmetic(check):
    def rounded(array):
        return as_format(np.asarray(array, float), "bfloat16").astype(np.float32)

    claims = {
        "grad": lambda x: rounded(np.cos(x)),
        "jvp": lambda x, v: rounded(np.cos(x) * v),
        "jacobian": lambda x: np.diag(rounded(np.cos(x))),
        "hessian": lambda x: np.diag(rounded(-np.sin(x))),
        "hvp": lambda x, v: rounded(-np.sin(x) * v),
    }
    f = np.sin if check in {"jvp", "jacobian"} else lambda x: np.sin(x).sum()
    x = np.array([0.3, -1.2, 0.8])
    is_right(f, claims[check], x, check=check, arithmetic="bfloat16")
    wrong = lambda *given: 1.1 * claims[check](*given)  # noqa: E731
    is_wrong(f, wrong, x, check=check, arithmetic="bfloat16")


@pytest.mark.parametrize("name", UNITS)
def test_points_are_rounded_to_numbers_that_the_arithmetic_holds(name):
    x = np.random.default_rng(0).standard_normal(100)
    (held, n), kind = rounded_to((x, 3), name), rounded_to({"a": 0.1}, name)["a"]
    assert held.dtype == kind.dtype == np.float32
    assert n == 3
    assert (np.abs(held - x) <= UNITS[name] * np.abs(x)).all()
    assert (as_format(held.astype(float), name) == held).all()
    assert (held != x).any()


@pytest.mark.parametrize("arithmetic", ["half", "TF32", 16])
def test_another_arithmetic_is_one_clear_error(arithmetic):
    with pytest.raises(InputError, match="arithmetic is .*, expected one of float64, float32, tf32, float16, bfloat16"):
        report(np.sin, np.cos, 1.0, arithmetic=arithmetic)
