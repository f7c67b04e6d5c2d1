import numpy as np
import pytest
from grad_programs import claim_of, function_at, unit
from hypothesis import given, settings
from hypothesis import strategies as st

from minibp.check.grad.autodiff import Autodiff
from minibp.check.grad.claimed_slopes import ClaimedSlopes
from minibp.check.grad.oracle_slopes import OracleSlopes
from minibp.check.grad.projected import Projected
from minibp.check.grad.question import quietly

X = np.array([0.7, -1.3, 2.1])
BOTH = ("jax", "complex_step")


@pytest.fixture
def jnp():
    return pytest.importorskip("jax.numpy", reason="JAX is not installed")


def asked(f, oracles=("complex_step",), x=X, rows=None, **given):
    """The oracles of f, and a way to make columns."""
    with quietly(oracles):
        function = function_at(f, x, **given)
        signs = None if rows is None else np.random.default_rng(0).choice([-1.0, 1.0], (rows, len(function)))
        seen = Projected(function, signs)
        claim = claim_of("vjp", function, lambda x, c: np.ones_like(x))
        return OracleSlopes(seen, oracles), ClaimedSlopes(claim, seen).column


def told(oracles, name, column, *, measured=False):
    with quietly(BOTH):
        assert oracles.ask(name, column)
        if measured:
            oracles.measure(name, column)
    return column.values[name]


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=30)
def test_the_complex_step_tells_slopes_within_its_radius(seed, combined):
    oracles, column = asked(np.sin, rows=2 if combined else None, seed=seed)
    v = np.random.default_rng(seed).standard_normal(3)
    exact, _ = oracles.seen.estimate(np.cos(np.longdouble(X)) * v, np.zeros(3))
    for way, slope in ((v, exact), (unit(1, 3), oracles.seen.estimate(np.cos(X) * unit(1, 3), np.zeros(3))[0])):
        value, radius = told(oracles, "complex_step", column(way, 1.0))
        assert (np.abs(value - slope) <= radius).all()
        assert (radius <= 1e-11).all()


def test_along_many_entries_terms_may_cancel():
    """The radius along a direction is at least what the last digits of the terms of the sum are good for."""
    oracles, column = asked(lambda x: np.array([(np.array([1e6, -1e6, 1.0]) * np.sin(x)).sum()]), x=np.full(3, 0.7))
    sums = ClaimedSlopes(
        claim_of("vjp", oracles.seen.function, lambda x, c: c * np.array([1e6, -1e6, 1.0]) * np.cos(x)), oracles.seen
    ).column(np.ones(3), 1.0)
    value, radius = told(oracles, "complex_step", sums)
    assert abs(value[0] - np.cos(np.longdouble(0.7))) <= radius[0]
    assert radius[0] >= sums.quiet[0]
    assert column(unit(0, 3), 1.0).is_entry


def test_oracles_are_asked_where_they_are_wanted(jnp):
    assert list(asked(np.sin, ())[0].open) == []
    assert list(asked(np.sin)[0].open) == ["complex_step"]
    assert list(asked(jnp.sin, ("jax",))[0].open) == ["jax"]
    assert list(asked(lambda x: x * x, BOTH)[0].open) == ["jax", "complex_step"]


def test_an_oracle_that_cannot_follow_is_left_out_and_said(jnp):
    for f, why in (
        (lambda x: np.asarray(x).real * 2.0, "f takes no complex numbers: it returns float64 for them"),
        (lambda x: np.floor(x) + x, "floor has no derivative for complex numbers"),
    ):
        oracles, _ = asked(f, ("complex_step",))
        assert oracles.open == {}
        assert oracles.notes == [f"complex step was left out: {why}"]
    oracles, _ = asked(np.sin, BOTH)
    assert list(oracles.open) == ["complex_step"]
    assert oracles.notes == ["JAX autodiff was left out: JAX cannot trace f: TracerArrayConversionError"]
    assert oracles.by_jax is None
    assert oracles.largest == 0.0


def test_what_f_stands_for_is_not_what_it_computes():
    oracles, _ = asked(np.sin, BOTH, accuracy=1e-3)
    assert oracles.open == {}
    assert oracles.notes == [
        f"{name} was left out: it differentiates what f computes, not what f stands for"
        for name in ("JAX autodiff", "complex step")
    ]


def test_an_oracle_that_fails_later_is_left_out_then():
    def f(x):
        if np.count_nonzero(np.asarray(x).imag) == 1:
            raise TypeError
        return x * x

    oracles, column = asked(f)
    assert not oracles.ask("complex_step", column(unit(0, 3), 1.0))
    assert oracles.open == {}
    assert oracles.notes == ["complex step was left out: f takes no complex numbers: TypeError"]


def test_to_leave_out_is_said_once():
    oracles, _ = asked(np.sin)
    for reason in ("one", "another"):
        oracles.leave_out("complex_step", reason)
    assert oracles.notes == ["complex step was left out: one"]


def test_rows_by_jax_tell_every_direction(jnp):
    oracles, column = asked(lambda x: jnp.sin(x) * jnp.array([1.0, -2.0, 3.0]), ("jax",), rows=2)
    assert oracles.largest == np.abs(oracles.by_jax).max() > 0
    v = np.array([1.0, 0.0, -1e3])
    slope = oracles.seen.cotangents() @ (np.cos(np.longdouble(X)) * [1, -2, 3] * v)
    found = column(v, 1.0)
    value, radius = told(oracles, "jax", found)
    assert (np.abs(value - slope) <= radius).all()
    wider = told(oracles, "jax", found, measured=True)[1]
    assert (wider >= radius).all()
    assert (wider <= 1e-10 * np.abs(v).max()).all()
    assert sorted(oracles.noises) == [0, 1]
    before = {i: noise.tolist() for i, noise in oracles.noises.items()}
    told(oracles, "jax", column(unit(1, 3), 1.0), measured=True)
    assert {i: noise.tolist() for i, noise in oracles.noises.items()} == before
    oracles.leave_out("jax", "no more")
    assert oracles.by_jax is None
    assert oracles.largest == 0.0


def test_entries_without_a_slope_by_jax_are_not_told(jnp):
    oracles, column = asked(lambda x: jnp.sqrt(x).sum(), ("jax",), x=np.array([0.0, 4.0]))
    value, radius = told(oracles, "jax", column(unit(1, 2), 1.0))
    assert value.tolist() == [0.25]
    assert np.isfinite(radius[0])
    assert np.isinf(told(oracles, "jax", column(unit(0, 2), 1.0))[1][0])
    assert np.isinf(told(oracles, "jax", column(np.ones(2), 1.0))[1][0])


def test_without_a_finite_slope_jax_is_left_out(jnp):
    oracles, _ = asked(lambda x: jnp.sqrt(x).sum(), ("jax",), x=np.zeros(2))
    assert oracles.open == {}
    assert oracles.notes == ["JAX autodiff was left out: its derivative is not finite"]


def test_where_jax_fails_on_the_way_back_it_is_left_out(jnp, monkeypatch):
    def fails(self, cotangents):
        raise NotImplementedError

    monkeypatch.setattr(Autodiff, "rows", fails)
    oracles, _ = asked(lambda x: x * x, BOTH)
    assert list(oracles.open) == ["complex_step"]
    assert oracles.notes == ["JAX autodiff was left out: JAX cannot differentiate f: NotImplementedError"]


def test_cancellation_is_measured():
    oracles, column = asked(lambda x: 1e8 * (np.exp(x) - np.exp(x) * (1 - 1e-8)))
    found = column(unit(0, 3), 0.7)
    value, radius = told(oracles, "complex_step", found)
    error = abs(value[0] - np.exp(np.longdouble(0.7)))
    assert error > radius[0]
    assert error <= told(oracles, "complex_step", found, measured=True)[1][0] <= 1e-4


def test_what_is_said_of_rules_is_passed_on():
    jax = pytest.importorskip("jax", reason="JAX is not installed")

    @jax.custom_jvp
    def squares(x):
        return x * x

    squares.defjvp(lambda x, v: (x[0] * x[0], v[0]))
    oracles, column = asked(squares, ("jax",))
    assert oracles.notes == ["the derivative of squares is its author's own; JAX differentiated its body instead"]
    assert told(oracles, "jax", column(unit(2, 3), 1.0))[0].tolist() == [0.0, 0.0, 4.2]
