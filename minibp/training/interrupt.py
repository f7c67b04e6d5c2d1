"""Ctrl-C as a wish that is heard between two steps, so that no step is left half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from minibp import stopping


@contextmanager
def heard() -> Iterator[Callable[[], bool]]:
    """Within this context the first Ctrl-C makes the function that it gives say True; a second one interrupts.

    Where Ctrl-C does something else than raise `KeyboardInterrupt`, or this is not the main thread, it is left alone;
    the command line has its own way to interrupt, see `stopping`.

    >>> _ = signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background jobs do not have
    >>> with heard() as interrupted:
    ...     signal.raise_signal(signal.SIGINT)
    ...     interrupted()
    True
    """
    wished = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield wished.is_set
    elif stopping.is_installed():
        with stopping.listening(wished.set):
            yield wished.is_set
    elif signal.getsignal(signal.SIGINT) is signal.default_int_handler:

        def handler(number: int, frame: object) -> None:
            wished.set()
            signal.signal(signal.SIGINT, signal.default_int_handler)

        signal.signal(signal.SIGINT, handler)
        try:
            yield wished.is_set
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    else:
        yield wished.is_set
