import os
import signal
import subprocess
import sys
import time

import pytest

from minibp.bench.cases import Case
from minibp.bench.process import WorkerFailed, WorkerProcess

CASE = Case("table", 0, (5, 4, 3), 6, "float64", 1)


def prepare(process, name):
    return process.prepare(name, f"bench_contenders:{name}", CASE, 0, 1e-3)


def test_threads_are_set_before_numpy_is_loaded():
    with WorkerProcess(1) as process:
        prepare(process, "talking")  # what it prints is no answer
        assert process.ask("block", name="talking")["seconds"] > 0
        blas = [pool for pool in process.ask("about")["pools"] if pool["user_api"] == "blas"]
        assert [pool["num_threads"] for pool in blas] == [1] * len(blas)
    assert not process.alive


@pytest.mark.parametrize(
    ("name", "timeout", "reason"),
    [
        ("dying", 60, r"^its process died with status 3: a last word$"),
        ("killed", 60, r"^its process was killed \(out of memory\?\)$"),
        ("hanging", 1, r"^no answer within 1 s$"),
    ],
)
def test_a_worker_that_is_lost_says_how(name, timeout, reason):
    with WorkerProcess(1, timeout=timeout) as process:
        with pytest.raises(WorkerFailed, match=reason):
            prepare(process, name)
        assert not process.alive
        with pytest.raises(WorkerFailed, match="its process has ended"):
            process.ask("about")


def test_a_process_that_died_between_requests_is_noticed():
    with WorkerProcess(1) as process:
        process.ask("about")
        os.kill(process.pid, signal.SIGKILL)
        while process.alive:
            time.sleep(0.01)
        with pytest.raises(WorkerFailed, match="killed"):
            process.ask("about")


def test_a_process_that_does_not_end_by_itself_is_ended():
    with WorkerProcess(1, grace=0.2) as process:
        assert "calls" in prepare(process, "lingering")
    assert not process.alive


def test_what_raises_leaves_the_process_alive():
    with WorkerProcess(1) as process:
        with pytest.raises(WorkerFailed, match="^ValueError: it does not like this$"):
            prepare(process, "raising")
        assert process.alive
        assert "calls" in prepare(process, "slow")


def test_an_interrupt_ends_workers_too():
    """The parent stops in the middle of a block, and says only that it was stopped."""
    program = (
        "import sys\n"
        "from minibp.bench.process import WorkerProcess\n"
        "from minibp.bench.cases import Case\n"
        "with WorkerProcess(1) as process:\n"
        "    print(process.pid, flush=True)\n"
        "    case = Case('table', 0, (2, 1), 1, 'float64', 1)\n"
        "    process.prepare('hanging', 'bench_contenders:hanging', case, 0, 1e-3)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    child = int(parent.stdout.readline())
    time.sleep(0.5)
    parent.send_signal(signal.SIGINT)
    _, errors = parent.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
