"""Ctrl-C as a wish that is heard between two steps, so that no step is left half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def heard() -> Iterator[Callable[[], bool]]:
    """Within this context the first Ctrl-C makes the function that it gives say True; a second one interrupts.

    Where Ctrl-C does something else than raise `KeyboardInterrupt`, or this is not the main thread, it is left alone.

    >>> with heard() as interrupted:
    ...     signal.raise_signal(signal.SIGINT)
    ...     interrupted()
    True
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield lambda: False
        return
    wished = threading.Event()

    def handler(number: int, frame: object) -> None:
        wished.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, handler)
    try:
        yield wished.is_set
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
