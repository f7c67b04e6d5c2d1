"""Files: written whole or not at all, and held by one process at a time."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from minibp import stopping
from minibp.arrays import InputError

LOCKS = sys.platform != "win32"
"""True if files can be locked. Where they cannot, nothing that was left behind is removed."""
if LOCKS:
    import fcntl


def checked_path(path: object) -> Path:
    """The name of a file or folder as a `Path`; what cannot be one is an `InputError`."""
    try:
        found = Path(path)  # type: ignore[arg-type]
    except TypeError:
        raise InputError(f"path is {path!r}, expected the name of a file: a str or a path") from None
    if path == "" or "\0" in str(found):
        raise InputError(f"path is {path!r}, expected the name of a file: not empty, and without a null character")
    return found


def write_whole(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a new file, and put that in the place of `path`, or of what a link there leads to.

    Where writing fails, what was there stays. What is no regular file, such as a pipe, is written to directly, and so
    is the file that standard output goes to.
    """
    given = checked_path(path)
    if _is_stdout(given) or is_special(given):
        if sys.stdout is not None:
            sys.stdout.flush()
        with os.fdopen(os.dup(1), "wb") if _is_stdout(given) else given.open("wb") as stream:
            write(stream)
        return
    target = followed(given)
    temporary, file = _created(target)
    try:
        with stopping.unwinding(), file:
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


@contextmanager
def held(path: str | os.PathLike[str], what_for: str) -> Iterator[None]:
    """Hold a lock on `path` for the time of this context; where another process does, that is an `InputError`.

    The lock is on a file beside it, which is removed at the end. One that a killed process has left is locked by
    nobody, and is in nobody's way. On Windows, and on file systems that have no locks, nothing is held.
    """
    target = followed(checked_path(path))
    if not LOCKS:  # pragma: no cover -- on Windows
        yield
        return
    beside = target.with_name(f"{_beginning(target)}lock")
    file = _locked(beside)
    if file is None:
        raise InputError(f"{os.fspath(path)} is in use by another {what_for}{_holder(beside)}")
    with file:
        try:
            yield
        finally:
            beside.unlink(missing_ok=True)


def is_special(path: Path) -> bool:
    """True if there is something that is no regular file: a folder, a pipe, a device."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def followed(path: Path) -> Path:
    """The end of a chain of links, whether anything is there or not."""
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


def _locked(path: Path) -> BinaryIO | None:
    """An open file of this name, locked, with the number of this process in it; None where another has the lock."""
    while True:
        file = path.open("a+b")
        try:
            with suppress(OSError):  # a file system without locks, unless another has it
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    file.close()
                    return None
            there = os.fstat(file.fileno()).st_nlink
        except BaseException:
            file.close()
            raise
        if there:
            file.truncate(0)
            file.write(b"%d" % os.getpid())
            file.flush()
            return file
        file.close()  # whoever had it has removed it meanwhile


def _holder(lock: Path) -> str:
    """The process that holds a lock, as far as the file says."""
    with suppress(OSError, ValueError):
        return f", process {int(lock.read_bytes())}"
    return ""


def _beginning(target: Path) -> str:
    """Of the names of temporary files: short, and another for each target."""
    return f".{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}."


def _is_stdout(path: Path) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(1))
    except OSError:  # there is none, or nothing of that name
        return False
