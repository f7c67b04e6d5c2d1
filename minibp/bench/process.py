"""The outside of a worker process: start it, ask it with a limit on time, notice when it has died, and end it."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from types import TracebackType
from typing import Any, Self

from minibp.bench.cases import Case

ANSWER_TIMEOUT = 180.0
"""Seconds for one request: a compilation, or a block of the slowest loop."""
THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NPROC",  # XLA's pool
)
WORKER_GRACE_SECONDS = 5.0
"""For a process to end by itself."""
LAST_LINES = 20
"""Of a worker's standard error, kept to say what it died of."""


class WorkerFailed(RuntimeError):
    """The worker died, took too long, or its contender raised; the message says which."""


class WorkerTimedOut(WorkerFailed):
    """There was no answer in time."""


class WorkerProcess:
    """A process that runs contenders with so many threads. Use it as a context, or call `close`."""

    def __init__(self, threads: int, timeout: float = ANSWER_TIMEOUT, grace: float = WORKER_GRACE_SECONDS) -> None:
        self.threads, self._timeout, self._grace = threads, timeout, grace
        environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        if threads == 1:
            flags = environment.get("XLA_FLAGS", "")
            environment["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "minibp.bench.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # an interrupt at the terminal reaches the parent alone, which ends its workers
        )
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._last: collections.deque[str] = collections.deque(maxlen=LAST_LINES)
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_answers, self._read_errors)]
        for reader in self._readers:
            reader.start()

    def ask(self, do: str, **details: Any) -> dict[str, Any]:
        """The answer to a request. Raises `WorkerFailed`; after a death or a timeout the process is gone."""
        assert self._process.stdin is not None
        if self._process.stdin.closed:
            raise WorkerFailed("its process has ended")
        try:
            self._process.stdin.write(json.dumps({"do": do, **details}) + "\n")
            self._process.stdin.flush()
            line = self._answers.get(timeout=self._timeout)
        except queue.Empty:
            self.close(kill=True)
            raise WorkerTimedOut(f"no answer within {self._timeout:g} s") from None
        except OSError:  # it no longer reads
            line = None
        if line is None:
            self.close(kill=True)
            raise WorkerFailed(self._death())
        answer: dict[str, Any] = json.loads(line)
        if "raised" in answer:
            raise WorkerFailed(answer["raised"])
        return answer

    def prepare(self, name: str, home: str, case: Case, seed: int, block_seconds: float) -> dict[str, Any]:
        """See `Worker.prepare`."""
        return self.ask("prepare", name=name, home=home, case=case, seed=seed, block_seconds=block_seconds)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """True while it runs."""
        return self._process.poll() is None

    def close(self, *, kill: bool = False) -> None:
        """End the process: by the end of its input, or at once."""
        if kill:
            self._process.kill()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # what was not yet read is lost with the process
            self._process.stdin.close()
        try:
            self._process.wait(timeout=self._grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join(timeout=5)
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close(kill=kind is not None)

    def _death(self) -> str:
        code = self._process.returncode
        if code == -9:
            return "its process was killed (out of memory?)"
        said = [line for line in self._last if line.strip()]
        return f"its process died with status {code}" + (f": {said[-1].strip()}" if said else "")

    def _read_answers(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put(None)

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        self._last.extend(self._process.stderr)
