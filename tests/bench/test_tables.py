import pytest
from stored import results

from minibp.bench import tables
from minibp.bench.headline import headline, speedups
from minibp.bench.selection import selected
from minibp.bench.tables import Title, break_even_sentence, results_lines, results_text


def test_ratios_have_a_spread_and_targets_stand_beside():
    said = results_text(results()).splitlines()
    at = said.index("Time of one gradient in units of its GEMM-only baseline, float64, 1 BLAS thread")
    assert said[at + 1].split() == ["sizes,", "batch", "products", "workspace", "target", "batched", "per-example"]
    first = said[at + 2].split()
    assert first[:4] == ["2-3-1,", "4", "15.0", "µs"]
    assert first[4:] == ["1.20", "±0.00", "2.40", "2.00", "±0.00", "40.0", "±0.0"]


def test_peers_memory_sweeps_and_checkers_are_there():
    said = results_text(results())
    assert "The same beside other libraries, float32, 1 BLAS thread" in said
    assert "2.00 KiB + 3.00 MiB" in said
    assert "8 to 64" not in said
    assert "Batching pays from 4 examples on" in said
    assert "One check of one network's gradient" in said
    assert "n^0.50" in said
    assert "n^1.00" in said
    assert "seed 0, 12 s" in said


def test_the_exponents_stand_under_their_columns_with_the_range():
    lines = results_text(results()).splitlines()
    at = lines.index("784-30-10, batch size, float64, 1 BLAS thread")
    assert lines[at + 6].split() == ["16", "to", "64", "n^1.00", "n^0.50", "n^0.50", "n^0.50"]


def below_titles(said):
    """Of each table, the lines from its head on."""
    heads = ("sizes, batch", "n  ", "    ")
    for table in said.split("\n\n")[2:-2]:
        lines = table.splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith(heads))
        yield lines[at:]


def test_columns_line_up():
    tables_of_text = list(below_titles(results_text(results(), 120)))
    assert len(tables_of_text) > 4
    for lines in tables_of_text:
        rows = [line for line in lines if len(line) == len(lines[0])]
        assert len(rows) >= 2, lines
        # What follows the rows is the sentence under them, if there is one.
        assert all(line in rows for line in lines[: len(rows)])


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100, 120])
def test_no_line_is_longer_than_the_terminal(columns):
    found = results(JAX=0.9, workspace=2.1)
    found["absent"] = {"MyGrad": "mygrad", "torch gradcheck": "torch"}
    found["machine"]["others"] = 1.04
    found["threads"]["1"]["torch"] = [{"user_api": "openmp", "num_threads": 4}]
    found["cases"][1]["contenders"]["PyTorch"] = {"failed": "its process died with status 3: " + "word " * 40}
    (long_one,) = selected(["-".join(["128"] * 60)], ["1"], memory=1 << 40).rows
    found["cases"][2]["sizes"] = list(long_one.sizes)
    lines = results_text(found, columns).splitlines()
    assert max(map(len, lines)) <= columns


def test_the_answer_stands_first():
    found = results()
    expected = headline(speedups(found["cases"]))
    assert results_text(found).splitlines()[: len(expected) + 1] == [*expected, ""]
    assert headline(speedups(found["cases"]), 60) == results_text(found, 60).splitlines()[:3]


def test_each_row_has_its_speedups_under_one_title():
    table = next(part for part in results_text(results()).split("\n\n") if part.startswith("Times as fast"))
    head, *rows = table.splitlines()[1:12]
    assert head.split() == ["sizes,", "batch", "dtype", "threads", "batched", "workspace"]
    assert rows[0].split() == ["2-3-1,", "4", "float64", "1", "20.0", "±0.0", "33.3", "±0.0"]
    assert len({tuple(row.split()[:4]) for row in rows}) == 10


def test_one_row_has_its_speedups_in_the_headline_alone():
    found = results()
    found["cases"] = found["cases"][:1]
    said = results_text(found)
    assert "batched    20.0 ±0.0 (2-3-1, 4)\n" in said
    assert "\nTimes as fast" not in said


def test_every_column_is_explained_once():
    said = results_text(results(), 120)
    tables_of_text = list(below_titles(said))
    assert len(tables_of_text) > 4
    words = dict(line.split("  ", 1) for line in said.split("\n\n")[-2].splitlines())
    for lines in tables_of_text:
        below = " ".join(lines[1:])
        columns = set(lines[0].replace("sizes, batch", "").split())
        for name in columns & {"products", "workspace", "target", "batched", "per-example"}:
            assert name in words, name
        for name in columns & {"n", "ratio", "threads"}:
            assert name in below, (name, below)
    assert "±" in words


def test_titles_are_told_from_what_is_under_them():
    titles = [line for line in results_lines(results(), 60) if isinstance(line, Title)]
    assert titles[0] == "Times as fast as the per-example loop"
    assert "Where minibp is slower: median ratios with their quartiles" in titles
    assert len(titles) > 8


def test_there_is_no_target_where_none_is_set():
    found = results()
    for case in found["cases"]:
        case["threads"] = 2
    said = results_text(found)
    assert "target" not in said
    for case in found["cases"]:
        case["threads"], case["batch"] = 1, 17
    assert "target" not in results_text(found)


def test_what_is_wrong_failed_or_absent_shows():
    found = results()
    found["absent"] = {"MyGrad": "mygrad"}
    row = found["cases"][0]["contenders"]
    row["JAX"], row["PyTorch"] = {"wrong": "its result is not that"}, {"failed": "its process died"}
    del row["autograd"]
    row["workspace"]["ratio"] = None
    del found["cases"][1]["contenders"]["batched"]["memory"]
    said = results_text(found)
    line = next(line for line in said.split("other libraries, float64")[1].splitlines() if line.startswith("2-3-1"))
    assert line.split() == ["2-3-1,", "4", "–", "WRONG", "failed", "–", "6.00", "±0.00", "4.00", "±0.00"]
    assert "not installed, left out: MyGrad (mygrad)" in said


def test_more_threads_than_asked_for_are_told():
    found = results()
    assert "More threads" not in results_text(found)
    found["threads"]["1"]["torch"] = [{"user_api": "openmp", "num_threads": 4}]
    found["cases"][3]["contenders"]["JAX"]["cores"] = 1.9
    said = results_text(found)
    assert "- torch: a pool of 4 threads, where 1 were asked for" in said
    assert "- JAX: up to 1.9 cores busy, where 1 were asked for" in said


def test_without_a_table_there_are_only_sweeps():
    found = results()
    found["cases"] = [case for case in found["cases"] if case["kind"] == "batch"]
    found["exponents"] = []
    said = results_text(found)
    assert "in units of its GEMM-only baseline" not in said
    assert "n^" not in said


def test_a_machine_that_is_not_quiet_is_told():
    found = results()
    assert "quiet" not in results_text(found)
    found["machine"]["others"] = 1.04
    assert (
        "1.0 cores were busy with something else meanwhile: these are not the figures of a quiet machine"
        in results_text(found)
    )


def test_where_batching_pays_in_words():
    assert break_even_sentence({"batch": None, "least": 1}) == "Batching did not pay at the largest batch measured."
    assert break_even_sentence({"batch": 1, "least": 1}) == "Batching paid at every batch size measured, from 1 on."


def test_bytes_have_no_fractions_of_one():
    assert tables.kept_and_peak({"kept": 0, "peak": 17}) == "0 B + 17 B"
