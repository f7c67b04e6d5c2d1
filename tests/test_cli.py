import json
import os
import subprocess
import sys

import pytest
from case_ids import written_out
from click.testing import CliRunner

import minibp
from minibp.cli import cli


def run(*arguments):
    return CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


def test_version_and_help():
    assert run("--version").stdout == f"minibp, version {minibp.__version__}\n"
    assert "verify" in run("--help").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verify", "--examples", "0"], "0 is not in the range x>=1"),
        (["verify", "--examples", "many"], "'many' is not a valid integer"),
        (["verify", "--seed", "-1"], "-1 is not in the range x>=0"),
        (["verify", "--soak", "0"], "0.0 is not in the range x>0"),
        (["verify", "--soak", "1", "--examples", "5"], "--examples has no meaning with it"),
        (["verify", "--soak", "1", "--networks", "5"], "neither --soak nor --examples has a meaning with it"),
        (["verify", "--examples", "1", "--networks", "5"], "neither --soak nor --examples has a meaning with it"),
        (["verify", "--soak", "inf", "--workers", "1"], "seconds is inf, expected a number above 0"),
        (["verify", "--json", "missing/report.json"], "cannot write missing/report.json: there is no folder"),
        (["verify", "--json", ""], "--json needs the name of a file"),
        (["verify", "--html", "missing/report.html"], "cannot write missing/report.html: there is no folder"),
        (["check", "x:f", "--html", ""], "--html needs the name of a file"),
        pytest.param(
            ["verify", "--examples", "1", "--workers", "1", "--json", "n" * 300], "File name too long", id="long name"
        ),
        (["verify", "--nonsense"], "No such option"),
        (["nonsense"], "No such command 'nonsense'"),
    ],
    ids=written_out,
)
def test_unusable_arguments_are_refused_with_2_and_no_traceback(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "arguments",
    [["descend", "--help"], ["descend", "--json", "-"], ["explain"], ["train", "--epochs", "1"]],
    ids=written_out,
)
def test_any_encoding_of_standard_output_will_do(arguments, tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    command = [sys.executable, "-m", "minibp", *arguments]
    result = subprocess.run(command, capture_output=True, cwd=tmp_path, check=False, env=environment)
    assert (result.returncode, result.stderr) == (0, b"")
    if "--json" in arguments:
        assert "η is too large" in json.loads(result.stdout)["runs"][-1]["message"]
