"""The check at many points, one after another or in blocks, which other processes may do."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import Executor
from contextlib import closing
from typing import Any, NamedTuple

from minibp.arrays import InputError
from minibp.blocks import in_order
from minibp.check.grad.checks import Outcome, ask
from minibp.check.grad.question import Question
from minibp.check.grad.watch import watching
from minibp.shipping import code_of, packed, unpacked

POINTS = 5
"""In a block."""


class Block(NamedTuple):
    """Some points of a check, and how many come before them."""

    code: bytes
    points: bytes
    before: int

    def __str__(self) -> str:
        return f"the points from number {self.before + 1} on"


def asked_at(
    question: Question, points: Sequence[Any], seed: int, executor: Executor | None = None
) -> Generator[Outcome | str]:
    """What each point gives, in their order; where f or the claim cannot be used at one, a sentence that says why."""
    if executor is None or len(points) <= POINTS:
        for number, x in enumerate(points, 1):
            yield _asked(question, x, seed, f"point {number} of {len(points)}, ")
        return
    code = packed((question, seed), executor)
    starts = range(0, len(points), POINTS)
    blocks = (Block(code, packed(list(points[start : start + POINTS]), executor), start) for start in starts)
    with closing(in_order(_asked_in, blocks, executor)) as parts:
        for part in parts:
            yield from part


def _asked_in(block: Block) -> list[Outcome | str]:
    question, seed = code_of(block.code)
    numbered = enumerate(unpacked(block.points), block.before + 1)
    return [_asked(question, x, seed, f"point {number}, ") for number, x in numbered]


def _asked(question: Question, x: Any, seed: int, place: str) -> Outcome | str:
    try:
        with watching() as watch:
            watch.place = place
            return ask(question, x, seed)
    except InputError as error:
        return str(error)
