import math

import numpy as np
import pytest
from grad_kinds import is_right, is_wrong, report
from hypothesis import given, settings
from hypothesis import strategies as st

from minibp import InputError
from minibp.check.grad.arguments import Arguments, Breach
from minibp.check.grad.differences import COARSEST
from minibp.check.grad.question import quietly
from minibp.check.grad.second_order import WIDER, GradientOf

ALL = ("jax", "complex_step", "finite_difference")
X = np.array([0.7, -1.3, 2.1])


def gradient_of(f, x=X, oracles=ALL):
    with quietly(oracles):
        return GradientOf(f, Arguments(f, x), np.random.default_rng(3), oracles)


@pytest.fixture(autouse=True)
def _in_double_precision():
    with quietly(ALL):
        yield


def sines(x):
    return np.sin(x).sum() + x[0] * x[1]


def sines_gradient(x):
    return np.cos(x) + np.array([x[1], x[0], 0])


def traceable(x):
    return (x**3).sum() + x[0] * x[1]


def traceable_gradient(x):
    return 3 * x**2 + np.array([x[1], x[0], 0])


def by_math(x):
    return sum(math.sin(t) for t in x.tolist()) + float(x[0] * x[1])


SOURCES = {
    "jax": (traceable, traceable_gradient, 1e-13),
    "complex_step": (sines, sines_gradient, 1e-13),
    "finite_difference": (by_math, sines_gradient, 1e-8),
}


@pytest.mark.parametrize("source", SOURCES)
def test_the_first_source_that_can_follow_f_gives_its_gradient(source):
    if source == "jax":
        pytest.importorskip("jax", reason="JAX is not installed")
    f, grad, off = SOURCES[source]
    found = gradient_of(f)
    assert found.source == source
    assert found(X) == pytest.approx(grad(X), rel=off)
    assert found(X + 0.25) == pytest.approx(grad(X + 0.25), rel=off)


def test_sources_that_are_not_asked_are_not_used():
    assert gradient_of(traceable, oracles=("complex_step", "finite_difference")).source == "complex_step"
    assert gradient_of(traceable, oracles=("finite_difference",)).source == "finite_difference"


def waves(s):
    """sin(x / s) e^(y / s), whose value is off by 3 units of roundoff at most, and its gradient at (a, b) s."""
    return (
        lambda x: math.sin(x[0] / s) * math.exp(x[1] / s),
        lambda a, b: np.array([math.cos(a), math.sin(a)]) * math.exp(b) / s,
    )


@settings(max_examples=20)
@given(st.floats(0.1, 3), st.floats(0.1, 3), st.sampled_from([-1, 1]), st.integers(-40, 40))
def test_the_floor_of_differences_covers_their_error(a, b, sign, power):
    """(4 q(h/2) − q(h)) / 3 is off by 9 u|f| / h, where u|f| is a third of the error of f; with h/2 by twice as much.

    The best step of one quotient is about u^(1/3), which steps that grow eightfold may miss by so much.
    """
    s = 2.0**power
    f, slopes = waves(s)
    x = s * np.array([a, sign * b])
    found = gradient_of(f, x)
    rounding = 2.0**-53 * abs(f(x)) / found.steps
    assert (np.abs(found(x) - slopes(a, sign * b)) <= 9 * rounding).all()
    assert (found.floor <= 27 * rounding).all()
    assert (found.steps >= WIDER * s * 2.0 ** (-53 / 3) / 8).all()


def test_at_an_exact_0_steps_are_as_large_as_any_that_are_meant_for():
    """Of functions of another scale they lose digits there: the entry has no size that would tell it."""
    for s in (1.0, 2.0**32):
        f, slopes = waves(s)
        found = gradient_of(f, np.array([s, 0.0]))
        assert found.steps[1] >= WIDER * min(COARSEST / 64, 2.0 ** (-53 / 3) * s / 8)
        rounding = 2.0**-53 * abs(math.sin(1)) / found.steps[1]
        assert abs(found(np.array([s, 0.0]))[1] - slopes(1, 0)[1]) <= 9 * rounding
        assert found.floor[1] <= 27 * rounding


def test_gradients_have_the_structure_of_the_arguments():
    def f(w, p, kind):
        return (w**2).sum() * p["b"]

    x = X, {"b": 2.0}, "text"
    for oracles in (ALL, ("complex_step",), ("finite_difference",)):
        w, p, kind = gradient_of(f, x, oracles)(*x)
        assert np.asarray(w) == pytest.approx(4 * X)
        assert p["b"] == pytest.approx((X**2).sum())
        assert kind is None  # which has no derivative


def test_what_is_not_analytic_is_left_to_differences():
    """|x|² as the singular value of x xᵀ, whose computation takes conjugates within; or as that of its entries."""
    either = "complex_step", "finite_difference"
    found = gradient_of(lambda x: np.linalg.svd(np.outer(x, x), compute_uv=False)[0], oracles=either)
    assert found.source == "finite_difference"
    assert found(X) == pytest.approx(2 * X)
    found = gradient_of(lambda x: np.abs(np.conj(x) * x).sum(), oracles=either)
    assert found.source == "complex_step"
    assert found(X) == pytest.approx(2 * X, rel=1e-14)


def test_what_has_another_slope_for_complex_numbers_is_left_to_differences():
    def f(x):
        return (x**2).sum() + (x - X).sum() * np.iscomplexobj(x)

    found = gradient_of(f, oracles=("complex_step", "finite_difference"))
    assert found.source == "finite_difference"
    assert found(X) == pytest.approx(2 * X)


def test_gradients_are_of_real_arguments():
    for oracles in (("complex_step",), ("finite_difference",)):
        with pytest.raises(TypeError, match="the gradient is computed from real arguments"):
            gradient_of(sines, oracles=oracles)(X + 1e-20j)


def test_where_f_has_no_value_its_gradient_is_outside_of_its_domain():
    def f(x):
        return math.log(x[0]) if x[0] > 0 else math.nan

    found = gradient_of(f, np.array([0.5]))
    with pytest.raises(ValueError, match="the gradient is not finite there"):
        found(np.array([-0.5]))


def test_without_a_value_nearby_there_is_no_gradient():
    def f(x):
        return 1.0 if np.array_equal(x, X) else math.nan

    with pytest.raises(Breach, match="f has no gradient that differences could tell at x"):
        gradient_of(f, oracles=("finite_difference",))
    found = report(f, np.zeros((3, 3)), X, check="hessian")
    assert found.verdict == "undecided"
    assert found.findings[0].message == "f has no gradient that differences could tell at x"


# -- what checks make of it


HESSIANS = {
    "traceable": (traceable, lambda x: np.diag(6 * x) + SWAP),
    "analytic": (sines, lambda x: -np.diag(np.sin(x)) + SWAP),
    "real": (by_math, lambda x: -np.diag(np.sin(x)) + SWAP),
}
SWAP = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])


@pytest.mark.parametrize("name", HESSIANS)
def test_a_hessian_is_right_and_one_that_is_a_thousandth_off_in_an_entry_is_wrong(name):
    f, hess = HESSIANS[name]
    is_right(f, hess, X, check="hessian")
    is_right(f, hess(X), X, check="hessian")
    one = np.zeros((3, 3))
    one[0, 1] = 1e-3
    found = is_wrong(f, lambda x: hess(x) + one, X, check="hessian")
    assert "∂out[0]/∂x[1]" in str(found)
    assert any(note.startswith("second derivatives are those of the gradient of f by ") for note in found.notes)


@pytest.mark.parametrize("name", HESSIANS)
def test_a_product_with_the_hessian_is_of_f_or_of_its_gradient(name):
    f, hess = HESSIANS[name]
    grad = {"traceable": traceable_gradient}.get(name, sines_gradient)
    for of in (f, grad):
        is_right(of, lambda x, v: hess(x) @ v, X, check="hvp")
        is_wrong(of, lambda x, v: hess(x) @ v + 1e-3 * v, X, check="hvp")
    assert not any("second derivatives" in note for note in report(grad, lambda x, v: v, X, check="hvp").notes)


def test_of_one_number_the_gradient_is_told_from_the_function_by_its_shape():
    x = np.array([0.5])
    is_right(np.cos, lambda x, v: -np.sin(x) * v, x, check="hvp")
    is_right(lambda x: np.sin(x).sum(), lambda x, v: -np.sin(x) * v, x, check="hvp")
    is_right(lambda x: np.sin(x), lambda x, v: -np.sin(x) * v, 0.5, check="hvp")  # noqa: PLW0108


def test_a_hessian_of_several_arguments_is_a_matrix_of_all_numbers():
    def hess(w, b):
        return np.block([[2 * b * np.eye(3), 2 * w[:, None]], [2 * w[None], np.zeros((1, 1))]])

    is_right(lambda w, b: (w**2).sum() * b, hess, (X, 2.0), check="hessian")
    is_wrong(lambda w, b: (w**2).sum() * b, lambda w, b: np.triu(hess(w, b)), (X, 2.0), check="hessian")


def test_a_sparse_hessian_is_read():
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    f, hess = HESSIANS["analytic"]
    is_right(f, lambda x: sparse.csr_matrix(hess(x)), X, check="hessian")
    is_wrong(f, lambda x: sparse.csr_matrix(hess(x) - SWAP), X, check="hessian")


def test_a_hessian_of_what_is_no_scalar_is_misuse():
    with pytest.raises(InputError, match=r"f returned an array of shape \(3,\), expected one number"):
        report(np.sin, np.eye(3), X, check="hessian")


def test_a_derivative_rule_of_the_authors_own_is_no_source():
    jax = pytest.importorskip("jax", reason="JAX is not installed")

    @jax.custom_jvp
    def cube(x):
        return x**3

    cube.defjvp(lambda given, ways: (cube(given[0]), 2 * given[0] ** 2 * ways[0]))
    is_right(lambda x: cube(x).sum(), lambda x: np.diag(6 * x), X, check="hessian")
    is_wrong(lambda x: cube(x).sum(), lambda x: np.diag(4 * x), X, check="hessian")


def test_a_gradient_that_jax_was_told_to_stop_is_no_source():
    jax = pytest.importorskip("jax", reason="JAX is not installed")

    def f(x):
        return (jax.numpy.sin(x) * jax.lax.stop_gradient(x)).sum()

    is_right(f, lambda x: np.diag(2 * np.cos(x) - x * np.sin(x)), X, check="hessian")
    is_wrong(f, lambda x: np.diag(-x * np.sin(x)), X, check="hessian")
