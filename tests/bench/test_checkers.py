import math

import pytest

from minibp import batched
from minibp.bench import checkers
from minibp.bench.cases import Case, problem_of
from minibp.bench.contenders import CHECKERS, maker

CASE = Case("checkers", 4, (4, 3, 2), 4, "float64", 1)
WITHOUT_JAX = [one for one in CHECKERS if "jax" not in one.needs]


@pytest.fixture(scope="module")
def problem():
    return problem_of(CASE, 0)


@pytest.mark.parametrize("contender", WITHOUT_JAX, ids=lambda one: one.name)
def test_each_accepts_the_subject_that_is_right(contender, problem):
    for module in contender.needs:
        pytest.importorskip(module)
    prepared = maker(contender.home)(problem)
    assert 0 <= prepared.error(prepared.call()) <= 1


@pytest.mark.parametrize("oracle", [checkers.complex_step, checkers.finite_difference])
def test_a_subject_that_is_wrong_is_not_timed(oracle, problem, monkeypatch):
    right = batched.backprop

    def wrong(*arguments):
        found = right(*arguments)
        nabla_b = tuple(1.001 * b for b in found.gradient.nabla_b)
        return found._replace(gradient=found.gradient._replace(nabla_b=nabla_b))

    prepared = oracle(problem)
    assert prepared.error(prepared.call()) <= 1
    monkeypatch.setattr(batched, "backprop", wrong)
    prepared = oracle(problem)
    assert prepared.error(prepared.call()) > 1


def test_scipy_is_held_to_a_share_of_the_norm(problem):
    pytest.importorskip("scipy")
    error = checkers.scipy_check_grad(problem).error
    norm = math.sqrt(sum(float((g * g).sum()) for kind in batched.backprop(*arguments(problem)).gradient for g in kind))
    assert error(checkers.ENOUGH * norm) == pytest.approx(1.0)


def arguments(problem):
    return problem.network, problem.cost, problem.x, problem.y
