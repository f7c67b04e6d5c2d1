"""Words for messages."""

from __future__ import annotations


def counted(n: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "step"), counted(1200, "step")
    ('1 step', '1,200 steps')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
