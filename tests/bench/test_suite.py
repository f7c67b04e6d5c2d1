import json
from itertools import pairwise

import pytest

from minibp.bench import cases, suite
from minibp.bench.cases import Case
from minibp.bench.contenders import ALL_ORACLES, CHECKERS, OWN_FORMS, Contender
from minibp.bench.headline import headline, speedups
from minibp.bench.plan import BenchPlan, BenchTask
from minibp.bench.rounds import Effort
from minibp.bench.suite import differing, run

FEW = Effort(2, 1e-3, 60)


def tiny(*extra):
    """A smoke form of a plan: a case of each kind, in the smallest sizes."""
    table = cases.of_table(cases.TABLE_ROWS[:1], ["float64", "float32"], 1)
    varied = (("batch", 2), ("batch", 8), ("width", 5), ("depth", 1))
    sweeps = [Case(kind, n, (6, 5, 3), n, "float64", 1) for kind, n in varied]
    checked = Case("checkers", 0, (3, 2), 2, "float64", 1)
    return BenchPlan(
        (
            BenchTask((*table, *sweeps), (*OWN_FORMS, *extra), FEW),
            BenchTask(tuple(cases.of_table(cases.TABLE_ROWS[:1], ["float64"], 2)), OWN_FORMS, FEW),
            BenchTask((checked,), tuple(one for one in CHECKERS if one.name.startswith("minibp")), FEW),
        ),
        {"MyGrad": "mygrad"},
    )


@pytest.fixture(scope="module")
def results():
    wrong = Contender("wrong", "bench_contenders:wrong", "odd")
    seen = []
    found = run(tiny(wrong), seed=3, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(seen), tiny(wrong).steps())
    assert all(second[0] == first[0] + 1 for first, second in pairwise(seen))
    return found


def test_results_are_json(results):
    again = json.loads(json.dumps(results, allow_nan=False))
    assert again == results
    assert again["format"] == suite.FORMAT
    assert again["seed"] == 3
    assert again["absent"] == {"MyGrad": "mygrad"}
    assert set(again["threads"]) == {"1", "2"}
    for threads, processes in again["threads"].items():
        blas = [pool for pool in processes["numpy"] if pool["user_api"] == "blas"]
        assert [pool["num_threads"] for pool in blas] == [int(threads)]


def test_every_case_has_every_figure(results):
    assert len(results["cases"]) == 2 + 4 + 1 + 1
    for case in results["cases"]:
        unit = ALL_ORACLES.name if case["kind"] == "checkers" else "products"
        for name, outcome in case["contenders"].items():
            if name == "wrong":
                continue
            assert len(outcome["seconds"]) == 2
            assert outcome["error"] <= 1
            assert outcome["median"] > 0
            assert outcome["ratio"]["low"] <= outcome["ratio"]["median"] <= outcome["ratio"]["high"]
            assert name != unit or outcome["ratio"]["median"] == 1
    measured = [case for case in results["cases"] if case["threads"] == 1 and case["kind"] == "table"]
    assert measured
    assert all("memory" in case["contenders"]["workspace"] for case in measured)


def test_the_headline_is_in_the_results(results):
    rows = speedups(results["cases"])
    assert results["headline"] == {"lines": headline(rows), "rows": rows}
    assert len(rows) == 3
    for row in rows:
        assert 0 < row["batched"]["low"] <= row["batched"]["median"] <= row["batched"]["high"]


def test_growth_and_where_batching_pays_are_in_the_results(results):
    assert {(one["sweep"], one["contender"]) for one in results["exponents"]} == set()  # one point in the upper half
    (pays,) = results["pays_from"]
    assert pays["least"] == 2
    assert (pays["dtype"], pays["threads"]) == ("float64", 1)


def test_a_result_that_differs_is_not_silent(results):
    found = differing(results)
    assert len(found) == 6
    assert found[0].startswith("wrong, 2-3-1, 4, float64: its result is not that of the batched form")


def test_a_form_of_the_package_that_fails_is_not_silent():
    case = {**Case("table", 0, (2, 1), 1, "float64", 1)._asdict(), "contenders": {}}
    failed = {"failed": "its process was killed"}
    assert differing({"cases": [{**case, "contenders": {"batched": failed}}]}) == [
        "batched, 2-1, 1, float64: its process was killed"
    ]
    assert differing({"cases": [{**case, "contenders": {"JAX": failed}}]}) == []
