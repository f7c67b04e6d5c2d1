"""A watch over the calls of a check: a call that does not end is answered, and a long check says how far it is."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from types import FrameType

LIMIT = 60.0
"""Seconds that a call may take, at least; what is slow at the point itself gets more."""
FIRST = 10.0
"""So many times as long a call at the point may take, which may have to load or to compile."""
SLOWER = 100.0
"""So many times as long as one at the point a call near it may take."""
PATIENCE, OFTEN = 2.0, 0.5
"""Seconds after which a check says how far it is, on a terminal, and between two such lines."""


class Hang(BaseException):
    """A call that did not end; the message says which. No `Exception`, which the user's code might take for its own."""


class Watch:
    """The calls of one check, or of those at several points; `place` says which point is checked.

    With it as a context a call is made, which is answered if it does not end; what comes between two calls may take as
    long as it likes.
    """

    def __init__(self, *, limit: float = LIMIT) -> None:
        self.least, self.limit, self.allowed = limit, limit, limit
        self.place = ""
        self.calls = 0
        self.began = self.shown = self.entered = time.monotonic()
        self.first = self.inside = False
        self.called = ""
        self.guarded = _can_guard()
        self.terminal = sys.stderr is not None and sys.stderr.isatty()
        self.line = ""

    def expect(self, what: str, *, of_f: bool, first: bool) -> None:
        """Take in what is called next: a call of f or another, at the point itself or near it."""
        self.called, self.first, self.calls = what, first, self.calls + of_f
        self.allowed = max(FIRST * self.least, self.limit) if first else self.limit

    def __enter__(self) -> None:
        self.entered, self.inside = time.monotonic(), True
        if self.guarded:
            signal.setitimer(signal.ITIMER_REAL, self.allowed)
        if self.terminal:
            now = time.monotonic()
            if now - self.began > PATIENCE and now - self.shown > OFTEN:
                self.shown = now
                self._write(f"minibp: {self.place}{self.calls:,} calls of f, {now - self.began:.0f} s")

    def __exit__(self, kind: object, *_: object) -> None:
        if self.guarded:
            signal.setitimer(signal.ITIMER_REAL, 0)
        self.inside = False
        if self.first and kind is None:
            self.limit = max(self.limit, SLOWER * (time.monotonic() - self.entered))

    def _write(self, line: str) -> None:
        sys.stderr.write(f"\r{line:<{len(self.line)}}")
        sys.stderr.flush()
        self.line = line

    def ended(self) -> None:
        """Leave no line behind."""
        if self.line:
            sys.stderr.write(f"\r{'':<{len(self.line)}}\r")
            sys.stderr.flush()

    def answer(self, _number: int, _frame: FrameType | None) -> None:
        """Raise `Hang` in the middle of the call."""
        raise Hang(f"{self.called} did not end within {self.allowed:.0f} s")


WATCH: ContextVar[Watch | None] = ContextVar("WATCH", default=None)


@contextmanager
def watching(*, limit: float = LIMIT) -> Iterator[Watch]:
    """The watch of the check that runs, or a new one."""
    running = WATCH.get()
    if running is not None:
        yield running
        return
    watch = Watch(limit=limit)
    before = signal.signal(signal.SIGALRM, watch.answer) if watch.guarded else None
    token = WATCH.set(watch)
    try:
        yield watch
    finally:
        WATCH.reset(token)
        watch.ended()
        if watch.guarded:
            signal.signal(signal.SIGALRM, before)


def call(what: str, *, of_f: bool = True, first: bool = False) -> AbstractContextManager[None]:
    """A call that the watch, if there is one, knows of: of f or of a claim, the `first` at the point.

    One within another, as of f by a gradient that is made of it, is watched as a part of that.
    """
    watch = WATCH.get()
    if watch is None or watch.inside:
        return nullcontext()
    watch.expect(what, of_f=of_f, first=first)
    return watch


def _can_guard() -> bool:
    """True where alarms reach this thread, and nothing else waits for one."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return False
    return signal.getsignal(signal.SIGALRM) is signal.SIG_DFL and signal.getitimer(signal.ITIMER_REAL)[0] == 0
