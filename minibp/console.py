"""Shared by all commands: one line in place of a traceback, a progress bar, colours, and where reports go."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, NoReturn, TextIO

import click

from minibp import stopping
from minibp.arrays import InputError
from minibp.extras import how_to_install
from minibp.files import followed, is_special, write_whole
from minibp.user_error import description_of, place_of

UNUSABLE = 2
"""The exit status where arguments or input cannot be used."""


JSON_OUTPUT = "minibp.console.json_output"
"""The context's key for where JSON goes, while standard output itself goes to standard error."""


class Exit(SystemExit):
    """The end of a command, with its status: any other `SystemExit` comes from the user's code."""


def write_json(data: dict[str, Any], json_file: str | None) -> None:
    """To a file, to standard output for "-", or nowhere for None."""
    if json_file is None:
        return
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    # What is no character, as in the name of a file that is not UTF-8, is written as JSON's own escapes.
    content = f"{text}\n".encode(errors="backslashreplace")
    if json_file == "-":
        context = click.get_current_context(silent=True)
        output = None if context is None else context.meta.get(JSON_OUTPUT)
        if isinstance(output, int):
            with os.fdopen(os.dup(output), "wb") as stream:
                stream.write(content)
        else:
            click.echo(content, file=output, nl=False)
    else:
        write_whole(json_file, lambda file: file.write(content))


def check_writable(files: Mapping[str, str | None]) -> None:
    """Reject files that could not be written, before the work and not after it. They stand by their options' names."""
    seen: dict[Path, str] = {}
    for option, file in files.items():
        if file is None or (file == "-" and option == "--json"):
            continue
        if file == "-":
            reject(f"{option} needs the name of a file; only --json takes - for standard output, and ./- is a file")
        if file == "":
            reject(f"{option} needs the name of a file{', or - for standard output' if option == '--json' else ''}")
        target = followed(Path(file))
        if is_special(target):
            if target.is_dir() or not os.access(target, os.W_OK):
                reject(f"cannot write {file}: it is {'a folder' if target.is_dir() else 'not writable'}")
            continue
        folder = target.parent
        if not folder.is_dir():
            reject(f"cannot write {file}: there is no folder {folder}")
        if not os.access(folder, os.W_OK):
            reject(f"cannot write {file}: the folder {folder} is not writable")
        if target in seen:
            reject(f"{seen[target]} and {option} are both {file}, expected a file for each")
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


def reject(message: str) -> NoReturn:
    """Say why on standard error, and end with the status of what cannot be used."""
    click.echo(f"minibp: {message}", err=True)
    raise Exit(UNUSABLE)


@contextmanager
def usable() -> Iterator[None]:
    """One line in place of a traceback for what the user can mend, and for whatever else ends a command early."""
    try:
        yield
    except Exit:
        raise
    except (SystemExit, GeneratorExit) as error:
        reject(f"the code that was run ended the program, without a verdict: {_raised(error)}")
    except ModuleNotFoundError as error:
        reject(f"this command needs {error.name}, which is not installed: {how_to_install('all')}")
    except (InputError, OSError) as error:
        reject(str(error))
    except MemoryError as error:
        reject(f"there is not enough memory{f': {error}' if str(error) else ''}")
    except BrokenExecutor:
        reject("a worker process was killed (out of memory?); fewer --workers need less")
    except KeyboardInterrupt as error:
        if not stopping.is_pressed():
            reject(f"the code that was run ended the program, without a verdict: {_raised(error)}")
        stopping.say_stopped()
        raise Exit(stopping.EXIT_INTERRUPTED) from None


def _raised(error: BaseException) -> str:
    """An exception of the user's code, and where it was raised."""
    return f"{description_of(error)} ({place_of(error) or 'outside of any file'})"


@contextmanager
def json_alone(json_file: str | None) -> Iterator[None]:
    """Within, what is printed goes to standard error where standard output is for JSON; `write_json` knows of it.

    Also what is printed past Python, by a process that was started, or when the interpreter ends: standard output is
    not given back, but where it is not the process's own.
    """
    with ExitStack() as stack:
        if json_file == "-":
            if sys.__stdout__ is not None and sys.stdout is sys.__stdout__ and _is_open(1) and _is_open(2):
                sys.__stdout__.flush()
                kept = os.dup(1)
                os.dup2(2, 1)
                click.get_current_context().meta[JSON_OUTPUT] = kept
            else:
                click.get_current_context().meta[JSON_OUTPUT] = sys.stdout
                stack.enter_context(redirect_stdout(sys.stderr))
        yield


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def colour_wanted() -> bool | None:
    """True if FORCE_COLOR asks for colours, False if NO_COLOR or TERM=dumb asks for none; else None.

    NO_COLOR comes first (no-color.org): a terminal that cannot show colours shows letters in their place.
    """
    if os.environ.get("NO_COLOR") or (os.environ.get("TERM") == "dumb" and not os.environ.get("FORCE_COLOR")):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


@contextmanager
def bar(what: str, verb: str = "checked", note: str = "", first: str = "") -> Iterator[Callable[[int, int], None]]:
    """A function that is called with what has been done and what there is to do.

    It draws a bar with an estimate on standard error where that is a terminal; and after Ctrl-C one knows how far it
    came: "after 5 of 9 networks were checked". `note` stands behind `what` in the bar, and
    `first` in its place until anything is done.
    """

    def reached(done: int, total: int) -> None:
        stopping.reached(f"after {done:,} of {total:,} {what} were {verb}")

    stopping.reached(f"before any of the {what} were {verb}")
    if not _is_terminal(sys.stderr) or os.environ.get("TERM") == "dumb":
        yield reached
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns: list[Any] = [BarColumn(None), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn()]
    columns += [TextColumn("left"), TimeRemainingColumn()]
    # What is printed meanwhile stands above the bar where it goes to a terminal too, and else goes where it should.
    lines_above = _is_terminal(sys.stdout)
    with Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=lines_above, redirect_stderr=True
    ) as bar:
        task = bar.add_task(first or what + note, total=None)

        def progress(done: int, total: int) -> None:
            reached(done, total)
            bar.update(task, completed=done, total=total, description=what + note if done or not first else first)

        yield progress


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()
