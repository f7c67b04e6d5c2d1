"""One case after another: contenders are compared first, and then take turns, one block each in every round."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self

from minibp.bench.cases import Case
from minibp.bench.contenders import Contender
from minibp.bench.process import ANSWER_TIMEOUT, WorkerFailed, WorkerProcess, WorkerTimedOut

LONG_SECONDS = 1.0
"""A contender whose block takes longer runs in the first rounds only."""
LONG_ROUNDS = 3
SETTLE_SECONDS = 0.05
"""Between blocks of two processes with more than one thread: so long may the first one's idle threads spin."""


class Effort(NamedTuple):
    """The effort of a measurement: rounds and time."""

    rounds: int
    block_seconds: float = 0.02
    timeout: float = ANSWER_TIMEOUT
    long_seconds: float = LONG_SECONDS
    long_rounds: int = LONG_ROUNDS


class Processes:
    """The worker processes of one number of threads, started when they are first needed. A context that ends them."""

    def __init__(self, threads: int, timeout: float) -> None:
        self._threads, self._timeout = threads, timeout
        self._running: dict[str, WorkerProcess] = {}
        self.given_up: set[str] = set()
        """Contenders that took too long once: they are not waited for again."""

    def of(self, contender: Contender) -> WorkerProcess:
        """The process that a contender runs in; a new one if there is none, or if it has died."""
        running = self._running.get(contender.process)
        if running is None or not running.alive:
            running = self._running[contender.process] = WorkerProcess(self._threads, self._timeout)
        return running

    def pools(self) -> dict[str, Any]:
        """By process, the thread pools that threadpoolctl sees in it; None where it is not installed."""
        found = {}
        for name, running in self._running.items():
            with suppress(WorkerFailed):
                found[name] = running.ask("about")["pools"]
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for running in self._running.values():
            running.close(kill=kind is not None)


class _Turn:
    """One contender in one case: what it has done so far."""

    def __init__(self, contender: Contender, case: Case, seed: int, effort: Effort) -> None:
        self.contender, self._case, self._seed, self._effort = contender, case, seed, effort
        self._ready_in: WorkerProcess | None = None
        self.outcome: dict[str, Any] = {"seconds": [], "cores": []}

    def prepare(self, processes: Processes) -> WorkerProcess:
        """Make it ready, if it is not, in the process that it has now: the one before may have died of another."""
        if self.contender.name in processes.given_up:
            raise WorkerFailed("not tried: it took too long before")
        process = processes.of(self.contender)
        if process is not self._ready_in:
            name, home, *_ = self.contender
            answer = process.prepare(name, home, self._case, self._seed, self._effort.block_seconds)
            if "calls" not in answer:
                off = "not finite or misshapen" if answer["error"] is None else f"{answer['error']:.3g} times the bound"
                self.outcome = {"wrong": f"its result is not that of the batched form: {off}"}
                return process
            self.outcome |= {"error": answer["error"], "calls": answer["calls"]}
            self._long = answer["seconds"] > self._effort.long_seconds
            self._ready_in = process
        return process

    def run(self, processes: Processes, number: int) -> None:
        """One block, unless it is too long for this round."""
        process = self.prepare(processes)
        if not self.in_order:  # made ready again, it has another result
            return
        if self._long and number >= self._effort.long_rounds:
            self.outcome["seconds"].append(None)
            return
        answer = process.ask("block", name=self.contender.name)
        self.outcome["seconds"].append(answer["seconds"])
        self.outcome["cores"].append(answer["cores"])

    def measure_memory(self, processes: Processes) -> None:
        """The bytes that it keeps and that a call takes."""
        process = processes.of(self.contender)
        self.outcome["memory"] = process.ask("memory", home=self.contender.home, case=self._case, seed=self._seed)

    def attempt(self, action: Callable[..., object], processes: Processes, *arguments: Any) -> None:
        """Do something; a failure is this contender's outcome."""
        try:
            action(processes, *arguments)
        except WorkerFailed as failure:
            self.outcome = {"failed": str(failure)}
            if isinstance(failure, WorkerTimedOut):
                processes.given_up.add(self.contender.name)

    @property
    def in_order(self) -> bool:
        """True if nothing has failed so far."""
        return "seconds" in self.outcome


def measure(
    case: Case,
    contenders: Sequence[Contender],
    processes: Processes,
    *,
    seed: int,
    effort: Effort,
    memory_of: Sequence[Contender] = (),
    step: Callable[[], object] = lambda: None,
) -> dict[str, dict[str, Any]]:
    """By contender: seconds of a call in each round, or why there are none ("wrong" or "failed"). `step` counts turns.

    Every second round goes through the contenders backwards, so that none always follows the same other.
    """
    turns = [_Turn(contender, case, seed, effort) for contender in contenders]
    for turn in turns:
        turn.attempt(turn.prepare, processes)
        step()
    before = ""
    for number in range(effort.rounds):
        for turn in turns if number % 2 == 0 else turns[::-1]:
            if turn.in_order:
                if case.threads > 1 and before not in ("", turn.contender.process):
                    time.sleep(SETTLE_SECONDS)
                before = turn.contender.process
                turn.attempt(turn.run, processes, number)
            step()
    for turn in turns:
        if turn.in_order and turn.contender in memory_of:
            with suppress(WorkerFailed):  # there are still the seconds
                turn.measure_memory(processes)
    for turn in turns:
        if turn.in_order:
            turn.outcome["cores"] = statistics.median(turn.outcome["cores"])
    return {turn.contender.name: turn.outcome for turn in turns}


def steps(contenders: int, effort: Effort) -> int:
    """The number of times that `measure` calls `step`."""
    return contenders * (effort.rounds + 1)
