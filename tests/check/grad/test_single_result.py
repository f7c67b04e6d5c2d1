"""Of many results the one that is off, found by halves of sums."""

import numpy as np
import pytest
from grad_kinds import report
from grad_programs import cells, ran

from minibp.check.grad.column import WRONG
from minibp.check.grad.engine import ROWS
from minibp.check.grad.single_result import single_result

RNG = np.random.default_rng(7)
W = RNG.standard_normal((300, 6)) / 3
X = RNG.standard_normal(6)
BOTH, ALONE = ("complex_step", "finite_difference"), ("finite_difference",)


def f(x):
    return np.tanh(W @ x)


def jacobian(x):
    return (1 - f(x)[:, None] ** 2) * W


def off_at(i, k, by):
    """The backward pass, with one entry of the Jacobian off by a part of it."""

    def vjp(x, c):
        found = jacobian(x)
        found[i, k] *= 1 + by
        return found.T @ c

    return vjp


@pytest.mark.parametrize("asked", [BOTH, ALONE, ("jax", *BOTH)], ids=["complex step", "differences", "with JAX"])
@pytest.mark.parametrize(("i", "k"), [(0, 0), (299, 5), (137, 2)])
def test_it_is_named_with_what_is_claimed_and_expected(i, k, asked):
    found = report(f, off_at(i, k, 0.5), X, check="vjp", oracles=asked, seed=3)
    (one,) = found.findings
    assert one.tensor == f"∂out[{i}]/∂x[{k}]"
    assert one.expected == pytest.approx(jacobian(X)[i, k], rel=1e-6)
    assert one.got == pytest.approx(1.5 * jacobian(X)[i, k], rel=1e-12)


def test_a_matrix_of_many_rows_is_halved_too():
    def matrix(x):
        found = jacobian(x)
        found[41, 3] = 0
        return found

    (one,) = report(f, matrix, X, check="jacobian", seed=3).findings
    assert (one.tensor, one.got) == ("∂out[41]/∂x[3]", 0.0)


def test_of_few_results_none_is_looked_for_and_of_many_the_budget_ends_it():
    assert len(W) > ROWS
    engine = ran(f, off_at(5, 1, 0.5), X, "vjp", calls=1000)
    cell = max(cells(engine, WRONG), key=lambda one: one.excess)
    assert single_result(engine, engine.claimed.claim, cell).i == 5
    engine.calls = 0
    assert single_result(engine, engine.claimed.claim, cell) is None


def test_what_is_right_in_both_halves_is_not_one_result():
    engine = ran(f, off_at(5, 1, 0.5), X, "vjp", calls=1000)
    cell = max(cells(engine, WRONG), key=lambda one: one.excess)
    right = ran(f, lambda x, c: jacobian(x).T @ c, X, "vjp", calls=1000)
    assert single_result(right, right.claimed.claim, cell) is None


@pytest.mark.parametrize(("i", "by"), [(40, 2.0), (140, -1.0), (0, 1.01), (149, 0.0)])
@pytest.mark.parametrize("asked", [BOTH, ALONE], ids=["complex step", "differences"])
def test_small_results_are_not_lost_beside_large_ones(i, by, asked):
    """exp(x - k), of which the last is 1e-65 of the first."""
    k = np.arange(150)

    def vjp(x, c):
        return np.array([np.exp(x[0] - k) @ (c * np.where(k == i, by, 1.0))])

    (one,) = report(lambda x: np.exp(x[0] - k), vjp, np.array([0.3]), check="vjp", oracles=asked, seed=3).findings
    assert one.tensor == f"∂out[{i}]/∂x[0]"
    assert one.got == pytest.approx(by * one.expected, rel=1e-6)
    right = report(
        lambda x: np.exp(x[0] - k), lambda x, c: np.array([np.exp(x[0] - k) @ c]), np.array([0.3]), check="vjp"
    )
    assert right.verdict == "correct"


SCALES = {
    "of all sizes": np.logspace(-300, 300, 200),
    "0": np.zeros(200),
    "0 in part": np.where(np.arange(200) % 3, 1.0, 0.0),
}


@pytest.mark.parametrize("name", SCALES)
def test_sums_of_results_of_any_sizes_are_no_false_alarm(name):
    by = SCALES[name]
    found = report(lambda x: by * x[0], lambda x, c: np.array([by @ c]), np.array([0.3]), check="vjp")
    assert found.verdict in {"correct", "undecided"}, str(found)


def test_an_argument_that_moves_one_small_result_alone_is_seen():
    by = 1e10 * np.arange(1, 141)

    def f(a, b):
        return np.append(by * a, 1e-6 * np.sin(b))

    def off(a, b, c):
        return by @ c[:-1], 2e-6 * np.cos(b) * c[-1]

    (one,) = report(f, off, (0.4, 0.7), check="vjp").findings
    assert one.tensor == "∂out[140]/∂b"
