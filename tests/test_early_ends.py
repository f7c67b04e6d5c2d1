"""No status of 0 without a check: whatever way the user's code finds to end the program, it ends with a sentence."""

import json
import os
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-c", "import _minibp; _minibp.main()"]
RIGHT = """
import atexit, ctypes, os, signal, sys, threading
import minibp
def right(weights, biases, x, y):
    return minibp.batched.backprop(minibp.Network(weights, biases), "quadratic", x, y).gradient
"""
LIBC_EXIT = "ctypes.CDLL(None)._exit(0)"
ENDS = {
    "sys.exit(0)": "raised SystemExit: 0",
    "sys.exit()": "raised SystemExit",
    "raise KeyboardInterrupt": "raised KeyboardInterrupt",
    "raise GeneratorExit": "raised GeneratorExit",
    "os._exit(0)": "ended by exit status 0 (os._exit?) before its work was done",
    LIBC_EXIT: "ended by exit status 0 (os._exit?) before its work was done",
    "os.kill(os.getpid(), signal.SIGKILL)": "ended by signal SIGKILL before its work was done",
    "os.kill(os.getpid(), signal.SIGTERM)": "ended by signal SIGTERM before its work was done",
    "ctypes.string_at(0)": "ended by signal SIGSEGV before its work was done",
}


def run(source, folder, *arguments):
    (folder / "mine.py").write_text(source)
    command = [*COMMAND, *(arguments or ("check", "mine.py:right", "--layers", "1", "--examples", "2", "--seed", "1"))]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, timeout=100)


# test_calling.py has a subject that raises whatever it likes, in one process; here each way out is taken once.
@pytest.mark.parametrize("end", [end for end in ENDS if end not in ("sys.exit()", "raise GeneratorExit")])
def test_a_subject_that_ends_the_program(end, tmp_path):
    result = run(f"{RIGHT}\ndef right(weights, biases, x, y):\n    {end}\n", tmp_path)
    assert result.returncode in (1, 2)
    assert ENDS[end] in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("end", ENDS)
def test_a_script_that_ends_the_program(end, tmp_path):
    result = run(f"{RIGHT}\n{end}\n", tmp_path)
    assert result.returncode == 2
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert ENDS[end].removeprefix("raised ") in lines[0]
    assert result.stdout == ""


def test_what_happens_when_the_interpreter_ends_does_not_change_the_status(tmp_path):
    result = run(
        f"{RIGHT}\natexit.register(os._exit, 0)\ndef right(weights, biases, x, y):\n    return None\n", tmp_path
    )
    assert result.returncode == 1
    result = run(f"{RIGHT}\natexit.register(os._exit, 3)\n", tmp_path)
    assert result.returncode == 0


def test_a_thread_that_ends_the_program(tmp_path):
    result = run(f"{RIGHT}\nthreading.Timer(0.2, os._exit, (0,)).start()\n", tmp_path)
    assert result.returncode == 2
    assert "before its work was done" in result.stderr


def test_a_function_that_is_descended_on(tmp_path):
    arguments = ("descend", "--function", "mine.py:f", "--start", "1,2")
    for end, said in (("os._exit(0)", "before its work was done"), ("sys.exit(0)", "SystemExit: 0")):
        result = run(f"import os, sys\ndef f(w):\n    {end}\n", tmp_path, *arguments)
        assert result.returncode == 2
        assert said in result.stderr
        assert "Traceback" not in result.stderr


def test_a_script_has_arguments_of_its_own(tmp_path):
    source = (
        f"import argparse\nparsed = argparse.ArgumentParser().parse_args()\n{RIGHT}\nassert sys.argv == ['mine.py']\n"
    )
    result = run(source, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("printing", ["print('noise')", "os.system('echo noise')", "atexit.register(print, 'noise')"])
def test_what_a_subject_prints_does_not_get_into_the_json(printing, tmp_path):
    source = (
        f"{RIGHT}\n{printing}\nfirst = right\ndef right(*arguments):\n    {printing}\n    return first(*arguments)\n"
    )
    result = run(source, tmp_path, "check", "mine.py:right", "--layers", "1", "--examples", "2", "--json", "-")
    assert result.returncode == 0
    assert json.loads(result.stdout)["verdict"] == "correct"
    assert "noise" in result.stderr


def test_usage_errors_and_help_keep_their_status(tmp_path):
    assert run("", tmp_path, "check", "--help").returncode == 0
    assert run("", tmp_path, "check").returncode == 2
    assert run(RIGHT, tmp_path).returncode == 0


def test_the_supervised_process_is_told_signals(tmp_path):
    """A signal to the parent alone reaches the code, whose end is then seen."""
    (tmp_path / "mine.py").write_text(f"{RIGHT}\nprint('here', flush=True)\nimport time; time.sleep(60)\n")
    process = subprocess.Popen([*COMMAND, "check", "mine.py:right"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip # noqa: E501
    assert process.stdout.readline() == "here\n"
    os.kill(process.pid, 15)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "ended by signal SIGTERM" in error
