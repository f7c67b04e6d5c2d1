import os
import signal
import subprocess
import sys
import time

import pytest

from minibp.arrays import InputError
from minibp.cluster import Cluster
from minibp.workers import BLAS_THREADS, cores, described, pool, team


@pytest.fixture(autouse=True)
def _threads_of_blas(monkeypatch):
    """What a pool sets for its processes is taken back."""
    for name in BLAS_THREADS:
        monkeypatch.setenv(name, os.environ.get(name, "3"))
        monkeypatch.delenv(name)


def test_there_is_no_process_where_one_is_enough():
    with pool(1) as executor:
        assert executor is None
    assert not set(BLAS_THREADS) & set(os.environ)


def test_cores_are_those_that_this_process_may_use():
    if not hasattr(os, "sched_setaffinity"):
        assert cores() == os.cpu_count()
        return
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert cores() == len(before)


def seen_and_left(executor):
    """What a process has seen, while another is still at work when the exception comes."""
    blocked = executor.submit(signal.pthread_sigmask, signal.SIG_BLOCK, []).result()
    threads = executor.submit(os.getenv, BLAS_THREADS[0]).result()
    executor.submit(time.sleep, 60)
    raise ZeroDivisionError(signal.SIGINT in blocked, threads)


def test_processes_do_not_hear_ctrl_c_have_one_blas_thread_each_and_end_with_an_exception():
    start = time.monotonic()
    with pytest.raises(ZeroDivisionError) as caught, pool(2) as executor:
        seen_and_left(executor)
    assert caught.value.args == (True, "1")
    assert time.monotonic() - start < 30


ENDLESS = """
import time
from minibp.workers import pool
with pool(2) as executor:
    executor.submit(time.sleep, 0).result()
    work = [executor.submit(time.sleep, 600) for _ in range(2)]
    print("at work", flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="without SIGKILL no process ends without a word")
def test_processes_end_where_the_one_that_started_them_is_killed():
    """They have its output, which comes to an end with the last of them."""
    started = subprocess.Popen([sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE)
    assert started.stdout.readline() == b"at work\n"
    started.kill()
    assert started.communicate(timeout=30)[0] == b""


def test_what_is_asked_for_by_the_environment_stays(monkeypatch):
    monkeypatch.setenv(BLAS_THREADS[0], "2")
    with pool(2):
        assert os.environ[BLAS_THREADS[0]] == "2"
        assert os.environ[BLAS_THREADS[1]] == "1"


def test_both_options_make_one_executor():
    with team(1, None) as who:
        assert who == (None, 1)
    with team(None, None, 1) as who:
        assert who == (None, 1)
    with team(2, None) as who:
        assert who.workers == 2
        assert who.executor.submit(abs, -3).result() == 3
    with pytest.raises(InputError, match="^--executor is 'x', expected dask=ADDRESS"), team(None, "x"):
        pass
    with pytest.raises(InputError, match="^--workers is 2, expected none with --executor"), team(2, "dask=tcp://a:1"):
        pass


def test_workers_are_described():
    class Client:
        def nthreads(self):
            return {"a": 1, "b": 4}

    assert described(None, 1) == "1 process"
    assert described(None, 2) == "2 processes"
    assert described(Cluster(Client(), "tcp://a:1"), 5) == "5 workers of a Dask cluster"
