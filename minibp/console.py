"""What all commands share: one line in place of a traceback, a progress bar, and where reports go."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

from minibp.arrays import InputError
from minibp.files import write_whole

UNUSABLE = 2
"""The exit status where arguments or input cannot be used."""


def write_json(data: dict[str, Any], json_file: str | None) -> None:
    """To a file, to standard output for "-", or nowhere for None."""
    if json_file is None:
        return
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    if json_file == "-":
        click.echo(text)
    else:
        write_whole(json_file, lambda file: file.write(f"{text}\n".encode()))


def check_writable(json_file: str | None, html_file: str | None = None, plot_file: str | None = None) -> None:
    """Refuse a report file that could not be written, before the work and not after it."""
    if json_file == "":
        refuse("--json needs the name of a file, or - for standard output")
    for option, file in (("--html", html_file), ("--plot", plot_file)):
        if file == "":
            refuse(f"{option} needs the name of a file")
    for file in (json_file, html_file, plot_file):
        if file is None or file == "-":
            continue
        folder = Path(file).absolute().parent
        if not folder.is_dir():
            refuse(f"cannot write {file}: there is no folder {folder}")
        if not os.access(folder, os.W_OK):
            refuse(f"cannot write {file}: the folder {folder} is not writable")


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
    except BrokenExecutor:
        refuse("a worker process was killed (out of memory?); fewer --workers need less")
    except KeyboardInterrupt:
        refuse("stopped")


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on standard error where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns: list[Any] = [BarColumn(), MofNCompleteColumn(), TextColumn(what), TimeElapsedColumn()]
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
