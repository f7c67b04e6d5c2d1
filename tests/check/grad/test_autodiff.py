import sys

import numpy as np
import pytest
from grad_programs import function_at

from minibp.check.grad.autodiff import Autodiff
from minibp.check.grad.question import quietly
from minibp.check.oracles.estimate import OracleUnavailable

X = np.array([0.7, -1.3, 2.1])
WRONG = 7.0


@pytest.fixture
def jax():
    return pytest.importorskip("jax", reason="JAX is not installed")


def told(f, x=X):
    """What JAX tells of f: its rows, how far they may be off, and what is said of it."""
    with quietly(("jax",)):
        function = function_at(f, x)
        oracle = Autodiff(function)
        cotangents = np.eye(len(function))
        rows = oracle.rows(cotangents)
        noises = np.array([oracle.measured(c, row) for c, row in zip(cotangents, rows, strict=True)])
    return rows, noises, oracle.notes


def left_out(f, why, x=X):
    with pytest.raises(OracleUnavailable, match=why):
        told(f, x)


def sine_with_rule(jax, form):
    """sin with a derivative of its author's own, which is 7 everywhere."""
    sin = jax.numpy.sin
    if form == "custom_vjp":

        @jax.custom_vjp
        def own_sine(x):
            return sin(x)

        own_sine.defvjp(lambda x: (sin(x), x), lambda x, c: (WRONG * c,))
    elif form == "custom_jvp":

        @jax.custom_jvp
        def own_sine(x):
            return sin(x)

        own_sine.defjvp(lambda x, v: (sin(x[0]), WRONG * v[0]))
    else:

        @jax.custom_jvp
        def own_sine(x):
            return sin(x)

        own_sine.defjvps(lambda v, out, x: WRONG * v)
    return own_sine


STRIPPED = ["the derivative of own_sine is its author's own; JAX differentiated its body instead"]


def is_cosine(rows, noises=0.0):
    assert rows.shape == (1, 3)
    assert (np.abs(rows[0] - np.cos(np.longdouble(X))) <= 1e-14 + noises).all()


def test_rows_are_those_of_jax(jax):
    rows, noises, notes = told(jax.numpy.sin)
    assert rows == pytest.approx(np.diag(np.cos(X)))
    assert (noises <= 1e-13).all()
    assert notes == []


@pytest.mark.parametrize("form", ["custom_vjp", "custom_jvp", "defjvps"])
def test_a_rule_of_the_authors_own_is_stripped(jax, form):
    own_sine = sine_with_rule(jax, form)
    rows, noises, notes = told(lambda x: own_sine(x).sum())
    is_cosine(rows, noises)
    assert notes == STRIPPED


@pytest.mark.parametrize("form", ["custom_vjp", "custom_jvp"])
def test_a_rule_within_a_compiled_function_is_stripped(jax, form):
    own_sine = sine_with_rule(jax, form)
    rows, _, notes = told(jax.jit(lambda x: own_sine(x).sum()))
    is_cosine(rows)
    assert notes == STRIPPED


def test_rules_within_the_bodies_of_others_are_stripped(jax):
    inner, outer = sine_with_rule(jax, "custom_vjp"), jax.custom_vjp(lambda x: 3.0 * inner(x) + x)
    outer.defvjp(lambda x: (3 * inner(x) + x, None), lambda x, c: (WRONG * c,))
    rows, _, notes = told(lambda x: outer(x).sum())
    assert rows[0] == pytest.approx(3 * np.cos(X) + 1)
    assert notes == [
        "the derivative of <lambda>, own_sine is its author's own; JAX differentiated its body instead"
    ] or (notes == ["the derivative of <lambda> is its author's own; JAX differentiated its body instead"])


def test_constants_and_several_results_are_followed(jax):
    jnp = jax.numpy

    @jax.custom_vjp
    def two(x):
        return jnp.sin(x), 2 * x

    two.defvjp(lambda x: ((jnp.sin(x), 2 * x), None), lambda x, c: (WRONG * c[0],))
    weights = jnp.array([1.0, -2.0, 3.0])
    rows, _, notes = told(lambda x: (weights * two(x)[0]).sum() + (two(x)[1] * 2.0).sum() + two(jnp.ones(3))[0].sum())
    assert rows[0] == pytest.approx(np.array([1, -2, 3]) * np.cos(X) + 4)
    assert notes == ["the derivative of two is its author's own; JAX differentiated its body instead"]


@pytest.mark.parametrize("way", ["scan", "checkpoint"])
def test_a_rule_within_a_loop_is_left_out_and_said(jax, way):
    own_sine = sine_with_rule(jax, "custom_vjp")
    programs = {
        "scan": lambda x: jax.lax.scan(lambda total, one: (total + own_sine(one), None), 0.0, x)[0],
        "checkpoint": lambda x: jax.checkpoint(own_sine)(x).sum(),
    }
    left_out(jax.jit(programs[way]), "a derivative of its author's own inside")


def test_a_loop_without_rules_is_run_as_it_is(jax):
    own_sine = sine_with_rule(jax, "custom_vjp")

    def f(x):
        return jax.lax.scan(lambda total, one: (total + one, None), 0.0, own_sine(x))[0]

    rows, _, notes = told(jax.jit(f))
    is_cosine(rows)
    assert notes == STRIPPED


def test_jaxs_own_rules_are_kept(jax):
    """At a kink they are conventions, which differentiation of their bodies would not give."""
    own_sine = sine_with_rule(jax, "custom_vjp")
    x = np.array([0.0, 1.0, -1.0])
    for f, slope, notes in (
        (lambda x: jax.nn.relu(x).sum(), [0, 1, 0], []),
        (lambda x: (jax.nn.relu(x) + own_sine(x)).sum(), [1, 1 + np.cos(1), np.cos(1)], STRIPPED),
    ):
        rows, _, said = told(f, x)
        assert rows[0] == pytest.approx(slope)
        assert said == notes


def own_oracle(jax, f):
    """True where JAX tells the slope that a wrong rule claims."""
    try:
        return bool((told(f)[0] == WRONG).any())
    except OracleUnavailable:
        return False


def test_a_rule_of_the_authors_own_for_a_function_of_jax_is_no_oracle(jax):
    own_sine = jax.custom_vjp(jax.numpy.sin)
    own_sine.defvjp(lambda x: (jax.numpy.sin(x), None), lambda x, c: (WRONG * c,))
    assert not own_oracle(jax, lambda x: own_sine(x).sum())
    softplus = jax.custom_jvp(jax.nn.softplus)
    softplus.defjvp(lambda x, v: (jax.nn.softplus(x[0]), WRONG * v[0]))
    assert not own_oracle(jax, lambda x: softplus(x).sum())


def test_a_custom_gradient_is_no_oracle(jax):
    own_sine = jax.custom_gradient(lambda x: (jax.numpy.sin(x), lambda c: (WRONG * c,)))
    assert not own_oracle(jax, lambda x: own_sine(x).sum())


def test_a_rule_is_no_oracle_where_f_branches_on_its_values(jax):
    own_sine = sine_with_rule(jax, "custom_vjp")
    assert not own_oracle(jax, lambda x: own_sine(x).sum() if x[0] > 0 else 0.0)


def test_a_folder_of_the_name_of_jax_is_not_jax(jax):
    code = "@jax.custom_vjp\ndef own_sine(x):\n    return jax.numpy.sin(x)"
    scope = {"jax": jax}
    exec(compile(code, "/somewhere/jax/model.py", "exec"), scope)
    scope["own_sine"].defvjp(lambda x: (jax.numpy.sin(x), None), lambda x, c: (WRONG * c,))
    assert not own_oracle(jax, lambda x: scope["own_sine"](x).sum())


def test_branches_on_values_are_traced_as_they_run(jax):
    jnp = jax.numpy
    rows, _, notes = told(lambda x: jnp.sin(x).sum() if x[0] > 0 else jnp.cos(x).sum())
    is_cosine(rows)
    assert notes == []


def test_complex_arguments_and_results_are_pairs(jax):
    jnp = jax.numpy
    z = np.array([0.7 + 0.2j, -1.3j, 0.4])
    rows, _, _ = told(jax.jit(lambda z: (jnp.abs(z) ** 2).sum()), z)
    assert rows[0] == pytest.approx(np.r_[2 * z.real, 2 * z.imag])
    rows, _, _ = told(lambda x: x * (2 + 3j))
    assert rows == pytest.approx(np.r_[2 * np.eye(3), 3 * np.eye(3)])


def test_structures_and_numbers_that_are_passed_on(jax):
    given = {"w": X, "k": 2, "name": "sine"}
    rows, _, _ = told(lambda given: {"a": given["k"] * given["w"], "b": given["w"][0]}, given)
    assert rows == pytest.approx(np.r_[2 * np.eye(3), [[1, 0, 0]]])


def test_results_that_are_not_finite_are_not_told(jax):
    rows, _, _ = told(lambda x: jax.numpy.array([1e9, np.nan, 1]) + jax.numpy.array([1e9, 0, 1]) * x)
    assert rows.tolist() == [[1e9, 0, 0], [0, 0, 1]]


def test_cancellation_is_measured(jax):
    exp = jax.numpy.exp
    rows, noises, _ = told(lambda x: (1e8 * (exp(x) - exp(x) * (1 - 1e-8))).sum())
    error = np.abs(rows[0] - np.exp(np.longdouble(X)))
    assert (error <= noises).all()
    assert (noises <= 1e-5).all()
    assert (error > 1e-12).any()


def test_where_f_has_no_value_nearby_no_noise_is_seen(jax):
    with quietly(("jax",)):
        oracle = Autodiff(function_at(lambda x: (x * x).sum(), X))
        row = oracle.rows(np.ones((1, 1)))[0]
        seen = oracle.measured(np.ones(1), row)

        def fails(*given):
            raise ValueError

        oracle.traced = fails
        assert (oracle.measured(np.ones(1), row) <= seen).all()


def test_a_value_of_0_has_no_relative_error(jax):
    rows, noises, _ = told(lambda x: (x - x) @ jax.numpy.ones(3) + x[0] - 0.7)
    assert rows.tolist() == [[1, 0, 0]]
    assert np.isfinite(noises).all()


@pytest.mark.parametrize(
    ("f", "why"),
    [
        pytest.param(np.sin, "JAX cannot trace f: TracerArrayConversionError", id="NumPy"),
        pytest.param(lambda x: float(x[0]), "JAX cannot trace f: ConcretizationTypeError", id="float"),
        pytest.param(lambda x: x * (1.0 if isinstance(x, np.ndarray) else 2.0), "f has another value", id="value"),
        pytest.param(lambda x: x if isinstance(x, np.ndarray) else x[:2], "f returns another shape", id="shape"),
        pytest.param(lambda x: x * (1.0 if isinstance(x, np.ndarray) else np.nan), "f has another value", id="NaN"),
    ],
)
def test_functions_that_jax_cannot_follow_are_left_to_others(jax, f, why):
    left_out(f, why)


def test_without_jax_it_is_left_out(monkeypatch):
    function = function_at(np.sin, X)
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(OracleUnavailable, match="JAX is not installed"):
        Autodiff(function)
