import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError
from pathlib import Path

import pytest
from click.testing import CliRunner
from presses import pressed

from minibp import cluster, data
from minibp.arrays import InputError
from minibp.check.verify.soak import soak
from minibp.cli import cli
from minibp.cluster import Cluster, address_of, connected, versions
from minibp.data.mnist_files import MNIST_VARIABLE

HAS_DASK = importlib.util.find_spec("distributed") is not None
with_dask = pytest.mark.skipif(not HAS_DASK, reason="distributed is not installed")


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:8786", "tls://head.example.org:1", "tcp://[::1]:8786", "tcp://node_7:65535"]
)
def test_an_address_is_read(address):
    assert address_of(f"dask={address}") == address


@pytest.mark.parametrize(
    "executor",
    [
        "", "dask", "dask=", "dask=8786", "dask=127.0.0.1:8786", "dask=tcp://127.0.0.1", "dask=tcp://127.0.0.1:0",
        "dask=tcp://127.0.0.1:65536", "dask=http://127.0.0.1:8786", "ray=tcp://127.0.0.1:8786", "tcp://127.0.0.1:8786",
        "dask=tcp://127.0.0.1:8786/", "dask=tcp://a b:8786", "dask=tcp://127.0.0.1:8786\n",
    ],
)  # fmt: skip
def test_anything_else_is_one_error(executor):
    with pytest.raises(InputError, match=r"^--executor is .*, expected dask=ADDRESS, as in dask=tcp://127.0.0.1:8786$"):
        address_of(executor)


def test_without_dask_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = CliRunner().invoke(cli, ["faults", "--executor", "dask=tcp://127.0.0.1:8786"], catch_exceptions=False)
    assert result.exit_code == 2
    expected = (
        r"minibp: --executor dask=ADDRESS needs distributed, which is not installed: pip install '.\[dask\]' .*\n"
    )
    assert re.fullmatch(expected, result.stderr)


class Client:
    """A client of a cluster that is made up."""

    def __init__(self, there=(), threads=(1,), has_workers=True, scheduler=None):
        self.there, self.threads, self.has_workers, self.scheduler = there, threads, has_workers, scheduler

    def wait_for_workers(self, number, timeout):
        if not self.has_workers:
            raise TimeoutError("only 0 workers")

    def run(self, function, on_error):
        assert (function, on_error) == (versions, "return")
        return dict(enumerate(self.there))

    def run_on_scheduler(self, function):
        if self.scheduler is not None:
            raise self.scheduler
        return function()

    def nthreads(self):
        return dict(enumerate(self.threads))

    def submit(self, function, *arguments, pure):
        assert not pure
        return function(*arguments)


class Pending:
    """A result of Dask's that ends as it is told."""

    status = "pending"

    def __init__(self, *ends):
        self.ends = list(ends)

    def result(self, timeout):
        end = self.ends.pop(0)
        if isinstance(end, BaseException):
            raise end
        return end


@pytest.mark.parametrize(
    ("there", "message"),
    [
        ([{**versions(), "minibp": "0.0.1"}], f"^the worker 0 has minibp 0.0.1, here {versions()['minibp']}: a seed"),
        ([versions(), {**versions(), "hypothesis": "1"}], "the worker 1 has hypothesis 1, here "),
        ([ModuleNotFoundError("no minibp")], "^the worker 0 of tcp://there:1 cannot run this minibp, .*: no minibp$"),
    ],
    ids=["minibp", "hypothesis", "none"],
)  # fmt: skip
def test_workers_that_would_draw_other_networks_are_refused(there, message):
    with pytest.raises(InputError, match=message):
        cluster._expect_workers(Client(there), "tcp://there:1")


def test_workers_of_the_same_versions_will_do_and_one_that_was_just_lost_too():
    cluster._expect_workers(Client([versions(), OSError("lost")]), "tcp://there:1")


def test_a_scheduler_without_minibp_is_refused():
    with pytest.raises(InputError, match="^the scheduler of tcp://there:1 cannot run this minibp, .*: no module$"):
        cluster._expect_workers(Client(scheduler=ImportError("first\nno module")), "tcp://there:1")


def test_a_cluster_without_workers_is_one_sentence():
    with pytest.raises(
        InputError, match="^the Dask cluster at tcp://there:1 has no workers: no worker came within 30 s$"
    ):
        cluster._expect_workers(Client(has_workers=False), "tcp://there:1")


def result_of(*ends, threads=(1,)):
    return Cluster(Client(threads=threads), "tcp://there:1").submit(lambda: Pending(*ends)).result()


@with_dask
def test_the_ends_of_a_cluster_are_sentences(monkeypatch):
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    assert result_of(TimeoutError(), TimeoutError(), 7) == 7
    with pytest.raises(InputError, match=r"^the scheduler is gone: the Dask cluster at tcp://there:1$"):
        result_of(CancelledError())
    with pytest.raises(InputError, match=r"^work was lost \(some reason\): the Dask cluster at tcp://there:1$"):
        result_of(FutureCancelledError("block", "some reason"))
    with pytest.raises(InputError, match=r"^4 workers died of the same block \(out of memory\?\): the Dask cluster"):
        result_of(KilledWorker("block", None, 3))
    monkeypatch.setattr(cluster, "WORKERLESS_SECONDS", 0)
    with pytest.raises(InputError, match="^all workers are gone: the Dask cluster"):
        result_of(TimeoutError(), TimeoutError(), threads=())
    monkeypatch.setattr(Pending, "status", "error")
    with pytest.raises(TimeoutError):  # which the block itself has raised
        result_of(TimeoutError())


@with_dask
def test_where_nothing_answers_there_is_a_sentence_in_bounded_time(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    start = time.monotonic()
    with (
        pytest.raises(InputError, match=r"^no Dask scheduler answers at tcp://127.0.0.1:1: "),
        connected("tcp://127.0.0.1:1"),
    ):
        pass
    assert time.monotonic() - start < 20


@pytest.fixture(scope="module")
def of_two():
    """The address of a cluster of two processes on this machine, and those processes."""
    pytest.importorskip("distributed", reason="distributed is not installed")
    command = [sys.executable, str(Path(__file__).parent / "cluster_of_two.py")]
    this_minibp = os.pathsep.join([str(Path(cluster.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": this_minibp.rstrip(os.pathsep)},
        start_new_session=True,
    )
    try:
        address, *workers = process.stdout.readline().split()
        yield address, list(map(int, workers))
        process.stdin.close()
        process.wait(timeout=30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()


@pytest.fixture
def without_mnist(monkeypatch):
    """Its 23,860 parameters take most of a short run."""
    monkeypatch.delenv(MNIST_VARIABLE, raising=False)
    data.mnist.cache_clear()


def figures(report):
    known = report if isinstance(report, dict) else report.to_dict()
    return {name: value for name, value in known.items() if name not in ("seconds", "notes", "environment")}


@pytest.mark.usefixtures("without_mnist")
def test_drawn_networks_are_the_same_on_a_cluster(of_two, tmp_path):
    """And no thread of Dask's that uses `random` makes Hypothesis warn, which is an error here."""
    address, _ = of_two
    there, here = tmp_path / "there.json", tmp_path / "here.json"
    options = ["--examples", "20", "--seed", "5"]
    for more in (["--executor", f"dask={address}", "--json", str(there)], ["--workers", "1", "--json", str(here)]):
        result = CliRunner().invoke(cli, ["verify", *options, *more], catch_exceptions=False)
        assert result.exit_code == 0, result.stderr
    assert figures(json.loads(there.read_text())) == figures(json.loads(here.read_text()))


def test_code_of_a_file_is_checked_on_a_cluster(of_two, tmp_path, monkeypatch):
    address, _ = of_two
    (tmp_path / "script.py").write_text("def f(w):\n    return float(w @ w)\ndef g(w):\n    return 2 * w\n")
    monkeypatch.chdir(tmp_path)
    at = "arrays(float, 3, elements=st.floats(-3, 3))"
    options = ["script.py:f", "script.py:g", "--at", at, "--seed", "5", "--examples", "12", "--json"]
    for more in (["there.json", "--executor", f"dask={address}"], ["here.json"]):
        assert CliRunner().invoke(cli, ["check-grad", *options, *more], catch_exceptions=False).exit_code == 0
    there, here = (json.loads((tmp_path / name).read_text()) for name in ("there.json", "here.json"))
    assert figures(there) == figures(here)
    assert there["notes"] == here["notes"]


def test_ctrl_c_ends_it_with_what_was_checked(of_two, tmp_path):
    address, _ = of_two
    command = ["verify", "--networks", "1000000", "--seed", "1", "--executor", f"dask={address}"]
    status, took, text = pressed(command, 6, tmp_path, whole_group=False)
    assert (status, took < 2) == (130, True)
    assert re.fullmatch(r"minibp: stopped (after [\d,]+ networks; alarms, .*; seed 1|before any .*|while .*)\n", text)


def test_a_worker_killed_in_mid_campaign_changes_no_figure(of_two):
    address, workers = of_two
    seen = []

    def kill_one(done, total):
        seen.append((done, total))
        if len(seen) == 1:
            os.kill(workers[0], signal.SIGKILL)

    with connected(address) as executor:
        there = soak(networks=800, seed=3, workers=2, executor=executor, progress=kill_one)
        assert executor.client.scheduler_info()["address"] == address
    assert there.notes[0].endswith("by 2 workers of a Dask cluster")
    assert there.verdict == "correct"
    assert seen == [(min(256 * n, 800), 800) for n in range(1, 5)]
    assert figures(there) == figures(soak(networks=800, seed=3))
