import json
import sys

import pytest
from bench_contenders import SPIN_SECONDS

from minibp.bench.contenders import BATCHED, PRODUCTS, WORKSPACE
from minibp.bench.worker import Worker, blas_pools, serve

CASE = ["table", 0, [5, 4, 3], 6, "float64", 1]


def prepare(worker, name, home, **changed):
    request = {"do": "prepare", "name": name, "home": home, "case": CASE, "seed": 0, "block_seconds": 1e-3, **changed}
    return worker.answer(request)


def test_a_contender_is_compared_and_then_timed():
    worker = Worker()
    found = prepare(worker, "workspace", WORKSPACE.home)
    assert 0 < found["error"] <= 1
    assert found["calls"] > 1
    block = worker.answer({"do": "block", "name": "workspace"})
    assert block["seconds"] > 0


def test_cores_are_the_share_of_time_in_which_one_was_busy():
    worker = Worker()
    prepare(worker, "spinning", "bench_contenders:spinning")
    block = worker.answer({"do": "block", "name": "spinning"})
    # A call keeps a core busy for so long at least, however long it takes; the product is rounded.
    assert block["cores"] * block["seconds"] >= SPIN_SECONDS * (1 - 1e-9)
    prepare(worker, "slow", "bench_contenders:slow")
    block = worker.answer({"do": "block", "name": "slow"})
    assert block["cores"] < 0.5  # it sleeps for 0.05 s


@pytest.mark.parametrize(("name", "told"), [("wrong", True), ("not_finite", False)])
def test_a_wrong_contender_is_never_ready(name, told):
    worker = Worker()
    found = prepare(worker, name, f"bench_contenders:{name}")
    assert "calls" not in found
    assert found["error"] > 1 if told else found["error"] is None
    with pytest.raises(KeyError):
        worker.answer({"do": "block", "name": name})


def test_another_case_forgets_the_one_before():
    worker = Worker()
    prepare(worker, "a", BATCHED.home)
    prepare(worker, "b", PRODUCTS.home)
    worker.answer({"do": "block", "name": "a"})
    prepare(worker, "b", PRODUCTS.home, seed=1)
    with pytest.raises(KeyError):
        worker.answer({"do": "block", "name": "a"})


def test_a_slow_call_is_not_repeated_to_count_calls():
    found = prepare(Worker(slow_seconds=0.01), "slow", "bench_contenders:slow")
    assert found["calls"] == 1


def test_the_workspace_keeps_its_buffers_and_takes_no_more():
    big = ["table", 0, [300, 40, 10], 50, "float64", 1]
    worker = Worker()
    ours = worker.answer({"do": "memory", "home": WORKSPACE.home, "case": big, "seed": 0})
    form = worker.answer({"do": "memory", "home": BATCHED.home, "case": big, "seed": 0})
    assert ours["kept"] > 300 * 40 * 8 > ours["peak"] * 10
    assert form["peak"] > 300 * 40 * 8 > form["kept"] * 10


def test_pools_are_told_where_threadpoolctl_is(monkeypatch):
    pytest.importorskip("threadpoolctl")
    pools = blas_pools()["pools"]
    assert "blas" in {pool["user_api"] for pool in pools}
    assert min(pool["num_threads"] for pool in pools) >= 1
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    assert blas_pools() == {"pools": None}


def test_errors_are_answers_of_one_line():
    requests = [
        json.dumps({"do": "prepare", "name": "x", "home": "bench_contenders:raising", "case": CASE, "seed": 0}),
        json.dumps({"do": "about"}),
    ]
    answers = []
    serve(requests, answers.append)
    assert json.loads(answers[0]) == {"raised": "ValueError: it does not like this"}
    assert "pools" in json.loads(answers[1])


def test_what_json_cannot_hold_is_an_answer_too():
    answers = []
    request = {"do": "prepare", "name": "x", "home": "bench_contenders:strange_error", "case": CASE, "seed": 0}
    serve([json.dumps(request)], answers.append)
    assert "not JSON serializable" in json.loads(answers[0])["raised"]
