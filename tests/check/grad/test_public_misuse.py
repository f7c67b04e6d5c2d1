import re

import numpy as np
import pytest
from case_ids import written_out
from grad_kinds import CHECKS, is_right, is_wrong, report

from minibp import InputError, check_grad

X = np.array([0.7, -1.3, 2.1, -0.2, 0.4])
EXPECTED = "expected an array, a number, or a tuple, list or dict of them"


def log_sum_exp(x):
    return np.log(np.exp(x).sum())


def softmax(x):
    return np.exp(x) / np.exp(x).sum()


def twice(a):
    return 2 * a


def changes(x):
    x += 1
    return x.sum()


def fails(x):
    raise KeyError("no such parameter")


class Counting:
    """Wrong from a call on."""

    def __init__(self, f, calls, otherwise):
        self.f, self.calls, self.otherwise, self.made = f, calls, otherwise, 0

    def __call__(self, x):
        self.made += 1
        return self.f(x) if self.made <= self.calls else self.otherwise(x)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (changes, "f changed its argument in place, expected it to be left as it is"),
        pytest.param(lambda x: np.log(-x).sum(), "f returned nan, expected a finite number", id="nan"),
        pytest.param(lambda x: np.inf, "f returned inf, expected a finite number", id="inf"),
        pytest.param(lambda x: np.random.default_rng().random(), "expected the same number", id="random"),
    ],
)
def test_what_is_wrong_with_the_function_is_told_before_any_numbers(f, message):
    found = report(f, twice, np.array([1.0, 2.0]))
    [finding] = found.findings
    assert (found.verdict, finding.equation, finding.subject) == ("undecided", None, "f")
    assert message in finding.message


@pytest.mark.parametrize(
    ("grad", "message"),
    [
        (changes, "changes changed its argument in place, expected it to be left as it is"),
        (np.sum, "sum has shape (), expected (2,), the shape of x"),
        pytest.param(lambda x: None, "<lambda> is a NoneType, expected an array of shape (2,)", id="None"),
        pytest.param(
            lambda x: [x, 1.0],
            "<lambda> is a list that NumPy cannot read, expected an array of shape (2,)",
            id="ragged list",
        ),
        pytest.param(
            lambda x: twice(x).astype(np.float32),
            "<lambda> has dtype float32, expected float64, the dtype of x",
            id="float32",
        ),
        pytest.param(lambda x: 2j * x, "<lambda> has dtype complex128, expected float64, the dtype of x", id="complex"),
        pytest.param(lambda x: x * np.random.default_rng().random(), "expected the same number", id="random"),
        pytest.param(
            np.array([1.0]), "grad has shape (1,), expected (2,), the shape of x", id="array of another shape"
        ),
    ],
)
def test_what_is_wrong_with_the_gradient_is_told_before_any_numbers(grad, message):
    found = report(lambda x: x @ x, grad, np.array([1.0, 2.0]))
    finding = found.findings[0]
    assert (found.verdict, finding.equation, finding.tensor) == ("wrong", None, "grad")
    assert message in finding.message


@pytest.mark.parametrize(
    ("value", "message"), [(np.nan, "is nan at [1]"), (np.inf, "is inf at [1]"), (-np.inf, "is -inf at [1]")]
)
def test_what_is_not_finite_is_a_finding_and_other_entries_are_still_compared(value, message):
    def grad(x, by=1.0):
        return np.array([2.0, value, 2 * by]) * x

    x = np.array([1.0, 2.0, 3.0])
    for claim in (grad, grad(x)):
        [finding] = is_wrong(lambda x: x @ x, claim, x).findings
        assert message.replace("[1]", "[1], expected finite numbers") in finding.message
    found = is_wrong(lambda x: x @ x, lambda x: grad(x, 1.5), x)
    assert {(one.equation, one.entry) for one in found.findings} == {(None, None), ("(1)", (2,))}
    several = is_wrong(lambda x: x @ x, lambda x: np.array([np.nan, np.nan, 6.0]), x)
    assert "is nan at [0], and 1 more, expected finite numbers" in several.findings[0].message


def test_a_coarser_gradient_is_a_finding_and_a_finer_one_is_not():
    x = X.astype(np.float32)
    is_right(lambda x: (x**2).sum(), lambda x: 2 * x.astype(np.float64), x)
    is_right(lambda x: (x**2).sum(), lambda x: 2 * x.astype(np.longdouble), X)
    found = is_wrong(lambda x: (x**2).sum(), lambda x: (2 * x).astype(np.float16), x)
    assert "has dtype float16, expected float32, the dtype of x" in found.findings[0].message


@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_gradients_of_integers_and_booleans_are_taken_with_a_note(dtype):
    found = is_right(lambda x: x.sum(), lambda x: np.ones(5, dtype), X)
    note = f"<lambda> has dtype {dtype}, which holds no fractions; float64 is the dtype of x"
    assert note in found.notes, found.notes
    is_wrong(lambda x: 2 * x.sum(), lambda x: np.ones(5, dtype), X)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_list_as_the_gradient_takes_the_dtype_of_x(dtype):
    x = np.array([1.0, 2.0], dtype)
    for claim, verdict in (([2, 4], "correct"), ([2.0, 4.0], "correct"), ([2, 5], "wrong")):
        found = report(lambda x: (x**2).sum(), claim, x)
        assert found.verdict == verdict
        assert not any("dtype" in note for note in found.notes)


def test_a_tuple_of_gradients_is_expected_for_a_tuple():
    for grad, message in (
        (lambda a, b: a, "<lambda> is a numpy.ndarray, expected a tuple of 2 arrays, as x is"),
        (lambda a, b: (a,), "<lambda> has 1 parts, expected 2, as x has"),
        (lambda a, b: (b, a[:1]), "<lambda>[1] has shape (1,), expected (2,), the shape of x"),
    ):
        assert report(lambda a, b: a @ b, grad, (np.ones(2), np.ones(2))).findings[0].message == message


def test_what_is_passed_on_needs_no_gradient():
    def f(x, k, kind):
        return (x[k] ** 2).sum()

    def grad(x, k):
        found = np.zeros_like(x)
        found[k] = 2 * x[k]
        return found

    at = X, np.array([0, 3]), "mean"
    is_right(f, lambda x, k, kind: (grad(x, k), None, None), at)
    is_right(f, lambda x, k, kind: (grad(x, k),), at)
    is_wrong(f, lambda x, k, kind: (2 * x, None, None), at)


PLACE = r"\(\S*test_public_misuse\.py, line \d+: raise "


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (fails, rf"f raised KeyError: 'no such parameter', at x = \[1.0, 2.0\] {PLACE}KeyError\(.*\)\)"),
        pytest.param(lambda x: x, r"f returned an array of shape \(2,\), expected one number", id="array"),
        pytest.param(lambda x: x[:0], r"f returned an array of shape \(0,\), expected one number", id="empty"),
        pytest.param(lambda x: (1.0, x), "f returned a tuple that NumPy cannot read, expected one real", id="tuple"),
        pytest.param(lambda x: {"cost": 1.0, "x": x}, "f returned a dict, expected one real number", id="dict"),
        pytest.param(lambda x: None, "f returned a NoneType, expected one real number", id="None"),
        pytest.param(lambda x: "1.0", "f returned a str, expected one real number", id="text"),
        pytest.param(lambda x: x.sum, "f returned a builtin_function_or_method, expected one real", id="function"),
        pytest.param(
            lambda x: 1j * x.sum(), "f returned numbers of dtype complex128, expected one real number", id="complex"
        ),
        pytest.param(
            lambda x: x.clone().sum(),
            r"f raised AttributeError: .* 'clone', at x = .*line \d+: .*; f and grad get NumPy arrays",
            id="another library's method",
        ),
    ],
)
@pytest.mark.parametrize("raise_on_mismatch", [False, True])
def test_a_function_that_has_no_value_at_x_is_misuse(f, message, raise_on_mismatch):
    with pytest.raises(InputError, match=message) as caught:
        check_grad(f, twice, np.array([1.0, 2.0]), seed=1, raise_on_mismatch=raise_on_mismatch)
    assert "\n" not in str(caught.value)


def test_a_gradient_that_raises_at_x_is_misuse_and_one_that_raises_elsewhere_is_not():
    with pytest.raises(InputError, match=rf"fails raised KeyError: .*, at x = \[1.0, 2.0\] {PLACE}"):
        report(lambda x: x @ x, fails, np.array([1.0, 2.0]))

    def only_at_x(x):
        if not np.array_equal(x, X):
            raise ValueError
        return 3 * x

    is_wrong(lambda x: x @ x, only_at_x, X)


@pytest.mark.parametrize("kind", CHECKS)
def test_a_claim_that_raises_is_misuse_in_every_check(kind):
    def breaks(*given):
        raise ValueError("not yet written")

    f = (lambda x: x @ x) if kind in {"grad", "hessian", "hvp"} else np.sin
    message = r"^breaks raised ValueError: not yet written, at x = \[0.7, .*\] " + PLACE
    with pytest.raises(InputError, match=message):
        report(f, breaks, X, check=kind)


@pytest.mark.parametrize(("calls", "subject"), [(1, "f"), (2, "f"), (1, "grad")])
def test_what_raises_on_a_later_call_at_the_same_x_is_a_finding(calls, subject):
    def tired(x):
        raise ValueError("tired")

    tires = Counting((lambda x: x @ x) if subject == "f" else twice, calls, tired)
    found = report(*((tires, twice) if subject == "f" else (lambda x: x @ x, tires)), X)
    assert found.verdict == ("undecided" if subject == "f" else "wrong")
    assert "raised ValueError: tired" in found.findings[0].message
    assert "an earlier call at the same x gave a result" in found.findings[0].message


@pytest.mark.parametrize(
    ("x", "note"),
    [
        pytest.param(np.array([1, 2]), "x has integers, taken as float64", id="array"),
        pytest.param(np.array([1, 2], np.uint8), "x has integers, taken as float64", id="uint8"),
        pytest.param([1, 2], "x has integers, taken as float64", id="list"),
        (3, "x has integers, taken as float64"),
        pytest.param((np.ones(2), np.array([1])), "x[1] has integers, taken as float64", id="tuple"),
        pytest.param((2.5, 3), "x[1] has integers, taken as float64", id="number in a tuple"),
    ],
)
def test_integers_are_taken_as_floats_and_the_notes_say_so(x, note):
    several = isinstance(x, tuple)

    def f(*arrays):
        return sum((array**2).sum() for array in map(np.asarray, arrays))

    def grad(*arrays):
        return tuple(2 * np.asarray(array) for array in arrays) if several else 2 * arrays[0]

    for claim in (grad, grad(*x) if several else grad(np.asarray(x))):
        found = is_right(f, claim, x)
        assert note in found.notes, found.notes
    is_wrong(f, lambda *arrays: grad(*(1.5 * array for array in arrays)), x)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"f": 3}, "f is a int, expected a function"),
        pytest.param({"x": np.array([True])}, f"x has dtype bool, {EXPECTED}", id="x of bool"),
        ({"grad": None}, "grad is a NoneType, expected a function or an array of shape (5,)"),
        ({"grad": "grad"}, "grad is a str, expected a function or an array of shape (5,)"),
        ({"grad": {"w": 1.0}}, "grad is a dict, expected a function or an array of shape (5,)"),
        pytest.param({"x": np.array([1.0, np.nan])}, "x has the value nan at [1], expected finite", id="x with nan"),
        ({"x": None}, "x is None, expected a point, or points=, a strategy of Hypothesis"),
        ({"x": ()}, "x is an empty tuple, expected at least one array"),
        ({"seed": -1}, "seed is -1, expected at least 0"),
        ({"seed": "one"}, "seed is 'one', expected a whole number"),
        ({"calls": 0}, "calls is 0, expected at least 1"),
        ({"oracles": ()}, "oracles is empty, expected some of jax, complex_step, finite_difference"),
        ({"oracles": ("autograd",)}, "oracles has 'autograd', expected some of jax, complex_step, finite_difference"),
        ({"accuracy": 0}, "accuracy is 0, expected a number above 0, what f is good for"),
        ({"accuracy": "high"}, "accuracy is 'high', expected a number above 0"),
        ({"examples": 5}, "examples is given without points, expected a strategy to draw them from"),
        ({"points": 3}, "points is a int, expected a strategy of Hypothesis"),
    ],
    ids=written_out,
)
def test_arguments_that_cannot_be_used_are_refused(given, message):
    with pytest.raises(InputError, match=re.escape(message)):
        check_grad(**{"f": log_sum_exp, "grad": softmax, "x": X, **given})
