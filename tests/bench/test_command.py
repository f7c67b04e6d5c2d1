import json
import shlex

import pytest
from case_ids import written_out
from click.testing import CliRunner
from stored import results

from minibp.bench import plan, suite
from minibp.bench.selection import Selection, selected
from minibp.cli import cli


def run(*arguments):
    return CliRunner().invoke(cli, ["bench", *arguments], catch_exceptions=False)


@pytest.fixture
def measured(monkeypatch):
    """Stored figures in place of a measurement; what was asked for is kept."""
    asked = []

    def planned(**options):
        asked.append(options)
        return plan.BenchPlan((), {})

    def measure(found, *, seed, progress):
        asked.append(seed)
        return results()

    monkeypatch.setattr(plan, "planned", planned)
    monkeypatch.setattr(suite, "run", measure)
    return asked


def test_tables_json_and_plot(measured, tmp_path):
    stored, plot = tmp_path / "results.json", tmp_path / "plot.svg"
    result = run("--peers", "--quick", "--seed", "4", "--json", str(stored), "--plot", str(plot))
    assert result.exit_code == 0, result.output
    assert measured == [{"peers": True, "quick": True, "selection": Selection()}, 4]
    assert "Time of one gradient in units of its GEMM-only baseline" in result.stdout
    written = json.loads(stored.read_text(encoding="utf-8"))
    assert written["cases"] == results()["cases"]
    assert result.stdout.splitlines()[:3] == written["headline"]["lines"]
    assert plot.read_bytes().startswith(b"<?xml")


def test_json_to_standard_output_is_only_json(measured):
    result = run("--json", "-")
    assert json.loads(result.stdout)["format"] == suite.FORMAT


def test_a_wrong_result_exits_with_1_and_says_who(measured, monkeypatch):
    wrong = results()
    wrong["cases"][0]["contenders"]["JAX"] = {"wrong": "its result is not that of the batched form: 7 times the bound"}
    monkeypatch.setattr(suite, "run", lambda plan, **options: wrong)
    result = run()
    assert result.exit_code == 1
    assert result.stderr == (
        "minibp: JAX, 2-3-1, 4, float64: its result is not that of the batched form: 7 times the bound\n"
    )
    assert "WRONG" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--plot plot.jpeg", "cannot plot to plot.jpeg: its ending is '.jpeg', expected .svg, .png or .pdf"),
        ("--plot plot", "cannot plot to plot: it has no ending"),
        ("--plot missing/plot.svg", "cannot write missing/plot.svg: there is no folder"),
        ("--plot ''", "--plot needs the name of a file"),
        ("--json missing/results.json", "cannot write missing/results.json: there is no folder"),
        ("--seed -1", "-1 is not in the range x>=0"),
        ("--sizes 784-x", "--sizes has '784-x', expected neurons of two or more layers, such as 784-30-10"),
        ("--sizes 784-0-10", "--sizes has '784-0-10', with a layer of 0 neurons"),
        ("--sizes 784", "--sizes has '784', which is one layer"),
        ("--sizes 784-10000000-784", "784-10000000-784 with a batch of 10 takes about"),
        ("--batch 999999999999", "784-30-10 with a batch of 999,999,999,999 takes about"),
        ("--batch 0", "--batch has '0', expected a whole number of examples, 1 or more"),
        ("--dtype float16", "--dtype is 'float16', expected float64 or float32"),
    ],
    ids=written_out,
)
def test_what_cannot_be_written_is_refused_before_measuring(measured, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*shlex.split(arguments))
    assert result.exit_code == 2
    assert message in result.stderr
    assert measured == []


def test_a_missing_matplotlib_is_one_line(measured, monkeypatch):
    from minibp import plots

    monkeypatch.setattr(plots, "find_spec", lambda name: None)
    result = run("--plot", "plot.svg")
    assert result.exit_code == 2
    assert "this command needs matplotlib, which is not installed" in result.stderr
    assert measured == []


def test_an_interrupt_ends_without_a_traceback(measured, monkeypatch):
    def interrupted(plan, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(suite, "run", interrupted)
    result = run()
    assert result.exit_code == 130
    assert result.stderr == "minibp: stopped before any of the blocks of calls were timed\n"


def test_chosen_networks_batch_sizes_and_dtype_are_planned(measured):
    result = run(
        "--sizes", "5-4-3,2-1", "--sizes", "3-2", "--batch", "7", "--batch", "8", "--dtype", "float32", "--quick"
    )
    assert result.exit_code == 0, result.output
    chosen = selected(["5-4-3", "2-1", "3-2"], ["7", "8"], "float32")
    assert len(chosen.rows) == 6
    assert measured[0] == {"peers": False, "quick": True, "selection": chosen}


@pytest.mark.parametrize("option", ["--sizes=a", "--batch=0", "--dtype=float16", "--batch=999999999999"])
def test_a_choice_that_cannot_be_measured_is_one_line(measured, option):
    result = run(option)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("minibp: ")


def test_a_chosen_network_is_measured_and_has_its_headline(monkeypatch):
    monkeypatch.setattr(plan, "cores", lambda: 1)
    result = run("--sizes", "3-2", "--batch", "4", "--dtype", "float32", "--quick", "--json", "-")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [(case["kind"], case["sizes"], case["batch"], case["dtype"]) for case in found["cases"]] == [
        ("table", [3, 2], 4, "float32")
    ]
    (row,) = found["headline"]["rows"]
    assert row["batched"]["median"] > 0


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_lines_fit_the_terminal(measured, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = run().stdout.splitlines()
    assert 0.75 * columns < max(map(len, lines)) <= columns


def test_in_a_pipe_lines_have_100_columns(measured, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("os.get_terminal_size", lambda descriptor: (_ for _ in ()).throw(OSError))
    assert 90 < max(map(len, run().stdout.splitlines())) <= 100


def test_the_bar_says_how_long_it_takes(measured, monkeypatch):
    from contextlib import nullcontext

    from minibp.bench import command

    said = []
    monkeypatch.setattr(command, "bar", lambda *labels, **more: nullcontext(said.extend([*labels, *more.values()])))
    monkeypatch.setattr(plan.BenchPlan, "seconds", lambda self: 12.0)
    run("--quick")
    assert "about 15 s in all" in "".join(said)


def test_help_says_what_is_measured_and_in_what_units():
    said = " ".join(run("--help").stdout.split())
    for words in ("Time one gradient", "times as fast as the loop", "seconds", "GEMM-only baseline", "bytes"):
        assert words in said
    for option in ("--sizes", "--batch", "--dtype"):
        assert option in said
