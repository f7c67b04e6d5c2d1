import json
import re
import sys

import numpy as np
import pytest
from case_ids import written_out

from minibp import GradientMismatch, InputError
from minibp.check.grad import gradient_check
from minibp.check.grad.arguments import Arguments
from minibp.check.grad.gradient_check import check_grad
from minibp.check.grad.noise import Nearby
from minibp.check.grad.slopes import Autodiff, ComplexStep, Surroundings

RNG = np.random.default_rng(20261123)
X = RNG.standard_normal(5)
A, B = RNG.standard_normal((8, 5)), RNG.standard_normal(8)
SINGLE = A.astype(np.float32), B.astype(np.float32)


def log_sum_exp(x):
    return np.log(np.exp(x).sum())


def softmax(x):
    return np.exp(x) / np.exp(x).sum()


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def rosenbrock_gradient(x):
    found, d = np.zeros_like(x), x[1:] - x[:-1] ** 2
    found[1:] += 200 * d
    found[:-1] -= 400 * x[:-1] * d + 2 * (1 - x[:-1])
    return found


def squares(x):
    return ((A @ x - B) ** 2).sum()


def squares_gradient(x):
    return 2 * A.T @ (A @ x - B)


def by_newton(x):
    y = np.ones_like(x)
    for _ in range(60):
        y = (y + x / y) / 2
    return y.sum()


def by_iteration(x):
    y = 0 * x
    while True:
        z = np.cos(y) / 2 + 0.3 * x
        if np.abs(z - y).max() < 1e-15:
            return y.sum()
        y = z


def implicit_gradient(x):
    y = 0 * x
    for _ in range(200):
        y = np.cos(y) / 2 + 0.3 * x
    return 0.3 / (1 + np.sin(y) / 2)


def in_single_inside(x):
    return float((np.asarray(x, np.float32) ** 2).sum())


def affine(w, b):
    return np.sin(w @ X + b).sum()


def affine_gradient(w, b):
    slope = np.cos(w @ X + b)
    return np.outer(slope, X), slope


def report(f, grad, x, seed=1):
    return check_grad(f, grad, x, seed=seed, raise_on_mismatch=False)


def twice(a):
    return 2 * a


RIGHT = {
    "polynomial": (
        lambda x: 1e-3 * x[0] ** 4 - x[1] * x[2],
        lambda x: np.array([4e-3 * x[0] ** 3, -x[2], -x[1]]),
        X[:3],
    ),
    "rosenbrock": (rosenbrock, rosenbrock_gradient, X),
    "rosenbrock at its minimum": (rosenbrock, rosenbrock_gradient, np.ones(5)),
    "log-sum-exp": (log_sum_exp, softmax, X),
    "log-sum-exp at 0": (log_sum_exp, softmax, np.zeros(5)),
    "log-sum-exp in single precision": (log_sum_exp, softmax, X.astype(np.float32)),
    "an array computed beforehand": (log_sum_exp, softmax(X), X),
    "least squares": (squares, squares_gradient, X),
    "normal equations": (squares, lambda x: 2 * (A.T @ A) @ x - 2 * A.T @ B, X),
    "least squares at the minimum": (squares, squares_gradient, np.linalg.lstsq(A, B)[0]),
    "least squares in single precision": (
        lambda x: ((SINGLE[0] @ x - SINGLE[1]) ** 2).sum(),
        lambda x: 2 * SINGLE[0].T @ (SINGLE[0] @ x - SINGLE[1]),
        X.astype(np.float32),
    ),
    "linear": (lambda x: B @ (A @ x), A.T @ B, X),
    "linear in single precision": (
        lambda x: SINGLE[1] @ (SINGLE[0] @ x),
        SINGLE[0].T @ SINGLE[1],
        X.astype(np.float32),
    ),
    "constant": (lambda x: 3.0, np.zeros_like, X),
    "huge offset": (lambda x: 1e6 + log_sum_exp(x), softmax, X),
    "tiny values": (lambda x: 1e-150 * log_sum_exp(x), lambda x: 1e-150 * softmax(x), X),
    "huge values": (lambda x: 1e150 * log_sum_exp(x), lambda x: 1e150 * softmax(x), X),
    "tiny x": (lambda x: (x**2).sum(), twice, 1e-150 * X),
    "huge x": (lambda x: (x**2).sum(), twice, 1e150 * X),
    "a norm": (np.linalg.norm, lambda x: x / np.linalg.norm(x), X),
    "absolute values": (lambda x: np.abs(x).sum(), np.sign, X),
    "absolute values at 0": (lambda x: np.abs(x).sum(), np.sign, np.array([0.0, 1.0, -2.0])),
    "relu": (lambda x: np.maximum(A @ x, 0).sum(), lambda x: A.T @ (A @ x > 0), X),
    "edge of a domain": (lambda x: (x * np.log(x)).sum(), lambda x: np.log(x) + 1, np.array([1e-9, 1.0, 3.0])),
    "a claim at x alone": (log_sum_exp, lambda x: softmax(x) if np.array_equal(x, X) else None, X),
    "Newton's iteration": (by_newton, lambda x: 0.5 / np.sqrt(x), np.abs(X)),
    "fixed points": (by_iteration, implicit_gradient, X),
    "single precision inside": (in_single_inside, twice, X),
    "tuple": (affine, affine_gradient, (RNG.standard_normal((2, 5)), np.array([0.5, -1.0]))),
    "a list for a tuple": (lambda a, b: a * b.sum(), lambda a, b: [b.sum(), np.full(2, a)], (2.0, np.ones(2))),
    "a number": (lambda x: x**3, lambda x: 3 * x**2, 2.0),
    "Python's numbers": (float, lambda x: 1, np.array(0.5, np.float32)),
    "log det": (lambda m: np.log(np.linalg.det(m)), lambda m: np.linalg.inv(m).T, A.T @ A),
    "a flat place": (lambda x: np.tanh(x).sum(), lambda x: 1 - np.tanh(x) ** 2, np.array([7.0, 8.0, 0.1])),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_gradients_are_not_called_wrong(name):
    found = report(*RIGHT[name])
    assert found.verdict == "correct", str(found)
    assert "finite_difference" in found.oracles()
    json.dumps(found.to_dict())


@pytest.mark.parametrize(
    "name", ["log-sum-exp", "rosenbrock", "least squares", "huge offset", "tiny values", "fixed points"]
)
def test_one_part_in_ten_billion_in_one_entry_is_seen(name):
    f, grad, x = RIGHT[name]

    def off(x):
        found = grad(x)
        found[3] *= 1 + 1e-10
        return found

    found = report(f, off, x)
    assert found.verdict == "wrong"
    [finding] = found.findings
    assert (finding.equation, finding.layer, finding.tensor, finding.entry) == ("(1)", None, "grad", (3,))
    assert finding.subject == "off"
    assert finding.error > finding.tolerance
    assert "all 5 entries were checked, 1 are off" in found.notes


def test_differences_alone_see_one_part_in_ten_million():
    grad = RIGHT["a norm"][1]
    assert report(np.linalg.norm, lambda x: grad(x) * np.array([1, 1, 1 + 1e-7, 1, 1]), X).findings[0].entry == (2,)


def test_functions_that_are_not_analytic_are_left_to_differences():
    """An ℓ¹ penalty that both the claim and the complex step leave out."""

    def f(x):
        return log_sum_exp(x) + 1e-7 * np.abs(x).sum()

    found = report(f, softmax, X)
    assert found.verdict == "wrong"
    assert any("not analytic" in note for note in found.notes)
    assert report(f, lambda x: softmax(x) + 1e-7 * np.sign(x), X).verdict == "correct"
    near = surroundings(lambda x: np.conj(x) @ x, X)
    with pytest.raises(Exception, match="not analytic"):
        ComplexStep(near)


def test_what_a_mistake_looks_like_is_said():
    square = RNG.standard_normal((3, 3))
    m = RNG.standard_normal((3, 3))
    for f, grad, x, told in (
        (log_sum_exp, lambda x: 2 * softmax(x), X, "grad: every entry is 2 times the slope"),
        (log_sum_exp, lambda x: -softmax(x), X, "grad: every entry is -1 times the slope"),
        (log_sum_exp, np.zeros_like, X, "grad: every entry is 0"),
        (log_sum_exp, lambda x: softmax(x) - 0.25, X, "grad: every entry is the slope and -0.25"),
        (log_sum_exp, lambda x: softmax(x) + 0.1 * x, X, "grad: every entry is the slope and 0.1 times x"),
        (lambda a: np.sin(a @ m).sum(), lambda a: (np.cos(a @ m) @ m.T).T, square, "grad: it is transposed"),
        (
            lambda a, b: np.exp(a).sum() + b @ b,
            lambda a, b: (np.exp(a), b),
            (X, X),
            "grad[1]: every entry is 0.5 times",
        ),
    ):
        found = report(f, grad, x)
        assert found.verdict == "wrong"
        assert any(note.startswith(told) for note in found.notes), found.notes
    muddled = report(log_sum_exp, lambda x: softmax(x) * np.arange(5), X)
    assert not any(note.startswith("grad") for note in muddled.notes)
    single = report(lambda x: x**2, lambda x: x, 1.0)
    assert muddled.verdict == single.verdict == "wrong"
    assert not any(note.startswith("grad") for note in single.notes)


def test_a_tuple_names_its_array():
    w, b = RIGHT["tuple"][2]
    wrong = report(affine, lambda w, b: (affine_gradient(w, b)[0], 2 * affine_gradient(w, b)[1]), (w, b))
    assert {(finding.tensor, finding.entry) for finding in wrong.findings} == {("grad[1]", (0,)), ("grad[1]", (1,))}
    assert report(affine, lambda w, b: (2 * affine_gradient(w, b)[0], b), (w, b)).findings[0].tensor.startswith("grad[")


def test_kinks_are_bracketed_by_the_slopes_on_both_sides():
    x = np.array([0.0, 1.0])

    def absolute(x):
        return np.abs(x).sum()

    for claimed in (-1.0, 0.0, 0.5, 1.0):
        found = report(absolute, np.array([claimed, 1.0]), x)
        assert found.verdict == "correct"
        assert found.skipped == {gradient_check.AT_A_KINK: 1}
    for claimed, nearest in ((1.1, 1.0), (-1.1, -1.0)):
        [finding] = report(absolute, np.array([claimed, 1.0]), x).findings
        assert (finding.entry, finding.oracle) == ((0,), "finite_difference")
        assert finding.expected == pytest.approx(nearest)
    # A claim that has a kink there too is not noisy for it.
    for factor, verdict in ((0.5, "correct"), (1.5, "wrong")):
        assert (
            report(absolute, lambda x, by=factor: by * np.where(x < 0, -1, 1) + (x > 0.5) * (1 - by), x).verdict
            == verdict
        )
    alone = report(absolute, np.zeros(2), np.zeros(2))
    assert alone.verdict == "undecided"
    assert alone.notes[0] == "all that is claimed is at kinks of f"
    with pytest.raises(GradientMismatch, match="undecided: all that is claimed is at kinks"):
        check_grad(absolute, np.zeros(2), np.zeros(2))


def test_a_slope_that_is_lost_in_rounding_is_undecided():
    def noisy(x):
        return float(x.sum() + 1e3 * np.sin(1e15 * x).sum())

    found = report(noisy, np.ones_like, X)
    assert found.verdict == "undecided"
    assert found.skipped == {gradient_check.UNTOLD: 5}
    assert found.notes[0] == "the slope is lost in rounding"
    assert report(noisy, np.zeros_like, X).verdict == "undecided"
    # f has no value but at x.
    lonely = report(lambda x: 1.0 if np.array_equal(x, X) else None, np.zeros_like, X)
    assert (lonely.verdict, lonely.skipped) == ("undecided", {gradient_check.UNTOLD: 5})


# 1 − a² has no digits left where a is all but 1, and no noise shows, since a is the same at all points nearby.
FLAT = (lambda x: np.tanh(x).sum(), lambda x: 1 - np.tanh(x) ** 2, np.array([18.0, 0.5]))


def test_a_gradient_that_magnifies_rounding_is_unstable():
    found = report(*FLAT)
    assert (found.verdict, found.findings[0].entry) == ("unstable", (0,))
    with pytest.raises(GradientMismatch, match="unstable: .* is correct but numerically unstable"):
        check_grad(*FLAT)
    lost = report(lambda x: np.exp(x).sum(), lambda x: np.exp(x) * 1e10 - np.exp(x) * (1e10 - 1), np.abs(X))
    assert lost.verdict == "unstable"
    assert lost.findings[0].error <= lost.findings[0].tolerance


def test_what_is_wrong_at_moderate_points_too_is_not_unstable():
    f, grad, x = FLAT
    assert report(f, grad(x), x).verdict == "wrong"
    assert report(f, lambda x: 1.001 * grad(x), x).verdict == "wrong"

    def off_everywhere(x):
        return x + np.array([0, 0, 0, 3e-14, 0]) * np.abs(x).max()

    assert report(lambda x: 0.5 * x @ x, off_everywhere, 2.0 ** np.arange(-8, 2, 2)).verdict == "wrong"

    def only_there(x):
        if np.abs(x).max() < 10:
            raise ValueError
        return grad(x)

    assert report(f, only_there, x).verdict == "wrong"


def changes(x):
    x += 1
    return x.sum()


def fails(x):
    raise KeyError("no such parameter")


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (changes, "f changed its argument in place, expected it to be left as it is"),
        pytest.param(lambda x: np.log(-x).sum(), "f returned nan, expected a finite number", id="nan"),
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
            lambda x: np.array([2, 4]), "<lambda> has dtype int64, expected float64, the dtype of x", id="int64"
        ),
        pytest.param(
            lambda x: x.astype(np.float32), "<lambda> has dtype float32, expected float64, the dtype of x", id="float32"
        ),
        pytest.param(lambda x: x / 0, "<lambda> is inf at [0], expected finite numbers", id="inf"),
        pytest.param(lambda x: x * np.random.default_rng().random(), "expected the same number", id="random"),
        pytest.param(
            np.array([1.0]), "grad has shape (1,), expected (2,), the shape of x", id="array of another shape"
        ),
    ],
)
def test_what_is_wrong_with_the_gradient_is_told_before_any_numbers(grad, message):
    found = report(lambda x: x @ x, grad, np.array([1.0, 2.0]))
    [finding] = found.findings
    assert (found.verdict, finding.equation, finding.tensor) == ("wrong", None, "grad")
    assert message in finding.message


def test_a_tuple_of_gradients_is_expected_for_a_tuple():
    for grad, message in (
        (lambda a, b: a, "<lambda> is a numpy.ndarray, expected a tuple of 2 arrays, as x is"),
        (lambda a, b: (a,), "<lambda> has 1 parts, expected 2, as x has"),
        (lambda a, b: (a, b[:1]), "<lambda>[1] has shape (1,), expected (2,), the shape of x"),
    ):
        assert report(lambda a, b: a @ b, grad, (np.ones(2), np.ones(2))).findings[0].message == message


PLACE = r"\(\S*test_gradient_check\.py, line \d+: raise "


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (fails, rf"f raised KeyError: 'no such parameter', at x = \[1.0, 2.0\] {PLACE}KeyError\(.*\)\)"),
        pytest.param(lambda x: x, r"f returned an array of shape \(2,\), expected one number", id="array"),
        pytest.param(lambda x: x[:0], r"f returned an array of shape \(0,\), expected one number", id="empty"),
        pytest.param(lambda x: (1.0, x), "f returned a tuple that NumPy cannot read, expected one real", id="tuple"),
        pytest.param(lambda x: {"cost": 1.0}, "f returned a dict, expected one real number", id="dict"),
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

    assert report(lambda x: x @ x, only_at_x, X).verdict == "wrong"


@pytest.mark.parametrize(("calls", "subject"), [(1, "f"), (2, "f"), (1, "grad")])
def test_what_raises_on_a_later_call_at_the_same_x_is_a_finding(calls, subject):
    made = []

    def tires(x):
        made.append(1)
        if len(made) > calls:
            raise ValueError("tired")
        return x @ x if subject == "f" else 2 * x

    found = report(*((tires, twice) if subject == "f" else (lambda x: x @ x, tires)), X)
    assert found.verdict == ("undecided" if subject == "f" else "wrong")
    assert "raised ValueError: tired" in found.findings[0].message
    assert "an earlier call at the same x gave a result" in found.findings[0].message


def test_a_function_that_has_no_value_at_moderate_points_leaves_the_verdict():
    f, grad, x = FLAT

    def only_there(x):
        if np.abs(x).max() < 10:
            raise ValueError
        return f(x)

    assert report(only_there, grad, x).verdict in {"wrong", "undecided"}


def test_messages_show_all_arguments():
    def breaks(a, b):
        raise ValueError

    with pytest.raises(InputError, match=rf"f raised ValueError, at x = \(\[1.0\], 2.0\) {PLACE}ValueError\)"):
        report(breaks, breaks, (np.ones(1), 2.0))


@pytest.mark.parametrize(
    ("x", "note"),
    [
        pytest.param(np.array([1, 2]), "x has integers, taken as float64", id="array"),
        pytest.param(np.array([1, 2], np.uint8), "x has integers, taken as float64", id="uint8"),
        pytest.param([1, 2], "x has integers, taken as float64", id="list"),
        (3, "x has integers, taken as float64"),
        pytest.param((np.ones(2), np.array([1])), "x[1] has integers, taken as float64", id="tuple"),
    ],
)
def test_integers_are_taken_as_floats_and_the_notes_say_so(x, note):
    several = isinstance(x, tuple)

    def f(*arrays):
        assert all(array.dtype.kind in "fc" or not isinstance(array, np.ndarray) for array in arrays)
        return sum((array**2).sum() for array in arrays)

    def grad(*arrays):
        return tuple(2 * array for array in arrays) if several else 2 * arrays[0]

    for claim in (grad, grad(*x) if several else grad(np.asarray(x))):
        found = report(f, claim, x)
        assert (found.verdict, found.notes[-1]) == ("correct", note)
    assert report(f, lambda *arrays: grad(*(1.5 * array for array in arrays)), x).verdict == "wrong"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_list_as_the_gradient_takes_the_dtype_of_x(dtype):
    x = np.array([1.0, 2.0], dtype)
    for claim, verdict in (([2, 4], "correct"), ([2.0, 4.0], "correct"), ([2, 5], "wrong")):
        assert report(lambda x: (x**2).sum(), claim, x).verdict == verdict


def test_arrays_of_jax_reach_the_functions_as_arrays_of_numpy():
    jnp = pytest.importorskip("jax.numpy")
    kinds = set()

    def grad(x):
        kinds.add(type(x))
        return 2 * x

    found = report(lambda x: (x**2).sum(), grad, jnp.ones(2))
    assert found.verdict == "correct"
    assert kinds == {np.ndarray}
    assert "x is an array of JAX; f and grad get NumPy arrays" in found.notes


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"f": 3}, "f is a int, expected a function"),
        pytest.param({"x": np.array([True])}, "x has dtype bool, expected float64 or float32", id="x of bool"),
        ({"x": True}, "x has dtype bool, expected float64 or float32"),
        ({"grad": None}, "grad is a NoneType, expected a function or an array of shape (5,)"),
        ({"grad": "grad"}, "grad is a str, expected a function or an array of shape (5,)"),
        ({"grad": {"w": 1.0}}, "grad is a dict, expected a function or an array of shape (5,)"),
        pytest.param({"grad": np.array([None])}, "grad has dtype object, expected a function", id="grad of object"),
        pytest.param(
            {"grad": (None, X), "x": (X, 1.0)},
            "grad[0] is a NoneType, expected a function or a tuple of arrays of shapes [(5,), ()]",
            id="grad[0]=None",
        ),
        pytest.param({"x": np.array([None])}, "x has dtype object, expected float64 or float32", id="x of object"),
        ({"x": [[1.0], [1.0, 2.0]]}, "x is a list of rows of different lengths, expected an array"),
        pytest.param(
            {"x": np.zeros((2, 0))},
            "x has shape (2, 0), expected at least one entry along every dimension",
            id="x empty",
        ),
        pytest.param(
            {"x": np.array([1.0, np.nan])}, "x has the value nan at [1], expected finite numbers", id="x with nan"
        ),
        ({"x": ()}, "x is an empty tuple, expected at least one array"),
        pytest.param(
            {"x": (np.ones(2), np.array([1j]))}, "x[1] has dtype complex128, expected float64 or", id="x[1] of complex"
        ),
        ({"seed": -1}, "seed is -1, expected at least 0"),
        ({"seed": "one"}, "seed is 'one', expected a whole number"),
    ],
    ids=written_out,
)
def test_arguments_that_cannot_be_used_are_refused(given, message):
    with pytest.raises(InputError, match=re.escape(message)):
        check_grad(**{"f": log_sum_exp, "grad": softmax, "x": X, **given})


def test_the_same_seed_gives_the_same_report():
    first, second = (report(log_sum_exp, softmax, X, 7).to_dict() for _ in range(2))
    assert {**first, "seconds": 0, "environment": 0} == {**second, "seconds": 0, "environment": 0}


def test_without_a_seed_each_check_draws_its_own_and_tells_it():
    """Two of 2^32 seeds that are the same would be a chance of 2^-32."""
    first, second = (check_grad(log_sum_exp, softmax, X) for _ in range(2))
    assert first.seed != second.seed
    again = report(log_sum_exp, softmax, X, first.seed).to_dict()
    assert {**first.to_dict(), "seconds": 0, "environment": 0} == {**again, "seconds": 0, "environment": 0}


def test_neither_function_sees_the_arguments_that_were_given():
    x = X.copy()
    assert report(changes, changes, x).verdict == "undecided"
    assert np.array_equal(x, X)


LARGE = RNG.standard_normal(2000)


def bumped(grad, by=1e-8):
    def bumped_gradient(x):
        found = grad(x)
        found[777] += by
        return found

    return bumped_gradient


def test_of_many_entries_the_slopes_along_random_signs_are_checked():
    found = report(log_sum_exp, softmax, LARGE)
    assert len(LARGE) > gradient_check.ENTRIES
    assert found.verdict == "correct"
    assert "of 2,000 entries the slopes along 4 directions of random signs were checked" in found.notes
    assert found.statistics["softmax"]["complex_step"].entries == {"(1)": 4}
    wrong = report(log_sum_exp, bumped(softmax), LARGE)
    assert wrong.verdict == "wrong"
    assert wrong.findings[0].entry == (777,)
    assert all(finding.tensor != "slope" for finding in wrong.findings)


def test_of_many_entries_jax_tells_each():
    pytest.importorskip("jax")

    def f(x):
        return (x**2).sum()

    found = report(f, twice, LARGE)
    assert found.verdict == "correct"
    assert "JAX autodiff told every entry" in found.notes
    wrong = report(f, bumped(twice), LARGE)
    assert wrong.findings[0].entry == (777,)
    assert "JAX autodiff told every entry, 1 of them are off" in wrong.notes


def test_conventions_at_kinks_are_not_off_in_large_arrays():
    jax = pytest.importorskip("jax")

    def f(x):
        return jax.numpy.sum(jax.numpy.abs(x) + x)

    x = LARGE.copy()
    x[5] = 0.0
    with jax.enable_x64(True):
        assert report(f, lambda x: 1.5 + 0.5 * np.sign(x) - (x < 0), x).verdict == "correct"
        x[:50] = 0.0
        many = report(f, lambda x: 1.5 + 0.5 * np.sign(x) - (x < 0), x)
        assert (many.verdict, many.skipped[gradient_check.UNSEEN]) == ("correct", 30)
        wrong = report(f, lambda x: np.where(x >= 0, 2.1, 0.0), x)
        assert (wrong.verdict, wrong.findings[0].expected) == ("wrong", pytest.approx(2))


def test_errors_too_small_in_every_half_are_reported_along_the_direction(monkeypatch):
    judge = gradient_check.judge

    def dull(seen, *rest):
        judged, told = judge(seen, *rest)
        return (judged if np.count_nonzero(seen.v) >= 500 else judged._replace(outcome="right")), told

    monkeypatch.setattr(gradient_check, "judge", dull)
    found = report(log_sum_exp, bumped(softmax), LARGE)
    assert found.verdict == "wrong"
    assert "what is off lies among entries 500 to 999 in order" in found.notes
    assert {finding.tensor for finding in found.findings} == {"slope"}


def test_slow_functions_are_checked_along_directions(monkeypatch):
    monkeypatch.setattr(gradient_check, "SECONDS", 0.0)
    assert any("4 directions" in note for note in report(log_sum_exp, softmax, X).notes)


def test_a_function_of_single_precision_alone_is_checked_in_it():
    def f(x):
        if x.dtype != np.float32:
            raise TypeError
        return np.exp(x).sum()

    x = X.astype(np.float32)
    assert report(f, np.exp, x).verdict == "correct"
    assert report(f, lambda x: 1.1 * np.exp(x), x).verdict == "wrong"


def test_a_missing_jax_is_noted(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    found = report(lambda x: (x**2).sum(), twice, X)
    assert found.verdict == "correct"
    assert "JAX autodiff was left out: JAX is not installed" in found.notes


def test_a_derivative_of_the_users_own_is_no_oracle():
    jax = pytest.importorskip("jax")

    @jax.custom_jvp
    def cube(x):
        return x**3

    cube.defjvp(lambda given, ways: (cube(given[0]), 2 * given[0] ** 2 * ways[0]))

    def f(x):
        return cube(x).sum() if isinstance(x, jax.core.Tracer) else (x**3).sum()

    found = report(f, lambda x: 3 * x**2, X)
    assert found.verdict == "correct"
    assert "JAX autodiff was left out: finite differences contradict it" in found.notes


def test_a_function_that_refuses_some_complex_points_is_left_to_the_others():
    calls = []

    def f(x):
        if np.iscomplexobj(x):
            calls.append(1)
            if len(calls) > 40:
                raise TypeError
        return np.exp(x).sum()

    found = report(f, np.exp, X)
    assert found.verdict == "correct"
    assert "complex step was left out: f takes no complex numbers: TypeError" in found.notes


def surroundings(f, x):
    with np.errstate(all="ignore"):
        return Surroundings(f, Arguments(x), np.random.default_rng(3))


def unit(k):
    return np.eye(5)[k]


@pytest.mark.parametrize(
    ("f", "grad", "x"),
    [(log_sum_exp, softmax, X), (rosenbrock, rosenbrock_gradient, X), (squares, squares_gradient, X)],
    ids=["log_sum_exp", "rosenbrock", "squares"],
)
def test_oracles_are_within_their_radii_and_sharp(f, grad, x):
    near = surroundings(f, x)
    step = ComplexStep(near)
    for k in range(5):
        exact = grad(x.astype(np.longdouble))[k]
        value, radius = step.along(unit(k))
        assert abs(value - exact) <= radius <= 1e-11 * abs(exact)
        sides = near.sides(unit(k))
        value, radius = sides.slope
        assert not sides.kink
        assert abs(value - exact) <= radius <= 1e-6 * abs(exact)


def test_jax_is_within_its_radius_and_sharp():
    pytest.importorskip("jax")
    value, radius = Autodiff(surroundings(rosenbrock, X)).along(unit(2))
    assert abs(value - rosenbrock_gradient(X.astype(np.longdouble))[2]) <= radius <= 1e-11 * abs(value)


def test_noise_is_seen_where_it_is_and_not_where_a_function_is_smooth():
    nearby = Nearby(X, np.abs(X), 2.0**-53, np.random.default_rng(1))
    u = 2.0**-53
    assert nearby.noise(lambda x: np.exp(x).sum()) <= 1000 * u * np.exp(X).sum()
    rough = nearby.noise(lambda x: np.float32(np.exp(x).sum()))
    assert 2.0**-24 <= rough <= 2.0**-16


def test_periods_do_not_hide_a_slope():
    x = np.ones(1)
    for power in range(3, 27, 3):
        w = 2 * np.pi * 2.0**power
        found = report(lambda x, w=w: np.sin(w * x).sum() / w, lambda x, w=w: np.cos(w * x), x)
        assert found.verdict == ("correct" if power < 12 else found.verdict) != "wrong"


def test_what_branches_on_its_values_is_traced_as_it_runs():
    pytest.importorskip("jax")

    def f(x):
        return (x**2).sum() if x[0] > 0 else (x**3).sum()

    found = report(f, twice, np.abs(X))
    assert found.verdict == "correct"
    assert "jax" in found.oracles()
