import json

import pytest
from case_ids import written_out
from click.testing import CliRunner

from minibp.cli import cli

SCRIPT = """
import numpy as np

def f(w):
    return float(((w - 3) ** 2).sum())

def g(w):
    return 2 * (w - 3)

def wrong(w):
    return 2 * (w - 3) + 0.1

def talks(w):
    print("called")
    return f(w)

def raises(w):
    return {}["x"]

def lists(w):
    return [[1.0], [1.0, 2.0]]

def logarithm(w):
    import math
    return math.log(w[0]) ** 2 + w[1] ** 2

def rounded(w):
    return 1e15 + 0.1 * f(w)

def lonely(w):
    return 1.0 if w.tolist() == [1.0, 2.0] else float("nan")

def falls(w):
    return -float(w.sum())
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def run(*arguments):
    return CliRunner().invoke(cli, ["descend", *map(str, arguments)], catch_exceptions=False)


def test_by_default_it_shows_three_learning_rates_on_the_articles_bowl(tmp_path):
    plot = tmp_path / "plot.png"
    result = run("--plot", plot)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:3] == [
        "f = x² + y²",
        "from (−1.5, 1), where f is 3.25",
        "  η = 0.01: not there after 60 steps: ‖∇C‖ is 1.07, asked for 1e-06",
    ]
    assert "η = 0.2: converged after 30 steps" in result.stdout
    assert "η = 1.02: diverged" in result.stdout
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_starts_and_rates_of_ones_own_with_json(tmp_path):
    result = run("--function", "himmelblau", "--start", "-1,1", "--start", "1,-1", "--eta", 0.01, "--json", "-")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["function"], found["gradient"]) == ("himmelblau", "given")
    assert [one["outcome"] for one in found["runs"]] == ["converged", "converged"]
    first = found["runs"][0]
    assert first["points"][0] == [-1, 1]
    assert len(first["points"]) == len(first["costs"]) == first["steps"] + 1


def test_what_is_not_finite_is_null_in_json(script):
    result = run("--function", "rosenbrock", "--eta", 1, "--json", "-")
    assert json.loads(result.stdout)["runs"][0]["costs"][-1] is None


def test_functions_of_ones_own_with_and_without_a_gradient(script, tmp_path):
    plot = tmp_path / "plot.svg"
    target = f"{script}:f"
    result = run("--function", target, "--start", "1,2", "--eta", 0.25, "--plot", plot)
    assert result.exit_code == 0
    assert "its gradient by central differences" in result.stdout
    assert "converged" in result.stdout
    assert "f is 0 at" in result.stdout or "e-1" in result.stdout
    assert plot.exists()
    result = run("--function", target, "--gradient", f"{script}:g", "--start", "1,2,5", "--eta", 0.25)
    assert result.exit_code == 0
    assert "central" not in result.stdout


def test_a_wrong_gradient_is_told_before_any_step(script):
    result = run("--function", f"{script}:f", "--gradient", f"{script}:wrong", "--start", "1,2")
    assert result.exit_code == 1
    assert "wrong: wrong disagrees with the oracles at grad[" in result.stdout
    assert "reproduce with" not in result.stdout
    assert "η" not in result.stdout


def test_a_gradient_of_which_nothing_can_be_told_is_used_and_that_is_said(script):
    target = f"{script}:lonely"
    result = run("--function", target, "--gradient", f"{script}:g", "--start", "1,2", "--eta", 0.1)
    assert result.exit_code == 0
    assert result.stderr == "minibp: at (1, 2) nothing could tell whether the gradient is that of f\n"
    assert "η = 0.1: diverged" in result.stdout


def test_one_descent_that_leaves_the_domain_does_not_take_the_others_with_it(script):
    result = run("--function", f"{script}:logarithm", "--start", "2,1", "--eta", 0.1, "--eta", 9)
    assert result.exit_code == 0
    assert "η = 0.1: converged" in result.stdout
    assert "η = 9: diverged: the cost is nan" in result.stdout


def test_json_is_all_that_goes_to_standard_output(script):
    common = ("--function", f"{script}:talks", "--start", "1,2", "--eta", 0.25, "--json", "-")
    result = run(*common, "--plot", script.with_name("plot.svg"))
    assert json.loads(result.stdout)["runs"][0]["outcome"] == "converged"
    assert "called" in result.stderr
    result = run(*common, "--gradient", f"{script}:wrong")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (found["wrong"]["verdict"], found["runs"]) == ("wrong", [])


def test_directions_are_a_table_with_the_steepest_marked(tmp_path):
    plot = tmp_path / "plot.svg"
    result = run("--directions", "--plot", plot)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:2] == ["f = x² + y²", "at (−1.5, 1): f is 3.25, ∇f is (−3, 2), ‖∇f‖ is 3.606"]
    assert len(lines) == 3 + 12 + 1
    (marked,) = (line.split() for line in lines if "steepest" in line)
    assert marked[:5] == ["326.3°", "(0.8321,", "−0.5547)", "−3.606", "−3.606"]
    assert b"slope along v" in plot.read_bytes()


def test_directions_as_json_at_starts_and_of_a_function_of_ones_own(script):
    target = ("--function", f"{script}:f", "--start", "1,2", "--start", "5,3")
    for options in (target, (*target, "--gradient", f"{script}:g")):
        found = json.loads(run(*options, "--directions", "--json", "-").stdout)
        assert found["runs"] == []
        one, other = found["directions"]
        assert one["gradient"] == pytest.approx([-4, -2], rel=1e-8)
        assert [slope["degrees"] for slope in other["slopes"] if slope["steepest"]] == pytest.approx([180])


def test_directions_by_a_wrong_gradient_are_none(script, tmp_path):
    plot = tmp_path / "plot.svg"
    target = ("--function", f"{script}:f", "--start", "1,2", "--gradient", f"{script}:wrong")
    result = run(*target, "--directions", "--plot", plot)
    assert result.exit_code == 1
    assert "angle" not in result.stdout
    assert not plot.exists()


@pytest.mark.parametrize("options", [("logarithm",), ("rounded",), ("falls", "--eta", 1e307)], ids=written_out)
def test_plots_of_functions_that_are_hard_to_plot(script, tmp_path, options):
    pytest.importorskip("matplotlib")
    plot = tmp_path / "plot.svg"
    name, *others = options
    result = run("--function", f"{script}:{name}", "--start", "1,2", "--plot", plot, *others)
    assert result.exit_code == 0
    assert plot.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--function", "hill"], "unknown function 'hill', expected one of bowl"),
        (["--function", "SCRIPT:f"], "--start X,Y,… is needed: it also says how many variables"),
        (["--function", "SCRIPT:h"], "has no function 'h'"),
        (["--function", "SCRIPT:f", "--start", "1,2", "--start", "1"], "--start 1 has 1 numbers, expected 2"),
        (["--function", "SCRIPT:raises", "--start", "1,2"], "SCRIPT:raises raised KeyError at [1.0, 2.0]: 'x'"),
        (["--function", "SCRIPT:lists", "--start", "1,2"], "f returned [[1.0], [1.0, 2.0]], expected one real number"),
        (["--function", "SCRIPT:logarithm", "--start", "-1,2"], "f raised ValueError at the start: "),
        (["--gradient", "SCRIPT:g"], "bowl has its own gradient: --gradient goes with a function of your own"),
        (["--start", "1"], "--start 1 has 1 numbers, expected 2"),
        (["--start", "1,x"], "--start is '1,x', expected numbers with commas between them"),
        (["--start", "nan,1"], "start has the value nan"),
        (["--eta", "-1"], "eta is -1.0, expected a finite number above 0"),
        (["--steps", "0"], "0 is not in the range x>=1"),
        (["--plot", "plot.gif"], "cannot plot to plot.gif: its ending is '.gif'"),
        (["--plot", "nowhere/plot.svg"], "cannot write nowhere/plot.svg: there is no folder"),
        (["--json", ""], "--json needs the name of a file"),
        (["--directions", "--eta", "1"], "--directions makes no steps: --eta and --steps go without it"),
        (["--directions", "--start", "0,0"], "at a stationary point no direction is the steepest"),
        (["--directions", "--function", "SCRIPT:f", "--start", "1"], "SCRIPT:f has 1 variables, expected 2"),
        (["--directions", "--function", "SCRIPT:logarithm", "--start", "-1,2"], "f raised ValueError at the start: "),
    ],
    ids=written_out,
)
def test_unusable_arguments_are_refused_with_2(arguments, message, script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*(argument.replace("SCRIPT", str(script)) for argument in arguments))
    assert result.exit_code == 2
    assert message.replace("SCRIPT", str(script)) in result.stderr
    assert "Traceback" not in result.output
