import pytest
from stored import outcome, results

from minibp.bench.headline import headline, speedups


def test_each_row_has_the_quartiles_of_the_rounds_ratios():
    stored = results()
    contenders = stored["cases"][0]["contenders"]
    contenders["per-example"]["seconds"] = [4.0, 12.0, 20.0, None]
    contenders["batched"]["seconds"] = [2.0, 4.0, 5.0, 1.0]
    found = speedups(stored["cases"])
    assert len(found) == 10  # five sizes in two dtypes: the sweeps' cases are not the table's
    first = found[0]
    assert (first["sizes"], first["batch"], first["dtype"], first["threads"]) == ([2, 3, 1], 4, "float64", 1)
    assert first["batched"] == {"low": 2.5, "median": 3.0, "high": 3.5}
    assert found[1]["workspace"]["median"] == pytest.approx(40 / 1.2)


def test_the_least_and_the_greatest_are_named_with_their_place():
    stored = results()
    stored["cases"][2]["contenders"]["batched"] = outcome(1.0)
    stored["cases"][4]["contenders"]["batched"] = outcome(50.0)
    stored["cases"][7]["contenders"]["batched"] = outcome(0.1)  # of another dtype
    assert headline(speedups(stored["cases"])) == [
        "On this machine, times as fast as the per-example loop (float64, 1 BLAS thread):",
        "batched    0.80 ±0.00 (784-1024-1024-10, 256) to 40.0 ±0.0 (784-30-10, 128)",
        "workspace  33.3 ±0.0 (2-3-1, 4) to 33.3 ±0.0 (784-1024-1024-10, 256)",
    ]


def test_places_are_left_out_where_they_do_not_fit():
    assert headline(speedups(results()["cases"]), 60) == [
        "On this machine, times as fast as the per-example loop:",
        "batched    20.0 ±0.0 to 20.0 ±0.0",
        "workspace  33.3 ±0.0 to 33.3 ±0.0",
    ]


def test_what_has_no_figures_has_no_speedup():
    stored = results()
    for case in stored["cases"]:
        case["contenders"]["batched"] = {"failed": "its process died"}
    del stored["cases"][0]["contenders"]["per-example"]
    rows = speedups(stored["cases"])
    assert rows[0]["workspace"] is None
    lines = headline(rows)
    assert lines[1] == "batched    no figures"
    assert lines[2].startswith("workspace  33.3 ±0.0 (784-30-10, 10) to")


def test_without_a_table_there_is_no_headline():
    assert headline(speedups([case for case in results()["cases"] if case["kind"] == "batch"])) == []
