import numpy as np
import pytest
from grad_kinds import is_right, is_wrong, report

from minibp import check_grad
from minibp.check.grad.column import RIGHT
from minibp.check.grad.engine import CALLS, CALLS_AN_ENTRY
from minibp.check.grad.judge import Judge

RNG = np.random.default_rng(20261123)
X = RNG.standard_normal(5)
LARGE = RNG.standard_normal(2000)


def log_sum_exp(x):
    return np.log(np.exp(x).sum())


def softmax(x):
    return np.exp(x) / np.exp(x).sum()


def twice(x):
    return 2 * x


def bumped(grad, by=1e-8):
    def bumped_gradient(x):
        found = grad(x)
        found[777] += by
        return found

    return bumped_gradient


def plain(found):
    return {**found.to_dict(), "seconds": 0, "environment": 0}


def test_the_same_seed_gives_the_same_report():
    assert plain(report(log_sum_exp, softmax, X, seed=7)) == plain(report(log_sum_exp, softmax, X, seed=7))


def test_a_slow_function_gets_the_report_of_a_fast_one():
    """The budget is calls, not seconds: warm-up and other work on the machine change nothing."""
    calls = []

    def slow_at_first(x):
        calls.append(1)
        if len(calls) < 3:
            sum(range(10**6))
        return log_sum_exp(x)

    assert plain(report(slow_at_first, softmax, X)) == plain(report(log_sum_exp, softmax, X))


def test_without_a_seed_each_check_draws_its_own_and_tells_it():
    """Two of 2^32 seeds that are the same would be a chance of 2^-32."""
    first, second = (check_grad(log_sum_exp, softmax, X) for _ in range(2))
    assert first.seed != second.seed
    assert plain(first) == plain(report(log_sum_exp, softmax, X, seed=first.seed))


def test_neither_function_sees_the_arguments_that_were_given():
    def changes(x):
        x += 1
        return x.sum()

    x = X.copy()
    assert report(changes, changes, x).verdict == "undecided"
    assert np.array_equal(x, X)


def test_a_budget_of_calls_decides_whether_every_entry_is_checked():
    assert len(LARGE) * CALLS_AN_ENTRY > CALLS
    assert "all 5 entries were checked" in is_right(log_sum_exp, softmax, X, calls=5 * CALLS_AN_ENTRY).notes
    few = is_right(log_sum_exp, softmax, LARGE[:30], calls=29 * CALLS_AN_ENTRY)
    assert "of 30 entries the slopes along 4 directions of random signs were checked" in few.notes


def test_of_many_entries_the_slopes_along_random_signs_are_checked():
    found = is_right(log_sum_exp, softmax, LARGE)
    assert "of 2,000 entries the slopes along 4 directions of random signs were checked" in found.notes
    assert found.statistics["softmax"]["complex_step"].entries["(1)"] >= 4


def test_among_many_entries_the_one_that_is_off_is_found():
    wrong = is_wrong(log_sum_exp, bumped(softmax), LARGE)
    assert wrong.findings[0].entry == (777,)
    assert all(finding.tensor != "slope" for finding in wrong.findings)


def test_of_many_entries_jax_tells_each():
    pytest.importorskip("jax", reason="JAX is not installed")
    found = is_right(lambda x: (x**2).sum(), twice, LARGE)
    assert "JAX autodiff told every entry" in found.notes
    wrong = is_wrong(lambda x: (x**2).sum(), bumped(twice), LARGE)
    assert wrong.findings[0].entry == (777,)
    assert any(note.startswith("JAX autodiff told every entry, 1 ") for note in wrong.notes), wrong.notes


@pytest.mark.parametrize("zeros", [1, 20])
def test_conventions_at_kinks_are_not_off_in_large_arrays(zeros):
    x = LARGE.copy()
    x[5 : 5 + zeros] = 0.0

    def f(x):
        return (np.abs(x) + x).sum()

    found = is_right(f, lambda x: 1.5 + 0.5 * np.sign(x) - (x < 0), x)
    assert f"{zeros:,} entries at kinks were checked one by one" in found.notes, found.notes
    wrong = is_wrong(f, lambda x: np.where(x >= 0, 2.1, 0.0), x)
    assert all(finding.expected == pytest.approx(2) for finding in wrong.findings)


def test_errors_too_small_in_every_half_are_reported_along_the_direction(monkeypatch):
    judge = Judge.judge

    def dull(self, column, **given):
        judge(self, column, **given)
        if np.count_nonzero(column.v) < 500:
            column.outcome[:] = RIGHT

    monkeypatch.setattr(Judge, "judge", dull)
    found = is_wrong(log_sum_exp, bumped(softmax, 1e-3), LARGE)
    assert "what is off lies among entries 500 to 999 in order" in found.notes, found.notes
    assert {finding.tensor for finding in found.findings} == {"slope"}
