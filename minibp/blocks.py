"""The blocks of a campaign: done by whoever is there, and given back in their order, a bounded number at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future
from itertools import islice
from typing import TypeVar

from minibp.arrays import InputError

Block = TypeVar("Block")
Result = TypeVar("Result")
AHEAD = 256
"""Blocks that may be under way or done while the first of them is not, where nothing is known of the workers."""
AHEAD_OF_A_WORKER = 3
"""The same for each worker: enough that none waits while the first block is a slow one."""


def expect_executor(executor: object) -> None:
    """Reject what cannot do the work of a campaign."""
    if executor is not None and not isinstance(executor, Executor):
        raise InputError(f"executor is {executor!r}, expected a concurrent.futures.Executor, a process pool say")


def in_order(
    function: Callable[[Block], Result],
    blocks: Iterable[Block],
    executor: Executor | None = None,
    ahead: int = AHEAD,
) -> Generator[Result]:
    """The results of a function, block after block, whoever computes them; closing it cancels what is not begun.

    With an executor at most `ahead` blocks are under way or waiting to be given back: memory does not grow with their
    number, and blocks are taken from an endless iterable only as they are needed. An exception has a note that names
    the block.

    >>> list(in_order(abs, [-1, 2, -3]))
    [1, 2, 3]
    """
    if executor is None:
        for block in blocks:
            yield _named(block, lambda block=block: function(block))  # type: ignore[misc]
        return
    left = iter(blocks)
    waiting: deque[tuple[Block, Future[Result]]] = deque()
    try:
        waiting.extend((block, executor.submit(function, block)) for block in islice(left, ahead))
        while waiting:
            block, future = waiting.popleft()
            result = _named(block, future.result)
            del future  # a cluster keeps a result for as long as anyone has its future
            waiting.extend((block, executor.submit(function, block)) for block in islice(left, 1))
            yield result
    finally:
        for _, future in waiting:
            future.cancel()


def _named(block: object, compute: Callable[[], Result]) -> Result:
    try:
        return compute()
    except InputError:
        raise
    except Exception as error:
        error.add_note(f"in {block}")
        raise
