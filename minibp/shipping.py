"""Users' code on its way to other processes: by the file that it was loaded from, by reference, or by value."""

from __future__ import annotations

import io
import pickle
from functools import lru_cache
from importlib import import_module
from types import FunctionType
from typing import Any

from minibp.arrays import InputError
from minibp.cluster import Cluster
from minibp.import_string import LOADED, loaded


def packed(value: object, executor: object) -> bytes:
    """A value for the processes of an executor; `InputError` where what it holds cannot get there.

    Functions and classes of a file that a command line has named go by its path to processes of this machine, and by
    value to a cluster, which may not have the file.
    """
    elsewhere = isinstance(executor, Cluster)
    try:
        return _by_value(value) if elsewhere else _by_path(value)
    except Exception as error:  # noqa: BLE001 -- pickle raises errors of many kinds, and so may the code
        try:
            return _by_path(value) if elsewhere else _by_value(value)
        except Exception:  # noqa: BLE001 -- the first says why
            raise InputError(_sentence(str(error).partition("\n")[0] or type(error).__name__)) from None


def unpacked(content: bytes) -> Any:
    """What was packed."""
    try:
        return _Unpickler(io.BytesIO(content)).load()
    except (ImportError, AttributeError, InputError) as error:
        raise InputError(_sentence(str(error))) from None


@lru_cache(maxsize=4)
def code_of(content: bytes) -> Any:
    """What was packed: the same object for all blocks of one process, so that what it compiles is compiled once."""
    return unpacked(content)


def _sentence(why: str) -> str:
    return f"the code cannot be taken to the workers, where it has to be importable, or else to be pickled: {why}"


def _by_value(value: object) -> bytes:
    content: bytes = import_module("cloudpickle").dumps(value)
    return content


def _by_path(value: object) -> bytes:
    stream = io.BytesIO()
    _Pickler(stream).dump(value)
    return stream.getvalue()


class _Pickler(pickle.Pickler):
    """Pickle, and for what a target was found in its file or module, and the name there."""

    def persistent_id(self, value: object) -> str | None:
        """The target of a function or a class, as the command line has it."""
        if isinstance(value, FunctionType | type):
            for home, module in LOADED.items():
                name = next((name for name, held in vars(module).items() if held is value), None)
                if name is None and value.__module__ == module.__name__ and _inner(module, value) is value:
                    name = value.__qualname__
                if name is not None:
                    return f"{home}:{name}"
        return None


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, target: str) -> Any:
        """The function or class of a target, whose file is run once a process."""
        home, _, name = target.rpartition(":")
        return _inner(LOADED[home], name) if home in LOADED else loaded(target, only_functions=False)


def _inner(module: object, value: Any) -> Any:
    found: Any = module
    for part in (value if isinstance(value, str) else value.__qualname__).split("."):
        found = getattr(found, part, None)
    return found
