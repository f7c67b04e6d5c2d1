import pytest
from helpers import problem_of

from minibp.check.verify import implementations
from minibp.check.verify.implementations import COMPARED_WITH, IMPLEMENTATIONS, Run

PROBLEM = problem_of([3, 4, 2], l2=0.5, m=2)


@pytest.fixture
def broken(monkeypatch):
    """An implementation whose last bias gradient is off by a factor for two examples, and which is right for others."""

    def implementation(problem):
        found = IMPLEMENTATIONS["batched"](problem)
        if problem.m != 2:
            return found
        *lower, last = found.gradient.nabla_b
        return found._replace(gradient=found.gradient._replace(nabla_b=(*lower, 1.01 * last)))

    monkeypatch.setitem(implementations.IMPLEMENTATIONS, "workspace", implementation)


def checked(*problems):
    run = Run()
    run.check(problems)
    return run


def test_every_implementation_is_compared_with_every_oracle():
    run = checked(PROBLEM)
    assert run.failed is None
    assert run.findings == []
    assert run.networks == 1
    assert run.covered == {"hidden sigmoid": 1, "cross_entropy on sigmoid": 1, "float64": 1, "with L2": 1}
    for implementation in IMPLEMENTATIONS:
        for oracle in COMPARED_WITH:
            stats = run.statistics[implementation][oracle]
            assert {"(23)", "(27)"} <= set(stats.entries)
            assert max(stats.worst.values()) <= 1


def test_the_first_problem_that_fails_ends_it_and_is_kept(broken):
    run = checked(problem_of([3, 4, 2], m=3), PROBLEM, problem_of([3, 4, 2], m=4))
    assert run.failed is PROBLEM
    assert run.networks == 2
    (finding,) = run.findings
    assert (finding.subject, finding.equation, finding.layer, finding.tensor) == ("workspace", "(23)", 3, "nabla_b")
    assert finding.got == pytest.approx(1.01 * finding.expected)
    report = run.concluded(1, 0.0, ["a note"], "again")
    assert (report.verdict, report.counterexample, report.notes[0]) == ("wrong", PROBLEM, "a note")
    assert run.alarms().startswith("alarms, in networks: JAX autodiff 1 (workspace 1), complex step 1 (workspace 1)")


def test_of_two_runs_the_first_failure_is_shown(broken):
    right, wrong, other = checked(problem_of([3, 4, 2], m=3)), checked(PROBLEM), checked(problem_of([2, 2], m=2))
    right.merge(wrong)
    right.merge(other)
    assert right.failed is PROBLEM
    assert right.findings == wrong.findings
    assert right.networks == 3


def test_an_implementation_of_other_shapes_is_a_finding_and_no_error(monkeypatch):
    def implementation(problem):
        found = IMPLEMENTATIONS["batched"](problem).gradient
        return found._replace(nabla_b=tuple(b[:, None] for b in found.nabla_b))

    monkeypatch.setitem(implementations.IMPLEMENTATIONS, "workspace", implementation)
    (finding,) = checked(PROBLEM).findings
    assert finding.message == "nabla_b has shape (2, 1) and dtype float64, expected shape (2,) and dtype float64"


def test_an_oracle_that_resolves_nothing_leaves_the_verdict_open():
    run = checked(PROBLEM)
    assert run.unresolved() == ()
    assert run.concluded(1, 0.0, [], "").verdict == "correct"
    run.statistics["batched"]["jax"].entries["(13)"] = 0
    assert run.unresolved() == ("JAX autodiff resolved no entry of equation (13) in batched",)
    assert run.concluded(1, 0.0, [], "").verdict == "undecided"
