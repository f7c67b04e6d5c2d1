import copy
import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from minibp import InputError, batched
from minibp.blocks import AHEAD_OF_A_WORKER
from minibp.check import layout
from minibp.check.layout import EQUATIONS
from minibp.check.oracles.jax_autodiff import oracle as jax_oracle
from minibp.check.verify import implementations, soak
from minibp.check.verify.soak import Block
from minibp.network import Gradient
from minibp.workers import BLAS_THREADS, team


def test_the_packages_implementations_are_correct():
    report = soak.soak(0.01, seed=3)
    assert report.verdict == "correct"
    assert report.networks == jax_oracle.STACK * soak.STACKS
    assert report.notes[0].endswith("networks a second, by 1 process")
    assert report.again == "minibp verify --soak 0.01 --seed 3"


def test_every_implementation_oracle_and_equation_takes_part():
    run = implementations.Run()
    for number in range(4):
        run.merge(soak.seen_in(Block(3, number)))
    assert run.failed is None
    assert set(run.statistics) == set(implementations.IMPLEMENTATIONS)
    for implementation, statistics in run.statistics.items():
        assert set(statistics) == set(implementations.COMPARED_WITH)
        for oracle, stats in statistics.items():
            expected = set(EQUATIONS) if oracle == "jax" else set(EQUATIONS) - {"(1)"}
            if implementation == "workspace":
                expected -= {"(13)", "(14)", "(9)(25)", "(17)", "(26)", "(22)"}
            assert set(stats.worst) == expected
            assert all(0 < worst <= 1 for worst in stats.worst.values())


def test_a_task_is_the_same_every_time():
    one, other = soak.seen_in(Block(7, 2)), soak.seen_in(Block(7, 2))
    assert (one.entries, one.skipped, one.covered) == (other.entries, other.skipped, other.covered)
    assert one.statistics["batched"]["jax"].worst == other.statistics["batched"]["jax"].worst
    assert soak.seen_in(Block(7, 3)).entries != one.entries


def test_drawn_problems_are_all_different_and_within_the_padding():
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(200):
        part = soak.drawn(rng, 3)
        network = part[0].network
        assert {problem.network.sizes for problem in part} == {network.sizes}
        assert {problem.network.activations for problem in part} == {network.activations}
        assert len(network.weights) <= 4
        assert max(network.sizes) <= 16
        assert part[0].m <= 8
        seen |= {network.dtype, part[0].cost.name, *(one.name for one in network.activations), len(network.weights)}
    assert len(seen) == 2 + 4 + 9 + 4


def test_an_executor_does_the_work_and_stays_the_callers():
    told = []
    with ThreadPoolExecutor(2) as pool:
        report = soak.soak(0.3, seed=1, workers=2, executor=pool, progress=lambda *seconds: told.append(seconds))
        assert pool.submit(int).result() == 0
    assert report.verdict == "correct"
    assert report.notes[0].endswith("by 2 processes")
    assert told == sorted(told)
    assert told[-1] == (0, 0)


def wrong(problem):
    found = batched.backprop(problem.network, problem.cost, problem.x, problem.y, problem.l2)
    changed = tuple(b * (1 + 1e-4) for b in found.gradient.nabla_b)
    return found._replace(gradient=Gradient(found.gradient.nabla_w, changed))


def test_a_gradient_broken_on_purpose_is_counted_to_the_end_and_the_first_failure_is_shrunk(monkeypatch):
    monkeypatch.setitem(implementations.IMPLEMENTATIONS, "batched", wrong)
    report = soak.soak(0.5, seed=2)
    assert report.verdict == "wrong"
    (finding,) = report.findings
    assert (finding.subject, finding.equation, finding.tensor) == ("batched", "(23)", "nabla_b")
    assert report.counterexample.m == 1
    assert max(report.counterexample.network.sizes) <= 2
    counts = {oracle: stats.alarms for oracle, stats in report.statistics["batched"].items()}
    assert report.networks > jax_oracle.STACK  # it went on after the first stack
    assert min(counts["jax"], counts["complex_step"]) > report.networks / 2
    others = {oracle: stats.alarms for oracle, stats in report.statistics["per_example"].items()}
    assert others == dict.fromkeys(implementations.COMPARED_WITH, 0)
    said = "alarms, in networks: JAX autodiff {jax:,} (batched {jax:,}), complex step {complex_step:,} (batched"
    assert report.notes[1].startswith(said.format(**counts))


def test_a_soak_without_alarms_says_so():
    report = soak.soak(0.01, seed=1)
    assert report.notes[1] == "alarms, in networks: JAX autodiff 0, complex step 0, finite differences 0"


def test_one_wrong_problem_of_a_stack_is_the_one_that_is_shown(monkeypatch):
    part = soak.drawn(np.random.default_rng(4), 5)
    right = implementations.IMPLEMENTATIONS["workspace"]

    def wrong_for_one(problem):
        found = right(problem)
        return found._replace(nabla_w=tuple(w + 1 for w in found.nabla_w)) if problem is part[3] else found

    monkeypatch.setitem(implementations.IMPLEMENTATIONS, "workspace", wrong_for_one)
    run, stack = implementations.Run(), soak.Stack.of(part)
    run.hold(part, stack, jax_oracle.estimates(stack))
    assert run.failed is part[3]
    assert {(finding.subject, finding.tensor) for finding in run.findings} == {("workspace", "nabla_w")}


def test_nothing_is_kept_of_what_has_been_checked(monkeypatch):
    kept = []
    draw, estimates = soak.drawn, jax_oracle.estimates

    def drawn(*arguments):
        part = draw(*arguments)
        kept.extend(map(weakref.ref, part))
        return part

    def estimated(stack):
        found = estimates(stack)
        kept.extend([weakref.ref(stack), weakref.ref(found)])
        return found

    monkeypatch.setattr(soak, "drawn", drawn)
    monkeypatch.setattr(jax_oracle, "estimates", estimated)
    run = soak.seen_in(Block(5, 1))
    gc.collect()
    assert len(kept) == soak.STACKS * (jax_oracle.STACK + 2)
    assert [found for one in kept if (found := one()) is not None] == [run.shown[2]]  # the one that the report draws
    assert run.networks == soak.STACKS * jax_oracle.STACK
    assert layout.segments.cache_info().maxsize == 100


def test_of_a_long_campaign_no_more_is_kept_than_of_a_short_one(monkeypatch):
    seen, kept = soak.seen_in(Block(5, 1, 2)), []

    def seen_again(block):
        part = copy.deepcopy(seen)
        part.networks = block.networks
        kept.append(weakref.ref(part))
        return part

    monkeypatch.setattr(soak, "seen_in", seen_again)
    most = 0

    def count(done, total):
        nonlocal most
        if not done % (20 * 256):
            gc.collect()
            most = max(most, sum(one() is not None for one in list(kept)))

    with ThreadPoolExecutor(2) as pool:
        report = soak.soak(networks=60_000, seed=1, workers=2, executor=pool, progress=count)
    assert report.networks == 60_000
    assert len(kept) == 235
    assert 0 < most <= 2 * AHEAD_OF_A_WORKER + 4  # what is merged and asked for, and what each thread has in hand


def test_so_many_networks_give_the_same_figures_whoever_does_the_work(monkeypatch):
    for name in BLAS_THREADS:
        monkeypatch.setenv(name, "1")  # which the processes would else have set for good

    def figures(report):
        return {
            name: value for name, value in report.to_dict().items() if name not in ("seconds", "environment", "notes")
        }

    once = soak.soak(networks=300, seed=6)
    assert once.networks == 300
    assert once.again == "minibp verify --networks 300 --seed 6"
    told = []
    with team(2, None) as who:
        other = soak.soak(networks=300, seed=6, progress=lambda *done: told.append(done), **who._asdict())
    assert figures(other) == figures(once)
    assert told == [(256, 300), (300, 300)]
    assert soak.soak(0.01, seed=6).entries < once.entries  # whose first block it is


def test_the_first_failure_is_reported_with_what_gives_it_again(monkeypatch):
    monkeypatch.setattr(implementations.Run, "shrink", lambda *given: None)
    monkeypatch.setitem(implementations.IMPLEMENTATIONS, "batched", wrong)
    monkeypatch.setattr(soak, "STACKS", 1)
    with ThreadPoolExecutor(2) as pool:
        report = soak.soak(networks=96, seed=2, workers=2, executor=pool)
    assert report.notes[2].startswith("the first failure is in block 0: from minibp.check.verify import soak; print(")
    said = report.notes[2].partition(": ")[2].replace("print(", "found.extend(")
    found = []
    exec(said, {"found": found})
    assert found == list(report.findings)


@pytest.mark.parametrize("given", [{}, {"seconds": 1, "networks": 3}, {"networks": 0}], ids=["none", "both", "0"])
def test_a_soak_has_one_end(given):
    with pytest.raises(InputError, match="expected"):
        soak.soak(**given)


@pytest.mark.parametrize("seconds", [0, -1, np.nan, np.inf])
def test_bad_seconds(seconds):
    with pytest.raises(InputError, match="expected a number above 0"):
        soak.soak(seconds)
