import json

import numpy as np
import pytest
from grad_kinds import is_right, is_wrong, report
from hypothesis import strategies as st

import minibp
from minibp import GradientMismatch, check_grad, check_hessian

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
    "a list of the arguments": (lambda a, b: a * b.sum(), lambda a, b: (b.sum(), np.full(2, a)), [2.0, np.ones(2)]),
    "a list as one argument": (lambda x: x[0] * x[1].sum(), lambda x: [x[1].sum(), x[0] + 0 * x[1]], [2.0, np.ones(2)]),
    "a dict": (lambda p: p["w"] @ p["w"] * p["b"], lambda p: {"b": p["w"] @ p["w"], "w": 2 * p["w"] * p["b"]},
               {"w": X, "b": 0.5}),
    "a number": (lambda x: x**3, lambda x: 3 * x**2, 2.0),
    "complex numbers": (lambda z: (np.abs(z) ** 2).sum(), twice, X[:3] + 1j * X[1:4]),
    "a mask of minus infinity": (log_sum_exp, softmax, np.array([0.5, -np.inf, 1.0])),
    "Python's numbers": (float, lambda x: 1, np.array(0.5, np.float32)),
    "log det": (lambda m: np.log(np.linalg.det(m)), lambda m: np.linalg.inv(m).T, A.T @ A),
    "a flat place": (lambda x: np.tanh(x).sum(), lambda x: 1 - np.tanh(x) ** 2, np.array([7.0, 8.0, 0.1])),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_right_gradients_are_not_called_wrong(name):
    found = is_right(*RIGHT[name])
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

    found = is_wrong(f, off, x)
    [finding] = found.findings
    assert (finding.equation, finding.layer, finding.tensor, finding.entry) == ("(1)", None, "grad", (3,))
    assert finding.subject == "off"
    assert finding.error > finding.tolerance
    assert "all 5 entries were checked, 1 is off" in found.notes


def test_differences_alone_see_one_part_in_ten_million():
    grad = RIGHT["a norm"][1]
    found = is_wrong(np.linalg.norm, lambda x: grad(x) * np.array([1, 1, 1 + 1e-7, 1, 1]), X)
    assert found.findings[0].entry == (2,)


def test_functions_that_are_not_analytic_are_left_to_differences():
    """An ℓ¹ penalty that the claim leaves out, as a nuclear norm."""

    def f(x):
        return log_sum_exp(x) + 1e-7 * np.linalg.norm(np.diag(x), "nuc")

    found = is_wrong(f, softmax, X)
    assert "complex step was left out: norm has no derivative for complex numbers" in found.notes
    is_right(f, lambda x: softmax(x) + 1e-7 * np.sign(x), X)


def test_absolute_values_are_followed_by_the_complex_step():
    def f(x):
        return log_sum_exp(x) + 1e-12 * np.abs(x).sum()

    assert is_wrong(f, softmax, X).findings[0].oracle == "complex_step"  # far below what differences see
    assert "complex_step" in is_right(f, lambda x: softmax(x) + 1e-12 * np.sign(x), X).oracles()


@pytest.mark.parametrize("n", [5, 60])
@pytest.mark.parametrize(
    "penalty",
    [
        pytest.param(lambda x: np.abs(np.asarray(x)).sum(), id="every entry"),
        pytest.param(lambda x: np.abs(np.asarray(x)[2]), id="one entry"),
        pytest.param(lambda x: np.linalg.norm([x[0], x[2]]), id="two entries"),
    ],
)
def test_what_both_the_claim_and_the_complex_step_leave_out_is_not_called_correct(penalty, n):
    """The code makes arrays of its own, whose absolute values have no imaginary part: differences see the penalty."""
    x = np.random.default_rng(1).standard_normal(n)
    found = report(lambda x: log_sum_exp(x) + 0.5 * penalty(x), softmax, x)
    assert found.verdict in {"wrong", "undecided"}, str(found)


@pytest.mark.parametrize("off", [1e-10, 1e-6, 1e-4])
def test_equal_entries_excuse_nothing_of_a_smooth_function(off):
    found = is_wrong(
        lambda x: np.exp(x).sum(), lambda x: np.exp(x) * np.array([1 + off, 1, 1]), np.array([1.0, 1.0, 2.0])
    )
    assert found.findings[0].entry == (0,)


def test_arrays_and_entries_are_placed_by_the_names_that_the_user_has():
    x = {"w": X[:3], "layers": [X[:2], 0.5]}

    def f(x):
        return np.sin(x["w"]).sum() + np.exp(x["layers"][0]).sum() * x["layers"][1]

    def grad(x):
        first, second = x["layers"]
        return {"w": np.cos(x["w"]), "layers": [np.exp(first) * second, np.exp(first).sum()]}

    def off(x):
        found = grad(x)
        found["layers"][0] = found["layers"][0] + [0, 1e-3]
        return found

    is_right(f, grad, x)
    [finding] = is_wrong(f, off, x).findings
    assert (finding.tensor, finding.entry) == ("grad['layers'][0]", (1,))
    w, b = RIGHT["tuple"][2]
    found = is_wrong(affine, lambda w, b: (affine_gradient(w, b)[0], 3 * affine_gradient(w, b)[1]), (w, b), "scaled")
    assert {finding.tensor for finding in found.findings} == {"grad[1]"}
    assert {finding.message for finding in found.findings} == {"the derivatives by b, of which 2 are off"}


@pytest.mark.parametrize("claimed", [-1.0, 0.0, 0.5, 1.0])
def test_between_the_slopes_on_both_sides_of_a_kink_all_is_right(claimed):
    found = is_right(lambda x: np.abs(x).sum(), np.array([claimed, 1.0]), np.array([0.0, 1.0]))
    assert found.skipped == {"at a kink of f, where the claimed value lies between the slopes on both sides": 1}


@pytest.mark.parametrize(("claimed", "nearest"), [(1.1, 1.0), (-1.1, -1.0)])
def test_beyond_the_slopes_on_both_sides_of_a_kink_all_is_wrong(claimed, nearest):
    [finding] = is_wrong(lambda x: np.abs(x).sum(), np.array([claimed, 1.0]), np.array([0.0, 1.0])).findings
    assert (finding.entry, finding.oracle) == ((0,), "finite_difference")
    assert finding.expected == pytest.approx(nearest)


def test_a_claim_that_has_a_kink_there_too_is_not_noisy_for_it():
    x = np.array([0.0, 1.0])
    is_right(lambda x: np.abs(x).sum(), lambda x: 0.5 * np.where(x < 0, -1, 1) + 0.5 * (x > 0.5), x)
    is_wrong(lambda x: np.abs(x).sum(), lambda x: 1.5 * np.where(x < 0, -1, 1) - 0.5 * (x > 0.5), x)


def test_where_all_is_at_kinks_the_notes_say_so():
    found = is_right(lambda x: np.abs(x).sum(), np.zeros(2), np.zeros(2))
    said = "all that is claimed is at kinks of f, and lies between the slopes nearby"
    assert any(said in note for note in found.notes), found.notes
    is_wrong(lambda x: np.abs(x).sum(), np.array([0.0, 1.1]), np.zeros(2))


def test_a_slope_that_is_lost_in_rounding_is_undecided():
    def noisy(x):
        return float(x.sum() + 1e3 * np.sin(1e15 * x).sum())

    for grad in (np.ones_like, np.zeros_like):
        found = report(noisy, grad, X)
        assert found.verdict == "undecided", str(found)
        assert not found
        assert "the slope is lost in the rounding of f" in found.notes[0]
    assert found.skipped == {"whose slope is lost in the rounding of f": 5}
    lonely = report(lambda x: 1.0 if np.array_equal(x, X) else None, np.zeros_like, X)  # f has no value but at x
    assert (lonely.verdict, lonely.skipped) == ("undecided", {"whose slope is lost in the rounding of f": 5})


# 1 − a² has no digits left where a is all but 1.
FLAT = (lambda x: np.tanh(x).sum(), lambda x: 1 - np.tanh(x) ** 2, np.array([18.0, 0.5]))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def saturated_softmax(c):
    """p c with the gradient p (c − Σ p c), whose difference is all rounding where one p is all but 1."""
    return lambda x: (softmax(x) * c).sum(), lambda x: softmax(x) * (c - (softmax(x) * c).sum())


@pytest.mark.parametrize(
    ("f", "grad", "x"),
    [
        pytest.param(*FLAT, id="tanh"),
        pytest.param(FLAT[0], FLAT[1], np.array([18.0, -19.0, 30.0, 0.5]), id="tanh of either sign"),
        pytest.param(
            lambda x: sigmoid(x).sum(), lambda x: sigmoid(x) * (1 - sigmoid(x)), np.array([36.0, -0.3]), id="sigmoid"
        ),
        pytest.param(*saturated_softmax(np.array([0.7, -1.1, 2.3])), np.array([40.0, 1.0, -2.0]), id="softmax"),
    ],
)
def test_textbook_formulas_in_saturation_are_correct(f, grad, x):
    """What they lose is rounding of the terms of f itself: nobody would see it beside the other slopes."""
    is_right(f, grad, x)
    is_wrong(f, lambda x: 1.01 * grad(x) + 1e-3, x)


def test_a_gradient_that_magnifies_rounding_is_unstable():
    """e^x as a difference of numbers that are ten digits larger than anything in f."""
    lost = lambda x: np.exp(x).sum(), lambda x: np.exp(x) * 1e10 - np.exp(x) * (1e10 - 1), np.abs(X)
    found = report(*lost)
    assert found.verdict == "unstable"
    assert found.findings[0].error <= found.findings[0].tolerance
    with pytest.raises(GradientMismatch, match="unstable: .* is correct but numerically unstable"):
        minibp.check_grad(*lost, seed=1)


def test_what_is_off_by_more_than_its_rounding_is_not_unstable():
    f, grad, x = FLAT
    is_wrong(f, grad(x), x)  # of numbers that were computed beforehand no rounding is known
    is_wrong(f, lambda x: 1.001 * grad(x), x)
    is_wrong(lambda x: 0.5 * x @ x, lambda x: x + np.array([0, 0, 0, 3e-14, 0]), 2.0 ** np.arange(-8, 2, 2))


def test_the_value_that_comes_with_a_gradient_is_compared_too():
    is_right(log_sum_exp, lambda x: (log_sum_exp(x), softmax(x)), X)
    [finding] = is_wrong(log_sum_exp, lambda x: (1.001 * log_sum_exp(x), softmax(x)), X).findings
    assert (finding.tensor, finding.oracle) == ("value", "f")
    assert (finding.got, finding.expected) == (1.001 * log_sum_exp(X), log_sum_exp(X))


class Counted:
    """A function, and how often it was called."""

    def __init__(self, f):
        self.f, self.calls = f, 0

    def __call__(self, x):
        self.calls += 1
        return self.f(x)


KINKED = (lambda x: np.maximum(np.real(x), 0).sum(), lambda x: (x > 0) * 1.0)
SMOOTH = (lambda x: np.sin(x).sum(), np.cos)


@pytest.mark.parametrize("n", [1, 40, 400])
@pytest.mark.parametrize(("of", "an_entry"), [(SMOOTH, 5), (KINKED, 100)], ids=["smooth", "half of all at kinks"])
def test_the_report_says_how_often_f_was_called(of, an_entry, n):
    """A budget of so few calls an entry; some hundred are made in any case, of up to six entries all at all scales."""
    f, x = Counted(of[0]), np.linspace(0.1, 1, n)
    x[1::2] *= of is SMOOTH
    found = check_grad(f, of[1], x, seed=1, oracles="finite_difference", calls=5 * n, raise_on_mismatch=False)
    assert found.calls == found.to_dict()["calls"] == f.calls
    assert f.calls <= an_entry * n + 800
    assert f"{f.calls:,} calls of f" in str(found)


@pytest.mark.parametrize("at", [np.zeros(3), st.floats(-2, 2)], ids=["at 0 and beside it", "at many points"])
def test_calls_at_all_points_are_counted(at):
    f = Counted(SMOOTH[0])
    for claim in (np.cos, lambda x: 2 * np.cos(x)):
        f.calls = 0
        found = check_grad(f, claim, at, seed=1, oracles="finite_difference", raise_on_mismatch=False)
        assert found.calls == f.calls


def test_second_derivatives_count_calls_of_f_too():
    f = Counted(lambda x: np.sin(np.real(x)).sum())
    found = check_hessian(f, lambda x: np.diag(-np.sin(x)), np.array([0.3, 0.7]), seed=1, oracles="finite_difference")
    assert found.calls == f.calls
