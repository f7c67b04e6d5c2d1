import io
import os
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool

import pytest
from click.testing import CliRunner

from minibp import batched, console
from minibp.check.verify import verify as runner
from minibp.cli import cli

WITHOUT_MNIST = {name: value for name, value in os.environ.items() if name != "MINIBP_MNIST_DIR"}


def run(*arguments):
    return CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_bar_counts(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with console.bar("networks") as progress:
        progress(3, 7)
    assert "3/7" in terminal.getvalue()
    assert "networks" in terminal.getvalue()


def test_a_progress_bar_is_shown_on_a_terminal():
    import pty
    import select

    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "minibp", "verify", "--examples", "5", "--seed", "5", "--workers", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=follower, env={**WITHOUT_MNIST, "TERM": "xterm"})
    os.close(follower)
    shown = b""
    while True:
        ready, _, _ = select.select([leader], [], [], 0.2)
        if ready:
            try:
                chunk = os.read(leader, 65536)
            except OSError:
                break
            shown += chunk
            if not chunk:
                break
        elif process.poll() is not None:
            break
    out, _ = process.communicate()
    os.close(leader)
    assert process.returncode == 0
    assert b"networks" in shown
    assert b"networks," in out
    assert b"\x1b" not in out


def test_devices_can_be_written_to_and_folders_cannot(tmp_path):
    assert run("descend", "--json", "/dev/null").exit_code == 0
    console.check_writable({"--json": "/dev/null", "--save": "/dev/null"})
    with pytest.raises(SystemExit):
        console.check_writable({"--json": str(tmp_path)})


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *arguments: False)
    result = run("verify", "--json", str(tmp_path / "report.json"))
    assert result.exit_code == 2
    assert "is not writable" in result.stderr


def test_an_encoding_without_greek_gets_question_marks_and_no_traceback(tmp_path):
    command = [sys.executable, "-m", "minibp", "verify", "--examples", "1", "--workers", "1"]
    environment = {**WITHOUT_MNIST, "PYTHONIOENCODING": "cp1252"}
    result = subprocess.run(command, capture_output=True, cwd=tmp_path, check=False, env=environment)
    assert result.returncode == 0, result.stderr
    assert b"a^l = ?(z^l)" in result.stdout


def test_a_missing_extra_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "minibp.check.verify.verify", None)
    result = run("verify", "--examples", "1")
    assert result.exit_code == 2
    assert result.stderr.startswith("minibp: this command needs")
    assert "pip install '.[all]'" in result.stderr


def test_an_interrupt_ends_without_a_traceback(monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(batched, "backprop", interrupted)
    result = run("verify", "--examples", "1", "--workers", "1")
    assert result.exit_code == 130
    assert result.stderr == "minibp: stopped before any of the networks were checked\n"


def test_a_killed_worker_is_one_line(monkeypatch):
    def killed(*arguments, **options):
        raise BrokenProcessPool

    monkeypatch.setattr(runner, "verify", killed)
    result = run("verify", "--workers", "1")
    assert result.exit_code == 2
    assert result.stderr.startswith("minibp: a worker process was killed")
