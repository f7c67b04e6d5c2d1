"""Writing a file whole or not at all."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

LOCKS = sys.platform != "win32"
"""Whether files can be locked. Where they cannot, nothing that was left behind is removed."""
if LOCKS:
    import fcntl


def write_whole(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a new file, and put that in the place of `path`, or of what a link there leads to.

    Where writing fails, what was there stays. What is no regular file, such as a pipe, is written to directly, and so
    is the file that standard output goes to.
    """
    given = Path(path)
    if _is_stdout(given) or is_special(given):
        if sys.stdout is not None:
            sys.stdout.flush()
        with os.fdopen(os.dup(1), "wb") if _is_stdout(given) else given.open("wb") as stream:
            write(stream)
        return
    target = followed(given)
    temporary, file = _created(target)
    try:
        with file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
            if LOCKS:  # while it is locked
                temporary.replace(target)
        if not LOCKS:  # pragma: no cover -- on Windows, where an open file cannot be renamed
            temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_unfinished(path: str | os.PathLike[str]) -> None:
    """Remove what processes that were killed in `write_whole` have left beside `path`; what is being written stays."""
    target = followed(Path(path))
    if not LOCKS:  # pragma: no cover -- on Windows
        return
    for left in target.parent.glob(f"{_beginning(target)}{'[0-9a-f]' * 16}"):
        with suppress(OSError), left.open("rb") as file:  # locked, or no file at all: it is in nobody's way
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def is_special(path: Path) -> bool:
    """Whether there is something that is no regular file: a folder, a pipe, a device."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def followed(path: Path) -> Path:
    """Where a chain of links ends, whether anything is there or not."""
    return Path(os.path.realpath(path))


def _created(target: Path) -> tuple[Path, BinaryIO]:
    """A new file beside `target`, locked as long as it is open."""
    while True:
        temporary = target.with_name(f"{_beginning(target)}{os.urandom(8).hex()}")
        file = temporary.open("xb")
        if not LOCKS:  # pragma: no cover -- on Windows
            return temporary, file
        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return temporary, file
        file.close()  # it was removed before it was locked


def _beginning(target: Path) -> str:
    """Of the names of temporary files: short, and another for each target."""
    return f".{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}."


def _is_stdout(path: Path) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(1))
    except OSError:  # there is none, or nothing of that name
        return False
