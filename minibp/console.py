"""What all commands share: one line in place of a traceback, a progress bar, and where reports go."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TextIO

import click

from minibp.arrays import InputError
from minibp.files import followed, is_special, write_whole

UNUSABLE = 2
"""The exit status where arguments or input cannot be used."""


def write_json(data: dict[str, Any], json_file: str | None) -> None:
    """To a file, to standard output for "-", or nowhere for None."""
    if json_file is None:
        return
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    # What is no character, as in the name of a file that is not UTF-8, is written as JSON's own escapes.
    content = f"{text}\n".encode(errors="backslashreplace")
    if json_file == "-":
        click.echo(content, nl=False)
    else:
        write_whole(json_file, lambda file: file.write(content))


def check_writable(files: Mapping[str, str | None]) -> None:
    """Refuse files that could not be written, before the work and not after it. They stand by their options' names."""
    seen: dict[Path, str] = {}
    for option, file in files.items():
        if file is None or (file == "-" and option == "--json"):
            continue
        if file == "":
            refuse(f"{option} needs the name of a file{', or - for standard output' if option == '--json' else ''}")
        target = followed(Path(file))
        if is_special(target):
            if target.is_dir() or not os.access(target, os.W_OK):
                refuse(f"cannot write {file}: it is {'a folder' if target.is_dir() else 'not writable'}")
            continue
        folder = target.parent
        if not folder.is_dir():
            refuse(f"cannot write {file}: there is no folder {folder}")
        if not os.access(folder, os.W_OK):
            refuse(f"cannot write {file}: the folder {folder} is not writable")
        if target in seen:
            refuse(f"{seen[target]} and {option} are both {file}, expected a file for each")
        seen[target] = option


def allow_any_text() -> None:
    """Question marks on standard output in place of what its encoding lacks: not every one has σ, µ and ±."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def say(line: str, *, err: bool = False) -> None:
    """One line on standard output or error, now; where there is a bar, above it, which `click.echo` writes through."""
    stream: TextIO | None = sys.stderr if err else sys.stdout
    if stream is not None:  # it is where the command was started without one
        stream.write(f"{line}\n")
        stream.flush()


def refuse(message: str) -> NoReturn:
    """Say why on standard error, and end with the status of what cannot be used."""
    click.echo(f"minibp: {message}", err=True)
    sys.exit(UNUSABLE)


@contextmanager
def usable() -> Iterator[None]:
    """One line in place of a traceback for what the user can mend."""
    try:
        yield
    except ModuleNotFoundError as error:
        refuse(f"this command needs {error.name}, which is not installed: pip install 'minibp[all]'")
    except (InputError, OSError) as error:
        refuse(str(error))
    except MemoryError as error:
        refuse(f"there is not enough memory{f': {error}' if str(error) else ''}")
    except BrokenExecutor:
        refuse("a worker process was killed (out of memory?); fewer --workers need less")
    except KeyboardInterrupt:
        refuse("stopped")


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on standard error where that is a terminal."""
    if not _is_terminal(sys.stderr):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns: list[Any] = [BarColumn(), MofNCompleteColumn(), TextColumn(what), TimeElapsedColumn()]
    # What is printed meanwhile stands above the bar where it goes to a terminal too, and else goes where it should.
    lines_above = _is_terminal(sys.stdout)
    with Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=lines_above, redirect_stderr=True
    ) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()
