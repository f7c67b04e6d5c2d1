"""Ctrl-C: one press ends a command within two seconds, with one line that says what was reached and status 130.

Where something may have to be cleaned up, by users' code say (`unwinding`), the first press raises
`KeyboardInterrupt`; elsewhere it ends the process at once, since libraries that are interrupted while they are imported
may crash; and so does a second press anywhere. An exception can get lost: one that is raised in a callback of the
garbage collector is printed and forgotten, and compiled code runs to its end before Python sees a signal. Therefore a
thread is woken by the signal itself, and ends the process where that is still there after `SIGNAL_GRACE_SECONDS`.

Signals belong to the whole process, and so does what is kept here.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

EXIT_INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it: 128 + SIGINT."""
SIGNAL_GRACE_SECONDS = 1.2
"""For an exception to find its way out."""
SAME_PRESS_SECONDS = 0.3
"""Two signals within so little are one press: the terminal sends one to every process, and a parent passes its on."""


class _Stopping:  # pragma: no cover -- tested in processes that end before coverage could write what it has seen
    """The state of one process's end."""

    def __init__(self) -> None:
        self.installed = False
        self.pressed: float | None = None
        self.unwinds = False
        self.listener: Callable[[], None] | None = None
        self.reached = "while starting"
        self.done: Callable[[int], None] = lambda status: None
        self._said = threading.Lock()

    def on_press(self, number: int, frame: FrameType | None) -> None:
        """The handler of SIGINT."""
        now = time.monotonic()
        if self.pressed is not None:
            if now - self.pressed > SAME_PRESS_SECONDS:
                self.end()
            return
        self.pressed = now
        if self.listener is not None:
            self.listener()
        elif self.unwinds:
            raise KeyboardInterrupt
        else:
            self.end()

    def say(self) -> None:
        """The line, once. Written past Python's buffers, whose locks another thread may hold."""
        if self._said.acquire(blocking=False):
            clear = "\r\x1b[2K\x1b[?25h" if os.isatty(2) else ""  # a bar may be there, and the cursor hidden
            os.write(2, f"{clear}minibp: stopped {self.reached}\n".encode(errors="replace"))

    def end(self) -> NoReturn:
        """End the process and those that it has started, without unwinding anything."""
        self.say()
        multiprocessing = sys.modules.get("multiprocessing")
        if multiprocessing is not None:
            for child in multiprocessing.active_children():
                child.kill()
            tracker = sys.modules.get("multiprocessing.resource_tracker")
            _kill(getattr(getattr(tracker, "_resource_tracker", None), "_pid", None))  # or it complains of what is left
        self.done(EXIT_INTERRUPTED)
        os._exit(EXIT_INTERRUPTED)

    def watch(self, woken: socket.socket) -> None:
        """In a thread: end the process where the exception has not, after a time."""
        while woken.recv(1)[0] != signal.SIGINT:
            continue
        time.sleep(SIGNAL_GRACE_SECONDS)
        if self.listener is None:
            self.end()

    def on_unraisable(self, hook: Callable[[Any], object], unraisable: Any) -> None:
        """An exception that got lost: where it is the interrupt, the process ends."""
        if self.pressed is not None and issubclass(unraisable.exc_type, KeyboardInterrupt):
            self.end()
        hook(unraisable)


_OF_PROCESS = _Stopping()


def install(done: Callable[[int], None]) -> None:  # pragma: no cover -- likewise
    """Hear Ctrl-C from now on. `done` is called with the exit status before the process ends because of it.

    Where Ctrl-C is ignored, as in what a shell runs in the background, it stays so.
    """
    of_process = _OF_PROCESS
    if of_process.installed or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        return
    waking, woken = socket.socketpair()
    waking.setblocking(False)  # as set_wakeup_fd asks for
    of_process.installed, of_process.done = True, done
    threading.Thread(target=of_process.watch, args=(woken,), daemon=True, name="minibp stopping").start()
    signal.signal(signal.SIGINT, of_process.on_press)
    signal.set_wakeup_fd(waking.detach(), warn_on_full_buffer=False)
    lost, raised = sys.unraisablehook, threading.excepthook
    sys.unraisablehook = lambda unraisable: of_process.on_unraisable(lost, unraisable)
    # What other threads come across while their work is taken from them is of no interest.
    threading.excepthook = lambda failure: None if of_process.pressed is not None else raised(failure)


def is_installed() -> bool:
    """True if this process hears Ctrl-C here."""
    return _OF_PROCESS.installed


def is_pressed() -> bool:
    """True if Ctrl-C was pressed: a `KeyboardInterrupt` is else the user's code's own."""
    return _OF_PROCESS.pressed is not None or not _OF_PROCESS.installed


def reached(what: str) -> None:
    """The words of the line after "stopped"."""
    _OF_PROCESS.reached = what


def say_stopped() -> None:
    """The line, if it was not said yet."""
    if _OF_PROCESS.installed:
        _OF_PROCESS.say()
    else:
        sys.stderr.write(f"minibp: stopped {_OF_PROCESS.reached}\n")


@contextmanager
def unwinding() -> Iterator[None]:
    """Within, the first press raises `KeyboardInterrupt`."""
    before, _OF_PROCESS.unwinds = _OF_PROCESS.unwinds, True
    try:
        yield
    finally:
        _OF_PROCESS.unwinds = before


@contextmanager
def listening(listener: Callable[[], None]) -> Iterator[None]:
    """Within, the first press calls `listener`, which sees to it that the command ends; nothing else does then."""
    _OF_PROCESS.listener = listener
    try:
        yield
    finally:
        if _OF_PROCESS.pressed is None:
            _OF_PROCESS.listener = None


def _kill(process: int | None) -> None:  # pragma: no cover -- likewise
    if process is not None:
        os.kill(process, signal.SIGKILL)
