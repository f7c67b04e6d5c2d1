import json

import pytest
from click.testing import CliRunner
from stored import results

from minibp.bench import suite
from minibp.cli import cli


def run(*arguments):
    return CliRunner().invoke(cli, ["bench", *arguments], catch_exceptions=False)


@pytest.fixture
def measured(monkeypatch):
    """Stored figures in place of a measurement; what was asked for is kept."""
    asked = []

    def planned(**options):
        asked.append(options)
        return suite.Plan((), {})

    def measure(plan, *, seed, progress):
        asked.append(seed)
        return results()

    monkeypatch.setattr(suite, "planned", planned)
    monkeypatch.setattr(suite, "run", measure)
    return asked


def test_tables_json_and_plot(measured, tmp_path):
    stored, plot = tmp_path / "results.json", tmp_path / "plot.svg"
    result = run("--peers", "--quick", "--seed", "4", "--json", str(stored), "--plot", str(plot))
    assert result.exit_code == 0, result.output
    assert measured == [{"peers": True, "quick": True}, 4]
    assert "Time of one gradient in units of its matrix products alone" in result.stdout
    assert json.loads(stored.read_text(encoding="utf-8"))["cases"] == results()["cases"]
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
        (["--plot", "plot.jpeg"], "cannot plot to plot.jpeg: its ending is '.jpeg', expected .svg, .png or .pdf"),
        (["--plot", "plot"], "cannot plot to plot: it has no ending"),
        (["--plot", "missing/plot.svg"], "cannot write missing/plot.svg: there is no folder"),
        (["--plot", ""], "--plot needs the name of a file"),
        (["--json", "missing/results.json"], "cannot write missing/results.json: there is no folder"),
        (["--seed", "-1"], "-1 is not in the range x>=0"),
    ],
)
def test_what_cannot_be_written_is_refused_before_measuring(measured, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
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
    assert result.exit_code == 2
    assert result.stderr == "minibp: stopped\n"
