"""Compile a JAX function once, and keep the compilation on disk for the next process.

A compilation is code that will be run, so it is kept only in a folder that belongs to the user and that nobody else
can read or write; where there is no such folder, nothing is kept, and `advice` says so. The folder is in the user's
cache, or where `VARIABLE` says.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import jax
from jax.experimental.compilation_cache import compilation_cache
from platformdirs import user_cache_path

VARIABLE = "MINIBP_CACHE_DIR"

LOCK = threading.Lock()
"""Held while compiling and calling, which change JAX's configuration for a moment."""


class Compiled(NamedTuple):
    """A compiled function, and how many seconds it took to compile it or to read it from disk."""

    program: Callable[..., Any]
    seconds: float

    def __call__(self, *arguments: Any) -> Any:
        return self.program(*arguments)


def cache_folder() -> Path | None:
    """The user's own folder for compilations, made if need be; None where there is none that is safe."""
    folder, trouble = _examined()
    return None if trouble else folder


def advice() -> str | None:
    """One sentence where compilations are not kept: why, and what to do about it."""
    if _users_own():
        return None
    _, trouble = _examined()
    if not trouble:
        return None
    return (
        f"JAX's program is compiled anew in every run, which takes seconds: {trouble}; "
        f"mend that, or let {VARIABLE} name a folder that is yours alone"
    )


def _examined() -> tuple[Path, str]:
    """The folder, and why it is not safe, if it is not."""
    chosen = os.environ.get(VARIABLE)
    ours = Path(chosen).absolute() if chosen else user_cache_path("minibp")
    folder = ours / "jax"
    try:
        ours.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        ours.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        if not _is_private(folder):
            return folder, f"{folder} is not a folder of yours alone (chmod 700 it)"
        for parent in (ours, ours.parent):
            if not _cannot_be_swapped_in(parent):
                return folder, f"others can write to {parent} (chmod go-w it)"
    except OSError as error:
        return folder, f"{folder} cannot be made: {error.strerror or error}"
    return folder, ""


def _is_private(folder: Path) -> bool:
    """True for a folder, not a link, of the user's, that nobody else can read or write."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077 and _is_mine(found)


def _cannot_be_swapped_in(parent: Path) -> bool:
    """True where nobody else can put another folder in the place of one in here."""
    found = parent.stat()
    return bool(found.st_mode & stat.S_ISVTX) or (not found.st_mode & 0o022 and _is_mine(found))


def _is_mine(found: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or found.st_uid == os.getuid()


def compiled(function: Callable[..., Any], *examples: Any) -> Compiled:
    """`function` compiled on the CPU in double precision for arguments like `examples`."""
    started = time.perf_counter()
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]), _kept():
        program = jax.jit(function).lower(*examples).compile()
    return Compiled(program, time.perf_counter() - started)


@contextmanager
def _kept() -> Iterator[None]:
    """Compilations made inside are kept on disk; JAX's own settings are as they were afterwards.

    A user who set a compilation cache of their own keeps that one.
    """
    folder = None if _users_own() else cache_folder()
    if folder is None:
        yield
        return
    settings = {
        "jax_compilation_cache_dir": str(folder),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    before = {name: jax.config.values[name] for name in settings}
    try:
        _configure(settings)
        compilation_cache.reset_cache()  # it reads its settings only once
        yield
    finally:
        _configure(before)
        compilation_cache.reset_cache()


def _users_own() -> bool:
    """True where the user has set a compilation cache."""
    return jax.config.values["jax_compilation_cache_dir"] is not None


def _configure(settings: dict[str, Any]) -> None:
    for name, value in settings.items():
        jax.config.update(name, value)  # type: ignore[no-untyped-call] # JAX's own
