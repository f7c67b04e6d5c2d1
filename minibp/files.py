"""Writing a file whole or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


def write_whole(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a new file, and put that in the place of `path`, or of what a link there leads to.

    Where writing fails, what was there stays. What is no regular file, such as a pipe, is written to directly.
    """
    given = Path(path)
    if given.exists() and not given.is_file():
        with given.open("wb") as file:
            write(file)
        return
    target = followed(given)
    temporary = target.with_name(f"{_beginning(target)}{os.getpid()}.{os.urandom(4).hex()}")
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
    """Remove what processes that are no more have left beside `path`, having been killed in `write_whole`."""
    target = followed(Path(path))
    for left in target.parent.glob(f"{_beginning(target)}*.*"):
        process = left.name.split(".")[-2]
        if process.isdecimal() and not _lives(int(process)):
            with suppress(OSError):  # it is in nobody's way
                left.unlink()


def followed(path: Path) -> Path:
    """Where a chain of links ends, whether anything is there or not."""
    return Path(os.path.realpath(path))


def _beginning(target: Path) -> str:
    """Of the names of temporary files: short, and another for each target."""
    return f".{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}."


def _lives(process: int) -> bool:
    """Whether there is such a process, as far as can be told without disturbing it."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
