import json
import os
import re
import shlex
import subprocess
import sys

import pytest
from click.testing import CliRunner

from minibp import batched, console, data
from minibp.check.verify import kill_matrix
from minibp.cli import cli
from minibp.data.mnist_files import MNIST_VARIABLE


@pytest.fixture(autouse=True)
def _without_mnist(monkeypatch):
    """Its 23,860 parameters take most of a short run."""
    monkeypatch.delenv(MNIST_VARIABLE, raising=False)
    data.mnist.cache_clear()


def run(*arguments):
    return CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


def test_a_soak_says_how_many_networks_a_second():
    result = run("verify", "--soak", "0.1", "--seed", "5", "--workers", "1")
    assert result.exit_code == 0
    assert re.search(r"note: [\d,]+ networks a second, by 1 process\n", result.stdout)
    assert result.stdout.splitlines()[-1].startswith("correct: ")


def test_verify_passes_and_reads_at_a_glance():
    result = run("verify", "--examples", "84", "--seed", "5", "--workers", "1")
    assert result.exit_code == 0
    assert "seed 5" in result.stdout
    assert result.stdout.rstrip().endswith("within rounding error")


def test_json_to_standard_output_is_only_json():
    result = run("verify", "--examples", "10", "--seed", "5", "--workers", "1", "--json", "-")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["verdict"] == "correct"


def test_json_to_a_file(tmp_path):
    path = tmp_path / "report.json"
    path.write_text("old")
    assert run("verify", "--examples", "10", "--workers", "1", "--json", str(path)).exit_code == 0
    assert json.loads(path.read_text())["networks"] >= 16
    assert os.listdir(tmp_path) == ["report.json"]


def test_a_broken_gradient_fails_with_1_and_says_where(monkeypatch):
    right = batched.backprop

    def wrong(*arguments):
        found = right(*arguments)
        return found._replace(delta=tuple(2 * delta for delta in found.delta))

    monkeypatch.setattr(batched, "backprop", wrong)
    result = run("verify", "--examples", "84", "--seed", "5", "--workers", "1")
    assert result.exit_code == 1
    assert "batched: equation (17), layer" in result.stdout
    assert "delta[" in result.stdout
    assert "wrong: batched disagrees with the oracles at equation (17)" in result.stdout


def test_a_damaged_mnist_is_refused_and_not_left_out(tmp_path, monkeypatch):
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(b"not mnist")
    monkeypatch.setenv(MNIST_VARIABLE, str(tmp_path))
    data.mnist.cache_clear()
    result = run("verify", "--examples", "1", "--workers", "1")
    assert result.exit_code == 2
    assert "does not hold the bytes of MNIST's" in result.stderr


def test_the_command_itself_in_processes_of_its_own(tmp_path):
    command = [sys.executable, "-m", "minibp", "verify", "--examples", "42", "--seed", "5", "--workers", "2"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert result.returncode == 0, result.stderr
    assert "correct: every resolved entry" in result.stdout
    assert result.stderr == ""
    assert os.listdir(tmp_path) == []


SCRIPT = """
from subjects import backprop

def right(weights, biases, x, y):
    return backprop(weights, biases, x, y)

def wrong(weights, biases, x, y):
    return backprop(weights, biases, x, y, without_prime=range(2, 99))

def one_layer(weights, biases, x, y):
    (w,), (b,) = weights, biases  # one layer is all it takes
    return backprop([w], [b], x, y, lambda a, y: a - y)

def columns(weights, biases, x, y):
    nabla_w, nabla_b = backprop(weights, [b[:, 0] for b in biases], x.T, y.T)
    return nabla_w, [b[:, None] for b in nabla_b]
"""


def test_code_of_a_file_is_checked_in_processes_of_their_own(tmp_path):
    """The same report, whichever process compares; a single network is compared by this one."""
    (tmp_path / "script.py").write_text("import minibp\n" + OWN)
    said = []
    for more in ([], ["--workers", "2"]):
        command = [sys.executable, "-m", "minibp", "check", "script.py:mine", "--seed", "5", "--examples", "30", *more]
        command += ["--json", "-"]
        result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert result.returncode == 0, result.stderr
        report = json.loads(result.stdout)
        report["notes"] = [note for note in report["notes"] if not note.startswith("JAX compiled")]
        said.append({**report, "seconds": 0, "environment": 0})
    assert said[0] == said[1]


OWN = """
def mine(weights, biases, x, y):
    return minibp.batched.backprop(minibp.Network(weights, biases), "quadratic", x, y).gradient
"""


LEAKY = """
import numpy as np

def leaky(weights, biases, x, y):
    (w,), (b,) = weights, biases
    z = x @ w.T + b
    delta = (np.where(z > 0, z, 0.2 * z) - y) * np.where(z > 0, 1, 0.2)
    return [delta.T @ x / len(x)], [delta.mean(0)]
"""


def test_check_takes_an_activation_with_its_constant(tmp_path):
    path = tmp_path / "leaky.py"
    path.write_text(LEAKY)
    few = ("--examples", "10", "--seed", "1", "--layers", "1")
    assert run("check", f"{path}:leaky", "--activation", "leaky_relu(0.2)", *few).exit_code == 0
    wrong = run("check", f"{path}:leaky", "--activation", "leaky_relu(0.3)", *few)
    assert wrong.exit_code == 1
    assert "--activation 'leaky_relu(0.3)'" in wrong.stdout
    assert run("check", f"{path}:leaky", "--activation", "leaky_relu(0.2),").exit_code == 0
    unknown = run("check", f"{path}:leaky", "--activation", "leaky_relu(-1)", *few)
    assert unknown.exit_code == 2
    assert "leaky_relu(slope)" in unknown.stderr


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def test_check_says_what_is_right_and_names_what_is_wrong(script):
    few = ("--examples", "5", "--seed", "1")
    assert run("check", f"{script}:right", *few).exit_code == 0
    assert run("check", f"{script}:columns", "--layout", "columns", *few).exit_code == 0
    page = script.with_name("report.html")
    layers = ("--activation", "sigmoid,sigmoid,sigmoid")
    result = run("check", f"{script}:wrong", "--github", "--html", str(page), *layers, *few)
    assert result.exit_code == 1
    assert "the factor σ&#39;(z<sup>l</sup>) is missing" in page.read_text(encoding="utf-8")
    assert "\x1b" not in result.stdout
    assert "::error file=" in result.stdout
    assert "hidden_derivative_missing: the factor σ'(z^l) is missing" in result.stdout
    assert f"reproduce with: minibp check {script}:wrong" in result.stdout
    assert "--seed 1" in result.stdout
    found = json.loads(run("check", f"{script}:wrong", "--json", "-", "--github", *few[:2]).stdout)
    assert (found["verdict"], found["findings"][0]["layers"]) == ("wrong", [4, 3, 2])
    assert f"--seed {found['seed']}" in found["again"]
    assert "--reduction" not in found["again"]  # what is the default need not be typed


def test_code_of_one_depth_is_checked_at_that_depth(script):
    result = run("check", f"{script}:one_layer", "--layers", "1", "--examples", "5", "--seed", "1")
    assert result.exit_code == 1  # its (17) is wrong, and it is asked for networks of one layer alone
    assert "equation (17), layer 2" in result.stdout
    assert "raised" not in result.stdout
    result = run("check", f"{script}:right", "--activation", "tanh,sigmoid", "--layers", "3")
    assert result.exit_code == 2
    assert result.stderr == "minibp: --activation has 2 names, one a layer, and --layers is 3\n"


def test_the_command_to_reproduce_is_quoted_for_the_shell(tmp_path):
    (tmp_path / "my code.py").write_text(SCRIPT)
    first = run("check", f"{tmp_path}/my code.py:wrong", "--examples", "5", "--seed", "3", "--json", "-")
    command = shlex.split(json.loads(first.stdout)["again"])
    assert command[:3] == ["minibp", "check", f"{tmp_path}/my code.py:wrong"]
    second = json.loads(run(*command[1:], "--json", "-").stdout)
    assert second["findings"] == json.loads(first.stdout)["findings"]


def test_a_terminal_gets_colours(script):
    arguments = ["check", f"{script}:one_layer", "--activation", "sigmoid,", "--examples", "5", "--seed", "1"]
    result = CliRunner().invoke(cli, arguments, color=True)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[-1].startswith("\x1b[31m\x1b[1mwrong: one_layer disagrees with the oracles at equation (17), layer 2")
    assert any(line.startswith("\x1b[36m  Multiply") for line in lines)
    coloured = "".join(re.findall(r"\x1b\[\d+m", result.stdout))
    assert all(f"\x1b[{code}m" in coloured for code in (1, 31, 35, 36))  # bold, red, magenta, cyan


@pytest.mark.parametrize(
    ("environment", "terminal", "coloured"),
    [
        pytest.param({"NO_COLOR": "1"}, True, False, id="NO_COLOR"),
        pytest.param({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False, id="both"),
        pytest.param({"TERM": "dumb"}, True, False, id="dumb"),
        pytest.param({"FORCE_COLOR": "1"}, False, True, id="FORCE_COLOR"),
        pytest.param({}, False, False, id="pipe"),
    ],
)
def test_colours_are_as_the_environment_asks(environment, terminal, coloured, script, monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert console.colour_wanted() is (coloured if environment else None)
    arguments = ["check", f"{script}:one_layer", "--activation", "sigmoid,", "--examples", "5", "--seed", "1"]
    result = CliRunner().invoke(cli, arguments, color=terminal)
    assert ("\x1b" in result.stdout) == coloured


def test_what_cannot_be_checked_is_refused_with_2(script):
    for arguments in ([f"{script}:nothing"], ["nowhere.py:f"], [f"{script}:right", "--cost", "dear"]):
        result = run("check", *arguments)
        assert result.exit_code == 2
        assert result.stderr.startswith("minibp: ")
        assert result.stderr.count("\n") == 1


def test_faults_prints_the_kill_matrix(monkeypatch, tmp_path):
    monkeypatch.setattr(kill_matrix, "all_settings", lambda: [("tanh", "identity", "huber")])
    few = {name: kill_matrix.CATALOGUE[name] for name in ("hidden_derivative_missing", "l2_missing")}
    monkeypatch.setattr(kill_matrix, "CATALOGUE", few)
    path = tmp_path / "matrix.json"
    result = run("faults", "--workers", "1", "--json", str(path))
    assert result.exit_code == 0
    assert "caught 100.0%" in result.stdout
    assert json.loads(path.read_text())["faults"]["hidden_derivative_missing"]["named"] == 2
