"""The place and the reason of an error in code that is being checked: one line each, for reports and messages."""

from __future__ import annotations

import linecache
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

PACKAGE_FOLDER = Path(__file__).resolve().parent
LIBRARIES = frozenset(
    Path(folder) for key, folder in sysconfig.get_paths().items() if key in {"stdlib", "platstdlib", "purelib"}
)
INSTALLED = frozenset({"site-packages", "dist-packages"})
LONGEST_SOURCE, LONGEST_MESSAGE = 100, 300


def description_of(error: BaseException) -> str:
    """The type and the message of an exception, on one line.

    >>> description_of(KeyError("w"))
    "KeyError: 'w'"
    """
    try:
        message = _one_line(str(error), LONGEST_MESSAGE)
    except Exception:  # noqa: BLE001 -- an exception of the user's may fail to print itself
        message = ""
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def place_of(error: BaseException) -> str:
    """The file, line and source line of the user's code that raised, or "" where there is none.

    It is the innermost frame that belongs neither to this package nor to an installed library. Where all frames are
    those of libraries it is the outermost, since that is what was called. A file below the working folder has its
    path from there, any other its name alone. Of a file that cannot be parsed it is the line that the parser names.
    """
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_file():
        return _place(error.filename, error.lineno, error.text or "")
    frames = list(_foreign_frames(error))
    if not frames:
        return ""
    written = [frame for frame in frames if not _is_installed(frame.filename)]
    frame = written[-1] if written else frames[0]
    return _place(frame.filename, frame.lineno, frame.line or "")


def _foreign_frames(error: BaseException) -> Iterator[traceback.FrameSummary]:
    """The frames that are not this package's, outermost first."""
    for frame in traceback.extract_tb(error.__traceback__):
        if not Path(frame.filename).absolute().is_relative_to(PACKAGE_FOLDER):
            yield frame


def _is_installed(filename: str) -> bool:
    """True if a file comes with Python or with a library, also one that is compiled or frozen into it."""
    path = Path(filename)
    if filename.startswith("<frozen ") or filename == "<__array_function__ internals>":
        return True
    return not INSTALLED.isdisjoint(path.parts) or any(path.is_relative_to(folder) for folder in LIBRARIES)


def _place(filename: str, line: int | None, source: str) -> str:
    place = _relative_path(filename)
    if line is None:
        return place
    source = _one_line(source or linecache.getline(filename, line), LONGEST_SOURCE)
    return f"{place}, line {line}" + (f": {source}" if source else "")


def _relative_path(filename: str) -> str:
    """The path from the working folder where the file lies below it, else the file's name."""
    path = Path(filename)
    try:
        return str(path.absolute().relative_to(Path.cwd())) if path.exists() else path.name
    except (ValueError, OSError):  # it lies elsewhere, or the working folder is gone
        return path.name


def _one_line(text: str, longest: int) -> str:
    """Text on one line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
