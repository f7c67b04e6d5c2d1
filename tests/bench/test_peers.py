"""Libraries that are not installed are skipped; `.ci/run` installs them all where it can."""

import pytest

from minibp.bench.cases import Case, problem_of
from minibp.bench.contenders import CHECKERS, PEERS, Contender, installed, maker

CASES = [
    Case("table", 0, (2, 3, 1), 4, "float64", 1),
    Case("table", 0, (9, 7, 5, 3), 6, "float32", 1),
    Case("table", 0, (9, 7, 5, 3), 6, "float64", 1),
]


@pytest.fixture(autouse=True)
def configuration_of_jax():
    """The peer sets it for the whole process, which in a benchmark is its own."""
    try:
        import jax
    except ModuleNotFoundError:
        yield
        return
    before = jax.config.jax_enable_x64
    yield
    jax.config.update("jax_enable_x64", before)


def skip_if_absent(contender):
    missing = contender.absent()
    if missing:
        pytest.skip(f"{missing} not installed")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_peer_gives_the_gradient(peer, case):
    skip_if_absent(peer)
    prepared = maker(peer.home)(problem_of(case, 0))
    for _ in range(2):
        assert prepared.error(prepared.call()) <= 1
    other = maker(peer.home)(problem_of(case, 1))
    assert prepared.error(other.call()) > 1


@pytest.mark.parametrize("checker", CHECKERS, ids=lambda checker: checker.name)
def test_every_checker_accepts_the_right_gradient_and_no_other(checker, monkeypatch):
    skip_if_absent(checker)
    problem = problem_of(Case("checkers", 0, (3, 4, 2), 4, "float64", 1), 0)
    prepared = maker(checker.home)(problem)
    assert prepared.error(prepared.call()) <= 1

    from minibp import batched

    right = batched.backprop

    def wrong(*arguments):
        found = right(*arguments)
        return found._replace(gradient=found.gradient._replace(nabla_w=tuple(2 * w for w in found.gradient.nabla_w)))

    monkeypatch.setattr(batched, "backprop", wrong)
    prepared = maker(checker.home)(problem)
    try:
        assert prepared.error(prepared.call()) > 1
    except AssertionError as objection:
        assert "Derivative" in str(objection) or "VJP" in str(objection)


def test_absent_peers_are_named_with_what_they_lack():
    some = [Contender("here", "", "", ("numpy",)), Contender("not here", "", "", ("no_such", "numpy", "nor_this"))]
    there, absent = installed(some)
    assert there == some[:1]
    assert absent == {"not here": "no_such, nor_this"}
