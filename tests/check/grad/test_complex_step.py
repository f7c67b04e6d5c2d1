import numpy as np
import pytest
from grad_programs import function_at, unit
from hypothesis import example, given
from hypothesis import strategies as st

from minibp.check.grad.complex_step import ComplexStep
from minibp.check.oracles.estimate import OracleUnavailable


@given(st.floats(0.1, 3), st.integers(-900, 900))
def test_the_slope_is_told_to_its_last_digits_at_every_scale(x, power):
    s = 2.0**power
    step = ComplexStep(function_at(lambda x: np.sin(x / s), s * x))
    value, radius = step.along(np.ones(1), s * x)
    exact = np.cos(np.longdouble(x)) / s
    assert abs(value[0] - exact) <= radius[0] + step.measured(np.ones(1), s * x, value)[0]
    assert radius[0] <= 1e-13 * abs(exact) + 5e-324


@pytest.mark.parametrize(
    ("f", "slope"),
    [(lambda x: x * x, 2e-180), (np.log, 1e180), (lambda x: (x * 1e200) ** 3, 3e240)],
    ids=["square", "log", "cube"],
)
def test_parts_that_underflow_are_told_by_larger_steps(f, slope):
    step = ComplexStep(function_at(f, 1e-180))
    value, radius = step.along(np.ones(1), 1e-180)
    assert abs(value[0] - slope) <= radius[0] <= 1e-12 * slope


@given(st.floats(1, 10), st.integers(-100, -85))
@example(1.0566235810081315, -94)
def test_a_larger_step_is_known_no_better_than_it_agrees(x, power):
    """1e-100 is a millionth of 1e-94, and what is left of h³ is of its square."""
    x *= 10.0**power
    value, radius = ComplexStep(function_at(lambda x: x**3, x)).along(np.ones(1), x)
    assert abs(value[0] - 3 * x * x) <= radius[0]


def test_what_underflows_whatever_the_step_is_not_told_to_be_0():
    step = ComplexStep(function_at(lambda x: x * 1e-300, 1e-20))
    value, radius = step.along(np.ones(1), 1e-20)
    assert abs(value[0] - 1e-300) <= radius[0]


@pytest.mark.parametrize("x", [1e-308, 1.7890611887431844e-287, 1e-200, 1e-150])
def test_what_underflows_at_all_steps_is_told_to_within_that_of_the_largest(x):
    step = ComplexStep(function_at(np.cos, x))
    value, radius = step.along(np.ones(1), x)
    assert abs(value[0] + x) <= radius[0] <= max(1e-11 * x, 1e-285)


def test_larger_steps_that_tell_another_thing_each_are_not_taken():
    """Beyond 1e-287 cosh is another function; what underflows at one step hides that from the next."""
    step = ComplexStep(function_at(lambda x: 1e-300 * np.cosh(x * 1e287), 0.5e-287))
    value, radius = step.along(np.ones(1), 0.5e-287)
    assert abs(value[0] - 1e-13 * np.sinh(0.5)) <= radius[0]


def test_cancellation_is_measured_where_it_shows():
    """1e8 (e^x − e^x (1 − 1e-8)): the slope is e^x with half of its digits."""
    step = ComplexStep(function_at(lambda x: 1e8 * (np.exp(x) - np.exp(x) * (1 - 1e-8)), 0.7))
    value, radius = step.along(np.ones(1), 0.7)
    exact = np.exp(np.longdouble(0.7))
    noise = step.measured(np.ones(1), 0.7, value)
    assert abs(value[0] - exact) > radius[0]
    assert abs(value[0] - exact) <= radius[0] + noise[0] <= 1e-4 * exact


@pytest.mark.parametrize(
    ("f", "why"),
    [
        (float, "takes no complex numbers"),
        (lambda x: np.asarray(x).real ** 2, "returns float64"),
        (lambda x: np.abs(np.asarray(x)), "returns float64"),
        (lambda x: np.rint(x) + x, "rint has no derivative for complex numbers"),
        (lambda x: np.fft.fft(x * np.ones(2)).real, "fft has no derivative for complex numbers"),
        (lambda x: np.linalg.svd(x * np.eye(2), compute_uv=False), "svd has no derivative for complex numbers"),
        (lambda x: np.conj(x) * np.where(np.iscomplexobj(x), 2, 1), "another value"),
        (lambda x: np.ones(2) * x if np.iscomplexobj(x) else x * np.ones(1), "another shape"),
    ],
    ids=["float", "real", "abs", "rounding", "Fourier", "singular values", "another value", "another shape"],
)
def test_functions_that_take_no_complex_numbers_are_left_to_others(f, why):
    with pytest.raises(OracleUnavailable, match=why):
        ComplexStep(function_at(f, 1.5))


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        pytest.param(lambda x: x.real**2 + 3 * x.imag, -3.0, id="real and imag"),
        pytest.param(lambda x: np.abs(x) * np.sign(x) + np.conj(x), 2.0, id="abs, sign and conj"),
        pytest.param(lambda x: np.linalg.norm(x * np.array([3, 4])), -5.0, id="norm"),
    ],
)
def test_functions_that_complex_numbers_have_otherwise_are_followed_as_those_of_real_ones(f, slope):
    value, radius = ComplexStep(function_at(f, -1.5)).along(np.ones(1), 1.5)
    assert abs(value[0] - slope) <= radius[0] <= 1e-12


def test_code_that_knows_no_arrays_of_another_class_is_given_plain_ones():
    def f(x):
        if type(x) is not np.ndarray:
            raise TypeError
        return x * x

    step = ComplexStep(function_at(f, np.array([1.5])))
    assert not step.continued
    assert step.along(np.ones(1), 1.5)[0].tolist() == [3.0]


def test_discarded_imaginary_parts_are_no_zeros_where_the_result_is_complex_all_the_same():
    def f(x):
        kept = np.zeros(1)
        kept[:] = np.sin(x)
        return kept * x

    with pytest.raises(OracleUnavailable, match="f takes no complex numbers: ComplexWarning"):
        ComplexStep(function_at(f, np.array([1.5])))


@pytest.mark.parametrize("size", [1.0, 1e-200, 1e-300])
@np.errstate(all="ignore")
def test_slopes_along_all_entries_are_those_along_each(size):
    x = size * np.array([1.0, -2.0, 0.0, 3.0])
    step = ComplexStep(function_at(lambda x: np.array([np.sin(x / size).sum(), x[1] * x[3], 1e-300 * x[0]]), x))
    found, radii = step.along_entries(np.array([0, 1, 2]))
    for k in range(3):
        value, radius = step.along(np.eye(4)[k], float(step.function.arguments.scale[k]))
        np.testing.assert_array_equal(found[:, k], value)
        np.testing.assert_array_equal(radii[:, k], radius)


def test_complex_arguments_and_results_are_left_to_others():
    with pytest.raises(OracleUnavailable, match="complex arguments"):
        ComplexStep(function_at(np.abs, np.array([1 + 1j])))
    with pytest.raises(OracleUnavailable, match="returns complex numbers"):
        ComplexStep(function_at(lambda x: x * 1j, np.array([1.0])))


@pytest.mark.parametrize("large", [1e6, 1e50, 1e300])
def test_imaginary_parts_are_small_and_reals_stay(large):
    seen = []

    def f(x):
        seen.append(np.asarray(x))
        return np.sin(x)

    at = np.array([3.0, large])
    step = ComplexStep(function_at(f, at))
    step.along(unit(1, 2), large)
    step.along(np.array([-3.0, large]), 1.0)
    given_complex = [x for x in seen if np.iscomplexobj(x)]
    assert given_complex
    assert max(np.abs(x.imag).max() for x in given_complex) <= 1e-20
    assert all(np.array_equal(x.real, at) for x in given_complex)


def test_a_function_without_a_value_for_complex_numbers_is_left_to_others():
    with pytest.raises(OracleUnavailable, match="another value"):
        ComplexStep(function_at(lambda x: x * (np.nan if np.iscomplexobj(x) else 1), 0.7))


def test_a_large_argument_multiplies_what_underflowed():
    """Of 1e-300 times an imaginary part of 1e-20 a few digits are left."""
    step = ComplexStep(function_at(lambda x: x[0] * x[1] * x[2], np.array([1e-300, 1e-160, 8e29])))
    value, radius = step.along(unit(1, 3), 1e-160)
    assert abs(value[0] - 8e-271) <= radius[0]
