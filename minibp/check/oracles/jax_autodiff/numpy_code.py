"""Functions of the user's that are written in NumPy, as JAX can trace them: with `jax.numpy` in NumPy's place."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

import jax
import jax.numpy as jnp

IN_JAX: dict[str, Any] = {"numpy": jnp, "numpy.linalg": jnp.linalg, "scipy.special": jax.scipy.special}
"""The modules whose functions JAX has under the same names."""
DEEPEST = 4
"""So many functions that call each other are rewritten."""


def in_jax(function: Callable[..., Any], depth: int = DEEPEST) -> Callable[..., Any]:
    """The function with JAX's modules in the place of NumPy's, in its globals and closures and in those of its callees.

    What is no Python function stays as it is. Nothing of the user's is changed.
    """
    if isinstance(function, MethodType):
        return MethodType(in_jax(function.__func__, depth), _Self(function.__self__, depth))
    if isinstance(function, partial):
        return partial(in_jax(function.func, depth), *function.args, **function.keywords)
    if not isinstance(function, FunctionType):
        return function
    used = set(_names_in(function.__code__))
    changed = {name: _in_jax(value, depth) for name, value in function.__globals__.items() if name in used}
    cells = tuple(_cell(cell, depth) for cell in function.__closure__ or ())
    rewritten = FunctionType(
        function.__code__, {**function.__globals__, **changed}, function.__name__, function.__defaults__, cells
    )
    rewritten.__kwdefaults__ = function.__kwdefaults__
    return rewritten


class _Self:
    """An object of the user's whose methods are rewritten as they are asked for."""

    def __init__(self, theirs: Any, depth: int) -> None:
        self.__dict__["_theirs"], self.__dict__["_depth"] = theirs, depth

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._theirs, name)
        if isinstance(found, MethodType) and found.__self__ is self._theirs:
            return MethodType(in_jax(found.__func__, self._depth - 1), self) if self._depth else found
        return _in_jax(found, self._depth)


def _in_jax(value: Any, depth: int) -> Any:
    """A global, a variable of a closure, or an attribute, as JAX has it."""
    if isinstance(value, ModuleType):
        return IN_JAX.get(value.__name__, value)
    if isinstance(value, FunctionType):
        of_user = not value.__module__.startswith(("numpy", "scipy", "jax", "minibp"))
        return in_jax(value, depth - 1) if depth and of_user else _twin(value)
    return _twin(value) if callable(value) else value


def _twin(function: Any) -> Any:
    """JAX's function for one that was imported by its name, as in `from numpy import exp`."""
    name = getattr(function, "__name__", "")
    for module, twin in IN_JAX.items():
        if module in sys.modules and name and getattr(sys.modules[module], name, None) is function:
            return getattr(twin, name, function)
    return function


def _cell(cell: CellType, depth: int) -> CellType:
    try:
        return CellType(_in_jax(cell.cell_contents, depth))
    except ValueError:  # it is empty as yet
        return cell


def _names_in(code: Any) -> list[str]:
    """The global names that code and the functions defined in it may use."""
    inner = [name for constant in code.co_consts if hasattr(constant, "co_names") for name in _names_in(constant)]
    return [*code.co_names, *inner]
