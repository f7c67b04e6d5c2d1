"""Words for messages."""

from __future__ import annotations


def counted(n: int, noun: str, several: str = "") -> str:
    """A number with its noun, `several` being a plural that does not just end in s.

    >>> counted(1, "step"), counted(1200, "step"), counted(2, "entry", "entries")
    ('1 step', '1,200 steps', '2 entries')
    """
    return f"{n:,} {noun if n == 1 else several or f'{noun}s'}"
