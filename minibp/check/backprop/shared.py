"""The comparison of a subject with the oracles in blocks of problems, which other processes may do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import closing
from typing import NamedTuple

import numpy as np

from minibp.blocks import in_order
from minibp.check.backprop.comparison import Comparison
from minibp.problem import Problem
from minibp.shipping import code_of, packed, unpacked

PROBLEMS = 20
"""In a block: a second of work or so, and more than any single problem's share of it."""


class Block(NamedTuple):
    """Some problems of a check, and how many come before them."""

    code: bytes
    problems: bytes
    before: int

    def __str__(self) -> str:
        return f"the networks from number {self.before + 1} on"


def look(
    comparison: Comparison,
    problems: Sequence[Problem],
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Hold the subject against all oracles, here, or where there are many problems by an executor."""
    if executor is None or len(problems) <= PROBLEMS:
        comparison.look(problems, progress)
        return
    code = packed((comparison.subject, comparison.setting, comparison.seed), executor)
    starts = range(0, len(problems), PROBLEMS)
    blocks = (Block(code, packed(problems[start : start + PROBLEMS], executor), start) for start in starts)
    if progress is not None:
        progress(0, len(problems))
    with closing(in_order(_seen_in, blocks, executor)) as parts:
        for part in parts:
            comparison.merge(part)
            if progress is not None:
                progress(comparison.evidence.networks, len(problems))


def _seen_in(block: Block) -> Comparison:
    """What is seen on the problems of one block."""
    comparison = Comparison(*code_of(block.code))
    with np.errstate(all="ignore"):
        comparison.look(unpacked(block.problems), before=block.before)
    return comparison.without_code()
