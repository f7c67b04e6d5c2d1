import re

import numpy as np
import pytest
from grad_kinds import is_right, is_wrong
from grad_programs import function_at
from hypothesis import given
from hypothesis import strategies as st

from minibp.check.grad.arguments import Breach
from minibp.check.grad.claim import GradientClaim, TangentClaim
from minibp.check.grad.contract import again, broken, columns_broken

X = np.array([0.7, -1.3, 2.1])
Z = X + 1j * X[::-1]
W = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])


def breaks(f, vjp, x=X, seed=0):
    """What of the contract a backward pass breaks."""
    with np.errstate(all="ignore"):
        claim = GradientClaim("vjp", function_at(f, x), vjp, takes_cotangent=True)
        return list(broken(claim, np.random.default_rng(seed)))


def columns(f, jvp, x=X, seed=0):
    return list(columns_broken(TangentClaim("jvp", function_at(f, x), jvp), np.random.default_rng(seed)))


def tanh_vjp(x, c):
    return c * (1 - np.tanh(x) ** 2)


RIGHT = {
    "elementwise": (np.tanh, tanh_vjp, X),
    "matrix": (lambda x: W @ x, lambda x, c: W.T @ c, X),
    "sum": (lambda x: (x**2).sum(), lambda x, c: 2 * x * c, X),
    "two results": (lambda x: (np.sin(x), x.sum()), lambda x, c: c[0] * np.cos(x) + c[1], X),
    "two arguments": (lambda x, y: x * y, lambda x, y, c: (c * y, (c * x).sum()), (X, 2.0)),
    "huge numbers": (lambda x: 1e150 * np.sin(x), lambda x, c: 1e150 * c * np.cos(x), X),
    "tiny numbers": (lambda x: 1e-150 * np.sin(x), lambda x, c: 1e-150 * c * np.cos(x), X),
    "single precision": (
        lambda x: W.astype(x.dtype) @ x, lambda x, c: (W.T @ c).astype(np.float32), X.astype(np.float32),
    ),
    "no slope": (lambda x: np.ones(2), lambda x, c: 0 * x, X),
    "cancelling": (lambda x: 1e8 * np.sin(x), lambda x, c: (1e8 + 1) * c * np.cos(x) - c * np.cos(x), X),
    "complex": (lambda z: z**2, lambda z, c: 2 * z.conj() * c, Z),
    "complex of real": (lambda x: x * (1 + 2j), lambda x, c: ((1 - 2j) * c).real, X),
    "nan in the gradient": (np.tanh, lambda x, c: tanh_vjp(x, c) * np.array([1, np.nan, 1]), X),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:All-NaN")  # the check is silent throughout
@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("seed", range(3))
def test_what_keeps_the_contract_breaks_nothing(name, seed):
    assert breaks(*RIGHT[name], seed) == []


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_any_linear_map_keeps_it(m, n, seed):
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((m, n)) * 10.0 ** rng.uniform(-9, 9, (m, n))
    assert breaks(lambda x: matrix @ x, lambda x, c: matrix.T @ c, rng.standard_normal(n), seed) == []


LAST = {}


def remembers(x):
    LAST["x"] = x.copy()
    return np.tanh(x)


def writes(x, c):
    c *= 1 - np.tanh(x) ** 2
    return c


def writes_behind(x, c):
    found = tanh_vjp(x, c)
    if c.flags.writeable:
        c[0] = 0
    return found


def only_writeable(x, c):
    if not c.flags.writeable:
        raise ValueError("read-only")
    return tanh_vjp(x, c)


def by_buffer(x, c):
    flat = np.ndarray(c.shape, c.dtype, c if c.flags.c_contiguous else c.base)  # reads past the strides
    return tanh_vjp(x, flat)


def only_if_expanded(x, c):
    return tanh_vjp(x, c) * (2 if 0 in c.strides else 1)


BROKEN = {
    "ignored": (np.tanh, lambda x, c: 1 - np.tanh(x) ** 2, "cotangent_ignored", "vjp of a cotangent of zeros is not 0"),
    "added": (np.tanh, lambda x, c: tanh_vjp(x, c) + 1e-3, "cotangent_ignored", "of a cotangent of zeros is not 0"),
    "its size": (np.tanh, lambda x, c: tanh_vjp(x, np.abs(c)), "", "vjp is not linear in the cotangent: entry "),
    "squared": (np.tanh, lambda x, c: tanh_vjp(x, c * c), "", "not linear in the cotangent"),
    "clipped": (np.tanh, lambda x, c: tanh_vjp(x, np.clip(c, -3, 3)), "", "not linear in the cotangent"),
    "its sign": (np.tanh, lambda x, c: tanh_vjp(x, np.sign(c)), "", "not linear in the cotangent"),
    "slightly": (np.tanh, lambda x, c: tanh_vjp(x, c + 1e-9 * c**2), "", "not linear in the cotangent"),
    "stale": (
        remembers, lambda x, c: tanh_vjp(LAST["x"], c), "stale_state",
        "vjp gives another result after f was called at another point",
    ),
    "written to": (np.tanh, writes, "", "vjp changed its cotangent in place, expected it to"),
    "written to where it can be": (np.tanh, writes_behind, "", "vjp changed its cotangent in place, expected it to"),
    "read-only refused": (np.tanh, only_writeable, "", "vjp raised ValueError: read-only, of a cotangent that is read"),
    "expanded misread": (np.tanh, only_if_expanded, "", "for the same cotangent where that is expanded, of stride 0"),
    "strides misread": (np.tanh, by_buffer, "", "for the same cotangent where that is not contiguous"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("seed", range(2))
def test_what_breaks_the_contract_is_told(name, seed):
    f, vjp, symptom, sentence = BROKEN[name]
    found = breaks(f, vjp, seed=seed)
    assert any(one == symptom and sentence in text for one, text in found), found


def test_stale_state_ends_the_search():
    assert [symptom for symptom, _ in breaks(remembers, lambda x, c: tanh_vjp(LAST["x"], c))] == ["stale_state"]


def test_what_f_cannot_be_called_at_says_nothing_of_state():
    def f(x):
        return np.tanh(x) if np.array_equal(x, X) else np.full(3, np.nan)

    assert breaks(f, tanh_vjp) == []


@pytest.mark.parametrize(
    ("jvp", "linear"),
    [
        pytest.param(lambda x, v: np.cos(x) * v, True, id="right"),
        pytest.param(lambda x, v: 2 * np.cos(x) * v, True, id="wrong and linear"),
        pytest.param(lambda x, v: 0 * v, True, id="zero"),
        pytest.param(lambda x, v: np.cos(x) * v**2, False, id="squared"),
        pytest.param(lambda x, v: np.cos(x) * np.abs(v), False, id="size"),
        pytest.param(lambda x, v: np.cos(x), False, id="ignored"),
        pytest.param(lambda x, v: np.cos(x) * v + 1e-3, False, id="added"),
    ],
)
def test_a_jacobian_vector_product_is_linear_in_the_tangent(jvp, linear):
    for seed in range(5):
        found = columns(np.sin, jvp, seed=seed)
        assert found == [] if linear else "jvp is not linear in the tangent: entry " in found[0][1]


def test_tangents_are_rounded_as_arguments_of_single_precision_are():
    x = np.float32([0.1, -1.3, 2.7])
    assert columns(lambda x: np.asarray(x, np.float64) * 0.3, lambda x, v: np.asarray(v, np.float64) * 0.3, x) == []
    assert breaks(lambda z: 2 * z, lambda z, c: 2 * c, np.complex64([0.1 + 0.7j, -1.3j, 2.7])) == []


def test_a_cotangent_is_not_expanded_to_results_that_are_not_finite():
    def f(x):
        return np.array([x[0], -np.inf, x[1] * x[2]])

    def vjp(x, c):
        return np.array([c[0] + c[1], c[2] * x[2], c[2] * x[1]])

    assert breaks(f, vjp) == []


def test_a_second_call_has_to_give_the_same():
    row = np.array([1.0, np.nan, 3.0])
    values = [row, row.copy(), row + np.array([0, 0, 2.0**-40]), np.zeros(3)]
    claim = GradientClaim("vjp", function_at(np.tanh, X), lambda x, c: values.pop(0), takes_cotangent=True)
    c = np.ones(3)
    again(claim, c, claim.row(c))
    with pytest.raises(Breach, match=re.escape("vjp by x[2] is 3 and then 3.0000000000009095 at the same x, expected")):
        again(claim, c, row)
    with pytest.raises(Breach, match=re.escape("vjp by x[0] is 1 and then 0 at the same x, expected the same number")):
        again(claim, c, row)


def test_places_of_a_second_call_are_those_of_the_claim():
    x = {"w": np.ones((2, 2))}

    def doubled(claim, c):
        row = claim.row(c)
        with pytest.raises(Breach) as caught:
            again(claim, c, 2 * row)
        return str(caught.value)

    grad = GradientClaim("g", function_at(lambda x: x["w"].sum(), x), {"w": np.ones((2, 2))}, takes_cotangent=False)
    assert doubled(grad, np.ones(1)).startswith("g['w'][0][0] is 2 and then 1")
    vjp = GradientClaim("g", function_at(lambda x: x["w"], x), lambda x, c: {"w": c}, takes_cotangent=True)
    assert doubled(vjp, np.ones(4)).startswith("g by x['w'][0, 0] is 2 and then 1")


@pytest.mark.parametrize(
    ("check", "f", "claim"),
    [
        ("vjp", np.sin, lambda x, c: np.cos(x) * c),
        ("jvp", np.sin, lambda x, v: np.cos(x) * v),
        ("jacobian", np.sin, lambda x: np.diag(np.cos(x))),
        ("hessian", lambda x: np.sin(x).sum(), lambda x: -np.diag(np.sin(x))),
        ("hvp", lambda x: np.sin(x).sum(), lambda x, v: -np.sin(x) * v),
        ("grad", lambda x: np.sin(x).sum(), np.cos),
    ],
    ids=["vjp", "jvp", "jacobian", "hessian", "hvp", "grad"],
)
def test_a_claim_that_varies_from_call_to_call_is_wrong_in_every_check(check, f, claim):
    calls = []

    def varies(*given):
        calls.append(1)
        return claim(*given) * (1 + 1e-3 * (len(calls) % 2))

    is_right(f, claim, X, check=check)
    found = is_wrong(f, varies, X, check=check)
    assert any("at the same x, expected the same number" in finding.message for finding in found.findings), str(found)


def test_a_report_names_what_is_broken():
    found = is_wrong(np.tanh, lambda x, c: 1 - np.tanh(x) ** 2, X, "cotangent_ignored", check="vjp")
    assert [finding.fault for finding in found.findings] == ["cotangent_ignored"]
    bare = is_wrong(np.tanh, writes_behind, X, check="vjp")
    assert [finding.message for finding in bare.findings] == [
        "writes_behind changed its cotangent in place, expected it to be left as it is"
    ]


@pytest.mark.parametrize("check", ["vjp", "jvp"])
def test_what_a_claim_writes_into_its_vector_is_told(check):
    found = is_wrong(np.tanh, writes, X, check=check)
    assert "in place" in str(found) or "read-only" in str(found)
