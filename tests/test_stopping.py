"""Ctrl-C in real processes: one press, one line, status 130, nothing left running."""

import re
import subprocess
import sys
import time

import pytest
from presses import LONG, pressed


@pytest.mark.parametrize(
    ("name", "seconds"),
    [*((name, 2.0) for name in LONG), ("verify", 0.1), ("descend", 0.1), ("check", 0.45), ("train", 0.45)],
)
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
    status, _, text = pressed(LONG["check"], 3.0, tmp_path, whole_group=True, terminal=True)
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
