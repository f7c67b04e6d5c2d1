"""The function that a command line names, module:function or file.py:function."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from minibp import stopping
from minibp.arrays import InputError
from minibp.user_error import description_of, place_of

LOADED: dict[str, ModuleType] = {}
"""What targets were found in, by the absolute path of a file or the name of a module, for other processes to do so."""


def loaded(target: str, *, only_functions: bool = True) -> Any:
    """The function of a target, or any object of that name; the file, or the module, is run as by an import.

    Raises `InputError` where there is no such file, module or function, where running it raises or ends the program.
    """
    home, _, name = target.rpartition(":")
    if not home or not name:
        raise InputError(f"target is {target!r}, expected module:function or file.py:function")
    try:
        module = _of_file(Path(home)) if home.endswith(".py") else _of_module(home)
    except InputError:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and stopping.is_pressed():
            raise
        how = "cannot be imported" if isinstance(error, Exception) else "ended the program while it was imported"
        place = place_of(error)
        raise InputError(f"{home} {how}: {description_of(error)}{f' ({place})' if place else ''}") from error
    found: Any = module
    for part in name.split("."):  # Layer.apply
        found = getattr(found, part, None)
    if found is None or (only_functions and not callable(found)):
        held = sorted(vars(module).items())
        functions = ", ".join(key for key, value in held if inspect.isfunction(value)) or "none"
        own = [key for key, value in held if inspect.isclass(value) and value.__module__ == module.__name__]
        classes = f"; its classes: {', '.join(own)}" if own else ""
        raise InputError(f"{home} has no function {name!r}; its functions: {functions}{classes}")
    return found


@contextmanager
def own_arguments(target: str) -> Iterator[None]:
    """Within, sys.argv is that of a target run by itself: a script that reads it does not get minibp's arguments."""
    before = sys.argv
    sys.argv = [target.rpartition(":")[0] or target]
    try:
        yield
    finally:
        sys.argv = before


def _of_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.path.insert(0, str(path.absolute().parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.absolute().parent))
    LOADED[str(path.absolute())] = module
    return module


def _of_module(name: str) -> ModuleType:
    sys.path.insert(0, "")
    try:
        LOADED[name] = module = import_module(name)
    finally:
        sys.path.remove("")
    return module
