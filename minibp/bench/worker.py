"""The inside of a worker process: it makes contenders ready, compares them, and runs one block of calls when told to.

One request a line comes in as JSON, and one answer a line goes out. The number of threads stands in the environment
before this starts, since libraries read it when they are loaded.
"""

from __future__ import annotations

import gc
import json
import math
import os
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from minibp.bench.cases import Case, problem_of
from minibp.bench.contenders import maker
from minibp.bench.forms import Prepared
from minibp.problem import Problem

BLOCK_SECONDS = 0.02
"""The least that one block of calls takes: a thousand times what starting and reading the clock do."""
SLOW_CALL_SECONDS = 1.0
"""A call that takes longer is not repeated before it is measured."""

Answer = dict[str, Any]


class Worker:
    """The state of one process between requests: the case's problem, and the contenders that are ready for it."""

    def __init__(self, slow_seconds: float = SLOW_CALL_SECONDS) -> None:
        self._slow_seconds = slow_seconds
        self._case: tuple[Case, int] | None = None
        self._problem: Problem | None = None
        self._ready: dict[str, tuple[Prepared, int]] = {}

    def answer(self, request: dict[str, Any]) -> Answer:
        """Do what a request says: "prepare", "block", "memory" or "about"."""
        actions: dict[str, Callable[..., Answer]] = {
            "prepare": self.prepare,
            "block": self.block,
            "memory": self.memory,
            "about": blas_pools,
        }
        return actions[request.pop("do")](**request)

    def prepare(self, name: str, home: str, case: list[Any], seed: int, block_seconds: float = BLOCK_SECONDS) -> Answer:
        """Make a contender ready for a case; how far its result is from the batched form, and calls in a block."""
        prepared = maker(home)(self._problem_of(case, seed))
        start = time.perf_counter()
        result = prepared.call()
        calls, seconds = 1, time.perf_counter() - start
        error = prepared.error(result)
        if not error <= 1:
            return {"error": error if math.isfinite(error) else None}
        if seconds < self._slow_seconds:  # what is slower has been warmed up by its first call
            seconds = min(_seconds(prepared.call, 1)[0] for _ in range(3))
        while seconds < block_seconds:
            calls = max(calls + 1, math.ceil(1.1 * calls * min(100.0, block_seconds / max(seconds, 1e-9))))
            seconds = _seconds(prepared.call, calls)[0]
        self._ready[name] = prepared, calls
        return {"error": error, "calls": calls, "seconds": seconds}

    def block(self, name: str) -> Answer:
        """Seconds of one call, from a block of them; and how many cores were busy, by the process's own clock.

        A tenth of the calls go before, untimed: others have run since, which leaves caches cold and threads asleep.
        """
        prepared, calls = self._ready[name]
        _seconds(prepared.call, calls // 10)
        seconds, busy = _seconds(prepared.call, calls)
        return {"seconds": seconds / calls, "cores": busy / seconds}

    def memory(self, home: str, case: list[Any], seed: int) -> Answer:
        """Bytes that a contender keeps between calls, and the most that one call has beside these."""
        problem = self._problem_of(case, seed)
        make = maker(home)
        gc.collect()
        tracemalloc.start()
        try:
            prepared = make(problem)
            prepared.call()
            gc.collect()
            kept = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            prepared.call()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        return {"kept": kept, "peak": peak - kept}

    def _problem_of(self, case: list[Any], seed: int) -> Problem:
        kind, n, sizes, *rest = case
        asked = Case(kind, n, tuple(sizes), *rest), seed
        if self._problem is None or asked != self._case:
            self._ready.clear()
            self._case, self._problem = asked, problem_of(*asked)
        return self._problem


def blas_pools() -> Answer:
    """The thread pools that the libraries loaded so far have, where threadpoolctl can tell."""
    try:
        threadpool_info = import_module("threadpoolctl").threadpool_info
    except ModuleNotFoundError:
        return {"pools": None}
    wanted = ("user_api", "internal_api", "num_threads", "version", "architecture")
    return {"pools": [{key: pool.get(key) for key in wanted} for pool in threadpool_info()]}


def _seconds(call: Callable[[], Any], calls: int) -> tuple[float, float]:
    """Seconds of so many calls, by the clock and by all cores together."""
    busy, start = time.process_time(), time.perf_counter()
    for _ in range(calls):
        call()
    return time.perf_counter() - start, time.process_time() - busy


def serve(requests: Iterable[str], write: Callable[[str], object]) -> None:
    """Answer one request after another; an error is an answer too."""
    worker = Worker()
    for line in requests:
        try:
            answer = json.dumps(worker.answer(json.loads(line)))
        except Exception as error:  # noqa: BLE001 (whatever a peer raises is reported, and the next one runs)
            answer = json.dumps({"raised": f"{type(error).__name__}: {error}".splitlines()[0]})
        write(f"{answer}\n")


def main() -> None:
    """Serve standard input. What libraries print goes to standard error, so that answers alone are on the way back."""
    back = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    with back:
        serve(sys.stdin, back.write)


if __name__ == "__main__":
    main()
