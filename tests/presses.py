"""First presses of Ctrl-C: one on each command at a moment that is asked for, or many at random moments.

python tests/presses.py --presses 20 --seed 1
"""

import argparse
import os
import pty
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

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


def main():
    """A line a command: how many presses ended as they should; a line more for each that did not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presses", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    moments = random.Random(options.seed)
    all_ended_well = True
    for name, arguments in LONG.items():
        waits, ended_well = [], 0
        for _ in range(options.presses):
            seconds, whole_group, terminal = moments.uniform(0.03, 6), moments.random() < 0.5, moments.random() < 0.5
            with tempfile.TemporaryDirectory() as folder:
                status, took, text = pressed(
                    arguments, seconds, Path(folder), whole_group=whole_group, terminal=terminal
                )
            said = re.findall(r"minibp: (?:stopped|interrupted) .*", text)
            alone = terminal or len(text.splitlines()) == 1  # on a terminal what a bar wrote stands before it
            waits.append(took)
            if status == 130 and took <= 2 and len(said) == 1 and "Traceback" not in text and alone:
                ended_well += 1
            else:
                print(f"{name}, pressed after {seconds:.3f} s: status {status}, {took:.2f} s, {text!r}")
        all_ended_well &= ended_well == options.presses
        print(f"{name:8} {ended_well} of {options.presses}, the longest wait {max(waits):.2f} s", flush=True)
    return 0 if all_ended_well else 1


if __name__ == "__main__":
    sys.exit(main())
