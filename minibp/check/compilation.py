"""Compile a JAX function once, and keep the compilation on disk for the next process.

A compilation is code that will be run, so it is kept only in a folder that belongs to the user and that nobody else
can read or write; where there is no such folder, nothing is kept.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
from jax.experimental.compilation_cache import compilation_cache
from platformdirs import user_cache_path


def cache_folder() -> Path | None:
    """The user's own folder for compilations, made if need be; None where there is none that is safe."""
    ours = user_cache_path("minibp")
    folder = ours / "jax"
    try:
        ours.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        ours.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        safe = _is_private(folder) and all(map(_cannot_be_swapped_in, (ours, ours.parent)))
    except OSError:
        return None
    return folder if safe else None


def _is_private(folder: Path) -> bool:
    """Whether this is a folder, not a link, of the user's, that nobody else can read or write."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077 and _is_mine(found)


def _cannot_be_swapped_in(parent: Path) -> bool:
    """Whether nobody else can put another folder in the place of one in here."""
    found = parent.stat()
    return bool(found.st_mode & stat.S_ISVTX) or (not found.st_mode & 0o022 and _is_mine(found))


def _is_mine(found: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or found.st_uid == os.getuid()


def compiled(function: Callable[..., Any], *examples: Any) -> Callable[..., Any]:
    """`function` compiled on the CPU in double precision for arguments like `examples`."""
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]), _kept():
        program: Callable[..., Any] = jax.jit(function).lower(*examples).compile()
    return program


@contextmanager
def _kept() -> Iterator[None]:
    """Compilations made inside are kept on disk; JAX's own settings are as they were afterwards.

    A user who set a compilation cache of their own keeps that one.
    """
    own = jax.config.values["jax_compilation_cache_dir"] is not None
    folder = None if own else cache_folder()
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


def _configure(settings: dict[str, Any]) -> None:
    for name, value in settings.items():
        jax.config.update(name, value)  # type: ignore[no-untyped-call] # JAX's own
