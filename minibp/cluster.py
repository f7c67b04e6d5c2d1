"""A Dask cluster as an executor: connected in bounded time, and its ends told as sentences."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from minibp.arrays import InputError
from minibp.extras import how_to_install

CONNECT_SECONDS = 10.0
"""For a scheduler to answer."""
WORKERLESS_SECONDS = 30.0
"""For a first worker to come, and for another one where all were lost."""
SAME_VERSIONS = ("minibp", "hypothesis", "numpy")
"""Packages that decide which networks a seed gives."""


def address_of(executor: str) -> str:
    """The address of the option --executor.

    >>> address_of("dask=tcp://127.0.0.1:8786")
    'tcp://127.0.0.1:8786'
    """
    found = re.fullmatch(r"dask=((?:tcp|tls)://(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5}))", executor)
    if found is None or not 0 < int(found[2]) < 65536:
        raise InputError(f"--executor is {executor!r}, expected dask=ADDRESS, as in dask=tcp://127.0.0.1:8786")
    return found[1]


class Cluster(Executor):
    """The workers of a Dask cluster, which runs the blocks of a lost worker again.

    Not Dask's own executor, which takes a result for an exception where the worker is lost just after it came.
    """

    def __init__(self, client: Any, address: str) -> None:
        self.client, self.address = client, address
        self.workers = self.count()

    def count(self) -> int:
        """Blocks that the cluster can do at once: a thread each."""
        return sum(self.client.nthreads().values())

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """A block for any worker."""
        return _OnCluster(self.client.submit(function, *args, **kwargs, pure=False), self)


class _OnCluster(Future[Any]):
    """A result that is computed on a cluster."""

    def __init__(self, of: Any, cluster: Cluster) -> None:
        super().__init__()
        self._of, self._cluster = of, cluster

    def result(self, timeout: float | None = None) -> Any:
        """The result, once it is there; `InputError` where the cluster has come to its end."""
        killed = import_module("distributed").KilledWorker
        last = time.monotonic()
        while True:
            try:
                return self._of.result(timeout=timeout or WORKERLESS_SECONDS / 3)
            except killed as error:
                allowed = error.allowed_failures + 1
                raise InputError(
                    f"{allowed} workers died of the same block (out of memory?): {self._where()}"
                ) from None
            except CancelledError as error:
                reason = getattr(error, "reason", "scheduler-connection-lost")
                gone = "the scheduler is gone" if reason == "scheduler-connection-lost" else f"work was lost ({reason})"
                raise InputError(f"{gone}: {self._where()}") from None
            except TimeoutError:
                if timeout is not None or self._of.status == "error":
                    raise
                if self._cluster.count():
                    last = time.monotonic()
                elif time.monotonic() - last > WORKERLESS_SECONDS:
                    raise InputError(f"all workers are gone: {self._where()}") from None

    def cancel(self) -> bool:
        """Take the block back; what has begun is ended."""
        self._of.cancel()
        return True

    def _where(self) -> str:
        return f"the Dask cluster at {self._cluster.address}"


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """The cluster whose scheduler has this address. Its workers are not ended, only what is left of this work is."""
    try:
        make = import_module("distributed").Client
    except ModuleNotFoundError as error:
        if error.name not in {"distributed", "dask"}:
            raise
        missing = f"--executor dask=ADDRESS needs {error.name}, which is not installed: {how_to_install('dask')}"
        raise InputError(missing) from None
    for name in ("distributed", "distributed.client", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is said here, in a sentence
    try:
        client = make(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"no Dask scheduler answers at {address}: {reason or type(error).__name__}") from None
    try:
        _expect_workers(client, address)
        yield Cluster(client, address)
    finally:
        client.close(timeout=2)


def _expect_workers(client: Any, address: str) -> None:
    """Reject a cluster without workers, and one with other versions of what draws the networks."""
    try:
        client.wait_for_workers(1, timeout=WORKERLESS_SECONDS)
    except TimeoutError:
        waited = f"no worker came within {WORKERLESS_SECONDS:g} s"
        raise InputError(f"the Dask cluster at {address} has no workers: {waited}") from None
    try:
        everywhere = {"scheduler": client.run_on_scheduler(versions)}
    except Exception as error:  # noqa: BLE001 -- whatever it raises there
        everywhere = {"scheduler": error}
    everywhere |= {f"worker {worker}": there for worker, there in client.run(versions, on_error="return").items()}
    here = versions()
    for process, there in everywhere.items():
        if isinstance(there, OSError):
            continue  # a worker that was lost just now
        if not isinstance(there, dict):
            reason = str(there).strip().rpartition("\n")[2]
            raise InputError(f"the {process} of {address} cannot run this minibp, which it has to have, too: {reason}")
        other = [f"{name} {there[name]}, here {here[name]}" for name in SAME_VERSIONS if there[name] != here[name]]
        if other:
            raise InputError(f"the {process} has {'; '.join(other)}: a seed would give other networks there")


def versions() -> dict[str, str]:
    """The versions of the packages that decide which networks a seed gives."""
    from minibp import __version__

    found = {"minibp": __version__}
    for name in SAME_VERSIONS[1:]:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found
