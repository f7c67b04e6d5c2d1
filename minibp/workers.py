"""Processes that share the work of a command."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import NamedTuple

from minibp.arrays import InputError
from minibp.cluster import Cluster, address_of, connected

BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Uninterrupted(SpawnProcess):
    """A process that never hears Ctrl-C, not even while it starts: the one that started it ends it."""

    def start(self) -> None:
        if not hasattr(signal, "pthread_sigmask"):  # pragma: no cover -- on Windows
            super().start()
            return
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # which a new process inherits
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Context(SpawnContext):
    """Not forked: a process that has started JAX has threads, and a fork would leave their locks held."""

    Process = _Uninterrupted


def _end_with_parent() -> None:
    """End this process where the one that started it is gone: nobody would ever take its results, or end it."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True, name="minibp parent").start()


@contextmanager
def pool(workers: int) -> Iterator[Executor | None]:
    """So many processes, or none where one is enough.

    They are killed where an exception passes through, and end where this process is killed.
    """
    if workers == 1:
        yield None
        return
    for variable in BLAS_THREADS:  # processes that share the cores get in each other's way with more
        os.environ.setdefault(variable, "1")
    with ProcessPoolExecutor(workers, mp_context=_Context(), initializer=_end_with_parent) as executor:
        try:
            yield executor
        except BaseException:
            for child in multiprocessing.active_children():
                child.kill()
            executor.shutdown(wait=False, cancel_futures=True)
            raise


class Team(NamedTuple):
    """Who does the work of a command: this process alone, processes of this machine, or a cluster."""

    executor: Executor | None
    workers: int


@contextmanager
def team(
    workers: int | None, executor: str | None, default: int | None = None, *, single: bool = False
) -> Iterator[Team]:
    """What the options --workers and --executor ask for; without both `default` processes, or one a core.

    Where there is a `single` thing to do it is this process alone.
    """
    address = None if executor is None else address_of(executor)
    if address is not None and workers is not None:
        raise InputError(f"--workers is {workers}, expected none with --executor: a cluster has workers of its own")
    if single or address is None:
        count = 1 if single else workers or default or cores()
        with pool(count) as processes:
            yield Team(processes, count)
        return
    with connected(address) as cluster:
        yield Team(cluster, cluster.workers)


def described(executor: Executor | None, workers: int) -> str:
    """The workers in words."""
    if isinstance(executor, Cluster):
        return f"{workers} worker{'s' if workers > 1 else ''} of a Dask cluster"
    return f"{workers} process{'es' if workers > 1 else ''}"
