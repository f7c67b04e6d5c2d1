import pytest
from stored import results

from minibp.bench import tables
from minibp.bench.tables import paying, ratio, seconds, text


def test_ratios_have_a_spread_and_targets_stand_beside():
    said = text(results()).splitlines()
    at = said.index("Time of one gradient in units of its matrix products alone, float64, 1 BLAS thread")
    assert said[at + 1].split() == ["sizes,", "batch", "products", "workspace", "target", "batched", "per-example"]
    first = said[at + 2].split()
    assert first[:4] == ["2-3-1,", "4", "15.0", "µs"]
    assert first[4:] == ["1.20", "±0.00", "2.40", "2.00", "±0.00", "40.0", "±0.0"]


def test_peers_memory_sweeps_and_checkers_are_there():
    said = text(results())
    assert "The same beside other libraries, float32, 1 BLAS thread" in said
    assert "2.00 KiB + 3.00 MiB" in said
    assert "8 to 64" not in said
    assert "Batching pays from 4 examples on" in said
    assert "One check of one network's gradient" in said
    assert "n^0.50" in said
    assert "n^1.00" in said
    assert "seed 0, 12 s" in said


def test_the_exponents_stand_under_their_columns_with_the_range():
    lines = text(results()).splitlines()
    at = lines.index("784-30-10, batch size, float64, 1 BLAS thread")
    assert lines[at + 6].split() == ["16", "to", "64", "n^1.00", "n^0.50", "n^0.50", "n^0.50"]


def test_columns_line_up():
    for table in text(results()).split("\n\n")[1:-1]:
        widths = {len(line) for line in table.splitlines()[1:] if not line.startswith("Batching")}
        assert len(widths) == 1, table


def test_what_is_wrong_failed_or_absent_shows():
    found = results()
    found["absent"] = {"MyGrad": "mygrad"}
    row = found["cases"][0]["contenders"]
    row["JAX"], row["PyTorch"] = {"wrong": "its result is not that"}, {"failed": "its process died"}
    del row["autograd"]
    row["workspace"]["ratio"] = None
    del found["cases"][1]["contenders"]["batched"]["memory"]
    said = text(found)
    line = next(line for line in said.split("other libraries, float64")[1].splitlines() if line.startswith("2-3-1"))
    assert line.split() == ["2-3-1,", "4", "–", "WRONG", "failed", "–", "6.00", "±0.00", "4.00", "±0.00"]
    assert "not installed, left out: MyGrad (mygrad)" in said


def test_more_threads_than_asked_for_are_told():
    found = results()
    assert "More threads" not in text(found)
    found["threads"]["1"]["torch"] = [{"user_api": "openmp", "num_threads": 4}]
    found["cases"][3]["contenders"]["JAX"]["cores"] = 1.9
    said = text(found)
    assert "- torch: a pool of 4 threads, where 1 were asked for" in said
    assert "- JAX: up to 1.9 cores busy, where 1 were asked for" in said


def test_without_a_table_there_are_only_sweeps():
    found = results()
    found["cases"] = [case for case in found["cases"] if case["kind"] == "batch"]
    found["exponents"] = []
    said = text(found)
    assert "matrix products alone" not in said
    assert "n^" not in said


@pytest.mark.parametrize(
    ("value", "said"),
    [(2.5, "2.50 s"), (0.0999, "99.9 ms"), (1.5e-5, "15.0 µs"), (4e-8, "40.0 ns"), (0.25, "250 ms"), (0.0, "0 ns")],
)
def test_times_have_three_digits(value, said):
    assert seconds(value) == said


def test_a_machine_that_is_not_quiet_is_told():
    found = results()
    assert "quiet" not in text(found)
    found["machine"]["others"] = 1.04
    assert "1.0 cores were busy with something else meanwhile: these are not the figures of a quiet machine" in text(
        found
    )


def test_ratios_have_as_many_digits_as_they_need():
    assert ratio({"low": 0.001, "median": 0.0012, "high": 0.002}) == "0.0012 ±0.0005"
    assert ratio({"low": 149.0, "median": 150.4, "high": 153.0}) == "150 ±2"
    assert ratio(None) == "–"


def test_where_batching_pays_in_words():
    assert paying({"batch": None, "least": 1}) == "Batching did not pay at the largest batch measured."
    assert paying({"batch": 1, "least": 1}) == "Batching paid at every batch size measured, from 1 on."


def test_bytes_have_no_fractions_of_one():
    assert tables._bytes({"kept": 0, "peak": 17}) == "0 B + 17 B"
