"""Writing a file whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from glob import escape
from pathlib import Path
from typing import BinaryIO


def write_whole(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a new file, and put that in the place of `path`, or of what a link there leads to.

    Where writing fails, what was there stays. What is no regular file, such as a pipe, is written to directly.
    """
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            write(file)
        return
    temporary = target.with_name(f"{_beginning(target)}{os.urandom(8).hex()}")
    try:
        with temporary.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_unfinished(path: str | os.PathLike[str]) -> None:
    """Remove what processes that were killed in `write_whole` have left beside `path`."""
    target = Path(path).resolve()
    for left in target.parent.glob(f"{escape(_beginning(target))}{'[0-9a-f]' * 16}"):
        left.unlink(missing_ok=True)


def _beginning(target: Path) -> str:
    return f".{target.name[:100]}."
