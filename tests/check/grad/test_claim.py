import re

import numpy as np
import pytest
from grad_programs import function_at, unit
from hypothesis import given
from hypothesis import strategies as st

from minibp.check.grad.arguments import Arguments, Breach, Misuse
from minibp.check.grad.claim import (
    Claim,
    GradientClaim,
    MatrixClaim,
    TangentClaim,
    name_of,
)
from minibp.check.grad.function import Function, cotangent_of

X = np.array([0.5, -2.0, 3.0])
ONE = np.ones(1)


def gradient(grad, x=X, f=lambda *x: 1.0):
    function = Function("f", f, Arguments(f, x), np.random.default_rng(0), scalar=True)
    return GradientClaim("grad", function, grad, takes_cotangent=False)


def of(kind, f, claim, x=X):
    return kind("claim", function_at(f, x), claim)


def vjp(f, claim, x=X):
    return GradientClaim("vjp", function_at(f, x), claim, takes_cotangent=True)


def test_a_sparse_matrix_is_read():
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    claim = of(MatrixClaim, np.sin, lambda x: sparse.diags_array(np.cos(x)))
    assert claim.row(unit(1, 3)).tolist() == [0, np.cos(X[1]), 0]


def test_a_gradient_that_was_computed_beforehand_has_no_noise():
    found = gradient(2 * X)
    assert found.constant
    assert found.constant_or_columns
    row = found.row(ONE)
    assert row.tolist() == (2 * X).tolist()
    assert found.noise(ONE, row, 2.0**-36).tolist() == [0, 0, 0]
    assert found.derived(ONE, row) is None


def test_a_gradient_that_rounds_coarsely_is_noisy_and_one_that_does_not_is_not():
    rough = gradient(lambda x: np.round(np.sin(x), 11))
    assert (rough.noise(ONE, rough.row(ONE), 2.0**-30) >= 0.5e-11).any()
    fine = gradient(np.sin)
    assert (fine.noise(ONE, fine.row(ONE), 2.0**-36) < 1e-12).all()


@pytest.mark.filterwarnings("ignore:All-NaN")  # the check is silent throughout
def test_where_a_gradient_raises_nearby_it_has_no_value_there():
    def below(x):
        if (x > X).any():
            raise ValueError("not there")
        return 2 * x

    found = gradient(below)
    assert np.isnan(found.row(ONE, X + 1)).all()
    assert found.row(ONE, X - 1).tolist() == (2 * (X - 1)).tolist()
    assert np.isfinite(found.noise(ONE, found.row(ONE), 2.0**-36)).all()


def test_at_the_point_what_a_claim_raises_is_misuse():
    def breaks(x, c=None):
        raise ValueError("not yet written")

    for claim in (gradient(breaks), vjp(np.sin, breaks), of(MatrixClaim, np.sin, breaks)):
        with pytest.raises(Misuse, match="raised ValueError: not yet written, at x = "):
            claim.row(np.ones(len(claim.function)))
    with pytest.raises(Misuse, match="claim raised ValueError: not yet written, at x = "):
        of(TangentClaim, np.sin, breaks).column(X)


def test_the_bound_of_a_gradient_of_numpy_is_derived():
    found = gradient(lambda x: 1e10 * np.exp(x) - (1e10 - 1) * np.exp(x))
    bound = found.derived(ONE, row := found.row(ONE))
    exact = np.exp(X.astype(np.longdouble))
    assert (np.abs(row - exact) <= bound).all()
    assert (bound >= 1e-7 * exact).all()
    assert gradient(lambda x: np.asarray(x.tolist())).derived(ONE, X) is None  # arrays that carry errors have none
    assert gradient(lambda x: (1.0, 2 * x), {"w": 1.0}).derived(ONE, ONE) is None


@pytest.mark.parametrize(
    ("x", "grad"),
    [
        pytest.param(X, lambda x: (7.0, 2 * x), id="array"),
        pytest.param(2.0, lambda x: (7.0, 2 * x), id="number"),
        pytest.param((X, 2.0), lambda x, y: (np.float32(7), (2 * x, 2 * y)), id="tuple"),
        pytest.param((3.0, 2.0), lambda x, y: (7.0, (2 * x, 2 * y)), id="two numbers"),
        pytest.param({"w": X}, lambda x: [np.array(7.0), {"w": 2 * x["w"]}], id="dict"),
    ],
)
def test_the_value_that_comes_with_a_gradient_is_kept(x, grad):
    found = gradient(grad, x)
    row = found.row(ONE)
    assert (found.value, found.breaches) == (7.0, [])
    assert row.tolist() == (2 * found.arguments.flat).tolist()
    assert found.derived(ONE, row) is not None


def test_of_what_is_neither_gradient_nor_pair_the_gradient_is_spoken_of():
    found = gradient(lambda x, y: (7.0, "abc"), (X, 2.0))
    found.row(ONE)
    assert found.value is None
    assert found.breaches == [
        "grad[0] has shape (), expected (3,), the shape of x",
        "grad[1] is a str, expected an array of shape ()",
    ]
    with pytest.raises(Breach, match="has no 'w'|is a numpy.ndarray, expected a dict"):
        gradient(lambda x: (7.0, X), {"w": X}).row(ONE)


def test_at_zero_a_claim_has_no_noise_of_its_own():
    found = gradient(lambda x: np.round(np.sin(x), 11), np.zeros(3))
    assert found.noise(ONE, found.row(ONE), 2.0**-30).tolist() == [0, 0, 0]


@pytest.mark.parametrize("c", [2.0, -0.5, 0.0])
def test_a_gradient_is_scaled_by_the_cotangent(c):
    assert gradient(np.sin).row(np.array([c])).tolist() == (c * np.sin(X)).tolist()


@given(st.lists(st.floats(-9, 9), min_size=3, max_size=3))
def test_a_cotangent_has_the_form_of_the_result(c):
    def f(x):
        return {"y": x[:1], "rest": (np.inf * x[0], x[1:].astype(np.float32), "text")}

    made = cotangent_of(function_at(f, X), np.array(c))
    assert set(made) == {"y", "rest"}
    assert made["y"].tolist() == c[:1]
    infinite, rest, text = made["rest"]
    assert (infinite.item(), text) == (0.0, "text")
    assert rest.tolist() == np.float32(c[1:]).tolist()


@given(st.lists(st.floats(-9, 9), min_size=3, max_size=3))
def test_rows_of_a_product_and_of_a_matrix_are_the_same(c):
    c = np.array(c)
    by_product = vjp(np.sin, lambda x, c: np.cos(x) * c).row(c)
    by_matrix = of(MatrixClaim, np.sin, lambda x: np.diag(np.cos(x))).row(c)
    assert by_product == pytest.approx(by_matrix)
    assert by_matrix == pytest.approx(of(MatrixClaim, np.sin, np.diag(np.cos(X))).row(c, X))


def test_a_matrix_may_have_the_shapes_of_result_and_x_or_be_flat():
    x = np.arange(1.0, 7.0).reshape(2, 3)
    full = np.einsum("ik,jl->ijkl", np.eye(2), np.eye(3)) * np.cos(x)
    for claimed in (full, full.reshape(6, 6), full.tolist()):
        assert of(MatrixClaim, np.sin, claimed, x).row(unit(4, 6)).tolist() == (unit(4, 6) * np.cos(5.0)).tolist()
    with pytest.raises(Breach, match=re.escape("claim has shape (2, 3), expected (2, 3, 2, 3), the shapes of the re")):
        of(MatrixClaim, np.sin, np.cos, x).row(unit(0, 6))
    both = of(MatrixClaim, lambda x, y: x * y, lambda x, y: np.c_[np.diag(x * 0 + y), x], (X, 2.0))
    assert both.row(unit(1, 3)).tolist() == [0, 2, 0, -2]
    with pytest.raises(Breach, match=re.escape("claim is a NoneType, expected an array of shape (3, 4)")):
        of(MatrixClaim, lambda x, y: x * y, lambda x, y: None, (X, 2.0)).row(unit(1, 3))


def test_a_matrix_is_computed_once_at_the_point_and_elsewhere_anew():
    calls = []
    claim = of(MatrixClaim, np.sin, lambda x: (calls.append(1), np.diag(np.cos(x)))[1])
    for k in range(3):
        claim.row(unit(k, 3))
    assert len(calls) == 1
    assert claim.row(unit(0, 3), X + 1).tolist() == [np.cos(1.5), 0, 0]
    assert np.isnan(of(MatrixClaim, np.sin, lambda x: np.diag(np.cos(x))[: int(x[0] < 1) * 3]).row(X, X + 1)).all()


def test_a_coarser_matrix_is_a_breach_and_a_complex_one_misuse():
    coarse = of(MatrixClaim, np.sin, np.diag(np.cos(X)).astype(np.float32))
    coarse.row(unit(0, 3))
    assert coarse.breaches == ["claim has dtype float32, expected float64, the dtype of x"]
    for claim, x in ((1j * np.eye(3), X), (np.eye(3), 1j * X)):
        with pytest.raises(
            Misuse, match="claim is complex, or for complex numbers: expected real ones; check_vjp takes"
        ):
            of(MatrixClaim, np.sin, claim, x).row(np.ones(len(function_at(np.sin, x))))


def test_a_matrix_with_holes_is_a_breach_and_other_rows_are_kept():
    claim = of(MatrixClaim, np.sin, np.diag([np.nan, 1.0, 2.0]))
    assert claim.row(unit(1, 3)).tolist() == [0, 1, 0]
    assert claim.breaches == ["claim is nan at [0, 0], expected finite numbers"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_column_is_the_tangent_of_the_result(dtype):
    claim = of(TangentClaim, lambda x, y: {"y": x * y}, lambda x, v: {"y": (v[0] * x[1] + x[0] * v[1]).astype(dtype)},
               (X, 2.0))  # fmt: skip
    assert claim.column(unit(3, 4)).tolist() == X.tolist()
    assert claim.column(unit(1, 4), np.array([*X, 5.0])).tolist() == [0, 5, 0]
    assert bool(claim.breaches) == (dtype == "float32")
    for broken in (lambda x, v: v if x[0] < 1 else None, lambda x, v: v if x[0] < 1 else v[9]):
        assert np.isnan(of(TangentClaim, np.sin, broken).column(X, X + 1)).all()


def test_tangents_of_what_is_passed_on_are_none():
    seen = []
    claim = of(TangentClaim, lambda x, k: x[k], lambda x, v: (seen.append(v), v[0][x[1]])[1], (X, np.array([0, 2])))
    assert claim.column(np.array([1.0, 2.0, 3.0])).tolist() == [1, 3]
    assert seen[0][1] is None


def test_a_claim_is_called_by_its_own_name():
    assert name_of(np.cos, "grad") == "cos"
    assert name_of(X, "grad") == name_of(dict, "grad") == "grad"
    assert name_of(type("Odd", (), {"__name__": 3, "__call__": print})(), "vjp") == "vjp"


def test_what_a_claim_is_not_it_does_not_know():
    claim = Claim("claim", function_at(np.sin, X))
    assert claim.derived(X, X) is None
    with pytest.raises(NotImplementedError):
        claim.rows(np.eye(3))
