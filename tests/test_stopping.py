"""Ctrl-C in real processes: one press, one line, status 130, nothing left running."""

import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

COMMAND = [sys.executable, "-c", "import _minibp; _minibp.main()"]
SUBJECT = """
import time, minibp
def slow(weights, biases, x, y):
    time.sleep(0.05)
    return minibp.batched.backprop(minibp.Network(weights, biases), "quadratic", x, y).gradient
def deaf(weights, biases, x, y):
    print("called", flush=True)
    while True:
        try:
            time.sleep(10)
        except BaseException:
            print("swallowed", flush=True)
def f(w):
    time.sleep(0.01)
    return float(w @ w)
"""
LONG = {
    "verify": ["verify", "--examples", "100000", "--workers", "2"],
    "soak": ["verify", "--soak", "600", "--workers", "2"],
    "check": ["check", "subject.py:slow", "--examples", "5000"],
    "deaf": ["check", "subject.py:deaf"],
    "faults": ["faults", "--workers", "2"],
    "bench": ["bench"],
    "train": ["train", "--epochs", "1000000"],
    "descend": ["descend", "--function", "subject.py:f", "--start", "1,2", "--eta", "1e-9", "--steps", "1000000"],
}


def pressed(arguments, seconds, folder, *, whole_group, terminal=False):
    """The status, the seconds that it took to end, and what was written to standard error, or to the terminal."""
    (folder / "subject.py").write_text(SUBJECT)
    environment = {**os.environ, "TERM": "xterm"}
    environment.pop("COVERAGE_PROCESS_START", None)  # it would have to write its data while the process is killed
    leader, follower = pty.openpty() if terminal else os.pipe()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=follower if terminal else subprocess.DEVNULL,
        stderr=follower,
        cwd=folder,
        env=environment,
        start_new_session=True,
    )
    os.close(follower)
    written = []

    def read():
        with open(leader, "rb", buffering=0) as stream:
            try:
                while chunk := stream.read(65536):
                    written.append(chunk)
            except OSError:  # the other end of the terminal was closed
                return

    reader = threading.Thread(target=read)
    reader.start()
    time.sleep(seconds)
    try:
        assert process.poll() is None, b"".join(written).decode()
        started = time.monotonic()
        (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)  # a terminal sends it to the whole group
        process.wait(timeout=20)
        took = time.monotonic() - started
    finally:
        process.kill()
    reader.join(timeout=10)
    assert not reader.is_alive(), "a process that was started is still there"
    return process.returncode, took, b"".join(written).decode()


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("seconds", [0.1, 0.45, 2.5])
def test_one_press_ends_every_command_with_one_line(name, seconds, tmp_path):
    whole_group = seconds != 0.45
    status, took, text = pressed(LONG[name], seconds, tmp_path, whole_group=whole_group)
    assert status == 130
    # Asked for are two seconds, on a machine that does nothing else; tests share theirs.
    assert took < 5
    lines = text.splitlines()
    assert len(lines) == 1, text
    assert re.match(r"minibp: (stopped|interrupted) ", lines[0])


def test_the_line_says_what_was_reached_and_the_terminal_is_as_it_was(tmp_path):
    status, _, text = pressed(LONG["check"], 4.0, tmp_path, whole_group=True, terminal=True)
    assert status == 130
    assert re.search(
        r"minibp: stopped (after \d+ of 5,009 networks|before any of the networks) were checked\r\n$", text
    )
    assert text.rfind("\x1b[?25h") >= text.rfind("\x1b[?25l")  # the cursor is shown


def test_code_that_swallows_the_interrupt_is_ended_all_the_same(tmp_path):
    status, took, text = pressed(LONG["deaf"], 3.0, tmp_path, whole_group=True)
    assert (status, text.count("minibp: stopped")) == (130, 1)
    assert took < 5


def test_an_interrupt_that_was_lost_in_a_destructor_ends_it(tmp_path):
    """As in callbacks of the garbage collector: what is raised there is printed and forgotten."""
    program = (
        "import os, signal, sys, time\n"
        "from minibp import stopping\n"
        "stopping.install(lambda status: None)\n"
        "class Lost:\n"
        "    def __del__(self):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        time.sleep(0.5)\n"
        "with stopping.unwinding():\n"
        "    Lost()\n"
        "    time.sleep(60)\n"
    )
    started = time.monotonic()
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (130, "minibp: stopped while starting\n")
    assert time.monotonic() - started < 10


def test_where_ctrl_c_is_ignored_it_stays_so():
    program = (
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from minibp import stopping\n"
        "stopping.install(lambda status: None)\n"
        "signal.raise_signal(signal.SIGINT)\n"
        "print(stopping.is_installed())"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
